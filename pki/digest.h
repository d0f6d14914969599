/* SHA-256 (FIPS 180-4). Digests are public: time depends on the length of the input only, the
 * result is compared with digest_equal(). Where a digest must not be guessable from its input, the
 * caller puts a salt in; see docs/tokens.md for why no digest protects an identifier. */
#ifndef SLUIS_PKI_DIGEST_H
#define SLUIS_PKI_DIGEST_H

#include "proto/base/hash.h"

/* SHA-256 over the concatenation of parts; the sha256_fn that the pure layers take as argument.
 * Each thread keeps one context for it, made at first use and freed with the thread.
 * ERR_CRYPTO, ERR_NOMEM. */
enum err digest_sha256(const struct bytes *parts, size_t count, struct digest *out) MUST_CHECK;

/* For input that comes in pieces. One thread at a time. */
struct digest_ctx;

/* NULL without memory. The first thing to call on it is digest_begin. */
struct digest_ctx *digest_ctx_new(void);

/* digest_ctx_free(NULL) is a no-op. */
void digest_ctx_free(struct digest_ctx *ctx);
DEFINE_CLEANUP(struct digest_ctx, digest_ctx_free)

/* Starts over; whatever was added before is dropped. ERR_CRYPTO. */
enum err digest_begin(struct digest_ctx *ctx) MUST_CHECK;

/* Appends data. ERR_CRYPTO. */
enum err digest_add(struct digest_ctx *ctx, struct bytes data) MUST_CHECK;

/* The digest of all added since digest_begin; ctx needs digest_begin before its next use.
 * ERR_CRYPTO. */
enum err digest_end(struct digest_ctx *ctx, struct digest *out) MUST_CHECK;

#endif
