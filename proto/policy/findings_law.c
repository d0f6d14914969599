/* Findings on the law behind a rule. */
#include "proto/policy/findings_internal.h"

static uint32_t count_unverified(const struct citation *list, uint32_t count)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < count; i++)
        n += citation_is_verified(&list[i]) ? 0 : 1;
    return n;
}

static void check_verified(const struct search_for *s, const struct rule *r)
{
    uint32_t n = count_unverified(r->basis, r->basis_count);
    for (uint32_t i = 0; i < r->gates_count; i++)
        n += count_unverified(&r->gates[i].cite, 1) +
             count_unverified(r->gates[i].with, r->gates[i].with_count);
    for (uint32_t i = 0; i < r->identifiers_count; i++) {
        if (r->identifiers[i].ground != NULL)
            n += count_unverified(r->identifiers[i].ground, 1);
    }
    if (r->outcome != NULL && r->outcome->ground != NULL)
        n += count_unverified(r->outcome->ground, 1);
    if (n > 0)
        report(s, ((struct spot){r, "basis"}), SEVERITY_WARNING, "citation-unverified",
               "nobody verified %u of the citations of this rule", n);
}

static bool has_gate(const struct rule *r, const struct party *holder)
{
    for (uint32_t i = 0; i < r->gates_count; i++) {
        if (selector_matches(&r->gates[i].holder, holder) &&
            name_equal(&r->gates[i].cite.law, &holder->sector_law))
            return true;
    }
    return false;
}

static void check_holder(const struct search_for *s, const struct rule *r, const struct party *h)
{
    bool secrecy = h->sector_law.s[0] != '\0';
    if (secrecy && !has_gate(r, h))
        report(s, ((struct spot){r, "gates"}), SEVERITY_ERROR, "gate-missing",
               "holder %s is bound by '%s' and no gate lifts it", h->oin.oin, h->sector_law.s);
    if (r->hit_visibility == VISIBILITY_DIRECT && (secrecy || h->regime != REGIME_AVG))
        report(s, ((struct spot){r, "hit_visibility"}), SEVERITY_ERROR, "visibility-direct",
               "holder %s is under secrecy: a hit may not be visible directly", h->oin.oin);
    const struct consent_terms *c = rule_consent(r, h);
    if (c != NULL && c->kind == CONSENT_KIND_STANDING && (secrecy || h->regime != REGIME_AVG))
        report(s, ((struct spot){r, "consent"}), SEVERITY_ERROR, "standing-secrecy",
               "holder %s is under secrecy: no standing consent", h->oin.oin);
    if (r->process != PROCESS_INDEX && c == NULL)
        report(s, ((struct spot){r, "consent"}), SEVERITY_ERROR, "consent-missing",
               "nobody decides for holder %s", h->oin.oin);
}

static void check_gdpr(const struct search_for *s, const struct rule *r)
{
    const struct gdpr *g = r->gdpr;
    struct spot at = {r, "gdpr"};
    if (g->dpia == NULL)
        report(s, at, SEVERITY_ERROR, "dpia-missing", "no data-protection impact assessment");
    if (g->advice == NULL)
        report(s, at, SEVERITY_ERROR, "advice-missing", "no advice");
    if (g->register_entry == NULL)
        report(s, at, SEVERITY_ERROR, "register-missing", "no entry in the register of processing");
    if (g->compatibility == NULL)
        report(s, at, SEVERITY_WARNING, "compatibility-missing", "no word on AVG 6(4)");
    for (uint32_t i = 0; i < r->fields_count; i++) {
        const struct rule_field *f = &r->fields[i];
        if ((f->sensitivity == SENSITIVITY_SPECIAL && g->special == NULL) ||
            (f->sensitivity == SENSITIVITY_CRIMINAL && g->criminal == NULL))
            report(s, ((struct spot){r, "fields"}), SEVERITY_ERROR, "ground-missing",
                   "field '%s' is %s data and the gdpr block names no ground", f->name.s,
                   sensitivity_id(f->sensitivity));
    }
}

/* The regime that the rule gives a party; REGIME_NONE without one. */
static enum regime regime_of(const struct rule *r, const struct party *party)
{
    for (uint32_t i = 0; i < r->regime_count; i++) {
        if (selector_matches(&r->regime[i].party, party))
            return r->regime[i].regime;
    }
    return REGIME_NONE;
}

static void check_regime(const struct search_for *s, const struct rule *r, const struct party *p)
{
    if (regime_of(r, p) != p->regime)
        report(s, ((struct spot){r, "regime"}), SEVERITY_ERROR, "regime-differs",
               "party %s is under %s, the rule says %s", p->oin.oin, regime_id(p->regime),
               regime_id(regime_of(r, p)));
}

void findings_of_law(const struct search_for *s, const struct rule *r)
{
    bool avg = false;
    check_verified(s, r);
    for (uint32_t i = 0; i < s->policy->parties_count; i++) {
        const struct party *p = &s->policy->parties[i];
        bool asks = selectors_match(r->requesters, r->requesters_count, p);
        bool holds = selectors_match(r->holders, r->holders_count, p);
        if (asks || holds)
            check_regime(s, r, p);
        if (holds)
            check_holder(s, r, p);
        avg = avg || ((asks || holds) && p->regime == REGIME_AVG);
    }
    if (r->gdpr != NULL)
        check_gdpr(s, r);
    else if (avg)
        report(s, ((struct spot){r, "gdpr"}), SEVERITY_ERROR, "gdpr-missing",
               "a party is under the AVG and the rule has no gdpr block");
}
