/* broker/slots: what a mail carries, and that nothing goes out behind one that may be lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "broker/mailboxes.h"
#include "broker/slots.h"
#include "proto/host/kv_write.h"
#include "tests/unit/broker/bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define BEFORE_REPEAT_MS 9999
#define REPEAT_MS 10000

static struct bench bench;
static struct kv_txn *txn; /* the store thread's part, played by the test */
static struct session session;
static int64_t now_ms;

static int setup(void **state)
{
    (void)state;
    bench_open(&bench, NULL, 0);
    OK(kv_write_begin(bench.broker.kv, &txn));
    session = (struct session){.agency = bench.view.members[BENCH_ALFA].id, .state = SESSION_OPEN};
    now_ms = 1000;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kv_write_abort(txn);
    bench_close(&bench);
    return 0;
}

static void put(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        OK(mailbox_put(bench.broker.mailboxes, txn, &session.agency, MAIL_PROOF, bytes_str("x"),
                       NULL));
}

static void acknowledge(uint64_t up_to)
{
    OK(mailbox_ack(bench.broker.mailboxes, txn, &session.agency, up_to));
}

/* The next mail holds exactly these, or nothing where count is 0. */
static void carries(uint64_t first, size_t count)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    const struct slot_turn t = {txn, a, now_ms};
    struct mail m = {0};
    const uint64_t slot = session.slot;
    OK(slots_fill(&bench.broker, &t, &session, &m));
    assert_int_equal(m.slot, slot + 1);
    assert_int_equal(m.item_count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(m.items[i].sequence, first + i);
}

static void nothing_goes_out_behind_a_mail_that_may_be_lost(void **state)
{
    (void)state;
    put(2);
    carries(1, 2);
    put(2);
    now_ms += BEFORE_REPEAT_MS;
    carries(0, 0);
    acknowledge(2);
    carries(3, 2);
}

static void what_is_not_acknowledged_comes_again_from_its_start(void **state)
{
    (void)state;
    put(2);
    carries(1, 2);
    put(1);
    now_ms += REPEAT_MS;
    carries(1, 3);
    now_ms += BEFORE_REPEAT_MS;
    carries(0, 0);
    acknowledge(1); /* the agency had a part of it before */
    now_ms++;
    carries(2, 2);
}

static void a_new_connection_begins_with_what_is_not_acknowledged(void **state)
{
    (void)state;
    put(3);
    carries(1, 3);
    acknowledge(1);
    session.mailed = 0;
    carries(2, 2);
}

static void an_item_taken_back_on_its_way_holds_nothing_up(void **state)
{
    (void)state;
    put(2);
    carries(1, 2);
    OK(mailbox_withdraw(bench.broker.mailboxes, txn, &session.agency, 2));
    put(1);
    acknowledge(2); /* of the mail that the agency got before */
    carries(3, 1);
}

/* Invariant 11: with an open session, and mail that waits. */
static void who_is_struck_off_is_sent_nothing_more(void **state)
{
    (void)state;
    struct roster_member *m = &bench.view.members[BENCH_ALFA];
    const struct curve_key before = m->curve;
    session.curve = before;
    assert_true(slots_may_deliver(&bench.broker, &session, BENCH_NOW_S));
    bench.view.struck_off[BENCH_ALFA] = true;
    assert_false(slots_may_deliver(&bench.broker, &session, BENCH_NOW_S));
    bench.view.struck_off[BENCH_ALFA] = false;
    m->curve.b[0] ^= 1; /* a new transport key: the old connection is somebody's who has the old one */
    assert_false(slots_may_deliver(&bench.broker, &session, BENCH_NOW_S));
    m->curve = before;
    session.agency = bench.view.members[BENCH_BRAVO].id;
    assert_false(slots_may_deliver(&bench.broker, &session, BENCH_NOW_S));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_is_struck_off_is_sent_nothing_more, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_goes_out_behind_a_mail_that_may_be_lost, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_not_acknowledged_comes_again_from_its_start, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_new_connection_begins_with_what_is_not_acknowledged,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(an_item_taken_back_on_its_way_holds_nothing_up, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
