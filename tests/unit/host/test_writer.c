/* proto/host/writer: one commit for many jobs, isolation, order, full store, shutdown. */
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "proto/host/clock.h"
#include "proto/host/kv_fault.h"
#include "proto/host/kv_write.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"
#include "tests/unit/host/host_tmp.h"

#define TRACE_MAX 64

struct fixture {
    struct host_tmp tmp;
    struct kv *kv;
    struct kv_table t;
    struct loop *loop;
    struct writer *w;
    atomic_bool at_gate;
    pthread_mutex_t gate;  /* held by a test to keep the store thread inside a job */
    char trace[TRACE_MAX]; /* names of jobs in the order they ran; store thread */
    size_t traced;
    char done[TRACE_MAX]; /* in the order they were reported; loop thread */
    size_t reported;
};

struct job {
    struct fixture *f;
    char name;
    enum err fails;
    enum err result;
    bool seen_after_commit;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){0};
    pthread_mutex_init(&f.gate, NULL);
    host_tmp_make(&f.tmp);
    const struct kv_params kp = {.dir = host_tmp_path(&f.tmp, "s"), .map_bytes = 1u << 20};
    if (kv_open(&kp, &f.kv, NULL) != ERR_OK || kv_table_open(f.kv, "t", &f.t) != ERR_OK ||
        loop_new(&f.loop) != ERR_OK)
        return -1;
    const struct writer_params wp = {
        .kv = f.kv, .loop = f.loop, .max_queued = 40, .group_ms = 60000};
    *state = &f;
    return writer_new(&wp, &f.w) == ERR_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    writer_free(f->w);
    loop_free(f->loop);
    kv_free(f->kv);
    host_tmp_remove(&f->tmp);
    return 0;
}

static bool is_there(struct fixture *f, char name)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *r = NULL;
    if (kv_read_begin(f->kv, &r) != ERR_OK)
        abort();
    return kv_has(r, f->t, bytes_of(&name, 1)) == ERR_OK;
}

static enum err run_job(struct kv_txn *txn, void *arg)
{
    struct job *j = arg;
    j->f->trace[j->f->traced++] = j->name;
    enum err e = kv_put(txn, j->f->t, bytes_of(&j->name, 1), bytes_str("x"));
    return e != ERR_OK ? e : j->fails;
}

static enum err run_at_gate(struct kv_txn *txn, void *arg)
{
    struct job *j = arg;
    atomic_store(&j->f->at_gate, true);
    pthread_mutex_lock(&j->f->gate);
    pthread_mutex_unlock(&j->f->gate);
    return run_job(txn, arg);
}

static void note_done(enum err result, void *arg)
{
    struct job *j = arg;
    j->result = result;
    j->seen_after_commit = is_there(j->f, j->name);
    j->f->done[j->f->reported++] = j->name;
}

static void turn_until(struct fixture *f, size_t reported)
{
    for (int i = 0; i < 2000 && f->reported < reported; i++)
        assert_int_equal(loop_turn(f->loop, 10), ERR_OK);
    assert_int_equal(f->reported, reported);
}

static void submit(struct job *j, enum writer_class class, writer_job_fn fn)
{
    assert_int_equal(writer_submit(j->f->w, class, fn, note_done, j), ERR_OK);
}

/* Shuts the gate and waits until j stands in front of it on the store thread. */
static void hold_at_gate(struct job *j, enum writer_class class)
{
    pthread_mutex_lock(&j->f->gate);
    atomic_store(&j->f->at_gate, false);
    submit(j, class, run_at_gate);
    while (!atomic_load(&j->f->at_gate))
        usleep(200);
}

static void test_one_failing_job_does_not_touch_its_group(void **state)
{
    struct fixture *f = *state;
    struct job jobs[] = {{f, 'a', ERR_OK, 0, false},
                         {f, 'b', ERR_INVALID, 0, false},
                         {f, 'c', ERR_OK, 0, false},
                         {f, 'd', ERR_CONFLICT, 0, false},
                         {f, 'e', ERR_OK, 0, false}};
    hold_at_gate(&jobs[0], WRITER_INTERACTIVE);
    for (size_t i = 1; i < ARRAY_LEN(jobs); i++)
        submit(&jobs[i], WRITER_INTERACTIVE, run_job);
    pthread_mutex_unlock(&f->gate);
    turn_until(f, ARRAY_LEN(jobs));
    assert_string_equal(f->trace, "abcde");
    assert_string_equal(f->done, "abcde");
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        assert_int_equal(jobs[i].result, jobs[i].fails);
        assert_int_equal(jobs[i].seen_after_commit, jobs[i].fails == ERR_OK);
    }
    struct writer_stats s;
    writer_stats(f->w, &s);
    assert_int_equal(s.commits, 1);
    assert_int_equal(s.largest_group, 5);
    assert_int_equal(s.jobs_ok, 3);
    assert_int_equal(s.jobs_failed, 2);
}

