/* Runs: immutable sorted sequences of entries, stored as blocks under the key (number, last entry
 * of the block). A run is written in slices, unseen, and then listed (catalogue.h) or discarded.
 * Store thread, in a writer job, unless said. */
#ifndef SLUIS_BROKER_INDEX_RUN_H
#define SLUIS_BROKER_INDEX_RUN_H

#include "broker/index/entry.h"
#include "broker/index/index.h"

struct kv_iter;

/* Each lane is a table of its own in which one run at a time is written, so that its blocks are
 * appended and fill their pages. */
enum run_lane {
    RUN_FRESH = 1, /* of one batch */
    RUN_MERGED,
};

struct run_id {
    enum run_lane lane;
    uint32_t number; /* rises within the lane */
};

enum run_state {
    RUN_WRITING = 1,
    RUN_LISTED,
    RUN_DOOMED, /* to be deleted */
};

static inline bool run_id_equal(struct run_id a, struct run_id b)
{
    return a.lane == b.lane && a.number == b.number;
}

/* A fresh number in a lane, as a run that is being written. ERR_LIMIT: no number left. */
enum err run_create(struct index *ix, struct kv_txn *txn, enum run_lane lane,
                    struct run_id *out) MUST_CHECK;

/* Appends sorted packed entries behind all that the run has. Every call but the last of a run takes
 * a multiple of BLOCK_ENTRIES. ERR_STATE: the run is not being written; ERR_EXISTS: out of order.
 */
enum err run_append(struct index *ix, struct kv_txn *txn, struct run_id run, const uint8_t *packed,
                    size_t count) MUST_CHECK;

/* The state of a run. Any transaction. ERR_NOT_FOUND. */
enum err run_get_state(struct index *ix, struct kv_txn *txn, struct run_id run,
                       enum run_state *out) MUST_CHECK;
enum err run_set_state(struct index *ix, struct kv_txn *txn, struct run_id run,
                       enum run_state state) MUST_CHECK;

/* Dooms every run that is still being written: at start, when nobody writes. */
enum err run_doom_unfinished(struct index *ix, struct kv_txn *txn) MUST_CHECK;

/* Deletes at most max_blocks blocks of doomed runs, and the rows of runs that have none left.
 * *more: there is more to delete. */
enum err run_purge(struct index *ix, struct kv_txn *txn, size_t max_blocks, bool *more) MUST_CHECK;

/* Reads a run in order. Views of the transaction; any transaction, without writes in between.
 * Several cursors of one lane share its iterator (run_iters). */
struct run_iters {
    struct kv_iter *lane[RUN_MERGED + 1];
};
enum err run_iters_open(struct index *ix, struct kv_txn *txn, struct run_iters *out) MUST_CHECK;
void run_iters_close(struct run_iters *it);

struct run_cursor {
    struct run_id run;
    struct block block;
    size_t at; /* in the block; at the end of the run both are 0 */
};

/* Goes to the first entry at or behind key (up to ENTRY_KEY_BYTES; empty: the first). */
enum err run_seek(struct run_iters *it, struct run_id run, struct bytes key,
                  struct run_cursor *out) MUST_CHECK;
/* The entry under the cursor, or NULL at the end. */
const uint8_t *run_entry(const struct run_cursor *c);
enum err run_next(struct run_iters *it, struct run_cursor *c) MUST_CHECK;

#endif
