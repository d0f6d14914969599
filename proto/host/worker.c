#include "proto/host/worker.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "proto/host/loop.h"

#define THREADS_MAX 64

struct job {
    struct loop_task done_task;
    struct worker *worker;
    worker_job_fn run;
    worker_done_fn done;
    void *arg;
    enum err result;
    struct job *next;
};

struct worker {
    struct loop *loop;
    size_t max_queued;
    size_t pending; /* loop thread */
    unsigned threads;
    pthread_t ids[THREADS_MAX];
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t more;
    struct job *first;
    struct job **end;
    bool stopping;
};

/* The next job; NULL where the pool stops and none is left. */
static struct job *next_job(struct worker *w)
{
    pthread_mutex_lock(&w->lock);
    while (w->first == NULL && !w->stopping)
        pthread_cond_wait(&w->more, &w->lock);
    struct job *j = w->first;
    if (j != NULL) {
        w->first = j->next;
        if (w->first == NULL)
            w->end = &w->first;
    }
    pthread_mutex_unlock(&w->lock);
    return j;
}

static void *thread_main(void *arg)
{
    struct worker *w = arg;
    for (struct job *j = next_job(w); j != NULL; j = next_job(w)) {
        j->result = j->run(j->arg);
        loop_post_task(w->loop, &j->done_task);
    }
    return NULL;
}

static void finish(void *arg)
{
    struct job *j = arg;
    j->worker->pending--;
    j->done(j->result, j->arg);
    free(j);
}

static unsigned default_threads(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    if (cpus < 2)
        return 1;
    return cpus > THREADS_MAX ? THREADS_MAX : (unsigned)(cpus - 1);
}

enum err worker_new(struct loop *l, unsigned threads, size_t max_queued, struct worker **out)
{
    if (threads > THREADS_MAX || max_queued == 0)
        return ERR_RANGE;
    struct worker *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_NOMEM;
    w->loop = l;
    w->max_queued = max_queued;
    w->end = &w->first;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->more, NULL);
    unsigned want = threads == 0 ? default_threads() : threads;
    while (w->threads < want) {
        if (pthread_create(&w->ids[w->threads], NULL, thread_main, w) != 0) {
            worker_free(w);
            return ERR_IO;
        }
        w->threads++;
    }
    *out = w;
    return ERR_OK;
}

void worker_free(struct worker *w)
{
    if (w == NULL)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_broadcast(&w->more);
    pthread_mutex_unlock(&w->lock);
    for (unsigned i = 0; i < w->threads; i++)
        pthread_join(w->ids[i], NULL);
    loop_flush(w->loop);
    pthread_cond_destroy(&w->more);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

enum err worker_submit(struct worker *w, worker_job_fn job, worker_done_fn done, void *arg)
{
    if (w == NULL)
        return ERR_CLOSED;
    if (w->pending >= w->max_queued)
        return ERR_AGAIN;
    struct job *j = malloc(sizeof *j);
    if (j == NULL)
        return ERR_NOMEM;
    *j = (struct job){.worker = w, .run = job, .done = done, .arg = arg};
    j->done_task = (struct loop_task){.fn = finish, .arg = j};
    pthread_mutex_lock(&w->lock);
    bool taken = !w->stopping;
    if (taken) {
        *w->end = j;
        w->end = &j->next;
        pthread_cond_signal(&w->more);
    }
    pthread_mutex_unlock(&w->lock);
    if (!taken) {
        free(j);
        return ERR_CLOSED;
    }
    w->pending++;
    return ERR_OK;
}

size_t worker_pending(const struct worker *w)
{
    return w->pending;
}
