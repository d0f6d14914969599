/* What the policy says of cases: who moves one to which state, what must be recorded first, and what
 * closing asks for. Pure look-ups; agent/ask/case_judge says them to a person. */
#ifndef SLUIS_POLICY_CASE_RULES_H
#define SLUIS_POLICY_CASE_RULES_H

#include "proto/policy/policy.h"

/* The move between two states, or NULL: nobody may. from CASE_NONE: a case is opened in that state. */
const struct policy_move *policy_move_of(const struct policy *p, enum case_state from,
                                         enum case_state to);

/* True where a case can come from its opening to this state, by the moves of the policy. */
bool policy_reaches(const struct policy *p, enum case_state state);

#endif
