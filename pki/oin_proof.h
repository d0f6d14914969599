/* A party that already holds a certificate for its OIN from another scheme (PKIoverheid: the OIN stands in
 * serialNumber of the subject) proves with it that its enrolment request is its own. RSA and P-256 alike.
 *
 * The proof is a detached CMS signature over join(LABEL_OIN_PROOF, request document), with the signer's
 * certificate and those between it and the scheme's root inside. It stands beside the one-time token and
 * never instead of it. The registrar pins the scheme's roots in its own folder; the scheme's own revocation
 * lists are for the registrar's people to look at. */
#ifndef SLUIS_PKI_OIN_PROOF_H
#define SLUIS_PKI_OIN_PROOF_H

#include "pki/secret.h"
#include "proto/base/buf.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"

#define OIN_PROOF_MAX_PEM ((size_t)256 << 10)

/* Whose certificate signs: PEM with the signer's certificate first and then those above it; its key, PEM,
 * encrypted under passphrase or (passphrase NULL) not. */
struct oin_proof_signer {
    struct bytes certificates;
    struct bytes key;
    const struct secret *passphrase;
};

/* Appends the proof for a request document. ERR_INVALID (PEM), ERR_PERMISSION (passphrase), ERR_MISMATCH
 * (key of another certificate), ERR_CRYPTO, ERR_NOMEM. */
enum err oin_proof_make(const struct oin_proof_signer *s, struct bytes document, struct buf *out,
                        struct errmsg *why) MUST_CHECK;

/* What a proof must show. */
struct oin_proof_check {
    struct bytes document;
    struct bytes roots; /* PEM: the roots that are believed */
    struct agency_id oin;
    int64_t at_s;
};

/* ERR_OK where proof is a signature by a certificate for exactly this OIN, valid at at_s, that may sign
 * (keyUsage digitalSignature, no CA) and chains to one of the roots, with nothing weaker than 112 bits in the
 * chain: no SHA-1, no RSA under 2048 bits. *fingerprint gets the certificate's. ERR_CERT with the first
 * reason in why, ERR_SIGNATURE, ERR_INVALID (no CMS, no PEM), ERR_NOMEM. */
enum err oin_proof_verify(const struct oin_proof_check *c, struct bytes proof,
                          struct digest *fingerprint, struct errmsg *why) MUST_CHECK;

#endif
