/* When the body of each entry is erased, and how far the entries have got such a time. */
#ifndef SLUIS_BROKER_STORE_LOG_DUE_H
#define SLUIS_BROKER_STORE_LOG_DUE_H

#include "broker/store/log_index.h"
#include "proto/base/hash.h"

/* Entries before this index have their time; 0 at first. ERR_INVALID: damaged. */
enum err log_dated(struct store *s, struct kv_txn *txn, uint64_t *out) MUST_CHECK;
enum err log_put_dated(struct store *s, struct kv_txn *txn, uint64_t index) MUST_CHECK;

/* Notes that the body of entry, and its places on these lists of log_index, are erased at due_s. */
struct log_due_row {
    int64_t due_s;
    const struct digest *entry;
    uint64_t index;
    const struct log_terms *terms;
};
enum err log_put_due(struct store *s, struct kv_txn *txn, const struct log_due_row *row) MUST_CHECK;

/* In a writer job: erases, key first, at most max bodies whose time has come at now_s, and where they stand in log_index. */
enum err log_erase_due(struct store *s, struct kv_txn *txn, int64_t now_s, size_t max,
                       size_t *erased) MUST_CHECK;

#endif
