/* Conditions on what a question is about, where the rule limits that: aim, minors, phenomenon,
 * area, foreign partner, and what a count may be broken down by. */
#include "proto/policy/checks.h"

bool question_counts(const struct question *q)
{
    return rule_counts(q->rule);
}

bool question_names(const struct question *q)
{
    return !rule_counts(q->rule);
}

bool question_needs_no_case(const struct question *q)
{
    return q->rule->case_terms == NULL;
}

static bool any_aim(const struct question *q)
{
    return q->rule->aims_count == 0;
}

static bool aim(const struct question *q, struct failure *out)
{
    failure_detail(out, "%s", q->facts->aim.v.s);
    return name_is_in(q->rule->aims, q->rule->aims_count, &q->facts->aim.v);
}

static bool minors_are_free(const struct question *q)
{
    return q->rule->minors == NULL || !q->rule->minors->excluded;
}

static bool minors(const struct question *q, struct failure *out)
{
    (void)out;
    return !q->facts->minor.v;
}

static bool any_phenomenon(const struct question *q)
{
    return q->rule->phenomena_count == 0;
}

static bool phenomenon(const struct question *q, struct failure *out)
{
    failure_detail(out, "%s", q->facts->phenomenon.v.s);
    return name_is_in(q->rule->phenomena, q->rule->phenomena_count, &q->facts->phenomenon.v);
}

static bool area(const struct question *q, struct failure *out)
{
    failure_detail(out, "%s", q->facts->area.v.s);
    return name_is_in(q->rule->areas, q->rule->areas_count, &q->facts->area.v);
}

static bool destination(const struct question *q, struct failure *out)
{
    const struct export_terms *t = q->rule->export;
    failure_detail(out, "%s", q->facts->destination.v.s);
    return t != NULL && name_is_in(t->destinations, t->destinations_count, &q->facts->destination.v);
}

/* The rule under which it was released names itself, and lets what it released be passed on. */
static bool origin(const struct question *q, struct failure *out)
{
    const struct export_terms *t = q->rule->export;
    const struct name *id = &q->facts->origin_rule.v;
    const struct rule *from = policy_rule(q->policy, id);
    failure_detail(out, "%s", id->s);
    return t != NULL && name_is_in(t->rules, t->rules_count, id) && from != NULL &&
           from->onward != NULL && from->onward->kind == ONWARD_AFTER_CONSENT;
}

static bool dimensions(const struct question *q, struct failure *out)
{
    const struct aggregate *a = q->rule->aggregate;
    const struct fact_names *asked = &q->facts->dimensions;
    bool ok = a != NULL && asked->count > 0;
    for (uint32_t i = 0; a != NULL && i < asked->count && i < FACTS_NAMES_MAX; i++) {
        if (name_is_in(a->dimensions, a->dimensions_count, &asked->v[i]))
            continue;
        failure_add_word(out, asked->v[i].s);
        ok = false;
    }
    return ok;
}

#define ONLY_ASKING(fact) FACT_BIT(fact), 0

struct check_table checks_of_scope(void)
{
    static const struct check table[] = {
        {CONDITION_AIM, ONLY_ASKING(aim), SOURCE_BASIS, any_aim, aim},
        {CONDITION_MINORS, ONLY_ASKING(minor), SOURCE_BASIS, minors_are_free, minors},
        {CONDITION_PHENOMENON, ONLY_ASKING(phenomenon), SOURCE_BASIS, any_phenomenon, phenomenon},
        {CONDITION_AREA, ONLY_ASKING(area), SOURCE_BASIS, NULL, area},
        {CONDITION_DESTINATION, ONLY_ASKING(destination), SOURCE_GATE, NULL, destination},
        {CONDITION_ORIGIN, ONLY_ASKING(origin_rule), SOURCE_GATE, NULL, origin},
        {CONDITION_DIMENSIONS, ONLY_ASKING(dimensions), SOURCE_BASIS, question_names, dimensions},
    };
    return (struct check_table){table, ARRAY_LEN(table)};
}
