/* The store thread: it alone writes. A job does its effect, audit entry and stored reply on one
 * transaction; several queued jobs share one commit; the loop hears of it after the commit.
 * See docs/decisions/0601-store-thread-runs-jobs.md. */
#ifndef SLUIS_HOST_WRITER_H
#define SLUIS_HOST_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/attr.h"
#include "proto/base/err.h"

struct kv;
struct kv_txn;
struct loop;
struct writer;

enum writer_class {
    WRITER_INTERACTIVE = 1, /* someone waits: runs first */
    WRITER_BULK,            /* a slice of an import, merge or expiry; keep one slice under 20 ms */
};

enum writer_state {
    WRITER_OPEN = 1,
    WRITER_NO_SPACE, /* the last commit did not fit; ends with the next that does */
    WRITER_FAILED,   /* the last commit failed otherwise */
    WRITER_STOPPED,
};

/* On the store thread, once. Any result but ERR_OK undoes this job's writes and no other's; ERR_OK
 * is not yet durable: what the job leaves in arg counts only once done_fn hears ERR_OK. It never
 * waits, never submits and never touches loop state. */
typedef enum err (*writer_job_fn)(struct kv_txn *txn, void *arg);
/* On the loop thread, after the commit: ERR_OK means durable. */
typedef void (*writer_done_fn)(enum err result, void *arg);

struct writer_params {
    struct kv *kv;
    struct loop *loop;
    size_t max_queued; /* jobs accepted and not yet done, for each class; 0: 4096 */
    size_t max_group;  /* jobs in one commit; 0: 256 */
    int64_t group_ms;  /* a commit takes no further job once it is this old; 0: 20 */
};

struct writer_stats {
    uint64_t commits;
    uint64_t jobs_ok;
    uint64_t jobs_failed;
    uint64_t largest_group;
};

/* Starts the thread. ERR_NOMEM, ERR_IO. kv and loop must outlive it. */
enum err writer_new(const struct writer_params *p, struct writer **out) MUST_CHECK;

/* Loop thread: takes no more jobs, runs all that were accepted, calls their done functions, joins
 * the thread and frees. writer_free(NULL) is a no-op. */
void writer_free(struct writer *w);
DEFINE_CLEANUP(struct writer, writer_free)

/* Loop thread: queues job(txn, arg); done(result, arg) follows exactly once on the loop thread.
 * Jobs of one class run in order of submission. done may be NULL. ERR_AGAIN: queue full (close the
 * credit window); ERR_CLOSED: stopping; ERR_NOMEM. On an error nothing was taken. */
enum err writer_submit(struct writer *w, enum writer_class class, writer_job_fn job,
                       writer_done_fn done, void *arg) MUST_CHECK;

/* Submits and waits for the commit on the calling (loop) thread, without turning the loop. For
 * start and shutdown only. Returns the job's result. */
enum err writer_run(struct writer *w, writer_job_fn job, void *arg) MUST_CHECK;

/* Any thread. After WRITER_NO_SPACE jobs still run, each failing cleanly or proving that there is
 * space again; a daemon that closed its gate submits a small one now and then. */
enum writer_state writer_state(const struct writer *w);
/* How often a commit did not fit: who looks now and then misses none, though a small one fitted since. */
unsigned writer_times_full(const struct writer *w);

/* Monotonic time at which the thread last showed life: at least once a second while it is well,
 * also when idle. For the service watchdog. Any thread. */
int64_t writer_heartbeat_ms(const struct writer *w);

/* True where an interactive job waits: a long bulk job may look and end its slice early. Any
 * thread. */
bool writer_is_interactive_waiting(const struct writer *w);

/* Jobs of a class accepted and not yet done. Loop thread. */
size_t writer_pending(const struct writer *w, enum writer_class class);

/* Counts since the start. Any thread. */
void writer_stats(struct writer *w, struct writer_stats *out);

#endif
