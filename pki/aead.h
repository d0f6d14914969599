/* AES-256-GCM (NIST SP 800-38D) for values at rest.
 *
 * A sealed value is: format (1), key version (u32 big-endian), nonce (12 random bytes), ciphertext,
 * tag (16). Format and key version are authenticated together with the caller's associated data,
 * which names the place of the value (table and key), so that a value moved elsewhere does not open.
 *
 * Leaks the length of the plain text. Nonces are random: one key seals at most 2^32 values (the
 * chance of a repeated nonce is then 2^-32); a new key version long before that. The expanded key
 * lies in ordinary memory of the library and is cleansed on free. */
#ifndef SLUIS_PKI_AEAD_H
#define SLUIS_PKI_AEAD_H

#include "pki/secret.h"
#include "proto/base/buf.h"

#define AEAD_KEY_BYTES 32
#define AEAD_NONCE_BYTES 12
#define AEAD_TAG_BYTES 16
#define AEAD_HEADER_BYTES 5
#define AEAD_OVERHEAD_BYTES (AEAD_HEADER_BYTES + AEAD_NONCE_BYTES + AEAD_TAG_BYTES)
#define AEAD_MAX_BYTES ((size_t)64 << 20) /* longest plain text */

/* One key and its version, ready to use. One thread at a time. */
struct aead;

/* key has 32 bytes and is copied. ERR_INVALID (length), ERR_NOMEM, ERR_CRYPTO. */
enum err aead_new(const struct secret *key, uint32_t key_version, struct aead **out) MUST_CHECK;

/* Wipes and frees; aead_free(NULL) is a no-op. */
void aead_free(struct aead *a);
DEFINE_CLEANUP(struct aead, aead_free)

/* Appends plain, sealed under a fresh nonce and bound to aad, to out. ERR_TOO_LARGE, ERR_CRYPTO, or
 * what buf_err(out) says; out keeps its length on failure. */
enum err aead_seal(struct aead *a, struct bytes aad, struct bytes plain,
                   struct buf *out) MUST_CHECK;

/* Which key version sealed a value; nothing is verified yet. ERR_TRUNCATED, ERR_VERSION (format). */
enum err aead_key_version(struct bytes sealed, uint32_t *out) MUST_CHECK;

/* Appends the plain text to out. ERR_TRUNCATED, ERR_TOO_LARGE, ERR_VERSION (another format or key
 * version), ERR_SIGNATURE (wrong key, changed bytes or another aad: not told apart), or what
 * buf_err(out) says; out keeps its length on failure and no unverified byte stays in it. */
enum err aead_open(struct aead *a, struct bytes aad, struct bytes sealed,
                   struct buf *out) MUST_CHECK;

#endif
