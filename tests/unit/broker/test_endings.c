/* broker/endings and broker/refused: what ends is warned of twice, once each, whatever stops in between; who is met
 * with silence for a certificate has one entry that says why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "broker/audit.h"
#include "broker/refused.h"
#include "broker/store/ending_rows.h"
#include "broker/store/store.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"
#include "tests/unit/broker/bench.h"

#define DAY_S INT64_C(86400)
#define END_S (BENCH_NOW_S + 100 * DAY_S)
#define BODIES_MAX 64

static struct bench bench;

#define OK(expression) assert_int_equal((expression), ERR_OK)

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

static struct ending *ends(enum ending_kind kind, int64_t end_s, int64_t life_s)
{
    struct ending *e = &bench.view.endings[bench.view.ending_count];
    *e = (struct ending){.kind = kind,
                         .oin = bench.view.members[BENCH_ALFA].id,
                         .start_s = end_s - life_s,
                         .end_s = end_s};
    memset(e->id.b, 0x10 + (int)bench.view.ending_count++, sizeof e->id.b);
    return e;
}

/* The bodies that wait for the log, one behind the other. */
static size_t bodies(struct buf *out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct digest entries[BODIES_MAX];
    size_t n = 0;
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(log_pending(&bench.broker.store->log, txn, entries, BODIES_MAX, &n));
    for (size_t i = 0; i < n; i++)
        OK(audit_open_body(bench.broker.audit, txn, &entries[i], out));
    return n;
}

static bool says(const char *text)
{
    CLEANUP(buf_free) struct buf all = buf_new((size_t)1 << 20);
    (void)bodies(&all);
    return memmem(all.ptr, all.len, text, strlen(text)) != NULL;
}

/* The broker's part starts so many days before END_S, looks, and stops. How many entries there are then. */
static size_t entries_at(int64_t days_before)
{
    struct errmsg why = {""};
    bench.now_ms = (END_S - days_before * DAY_S) * 1000;
    OK(endings_part.start(&bench.broker, &why));
    OK(loop_turn(bench.broker.loop, 10));
    bench_settle(&bench);
    endings_part.stop(&bench.broker);
    bench_restart(&bench);
    return bench_pending(&bench);
}

static void each_warning_is_given_once_whatever_stops_in_between(void **state)
{
    (void)state;
    const size_t n = bench_pending(&bench);
    (void)ends(ENDING_SIGNING, END_S, 30 * DAY_S);
    assert_int_equal(entries_at(20), n);
    assert_int_equal(entries_at(14), n + 1);
    assert_true(says("\"event\":\"key.ending\""));
    assert_true(says("\"days\":14"));
    assert_int_equal(entries_at(14), n + 1);
    assert_int_equal(entries_at(4), n + 1);
    assert_int_equal(entries_at(3), n + 2);
    assert_true(says("\"days\":3"));
    assert_int_equal(entries_at(1), n + 2);
    assert_int_equal(entries_at(0), n + 2); /* it is over: no warning any more */
}

static void a_broker_that_was_down_gives_the_later_warning_alone(void **state)
{
    (void)state;
    const size_t n = bench_pending(&bench);
    (void)ends(ENDING_ISSUER, END_S, 1000 * DAY_S);
    assert_int_equal(entries_at(2), n + 1);
    assert_false(says("\"days\":14"));
    assert_int_equal(entries_at(1), n + 1);
}

static void another_end_of_the_same_thing_is_another_one(void **state)
{
    (void)state;
    const size_t n = bench_pending(&bench);
    struct ending *e = ends(ENDING_EPOCH, END_S, 365 * DAY_S);
    e->purpose = (struct name){"riec"};
    e->epoch = 2;
    assert_int_equal(entries_at(10), n + 1);
    assert_true(says("\"purpose\":\"riec\"") && says("\"key_version\":2"));
    e->end_s += DAY_S; /* a new policy lets it live longer */
    assert_int_equal(entries_at(10), n + 2);
    assert_int_equal(entries_at(10), n + 2);
}

static void what_lives_a_week_is_not_always_in_its_last_fourteen_days(void **state)
{
    (void)state;
    const size_t n = bench_pending(&bench);
    (void)ends(ENDING_TRANSPORT, END_S, 7 * DAY_S);
    (void)ends(ENDING_SEALING, END_S, 14 * DAY_S);
    (void)ends(ENDING_SIGNING, END_S, 14 * DAY_S + 1);
    assert_int_equal(entries_at(7), n + 1);
    assert_int_equal(entries_at(3), n + 4);
}

static void a_warning_names_no_officer(void **state)
{
    (void)state;
    struct ending *e = ends(ENDING_OFFICER, END_S, 30 * DAY_S);
    e->staff = (struct name){"a.jansen"};
    (void)entries_at(14);
    assert_true(says("\"kind\":\"officer\""));
    assert_false(says("jansen"));
    assert_false(says("fingerprint") || says("1010101010"));
    assert_false(says("ends_at"));
}

static enum err forget_job(struct kv_txn *txn, void *arg)
{
    const int64_t *before_s = arg;
    return ending_rows_forget(bench.broker.store, txn, *before_s);
}

