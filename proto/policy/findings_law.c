/* Findings on the law behind a rule: what it rests on, and what lifts a holder's secrecy. */
#include "proto/policy/findings_internal.h"
#include "proto/policy/law.h"

static uint32_t count_unverified(const struct citation *list, uint32_t count)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < count; i++)
        n += citation_is_verified(&list[i]) ? 0 : 1;
    return n;
}

static void check_verified(const struct search_for *s, const struct rule *r)
{
    const struct citation *one[RULE_GROUNDS_MAX];
    uint32_t grounds = rule_grounds(r, one);
    uint32_t n = count_unverified(r->basis, r->basis_count);
    for (uint32_t i = 0; i < r->gates_count; i++)
        n += count_unverified(&r->gates[i].cite, 1) +
             count_unverified(r->gates[i].with, r->gates[i].with_count);
    for (uint32_t i = 0; i < grounds; i++)
        n += count_unverified(one[i], 1);
    if (n > 0)
        report(s, at_key(r, "basis"), SEVERITY_WARNING, "citation-unverified",
               "nobody verified %u of the citations of this rule", n);
}

static bool is_binding(const struct search_for *s, const struct citation *c)
{
    const struct law *law = policy_law(s->policy, &c->law);
    return law == NULL || !law->non_binding;
}

/* Beside a binding provision a covenant may stand as part of the basis; alone it carries nothing.
 */
static void check_binding_basis(const struct search_for *s, const struct rule *r)
{
    uint32_t binding = 0;
    for (uint32_t i = 0; i < r->basis_count; i++)
        binding += is_binding(s, &r->basis[i]) ? 1 : 0;
    for (uint32_t i = 0; i < r->basis_count; i++) {
        if (!is_binding(s, &r->basis[i]))
            report(s, at_item(r, "basis", i), binding > 0 ? SEVERITY_WARNING : SEVERITY_ERROR,
                   "non-binding", "'%s' binds nobody: it is no basis by itself", r->basis[i].law.s);
    }
}

static void check_binding(const struct search_for *s, const struct rule *r)
{
    const struct citation *one[RULE_GROUNDS_MAX];
    uint32_t grounds = rule_grounds(r, one);
    check_binding_basis(s, r);
    for (uint32_t i = 0; i < r->gates_count; i++) {
        if (!is_binding(s, &r->gates[i].cite))
            report(s, at_item(r, "gates", i), SEVERITY_ERROR, "non-binding",
                   "'%s' binds nobody: it lifts no secrecy", r->gates[i].cite.law.s);
    }
    for (uint32_t i = 0; i < grounds; i++) {
        if (!is_binding(s, one[i]))
            report(s, at_rule(r), SEVERITY_ERROR, "non-binding",
                   "'%s' binds nobody: it is no ground", one[i]->law.s);
    }
}

static void check_partnership(const struct search_for *s, const struct rule *r)
{
    const struct purpose *u = policy_purpose(s->policy, &r->purpose);
    if (u == NULL || u->partnerships_count == 0)
        return;
    for (uint32_t i = 0; i < u->partnerships_count; i++) {
        if (strcmp(u->partnerships[i].s, partnership_id(r->partnership)) == 0)
            return;
    }
    report(s, at_key(r, "purpose"), SEVERITY_ERROR, "purpose-partnership",
           "purpose '%s' is not one of partnership %s", r->purpose.s,
           partnership_id(r->partnership));
}

static bool under_secrecy(const struct party *holder)
{
    return holder->sector_law.s[0] != '\0';
}

static void check_gate(const struct search_for *s, const struct rule *r, const struct party *h)
{
    const struct gate *g = rule_gate(r, h);
    if (under_secrecy(h) && g == NULL)
        report(s, at_key(r, "gates"), SEVERITY_ERROR, "gate-missing",
               "holder %s is bound by '%s' and no gate lifts it", h->oin.oin, h->sector_law.s);
    if (g != NULL && r->outcome != NULL && r->outcome->kind > gate_outcome(g))
        report(s, at_key(r, "outcome"), SEVERITY_ERROR, "outcome-open",
               "the outcome is %s and the gate of holder %s allows %s at most",
               outcome_id(r->outcome->kind), h->oin.oin, outcome_id(gate_outcome(g)));
    if (r->hit_visibility == VISIBILITY_DIRECT && (under_secrecy(h) || h->regime != REGIME_AVG))
        report(s, at_key(r, "hit_visibility"), SEVERITY_ERROR, "visibility-direct",
               "holder %s is under secrecy: a hit may not be visible directly", h->oin.oin);
}

void findings_of_law(const struct search_for *s, const struct rule *r)
{
    check_verified(s, r);
    check_binding(s, r);
    check_partnership(s, r);
    for (uint32_t i = 0; i < s->acting_count; i++) {
        if (s->acting[i].holds)
            check_gate(s, r, s->acting[i].party);
    }
}
