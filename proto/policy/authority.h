/* Who decides for a holder: functions, and which of them together. The holder's agent, the broker and the
 * requester each ask here, so that none of them is milder than another. Pure. */
#ifndef SLUIS_POLICY_AUTHORITY_H
#define SLUIS_POLICY_AUTHORITY_H

#include "proto/policy/policy.h"

#define AUTHORITY_SKEW_S 300 /* a holder's clock may be so far behind the requester's */

/* The question that somebody decides, and by what. */
struct authority {
    const struct policy *policy;
    const struct consent_terms *terms;
    int64_t issued_at_s; /* of its header */
    int64_t deadline_s;
};

/* True where somebody with this function may sign a decision at this time: one of the functions of the
 * terms, under the kind `prosecutor` the prosecutor's own, or a deputy's where the term can be over by
 * then. When it began only the holder's agent knows, which holds its deputies to that; others know that
 * the question arrived after it was issued. */
bool authority_admits(const struct authority *q, const struct name *function, int64_t signed_at_s);

/* True where a decision needs the signatures of two persons. A refusal shows nothing: one suffices. */
bool authority_needs_two(const struct consent_terms *c, enum consent_decision decision);

/* True where two persons who sign with these functions decide together: under `prosecutor` exactly one of
 * them is the prosecutor. */
bool authority_pairs(const struct consent_terms *c, const struct name *one,
                     const struct name *other);

/* Whether the name is the prosecutor's function. */
bool authority_is_prosecutor(const struct name *function);

#endif
