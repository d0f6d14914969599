/* Answers with a rest behind each: one at a time, one waiting for each agency. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "broker/paced.h"
#include "proto/host/loop.h"
#include "tests/unit/broker/bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define TAKES_NS INT64_C(100000000) /* a rest is longer than the machine stands still between two questions */
#define RESTS_NS (4 * TAKES_NS)

static struct bench bench;
static struct paced *paced;
static int64_t made_ns[8]; /* when each answer was made */
static size_t made;

/* An answer that takes its time. */
static enum err make(struct turn *t)
{
    const int64_t until_ns = clock_mono_ns() + TAKES_NS;
    while (clock_mono_ns() < until_ns)
        ;
    assert_in_range(made, 0, ARRAY_LEN(made_ns) - 1);
    made_ns[made++] = clock_mono_ns();
    t->reply_kind = MSG_ENTRIES_REPLY;
    t->reply_body = bytes_str("x");
    return ERR_OK;
}

static enum err prepare(struct turn *t, struct errmsg *why)
{
    (void)why;
    return paced_answer(paced, t, make);
}

static const struct turn_handler slow = {.kind = MSG_ENTRIES, .prepare = prepare};

static int setup(void **state)
{
    (void)state;
    static const struct turn_handler *const handlers[] = {&slow};
    bench_open(&bench, handlers, ARRAY_LEN(handlers));
    bench_session(&bench, BENCH_ALFA, SESSION_OPEN);
    bench_session(&bench, BENCH_BRAVO, SESSION_OPEN);
    OK(paced_new(bench.broker.loop, &paced));
    made = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    paced_free(paced);
    bench_close(&bench);
    return 0;
}

static struct message_id ask(enum bench_member from)
{
    const struct bench_message m = bench_message(&bench, from, MSG_ENTRIES, bytes_str("x"));
    bench_send(&bench, &m);
    return m.envelope.id;
}

static void wait_for(size_t answers)
{
    while (bench.answer_count < answers)
        OK(loop_turn(bench.broker.loop, -1));
}

static void assert_last_answers(const struct message_id *id)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    struct envelope e;
    bench_answer(&bench, a, &e);
    assert_memory_equal(e.in_reply_to.b, id->b, sizeof id->b);
}

static void behind_each_there_is_a_rest_and_each_agency_has_one_that_waits(void **state)
{
    (void)state;
    ask(BENCH_ALFA);
    assert_int_equal(bench.answer_count, 1);
    ask(BENCH_ALFA);
    const struct message_id of_bravo = ask(BENCH_BRAVO);
    const struct message_id again = ask(BENCH_ALFA);
    assert_int_equal(bench.answer_count, 1);
    assert_int_equal(turns_pending(bench.broker.turns), 2);
    wait_for(2);
    assert_last_answers(&again); /* it has the place of the one before it */
    wait_for(3);
    assert_last_answers(&of_bravo);
    assert_int_equal(made, 3);
    for (size_t i = 1; i < made; i++)
        assert_true(made_ns[i] - made_ns[i - 1] >= RESTS_NS + TAKES_NS);
    assert_int_equal(turns_pending(bench.broker.turns), 0);
}

static void what_waits_at_the_end_is_not_answered(void **state)
{
    (void)state;
    ask(BENCH_ALFA);
    ask(BENCH_ALFA);
    assert_int_equal(turns_pending(bench.broker.turns), 1);
    assert_int_equal(bench.answer_count, 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(behind_each_there_is_a_rest_and_each_agency_has_one_that_waits),
        TEST(what_waits_at_the_end_is_not_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