static void test_a_failing_first_job_leaves_the_next_alone(void **state)
{
    struct fixture *f = *state;
    struct job jobs[] = {{f, 'a', ERR_STATE, 0, false}, {f, 'b', ERR_OK, 0, false}};
    hold_at_gate(&jobs[0], WRITER_INTERACTIVE);
    submit(&jobs[1], WRITER_INTERACTIVE, run_job);
    pthread_mutex_unlock(&f->gate);
    turn_until(f, 2);
    assert_int_equal(jobs[0].result, ERR_STATE);
    assert_false(is_there(f, 'a'));
    assert_int_equal(jobs[1].result, ERR_OK);
    assert_true(jobs[1].seen_after_commit);
}

static void test_interactive_waits_for_one_bulk_slice_at_most(void **state)
{
    struct fixture *f = *state;
    struct job bulk[] = {
        {f, 'B', ERR_OK, 0, false}, {f, 'C', ERR_OK, 0, false}, {f, 'D', ERR_OK, 0, false}};
    struct job quick[] = {{f, 'i', ERR_OK, 0, false}, {f, 'j', ERR_OK, 0, false}};
    hold_at_gate(&bulk[0], WRITER_BULK);
    submit(&bulk[1], WRITER_BULK, run_job);
    submit(&bulk[2], WRITER_BULK, run_job);
    assert_false(writer_is_interactive_waiting(f->w));
    submit(&quick[0], WRITER_INTERACTIVE, run_job);
    submit(&quick[1], WRITER_INTERACTIVE, run_job);
    assert_true(writer_is_interactive_waiting(f->w));
    pthread_mutex_unlock(&f->gate);
    turn_until(f, 5);
    f->trace[f->traced] = '\0';
    assert_string_equal(f->trace, "BijCD");
    assert_string_equal(f->done, "BijCD");
    assert_false(writer_is_interactive_waiting(f->w));
}

static enum err sleep_then_run(struct kv_txn *txn, void *arg)
{
    usleep(30000);
    return run_job(txn, arg);
}

static void test_bulk_is_not_starved_for_ever(void **state)
{
    struct fixture *f = *state;
    writer_free(f->w); /* one whose commits are short */
    const struct writer_params p = {.kv = f->kv, .loop = f->loop, .group_ms = 1};
    assert_int_equal(writer_new(&p, &f->w), ERR_OK);
    struct job jobs[21];
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        jobs[i] = (struct job){f, (char)('a' + i), ERR_OK, 0, false};
    jobs[0].name = 'B';
    submit(&jobs[0], WRITER_BULK, sleep_then_run);
    submit(&jobs[20], WRITER_BULK, run_job);
    for (size_t i = 1; i < 20; i++)
        submit(&jobs[i], WRITER_INTERACTIVE, sleep_then_run);
    turn_until(f, 21);
    const char *second = memchr(f->trace, jobs[20].name, f->traced);
    assert_non_null(second);
    assert_true(second - f->trace < 18); /* before the last of the 19 */
}

static void test_the_queue_is_bounded_for_each_class(void **state)
{
    struct fixture *f = *state;
    static struct job jobs[42];
    pthread_mutex_lock(&f->gate);
    for (size_t i = 0; i < 41; i++) {
        jobs[i] = (struct job){f, (char)('0' + i), ERR_OK, 0, false};
        enum err e = writer_submit(f->w, WRITER_BULK, run_at_gate, note_done, &jobs[i]);
        assert_int_equal(e, i < 40 ? ERR_OK : ERR_AGAIN);
    }
    assert_int_equal(writer_pending(f->w, WRITER_BULK), 40);
    jobs[41] = (struct job){f, 'z', ERR_OK, 0, false};
    submit(&jobs[41], WRITER_INTERACTIVE, run_job);
    pthread_mutex_unlock(&f->gate);
    turn_until(f, 41);
    assert_int_equal(writer_pending(f->w, WRITER_BULK), 0);
}

