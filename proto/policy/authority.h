/* Who decides for a holder: functions, and which of them together. The holder's agent, the broker and the
 * requester each ask here, so that none of them is milder than another. Pure. */
#ifndef SLUIS_POLICY_AUTHORITY_H
#define SLUIS_POLICY_AUTHORITY_H

#include "proto/policy/policy.h"

/* True where somebody with this function may sign a decision under the terms: one of their functions, a
 * deputy's, or under the kind `prosecutor` the prosecutor's own. Whether the term is over, so that a
 * deputy may, only the holder's agent can tell. */
bool authority_admits(const struct consent_terms *c, const struct name *function);

/* True where a decision needs the signatures of two persons. A refusal shows nothing: one suffices. */
bool authority_needs_two(const struct consent_terms *c, enum consent_decision decision);

/* True where two persons who sign with these functions decide together: under `prosecutor` exactly one of
 * them is the prosecutor. */
bool authority_pairs(const struct consent_terms *c, const struct name *one,
                     const struct name *other);

/* Whether the name is the prosecutor's function. */
bool authority_is_prosecutor(const struct name *function);

#endif
