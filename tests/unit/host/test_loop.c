/* proto/host: clock, timers, loop, worker. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "proto/host/clock.h"
#include "proto/host/loop.h"
#include "proto/host/timers.h"
#include "proto/host/worker.h"

static int64_t fixed_wall(void *arg)
{
    return *(int64_t *)arg;
}

static void test_clock_seconds_round_down(void **state)
{
    (void)state;
    int64_t ms = 1999;
    struct clock c = {fixed_wall, &ms};
    assert_int_equal(clock_now_ms(&c), 1999);
    assert_int_equal(clock_now_s(&c), 1);
    ms = -1;
    assert_int_equal(clock_now_s(&c), -1);
    assert_true(clock_now_s(clock_system()) > 1700000000);
    int64_t before = clock_mono_ns();
    assert_true(clock_mono_ns() >= before);
}

#define NODES 200

static void test_timers_come_out_in_order(void **state)
{
    (void)state;
    struct timers t = {0};
    struct timer_node n[NODES];
    assert_int_equal(timers_reserve(&t, NODES), ERR_OK);
    uint32_t x = 1;
    for (size_t i = 0; i < NODES; i++) {
        n[i].at = TIMER_IDLE;
        x = x * 1664525u + 1013904223u;
        timers_set(&t, &n[i], x % 50);
    }
    for (size_t i = 0; i < NODES; i += 3)
        timers_clear(&t, &n[i]);
    for (size_t i = 1; i < NODES; i += 3)
        timers_set(&t, &n[i], n[i].due_ms + 17 - (int64_t)(i % 35));
    timers_clear(&t, &n[0]); /* again: nothing happens */
    int64_t last = INT64_MIN;
    size_t count = 0;
    for (struct timer_node *f = timers_first(&t); f != NULL; f = timers_first(&t)) {
        assert_true(f->due_ms >= last);
        last = f->due_ms;
        timers_clear(&t, f);
        assert_true(f->at == TIMER_IDLE);
        count++;
    }
    assert_int_equal(count, NODES - (NODES + 2) / 3);
    timers_free(&t);
}

struct run {
    struct loop *loop;
    struct loop_timer *timer;
    struct loop_watch *watch;
    int fd;
    int calls;
    int limit;
};

static void count_and_quit(void *arg)
{
    struct run *r = arg;
    if (++r->calls >= r->limit)
        loop_quit(r->loop);
}

static void free_own_timer(void *arg)
{
    struct run *r = arg;
    loop_timer_free(take(r->timer));
    count_and_quit(r);
}

static void test_timers_repeat_stop_and_free_themselves(void **state)
{
    (void)state;
    CLEANUP(cleanup_loop_free) struct loop *l = NULL;
    assert_int_equal(loop_new(&l), ERR_OK);
    struct run every = {.loop = l, .limit = 3};
    struct run never = {.loop = l, .limit = 1};
    struct loop_timer *t = loop_timer_new(l, count_and_quit, &every);
    struct loop_timer *stopped = loop_timer_new(l, count_and_quit, &never);
    loop_timer_every(t, 2);
    loop_timer_after(stopped, 1);
    loop_timer_stop(stopped);
    int64_t start = clock_mono_ms();
    assert_int_equal(loop_run(l), ERR_OK);
    assert_int_equal(every.calls, 3);
    assert_int_equal(never.calls, 0);
    assert_true(clock_mono_ms() - start >= 5);
    loop_timer_free(t);
    loop_timer_free(stopped);
    struct run own = {.loop = l, .limit = 1};
    own.timer = loop_timer_new(l, free_own_timer, &own);
    loop_timer_after(own.timer, 0);
    assert_int_equal(loop_run(l), ERR_OK);
    assert_null(own.timer);
}

static void *post_from_thread(void *arg)
{
    struct run *r = arg;
    for (int i = 0; i < r->limit; i++) {
        if (loop_post(r->loop, count_and_quit, r) != ERR_OK)
            abort();
    }
    return NULL;
}

static void test_posts_from_another_thread_all_arrive(void **state)
{
    (void)state;
    CLEANUP(cleanup_loop_free) struct loop *l = NULL;
    assert_int_equal(loop_new(&l), ERR_OK);
    struct run r = {.loop = l, .limit = 5000};
    pthread_t th;
    assert_int_equal(pthread_create(&th, NULL, post_from_thread, &r), 0);
    assert_int_equal(loop_run(l), ERR_OK);
    pthread_join(th, NULL);
    assert_int_equal(r.calls, 5000);
}

static void test_posts_left_over_run_when_the_loop_is_freed(void **state)
{
    (void)state;
    struct loop *l = NULL;
    assert_int_equal(loop_new(&l), ERR_OK);
    struct run r = {.loop = l, .limit = 99};
    assert_int_equal(loop_post(l, count_and_quit, &r), ERR_OK);
    loop_free(l);
    assert_int_equal(r.calls, 1);
}

static void unwatch_both(void *arg, unsigned events)
{
    struct run *r = arg;
    assert_true(events & LOOP_IN);
    r->calls++;
    loop_unwatch(take(r[0].watch));
    if (r->limit == 2)
        loop_unwatch(take(r[1].watch)); /* its event of this turn must not be delivered */
}

