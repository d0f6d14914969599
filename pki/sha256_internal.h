/* The library's SHA-256 without its envelope, for pki/digest.c and pki/mac.c: what it does for each
 * message beside hashing costs more than the hash of a short one
 * (docs/decisions/0204-short-hashes-below-the-envelope.md). */
#ifndef SLUIS_PKI_SHA256_INTERNAL_H
#define SLUIS_PKI_SHA256_INTERNAL_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"

#define SHA256_BLOCK_BYTES 64
#define SHA256_BYTES 32

/* What a hash has become behind some blocks; a value. Holds a SHA256_CTX. */
struct sha256 {
    uint64_t room[14];
};

/* Behind one block. ERR_CRYPTO. */
enum err sha256_block(const uint8_t block[static SHA256_BLOCK_BYTES],
                      struct sha256 *out) MUST_CHECK;

/* The digest of the concatenation of parts or, with from, of its block and the parts. Wipes what it
 * used. ERR_CRYPTO. */
enum err sha256_of(const struct sha256 *from, const struct bytes *parts, size_t count,
                   uint8_t out[static SHA256_BYTES]) MUST_CHECK;

#endif
