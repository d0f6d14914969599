#include "proto/host/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "proto/host/clock.h"
#include "proto/host/timers.h"

#define EVENTS_PER_TURN 64
#define PREPARES_MAX 16
#define SIGNALS_MAX 65
#define DELAY_MAX_MS (INT64_C(1) << 40)

struct loop_watch {
    struct loop *loop;
    int fd;
    loop_fd_fn fn; /* NULL: ended, waits for the end of the turn */
    void *arg;
    struct loop_watch *next; /* among the ended */
};

struct loop_timer {
    struct timer_node node; /* first: a node is its timer */
    struct loop *loop;
    int64_t period_ms; /* 0: once */
    loop_fn fn;
    void *arg;
};

struct signal_call {
    loop_signal_fn fn;
    void *arg;
};

struct prepare_call {
    loop_prepare_fn fn;
    void *arg;
};

struct loop {
    int epoll_fd;
    int wake_fd;
    int signal_fd; /* -1 until a signal is asked for */
    struct loop_watch *wake_watch;
    struct loop_watch *signal_watch;
    struct loop_watch *ended;
    struct timers timers;
    size_t timer_count;
    struct prepare_call prepares[PREPARES_MAX];
    sigset_t signals;
    struct signal_call signal_calls[SIGNALS_MAX];
    atomic_bool quit;
    pthread_mutex_t lock; /* guards the two below */
    struct loop_task *tasks;
    struct loop_task **tasks_end;
};

static void wake(struct loop *l)
{
    uint64_t one = 1;
    ssize_t n = write(l->wake_fd, &one, sizeof one);
    (void)n; /* fails only where the counter is full: then it is readable anyway */
}

static struct loop_task *take_tasks(struct loop *l)
{
    pthread_mutex_lock(&l->lock);
    struct loop_task *list = l->tasks;
    l->tasks = NULL;
    l->tasks_end = &l->tasks;
    pthread_mutex_unlock(&l->lock);
    return list;
}

static void run_tasks(struct loop_task *list)
{
    while (list != NULL) {
        struct loop_task *t = list;
        list = t->next; /* fn may free or post t again */
        t->fn(t->arg);
    }
}

static void on_wake(void *arg, unsigned events)
{
    struct loop *l = arg;
    uint64_t count = 0;
    (void)events;
    ssize_t n = read(l->wake_fd, &count, sizeof count);
    (void)n;
    run_tasks(take_tasks(l));
}

void loop_flush(struct loop *l)
{
    for (struct loop_task *list = take_tasks(l); list != NULL; list = take_tasks(l))
        run_tasks(list);
}

void loop_post_task(struct loop *l, struct loop_task *t)
{
    t->next = NULL;
    pthread_mutex_lock(&l->lock);
    bool was_empty = l->tasks == NULL;
    *l->tasks_end = t;
    l->tasks_end = &t->next;
    pthread_mutex_unlock(&l->lock);
    if (was_empty)
        wake(l);
}

struct posted {
    struct loop_task task;
    loop_fn fn;
    void *arg;
};

static void run_posted(void *arg)
{
    struct posted p = *(struct posted *)arg;
    free(arg);
    p.fn(p.arg);
}

enum err loop_post(struct loop *l, loop_fn fn, void *arg)
{
    struct posted *p = malloc(sizeof *p);
    if (p == NULL)
        return ERR_NOMEM;
    *p = (struct posted){.task = {.fn = run_posted, .arg = p}, .fn = fn, .arg = arg};
    loop_post_task(l, &p->task);
    return ERR_OK;
}

void loop_quit(struct loop *l)
{
    atomic_store(&l->quit, true);
    wake(l);
}

static uint32_t epoll_events(unsigned events)
{
    return ((events & LOOP_IN) ? (uint32_t)EPOLLIN : 0u) |
           ((events & LOOP_OUT) ? (uint32_t)EPOLLOUT : 0u);
}

