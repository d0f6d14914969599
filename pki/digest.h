/* SHA-256 (FIPS 180-4). Digests are public: time depends on the length of the input only, the
 * result is compared with digest_equal(). Where a digest must not be guessable from its input, the
 * caller puts a salt in; see docs/tokens.md for why no digest protects an identifier. */
#ifndef SLUIS_PKI_DIGEST_H
#define SLUIS_PKI_DIGEST_H

#include "proto/base/hash.h"

/* SHA-256 over the concatenation of parts; the sha256_fn that the pure layers take as argument. Any
 * thread. ERR_CRYPTO. */
enum err digest_sha256(const struct bytes *parts, size_t count, struct digest *out) MUST_CHECK;

#endif
