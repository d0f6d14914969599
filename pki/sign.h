/* Signatures.
 *
 * P-256: ECDSA with SHA-256 (FIPS 186-4), DER, over join("sluis/sig/<kind>/1", document), so that a
 * signature for one kind of document never verifies for another. ECDSA is malleable: from one valid
 * signature anyone makes a second. Never identify a document by its signature.
 * Ed25519: RFC 8032 5.1, over exactly the given bytes; used by proto/log's notes, whose text carries
 * its own context.
 *
 * Signing draws its nonce from the library's generator and leaks nothing of the key through time, as
 * far as OpenSSL's constant-time code goes. Verifying handles public data only. */
#ifndef SLUIS_PKI_SIGN_H
#define SLUIS_PKI_SIGN_H

#include "pki/key.h"
#include "proto/base/label.h"

#define SIGN_P256_MAX_BYTES 72
#define SIGN_ED25519_BYTES 64

/* A DER-encoded ECDSA signature. */
struct signature {
    uint8_t b[SIGN_P256_MAX_BYTES];
    size_t len;
};

static inline struct bytes signature_bytes(const struct signature *s)
{
    return bytes_of(s->b, s->len);
}

/* Signs document as kind with the private half of a P-256 key. ERR_UNKNOWN (kind), ERR_STATE (not
 * P-256, or no private half), ERR_NOMEM, ERR_CRYPTO. */
enum err sign_document(enum sign_kind kind, const struct key *key, struct bytes document,
                       struct signature *out) MUST_CHECK;

/* ERR_OK where sig is a strict DER signature of document as kind under a P-256 key. ERR_SIGNATURE
 * otherwise, whatever is wrong with it; ERR_UNKNOWN (kind), ERR_STATE (not a P-256 key), ERR_NOMEM. */
enum err sign_verify(enum sign_kind kind, const struct key *key, struct bytes document,
                     struct bytes sig) MUST_CHECK;

/* Signs data with the private half of an Ed25519 key. ERR_STATE, ERR_NOMEM, ERR_CRYPTO. */
enum err sign_ed25519(const struct key *key, struct bytes data,
                      uint8_t out[static SIGN_ED25519_BYTES]) MUST_CHECK;

/* ERR_OK or ERR_SIGNATURE; ERR_STATE where key is no Ed25519 key, ERR_NOMEM. */
enum err sign_ed25519_verify(const struct key *key, struct bytes data,
                             struct bytes sig) MUST_CHECK;

#endif