enum err loop_watch_fd(struct loop *l, int fd, unsigned events, loop_fd_fn fn, void *arg,
                       struct loop_watch **out)
{
    struct loop_watch *w = malloc(sizeof *w);
    if (w == NULL)
        return ERR_NOMEM;
    *w = (struct loop_watch){.loop = l, .fd = fd, .fn = fn, .arg = arg};
    struct epoll_event ev = {.events = epoll_events(events), .data.ptr = w};
    if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0) {
        free(w);
        return ERR_IO;
    }
    *out = w;
    return ERR_OK;
}

void loop_watch_set(struct loop_watch *w, unsigned events)
{
    struct epoll_event ev = {.events = epoll_events(events), .data.ptr = w};
    epoll_ctl(w->loop->epoll_fd, EPOLL_CTL_MOD, w->fd, &ev);
}

void loop_unwatch(struct loop_watch *w)
{
    if (w == NULL)
        return;
    epoll_ctl(w->loop->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
    w->fn = NULL; /* events of this turn may still point here */
    w->next = w->loop->ended;
    w->loop->ended = w;
}

static void free_ended(struct loop *l)
{
    while (l->ended != NULL) {
        struct loop_watch *w = l->ended;
        l->ended = w->next;
        free(w);
    }
}

struct loop_timer *loop_timer_new(struct loop *l, loop_fn fn, void *arg)
{
    struct loop_timer *t = calloc(1, sizeof *t);
    if (t == NULL || timers_reserve(&l->timers, l->timer_count + 1) != ERR_OK) {
        free(t);
        return NULL;
    }
    *t = (struct loop_timer){.node.at = TIMER_IDLE, .loop = l, .fn = fn, .arg = arg};
    l->timer_count++;
    return t;
}

static void start_timer(struct loop_timer *t, int64_t delay_ms, int64_t period_ms)
{
    if (delay_ms < 0)
        delay_ms = 0;
    if (delay_ms > DELAY_MAX_MS)
        delay_ms = DELAY_MAX_MS;
    t->period_ms = period_ms;
    timers_set(&t->loop->timers, &t->node, clock_mono_ms() + delay_ms);
}

void loop_timer_after(struct loop_timer *t, int64_t delay_ms)
{
    start_timer(t, delay_ms, 0);
}

void loop_timer_every(struct loop_timer *t, int64_t period_ms)
{
    int64_t period = period_ms < 1 ? 1 : period_ms;
    start_timer(t, period, period);
}

void loop_timer_stop(struct loop_timer *t)
{
    timers_clear(&t->loop->timers, &t->node);
}

void loop_timer_free(struct loop_timer *t)
{
    if (t == NULL)
        return;
    loop_timer_stop(t);
    t->loop->timer_count--;
    free(t);
}

static struct loop_timer *first_timer(const struct loop *l)
{
    return (struct loop_timer *)(void *)timers_first(&l->timers);
}

/* Runs what was due when this began; what callbacks start anew waits for the next turn. */
static void run_timers(struct loop *l)
{
    int64_t now = clock_mono_ms();
    size_t most = l->timers.count;
    for (size_t i = 0; i < most; i++) {
        struct loop_timer *t = first_timer(l);
        if (t == NULL || t->node.due_ms > now)
            return;
        if (t->period_ms > 0)
            timers_set(&l->timers, &t->node, now + t->period_ms);
        else
            timers_clear(&l->timers, &t->node);
        t->fn(t->arg); /* may free t */
    }
}

static int wait_ms(const struct loop *l, int max_wait_ms)
{
    const struct loop_timer *t = first_timer(l);
    if (t == NULL)
        return max_wait_ms;
    int64_t left = t->node.due_ms - clock_mono_ms();
    if (left < 0)
        left = 0;
    if (left > INT32_MAX)
        left = INT32_MAX;
    return max_wait_ms >= 0 && left > max_wait_ms ? max_wait_ms : (int)left;
}

static void on_signal_fd(void *arg, unsigned events)
{
    struct loop *l = arg;
    struct signalfd_siginfo info;
    (void)events;
    while (read(l->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo < SIGNALS_MAX && l->signal_calls[info.ssi_signo].fn != NULL) {
            const struct signal_call *c = &l->signal_calls[info.ssi_signo];
            c->fn(c->arg, (int)info.ssi_signo);
        }
    }
}

enum err loop_on_signal(struct loop *l, int signo, loop_signal_fn fn, void *arg)
{
    if (signo < 1 || signo >= SIGNALS_MAX)
        return ERR_RANGE;
    sigaddset(&l->signals, signo);
    if (pthread_sigmask(SIG_BLOCK, &l->signals, NULL) != 0)
        return ERR_IO;
    int fd = signalfd(l->signal_fd, &l->signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return ERR_IO;
    l->signal_fd = fd;
    l->signal_calls[signo] = (struct signal_call){fn, arg};
    if (l->signal_watch != NULL)
        return ERR_OK;
    return loop_watch_fd(l, fd, LOOP_IN, on_signal_fd, l, &l->signal_watch);
}

enum err loop_prepare(struct loop *l, loop_prepare_fn fn, void *arg)
{
    for (size_t i = 0; i < PREPARES_MAX; i++) {
        if (l->prepares[i].fn == NULL) {
            l->prepares[i] = (struct prepare_call){fn, arg};
            return ERR_OK;
        }
    }
    return ERR_LIMIT;
}

void loop_unprepare(struct loop *l, loop_prepare_fn fn, void *arg)
{
    for (size_t i = 0; i < PREPARES_MAX; i++) {
        if (l->prepares[i].fn == fn && l->prepares[i].arg == arg)
            l->prepares[i] = (struct prepare_call){0};
    }
}

static bool run_prepares(struct loop *l)
{
    bool more = false;
    for (size_t i = 0; i < PREPARES_MAX; i++) {
        if (l->prepares[i].fn != NULL && l->prepares[i].fn(l->prepares[i].arg))
            more = true;
    }
    return more;
}

static void dispatch(const struct epoll_event *ev)
{
    const struct loop_watch *w = ev->data.ptr;
    unsigned events = 0;
    if (ev->events & (uint32_t)(EPOLLIN | EPOLLHUP | EPOLLERR))
        events |= LOOP_IN;
    if (ev->events & (uint32_t)EPOLLOUT)
        events |= LOOP_OUT;
    if (w->fn != NULL)
        w->fn(w->arg, events);
}

enum err loop_turn(struct loop *l, int max_wait_ms)
{
    struct epoll_event events[EVENTS_PER_TURN];
    int wait = run_prepares(l) || atomic_load(&l->quit) ? 0 : wait_ms(l, max_wait_ms);
    int n = epoll_wait(l->epoll_fd, events, EVENTS_PER_TURN, wait);
    if (n < 0 && errno != EINTR)
        return ERR_IO;
    for (int i = 0; i < n; i++)
        dispatch(&events[i]);
    run_timers(l);
    free_ended(l);
    return ERR_OK;
}

enum err loop_run(struct loop *l)
{
    enum err e = ERR_OK;
    while (e == ERR_OK && !atomic_load(&l->quit))
        e = loop_turn(l, -1);
    atomic_store(&l->quit, false);
    return e;
}

enum err loop_new(struct loop **out)
{
    struct loop *l = calloc(1, sizeof *l);
    if (l == NULL)
        return ERR_NOMEM;
    pthread_mutex_init(&l->lock, NULL);
    l->tasks_end = &l->tasks;
    sigemptyset(&l->signals);
    l->signal_fd = -1;
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    enum err e = ERR_IO;
    if (l->epoll_fd >= 0 && l->wake_fd >= 0)
        e = loop_watch_fd(l, l->wake_fd, LOOP_IN, on_wake, l, &l->wake_watch);
    if (e != ERR_OK) {
        loop_free(l);
        return e;
    }
    *out = l;
    return ERR_OK;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void loop_free(struct loop *l)
{
    if (l == NULL)
        return;
    loop_flush(l);
    loop_unwatch(l->wake_watch);
    loop_unwatch(l->signal_watch);
    free_ended(l);
    close_fd(l->signal_fd);
    close_fd(l->wake_fd);
    close_fd(l->epoll_fd);
    timers_free(&l->timers);
    pthread_mutex_destroy(&l->lock);
    free(l);
}
