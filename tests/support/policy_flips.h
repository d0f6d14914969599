/* Whether what policy_diff says covers what policy_evaluate does: many facts under two policies. */
#ifndef SLUIS_TESTS_POLICY_FLIPS_H
#define SLUIS_TESTS_POLICY_FLIPS_H

#include <stdbool.h>

#include "proto/policy/policy.h"
#include "tests/support/policy_draft.h"

struct flips {
    unsigned long gained;    /* facts that only the newer one permits */
    unsigned long lost;      /* facts that only the older one permits */
    unsigned long evaluated; /* pairs of decisions */
    char what[600];          /* what diff did not say, and for which facts */
};

/* Starts from the facts of each test that expects a permit, in either policy; changes up to three
 * of them, `rounds` times (seldom under a rule that both have word for word), and evaluates both
 * policies in each role. False where a gain has no `more`, a loss no `less` or is not narrowed, or
 * the difference the other way round is not the mirror of this one. Adds to the counts of out. */
bool policy_flips_covered(const struct policy *older, const struct policy *newer, struct chance *c,
                          unsigned rounds, struct flips *out);

#endif
