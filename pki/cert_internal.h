/* The profile of certificates and the library's objects, for pki/ only. */
#ifndef SLUIS_PKI_CERT_INTERNAL_H
#define SLUIS_PKI_CERT_INTERNAL_H

#include "pki/cert.h"
#include "pki/key_internal.h"
#include "pki/ossl.h"

/* What a use demands; also what pki/ca issues. */
struct cert_profile {
    const char *id;
    enum key_type key;
    int path_length;          /* of a CA; -1 for others */
    uint32_t key_usage;       /* KU_ bits, all and no more */
    const char *ext_usage[2]; /* object identifiers in order, NULL where there is none */
    bool self_signed;
};

/* NULL outside the set. */
const struct cert_profile *cert_profile_of(enum cert_use use);

X509 *cert_x509(const struct cert *c);

/* Holds c against the profile of its use. ERR_CERT, ERR_UNKNOWN (use). */
enum err cert_check_profile(const struct cert *c, struct errmsg *why) MUST_CHECK;

/* Wraps x after the checks of cert_parse. Takes x, also on failure. */
enum err cert_wrap(X509 *x, enum cert_use use, struct cert **out, struct errmsg *why) MUST_CHECK;

/* Reads {serialNumber, commonName} from a name that holds exactly these. ERR_CERT. */
struct cert_subject {
    struct agency_id oin;
    char name[CERT_NAME_MAX_BYTES + 1];
};
enum err cert_read_subject(const X509_NAME *n, struct cert_subject *out,
                           struct errmsg *why) MUST_CHECK;

/* Puts the same into an empty name. ERR_INVALID (name empty or too long), ERR_CRYPTO. */
enum err cert_write_subject(X509_NAME *n, const struct agency_id *oin, const char *name) MUST_CHECK;

#endif
