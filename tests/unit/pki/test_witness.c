/* A witness judges heads: what grew is cosigned, what did not is named by the number of the protocol. */
#include "tests/unit/pki/test_core.h"

#include <stdlib.h>
#include <string.h>

#include "pki/digest.h"
#include "pki/note.h"
#include "pki/witness.h"
#include "tests/support/grown_log.h"

#define assert_ok(e) assert_string_equal(err_text(e), err_text(ERR_OK))

#define ORIGIN "broker.example/sluis-2026"

struct world {
    struct key *log;
    struct key *other;
    struct vkey keys[2]; /* of log, and of its next key */
    struct grown_log grown;
    struct arena *arena;
    struct buf request;
};

static struct key *ed25519(void)
{
    struct key *k = NULL;
    assert_ok(key_generate(KEY_TYPE_ED25519, &k));
    return k;
}

static int setup(void **state)
{
    assert_int_equal(setup_secret_heap(state), 0);
    struct world *w = calloc(1, sizeof *w);
    w->log = ed25519();
    w->other = ed25519();
    const struct note_signer s = {bytes_str(ORIGIN), w->log};
    assert_ok(note_vkey(&s, VKEY_ED25519, &w->keys[0]));
    const struct note_signer next = {bytes_str(ORIGIN), w->other};
    assert_ok(note_vkey(&next, VKEY_ED25519, &w->keys[1]));
    assert_ok(grown_log_fill(&w->grown));
    w->arena = arena_new(NOTE_ARENA_BYTES);
    w->request = buf_new(GROWN_BYTES);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    key_free(w->log);
    key_free(w->other);
    arena_free(w->arena);
    buf_free(&w->request);
    free(w);
    return 0;
}

struct asked {
    uint64_t old_size;
    uint64_t size;
    size_t history;
    const struct key *signer;
    const char *origin;
    bool wrong_proof;
};

/* The request of a log that says it grew from old_size to size. */
static struct bytes request_of(struct world *w, const struct asked *q)
{
    const struct grown_step step = {q->old_size, q->wrong_proof};
    const struct grown_head head = {q->size, q->history, q->signer, q->origin};
    buf_reset(&w->request);
    assert_ok(grown_log_request(&w->grown, &step, &head, &w->request));
    return buf_bytes(&w->request);
}

static struct witness_verdict judge_bytes(struct world *w, const struct witness_state *state,
                                          size_t key_count, struct bytes request)
{
    const struct witness_log log = {w->keys, key_count};
    struct witness_verdict v;
    struct errmsg why = {""};
    arena_reset(w->arena);
    assert_ok(witness_judge(&log, state, request, w->arena, &v, &why));
    assert_int_equal(v.status == WITNESS_COSIGN, why.text[0] == '\0');
    if (v.status != WITNESS_COSIGN) {
        assert_int_equal(v.text.len, 0);
        assert_memory_equal(&v.next, state, sizeof *state);
    }
    return v;
}

static struct witness_verdict judge(struct world *w, const struct witness_state *state,
                                    const struct asked *q)
{
    return judge_bytes(w, state, 1, request_of(w, q));
}

static struct asked grow(const struct world *w, uint64_t old_size, uint64_t size)
{
    return (struct asked){.old_size = old_size, .size = size, .signer = w->log, .origin = ORIGIN};
}

static struct witness_state state_at(struct world *w, uint64_t size)
{
    const struct witness_state none = {.size = 0};
    const struct asked q = grow(w, 0, size);
    const struct witness_verdict v = judge(w, &none, &q);
    assert_int_equal(v.status, WITNESS_COSIGN);
    return v.next;
}

/* ---- the tests ---- */

static void every_growth_is_cosigned(void **state)
{
    struct world *w = *state;
    for (uint64_t old = 0; old <= 40; old++) {
        struct witness_state at = state_at(w, old);
        for (uint64_t size = old; size <= GROWN_LEAVES; size += 3) {
            const struct asked q = grow(w, old, size);
            const struct witness_verdict v = judge(w, &at, &q);
            assert_int_equal(v.status, WITNESS_COSIGN);
            assert_int_equal(v.next.size, size);
            assert_true(v.text.len > 0);
        }
    }
}

