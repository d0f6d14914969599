/* Findings on whether a rule can apply at all, and to each party that it lists. */
#include "proto/policy/findings_internal.h"
#include "proto/policy/process.h"

bool field_is_of(const struct rule_field *f, const struct party *holder)
{
    return f->holders_count == 0 || selectors_match(f->holders, f->holders_count, holder);
}

/* A party without legal personality asks in the name of another one, which is not excluded. */
static bool may_ask_for_somebody(const struct search_for *s, const struct rule *r,
                                 const struct party *party)
{
    for (uint32_t i = 0; i < party->on_behalf_of_count; i++) {
        const struct party *other = policy_party(s->policy, &party->on_behalf_of[i]);
        if (other != NULL && !selectors_match(r->excluded, r->excluded_count, other))
            return true;
    }
    return party->on_behalf_of_count == 0;
}

static bool can_ask(const struct search_for *s, const struct rule *r, const struct acting *a)
{
    return a->asks && a->can &&
           (r->region.s[0] == '\0' || name_equal(&r->region, &a->party->region)) &&
           may_ask_for_somebody(s, r, a->party);
}

static bool has_identifier(const struct rule *r, const struct party *party)
{
    for (uint32_t i = 0; i < r->identifiers_count; i++) {
        if (selectors_match(r->identifiers[i].parties, r->identifiers[i].parties_count, party))
            return true;
    }
    return rule_counts(r);
}

static bool has_field(const struct rule *r, const struct party *holder)
{
    for (uint32_t i = 0; i < r->fields_count; i++) {
        if (field_is_of(&r->fields[i], holder))
            return true;
    }
    return rule_counts(r) || !process_has_fields(r->process);
}

/* Parties that the rule lists although nothing of it is for them. */
static void check_idle(const struct search_for *s, const struct rule *r, const struct acting *a)
{
    const bool names = r->process == PROCESS_INDEX ? a->holds : a->asks;
    if (names && a->can && !has_identifier(r, a->party))
        report(s, at_key(r, "identifiers"), SEVERITY_ERROR, "never-applies",
               "party %s may use no identifier of this rule", a->party->oin.oin);
    if (a->holds && a->can && !has_field(r, a->party))
        report(s, at_key(r, "fields"), SEVERITY_ERROR, "never-applies",
               "holder %s may release no field of this rule", a->party->oin.oin);
}

/* Who can act, and the last of them on either side. */
struct sides {
    uint32_t requesters;
    uint32_t holders;
    const struct party *requester;
    const struct party *holder;
};

static struct sides sides_of(const struct search_for *s, const struct rule *r)
{
    struct sides n = {.requesters = 0};
    for (uint32_t i = 0; i < s->acting_count; i++) {
        const struct acting *a = &s->acting[i];
        if (can_ask(s, r, a)) {
            n.requesters++;
            n.requester = a->party;
        }
        if (a->holds && a->can) {
            n.holders++;
            n.holder = a->party;
        }
    }
    return n;
}

static void check_sides(const struct search_for *s, const struct rule *r)
{
    const struct sides n = sides_of(s, r);
    const bool asking = process_asks(r->process);
    struct spot at = at_rule(r);
    if (asking && n.requesters == 0)
        report(s, at, SEVERITY_ERROR, "never-applies", "no party can ask under this rule");
    if (n.holders == 0)
        report(s, at, SEVERITY_ERROR, "never-applies", "no party can be holder under this rule");
    if (asking && n.requesters == 1 && n.holders == 1 && n.requester == n.holder)
        report(s, at, SEVERITY_ERROR, "never-applies", "only %s can ask, and only itself",
               n.holder->oin.oin);
    if (r->joint != NULL && n.holders > 0 && n.holders < r->joint->min_holders)
        report(s, at_key(r, "joint"), SEVERITY_ERROR, "never-applies",
               "it wants %u holders and %u can be one", r->joint->min_holders, n.holders);
    if (r->aggregate != NULL && n.holders > 0 && n.holders < r->aggregate->min_holders)
        report(s, at_key(r, "aggregate"), SEVERITY_ERROR, "never-applies",
               "it wants %u holders and %u can be one", r->aggregate->min_holders, n.holders);
}

void findings_of_applying(const struct search_for *s, const struct rule *r)
{
    check_sides(s, r);
    for (uint32_t i = 0; i < s->acting_count; i++)
        check_idle(s, r, &s->acting[i]);
    if (!periods_overlap(&r->valid, &s->policy->valid))
        report(s, at_key(r, "valid"), SEVERITY_ERROR, "never-applies",
               "the rule is never valid while the file is");
    if (r->status == RULE_STATUS_DRAFT)
        report(s, at_rule(r), SEVERITY_WARNING, "draft", "a draft denies everything");
}
