/* When a condition on the file, the rule, the law or the parties is broken: docs/policy.md, "What
 * each condition looks at". */
#include "tests/support/policy_reference_rows.h"

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static bool has(const struct name *list, uint32_t count, const struct fact_name *fact)
{
    for (uint32_t i = 0; i < count; i++) {
        if (same(list[i].s, fact->v.s))
            return true;
    }
    return false;
}

static bool within(const struct period *p, int64_t now)
{
    return now >= p->from_s && now < p->until_s;
}

/* The file and the rule. */

bool reference_policy_valid(const struct reference_question *q)
{
    return !within(&q->policy->valid, q->facts->now.v);
}

bool reference_rule_known(const struct reference_question *q)
{
    return q->rule == NULL;
}

bool reference_rule_version(const struct reference_question *q)
{
    return q->facts->rule_version.v != (int64_t)q->rule->version;
}

bool reference_status(const struct reference_question *q)
{
    return q->rule->status != RULE_STATUS_ADOPTED;
}

bool reference_rule_valid(const struct reference_question *q)
{
    return !within(&q->rule->valid, q->facts->now.v);
}

bool reference_adoption(const struct reference_question *q)
{
    return q->facts->adoption.v != ADOPTION_ADOPTED;
}

/* The law. */

/* A covenant or protocol is no ground by itself. */
static bool binds(const struct policy *p, const struct citation *c)
{
    for (uint32_t i = 0; i < p->laws_count; i++) {
        if (same(p->laws[i].id.s, c->law.s))
            return !p->laws[i].non_binding;
    }
    return false;
}

bool reference_basis(const struct reference_question *q)
{
    for (uint32_t i = 0; i < q->rule->basis_count; i++) {
        if (binds(q->policy, &q->rule->basis[i]))
            return false;
    }
    return true;
}

static bool unverified(const struct citation *c)
{
    return c != NULL && (c->verified_by.s[0] == '\0' || same(c->verified_by.s, "none"));
}

static bool ground_is_unverified(const struct rule *r)
{
    return (r->outcome != NULL && unverified(r->outcome->ground)) ||
           (r->question_use != NULL && unverified(r->question_use->ground)) ||
           (r->minors != NULL && unverified(r->minors->ground)) ||
           (r->subject != NULL && unverified(r->subject->ground)) ||
           (r->export != NULL && unverified(r->export->assurance));
}

static bool gate_is_unverified(const struct gate *g)
{
    for (uint32_t i = 0; i < g->with_count; i++) {
        if (unverified(&g->with[i]))
            return true;
    }
    return unverified(&g->cite);
}

/* The first gate that names the holder and, where it has one, its own sector law. */
static const struct gate *own_gate(const struct reference_question *q)
{
    for (uint32_t i = 0; i < q->rule->gates_count; i++) {
        const struct gate *g = &q->rule->gates[i];
        if (reference_selects(&g->holder, 1, q->holder) &&
            (q->holder->sector_law.s[0] == '\0' || same(g->cite.law.s, q->holder->sector_law.s)))
            return g;
    }
    return NULL;
}

bool reference_verified(const struct reference_question *q)
{
    const struct rule *r = q->rule;
    for (uint32_t i = 0; i < r->basis_count; i++) {
        if (unverified(&r->basis[i]))
            return true;
    }
    for (uint32_t i = 0; i < r->identifiers_count; i++) {
        if (r->identifiers[i].type == IDENT_BSN && unverified(r->identifiers[i].ground))
            return true;
    }
    const struct gate *g = own_gate(q);
    return (g != NULL && gate_is_unverified(g)) || ground_is_unverified(r);
}

bool reference_gate(const struct reference_question *q)
{
    if (q->holder == NULL)
        return true;
    const struct gate *g = own_gate(q);
    if (g == NULL)
        return q->holder->sector_law.s[0] != '\0';
    enum outcome most =
        g->outcome_at_most != OUTCOME_NONE ? g->outcome_at_most : OUTCOME_HIT_NO_HIT;
    return q->rule->outcome != NULL && q->rule->outcome->kind > most;
}

static bool regime_differs(const struct rule *r, const struct party *party, enum regime roster)
{
    if (party == NULL || party->regime != roster)
        return true;
    for (uint32_t i = 0; i < r->regime_count; i++) {
        if (reference_selects(&r->regime[i].party, 1, party))
            return r->regime[i].regime != roster;
    }
    return true;
}

