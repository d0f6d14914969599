/* A document with its detached signature, as it travels and lies on disk. Verifying it is the work
 * of pki/; this only takes it apart. */
#ifndef SLUIS_MSG_SIGNED_H
#define SLUIS_MSG_SIGNED_H

#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/hash.h"

#define SIGNED_SIGNATURE_MAX_BYTES 8192

struct signed_doc {
    struct bytes document;  /* the exact bytes that were signed */
    struct bytes signature; /* DER: ECDSA, or of an adoption detached CMS */
    struct digest
        signer; /* fingerprint of certificate or key; says whom to look up, proves nothing */
};

/* Takes wire apart; the views point into a. max_document caps the document.
 * ERR_TOO_LARGE, ERR_NOMEM, ERR_INVALID, or what msg_scan says. */
enum err signed_doc_decode(struct bytes wire, size_t max_document, struct arena *a,
                           struct signed_doc *out, struct errmsg *why) MUST_CHECK;

/* Appends the wire form. ERR_NOMEM, ERR_TOO_LARGE. */
enum err signed_doc_encode(const struct signed_doc *d, struct buf *out) MUST_CHECK;

/* The same for a document under the MAC of a one-time enrolment token. */
#define SHELTERED_MAC_BYTES 32
#define SHELTERED_MAX_PROOF ((size_t)16 << 10)
struct sheltered {
    struct bytes document;
    uint8_t mac[SHELTERED_MAC_BYTES];
    struct bytes proof; /* of a request, optional: that another scheme knows its party; see pki/oin_proof.h */
};
enum err sheltered_decode(struct bytes wire, size_t max_document, struct arena *a,
                          struct sheltered *out, struct errmsg *why) MUST_CHECK;
enum err sheltered_encode(const struct sheltered *s, struct buf *out) MUST_CHECK;

#endif
