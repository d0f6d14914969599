#include "proto/policy/findings.h"

#include "proto/policy/findings_internal.h"
#include "proto/policy/law.h"
#include "proto/policy/term.h"

#define FIVE_YEARS_DAYS 1826

void finding_report(const struct search_for *s, struct spot where, struct finding *f)
{
    struct buf path = buf_fixed(f->path, sizeof f->path - 1);
    if (where.rule != NULL)
        buf_printf(&path, "rules[%s]%s", where.rule->id.s, where.key != NULL ? "." : "");
    if (where.key != NULL)
        buf_put_str(&path, where.key);
    s->fn(s->ctx, f);
}

static void check_period(const struct search_for *s, const struct rule *r, const struct period *v)
{
    struct spot at = {r, "valid"};
    if (s->now_s >= v->until_s)
        report(s, at, SEVERITY_ERROR, "expired", "no longer valid since %s", v->until);
    else if (s->now_s < v->from_s)
        report(s, at, SEVERITY_WARNING, "not-yet-valid", "not valid before %s", v->from);
}

static void check_file(const struct search_for *s)
{
    const struct policy *p = s->policy;
    if (p->demonstration)
        report(s, ((struct spot){NULL, "demonstration"}), SEVERITY_WARNING, "demonstration",
               "demonstration mode: invented parties, unverified citations, terms in seconds");
    check_period(s, NULL, &p->valid);
    for (uint32_t i = 0; i < p->laws_count; i++) {
        if (law_known(p->laws[i].source) == NULL)
            report(s, ((struct spot){NULL, "laws"}), SEVERITY_WARNING, "law-unknown",
                   "the project does not know '%s' (%s): check its secrecy by hand",
                   p->laws[i].id.s, p->laws[i].source);
    }
}

static void check_class(const struct search_for *s, struct spot at, const struct selector *list,
                        uint32_t count)
{
    const struct policy *p = s->policy;
    for (uint32_t i = 0; i < count; i++) {
        bool found = false;
        for (uint32_t k = 0; k < p->parties_count && !found; k++)
            found = selector_matches(&list[i], &p->parties[k]);
        if (!found)
            report(s, at, SEVERITY_ERROR, "class-empty", "no party is of class '%s'", list[i].s.s);
    }
}

static void check_classes(const struct search_for *s, const struct rule *r)
{
    check_class(s, (struct spot){r, "requesters"}, r->requesters, r->requesters_count);
    check_class(s, (struct spot){r, "holders"}, r->holders, r->holders_count);
    check_class(s, (struct spot){r, "excluded"}, r->excluded, r->excluded_count);
    for (uint32_t i = 0; i < r->gates_count; i++)
        check_class(s, (struct spot){r, "gates"}, &r->gates[i].holder, 1);
    for (uint32_t i = 0; i < r->regime_count; i++)
        check_class(s, (struct spot){r, "regime"}, &r->regime[i].party, 1);
    for (uint32_t i = 0; i < r->consent_count; i++)
        check_class(s, (struct spot){r, "consent"}, &r->consent[i].holder, 1);
    for (uint32_t i = 0; i < r->identifiers_count; i++)
        check_class(s, (struct spot){r, "identifiers"}, r->identifiers[i].parties,
                    r->identifiers[i].parties_count);
    for (uint32_t i = 0; i < r->fields_count; i++)
        check_class(s, (struct spot){r, "fields"}, r->fields[i].holders,
                    r->fields[i].holders_count);
}

static bool is_long(uint32_t days)
{
    return days > FIVE_YEARS_DAYS;
}

static void check_terms(const struct search_for *s, const struct rule *r)
{
    const struct retention *t = &r->retention;
    if (is_long(t->no_hit) || is_long(t->hit) || is_long(t->release) || is_long(t->case_file))
        report(s, ((struct spot){r, "retention"}), SEVERITY_ERROR, "retention-long",
               "kept longer than five years");
    for (uint32_t i = 0; i < r->consent_count; i++) {
        if (term_may_exceed(&r->consent[i].term, &r->limits.deadline_max))
            report(s, ((struct spot){r, "consent"}), SEVERITY_WARNING, "term-after-deadline",
                   "the term of holder '%s' can be longer than any deadline",
                   r->consent[i].holder.s.s);
    }
}

static bool lacks(const struct bilingual *t)
{
    return t->nl == NULL || t->nl[0] == '\0' || t->en == NULL || t->en[0] == '\0';
}

static void check_texts(const struct search_for *s, const struct rule *r)
{
    if (lacks(&r->text.citizen))
        report(s, ((struct spot){r, "text.citizen"}), SEVERITY_ERROR, "text-missing",
               "no text for the citizen");
    if (lacks(&r->text.officer))
        report(s, ((struct spot){r, "text.officer"}), SEVERITY_ERROR, "text-missing",
               "no text for the officer");
}

void policy_findings(const struct policy *p, int64_t now_s, finding_fn fn, void *ctx)
{
    struct search_for s = {.policy = p, .now_s = now_s, .fn = fn, .ctx = ctx};
    check_file(&s);
    for (uint32_t i = 0; i < p->rules_count; i++) {
        const struct rule *r = &p->rules[i];
        check_period(&s, r, &r->valid);
        check_classes(&s, r);
        findings_of_law(&s, r);
        findings_of_parties(&s, r);
        check_terms(&s, r);
        check_texts(&s, r);
        findings_of_tests(&s, r);
    }
}