bool reference_regime(const struct reference_question *q)
{
    return regime_differs(q->rule, q->holder, q->facts->holder_regime.v) ||
           (reference_asks(q->rule) &&
            regime_differs(q->rule, q->requester, q->facts->requester_regime.v));
}

/* What is asked for under the ground of its kind; a name that the rule lacks has none to lack. */
static bool lacks_ground(const struct rule *r, const char *field)
{
    for (uint32_t i = 0; i < r->fields_count; i++) {
        if (!same(r->fields[i].name.s, field))
            continue;
        if (r->fields[i].sensitivity == SENSITIVITY_SPECIAL)
            return r->gdpr->special == NULL;
        if (r->fields[i].sensitivity == SENSITIVITY_CRIMINAL)
            return r->gdpr->criminal == NULL;
        return false;
    }
    return false;
}

static bool is_under_avg(const struct party *party)
{
    return party != NULL && party->regime == REGIME_AVG;
}

bool reference_gdpr(const struct reference_question *q)
{
    const struct rule *r = q->rule;
    if (!is_under_avg(q->holder) && !is_under_avg(q->requester))
        return false;
    if (r->gdpr == NULL || r->gdpr->lawfulness == NULL)
        return true;
    for (uint32_t i = 0; reference_asks(r) && i < q->facts->fields.count; i++) {
        if (lacks_ground(r, q->facts->fields.v[i].s))
            return true;
    }
    return false;
}

/* Who and what for. */

bool reference_process(const struct reference_question *q)
{
    return q->facts->process.v != q->rule->process;
}

static const struct purpose *own_purpose(const struct reference_question *q)
{
    for (uint32_t i = 0; i < q->policy->purposes_count; i++) {
        if (same(q->policy->purposes[i].id.s, q->rule->purpose.s))
            return &q->policy->purposes[i];
    }
    return NULL;
}

bool reference_purpose(const struct reference_question *q)
{
    return own_purpose(q) == NULL || !same(q->facts->purpose.v.s, q->rule->purpose.s);
}

static bool is_no_participant(const struct reference_question *q, const struct party *party)
{
    const struct purpose *p = own_purpose(q);
    if (party == NULL || p == NULL)
        return true;
    if (party->valid.until_s != 0 && !within(&party->valid, q->facts->now.v))
        return true;
    return !reference_selects(p->participants, p->participants_count, party);
}

bool reference_participant(const struct reference_question *q)
{
    return is_no_participant(q, q->holder) ||
           (reference_asks(q->rule) && is_no_participant(q, q->requester));
}

bool reference_requester(const struct reference_question *q)
{
    return !reference_selects(q->rule->requesters, q->rule->requesters_count, q->requester);
}

bool reference_holder(const struct reference_question *q)
{
    const struct rule *r = q->rule;
    if (!reference_selects(r->holders, r->holders_count, q->holder))
        return true;
    for (uint32_t i = 0; i < r->consent_count; i++) {
        if (reference_selects(&r->consent[i].holder, 1, q->holder))
            return false;
    }
    return reference_asks(r);
}

bool reference_other_party(const struct reference_question *q)
{
    return same(q->facts->requester.v.oin, q->facts->holder.v.oin);
}

bool reference_excluded(const struct reference_question *q)
{
    const struct rule *r = q->rule;
    return reference_selects(r->excluded, r->excluded_count, q->holder) ||
           reference_selects(r->excluded, r->excluded_count, q->requester);
}

static bool is_fit_principal(const struct reference_question *q, const char *oin)
{
    for (uint32_t i = 0; i < q->policy->parties_count; i++) {
        const struct party *x = &q->policy->parties[i];
        if (same(x->oin.oin, oin))
            return !reference_selects(q->rule->excluded, q->rule->excluded_count, x);
    }
    return false;
}

bool reference_on_behalf_of(const struct reference_question *q)
{
    const char *named = q->facts->on_behalf_of.v.oin;
    for (uint32_t i = 0; q->requester != NULL && i < q->requester->on_behalf_of_count; i++) {
        if (same(q->requester->on_behalf_of[i].oin, named))
            return !is_fit_principal(q, named);
    }
    return true;
}

bool reference_function(const struct reference_question *q)
{
    return !has(q->rule->functions, q->rule->functions_count, &q->facts->function);
}

bool reference_region(const struct reference_question *q)
{
    return q->requester == NULL || !same(q->requester->region.s, q->rule->region.s);
}
