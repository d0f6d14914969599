/* Entries of the audit log: the hash of a body, and the fillers between them. */
#ifndef SLUIS_LOG_ENTRY_H
#define SLUIS_LOG_ENTRY_H

#include "proto/base/buf.h"
#include "proto/base/hash.h"

#define ENTRY_BODY_MAX (32u << 10)

/* The entry hash, SHA-256(join(LABEL_LEAF, body)): the 32 bytes that stand in the entry tile.
 * The tree hashes them once more (merkle_leaf). ERR_TOO_LARGE over ENTRY_BODY_MAX, ERR_CRYPTO. */
enum err entry_hash(sha256_fn sha, struct bytes body, struct digest *out) MUST_CHECK;

/* Appends join(LABEL_FILLER, u64 index): the message whose HMAC-SHA-256 under the filler key F
 * is the filler at that index. */
void entry_filler_message(uint64_t index, struct buf *out);

/* Makes the filler of an index; F stays where it is kept (pki). */
struct filler_source {
    enum err (*filler)(void *ctx, uint64_t index, struct digest *out);
    void *ctx;
};

/* A digest of an id for the body: SHA-256(join(LABEL_AUDIT_REF, salt, kind, id)). With the salt
 * of the body, who knows the id finds its entries, and who does not learns nothing. ERR_CRYPTO. */
enum err entry_ref(sha256_fn sha, struct bytes salt, const char *kind, struct bytes id,
                   struct digest *out) MUST_CHECK;

#endif
