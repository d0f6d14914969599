/* Between the parts of the reference evaluator: what breaks each condition. A function is asked
 * only where the condition is part of the rule and the facts that it looks at are known. */
#ifndef SLUIS_TEST_POLICY_REFERENCE_ROWS_H
#define SLUIS_TEST_POLICY_REFERENCE_ROWS_H

#include "tests/support/policy_reference.h"

#define REFERENCE_CONDITIONS(X)                                                                    \
    X(policy_valid)                                                                                \
    X(rule_known) X(rule_version) X(status) X(rule_valid) X(adoption) X(basis) X(verified) X(gate) \
        X(regime) X(gdpr) X(process) X(purpose) X(participant) X(requester) X(holder)              \
            X(other_party) X(excluded) X(on_behalf_of) X(function) X(region) X(case_state)         \
                X(checks) X(necessity) X(proportionality) X(subsidiarity) X(concrete_signal) X(control_data) \
                    X(identifiers) X(norm_version) X(strength) X(fields) X(field_left)             \
                        X(visibility) X(deadline) X(aim) X(minors) X(phenomenon) X(area)           \
                            X(destination) X(origin) X(dimensions) X(limit_request)                \
                                X(limit_agency) X(limit_officer) X(limit_case) X(limit_period)     \
                                    X(min_holders) X(set_size) X(budget) X(category) X(age)        \
                                        X(share) X(limit_additions) X(suppression)

#define REFERENCE_BROKEN(id) bool reference_##id(const struct reference_question *q);
REFERENCE_CONDITIONS(REFERENCE_BROKEN)
#undef REFERENCE_BROKEN

/* Every process but index. */
bool reference_asks(const struct rule *r);
/* Values of fields travel. */
bool reference_has_fields(const struct rule *r);

#endif
