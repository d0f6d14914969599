/* The registrar's working copy of the roster, DIR/roster.draft: an unsigned roster document that every
 * act changes and `roster sign` signs. */
#ifndef SLUIS_CLI_PKI_DRAFT_H
#define SLUIS_CLI_PKI_DRAFT_H

#include "pki/cli/pki/work.h"
#include "pki/trust_docs.h"

/* Reads it; writes it after the checks of roster_check. */
enum err draft_load(struct work *w, struct roster *out) MUST_CHECK;
enum err draft_save(struct work *w, const struct roster *r) MUST_CHECK;

/* Put a member or officer at its place, instead of the one with the same id; whose certificates then
 * count as revoked, but for those that the new entry lists as former. Purposes that it is of no more are noted as
 * departures, here and in the two below. Lists live in the arena. */
enum err draft_put_member(struct work *w, struct roster *r,
                          const struct roster_member *m) MUST_CHECK;
enum err draft_put_officer(struct work *w, struct roster *r,
                           const struct roster_officer *o) MUST_CHECK;

/* In the place of a listed one with the same id, and nothing is revoked: what a renewal changes. */
enum err draft_renew_member(struct work *w, struct roster *r,
                            const struct roster_member *m) MUST_CHECK;
enum err draft_renew_officer(struct work *w, struct roster *r,
                             const struct roster_officer *o) MUST_CHECK;

/* A former certificate into a list, at its place. ERR_LIMIT with max there. */
enum err draft_add_former(struct work *w, struct former_list *list, size_t max,
                          const struct roster_former *f) MUST_CHECK;

/* The last second at which a certificate that is replaced now counts for anything (decision 0903; --keep). */
int64_t draft_former_until(const struct work *w, enum cert_use use, uint32_t functions);

/* The keys of old are lost or over, and nobody else has them: lists in m, which is about to take its place with new
 * certificates and none former yet, those of old with which it signed, or to which something was sealed. What they made
 * up to now, or to their end where that was before, stays valid, and nothing after it (decision 0917). Left out are what is
 * revoked, what is over for good, and certificates of the very keys of m, which an approval that was stopped left.
 * ERR_LIMIT as draft_add_former. */
enum err draft_keep_member(struct work *w, const struct roster *r, const struct roster_member *old,
                           struct roster_member *m) MUST_CHECK;
enum err draft_keep_officer(struct work *w, const struct roster *r, const struct roster_officer *old,
                            struct roster_officer *o) MUST_CHECK;

/* Puts the key of the broker's log among the former ones, so that proofs of before verify; where there is no room the
 * one that ends first makes it. The caller names the next key. */
enum err draft_former_log(struct work *w, struct roster *r) MUST_CHECK;

/* Takes out the former certificates that are over or revoked. draft_save does it, too. */
enum err draft_prune(struct work *w, struct roster *r) MUST_CHECK;

/* Puts a fingerprint among the revoked ones; once is enough. */
enum err draft_revoke(struct work *w, struct roster *r, const struct digest *fingerprint) MUST_CHECK;

/* Take one out and revoke its certificates; a member's officers go with it. ERR_NOT_FOUND. ERR_STATE: it is the only
 * registrar, and no command makes one. */
enum err draft_remove_member(struct work *w, struct roster *r,
                             const struct agency_id *id) MUST_CHECK;
enum err draft_remove_officer(struct work *w, struct roster *r, const struct agency_id *id,
                              const struct name *staff) MUST_CHECK;

/* The agency is of this purpose no more, from now on. ERR_NOT_FOUND. */
enum err draft_leave(struct work *w, struct roster *r, const struct agency_id *id,
                     const struct name *purpose) MUST_CHECK;

/* Refusals are noted among the acts of a roster up to here, so that whoever sends many leaves room for acts. */
#define DRAFT_REFUSALS_MAX 512

/* A request that was judged and refused: a line of the journal with the reason in w->why, and an act of the
 * next roster; the draft on the disk is else as it was. oin may be empty (nobody known); fingerprint is of the
 * request document. Returns reason, with w->why as it came, once both are durable; else what failed. */
struct draft_refusal {
    struct agency_id oin;
    const char *what; /* "request", "renewal" */
    const struct digest *fingerprint;
    enum err reason;
};
enum err draft_refuse(struct work *w, const struct draft_refusal *d) MUST_CHECK;
/* Whether a failure says something about the request, not about this machine or the command line. */
bool draft_is_judgement(enum err e);

/* Notes an act of the registrar, with the date in front. */
enum err draft_act(struct work *w, struct roster *r, const char *what, const char *whom) MUST_CHECK;

/* Drops the acts that every party has had the time to read: those older than the longest life of a roster, and
 * the oldest beyond DRAFT_ACTS_KEPT. Until then an act stands in each roster, so that who skips one misses none. */
#define DRAFT_ACTS_KEPT 256
void draft_drop_old_acts(const struct work *w, struct roster *r);

/* The verified roster in file, by the pins of DIR. */
enum err draft_trust(struct work *w, const char *file, struct trust **out) MUST_CHECK;

/* The same by a roster key that DIR pinned once and pins no more. ERR_NOT_FOUND: by none of them. */
enum err draft_trust_former(struct work *w, const char *file, struct trust **out) MUST_CHECK;

#endif
