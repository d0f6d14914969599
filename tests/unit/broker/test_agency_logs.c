/* broker/store/agency_logs: what is kept of an agency's own log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "broker/store/agency_logs.h"
#include "broker/store/store.h"
#include "proto/host/kv_write.h"
#include "tests/unit/broker/bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)

static struct bench bench;

static int setup(void **state)
{
    (void)state;
    bench_open(&bench, NULL, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bench_close(&bench);
    return 0;
}

static struct digest numbered(size_t i)
{
    struct digest d = {{0}};
    d.b[0] = (uint8_t)(i >> 8);
    d.b[1] = (uint8_t)i;
    return d;
}

static void the_newest_keys_that_a_log_has_left_are_kept(void **state)
{
    (void)state;
    const struct agency_id *alfa = &bench.view.members[BENCH_ALFA].id;
    const size_t more = 3;
    struct kv_txn *txn = NULL;
    bool is_left = true;
    OK(kv_write_begin(bench.broker.kv, &txn));
    const struct digest none = numbered(0);
    OK(agency_log_has_left(bench.broker.store, txn, alfa, &none, &is_left));
    assert_false(is_left);
    for (size_t i = 0; i < AGENCY_LOG_LEFT_MAX + more; i++) {
        const struct digest d = numbered(i);
        OK(agency_log_leave(bench.broker.store, txn, alfa, &d));
    }
    for (size_t i = 0; i < AGENCY_LOG_LEFT_MAX + more; i++) {
        const struct digest d = numbered(i);
        OK(agency_log_has_left(bench.broker.store, txn, alfa, &d, &is_left));
        assert_int_equal(is_left, i >= more);
    }
    kv_write_abort(txn);
}

static void an_officers_word_reads_back_and_a_damaged_one_does_not(void **state)
{
    (void)state;
    const struct agency_id *alfa = &bench.view.members[BENCH_ALFA].id;
    const struct agency_log_vouched words[] = {{BENCH_NOW_S, bytes_str("one")}, {BENCH_NOW_S + 1, bytes_str("another")}};
    struct agency_log_vouched found;
    struct kv_txn *txn = NULL;
    OK(kv_write_begin(bench.broker.kv, &txn));
    assert_int_equal(agency_log_vouched_get(bench.broker.store, txn, alfa, &found), ERR_NOT_FOUND);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        OK(agency_log_vouched_put(bench.broker.store, txn, alfa, &words[i]));
        OK(agency_log_vouched_get(bench.broker.store, txn, alfa, &found));
        assert_true(found.at_s == words[i].at_s && bytes_equal(found.word, words[i].word)); /* the last one stays */
    }
    uint8_t key[OIN_CHARS + 1];
    memcpy(key, alfa->oin, OIN_CHARS);
    key[OIN_CHARS] = 17;
    OK(kv_put(txn, bench.broker.store->agency_logs, BYTES_OF_ARRAY(key), bytes_str("damaged")));
    assert_int_equal(agency_log_vouched_get(bench.broker.store, txn, alfa, &found), ERR_INVALID);
    kv_write_abort(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_newest_keys_that_a_log_has_left_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(an_officers_word_reads_back_and_a_damaged_one_does_not, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
