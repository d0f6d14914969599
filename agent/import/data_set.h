/* What the store knows of each data set (one source, purpose and epoch), and of each chain of batches (one
 * purpose and epoch). */
#ifndef SLUIS_IMPORT_DATA_SET_H
#define SLUIS_IMPORT_DATA_SET_H

#include "agent/import/made_batch.h"
#include "agent/store/store.h"

/* The numbers of a data set, which is made where it is absent (in a writer job), or ERR_NOT_FOUND. All
 * epochs of one source and purpose have digests of one number, so that a record has the same key in each. */
struct data_set_id {
    struct name source;
    struct name purpose;
    uint32_t epoch;
};
struct data_set {
    uint32_t no;
    uint32_t hash_no;
};
enum err data_set_make(struct store *s, struct kv_txn *txn, const struct data_set_id *id,
                       struct data_set *out) MUST_CHECK;
enum err data_set_find(struct store *s, struct kv_txn *txn, const struct data_set_id *id,
                       struct data_set *out) MUST_CHECK;

/* Goes through all data sets, by source, purpose and epoch. after: NULL, or goes on strictly behind it.
 * ERR_NOT_FOUND at the end. */
enum err data_set_next(struct store *s, struct kv_txn *txn, const struct data_set_id *after,
                       struct data_set_id *id, struct data_set *out) MUST_CHECK;

/* Whether everything that the source had was once contributed in the epoch, and when. */
enum err data_set_complete(struct store *s, struct kv_txn *txn, const struct data_set_id *id,
                           int64_t *at_s) MUST_CHECK; /* ERR_NOT_FOUND: not yet */
enum err data_set_put_complete(struct store *s, struct kv_txn *txn, const struct data_set_id *id,
                               int64_t at_s) MUST_CHECK;

/* When this agency heard that the epoch ended; ERR_NOT_FOUND: it was not noted. */
enum err data_set_ended(struct store *s, struct kv_txn *txn, const struct data_set_id *id,
                        int64_t *at_s) MUST_CHECK;
enum err data_set_put_ended(struct store *s, struct kv_txn *txn, const struct data_set_id *id,
                            int64_t at_s) MUST_CHECK;

/* Since when nothing is left of it but what the source said and where that lies (effect_bare);
 * ERR_NOT_FOUND: it is whole. */
enum err data_set_bare(struct store *s, struct kv_txn *txn, const struct data_set_id *id,
                       int64_t *at_s) MUST_CHECK;
enum err data_set_put_bare(struct store *s, struct kv_txn *txn, const struct data_set_id *id,
                           int64_t at_s) MUST_CHECK;

/* In a writer job: nothing is left of it but these rows, which go; with the last one of its purpose and epoch
 * also the chain and what was counted. */
enum err data_set_forget(struct store *s, struct kv_txn *txn,
                         const struct data_set_id *id) MUST_CHECK;

/* The last header of a chain that the broker accepted; sequence 0 where there is none. */
struct chain_id {
    struct name purpose;
    uint32_t epoch;
};
enum err chain_head_get(struct store *s, struct kv_txn *txn, const struct chain_id *id,
                        struct chain_head *out) MUST_CHECK;
/* Goes through all chains. after: NULL, or goes on strictly behind it. ERR_NOT_FOUND at the end. */
enum err chain_head_next(struct store *s, struct kv_txn *txn, const struct chain_id *after, struct chain_id *id,
                         struct chain_head *out) MUST_CHECK;
enum err chain_head_put(struct store *s, struct kv_txn *txn, const struct chain_id *id,
                        const struct chain_head *head) MUST_CHECK;

/* Identifiers that were added in a purpose and epoch, by day. */
enum err additions_count(struct store *s, struct kv_txn *txn, const struct chain_id *id,
                         uint32_t from_day, uint64_t *out) MUST_CHECK;
enum err additions_add(struct store *s, struct kv_txn *txn, const struct chain_id *id,
                       uint32_t day, uint64_t count) MUST_CHECK;

#endif
