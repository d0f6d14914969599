/* One batch on its way into a run: its sorted entries get their numbers and are written, unseen, a
 * slice at a time. Store thread. */
#ifndef SLUIS_BROKER_INDEX_FRESH_H
#define SLUIS_BROKER_INDEX_FRESH_H

#include "broker/index/catalogue.h"

#define FRESH_SLICE_BLOCKS 256

struct fresh {
    struct agency_id agency;
    struct batch_id batch;
    uint8_t *packed; /* sorted entries, agency and batch still zero; the caller's */
    size_t count;    /* at least 1 */
    /* Found out on the way. */
    uint16_t agency_number;
    uint32_t batch_number;
    size_t written;
    struct listed row; /* for list_add once written == count */
};

/* Writes the next slice; f->written tells how far it is. After an error the job's writes are undone
 * and f is of no use but for fresh_discard. ERR_INVALID: count 0. */
enum err fresh_slice(struct index *ix, struct kv_txn *txn, struct fresh *f) MUST_CHECK;

/* Dooms what was written, where anything was: the batch is not accepted. */
enum err fresh_discard(struct index *ix, struct kv_txn *txn, const struct fresh *f) MUST_CHECK;

#endif
