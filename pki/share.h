/* A secret in three replicated shares, any two of which give it back (Ito, Saito, Nishizeki: Secret
 * sharing scheme realizing general access structure, 1987; here for 2 of 3). The secret is the
 * exclusive or of three parts, two of them random; share n has the two parts other than n, in
 * ascending order.
 *
 * One share leaks nothing but the length. Two shares have one part in common: where it differs,
 * they are not of one secret, or one was changed. */
#ifndef SLUIS_PKI_SHARE_H
#define SLUIS_PKI_SHARE_H

#include "pki/secret.h"

#define SHARE_COUNT 3
#define SHARE_SECRET_BYTES 32
#define SHARE_BYTES (2 * SHARE_SECRET_BYTES)

/* secret has SHARE_SECRET_BYTES; the three shares, of SHARE_BYTES each, are the caller's to free.
 * ERR_INVALID (length), ERR_NOMEM, ERR_CRYPTO; nothing is written on failure. */
enum err share_split(const struct secret *secret,
                     struct secret *shares[static SHARE_COUNT]) MUST_CHECK;

/* The secret from shares number i and j, 0 to 2 and different. ERR_INVALID (numbers, lengths),
 * ERR_MISMATCH (not of one secret), ERR_NOMEM. */
enum err share_join(const struct secret *a, unsigned i, const struct secret *b, unsigned j,
                    struct secret **out) MUST_CHECK;

#endif
