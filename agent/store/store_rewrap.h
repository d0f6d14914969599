/* Sealing the store anew under a newer version of the storage key (pki/rewrap.h). The order is: store_rewrap_begin
 * commits, store_rewrap_take, then steps until the state is REWRAP_DONE; after a crash the next start takes it
 * up with whichever comes next. */
#ifndef SLUIS_AGENT_STORE_STORE_REWRAP_H
#define SLUIS_AGENT_STORE_STORE_REWRAP_H

#include "agent/store/store.h"
#include "pki/rewrap.h"

/* What the store says; of one without the row as rewrap_none. Any transaction. ERR_IO, ERR_INVALID,
 * ERR_VERSION. */
enum err store_rewrap_read(struct store *s, struct kv_txn *txn, struct rewrap *out) MUST_CHECK;

/* In a writer job: where keys hold a newer version than the target, that becomes it. *out: the state from
 * now on; *begun: whether it changed. ERR_NOT_FOUND: keys lack a version that values lie under. */
enum err store_rewrap_begin(struct store *s, struct kv_txn *txn, const struct storage_keys *keys,
                            int64_t now_s, struct rewrap *out, bool *begun) MUST_CHECK;

/* Loop thread: values are sealed under the target from now on, and opened under any of keys (copied).
 * ERR_NOT_FOUND: the target is not among them; ERR_NOMEM, ERR_CRYPTO. */
enum err store_rewrap_take(struct store *s, const struct storage_keys *keys,
                           uint32_t target) MUST_CHECK;

/* In a writer job: a bounded part of what is to do; nothing where nothing is. *table: the one it looked at
 * last. ERR_SIGNATURE: a value of that table does not open; ERR_NO_SPACE, ERR_IO, ERR_NOMEM, ERR_CRYPTO. */
enum err store_rewrap_step(struct store *s, struct kv_txn *txn, int64_t now_s, struct rewrap *out,
                           const char **table) MUST_CHECK;

#endif
