/* HKDF-Expand with SHA-256 (RFC 5869 section 2.3). There is no Extract step: every input key of ours
 * is already 32 uniformly random bytes. Time depends on lengths only. */
#ifndef SLUIS_PKI_HKDF_H
#define SLUIS_PKI_HKDF_H

#include "pki/secret.h"

#define HKDF_KEY_BYTES 32
#define HKDF_MAX_BYTES (255 * 32) /* RFC 5869: 255 blocks */

/* n derived bytes of key, at least 32 bytes long, for the use that info names; for values that are
 * public (key check values) or that the caller wipes. ERR_INVALID (a shorter key), ERR_RANGE (n is 0
 * or over the maximum), ERR_NOMEM, ERR_CRYPTO. */
enum err hkdf_expand(const struct secret *key, struct bytes info, uint8_t *out,
                     size_t n) MUST_CHECK;

/* A derived key of 32 bytes in a secret of its own. Errors as above. */
enum err hkdf_subkey(const struct secret *key, struct bytes info, struct secret **out) MUST_CHECK;

#endif
