/* The broker's half of suite hk1 (docs/tokens.md): from an agency's `inner` to the token, the only
 * form that the broker stores, under a key that never leaves the broker.
 *
 *   token = HMAC-SHA-256(B[p,e], join("sluis/hk1/index", t, inner))[0..15]
 *
 * What it leaks: a token is deterministic, so equality of subjects within one purpose, epoch and type
 * shows; without B[p,e] nothing else does, even to someone who holds an agency's key. B[p,e] together
 * with one agency's K[p,e] inverts every BSN of the purpose in seconds: so B lies in a key file of its
 * own, and destroying every copy of it erases the epoch. Time depends on lengths only.
 *
 * The caller drops inner as soon as it has the token: never stored, never logged, never returned. */
#ifndef SLUIS_PKI_BROKER_HALF_H
#define SLUIS_PKI_BROKER_HALF_H

#include "pki/secret.h"
#include "proto/base/enums.h"
#include "proto/base/ids.h"

#define BROKER_HALF_KEY_BYTES 32

/* B[p,e], ready to use. One thread at a time: each worker has a copy of its own. */
struct broker_half;

/* Copies b, the 32 bytes of B[purpose, epoch]. ERR_INVALID (length, empty purpose), ERR_NOMEM,
 * ERR_CRYPTO. */
enum err broker_half_new(const struct secret *b, const struct name *purpose, uint32_t epoch,
                         struct broker_half **out) MUST_CHECK;

/* The same key for another thread. Errors as broker_half_new. */
enum err broker_half_copy(const struct broker_half *h, struct broker_half **out) MUST_CHECK;

/* Wipes and frees; broker_half_free(NULL) is a no-op. */
void broker_half_free(struct broker_half *h);
DEFINE_CLEANUP(struct broker_half, broker_half_free)

/* The token of an inner value. ERR_UNKNOWN (type), ERR_CRYPTO. */
enum err broker_half_token(struct broker_half *h, enum ident_type type, const struct inner *in,
                           struct token *out) MUST_CHECK;

/* The same for count values; types, in and out have as many entries. Stops at the first error, with
 * its position in *failed (may be NULL); out is then zeroed. */
struct broker_half_input {
    const enum ident_type *types;
    const struct inner *inners;
    size_t count;
};
enum err broker_half_batch(struct broker_half *h, const struct broker_half_input *in,
                           struct token *out, size_t *failed) MUST_CHECK;

/* HKDF-Expand(B[p,e], join("sluis/hk1/held", p, e)): the key (for pki/aead) under which the broker
 * holds what would let an owner of K test a guess, until the deadline. It dies with B. ERR_NOMEM,
 * ERR_CRYPTO. */
enum err broker_half_held_key(const struct broker_half *h, struct secret **out) MUST_CHECK;

#endif
