/* What is counted of a contributor in a purpose and epoch: live records by the day on which they
 * expire, identifiers added by day, and what its records cover. A full import counts apart until it
 * ends. No row names a subject. */
#ifndef SLUIS_BROKER_INDEX_TALLY_H
#define SLUIS_BROKER_INDEX_TALLY_H

#include "broker/index/index.h"

struct tally_scope {
    struct name purpose;
    uint32_t epoch;
    uint16_t agency;
    bool pending; /* of a full import that has not ended */
};

/* Store thread. Records that came (or, below zero, were withdrawn) and expire on that day. */
enum err tally_records(struct index *ix, struct kv_txn *txn, const struct tally_scope *s,
                       uint32_t expires_day, int64_t change) MUST_CHECK;

/* A category, a type, that records cover until that day. */
enum err tally_category(struct index *ix, struct kv_txn *txn, const struct tally_scope *s,
                        const struct name *category, uint32_t until_day) MUST_CHECK;
enum err tally_type(struct index *ix, struct kv_txn *txn, const struct tally_scope *s,
                    enum ident_type type, uint32_t until_day) MUST_CHECK;

/* Identifiers added on a day; counted at once, whether the import ends or not. */
enum err tally_addition(struct index *ix, struct kv_txn *txn, const struct tally_scope *s,
                        uint32_t day, uint64_t count) MUST_CHECK;

/* Live records today; pending: those that the import will add, less those it will take away. Any
 * transaction, as the next two. */
enum err tally_stock(struct index *ix, struct kv_txn *txn, const struct tally_scope *s,
                     uint32_t today, int64_t *out) MUST_CHECK;
/* Identifiers added from that day on. */
enum err tally_additions(struct index *ix, struct kv_txn *txn, const struct tally_scope *s,
                         uint32_t from_day, int64_t *out) MUST_CHECK;
/* Categories and types of index_coverage. */
enum err tally_coverage(struct index *ix, struct kv_txn *txn, const struct tally_scope *s,
                        uint32_t today, struct arena *a, struct index_coverage *out) MUST_CHECK;

/* Store thread: everything of a scope, published or pending, of an epoch that is destroyed. */
enum err tally_erase(struct index *ix, struct kv_txn *txn, const struct tally_scope *s) MUST_CHECK;

/* Store thread: the import ended (its counts join the published ones), or will never end. */
enum err tally_publish(struct index *ix, struct kv_txn *txn,
                       const struct tally_scope *pending) MUST_CHECK;
enum err tally_drop(struct index *ix, struct kv_txn *txn,
                    const struct tally_scope *pending) MUST_CHECK;

#endif
