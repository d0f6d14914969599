#include "proto/host/writer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "proto/host/clock.h"
#include "proto/host/crash.h"
#include "proto/host/kv_write.h"
#include "proto/host/loop.h"

#define QUEUED_DEFAULT 4096u
#define GROUP_DEFAULT 256u
#define GROUP_MS_DEFAULT 20
#define BULK_STARVED_MS 200 /* then one slice goes before waiting interactive jobs */
#define IDLE_BEAT_MS 1000
#define CLASSES 3 /* index: enum writer_class */

struct job {
    struct loop_task done_task;
    struct writer *writer;
    enum writer_class class;
    writer_job_fn run;
    writer_done_fn done;
    void *arg;
    enum err result;
    bool waited_for; /* writer_run waits: no done function */
    bool finished;   /* for writer_run, under the lock */
    struct job *next;
};

struct queue {
    struct job *first;
    struct job **end;
};

struct writer {
    struct kv *kv;
    struct loop *loop;
    size_t max_queued;
    size_t max_group;
    int64_t group_ms;
    size_t pending[CLASSES]; /* loop thread */
    pthread_t thread;
    atomic_int state;
    atomic_uint times_full;
    atomic_llong heartbeat_ms;
    atomic_size_t interactive_waiting;
    int64_t last_bulk_ms; /* store thread */
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t more;
    pthread_cond_t finished;
    struct queue queues[CLASSES];
    struct writer_stats stats;
    bool stopping;
};

/* What shares one commit: the jobs that ran, in order. */
struct group {
    struct kv_txn *txn;
    struct queue ran;
    size_t count;
    bool has_interactive;
    bool out_of_space;
    int64_t started_ms;
};

static void beat(struct writer *w)
{
    atomic_store(&w->heartbeat_ms, clock_mono_ms());
}

static void push(struct queue *q, struct job *j)
{
    *q->end = j;
    q->end = &j->next;
}

static struct job *pop(struct queue *q)
{
    struct job *j = q->first;
    q->first = j->next;
    if (q->first == NULL)
        q->end = &q->first;
    j->next = NULL;
    return j;
}

/* Which class the group takes next; 0: none. Interactive first, and no bulk behind it, so that it
 * waits for one slice at most; a bulk slice that starves goes first in a group of its own making.
 */
static int choose(const struct writer *w, const struct group *g)
{
    bool interactive = w->queues[WRITER_INTERACTIVE].first != NULL;
    bool bulk = w->queues[WRITER_BULK].first != NULL;
    int64_t now = clock_mono_ms();
    if (g->count >= w->max_group || (g->count > 0 && now - g->started_ms >= w->group_ms))
        return 0;
    if (bulk && g->count == 0 && now - w->last_bulk_ms >= BULK_STARVED_MS)
        return WRITER_BULK;
    if (interactive)
        return WRITER_INTERACTIVE;
    return bulk && !g->has_interactive ? WRITER_BULK : 0;
}

/* Under the lock. */
static struct job *take_job(struct writer *w, struct group *g)
{
    int class = choose(w, g);
    if (class == 0)
        return NULL;
    struct job *j = pop(&w->queues[class]);
    if (class == WRITER_INTERACTIVE) {
        g->has_interactive = true;
        atomic_fetch_sub(&w->interactive_waiting, 1);
    }
    return j;
}

static struct job *take_next(struct writer *w, struct group *g)
{
    pthread_mutex_lock(&w->lock);
    struct job *j = take_job(w, g);
    pthread_mutex_unlock(&w->lock);
    return j;
}

