/* broker/close: how long the counters of a limit stay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "broker/limits.h"
#include "tests/unit/broker/ask_bench.h"

static struct ask_bench ab;
static struct ask_question q;

static int setup(void **state)
{
    (void)state;
    ask_bench_open(&ab);
    ask_question(&ab, &q);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ask_bench_close(&ab);
    return 0;
}

/* A newer version counts over a week, an older one that is kept over a month: what was counted stays until
 * no version that is kept looks back to it. */
static size_t counters_left(bool older_is_kept)
{
    const int64_t block_s = 30 * LIMIT_DAY_S;
    const int64_t now_s = ab.bench.now_ms / 1000;
    for (uint32_t i = 0; i < ab.edited.rules_count; i++)
        ab.rules[i].limits.period_days = 7;
    ab.bench.view.policy = ab.edited;
    ab.bench.view.older = older_is_kept ? policy_file_policy(ab.policy) : NULL;
    (void)ask_accepted(&ab, &q);
    assert_int_equal(ask_table_rows(&ab, ab.bench.broker.store->limit_keys), 4);
    ask_pass_s(&ab, block_s - now_s % block_s + 8 * LIMIT_DAY_S);
    ask_slot(&ab);
    return ask_table_rows(&ab, ab.bench.broker.store->limit_keys);
}

static void counters_stay_while_any_version_that_is_kept_looks_back(void **state)
{
    (void)state;
    assert_int_equal(counters_left(true), 2); /* of the case and of the period */
}

static void counters_go_when_no_version_looks_back(void **state)
{
    (void)state;
    assert_int_equal(counters_left(false), 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(counters_stay_while_any_version_that_is_kept_looks_back),
        TEST(counters_go_when_no_version_looks_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
