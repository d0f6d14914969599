/* A certificate revocation list (RFC 5280) for third parties. Members of the deployment never read one: for
 * them the roster says who is revoked. Only sluis-pki links this. */
#ifndef SLUIS_PKI_CRL_H
#define SLUIS_PKI_CRL_H

#include "pki/ca.h"

struct crl_entry {
    const struct cert *cert; /* of the same issuer */
    int64_t revoked_at;      /* seconds since 1970 UTC */
};

struct crl_request {
    const struct crl_entry *entries;
    size_t count;
    uint64_t number; /* grows with each list */
    int64_t this_update;
    int64_t next_update;
};

/* Appends the list in PEM, version 2, signed by the issuing CA with ECDSA and SHA-256. ERR_INVALID (times, an
 * entry of another issuer), ERR_MISMATCH (key of another certificate), ERR_CRYPTO, ERR_NOMEM. */
enum err crl_make(const struct crl_request *r, const struct ca_issuer *issuer,
                  struct buf *out) MUST_CHECK;

#endif
