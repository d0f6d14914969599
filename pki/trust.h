/* The roster as this party believes it: signed by the pinned roster key, every certificate in the
 * profile of its use, chained to the pinned root, and naming whom the roster says it names.
 *
 * A struct trust is one roster, immutable; a newer one is another struct. It is an allow-list: who is
 * not in it, or whose certificate is revoked or out of its time, gets ERR_NOT_FOUND, ERR_CERT or
 * ERR_EXPIRED from every look-up. Keeping the highest serial durably is the process's work. */
#ifndef SLUIS_PKI_TRUST_H
#define SLUIS_PKI_TRUST_H

#include "pki/cert.h"
#include "pki/sign.h"
#include "proto/msg/roster.h"

#define TRUST_SKEW_S 300            /* a clock may be this far behind issued_at */
#define TRUST_WARN_S (3 * 24 * 3600) /* left of its life when it is time to warn */

struct trust;

/* What this party pins in its own configuration. */
struct trust_pins {
    struct name deployment;
    struct bytes root;            /* certificate, DER */
    const struct key *roster_key; /* who signs rosters; borrowed while trust_read runs */
};

/* Verifies a signed roster with all in it: its signature first, by the pinned key, over the bytes as
 * received; bytes that do not verify are never decoded. serial_floor: the highest serial seen before.
 * ERR_BEHIND (an older serial), ERR_MISMATCH (another deployment or key than the pinned),
 * ERR_SIGNATURE, ERR_CERT, ERR_DUPLICATE (one public key at two places), ERR_NOMEM, or as
 * signed_doc_decode and roster_decode. Does not ask for the time: a roster that is over still tells who
 * the broker is. */
enum err trust_read(const struct trust_pins *pins, struct bytes signed_roster,
                    uint64_t serial_floor, struct trust **out, struct errmsg *why) MUST_CHECK;

/* trust_free(NULL) is a no-op; views of the roster end with it. */
void trust_free(struct trust *t);
DEFINE_CLEANUP(struct trust, trust_free)

const struct roster *trust_roster(const struct trust *t);

/* The pinned root, and the issuing CAs of the roster; NULL beyond the last. */
const struct cert *trust_root_cert(const struct trust *t);
const struct cert *trust_issuer_cert(const struct trust *t, size_t i);

/* SHA-256 of the roster document. */
const struct digest *trust_digest(const struct trust *t);

/* ERR_EXPIRED from not_after on; ERR_BEHIND where the clock is more than TRUST_SKEW_S before issued_at.
 * Both mean: closed. */
enum err trust_check_time(const struct trust *t, int64_t now_s, struct errmsg *why) MUST_CHECK;

/* Less than TRUST_WARN_S left. */
bool trust_ends_soon(const struct trust *t, int64_t now_s);

/* The certificate of a member for a use (signing, sealing, transport) that may be used at at_s.
 * ERR_NOT_FOUND (no such member, or it has none), ERR_EXPIRED, ERR_CERT (revoked, not yet valid). */
struct trust_query {
    struct agency_id oin;
    enum cert_use use;
    int64_t at_s;
};
enum err trust_member_cert(const struct trust *t, const struct trust_query *q,
                           const struct cert **out, struct errmsg *why) MUST_CHECK;

/* What the roster lists, whatever the time and the revocations: for a signature whose time is another's
 * to judge. NULL where it lists none. */
const struct cert *trust_listed_cert(const struct trust *t, const struct agency_id *oin,
                                     enum cert_use use);
const struct cert *trust_listed_officer(const struct trust *t, const struct roster_officer *o);

/* The certificate of a person who has this function at this agency; FUNCTION_NONE asks for no
 * function. officer (may be NULL) gets the roster's entry. ERR_PERMISSION without the function; others
 * as above. */
struct trust_officer_query {
    struct agency_id agency;
    struct name staff;
    enum officer_function function;
    int64_t at_s;
};
enum err trust_officer_cert(const struct trust *t, const struct trust_officer_query *q,
                            const struct cert **out, const struct roster_officer **officer,
                            struct errmsg *why) MUST_CHECK;

/* Whom a CURVE key belongs to, at the handshake and again for every message. Errors as above. */
enum err trust_peer(const struct trust *t, const struct curve_key *key, int64_t at_s,
                    const struct roster_member **out, struct errmsg *why) MUST_CHECK;

/* Whether sig is this member's signature of document as kind, with a certificate good at at_s.
 * ERR_SIGNATURE; others as trust_member_cert. */
struct trust_signed {
    enum sign_kind kind;
    struct agency_id by;
    struct bytes document;
    struct bytes signature;
    int64_t at_s;
};
enum err trust_verify(const struct trust *t, const struct trust_signed *s,
                      struct errmsg *why) MUST_CHECK;

#endif
