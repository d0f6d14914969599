/* Certificate requests (PKCS#10): a party's proof that it holds the key it wants certified. */
#ifndef SLUIS_PKI_CSR_H
#define SLUIS_PKI_CSR_H

#include "pki/key.h"
#include "proto/base/ids.h"

/* Appends a request, DER, for {serialNumber: oin, commonName: name} signed with the P-256 key.
 * ERR_STATE (no private P-256 key), ERR_INVALID (name), ERR_CRYPTO. */
enum err csr_make(const struct key *key, const struct agency_id *oin, const char *name,
                  struct buf *out) MUST_CHECK;

/* Takes a request that asks for exactly this subject and nothing else: no attribute, so no extension,
 * no other name, no CA. *out is its public key, whose possession the signature (ECDSA P-256, SHA-256)
 * proves. ERR_CERT with what is wrong in why, ERR_INVALID (no request), ERR_TOO_LARGE. */
enum err csr_check(struct bytes der, const struct agency_id *oin, const char *name,
                   struct key **out, struct errmsg *why) MUST_CHECK;

#endif
