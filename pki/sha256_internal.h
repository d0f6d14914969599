/* The library's SHA-256 without its envelope, for pki/digest.c and pki/mac.c: what it does for each
 * message beside hashing costs more than the hash of a short one (docs/decisions/0204-short-hashes-below-the-envelope.md). */
#ifndef SLUIS_PKI_SHA256_INTERNAL_H
#define SLUIS_PKI_SHA256_INTERNAL_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"

#define SHA256_BLOCK_BYTES 64
#define SHA256_BYTES 32

/* A hash under way; a value, to be copied. Holds a SHA256_CTX. */
struct sha256 {
    uint64_t room[14];
};

/* Of nothing so far. ERR_CRYPTO. */
enum err sha256_start(struct sha256 *s) MUST_CHECK;

/* ERR_CRYPTO. */
enum err sha256_absorb(struct sha256 *s, struct bytes data) MUST_CHECK;

/* The digest; s is used up and holds what it was made of until the caller wipes it. ERR_CRYPTO. */
enum err sha256_end(struct sha256 *s, uint8_t out[static SHA256_BYTES]) MUST_CHECK;

#endif