static void test_unwatch_inside_a_callback_drops_events_of_the_turn(void **state)
{
    (void)state;
    CLEANUP(cleanup_loop_free) struct loop *l = NULL;
    assert_int_equal(loop_new(&l), ERR_OK);
    int p[2];
    int q[2];
    assert_int_equal(pipe(p), 0);
    assert_int_equal(pipe(q), 0);
    struct run r[2] = {{.limit = 2}, {.limit = 1}};
    assert_int_equal(loop_watch_fd(l, p[0], LOOP_IN, unwatch_both, r, &r[0].watch), ERR_OK);
    assert_int_equal(loop_watch_fd(l, q[0], LOOP_IN, unwatch_both, r, &r[1].watch), ERR_OK);
    struct loop_watch *twice = NULL;
    assert_int_equal(loop_watch_fd(l, p[0], LOOP_IN, unwatch_both, r, &twice), ERR_IO);
    assert_int_equal(write(p[1], "x", 1), 1);
    assert_int_equal(write(q[1], "x", 1), 1);
    assert_int_equal(loop_turn(l, 1000), ERR_OK);
    assert_int_equal(loop_turn(l, 10), ERR_OK);
    assert_int_equal(r[0].calls, 1);
    for (int i = 0; i < 2; i++) {
        close(p[i]);
        close(q[i]);
    }
}

static void on_signal(void *arg, int signo)
{
    struct run *r = arg;
    r->fd = signo;
    loop_quit(r->loop);
}

static void test_signals_arrive_on_the_loop(void **state)
{
    (void)state;
    CLEANUP(cleanup_loop_free) struct loop *l = NULL;
    assert_int_equal(loop_new(&l), ERR_OK);
    struct run r = {.loop = l};
    assert_int_equal(loop_on_signal(l, 0, on_signal, &r), ERR_RANGE);
    assert_int_equal(loop_on_signal(l, SIGUSR1, on_signal, &r), ERR_OK);
    assert_int_equal(loop_on_signal(l, SIGUSR2, on_signal, &r), ERR_OK);
    kill(getpid(), SIGUSR2);
    assert_int_equal(loop_run(l), ERR_OK);
    assert_int_equal(r.fd, SIGUSR2);
}

static bool more_twice(void *arg)
{
    struct run *r = arg;
    return ++r->calls < 3;
}

static void test_prepare_with_more_to_do_does_not_wait(void **state)
{
    (void)state;
    CLEANUP(cleanup_loop_free) struct loop *l = NULL;
    assert_int_equal(loop_new(&l), ERR_OK);
    struct run r = {0};
    assert_int_equal(loop_prepare(l, more_twice, &r), ERR_OK);
    int64_t start = clock_mono_ms();
    assert_int_equal(loop_turn(l, 5000), ERR_OK);
    assert_int_equal(loop_turn(l, 5000), ERR_OK);
    assert_true(clock_mono_ms() - start < 2500);
    loop_unprepare(l, more_twice, &r);
    assert_int_equal(loop_turn(l, 1), ERR_OK);
    assert_int_equal(r.calls, 2);
    for (int i = 0; i < 16; i++)
        assert_int_equal(loop_prepare(l, more_twice, &r), ERR_OK);
    assert_int_equal(loop_prepare(l, more_twice, &r), ERR_LIMIT);
}

struct sum {
    uint64_t n;
    enum err seen;
    int *done;
};

static enum err add_up(void *arg)
{
    struct sum *s = arg;
    uint64_t n = 0;
    for (uint64_t i = 0; i <= s->n; i++)
        n += i;
    s->n = n;
    return n == 55 ? ERR_INVALID : ERR_OK;
}

static void note_sum(enum err result, void *arg)
{
    struct sum *s = arg;
    s->seen = result;
    (*s->done)++;
}

static void test_worker_runs_every_job_and_refuses_over_its_bound(void **state)
{
    (void)state;
    CLEANUP(cleanup_loop_free) struct loop *l = NULL;
    assert_int_equal(loop_new(&l), ERR_OK);
    struct worker *w = NULL;
    assert_int_equal(worker_new(l, 65, 4, &w), ERR_RANGE);
    assert_int_equal(worker_new(l, 2, 0, &w), ERR_RANGE);
    assert_int_equal(worker_new(l, 2, 4, &w), ERR_OK);
    int done = 0;
    struct sum s[5];
    for (uint64_t i = 0; i < 5; i++) {
        s[i] = (struct sum){.n = 8 + i, .done = &done};
        assert_int_equal(worker_submit(w, add_up, note_sum, &s[i]), i < 4 ? ERR_OK : ERR_AGAIN);
    assert_int_equal(worker_submit(NULL, add_up, note_sum, &s[0]), ERR_CLOSED); /* a pool that is gone */
    }
    assert_int_equal(worker_pending(w), 4);
    worker_free(w); /* drains */
    assert_int_equal(done, 4);
    assert_int_equal(s[2].n, 55);
    assert_int_equal(s[2].seen, ERR_INVALID);
    assert_int_equal(s[3].seen, ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_seconds_round_down),
        cmocka_unit_test(test_timers_come_out_in_order),
        cmocka_unit_test(test_timers_repeat_stop_and_free_themselves),
        cmocka_unit_test(test_posts_from_another_thread_all_arrive),
        cmocka_unit_test(test_posts_left_over_run_when_the_loop_is_freed),
        cmocka_unit_test(test_unwatch_inside_a_callback_drops_events_of_the_turn),
        cmocka_unit_test(test_signals_arrive_on_the_loop),
        cmocka_unit_test(test_prepare_with_more_to_do_does_not_wait),
        cmocka_unit_test(test_worker_runs_every_job_and_refuses_over_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
