#include "proto/policy/selftest.h"

#include "proto/policy/evaluate.h"

/* The expected reasons as a set; an unknown id, which the loader refuses, makes it unequal to any.
 */
static uint64_t expected(const struct policy_test *t)
{
    uint64_t set = 0;
    for (uint32_t i = 0; i < t->reasons_count; i++) {
        enum condition c = CONDITION_NONE;
        if (condition_parse(bytes_str(t->reasons[i].s), &c) != ERR_OK)
            return UINT64_MAX;
        set |= CONDITION_BIT(c);
    }
    return set;
}

bool selftest_run(const struct policy *p, const struct policy_test *t, struct decision *out)
{
    policy_evaluate(p, &t->rule, t->role, t->facts, out);
    uint64_t failed = 0;
    for (uint32_t i = 0; i < out->failures_count; i++)
        failed |= CONDITION_BIT(out->failures[i].condition);
    return out->permit == (t->expect == EXPECT_PERMIT) && failed == expected(t);
}
