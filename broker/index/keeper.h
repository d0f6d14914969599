/* Keeps the index in the background, on the loop with writer jobs of the bulk class: writes the
 * runs of batches, merges, deletes what nobody reads any more, and once a day takes expired entries
 * and tombstones out for good. */
#ifndef SLUIS_BROKER_INDEX_KEEPER_H
#define SLUIS_BROKER_INDEX_KEEPER_H

#include "broker/index/fresh.h"

struct clock;
struct keeper;
struct loop;
struct writer;

/* Store thread, in the transaction that takes expired entries out: notes it in the audit log. An
 * error keeps them. */
typedef enum err (*keeper_expired_fn)(void *arg, struct kv_txn *txn, const struct list_id *list,
                                      uint64_t count, int64_t now_s);
/* Loop thread: what came of a writer job. */
typedef void (*keeper_saw_fn)(void *arg, enum err result);

struct keeper_params {
    struct index *index;
    struct writer *writer;
    struct loop *loop;
    const struct clock *clock;
    keeper_expired_fn expired; /* may be NULL, as the next */
    keeper_saw_fn saw;
    void *arg;
};

/* Discards what an interrupted run or merge left, and starts. Loop thread, at start: nobody else
 * may write runs. ERR_NOMEM, ERR_IO, ERR_NO_SPACE. */
enum err keeper_new(const struct keeper_params *p, struct keeper **out) MUST_CHECK;
/* Writes that wait are dropped. The writer has drained. keeper_free(NULL) is a no-op. */
void keeper_free(struct keeper *k);
DEFINE_CLEANUP(struct keeper, keeper_free)

/* Loop thread: writes a run in slices, one run after another; done(result, arg) follows once. f
 * stays the caller's and must live until then. */
struct keeper_write {
    struct fresh *f;
    void (*done)(enum err result, void *arg);
    void *arg;
    struct keeper_write *next; /* the keeper's */
};
void keeper_write(struct keeper *k, struct keeper_write *w);

/* Loop thread: dooms what was written of a batch that is not accepted. */
void keeper_discard(struct keeper *k, const struct fresh *f);

/* Loop thread: looks whether there is something to merge or delete. Call after runs were listed. */
void keeper_kick(struct keeper *k);

/* Whether nothing is under way. Loop thread. */
bool keeper_is_idle(const struct keeper *k);

#endif
