/* HMAC-SHA-256 (RFC 2104, FIPS 198-1) with a key that is set once and used many times.
 * Time depends on the lengths of key and message only. */
#ifndef SLUIS_PKI_MAC_H
#define SLUIS_PKI_MAC_H

#include "pki/secret.h"

#define MAC_BYTES 32

/* A keyed context. One thread at a time. */
struct mac;

/* A context under key, which is copied. ERR_NOMEM, ERR_CRYPTO. */
enum err mac_new(const struct secret *key, struct mac **out) MUST_CHECK;

/* Wipes and frees; mac_free(NULL) is a no-op. */
void mac_free(struct mac *m);
DEFINE_CLEANUP(struct mac, mac_free)

/* The MAC of the concatenation of parts. The caller makes the parts unambiguous (proto/base/join).
 * ERR_CRYPTO. */
enum err mac_compute(struct mac *m, const struct bytes *parts, size_t count,
                     uint8_t out[static MAC_BYTES]) MUST_CHECK;

/* ERR_OK where tag is the whole MAC of parts; ERR_SIGNATURE for any other tag, truncated ones too.
 * Leaks the answer only. ERR_CRYPTO. */
enum err mac_verify(struct mac *m, const struct bytes *parts, size_t count,
                    struct bytes tag) MUST_CHECK;

#endif
