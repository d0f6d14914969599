/* A look at the DER of a CMS AuthEnvelopedData (RFC 5083) before OpenSSL decrypts it, because OpenSSL
 * takes short tags and any cipher and shows neither. For pki/ only. */
#ifndef SLUIS_PKI_ENVELOPE_DER_H
#define SLUIS_PKI_ENVELOPE_DER_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"

#define ENVELOPE_MAX_RECIPIENTS 64

/* ERR_OK where der is exactly one ContentInfo of type authEnvelopedData, definite lengths in shortest
 * form, version 0, 1 to 64 recipients each by key agreement (ECDH with the SHA-256 KDF, AES-256 wrap),
 * content of type data under AES-256-GCM with a 12-byte nonce, ICVlen 16 and a 16-byte tag, and nothing
 * authenticated or not beside it. ERR_INVALID with the first difference in why. Reads public parts
 * only; no recursion, no allocation. */
enum err envelope_der_check(struct bytes der, struct errmsg *why) MUST_CHECK;

#endif
