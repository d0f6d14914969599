/* Bodies of audit entries at rest. Each is sealed under a random key of its own, and that key under
 * the daemon's storage key. Who drops the wrapped key erases the body for good; entry, tree and every
 * proof stay as they are.
 *
 * Leaks the length of a body to whoever reads the store. */
#ifndef SLUIS_PKI_BODY_H
#define SLUIS_PKI_BODY_H

#include "pki/vault.h"
#include "proto/base/hash.h"
#include "proto/log/entry.h"

#define BODY_SEALED_MAX (ENTRY_BODY_MAX + AEAD_OVERHEAD_BYTES)
#define BODY_KEY_WRAPPED_BYTES (AEAD_KEY_BYTES + AEAD_OVERHEAD_BYTES)

/* Seals body, whose entry hash is entry: appends the wrapped key to wrapped and the sealed bytes to
 * sealed; store them under two keys of the store. Both are bound to the entry. ERR_TOO_LARGE over
 * ENTRY_BODY_MAX, ERR_NOMEM, ERR_CRYPTO, or what buf_err says. */
enum err body_seal(struct vault *storage, const struct digest *entry, struct bytes body,
                   struct buf *wrapped, struct buf *sealed) MUST_CHECK;

/* The two stored parts of a body. */
struct body_parts {
    struct bytes wrapped;
    struct bytes sealed;
};

/* Appends the body to out and checks that its entry hash is entry. ERR_VERSION (wrapped under another
 * version of the storage key), ERR_SIGNATURE (changed, or of another entry), ERR_MISMATCH (opens, but
 * hashes to another entry), ERR_TRUNCATED, ERR_NOMEM, ERR_CRYPTO. */
enum err body_open(struct vault *storage, const struct digest *entry,
                   const struct body_parts *parts, struct buf *out) MUST_CHECK;

/* Wraps the key of a body under the current version of the storage key: appends to out. ERR_EXISTS: it lies
 * under that already. Errors as body_open. */
enum err body_rewrap(struct vault *storage, const struct digest *entry, struct bytes wrapped,
                     struct buf *out) MUST_CHECK;

#endif