static void deadline_in(struct timespec *ts, int64_t ms)
{
    int64_t ns = clock_mono_ns() + ms * 1000000;
    *ts = (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
}

/* Waits for the first job of a group, with a sign of life each second; NULL: stop. */
static struct job *wait_first(struct writer *w, struct group *g)
{
    pthread_mutex_lock(&w->lock);
    struct job *j = take_job(w, g);
    while (j == NULL && !w->stopping) {
        struct timespec until;
        deadline_in(&until, IDLE_BEAT_MS);
        pthread_cond_timedwait(&w->more, &w->lock, &until);
        beat(w);
        j = take_job(w, g);
    }
    pthread_mutex_unlock(&w->lock);
    return j;
}

static void note_result(struct writer *w, struct group *g, struct job *j)
{
    push(&g->ran, j);
    g->count++;
    if (j->result == ERR_NO_SPACE)
        g->out_of_space = true;
    if (j->class == WRITER_BULK)
        w->last_bulk_ms = clock_mono_ms();
    beat(w);
}

/* A job inside a transaction of its own, so that its failure leaves the group alone. */
static enum err run_child(struct kv_txn *parent, struct job *j)
{
    struct kv_txn *child = NULL;
    enum err e = kv_write_child(parent, &child);
    if (e != ERR_OK)
        return e;
    e = j->run(child, j->arg);
    if (e == ERR_OK)
        return kv_write_commit(child);
    kv_write_abort(child);
    return e;
}

/* The first job works on the group's transaction itself: alone it needs no child, and where it
 * fails the group ends with it. False: the transaction is gone. */
static bool run_first(struct writer *w, struct group *g, struct job *j)
{
    j->result = kv_write_begin(w->kv, &g->txn);
    if (j->result == ERR_OK) {
        j->result = j->run(g->txn, j->arg);
        if (j->result != ERR_OK)
            kv_write_abort(take(g->txn));
    }
    note_result(w, g, j);
    return g->txn != NULL;
}

static void run_rest(struct writer *w, struct group *g)
{
    for (struct job *j = take_next(w, g); j != NULL; j = take_next(w, g)) {
        j->result = run_child(g->txn, j);
        note_result(w, g, j);
    }
}

static void note_full(struct writer *w)
{
    atomic_store(&w->state, WRITER_NO_SPACE);
    atomic_fetch_add(&w->times_full, 1);
}

static void commit_group(struct writer *w, struct group *g)
{
    crash_point("before_commit");
    enum err e = kv_write_commit(take(g->txn));
    crash_point("after_commit");
    for (struct job *j = g->ran.first; j != NULL && e != ERR_OK; j = j->next) {
        if (j->result == ERR_OK)
            j->result = e;
    }
    if (e == ERR_NO_SPACE)
        g->out_of_space = true;
    if (e != ERR_OK && e != ERR_NO_SPACE)
        atomic_store(&w->state, WRITER_FAILED);
    else if (g->out_of_space)
        note_full(w);
    else
        atomic_store(&w->state, WRITER_OPEN);
}

static void finish(void *arg)
{
    struct job *j = arg;
    j->writer->pending[j->class]--;
    if (j->done != NULL)
        j->done(j->result, j->arg);
    free(j);
}

static void count_group(struct writer *w, const struct group *g, bool committed)
{
    pthread_mutex_lock(&w->lock);
    w->stats.commits += committed ? 1 : 0;
    for (const struct job *j = g->ran.first; j != NULL; j = j->next) {
        w->stats.jobs_ok += j->result == ERR_OK ? 1 : 0;
        w->stats.jobs_failed += j->result != ERR_OK ? 1 : 0;
    }
    if (g->count > w->stats.largest_group)
        w->stats.largest_group = g->count;
    pthread_mutex_unlock(&w->lock);
}

static void report(struct writer *w, struct group *g)
{
    while (g->ran.first != NULL) {
        struct job *j = g->ran.first;
        g->ran.first = j->next;
        if (!j->waited_for) {
            loop_post_task(w->loop, &j->done_task);
            continue;
        }
        pthread_mutex_lock(&w->lock);
        j->finished = true;
        pthread_cond_broadcast(&w->finished);
        pthread_mutex_unlock(&w->lock);
    }
}

static void run_group(struct writer *w, struct group *g, struct job *first)
{
    g->started_ms = clock_mono_ms();
    bool open = run_first(w, g, first);
    if (open) {
        run_rest(w, g);
        commit_group(w, g);
    } else if (g->out_of_space) {
        note_full(w);
    }
    count_group(w, g, open);
    report(w, g);
    beat(w);
}

static void *thread_main(void *arg)
{
    struct writer *w = arg;
    for (;;) {
        struct group g = {0};
        g.ran.end = &g.ran.first;
        struct job *first = wait_first(w, &g);
        if (first == NULL)
            break;
        run_group(w, &g, first);
    }
    atomic_store(&w->state, WRITER_STOPPED);
    return NULL;
}

static void init_locks(struct writer *w)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->more, &attr);
    pthread_cond_init(&w->finished, NULL);
    pthread_condattr_destroy(&attr);
}

