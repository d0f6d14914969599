/* Notices that come while their purpose is suspended at this agency, or while the key of their epoch is not at hand. */
#include "tests/unit/agent/hold/world.h"

#include "agent/hold/later.h"
#include "agent/store/store.h"
#include "proto/host/clock.h"
#include "proto/host/kv_fault.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"

static struct world w;
static int64_t shortened_s; /* the term of the next questions; 0: as they have it */

static int set_up(void **state)
{
    (void)state;
    shortened_s = 0;
    world_new(&w);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_free(&w);
    return 0;
}

/* One question about the record, as its notice comes, so many times. */
static void bring(uint8_t seed, int times)
{
    struct question q;
    question_new(&w, &q);
    q.seed = seed;
    q.header.request_id.b[0] = q.sealed.request_id.b[0] = seed;
    if (shortened_s > 0)
        q.header.deadline_s = w.now_s + shortened_s;
    question_make(&w, &q);
    for (int i = 0; i < times; i++)
        assert_false(world_deliver(&w, &hold_hit_owner, buf_bytes(&q.content)));
    question_free(&q);
}

static size_t waiting(void)
{
    struct kv_txn *txn = NULL;
    struct kv_iter *it = NULL;
    struct bytes key;
    struct bytes value;
    size_t n = 0;
    assert_int_equal(kv_read_begin(w.agent.kv, &txn), ERR_OK);
    assert_int_equal(store_iter(w.agent.store, txn, STORE_HOLD_LATER, bytes_of(NULL, 0), &it), ERR_OK);
    while (kv_iter_next(it, &key, &value) == ERR_OK)
        n++;
    kv_iter_free(it);
    kv_read_end(txn);
    return n;
}

/* As with another view and with the timer. fails_at: which call of the store fails; 0: none. */
static void try_again(unsigned fails_at)
{
    const int64_t end_ms = clock_mono_ms() + 10000;
    struct agent *a = &w.agent;
    assert_int_equal(loop_new(&a->loop), ERR_OK);
    const struct writer_params wp = {.kv = a->kv, .loop = a->loop};
    assert_int_equal(writer_new(&wp, &a->writer), ERR_OK);
    kv_fault_set(a->kv, fails_at, ERR_IO);
    later_try(a);
    while (w.hold.later.is_under_way && clock_mono_ms() < end_ms)
        assert_int_equal(loop_turn(a->loop, 10), ERR_OK);
    assert_false(w.hold.later.is_under_way);
    kv_fault_set(a->kv, 0, ERR_OK);
    writer_free(a->writer);
    loop_free(a->loop);
    a->writer = NULL;
}

static void a_notice_of_a_suspended_purpose_waits_for_it(void **state)
{
    (void)state;
    world_suspend_purpose(&w);
    bring(1, 1);
    bring(2, 2); /* once more, as after a crash of the broker */
    assert_int_equal(world_items(&w), 0);
    assert_int_equal(waiting(), 2);
    assert_int_equal(world_number(&w, MAIL_REFUSED), 0);
    try_again(0);
    assert_int_equal(waiting(), 2);
    world_restart(&w);
    world_say_epochs(&w, "aa");
    try_again(0);
    assert_int_equal(world_items(&w), 2);
    assert_int_equal(waiting(), 0);
}

static void a_notice_without_a_key_waits_for_it(void **state)
{
    (void)state;
    w.has_no_key = true;
    bring(1, 1);
    try_again(0);
    assert_int_equal(world_items(&w), 0);
    assert_int_equal(waiting(), 1);
    w.has_no_key = false;
    try_again(0);
    assert_int_equal(world_items(&w), 1);
    assert_int_equal(waiting(), 0);
}

/* Suspended is no way around the custodian's word, nor around a deadline. */
static void what_waited_is_judged_as_if_it_came_now(void **state)
{
    (void)state;
    world_suspend_purpose(&w);
    bring(1, 1);
    world_say_epochs(&w, "ca");
    try_again(0);
    assert_int_equal(world_items(&w), 0);
    assert_int_equal(waiting(), 0);
    assert_int_equal(world_number(&w, MAIL_REFUSED), 1);

    world_suspend_purpose(&w);
    bring(2, 1);
    w.now_s += 365 * INT64_C(86400);
    try_again(0);
    assert_int_equal(waiting(), 0);
    assert_int_equal(world_number(&w, MAIL_REFUSED), 2);
}

/* More than one turn of the loop looks at: each gets its look, wherever it lies, and each its item. */
static void many_that_wait_are_all_judged(void **state)
{
    (void)state;
    enum { MANY = 70, SHORT = 10 };
    world_suspend_purpose(&w);
    for (uint8_t i = 1; i <= MANY; i++) {
        shortened_s = i <= SHORT ? 60 : 0;
        bring(i, 1);
    }
    assert_int_equal(waiting(), MANY);
    w.now_s += 61;
    for (int i = 0; i < 4; i++)
        try_again(0);
    assert_int_equal(waiting(), MANY - SHORT);
    world_say_epochs(&w, "aa");
    for (int i = 0; i < 4; i++)
        try_again(0);
    assert_int_equal(waiting(), 0);
    assert_int_equal(world_items(&w), MANY - SHORT);
}

/* Whoever brings notices cannot fill the store with them: one for each question, subject and record that is here. */
static void what_waits_is_bounded(void **state)
{
    struct question q;
    (void)state;
    world_suspend_purpose(&w);
    bring(1, 2);
    assert_int_equal(waiting(), 1);
    question_new(&w, &q);
    q.handle.b[0] ^= 1; /* of no record */
    question_make(&w, &q);
    assert_true(world_deliver(&w, &hold_hit_owner, buf_bytes(&q.content)));
    question_free(&q);
    assert_int_equal(waiting(), 1);
    world_say_epochs(&w, "aa");
    try_again(0);
    assert_int_equal(waiting(), 0);
    assert_int_equal(world_items(&w), 1);
}

/* On a machine whose store fails once at every place in turn: it is an item, or it waits still. */
static void a_store_that_fails_loses_none(void **state)
{
    (void)state;
    unsigned nth = 0;
    size_t items = 0;
    world_suspend_purpose(&w);
    bring(1, 1);
    world_say_epochs(&w, "aa");
    while (items == 0) {
        try_again(++nth);
        items = world_items(&w);
        assert_int_equal(items + waiting(), 1);
    }
    assert_true(nth > 3);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_notice_of_a_suspended_purpose_waits_for_it),
        TEST(a_notice_without_a_key_waits_for_it),
        TEST(what_waited_is_judged_as_if_it_came_now),
        TEST(many_that_wait_are_all_judged),
        TEST(what_waits_is_bounded),
        TEST(a_store_that_fails_loses_none),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
