/* Where the entries of a period are, whatever the clock did: none is left out, and in a log whose times ascend little else is
 * looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "broker/store/store.h"
#include "pki/logbook/log_index.h"
#include "pki/logbook/log_term.h"
#include "proto/host/writer.h"
#include "tests/unit/broker/bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define HOUR_S INT64_C(3600)

static struct bench bench;

/* So many entries of one hour; hour 0: nobody knows when they were. */
struct stretch {
    uint64_t count;
    int64_t hour;
};
static const struct stretch *stretches;
static size_t stretch_count;

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

static enum err put_job(struct kv_txn *txn, void *arg)
{
    (void)arg;
    uint64_t index = 0;
    for (size_t k = 0; k < stretch_count; k++) {
        const struct audit_body b = {.event = AUDIT_EVENT_REQUEST_CLOSED, .ts = stretches[k].hour == 0 ? 0 : stretches[k].hour * HOUR_S + 7};
        struct log_terms terms;
        enum err e = log_terms_of_body(&b, &terms);
        for (uint64_t i = 0; e == ERR_OK && i < stretches[k].count; i++)
            e = log_index_put(&bench.broker.store->log, txn, &(struct log_listing){index++, b.ts, &terms});
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

static void put(const struct stretch *s, size_t count)
{
    stretches = s;
    stretch_count = count;
    OK(writer_run(bench.broker.writer, put_job, NULL));
}

static struct log_between span_of(int64_t since_s, int64_t until_s)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct log_between span;
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(log_hours_between(&bench.broker.store->log, txn, &(struct log_period){since_s, until_s}, &span));
    return span;
}

/* Whether a stretch that begins at an index has entries of the period outside the span. */
static void assert_within(const struct stretch *s, uint64_t from, int64_t since, int64_t until)
{
    const struct log_between span = span_of(since * HOUR_S, until * HOUR_S);
    const bool is_of_period = s->hour >= since && (until == 0 || s->hour < until);
    if (is_of_period && (from < span.first || from + s->count > span.end))
        fail_msg("hours %lld to %lld: entries %llu to %llu of hour %lld are not in %llu to %llu", (long long)since, (long long)until,
                 (unsigned long long)from, (unsigned long long)(from + s->count), (long long)s->hour,
                 (unsigned long long)span.first, (unsigned long long)span.end);
}

static void assert_all_within(int64_t first, int64_t last)
{
    for (int64_t since = first; since <= last; since++)
        for (int64_t until = since; until <= last; until++) {
            uint64_t from = 0;
            for (size_t k = 0; k < stretch_count; from += stretches[k++].count)
                assert_within(&stretches[k], from, since, until == since ? 0 : until);
        }
}

static void of_times_that_ascend_little_else_is_looked_at(void **state)
{
    (void)state;
    static const struct stretch s[] = {{100, 100}, {9000, 101}, {3, 102}, {12000, 104}, {500, 105}, {20000, 106}};
    put(s, ARRAY_LEN(s));
    assert_all_within(98, 108);
    assert_int_equal(span_of(102 * HOUR_S, 0).first, 9100);
    assert_int_equal(span_of(103 * HOUR_S, 0).first, 9103);
    assert_int_equal(span_of(106 * HOUR_S, 0).first, 21603);
    assert_true(span_of(107 * HOUR_S, 0).first == UINT64_MAX);
    assert_in_range(span_of(102 * HOUR_S, 103 * HOUR_S).end, 9103, 9103 + 12000 + 2 * LOG_BLOCK_MOST);
    assert_in_range(span_of(104 * HOUR_S, 105 * HOUR_S).end, 21603, 21603 + 2 * LOG_BLOCK_MOST);
}

/* A clock that ran ten hours ahead for a while; entries of every hour stand on both sides. */
static void a_clock_that_ran_ahead_leaves_no_entry_out(void **state)
{
    (void)state;
    static const struct stretch s[] = {{100, 100}, {100, 110}, {20000, 101}, {20000, 102}, {200, 111}, {9000, 112}};
    put(s, ARRAY_LEN(s));
    assert_all_within(99, 114);
    assert_int_equal(span_of(101 * HOUR_S, 0).first, 100); /* those of hour 110 stand before those of 101 */
    assert_int_equal(span_of(112 * HOUR_S, 0).first, 40400);
}

/* It ran ahead already when the lists began. */
static void a_clock_that_began_ahead_leaves_no_entry_out(void **state)
{
    (void)state;
    static const struct stretch s[] = {{100, 110}, {20000, 101}, {20000, 102}, {200, 111}};
    put(s, ARRAY_LEN(s));
    assert_all_within(99, 113);
    assert_int_equal(span_of(111 * HOUR_S, 0).first, 40100);
}

/* A store that kept no hours at first: what stands there may be of then or later. */
static void before_the_first_hour_anything_may_stand(void **state)
{
    (void)state;
    static const struct stretch s[] = {{9000, 0}, {100, 105}, {20000, 106}};
    put(s, ARRAY_LEN(s));
    assert_int_equal(span_of(101 * HOUR_S, 0).first, 0);
    assert_int_equal(span_of(105 * HOUR_S, 0).first, 0);
    assert_int_equal(span_of(106 * HOUR_S, 0).first, 9100);
}

/* One block has the entries of many hours, in any order. */
static void a_block_of_many_hours_leaves_no_entry_out(void **state)
{
    (void)state;
    static const struct stretch s[] = {{5000, 100}, {1, 109}, {700, 101}, {1, 107}, {300, 103}, {40, 102}, {9, 100}, {9000, 110}};
    put(s, ARRAY_LEN(s));
    assert_all_within(99, 112);
}

/* What an auditor needs for as long as the log stands goes with no term. */
static void what_a_log_stands_on_is_kept_for_good(void **state)
{
    (void)state;
    static const enum audit_event for_good[] = {AUDIT_EVENT_LOG_STARTED, AUDIT_EVENT_AGENCY_LOG_KEY,
                                                AUDIT_EVENT_LOG_KEY_ROTATED, AUDIT_EVENT_AGENCY_LOG_REKEYED,
                                                AUDIT_EVENT_AGENCY_LOG_CONTRADICTED, AUDIT_EVENT_STORE_RESTORED,
                                                AUDIT_EVENT_LOG_TAKEN_UP, AUDIT_EVENT_LOG_RETIRED,
                                                AUDIT_EVENT_LOG_FOLLOWED, AUDIT_EVENT_LOG_UNSENT,
                                                AUDIT_EVENT_LOG_PROMISE_MISSED, AUDIT_EVENT_LOG_CONTRADICTED};
    for (size_t i = 0; i < ARRAY_LEN(for_good); i++) {
        const struct audit_body b = {.event = for_good[i]};
        assert_int_equal(log_term_s(HOUR_S, NULL, &b), LOG_TERM_FOR_GOOD);
    }
    const struct audit_body other = {.event = AUDIT_EVENT_REQUEST_ACCEPTED};
    assert_int_equal(log_term_s(HOUR_S, NULL, &other), HOUR_S);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(of_times_that_ascend_little_else_is_looked_at),
        T(a_clock_that_ran_ahead_leaves_no_entry_out),
        T(a_clock_that_began_ahead_leaves_no_entry_out),
        T(before_the_first_hour_anything_may_stand),
        T(a_block_of_many_hours_leaves_no_entry_out),
        cmocka_unit_test(what_a_log_stands_on_is_kept_for_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
