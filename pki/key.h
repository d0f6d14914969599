/* Asymmetric keys: NIST P-256 (signatures, ECDH in CMS), Ed25519 (log and witness signatures) and
 * X25519 (the CURVE transport). No other type or curve is ever accepted.
 *
 * A struct key holds a public key, with or without its private half. It is immutable after it is
 * made; several threads may use one at the same time. */
#ifndef SLUIS_PKI_KEY_H
#define SLUIS_PKI_KEY_H

#include "pki/secret.h"
#include "proto/base/buf.h"
#include "proto/base/hash.h"

#define KEY_RAW_PUBLIC_BYTES 32     /* Ed25519, X25519 */
#define KEY_PRIVATE_MAX_BYTES 97    /* P-256: 32-byte scalar and 65-byte point; others: 32 bytes */
#define KEY_SPKI_MAX_BYTES 91       /* P-256, uncompressed */

enum key_type {
    KEY_TYPE_NONE = 0,
    KEY_TYPE_P256,
    KEY_TYPE_ED25519,
    KEY_TYPE_X25519,
};

struct key;

/* A fresh key pair. ERR_UNKNOWN for another type, ERR_NOMEM, ERR_CRYPTO. */
enum err key_generate(enum key_type type, struct key **out) MUST_CHECK;

/* key_free(NULL) is a no-op; a private half is wiped with it. */
void key_free(struct key *k);
DEFINE_CLEANUP(struct key, key_free)

enum key_type key_type(const struct key *k);
bool key_has_private(const struct key *k);

/* The pair from what key_private gave: for P-256 the big-endian scalar and the uncompressed point,
 * which must belong together; for the others the 32-byte seed or scalar of RFC 8032, RFC 7748.
 * ERR_UNKNOWN (type), ERR_INVALID (length, range, halves that do not match), ERR_NOMEM. */
enum err key_from_private(enum key_type type, const struct secret *private_half,
                          struct key **out) MUST_CHECK;

/* The private half, in the form above, in a secret of its own. ERR_STATE where k has none. */
enum err key_private(const struct key *k, struct secret **out) MUST_CHECK;

/* A public key from SubjectPublicKeyInfo (RFC 5480, RFC 8410), DER. Only the one canonical encoding
 * is taken: named curve, uncompressed point, on the curve, nothing behind it.
 * ERR_INVALID, ERR_UNSUPPORTED (another algorithm or curve), ERR_TOO_LARGE, ERR_NOMEM. */
enum err key_from_spki(struct bytes der, struct key **out) MUST_CHECK;

/* A public Ed25519 or X25519 key from its 32 bytes. ERR_INVALID, ERR_UNKNOWN (another type). */
enum err key_from_raw_public(enum key_type type, struct bytes raw, struct key **out) MUST_CHECK;

/* Appends SubjectPublicKeyInfo, DER, to out. ERR_CRYPTO, or what buf_err(out) says. */
enum err key_put_spki(const struct key *k, struct buf *out) MUST_CHECK;

/* The 32 bytes of an Ed25519 or X25519 public key. ERR_STATE for P-256. */
enum err key_raw_public(const struct key *k, uint8_t out[static KEY_RAW_PUBLIC_BYTES]) MUST_CHECK;

/* SHA-256 of the SubjectPublicKeyInfo: the fingerprint by which rosters and people name a key. */
enum err key_fingerprint(const struct key *k, struct digest *out) MUST_CHECK;

/* Whether the public halves are the same. Public data; time depends on it. */
bool key_same_public(const struct key *a, const struct key *b);

#endif