static void destroy(struct writer *w)
{
    pthread_cond_destroy(&w->finished);
    pthread_cond_destroy(&w->more);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

enum err writer_new(const struct writer_params *p, struct writer **out)
{
    struct writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_NOMEM;
    w->kv = p->kv;
    w->loop = p->loop;
    w->max_queued = p->max_queued != 0 ? p->max_queued : QUEUED_DEFAULT;
    w->max_group = p->max_group != 0 ? p->max_group : GROUP_DEFAULT;
    w->group_ms = p->group_ms != 0 ? p->group_ms : GROUP_MS_DEFAULT;
    w->last_bulk_ms = clock_mono_ms();
    for (size_t i = 0; i < CLASSES; i++)
        w->queues[i].end = &w->queues[i].first;
    atomic_store(&w->state, WRITER_OPEN);
    beat(w);
    init_locks(w);
    if (pthread_create(&w->thread, NULL, thread_main, w) != 0) {
        destroy(w);
        return ERR_IO;
    }
    *out = w;
    return ERR_OK;
}

void writer_free(struct writer *w)
{
    if (w == NULL)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->more);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    loop_flush(w->loop);
    destroy(w);
}

/* Puts j into its queue; ERR_CLOSED once the writer stops. */
static enum err enqueue(struct writer *w, struct job *j)
{
    pthread_mutex_lock(&w->lock);
    bool stopping = w->stopping;
    if (!stopping) {
        push(&w->queues[j->class], j);
        if (j->class == WRITER_INTERACTIVE)
            atomic_fetch_add(&w->interactive_waiting, 1);
        pthread_cond_signal(&w->more);
    }
    pthread_mutex_unlock(&w->lock);
    return stopping ? ERR_CLOSED : ERR_OK;
}

enum err writer_submit(struct writer *w, enum writer_class class, writer_job_fn job,
                       writer_done_fn done, void *arg)
{
    if (w->pending[class] >= w->max_queued)
        return ERR_AGAIN;
    struct job *j = malloc(sizeof *j);
    if (j == NULL)
        return ERR_NOMEM;
    *j = (struct job){.writer = w, .class = class, .run = job, .done = done, .arg = arg};
    j->done_task = (struct loop_task){.fn = finish, .arg = j};
    enum err e = enqueue(w, j);
    if (e != ERR_OK) {
        free(j);
        return e;
    }
    w->pending[class]++;
    return ERR_OK;
}

enum err writer_run(struct writer *w, writer_job_fn job, void *arg)
{
    struct job j = {.class = WRITER_INTERACTIVE, .run = job, .arg = arg, .waited_for = true};
    enum err e = enqueue(w, &j);
    if (e != ERR_OK)
        return e;
    pthread_mutex_lock(&w->lock);
    while (!j.finished)
        pthread_cond_wait(&w->finished, &w->lock);
    pthread_mutex_unlock(&w->lock);
    return j.result;
}

enum writer_state writer_state(const struct writer *w)
{
    return (enum writer_state)atomic_load(&w->state);
}

unsigned writer_times_full(const struct writer *w)
{
    return atomic_load(&w->times_full);
}

int64_t writer_heartbeat_ms(const struct writer *w)
{
    return atomic_load(&w->heartbeat_ms);
}

bool writer_is_interactive_waiting(const struct writer *w)
{
    return atomic_load(&w->interactive_waiting) > 0;
}

size_t writer_pending(const struct writer *w, enum writer_class class)
{
    return w->pending[class];
}

void writer_stats(struct writer *w, struct writer_stats *out)
{
    pthread_mutex_lock(&w->lock);
    *out = w->stats;
    pthread_mutex_unlock(&w->lock);
}
