/* Findings on whom the tests of the file cover. */
#include "proto/policy/facts.h"
#include "proto/policy/findings_internal.h"

/* The tests of one rule: positions [from, until) of s->tests, which are sorted by rule. */
struct span {
    uint32_t from;
    uint32_t until;
};

static struct span tests_of(const struct search_for *s, const struct name *rule)
{
    uint32_t lo = 0;
    uint32_t hi = s->policy->tests_count;
    while (lo < hi) {
        const uint32_t mid = lo + (hi - lo) / 2;
        if (strcmp(s->tests[mid]->rule.s, rule->s) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    while (hi < s->policy->tests_count && name_equal(&s->tests[hi]->rule, rule))
        hi++;
    return (struct span){lo, hi};
}

/* True where the test puts a party of the selector in the given place. */
static bool test_has(const struct policy *p, const struct fact_oin *place,
                     const struct selector *sel)
{
    const struct party *party = place->by != PROVENANCE_UNKNOWN ? policy_party(p, &place->v) : NULL;
    return party != NULL && selector_matches(sel, party);
}

enum side { ASKING, HOLDING };

/* True where one of the tests permits with a party of the selector there. */
static bool covered(const struct search_for *s, struct span tests, const struct selector *sel,
                    enum side side)
{
    for (uint32_t i = tests.from; i < tests.until; i++) {
        const struct policy_test *t = s->tests[i];
        const struct fact_oin *place = side == ASKING ? &t->facts->requester : &t->facts->holder;
        if (t->expect == EXPECT_PERMIT && test_has(s->policy, place, sel))
            return true;
    }
    return false;
}

static bool has_denial(const struct search_for *s, struct span tests)
{
    for (uint32_t i = tests.from; i < tests.until; i++) {
        if (s->tests[i]->expect == EXPECT_DENY)
            return true;
    }
    return false;
}

/* A draft denies everything, so that nothing could be shown to be permitted. */
void findings_of_tests(const struct search_for *s, const struct rule *r)
{
    const struct span tests = tests_of(s, &r->id);
    if (r->status != RULE_STATUS_ADOPTED)
        return;
    for (uint32_t i = 0; i < r->requesters_count; i++) {
        if (!covered(s, tests, &r->requesters[i], ASKING))
            report(s, at_rule(r), SEVERITY_ERROR, "test-missing",
                   "no test permits '%s' as requester", r->requesters[i].s.s);
    }
    for (uint32_t i = 0; i < r->holders_count; i++) {
        if (!covered(s, tests, &r->holders[i], HOLDING))
            report(s, at_rule(r), SEVERITY_ERROR, "test-missing", "no test permits '%s' as holder",
                   r->holders[i].s.s);
    }
    if (!has_denial(s, tests))
        report(s, at_rule(r), SEVERITY_WARNING, "denial-untested",
               "no test shows what this rule denies");
}
