/* broker/aside: mail of a purpose that is suspended holds up nothing, and is lost neither to an acknowledgement
 * nor to a close; broker/matcher: headers that cannot move on use up no slot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "broker/aside.h"
#include "broker/epochs.h"
#include "broker/lagging.h"
#include "broker/mailboxes.h"
#include "broker/store/mail.h"
#include "broker/store/store.h"
#include "proto/host/clock.h"
#include "proto/host/kv_write.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"
#include "tests/unit/broker/ask_bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)

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
    bench_settle(&ab.bench);
    if (ab.bench.broker.aside != NULL)
        aside_part.stop(&ab.bench.broker);
    ask_bench_close(&ab);
    return 0;
}

static void suspend(const char *why)
{
    ab.bench.view.suspended = why;
    epochs_stop_keys(ab.bench.broker.keys, &ab.bench.view);
}

/* A question that met a record of BRAVO: its notice is the first item there. */
static struct digest one_hit(void)
{
    const struct ask_value bsn = {IDENT_BSN, ASK_BSN};
    const struct ask_record r = ask_record(&ab, &bsn, 1);
    ask_record_add(&ab, &r);
    const struct digest id = ask_accepted(&ab, &q);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &id).hits, 1);
    return id;
}

static const struct agency_id *bravo(void)
{
    return &ab.bench.view.members[BENCH_BRAVO].id;
}

static enum err put_proof(struct kv_txn *txn, void *arg)
{
    return mailbox_put(ab.bench.broker.mailboxes, txn, bravo(), MAIL_PROOF, bytes_str("proof"), arg);
}

static enum err acknowledge(struct kv_txn *txn, void *arg)
{
    return mailbox_ack(ab.bench.broker.mailboxes, txn, bravo(), *(const uint64_t *)arg);
}

static size_t count(enum mail_kind kind)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    return ask_mail(&ab, BENCH_BRAVO, kind, a, NULL);
}

static uint64_t rows(void)
{
    return ask_table_rows(&ab, ab.bench.broker.store->mail);
}

static void start_part(void)
{
    struct errmsg why = {""};
    OK(aside_part.start(&ab.bench.broker, &why));
}

/* The part until so many of a kind can be mailed. */
static void run_until(enum mail_kind kind, size_t n)
{
    const int64_t end_ms = clock_mono_ms() + 10000;
    while (count(kind) != n && clock_mono_ms() < end_ms)
        OK(loop_turn(ab.bench.broker.loop, 10));
    assert_int_equal(count(kind), n);
}

static void walk(enum aside_way way, size_t moved)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)16 << 20);
    struct aside_walk w = {.way = way};
    while (!w.is_done) {
        struct kv_txn *txn = NULL;
        OK(kv_write_begin(ab.bench.broker.kv, &txn));
        OK(aside_slice(&ab.bench.broker, txn, a, &w));
        OK(kv_write_commit(txn));
    }
    assert_int_equal(w.moved, moved);
}

/* The whole life: what is behind it goes out and is acknowledged; it comes back with a greater number, and is the
 * notice that it was. */
static void a_notice_of_a_suspended_purpose_holds_up_no_other_mail(void **state)
{
    (void)state;
    uint64_t proof = 0;
    (void)one_hit();
    OK(writer_run(ab.bench.broker.writer, put_proof, &proof));
    suspend("a gap");
    assert_int_equal(count(MAIL_PROOF), 0); /* held up, until it is noticed */
    start_part();
    run_until(MAIL_PROOF, 1);
    assert_int_equal(count(MAIL_HIT), 0);
    OK(writer_run(ab.bench.broker.writer, acknowledge, &proof));
    assert_int_equal(rows(), 1);
    bench_settle(&ab.bench);
    aside_part.stop(&ab.bench.broker); /* and a restart forgets nothing */
    suspend(NULL);
    start_part();
    run_until(MAIL_HIT, 1);
    OK(writer_run(ab.bench.broker.writer, acknowledge, &proof)); /* an old one does not reach it */
    assert_int_equal(count(MAIL_HIT), 1);
}

