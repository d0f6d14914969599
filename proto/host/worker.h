/* A small pool for closed, CPU-heavy jobs: a job sees only its argument; state stays on the loop.
 */
#ifndef SLUIS_HOST_WORKER_H
#define SLUIS_HOST_WORKER_H

#include <stddef.h>

#include "proto/base/attr.h"
#include "proto/base/err.h"

struct loop;
struct worker;

typedef enum err (*worker_job_fn)(void *arg);               /* on a worker thread */
typedef void (*worker_done_fn)(enum err result, void *arg); /* on the loop thread */

/* threads: 1 to 64, or 0 for one less than the processors (at least one).
 * max_queued: jobs that wait or run at once. ERR_NOMEM, ERR_IO, ERR_RANGE. */
enum err worker_new(struct loop *l, unsigned threads, size_t max_queued,
                    struct worker **out) MUST_CHECK;

/* Loop thread: waits until every accepted job has run and its done function was called, then
 * frees. worker_free(NULL) is a no-op. */
void worker_free(struct worker *w);
DEFINE_CLEANUP(struct worker, worker_free)

/* Loop thread: runs job(arg) on the pool, then done(result, arg) on the loop, once each. Jobs start
 * in order; several run at once. ERR_AGAIN: queue full, nothing was taken. ERR_CLOSED: the
 * pool stops, or is gone (NULL), while the store still ends what it took. ERR_NOMEM. */
enum err worker_submit(struct worker *w, worker_job_fn job, worker_done_fn done,
                       void *arg) MUST_CHECK;

/* Jobs accepted whose done function has not run yet. Loop thread. */
size_t worker_pending(const struct worker *w);

#endif
