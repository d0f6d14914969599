/* Merging: several runs that stand one behind the other in a list become one. Of each key the
 * newest entry stays. Only where the oldest run of the published list takes part (bottom),
 * tombstones and expired entries go: what they hide is then gone too. Store thread, one merge at a
 * time. */
#ifndef SLUIS_BROKER_INDEX_MERGE_H
#define SLUIS_BROKER_INDEX_MERGE_H

#include "broker/index/catalogue.h"

#define MERGE_FAN_IN 16
#define MERGE_MAX_INPUTS 64 /* when everything is gathered into one */
#define MERGE_MANY_RUNS 48  /* beyond this, runs of unequal size merge too */
#define MERGE_SLICE_BLOCKS 256

struct merge {
    struct list_id list;
    struct run_id inputs[MERGE_MAX_INPUTS];
    size_t count;
    bool bottom;
    uint32_t today;
    struct listed output;
    uint64_t expired; /* live entries that went because their day had come */
    bool resumes;     /* resume holds the last key that was read */
    bool at_end;
    uint8_t resume[ENTRY_KEY_BYTES];
    uint8_t *packed; /* a slice of the output and what is left of a block; owned */
    size_t packed_count;
};

/* Chooses runs of similar size to merge in any list and starts. ERR_NOT_FOUND: nothing to do. */
enum err merge_plan(struct index *ix, struct kv_txn *txn, uint32_t today,
                    struct merge *out) MUST_CHECK;

/* Starts gathering all runs of the first published list behind *after (NULL: from the first) that
 * holds expired entries or tombstones. ERR_NOT_FOUND: none does. */
enum err merge_plan_expiry(struct index *ix, struct kv_txn *txn, uint32_t today,
                           const struct list_id *after, struct merge *out) MUST_CHECK;

/* Merges on for at most budget_ms, or one slice. m->at_end: only merge_finish is left. ERR_STATE:
 * an input is gone; abandon. After another error the job's writes are undone and m is of no use. */
enum err merge_slice(struct index *ix, struct kv_txn *txn, struct merge *m,
                     int64_t budget_ms) MUST_CHECK;

/* Puts the output in the place of the inputs. ERR_STATE as above. */
enum err merge_finish(struct index *ix, struct kv_txn *txn, struct merge *m) MUST_CHECK;

/* Dooms the output of a merge that will not end. */
enum err merge_abandon(struct index *ix, struct kv_txn *txn, const struct merge *m) MUST_CHECK;

/* Releases what m owns. */
void merge_clear(struct merge *m);

#endif
