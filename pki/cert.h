/* X.509 certificates of this system, in one strict profile (docs/trust.md, "Certificates").
 *
 * Version 3, ECDSA P-256 with SHA-256, subject = {serialNumber: OIN, commonName}, and exactly the
 * extensions basicConstraints, keyUsage, subjectKeyIdentifier, authorityKeyIdentifier and - except in
 * CA certificates - extendedKeyUsage, with an object identifier of our own for each use, so that no
 * certificate serves two uses. Anything else is refused, critical or not. A chain is always leaf,
 * issuing CA, root. Whether a certificate is revoked is for the roster to say. */
#ifndef SLUIS_PKI_CERT_H
#define SLUIS_PKI_CERT_H

#include "pki/key.h"
#include "proto/base/ids.h"

#define CERT_MAX_BYTES 2048
#define CERT_NAME_MAX_BYTES 64 /* common name, RFC 5280 ub-common-name */
#define CERT_PEM_MAX_BYTES 4096

enum cert_use {
    CERT_NONE = 0,
    CERT_ROOT,
    CERT_ISSUER,
    CERT_SIGNING,   /* an agency or the broker */
    CERT_SEALING,   /* an agency: ECDH in CMS */
    CERT_TRANSPORT, /* X25519 = CURVE */
    CERT_OFFICER,   /* a person; the common name is the staff id */
    CERT_PINNED,    /* self-signed, known by its pin: roster key, policy signer */
    CERT_USE_COUNT,
};

const char *cert_use_id(enum cert_use use);

/* A certificate that fits the profile of its use. Immutable. */
struct cert;

/* Reads one certificate, DER with nothing behind it, and holds it against the profile of use.
 * Neither chain nor time is checked. ERR_TOO_LARGE, ERR_INVALID (no certificate), ERR_CERT (profile;
 * why names the first difference), ERR_NOMEM. */
enum err cert_parse(struct bytes der, enum cert_use use, struct cert **out,
                    struct errmsg *why) MUST_CHECK;

/* The same from PEM text that holds exactly one certificate. */
enum err cert_parse_pem(struct bytes pem, enum cert_use use, struct cert **out,
                        struct errmsg *why) MUST_CHECK;

/* cert_free(NULL) is a no-op. */
void cert_free(struct cert *c);
DEFINE_CLEANUP(struct cert, cert_free)

enum cert_use cert_use_of(const struct cert *c);
struct bytes cert_der(const struct cert *c);
const struct digest *cert_fingerprint(const struct cert *c); /* SHA-256 of the DER */
const struct key *cert_key(const struct cert *c);            /* public */
const struct agency_id *cert_oin(const struct cert *c);
const char *cert_name(const struct cert *c); /* common name */
int64_t cert_not_before(const struct cert *c);
int64_t cert_not_after(const struct cert *c); /* seconds since 1970 UTC, both inclusive */

/* Appends PEM text. ERR_CRYPTO, or what buf_err(out) says. */
enum err cert_put_pem(const struct cert *c, struct buf *out) MUST_CHECK;

/* What chains lead to: the pinned root and the issuing CAs of the roster. */
struct cert_anchors {
    const struct cert *root;
    struct cert *const *issuers;
    size_t issuer_count;
};

/* Whether leaf was issued by an issuer that the root issued: names, key ids, signatures, path lengths.
 * Times are not compared (cert_check_time does). ERR_CERT with the reason in why, ERR_NOMEM. */
enum err cert_check_chain(const struct cert *leaf, const struct cert_anchors *anchors,
                          struct errmsg *why) MUST_CHECK;

/* A self-signed certificate signs itself. ERR_CERT. */
enum err cert_check_self(const struct cert *c, struct errmsg *why) MUST_CHECK;

/* ERR_OK where at_s lies in the validity of c; ERR_EXPIRED after it, ERR_CERT before it. */
enum err cert_check_time(const struct cert *c, int64_t at_s, struct errmsg *why) MUST_CHECK;

#endif
