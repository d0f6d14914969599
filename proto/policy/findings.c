#include "proto/policy/findings.h"

#include <stdlib.h>

#include "proto/policy/findings_internal.h"
#include "proto/policy/law.h"

void finding_report(const struct search_for *s, struct spot where, struct finding *f)
{
    struct buf path = buf_fixed(f->path, sizeof f->path - 1);
    if (where.rule != NULL)
        buf_printf(&path, "rules[%s]%s", where.rule->id.s, where.key != NULL ? "." : "");
    if (where.key != NULL)
        buf_put_str(&path, where.key);
    if (where.item > 0)
        buf_printf(&path, "[%u]", where.item - 1);
    s->fn(s->ctx, f);
}

static void check_period(const struct search_for *s, const struct rule *r, const struct period *v)
{
    struct spot at = at_key(r, "valid");
    if (s->now_s >= v->until_s)
        report(s, at, SEVERITY_ERROR, "expired", "no longer valid since %s", v->until);
    else if (s->now_s < v->from_s)
        report(s, at, SEVERITY_WARNING, "not-yet-valid", "not valid before %s", v->from);
}

static bool has_advice(const struct policy *p, const char *body)
{
    for (uint32_t i = 0; i < p->advice_count; i++) {
        if (strcmp(p->advice[i].body.s, body) == 0)
            return true;
    }
    return false;
}

/* The partnerships of the WGS have a committee that looks at the lawfulness of what they do. */
static bool under_wgs(const struct policy *p)
{
    for (uint32_t i = 0; i < p->rules_count; i++) {
        const enum partnership in = p->rules[i].partnership;
        if (p->rules[i].status != RULE_STATUS_WITHDRAWN &&
            (in == PARTNERSHIP_FEC || in == PARTNERSHIP_ICOV || in == PARTNERSHIP_RIEC ||
             in == PARTNERSHIP_ZVH))
            return true;
    }
    return false;
}

static void check_advice(const struct search_for *s)
{
    struct spot at = at_key(NULL, "advice");
    if (!has_advice(s->policy, "fg"))
        report(s, at, SEVERITY_ERROR, "advice-missing",
               "no advice of the data-protection officer (fg)");
    if (under_wgs(s->policy) && !has_advice(s->policy, "lawfulness_committee"))
        report(s, at, SEVERITY_ERROR, "advice-missing",
               "a rule is of a partnership under the WGS: no advice of the lawfulness_committee");
}

static void check_file(const struct search_for *s)
{
    const struct policy *p = s->policy;
    if (p->demonstration)
        report(s, at_key(NULL, "demonstration"), SEVERITY_WARNING, "demonstration",
               "demonstration mode: invented parties, unverified citations, terms in seconds");
    check_period(s, NULL, &p->valid);
    for (uint32_t i = 0; i < p->laws_count; i++) {
        if (law_known(p->laws[i].source) == NULL)
            report(s, at_item(NULL, "laws", i), SEVERITY_WARNING, "law-unknown",
                   "the project does not know '%s' (%s): check its secrecy by hand",
                   p->laws[i].id.s, p->laws[i].source);
    }
    check_advice(s);
}

static bool lacks(const struct bilingual *t)
{
    return t->nl == NULL || t->nl[0] == '\0' || t->en == NULL || t->en[0] == '\0';
}

static void check_texts(const struct search_for *s, const struct rule *r)
{
    if (lacks(&r->text.citizen))
        report(s, at_key(r, "text.citizen"), SEVERITY_ERROR, "text-missing",
               "no text for the citizen");
    if (lacks(&r->text.officer))
        report(s, at_key(r, "text.officer"), SEVERITY_ERROR, "text-missing",
               "no text for the officer");
}

/* A withdrawn rule permits nothing; it stands there so that old decisions can be explained. */
static void check_rule(struct search_for *s, const struct rule *r)
{
    if (r->status == RULE_STATUS_WITHDRAWN)
        return;
    findings_list_acting(s, r);
    check_period(s, r, &r->valid);
    findings_of_law(s, r);
    findings_of_privacy(s, r);
    findings_of_parties(s, r);
    findings_of_applying(s, r);
    findings_of_case(s, r);
    findings_of_data(s, r);
    findings_of_weighing(s, r);
    check_texts(s, r);
    findings_of_tests(s, r);
}

static int by_rule(const void *a, const void *b)
{
    const struct policy_test *const *x = a;
    const struct policy_test *const *y = b;
    return strcmp((*x)->rule.s, (*y)->rule.s);
}

static enum err make_room(struct search_for *s)
{
    const struct policy *p = s->policy;
    s->acting = calloc((size_t)p->parties_count + 1, sizeof *s->acting);
    s->tests = calloc((size_t)p->tests_count + 1, sizeof(const struct policy_test *));
    if (s->acting == NULL || s->tests == NULL)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < p->tests_count; i++)
        s->tests[i] = &p->tests[i];
    qsort(s->tests, p->tests_count, sizeof *s->tests, by_rule);
    return ERR_OK;
}

static enum err search_between(struct search_for *s)
{
    enum err e = findings_of_loading(s);
    if (e == ERR_OK)
        e = findings_of_fields(s);
    if (e == ERR_OK)
        e = findings_of_consent(s);
    return e == ERR_OK ? findings_of_shadows(s) : e;
}

enum err policy_findings(const struct policy *p, int64_t now_s, finding_fn fn, void *ctx)
{
    struct search_for s = {.policy = p, .now_s = now_s, .fn = fn, .ctx = ctx};
    enum err e = make_room(&s);
    if (e == ERR_OK) {
        check_file(&s);
        for (uint32_t i = 0; i < p->rules_count; i++)
            check_rule(&s, &p->rules[i]);
        e = search_between(&s);
    }
    free(s.acting);
    free(s.tests);
    return e;
}
