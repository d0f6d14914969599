/* When the body of each entry is erased, and how far the entries have got such a time. */
#ifndef SLUIS_BROKER_STORE_LOG_DUE_H
#define SLUIS_BROKER_STORE_LOG_DUE_H

#include "broker/store/store.h"
#include "proto/base/hash.h"

/* Entries before this index have their time; 0 at first. ERR_INVALID: damaged. */
enum err log_dated(struct store *s, struct kv_txn *txn, uint64_t *out) MUST_CHECK;
enum err log_put_dated(struct store *s, struct kv_txn *txn, uint64_t index) MUST_CHECK;

/* Notes that the body of entry is erased at due_s. */
enum err log_put_due(struct store *s, struct kv_txn *txn, int64_t due_s,
                     const struct digest *entry) MUST_CHECK;

/* In a writer job: erases, key first, at most max bodies whose time has come at now_s. */
enum err log_erase_due(struct store *s, struct kv_txn *txn, int64_t now_s, size_t max,
                       size_t *erased) MUST_CHECK;

#endif
