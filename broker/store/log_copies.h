/* How far bodies are in the auditors' copy, for whom its keys are sealed, and those keys, so that they can be sealed anew. */
#ifndef SLUIS_BROKER_STORE_LOG_COPIES_H
#define SLUIS_BROKER_STORE_LOG_COPIES_H

#include "broker/store/copy_missed.h"
#include "broker/store/store.h"
#include "pki/secret.h"
#include "pki/vault.h"
#include "proto/log/body_copy.h"

struct log_copied {
    uint64_t size;         /* bodies of entries before this index are in the copy */
    struct digest readers; /* for whom all keys are sealed */
};
/* Zeroes at first. ERR_INVALID: damaged. */
enum err log_get_copied(struct store *s, struct kv_txn *txn, struct log_copied *out) MUST_CHECK;
enum err log_put_copied(struct store *s, struct kv_txn *txn, const struct log_copied *c) MUST_CHECK;

/* What the copy left out and tries again. Empty at first. ERR_INVALID: damaged. */
enum err log_get_missed(struct store *s, struct kv_txn *txn, struct copy_missed *out) MUST_CHECK;
enum err log_put_missed(struct store *s, struct kv_txn *txn, const struct copy_missed *m) MUST_CHECK;

/* Whether the store has the key of a segment. ERR_NOT_FOUND. */
enum err log_has_copy_key(struct store *s, struct kv_txn *txn, const struct body_copy_name *name) MUST_CHECK;
/* The key of a segment, under the vault. Errors as vault_seal. */
enum err log_put_copy_key(struct store *s, struct kv_txn *txn, struct vault *v,
                          const struct body_copy_name *name, const struct secret *key) MUST_CHECK;
/* Removes the keys of segments that ended before a day (since 1970), the oldest first, at most max of them. ERR_INVALID: damaged. */
enum err log_drop_copy_keys(struct store *s, struct kv_txn *txn, uint32_t before, size_t max) MUST_CHECK;

/* Calls fn for each key, in a read or write transaction. One that does not open (its version of the storage key is not
 * there, or it is damaged) is counted in closed. Ends at the first error of fn; ERR_INVALID: a key of the table. */
typedef enum err (*log_copy_key_fn)(void *arg, const struct body_copy_name *name,
                                    const struct secret *key);
struct log_copy_visit {
    struct vault *vault;
    log_copy_key_fn fn;
    void *arg;
    size_t closed; /* out */
};
enum err log_each_copy_key(struct store *s, struct kv_txn *txn, struct log_copy_visit *v) MUST_CHECK;

#endif