static void those_that_come_back_keep_their_order_and_their_places(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    uint64_t proof = 0;
    uint64_t done = 2;
    struct bytes first[2];
    (void)one_hit();
    ask_question(&ab, &q);
    (void)ask_accepted(&ab, &q);
    ask_slot(&ab);
    assert_int_equal(ask_mail(&ab, BENCH_BRAVO, MAIL_HIT, a, &first[0]), 2);
    suspend("a gap");
    walk(ASIDE_OUT, 2);
    walk(ASIDE_OUT, 0);
    walk(ASIDE_BACK, 0); /* still suspended */
    OK(writer_run(ab.bench.broker.writer, put_proof, &proof));
    assert_int_equal(proof, 3);
    OK(writer_run(ab.bench.broker.writer, acknowledge, &done)); /* numbers that were theirs */
    assert_int_equal(rows(), 3);
    suspend(NULL);
    walk(ASIDE_BACK, 2);
    walk(ASIDE_BACK, 0);
    assert_int_equal(ask_mail(&ab, BENCH_BRAVO, MAIL_HIT, a, &first[1]), 2);
    assert_int_equal(first[0].len, first[1].len);
    assert_memory_equal(first[0].ptr, first[1].ptr, first[0].len);
    OK(writer_run(ab.bench.broker.writer, acknowledge, &proof));
    assert_int_equal(count(MAIL_HIT), 2);
    assert_int_equal(rows(), 2);
}

/* A close takes its notices back wherever they are: aside, or under another number. */
static void check_close(bool is_back)
{
    const struct digest id = one_hit();
    suspend("a gap");
    walk(ASIDE_OUT, 1);
    if (is_back) {
        suspend(NULL);
        walk(ASIDE_BACK, 1);
    }
    ask_pass_s(&ab, q.header.deadline_s - BENCH_NOW_S + 1);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &id).state, ASK_CLOSED);
    suspend(NULL);
    walk(ASIDE_BACK, 0);
    assert_int_equal(count(MAIL_HIT), 0);
    assert_int_equal(rows(), 2); /* the end, told to either side */
}

static void a_close_finds_the_notice_aside(void **state)
{
    (void)state;
    check_close(false);
}

static void a_close_finds_the_notice_that_came_back(void **state)
{
    (void)state;
    check_close(true);
}

static void what_was_stopped_for_good_meanwhile_does_not_come_back(void **state)
{
    (void)state;
    (void)one_hit();
    suspend("a gap");
    walk(ASIDE_OUT, 1);
    ab.bench.view.epoch_states[0] = EPOCH_COMPROMISED;
    suspend(NULL);
    walk(ASIDE_BACK, 1);
    assert_int_equal(rows(), 0);
}

/* Agents hear of it, so that what was refused for it comes again, and nobody has to try. */
static void agents_are_told_when_a_purpose_is_served_again(void **state)
{
    (void)state;
    struct view gap = ab.bench.view;
    gap.suspended = "a gap";
    assert_true(lagging_differs(&gap, &ab.bench.view));
    assert_true(lagging_differs(&ab.bench.view, &gap));
    assert_false(lagging_differs(&gap, &gap));
}

/* ---- slots ---- */

static enum err put_tasks(struct kv_txn *txn, void *arg)
{
    struct ask_task t = {.what = ASK_DUE_MATCH, .due_s = 1};
    enum err e = ERR_OK;
    (void)arg;
    for (uint32_t i = 0; e == ERR_OK && i < 600; i++) {
        memcpy(t.id.b, &i, sizeof i);
        e = ask_task_put(ab.bench.broker.store, txn, &t);
    }
    return e;
}

/* More of them than a slot takes, all before the one that can be matched. */
static void headers_that_cannot_move_on_use_up_no_slot(void **state)
{
    (void)state;
    OK(writer_run(ab.bench.broker.writer, put_tasks, NULL));
    const struct digest id = ask_accepted(&ab, &q);
    for (int i = 0; i < 3; i++)
        ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &id).state, ASK_MATCHED);
    ask_question(&ab, &q);
    const struct digest next = ask_accepted(&ab, &q);
    for (int i = 0; i < 3; i++)
        ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &next).state, ASK_MATCHED);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_notice_of_a_suspended_purpose_holds_up_no_other_mail),
        T(those_that_come_back_keep_their_order_and_their_places),
        T(a_close_finds_the_notice_aside),
        T(a_close_finds_the_notice_that_came_back),
        T(what_was_stopped_for_good_meanwhile_does_not_come_back),
        T(agents_are_told_when_a_purpose_is_served_again),
        T(headers_that_cannot_move_on_use_up_no_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
