/* Sealing: CMS, signed by the sender inside, enveloped for the receivers outside (docs/trust.md).
 *
 * Inside: SignedData (pki/cms_signed). Then {length, SignedData, zeros} in a size class (pki/pad).
 * Outside: AuthEnvelopedData, AES-256-GCM with a 16-byte tag; for each receiver static-ephemeral ECDH
 * on P-256 with the X9.63 KDF on SHA-256 and AES-256 key wrap. The envelope says nothing about the
 * sender; only the inner signature does.
 *
 * Leaks: size class, number of receivers, key identifiers of their certificates. An opening that fails
 * says where it failed only to its own operator, never to a peer. */
#ifndef SLUIS_PKI_SEAL_H
#define SLUIS_PKI_SEAL_H

#include "pki/cert.h"
#include "pki/pad.h"

#define SEAL_MAX_CONTENT (PAD_MAX_BYTES - 4096)
#define SEAL_MAX_BYTES (PAD_MAX_BYTES + 32768) /* of a whole envelope */

struct seal_params {
    const struct key *signer_key; /* private half of signer */
    const struct cert *signer;    /* CERT_SIGNING or CERT_OFFICER */
    const struct cert *const *recipients; /* CERT_SEALING, 1 to 64 */
    size_t recipient_count;
    size_t least_bytes; /* least size class of the enveloped content; 0 for the smallest */
};

/* Appends the envelope of content, DER. ERR_STATE (a certificate of the wrong use, no private half),
 * ERR_MISMATCH (key of another certificate), ERR_TOO_LARGE, ERR_CRYPTO, ERR_NOMEM. */
enum err seal(const struct seal_params *p, struct bytes content, struct buf *out) MUST_CHECK;

struct seal_open_params {
    const struct key *recipient_key;  /* private half of recipient */
    const struct cert *recipient;     /* CERT_SEALING */
    const struct cert *signer;        /* who must have signed, from the roster */
};

/* Opens an envelope and appends its content to out, after every check: form and algorithms of the
 * envelope before decrypting, the tag, the padding, exactly one signer, its certificate, signature.
 * ERR_INVALID (form), ERR_SIGNATURE (not for this receiver, changed, or not signed by signer),
 * ERR_TOO_LARGE, ERR_NOMEM. out keeps its length on failure. */
enum err seal_open(const struct seal_open_params *p, struct bytes sealed, struct buf *out,
                   struct errmsg *why) MUST_CHECK;

#endif
