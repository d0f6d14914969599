/* The evaluator: default deny, total, and pure. No clock, disk, network or allocation; the same
 * arguments give the same decision, so that a past decision replays from its audit body. */
#ifndef SLUIS_POLICY_EVALUATE_H
#define SLUIS_POLICY_EVALUATE_H

#include "proto/policy/decision.h"
#include "proto/policy/facts.h"
#include "proto/policy/policy.h"

/* Judges the facts under the one rule that the request or batch names, as the given role sees them.
 * Conditions are those of the rule's process. A condition that the role judges fails where one of
 * its facts is unknown or only asserted; one that it is told is judged on that word where there is
 * one. Fills all of out; its failures are in the order of enum condition. */
void policy_evaluate(const struct policy *p, const struct name *rule_id, enum role role,
                     const struct facts *f, struct decision *out);

#endif
