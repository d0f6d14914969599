/* A renewal as its party makes it and as the registrar judges it (docs/trust.md, "Renewal"). */
#ifndef SLUIS_PKI_RENEWAL_H
#define SLUIS_PKI_RENEWAL_H

#include "pki/cert.h"
#include "proto/msg/renewal.h"

#define RENEWAL_WIRE_MAX_BYTES (RENEWAL_MAX_BYTES + 512)

/* New key pairs, and the key that the roster lists, which signs. NULL: that key is not renewed. An
 * officer gives officer alone. name: the common name in the certificates that are asked for, of a member
 * its name, of an officer the staff id. */
struct renewal_making {
    struct name deployment;
    struct agency_id oin;
    const char *name;
    const struct name *staff; /* of an officer; else NULL */
    int64_t now_s;
    const struct key *signing;
    const struct key *sealing;
    const struct key *transport;
    const struct key *officer;
    const struct key *signer;
    struct digest signer_fingerprint; /* of the certificate of signer */
};

/* Appends the signed document as it travels. ERR_INVALID (no key), ERR_STATE (a key without its private
 * half), ERR_CRYPTO, ERR_NOMEM, or what buf_err(out) says. */
enum err renewal_make(const struct renewal_making *m, struct buf *out, struct errmsg *why) MUST_CHECK;

/* Who asks, by the roster or the draft of one. */
struct renewal_asked {
    struct renewal renewal;
    const struct roster_member *member;   /* of a member's renewal; else NULL */
    const struct roster_officer *officer; /* of an officer's; else NULL */
    bool is_former; /* signed with a certificate that was replaced: only what is listed already may be asked */
};

/* Frame, signature by the certificate of the roster that the frame names, then the document, which must name the
 * one who signed it. Views point into the arena and into the roster. ERR_NOT_FOUND (signed by nobody of it),
 * ERR_CERT (revoked, not valid yet), ERR_EXPIRED, ERR_SIGNATURE, ERR_MISMATCH (deployment, party), or as
 * signed_doc_decode and renewal_decode. */
struct renewal_reading {
    const struct roster *roster;
    int64_t now_s;
    struct arena *arena;
};
enum err renewal_open(const struct renewal_reading *r, struct bytes wire, struct renewal_asked *out,
                      struct errmsg *why) MUST_CHECK;

/* The public key that an item asks for: a CSR for exactly this OIN and name, whose holder signed it; or a
 * CURVE key. key_free(*out). As csr_check and key_from_raw_public. */
enum err renewal_key(const struct renewal_item *item, const struct agency_id *oin, const char *name,
                     struct key **out, struct errmsg *why) MUST_CHECK;

/* What certificate an item is for. */
enum cert_use renewal_cert_use(enum renewal_use use);

/* The one that the roster lists for it now; NULL where it lists none. */
const struct roster_cert *renewal_current(const struct renewal_asked *a, enum renewal_use use);

#endif
