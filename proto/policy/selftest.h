/* Runs the tests that a policy file carries: the regression of the law. */
#ifndef SLUIS_POLICY_SELFTEST_H
#define SLUIS_POLICY_SELFTEST_H

#include "proto/policy/decision.h"

/* Evaluates one test into *out. True where verdict and failed conditions are exactly the expected.
 */
bool selftest_run(const struct policy *p, const struct policy_test *t, struct decision *out);

#endif
