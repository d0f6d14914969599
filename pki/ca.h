/* Makes certificates. Only sluis-pki links this; neither daemon can issue anything. */
#ifndef SLUIS_PKI_CA_H
#define SLUIS_PKI_CA_H

#include "pki/cert.h"

/* What a certificate shall say; the rest follows from its use. Times in seconds since 1970 UTC. */
struct ca_request {
    enum cert_use use;
    struct agency_id oin;
    const char *name; /* common name, 1 to CERT_NAME_MAX_BYTES */
    int64_t not_before;
    int64_t not_after;
};

/* A self-signed certificate for key: CERT_ROOT or CERT_PINNED. ERR_INVALID (use, name, times),
 * ERR_STATE (no private half), ERR_CERT (breaks the profile), ERR_CRYPTO, ERR_NOMEM. */
enum err ca_self_sign(const struct ca_request *r, const struct key *key, struct cert **out,
                      struct errmsg *why) MUST_CHECK;

/* Who issues. */
struct ca_issuer {
    const struct cert *cert; /* CERT_ROOT for an issuing CA, CERT_ISSUER for all else */
    const struct key *key;   /* its private half */
};

/* A certificate for a public key. A transport key (X25519) cannot sign a request of its own; that its
 * owner holds it shows when it connects. Must end no later than its issuer. Errors as above, and
 * ERR_MISMATCH where key and certificate of the issuer differ. */
enum err ca_issue(const struct ca_request *r, const struct ca_issuer *issuer,
                  const struct key *subject_key, struct cert **out, struct errmsg *why) MUST_CHECK;

#endif
