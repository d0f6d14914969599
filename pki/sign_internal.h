/* ECDSA without the label, for the published test vectors and for pki/ only. */
#ifndef SLUIS_PKI_SIGN_INTERNAL_H
#define SLUIS_PKI_SIGN_INTERNAL_H

#include "pki/sign.h"

/* As sign_verify, over the concatenation of parts. */
enum err sign_p256_verify_parts(const struct key *key, const struct bytes *parts, size_t count,
                                struct bytes sig) MUST_CHECK;

#endif
