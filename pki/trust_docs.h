/* Signed documents of members and officers, verified against the roster: the custodian's statement of a
 * purpose key and its word on the state of each epoch, and a holder's adoption of rules; and the making of any signed document. */
#ifndef SLUIS_PKI_TRUST_DOCS_H
#define SLUIS_PKI_TRUST_DOCS_H

#include "pki/trust.h"
#include "proto/msg/adoption.h"
#include "proto/msg/deal.h"
#include "proto/msg/epoch_states.h"

/* Appends {document, signature as kind, signer}; signer is the fingerprint of the certificate, or for a
 * roster of the key. Errors as sign_document, or what buf_err(out) says. */
struct trust_signer {
    enum sign_kind kind;
    const struct key *key;
    struct digest fingerprint;
};
enum err trust_sign(const struct trust_signer *s, struct bytes document,
                    struct buf *out) MUST_CHECK;

/* What the CMS signature of an adoption covers: join("sluis/sig/adoption/1", document), appended. */
enum err trust_put_adoption_content(struct bytes document, struct buf *out) MUST_CHECK;

/* Appends an adoption that the officer with this certificate signs: detached CMS, which a stock tool
 * verifies over the bytes of trust_put_adoption_content. Errors as cms_detached_sign, or what buf_err(out) says. */
enum err trust_sign_adoption(const struct key *key, const struct cert *officer, struct bytes document,
                             struct buf *out) MUST_CHECK;

/* What each of the two needs. at_s: when it is judged; arena holds the result's views. is_standing: it was
 * accepted before; a participant that the roster no longer lists takes no part, one with a newer sealing
 * certificate still does, and neither spoils anything; of a word on epochs the declarations are not looked at. */
struct trust_reading {
    const struct trust *trust;
    int64_t at_s;
    struct arena *arena;
    bool is_standing;
};

/* Whether what this certificate signed is looked at in its time: a current one while it is valid, a former one until its
 * end in the roster. ERR_CERT (not valid yet), ERR_EXPIRED. */
enum err trust_check_now(const struct trust_reading *r, const struct trust_proof *s, struct errmsg *why) MUST_CHECK;

/* Both verify the signature first, by the certificate that the frame names, and decode only what it
 * covers; then the document must name that signer. */

/* A custodian's statement (SIGN_EPOCH): of this deployment, signed by the custodian's certificate; and
 * each participant is an agency of the roster with this purpose, whose sealing certificate has the
 * fingerprint that the statement names. *document gets the signed bytes (may be NULL).
 * ERR_MISMATCH, ERR_NOT_FOUND, ERR_SIGNATURE, or as the codecs and trust_member_cert. */
enum err trust_read_deal(const struct trust_reading *r, struct bytes wire, struct deal *out,
                         struct bytes *document, struct errmsg *why) MUST_CHECK;

/* The same checks but the signature, for the statement inside a dealt envelope, whose signature was
 * checked with the envelope; signer is the custodian by whom it must be. */
enum err trust_check_deal(const struct trust *t, const struct deal *d,
                          struct errmsg *why) MUST_CHECK;

/* The custodian's word on the epochs of a purpose (SIGN_EPOCH_STATES): of this deployment, signed by the
 * custodian's certificate, and with the declarations of two officers for each epoch that it says is destroyed from
 * now on (trust_declared.h). *document gets the signed bytes. Whether the policy names that custodian, and
 * which serials were accepted before, are the caller's to compare. Errors as above. */
enum err trust_read_epoch_states(const struct trust_reading *r, struct bytes wire,
                                 struct epoch_states *out, struct bytes *document,
                                 struct errmsg *why) MUST_CHECK;

/* A holder's adoption (SIGN_ADOPTION, as detached CMS): of this deployment, signed by an officer of the holder who
 * has the function mandated_officer. Errors as above, ERR_PERMISSION. Serials are the caller's to compare. */
enum err trust_read_adoption(const struct trust_reading *r, struct bytes wire,
                             struct adoption_doc *out, struct errmsg *why) MUST_CHECK;

#endif