static void test_a_commit_that_fails_fails_its_whole_group(void **state)
{
    struct fixture *f = *state;
    struct job jobs[] = {
        {f, 'a', ERR_OK, 0, false}, {f, 'b', ERR_OK, 0, false}, {f, 'c', ERR_OK, 0, false}};
    for (int round = 0; round < 2; round++) {
        enum err kind = round == 0 ? ERR_NO_SPACE : ERR_IO;
        hold_at_gate(&jobs[0], WRITER_INTERACTIVE);
        submit(&jobs[1], WRITER_INTERACTIVE, run_job);
        kv_fault_set(f->kv, 5, kind); /* put; begin, put, commit of the child; commit */
        pthread_mutex_unlock(&f->gate);
        turn_until(f, 2);
        f->reported = 0;
        assert_int_equal(jobs[0].result, kind);
        assert_int_equal(jobs[1].result, kind);
        assert_int_equal(writer_state(f->w), round == 0 ? WRITER_NO_SPACE : WRITER_FAILED);
        assert_int_equal(writer_times_full(f->w), 1); /* a failure of another kind is none */
        assert_false(is_there(f, 'a'));
        assert_false(is_there(f, 'b'));
        submit(&jobs[2], WRITER_INTERACTIVE, run_job);
        turn_until(f, 1);
        f->reported = 0;
        assert_int_equal(jobs[2].result, ERR_OK);
        assert_int_equal(writer_state(f->w), WRITER_OPEN);
    }
}

static enum err put_block(struct kv_txn *txn, void *arg)
{
    static uint8_t block[200000];
    struct job *j = arg;
    return kv_put(txn, j->f->t, bytes_of(&j->name, 1), BYTES_OF_ARRAY(block));
}

static void test_a_full_store_refuses_and_keeps_reading_and_recovers(void **state)
{
    struct fixture *f = *state;
    enum err e = ERR_OK;
    struct job j = {f, 'A', ERR_OK, 0, false};
    for (; e == ERR_OK && j.name < 'Z'; j.name++)
        e = writer_run(f->w, put_block, &j);
    assert_int_equal(e, ERR_NO_SPACE);
    assert_int_equal(writer_state(f->w), WRITER_NO_SPACE);
    assert_true(is_there(f, 'A'));
    struct job small = {f, 's', ERR_OK, 0, false};
    assert_int_equal(writer_run(f->w, run_job, &small), ERR_OK);
    assert_int_equal(writer_state(f->w), WRITER_OPEN);
    assert_true(is_there(f, 's'));
}

static void test_failure_at_every_step_is_reported_and_survived(void **state)
{
    struct fixture *f = *state;
    for (unsigned nth = 1; nth <= 3; nth++) {
        struct job bad = {f, 'x', ERR_OK, 0, false};
        kv_fault_set(f->kv, nth, ERR_IO);
        assert_int_equal(writer_run(f->w, run_job, &bad), ERR_IO);
        kv_fault_set(f->kv, 0, ERR_OK);
        assert_false(is_there(f, 'x'));
        struct job good = {f, 'y', ERR_OK, 0, false};
        assert_int_equal(writer_run(f->w, run_job, &good), ERR_OK);
    }
}

static void submit_late(enum err result, void *arg)
{
    struct job *j = arg;
    j->result = writer_submit(j->f->w, WRITER_BULK, run_job, note_done, j);
    assert_int_equal(result, ERR_OK);
}

static void test_stopping_drains_and_takes_no_more(void **state)
{
    struct fixture *f = *state;
    static struct job jobs[30];
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        jobs[i] = (struct job){f, (char)('A' + i), ERR_OK, 0, false};
        submit(&jobs[i], i % 2 == 0 ? WRITER_BULK : WRITER_INTERACTIVE, run_job);
    }
    struct job late = {f, 'l', ERR_OK, 0, false};
    assert_int_equal(writer_submit(f->w, WRITER_BULK, run_job, submit_late, &late), ERR_OK);
    writer_free(f->w);
    f->w = NULL;
    assert_int_equal(f->reported, 30);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        assert_true(jobs[i].seen_after_commit);
    assert_int_equal(late.result, ERR_CLOSED);
}

static void test_the_heart_beats_while_idle_and_not_while_stuck(void **state)
{
    struct fixture *f = *state;
    int64_t first = writer_heartbeat_ms(f->w);
    usleep(1200000);
    int64_t idle = writer_heartbeat_ms(f->w);
    assert_true(idle > first);
    struct job j = {f, 'a', ERR_OK, 0, false};
    hold_at_gate(&j, WRITER_INTERACTIVE);
    usleep(1200000);
    assert_true(clock_mono_ms() - writer_heartbeat_ms(f->w) >= 1000);
    pthread_mutex_unlock(&f->gate);
    turn_until(f, 1);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_one_failing_job_does_not_touch_its_group),
        CASE(test_a_failing_first_job_leaves_the_next_alone),
        CASE(test_interactive_waits_for_one_bulk_slice_at_most),
        CASE(test_bulk_is_not_starved_for_ever),
        CASE(test_the_queue_is_bounded_for_each_class),
        CASE(test_a_commit_that_fails_fails_its_whole_group),
        CASE(test_a_full_store_refuses_and_keeps_reading_and_recovers),
        CASE(test_failure_at_every_step_is_reported_and_survived),
        CASE(test_stopping_drains_and_takes_no_more),
        CASE(test_the_heart_beats_while_idle_and_not_while_stuck),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
