/* AES-256-GCM with the nonce as argument, for key files (whose key is used once) and the published
 * test vectors; pki/ only. */
#ifndef SLUIS_PKI_AEAD_INTERNAL_H
#define SLUIS_PKI_AEAD_INTERNAL_H

#include "pki/aead.h"

/* What one call works on. The associated data is aad[0] followed by aad[1]. */
struct aead_message {
    const uint8_t *nonce; /* AEAD_NONCE_BYTES */
    struct bytes aad[2];
    struct bytes in;
};

/* in.len bytes of ciphertext to out, and the tag. Never twice with one nonce. ERR_TOO_LARGE,
 * ERR_CRYPTO. */
enum err aead_gcm_seal(struct aead *a, const struct aead_message *m, uint8_t *out,
                       uint8_t tag[static AEAD_TAG_BYTES]) MUST_CHECK;

/* in.len bytes of plain text to out, zeroed where the tag does not verify (ERR_SIGNATURE).
 * ERR_TOO_LARGE, ERR_CRYPTO. */
enum err aead_gcm_open(struct aead *a, const struct aead_message *m,
                       const uint8_t tag[static AEAD_TAG_BYTES], uint8_t *out) MUST_CHECK;

#endif
