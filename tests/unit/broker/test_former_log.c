/* broker/former_log: whoever was away is shown how the old log ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "broker/former_log.h"
#include "pki/digest.h"
#include "pki/note.h"
#include "pki/witness.h"
#include "tests/unit/broker/retire_stage.h"

static void ask_former(const char *origin, uint64_t size, struct arena *a, struct bytes *out)
{
    struct turn t = {.broker = &bench.broker, .view = &bench.view, .arena = a};
    const struct cosign from = {.size = size, .former = bytes_str(origin)};
    OK(former_log_request(&t, &from, out));
}

static void judge(struct bytes request, const struct witness_state *state, struct arena *a, struct witness_verdict *out)
{
    struct vkey key;
    struct errmsg why = {""};
    CLEANUP(cleanup_arena_free) struct arena *own = arena_new(NOTE_ARENA_BYTES);
    (void)a;
    OK(vkey_parse(digest_sha256, keys[0], &key));
    OK(witness_judge(&(struct witness_log){&key, 1}, state, request, own, out, &why));
}

static void who_was_away_is_shown_how_it_ended(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    struct errmsg why = {""};
    struct bytes request;
    struct witness_verdict v;
    const struct log_head early = head_now();
    retire_and_show();
    name_successor();
    bench.config.log_former = new_tiles;
    assert_int_equal(former_log_new(&bench.broker, &bench.broker.former_log, &why), ERR_NOT_FOUND);
    bench.config.log_former = old_tiles;
    OK(former_log_new(&bench.broker, &bench.broker.former_log, &why));
    ask_former(OLD, early.size, a, &request);
    judge(request, &(struct witness_state){early.size, early.root}, a, &v);
    assert_int_equal(v.status, WITNESS_COSIGN);
    assert_int_equal(v.next.size, former.size);
    assert_true(digest_equal(&v.next.root, &former.root));
    judge(request, &(struct witness_state){early.size, former.root}, a, &v); /* another head of that size */
    assert_true(v.is_fork);
    ask_former(OLD, former.size + 1, a, &request);
    assert_int_equal(request.len, 0);
    struct roster_former_origin two[2] = {former, former}; /* the folder has one of them */
    two[1].origin = bytes_str("sluis.example/other");
    bench.view.roster.former_origins = two;
    bench.view.roster.former_origin_count = 2;
    ask_former("sluis.example/other", early.size, a, &request);
    assert_int_equal(request.len, 0);
    ask_former("sluis.example/nobodys", early.size, a, &request);
    assert_int_equal(request.len, 0);
    ask_former(OLD, early.size, a, &request);
    assert_true(request.len > 0);
    former_log_free(take(bench.broker.former_log));
    bench.view.roster.former_origin_count = 0;
    assert_int_equal(former_log_new(&bench.broker, &bench.broker.former_log, &why), ERR_MISMATCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_was_away_is_shown_how_it_ended, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
