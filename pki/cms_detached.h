/* Detached CMS signatures over files that people exchange: policy files. A stock tool reads them:
 *   openssl cms -verify -binary -inform DER -in FILE.p7s -content FILE -CAfile signer.pem */
#ifndef SLUIS_PKI_CMS_DETACHED_H
#define SLUIS_PKI_CMS_DETACHED_H

#include "pki/cert.h"

#define CMS_DETACHED_MAX_BYTES 8192

/* Appends the signature of content, DER, with the signer's certificate inside.
 * ERR_STATE (no private half, or a certificate that may not sign), ERR_MISMATCH (key of another
 * certificate), ERR_CRYPTO, ERR_NOMEM, or what buf_err(out) says. */
enum err cms_detached_sign(struct bytes content, const struct key *key, const struct cert *signer,
                           struct buf *out) MUST_CHECK;

/* ERR_OK where der is one signature over exactly content by signer: one SignerInfo, SHA-256, bound to
 * the certificate by signing-certificate-v2. ERR_SIGNATURE otherwise, ERR_INVALID (no CMS),
 * ERR_TOO_LARGE. Validity, chain or pin of signer are the caller's to check. */
enum err cms_detached_verify(struct bytes content, struct bytes der, const struct cert *signer,
                             struct errmsg *why) MUST_CHECK;

/* Whether der is, byte for byte, the form in which cms_detached_sign writes a signature: the parts that no signature
 * covers (versions, algorithm lists, the certificate, attributes without signature) are then those of the signer and
 * nobody's in between. ERR_SIGNATURE, ERR_INVALID (no CMS), ERR_TOO_LARGE, ERR_NOMEM. Does not verify. */
enum err cms_detached_is_exact(struct bytes der, const struct cert *signer,
                               struct errmsg *why) MUST_CHECK;

/* The one certificate that a signature carries, under the profile of use: to be looked up by its key
 * among the pins, never to be believed. ERR_INVALID, ERR_CERT, ERR_TOO_LARGE, ERR_NOMEM. */
enum err cms_detached_signer(struct bytes der, enum cert_use use, struct cert **out,
                             struct errmsg *why) MUST_CHECK;

#endif
