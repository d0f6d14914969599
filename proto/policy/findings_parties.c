/* Findings on who takes part, and on whom the tests cover. */
#include "proto/policy/facts.h"
#include "proto/policy/findings_internal.h"

static bool takes_part(const struct policy *p, const struct rule *r, const struct party *party)
{
    const struct purpose *u = policy_purpose(p, &r->purpose);
    return u != NULL && selectors_match(u->participants, u->participants_count, party);
}

/* A party that can really act under the rule in the role that the list gives. */
static bool can_act(const struct policy *p, const struct rule *r, const struct party *party)
{
    return takes_part(p, r, party) && !selectors_match(r->excluded, r->excluded_count, party);
}

static void check_participants(const struct search_for *s, const struct rule *r,
                               const struct party *party)
{
    bool asks = selectors_match(r->requesters, r->requesters_count, party);
    bool holds = selectors_match(r->holders, r->holders_count, party);
    if ((asks || holds) && !takes_part(s->policy, r, party))
        report(s, ((struct spot){r, asks ? "requesters" : "holders"}), SEVERITY_ERROR,
               "not-participant", "party %s takes no part in purpose '%s'", party->oin.oin,
               r->purpose.s);
}

static bool somebody(const struct policy *p, const struct rule *r, const struct selector *list,
                     uint32_t count)
{
    for (uint32_t i = 0; i < p->parties_count; i++) {
        if (selectors_match(list, count, &p->parties[i]) && can_act(p, r, &p->parties[i]))
            return true;
    }
    return false;
}

static void check_never(const struct search_for *s, const struct rule *r)
{
    const struct policy *p = s->policy;
    struct spot at = {r, NULL};
    if (r->process != PROCESS_INDEX && !somebody(p, r, r->requesters, r->requesters_count))
        report(s, at, SEVERITY_ERROR, "never-applies", "no party can ask under this rule");
    if (!somebody(p, r, r->holders, r->holders_count))
        report(s, at, SEVERITY_ERROR, "never-applies", "no party can be holder under this rule");
    if (r->valid.from_s >= p->valid.until_s || r->valid.until_s <= p->valid.from_s)
        report(s, at, SEVERITY_ERROR, "never-applies", "the rule is never valid while the file is");
    if (r->status == RULE_STATUS_DRAFT)
        report(s, at, SEVERITY_WARNING, "draft", "a draft denies everything");
}

void findings_of_parties(const struct search_for *s, const struct rule *r)
{
    for (uint32_t i = 0; i < s->policy->parties_count; i++)
        check_participants(s, r, &s->policy->parties[i]);
    check_never(s, r);
}

/* ---- tests ---- */

/* True where the test puts a party of the selector in the given place. */
static bool test_has(const struct policy *p, const struct fact_oin *place,
                     const struct selector *sel)
{
    const struct party *party = place->by != PROVENANCE_UNKNOWN ? policy_party(p, &place->v) : NULL;
    return party != NULL && selector_matches(sel, party);
}

/* True where some test of the rule permits with a party of the selector there. */
static bool covered(const struct policy *p, const struct rule *r, const struct selector *sel,
                    bool asking)
{
    for (uint32_t i = 0; i < p->tests_count; i++) {
        const struct policy_test *t = &p->tests[i];
        if (t->expect == EXPECT_PERMIT && name_equal(&t->rule, &r->id) &&
            test_has(p, asking ? &t->facts->requester : &t->facts->holder, sel))
            return true;
    }
    return false;
}

static bool has_denial(const struct policy *p, const struct rule *r)
{
    for (uint32_t i = 0; i < p->tests_count; i++) {
        if (p->tests[i].expect == EXPECT_DENY && name_equal(&p->tests[i].rule, &r->id))
            return true;
    }
    return false;
}

void findings_of_tests(const struct search_for *s, const struct rule *r)
{
    struct spot at = {r, NULL};
    for (uint32_t i = 0; i < r->requesters_count; i++) {
        if (!covered(s->policy, r, &r->requesters[i], true))
            report(s, at, SEVERITY_ERROR, "test-missing", "no test permits '%s' as requester",
                   r->requesters[i].s.s);
    }
    for (uint32_t i = 0; i < r->holders_count; i++) {
        if (!covered(s->policy, r, &r->holders[i], false))
            report(s, at, SEVERITY_ERROR, "test-missing", "no test permits '%s' as holder",
                   r->holders[i].s.s);
    }
    if (!has_denial(s->policy, r))
        report(s, at, SEVERITY_WARNING, "denial-untested", "no test shows what this rule denies");
}
