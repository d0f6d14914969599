/* Hash functions as arguments: pure layers never link a crypto library (docs/architecture.md). */
#ifndef SLUIS_BASE_HASH_H
#define SLUIS_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/err.h"

/* A SHA-256 value. Not secret. */
struct digest {
    uint8_t b[32];
};

/* SHA-256 over the concatenation (not join) of parts; pki/digest.h has the implementation.
 * ERR_CRYPTO where the library fails. */
typedef enum err (*sha256_fn)(const struct bytes *parts, size_t count, struct digest *out);

static inline struct bytes digest_bytes(const struct digest *d)
{
    return bytes_of(d->b, sizeof d->b);
}

static inline bool digest_equal(const struct digest *a, const struct digest *b)
{
    return bytes_equal(digest_bytes(a), digest_bytes(b));
}

/* A Merkle audit path (RFC 6962 section 2.1.1): the leaf's place, the tree's size, sibling hashes
 * from the leaf upwards. hashes is a view. */
struct merkle_path {
    uint64_t index;
    uint64_t size;
    const struct digest *hashes;
    size_t count;
};

#endif
