/* broker/cosigners: the checkpoint that is shown is one that the quorum cosigned, each witness is asked from where it is,
 * what it brings is verified, and without a quorum time runs on, also over a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "broker/cosigners.h"
#include "broker/publisher.h"
#include "broker/turn.h"
#include "pki/digest.h"
#include "pki/witness.h"
#include "proto/host/file.h"
#include "proto/host/tiles.h"
#include "tests/unit/broker/bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define WITNESSES 3u
#define QUORUM 2u
#define HOUR_MS (INT64_C(3600) * 1000)

/* A witness that no daemon is. */
struct watcher {
    char name[16];
    struct key *key;
    struct witness_state state;
    struct buf line;
};

static struct bench bench;
static struct watcher watchers[WITNESSES];
static const struct turn_handler *const handlers[] = {&cosign_handler};
static char policy_path[256];

static void put_policy(struct buf *text)
{
    buf_printf(text, "log %s\n", bench.log_key); /* which does not count: the roster does */
    for (size_t i = 0; i < WITNESSES; i++) {
        struct vkey v;
        const struct note_signer signer = {bytes_str(watchers[i].name), watchers[i].key};
        OK(note_vkey(&signer, VKEY_COSIGNATURE_V1, &v));
        buf_printf(text, "witness %s ", watchers[i].name);
        vkey_write(&v, text);
        buf_put_str(text, "\n");
    }
    buf_printf(text, "group all %u w0 w1 w2\nquorum all\n", QUORUM);
    OK(buf_err(text));
}

static int setup(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf text = buf_new(AUDIT_POLICY_MAX_BYTES);
    bench_open(&bench, handlers, ARRAY_LEN(handlers));
    for (size_t i = 0; i < WITNESSES; i++) {
        watchers[i] = (struct watcher){.line = buf_new(4096)};
        snprintf(watchers[i].name, sizeof watchers[i].name, "w%zu", i);
        OK(key_generate(KEY_TYPE_ED25519, &watchers[i].key));
    }
    put_policy(&text);
    snprintf(policy_path, sizeof policy_path, "%s", host_tmp_path(&bench.tmp, "audit-policy"));
    OK(file_write(policy_path, buf_bytes(&text), 0600, NULL));
    bench.config.trust.audit_policy = policy_path;
    bench_restart(&bench);
    bench_session(&bench, BENCH_ALFA, SESSION_OPEN);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < WITNESSES; i++) {
        key_free(watchers[i].key);
        buf_free(&watchers[i].line);
    }
    bench_close(&bench);
    return 0;
}

static void publish(void)
{
    publisher_tick(bench.broker.publisher);
    bench_settle(&bench);
}

/* ---- the witness's side, over the wire ---- */

/* Brings what the witness has; the answer, in the arena. */
static enum msg_kind bring(const struct watcher *w, struct arena *a, struct cosign_reply *out)
{
    const struct cosign c = {w->state.size, buf_bytes(&w->line)};
    CLEANUP(buf_free) struct buf body = buf_new(65536);
    struct envelope e;
    OK(cosign_encode(&c, &body));
    struct bench_message m = bench_message(&bench, BENCH_ALFA, MSG_COSIGN, buf_bytes(&body));
    m.envelope.sent_at_s = bench.now_ms / 1000;
    m.envelope.expires_at_s = m.envelope.sent_at_s + 60;
    bench_send(&bench, &m);
    bench_answer(&bench, a, &e);
    buf_free(&bench.answers[--bench.answer_count].frame);
    if (e.kind == MSG_COSIGN_REPLY)
        OK(cosign_reply_decode(arena_copy(a, e.body), a, out, NULL));
    return e.kind;
}

static void cosign(struct watcher *w, struct bytes request, struct arena *a)
{
    struct vkey log;
    struct witness_verdict v;
    struct errmsg why = {""};
    OK(vkey_parse(digest_sha256, bench.view.roster.log_key, &log));
    const struct witness_log watched = {&log, 1};
    OK(witness_judge(&watched, &w->state, request, a, &v, &why));
    assert_int_equal(v.status, WITNESS_COSIGN);
    const struct note_signer signer = {bytes_str(w->name), w->key};
    buf_reset(&w->line);
    OK(note_cosign(&signer, v.text, (uint64_t)(bench.now_ms / 1000), &w->line));
    w->state = v.next;
}

/* Asks, cosigns what is asked, and brings it. */
static void attend(struct watcher *w)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 << 20);
    struct cosign_reply r;
    assert_int_equal(bring(w, a, &r), MSG_COSIGN_REPLY);
    if (r.request.len == 0)
        return;
    cosign(w, r.request, a);
    assert_int_equal(bring(w, a, &r), MSG_COSIGN_REPLY);
    assert_int_equal(r.request.len, 0);
}

/* ---- what anybody reads ---- */

struct shown {
    uint64_t size; /* 0: no checkpoint */
    size_t cosignatures;
};