static void another_history_is_a_fork(void **state)
{
    struct world *w = *state;
    const struct witness_state at = state_at(w, 30);
    struct asked q = grow(w, 30, 50);
    q.history = 1;
    struct witness_verdict v = judge(w, &at, &q);
    assert_int_equal(v.status, WITNESS_INCONSISTENT);
    assert_true(v.is_fork);
    q.size = 30;
    v = judge(w, &at, &q);
    assert_int_equal(v.status, WITNESS_CONFLICT);
    assert_true(v.is_fork);
}

/* The same leaves up to the old size: no fork as far as this witness saw. */
static void histories_that_part_later_are_one_so_far(void **state)
{
    struct world *w = *state;
    const struct witness_state at = state_at(w, 16);
    struct asked q = grow(w, 16, 50);
    q.history = 1;
    assert_int_equal(judge(w, &at, &q).status, WITNESS_COSIGN);
}

static void an_old_store_is_behind(void **state)
{
    struct world *w = *state;
    const struct witness_state at = state_at(w, 30);
    const struct asked older = grow(w, 20, 25);
    const struct witness_verdict v = judge(w, &at, &older);
    assert_int_equal(v.status, WITNESS_CONFLICT);
    assert_false(v.is_fork);
    const struct asked from_nothing = grow(w, 0, 40);
    assert_int_equal(judge(w, &at, &from_nothing).status, WITNESS_CONFLICT);
    const struct asked shrinks = grow(w, 30, 20);
    assert_int_equal(judge(w, &at, &shrinks).status, WITNESS_MALFORMED);
}

static void a_proof_is_neither_more_nor_less(void **state)
{
    struct world *w = *state;
    const struct witness_state none = {.size = 0};
    struct asked q = grow(w, 0, 20);
    q.wrong_proof = true;
    assert_int_equal(judge(w, &none, &q).status, WITNESS_INCONSISTENT);
    const struct witness_state at = state_at(w, 30);
    q = grow(w, 30, 30);
    q.wrong_proof = true;
    assert_int_equal(judge(w, &at, &q).status, WITNESS_INCONSISTENT);
    q = grow(w, 30, 44);
    q.wrong_proof = true;
    assert_int_equal(judge(w, &at, &q).status, WITNESS_INCONSISTENT);
}

static void who_signs_matters(void **state)
{
    struct world *w = *state;
    const struct witness_state none = {.size = 0};
    struct asked q = grow(w, 0, 20);
    q.signer = w->other;
    assert_int_equal(judge(w, &none, &q).status, WITNESS_UNSIGNED);
    assert_int_equal(judge_bytes(w, &none, 2, request_of(w, &q)).status, WITNESS_COSIGN);
    q = grow(w, 0, 20);
    q.origin = "stranger.example/log";
    assert_int_equal(judge(w, &none, &q).status, WITNESS_UNKNOWN);
}

/* No flipped byte of a request is cosigned as something else. */
static void every_flipped_byte_is_refused(void **state)
{
    struct world *w = *state;
    const struct witness_state at = state_at(w, 30);
    const struct asked q = grow(w, 30, 44);
    const struct bytes good = request_of(w, &q);
    uint8_t *copy = malloc(good.len);
    for (size_t i = 0; i < good.len; i++) {
        memcpy(copy, good.ptr, good.len);
        copy[i] ^= 1;
        assert_int_not_equal(judge_bytes(w, &at, 1, bytes_of(copy, good.len)).status,
                             WITNESS_COSIGN);
    }
    for (size_t n = 0; n < good.len; n++)
        assert_int_not_equal(judge_bytes(w, &at, 1, bytes_of(good.ptr, n)).status, WITNESS_COSIGN);
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_growth_is_cosigned, setup, teardown),
        cmocka_unit_test_setup_teardown(another_history_is_a_fork, setup, teardown),
        cmocka_unit_test_setup_teardown(histories_that_part_later_are_one_so_far, setup, teardown),
        cmocka_unit_test_setup_teardown(an_old_store_is_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(a_proof_is_neither_more_nor_less, setup, teardown),
        cmocka_unit_test_setup_teardown(who_signs_matters, setup, teardown),
        cmocka_unit_test_setup_teardown(every_flipped_byte_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests_name("pki witness", tests, NULL, NULL);
}