static void what_ended_long_ago_leaves_no_row(void **state)
{
    (void)state;
    const size_t n = bench_pending(&bench);
    (void)ends(ENDING_SIGNING, END_S, 30 * DAY_S);
    int64_t before_s = END_S;
    assert_int_equal(entries_at(14), n + 1);
    OK(writer_run(bench.broker.writer, forget_job, &before_s));
    assert_int_equal(entries_at(14), n + 1); /* the row is still there */
    before_s++;
    OK(writer_run(bench.broker.writer, forget_job, &before_s));
    assert_int_equal(entries_at(14), n + 2);
}

static void who_is_met_with_silence_has_one_entry_with_the_reason(void **state)
{
    (void)state;
    const size_t n = bench_pending(&bench);
    bench.view.struck_off[BENCH_ALFA] = true;
    bench.view.standing[BENCH_ALFA] = VIEW_EXPIRED;
    for (unsigned i = 0; i < 3; i++) {
        const struct bench_message m = bench_message(&bench, BENCH_ALFA, MSG_HELLO, bytes_str("x"));
        bench_send(&bench, &m);
    }
    assert_int_equal(bench_pending(&bench), n + 1);
    assert_true(says("\"event\":\"session.refused\"") && says("\"certificate_expired\""));
    bench_restart(&bench);
    const struct bench_message m = bench_message(&bench, BENCH_ALFA, MSG_HELLO, bytes_str("x"));
    bench_send(&bench, &m);
    assert_int_equal(bench_pending(&bench), n + 1); /* a restart makes none of it new */
    bench.view.standing[BENCH_ALFA] = VIEW_REVOKED;
    bench_send(&bench, &m);
    assert_int_equal(bench_pending(&bench), n + 2);
    assert_true(says("\"certificate_revoked\""));
    bench.view.standing[BENCH_ALFA] = VIEW_UNLISTED; /* nobody is proven to have sent it */
    bench_send(&bench, &m);
    assert_int_equal(bench_pending(&bench), n + 2);
}

static void a_document_is_refused_once_until_one_counts(void **state)
{
    (void)state;
    const size_t n = bench_pending(&bench);
    struct refused_document d = {.document = "roster", .digest = {{1}}, .reason = ERR_CERT};
    (void)errmsg_set(&d.detail, ERR_CERT, "officer a.jansen of %s: certificate of another",
                     bench.view.members[BENCH_ALFA].id.oin);
    OK(refused_document_now(&bench.broker, &d));
    OK(refused_document_now(&bench.broker, &d));
    assert_int_equal(bench_pending(&bench), n + 1);
    assert_true(says("\"roster.refused\"") && says("\"certificate\"") && says("certificate of another"));
    assert_false(says("jansen"));
    d.reason = ERR_BEHIND;
    OK(refused_document_now(&bench.broker, &d));
    assert_int_equal(bench_pending(&bench), n + 2);
    d.reason = ERR_IO; /* of this machine */
    OK(refused_document_now(&bench.broker, &d));
    d.document = NULL;
    OK(refused_document_now(&bench.broker, &d));
    assert_int_equal(bench_pending(&bench), n + 2);
}

static enum err accept_job(struct kv_txn *txn, void *arg)
{
    return refused_accept(arg, txn, &bench.view);
}

static void a_key_that_does_not_count_has_one_entry_until_it_counts(void **state)
{
    (void)state;
    const size_t n = bench_pending(&bench);
    struct refused_document d = {.document = "policy", .digest = {{1}}, .reason = ERR_SIGNATURE};
    OK(refused_document_now(&bench.broker, &d));
    bench.view.refused_deals[0] = (struct view_refused_deal){{{7}}, ERR_MISMATCH};
    bench.view.refused_deal_count = 1;
    OK(writer_run(bench.broker.writer, accept_job, &bench.broker));
    OK(writer_run(bench.broker.writer, accept_job, &bench.broker));
    assert_int_equal(bench_pending(&bench), n + 2);
    assert_true(says("\"key.refused\"") && says("\"mismatch\""));
    bench.view.refused_deal_count = 0;
    OK(writer_run(bench.broker.writer, accept_job, &bench.broker));
    bench.view.refused_deal_count = 1;
    OK(writer_run(bench.broker.writer, accept_job, &bench.broker));
    assert_int_equal(bench_pending(&bench), n + 3);
    OK(refused_document_now(&bench.broker, &d)); /* one counted in between */
    assert_int_equal(bench_pending(&bench), n + 4);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_warning_is_given_once_whatever_stops_in_between),
        TEST(a_broker_that_was_down_gives_the_later_warning_alone),
        TEST(another_end_of_the_same_thing_is_another_one),
        TEST(what_lives_a_week_is_not_always_in_its_last_fourteen_days),
        TEST(a_warning_names_no_officer),
        TEST(what_ended_long_ago_leaves_no_row),
        TEST(who_is_met_with_silence_has_one_entry_with_the_reason),
        TEST(a_document_is_refused_once_until_one_counts),
        TEST(a_key_that_does_not_count_has_one_entry_until_it_counts),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