static struct shown shown(void)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    CLEANUP(cleanup_tiles_free) struct tiles *t = NULL;
    CLEANUP(buf_free) struct buf file = buf_new(NOTE_MAX_BYTES);
    struct errmsg why = {""};
    struct note n;
    struct checkpoint c;
    OK(tiles_open(bench.config.tiles, &t, &why));
    if (tiles_checkpoint(t, &file, &why) != ERR_OK)
        return (struct shown){0, 0};
    OK(note_parse(buf_bytes(&file), a, &n, &why));
    OK(checkpoint_parse(n.text, &c));
    return (struct shown){c.size, n.count - 1};
}

static bool has_stopped(void)
{
    return cosigners_age(bench.broker.cosigners) == QUORUM_STOPPED;
}

/* ---- the tests ---- */

static void the_checkpoint_waits_for_its_quorum(void **state)
{
    (void)state;
    publish();
    const uint64_t size = publisher_size(bench.broker.publisher);
    attend(&watchers[0]);
    assert_int_equal(shown().size, 0);
    attend(&watchers[1]);
    assert_int_equal(shown().size, size);
    assert_int_equal(shown().cosignatures, QUORUM);
    attend(&watchers[2]); /* a late line counts too */
    assert_int_equal(shown().cosignatures, WITNESSES);
    attend(&watchers[2]); /* and not twice */
    assert_int_equal(shown().cosignatures, WITNESSES);
}

/* Witness 2 was away for some heads. */
static void each_witness_is_asked_from_where_it_is(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        publish();
        attend(&watchers[0]);
        attend(&watchers[1]);
        if (i == 0)
            attend(&watchers[2]);
    }
    const uint64_t size = publisher_size(bench.broker.publisher);
    assert_int_equal(shown().size, size);
    assert_true(watchers[2].state.size > 0 && watchers[2].state.size < size);
    attend(&watchers[2]);
    assert_int_equal(watchers[2].state.size, size);
    assert_int_equal(shown().cosignatures, WITNESSES);
}

/* A head that waits for its quorum stays the one that is asked about, however many come after it. */
static void one_head_is_asked_about_at_a_time(void **state)
{
    (void)state;
    publish();
    attend(&watchers[0]);
    const uint64_t first = watchers[0].state.size;
    publish();
    assert_true(publisher_size(bench.broker.publisher) > first);
    attend(&watchers[1]);
    assert_int_equal(watchers[1].state.size, first);
    assert_int_equal(shown().size, first);
}

static void a_line_that_fails_is_refused(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 << 20);
    struct cosign_reply r;
    publish();
    attend(&watchers[0]);
    struct watcher forger = watchers[1];
    forger.key = watchers[0].key; /* signs under another's name: its key id is that of nobody */
    forger.line = buf_new(4096);
    attend(&forger);
    assert_int_equal(shown().size, 0);
    watchers[1].state = watchers[0].state;
    buf_put(&watchers[1].line, buf_bytes(&watchers[0].line));
    watchers[1].line.ptr[watchers[1].line.len - 8] ^= 4; /* in the base64 of a signature that counted before */
    assert_int_equal(bring(&watchers[1], a, &r), MSG_REFUSED);
    assert_int_equal(shown().size, 0);
    buf_free(&forger.line);
}

static void time_runs_on_without_a_quorum(void **state)
{
    (void)state;
    struct cosigners *const *c = &bench.broker.cosigners;
    publish();
    attend(&watchers[0]);
    assert_int_equal(cosigners_age(*c), QUORUM_FRESH);
    bench.now_ms += 5 * HOUR_MS;
    assert_int_equal(cosigners_age(*c), QUORUM_LATE);
    bench_restart(&bench);
    bench_session(&bench, BENCH_ALFA, SESSION_OPEN);
    assert_int_equal(cosigners_age(*c), QUORUM_LATE);
    bench.now_ms += 68 * HOUR_MS;
    assert_true(has_stopped());
    bench_restart(&bench);
    bench_session(&bench, BENCH_ALFA, SESSION_OPEN);
    assert_true(has_stopped());
    publish();
    attend(&watchers[0]);
    assert_true(has_stopped());
    attend(&watchers[1]);
    assert_int_equal(cosigners_age(*c), QUORUM_FRESH);
}

/* What was reached stands on disk: a restart neither forgets it nor shows less. */
static void a_restart_shows_what_was_cosigned(void **state)
{
    (void)state;
    publish();
    attend(&watchers[0]);
    attend(&watchers[1]);
    const struct shown before = shown();
    bench.now_ms += 71 * HOUR_MS;
    publish(); /* a head that nobody cosigns yet */
    bench_restart(&bench);
    bench_session(&bench, BENCH_ALFA, SESSION_OPEN);
    assert_int_equal(shown().size, before.size);
    assert_int_equal(shown().cosignatures, before.cosignatures);
    assert_false(has_stopped());
    bench.now_ms += 2 * HOUR_MS;
    assert_true(has_stopped());
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_checkpoint_waits_for_its_quorum),
        CASE(each_witness_is_asked_from_where_it_is),
        CASE(one_head_is_asked_about_at_a_time),
        CASE(a_line_that_fails_is_refused),
        CASE(time_runs_on_without_a_quorum),
        CASE(a_restart_shows_what_was_cosigned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
