/* Batches as their contributor signed them: the chain of each (agency, purpose, epoch), and the
 * header of every batch with the broker's promise for it. */
#ifndef SLUIS_BROKER_INDEX_CHAIN_H
#define SLUIS_BROKER_INDEX_CHAIN_H

#include "broker/index/index.h"
#include "proto/msg/batch.h"

struct chain_id {
    struct name purpose;
    uint32_t epoch;
    uint16_t agency;
};

struct chain {
    uint64_t sequence;          /* of the last batch; 0: none */
    struct digest last;         /* of its header */
    bool is_importing;          /* a full import is under way */
    struct import_id import;    /* which */
    int64_t last_full_import_s; /* when one last ended; 0: never */
    uint64_t awaited; /* up to this sequence its agency sends again what a restored store lacks (decision 0416) */
};

#define CHAIN_UNHEARD UINT64_MAX /* awaited: its agency has not said yet how far it was */

/* Whether batches are lacking: none of its records answers then. */
static inline bool chain_is_awaited(const struct chain *c)
{
    return c->awaited > c->sequence;
}

/* All zero where nothing came yet. Any transaction. ERR_INVALID: damaged. */
enum err chain_get(struct index *ix, struct kv_txn *txn, const struct chain_id *id,
                   struct chain *out) MUST_CHECK;
enum err chain_put(struct index *ix, struct kv_txn *txn, const struct chain_id *id,
                   const struct chain *c) MUST_CHECK;

/* The first chain of all, by agency, purpose and epoch (after NULL), or the one behind. ERR_NOT_FOUND: none; ERR_INVALID.
 * Any transaction; a row may be written between two calls. */
enum err chain_next(struct index *ix, struct kv_txn *txn, const struct chain_id *after, struct chain_id *id,
                    struct chain *out) MUST_CHECK;

/* Keeps a batch by its id. Store thread. ERR_EXISTS, ERR_TOO_LARGE. */
enum err chain_keep_batch(struct index *ix, struct kv_txn *txn, const struct batch_id *id,
                          const struct index_batch *b) MUST_CHECK;

/* Of an epoch that is destroyed: the first agencies that have a chain in its purpose and epoch, by number;
 * as many as fit: there may be more. Store thread. */
#define CHAIN_AGENCIES_MAX 16
struct chain_agencies {
    uint16_t v[CHAIN_AGENCIES_MAX];
    size_t count;
};
enum err chain_agencies(struct index *ix, struct kv_txn *txn, const struct chain_id *of,
                        struct chain_agencies *out) MUST_CHECK;
enum err chain_erase(struct index *ix, struct kv_txn *txn, const struct chain_id *id) MUST_CHECK;

#endif
