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
    const struct key *roster_key;      /* who signs rosters; borrowed while trust_read runs */
    const struct key *next_roster_key; /* who takes over, pinned beforehand; NULL: nobody */
};

/* Verifies a signed roster with all in it: its signature first, by the pinned key, over the bytes as
 * received; bytes that do not verify are never decoded. The next key signs only with the word of roster_key
 * in the roster that it took over (decision 0904): without it ERR_MISMATCH. serial_floor: the highest serial seen before.
 * ERR_BEHIND (an older serial), ERR_MISMATCH (another deployment or key than the pinned),
 * ERR_SIGNATURE, ERR_CERT, ERR_DUPLICATE (one public key at two places), ERR_NOMEM, or as
 * signed_doc_decode and roster_decode. Does not ask for the time: a roster that is over still tells who
 * the broker is. */
enum err trust_read(const struct trust_pins *pins, struct bytes signed_roster,
                    uint64_t serial_floor, struct trust **out, struct errmsg *why) MUST_CHECK;

/* Whether the word (SIGN_HANDOVER) that next carries lets its key take over from this one (SubjectPublicKeyInfo).
 * ERR_MISMATCH where it carries none, or another's. */
enum err trust_check_handover(const struct roster *next, struct bytes from, struct errmsg *why) MUST_CHECK;

/* Whether this is the fingerprint of a key that pinned t's roster. */
bool trust_pins_key(const struct trust *t, const struct digest *fingerprint);

/* Whether the second of two pinned keys signed it. */
bool trust_is_by_next(const struct trust *t);

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

/* Whom a CURVE key belongs to, at the handshake and again for every message: a current transport key, or a
 * former one until its end. Errors as above. */
enum err trust_peer(const struct trust *t, const struct curve_key *key, int64_t at_s,
                    const struct roster_member **out, struct errmsg *why) MUST_CHECK;
/* The i-th former transport key of the roster, whatever its end; false beyond the last. */
bool trust_former_curve_at(const struct trust *t, size_t i, struct curve_key *out);
/* The part of it that asks the former keys. */
enum err trust_former_peer(const struct trust *t, const struct curve_key *key, int64_t at_s,
                           const struct roster_member **out, struct errmsg *why) MUST_CHECK;

/* ---- signatures, by the certificate of now or by one that a renewal replaced (decision 0903) ---- */

/* The certificate behind an entry of this roster; NULL where the roster has no such entry. */
const struct cert *trust_former_cert(const struct trust *t, const struct roster_former *f);

/* By which certificate something is signed, and for which time that counts, both ends inclusive: from when
 * it is valid until its end, or of a former one until ROSTER_OVERLAP_S after it was replaced. */
struct trust_proof {
    struct digest fingerprint;
    bool is_former;
    int64_t from_s;
    int64_t until_s;
    int64_t listed_until_s; /* when it stops to count for anything */
};
static inline bool trust_proof_counts(const struct trust_proof *s, int64_t signed_at_s)
{
    return signed_at_s >= s->from_s && signed_at_s <= s->until_s;
}

/* Which certificate of a member verifies s (whose at_s is not looked at): the current one, or a former
 * one that is not over by the roster's time; a revoked one never does. The time is the caller's to
 * compare, who may find it only inside the document. ERR_NOT_FOUND, ERR_SIGNATURE. */
struct trust_signed {
    enum sign_kind kind;
    struct agency_id by;
    struct bytes document;
    struct bytes signature;
    int64_t at_s;
};
enum err trust_proof_of(const struct trust *t, const struct trust_signed *s,
                        struct trust_proof *out, struct errmsg *why) MUST_CHECK;

/* The signing certificates of a member that are not revoked or over, the current one first; NULL beyond the
 * end. */
const struct cert *trust_signing_cert_at(const struct trust *t, const struct agency_id *oin, size_t i,
                                         struct trust_proof *out);

/* The same with the time at which it was signed or recorded. ERR_CERT, ERR_EXPIRED where the certificate
 * does not count at at_s; others as above. */
enum err trust_verify(const struct trust *t, const struct trust_signed *s,
                      struct errmsg *why) MUST_CHECK;

/* The person behind a certificate, current or former; proves nothing. Borrowed from t. ERR_NOT_FOUND,
 * ERR_CERT (revoked). */
struct trust_officer_proof {
    const struct roster_officer *officer;
    const struct cert *cert;
    struct trust_proof proof;
};
enum err trust_signing_officer(const struct trust *t, const struct digest *fingerprint,
                               struct trust_officer_proof *out, struct errmsg *why) MUST_CHECK;

/* The sealing certificate with this fingerprint, where something that names it and was issued at
 * issued_at_s may still come to its owner at now_s; NULL: not this member's, revoked, or over. */
struct trust_sealed_at {
    int64_t issued_at_s;
    int64_t now_s;
};
const struct cert *trust_sealing_cert(const struct trust *t, const struct agency_id *oin,
                                      const struct digest *fingerprint,
                                      const struct trust_sealed_at *at);

#endif
