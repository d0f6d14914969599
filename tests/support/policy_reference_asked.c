/* When a condition on the case, on what is asked, on counters or on records that enter is broken:
 * docs/policy.md, "What each condition looks at". */
#include "tests/support/policy_reference_rows.h"

__extension__ typedef __int128 wide;

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

/* A counter is over its limit; a negative number counts nothing. */
static bool over(int64_t counted, uint32_t limit)
{
    return counted < 0 || counted > (int64_t)limit;
}

/* The case. */

bool reference_case_state(const struct reference_question *q)
{
    enum case_state s = q->facts->case_state.v;
    return s < q->rule->case_terms->minimum_state || s >= CASE_CLOSED;
}

/* Every check that the rule lists is among those recorded. */
bool reference_checks(const struct reference_question *q)
{
    const struct case_terms *t = q->rule->case_terms;
    const struct fact_names *recorded = &q->facts->checks;
    for (uint32_t i = 0; i < t->checks_count; i++) {
        bool found = false;
        for (uint32_t k = 0; k < recorded->count && k < FACTS_NAMES_MAX; k++)
            found = found || same(recorded->v[k].s, t->checks[i].s);
        if (!found)
            return true;
    }
    return false;
}

bool reference_necessity(const struct reference_question *q)
{
    return q->facts->necessity_chars.v < (int64_t)q->rule->case_terms->necessity_min_chars;
}

bool reference_proportionality(const struct reference_question *q)
{
    return !q->facts->proportionality.v;
}

bool reference_subsidiarity(const struct reference_question *q)
{
    return !q->facts->subsidiarity.v;
}

bool reference_concrete_signal(const struct reference_question *q)
{
    return !q->facts->concrete_signal.v;
}

bool reference_control_data(const struct reference_question *q)
{
    bool wanted = q->rule->case_terms->control_data == CONTROL_REQUIRED;
    return q->facts->control_data.v != wanted;
}

/* What is asked. */

static const struct rule_identifier *listed(const struct rule *r, unsigned type)
{
    for (uint32_t i = 0; i < r->identifiers_count; i++) {
        if ((unsigned)r->identifiers[i].type == type)
            return &r->identifiers[i];
    }
    return NULL;
}

bool reference_identifiers(const struct reference_question *q)
{
    const struct party *user = !reference_asks(q->rule) ? q->holder : q->requester;
    bool any = false;
    for (unsigned t = 1; t < IDENT_TYPE_COUNT; t++) {
        if (q->facts->identifiers.v[t] == 0)
            continue;
        any = true;
        const struct rule_identifier *i = listed(q->rule, t);
        if (i == NULL || !reference_selects(i->parties, i->parties_count, user))
            return true;
    }
    return !any;
}

bool reference_norm_version(const struct reference_question *q)
{
    for (unsigned t = 1; t < IDENT_TYPE_COUNT; t++) {
        const struct rule_identifier *i = listed(q->rule, t);
        if (q->facts->identifiers.v[t] > 0 && i != NULL &&
            q->facts->norm_versions.v[t] != i->norm_version)
            return true;
    }
    return false;
}

bool reference_strength(const struct reference_question *q)
{
    return q->facts->weak_alone.v != 0;
}

bool reference_fields(const struct reference_question *q)
{
    if (!reference_has_fields(q->rule))
        return q->facts->fields.count > 0;
    for (uint32_t i = 0; i < q->facts->fields.count; i++) {
        bool found = false;
        for (uint32_t j = 0; j < q->rule->fields_count; j++)
            found |= same(q->rule->fields[j].name.s, q->facts->fields.v[i].s);
        if (!found)
            return true;
    }
    return false;
}

bool reference_field_left(const struct reference_question *q)
{
    bool released[FACTS_NAMES_MAX];
    return reference_released(q->policy, &q->rule->id, q->facts, released) == 0;
}

bool reference_visibility(const struct reference_question *q)
{
    const struct rule *r = q->rule;
    if (r->hit_visibility != VISIBILITY_DIRECT)
        return r->hit_visibility == VISIBILITY_NONE;
    return q->holder == NULL || q->holder->sector_law.s[0] != '\0' ||
           q->holder->regime != REGIME_AVG || r->outcome->kind != OUTCOME_HIT_NO_HIT;
}

bool reference_deadline(const struct reference_question *q)
{
    const struct facts *f = q->facts;
    int64_t first = reference_term_end(q->policy, &q->rule->limits.deadline_min, f->issued_at.v);
    int64_t last = reference_term_end(q->policy, &q->rule->limits.deadline_max, f->issued_at.v);
    return f->deadline.v <= f->now.v || first == INT64_MIN || f->deadline.v < first ||
           f->deadline.v > last;
}

/* What it is about. */

bool reference_aim(const struct reference_question *q)
{
    return !has(q->rule->aims, q->rule->aims_count, &q->facts->aim);
}

bool reference_minors(const struct reference_question *q)
{
    return q->facts->minor.v;
}

bool reference_phenomenon(const struct reference_question *q)
{
    return !has(q->rule->phenomena, q->rule->phenomena_count, &q->facts->phenomenon);
}

bool reference_area(const struct reference_question *q)
{
    return !has(q->rule->areas, q->rule->areas_count, &q->facts->area);
}

bool reference_destination(const struct reference_question *q)
{
    const struct export_terms *e = q->rule->export;
    return !has(e->destinations, e->destinations_count, &q->facts->destination);
}

bool reference_origin(const struct reference_question *q)
{
    const struct export_terms *e = q->rule->export;
    if (!has(e->rules, e->rules_count, &q->facts->origin_rule))
        return true;
    for (uint32_t i = 0; i < q->policy->rules_count; i++) {
        const struct rule *r = &q->policy->rules[i];
        if (same(r->id.s, q->facts->origin_rule.v.s))
            return r->onward == NULL || r->onward->kind != ONWARD_AFTER_CONSENT;
    }
    return true;
}

bool reference_dimensions(const struct reference_question *q)
{
    const struct aggregate *a = q->rule->aggregate;
    for (uint32_t i = 0; i < q->facts->dimensions.count; i++) {
        struct fact_name one = {.v = q->facts->dimensions.v[i]};
        if (!has(a->dimensions, a->dimensions_count, &one))
            return true;
    }
    return q->facts->dimensions.count == 0;
}

/* Counters. */

bool reference_limit_request(const struct reference_question *q)
{
    int64_t total = 0;
    for (unsigned t = 1; t < IDENT_TYPE_COUNT; t++)
        total += q->facts->identifiers.v[t];
    return over(total, q->rule->limits.identifiers_per_request);
}

bool reference_limit_agency(const struct reference_question *q)
{
    return over(q->facts->requests_today_agency.v, q->rule->limits.requests_per_day_agency);
}

bool reference_limit_officer(const struct reference_question *q)
{
    return over(q->facts->requests_today_officer.v, q->rule->limits.requests_per_day_officer);
}

bool reference_limit_case(const struct reference_question *q)
{
    return over(q->facts->unique_in_case.v, q->rule->limits.unique_per_case);
}

bool reference_limit_period(const struct reference_question *q)
{
    return over(q->facts->unique_in_period.v, q->rule->limits.unique_per_period);
}

bool reference_min_holders(const struct reference_question *q)
{
    const struct rule *r = q->rule;
    uint32_t least = r->joint != NULL ? r->joint->min_holders : r->aggregate->min_holders;
    return q->facts->holders_asked.v < (int64_t)least;
}

bool reference_set_size(const struct reference_question *q)
{
    return q->facts->set_size.v < (int64_t)q->rule->limits.min_set_size;
}

bool reference_budget(const struct reference_question *q)
{
    return over(q->facts->budget_used.v, q->rule->aggregate->budget);
}

/* Loading. */

bool reference_category(const struct reference_question *q)
{
    const struct index_terms *i = q->rule->index;
    return !has(i->categories, i->categories_count, &q->facts->category);
}

bool reference_age(const struct reference_question *q)
{
    const struct index_terms *i = q->rule->index;
    int64_t days = q->facts->record_age_days.v;
    return days < 0 || days >= (int64_t)i->max_age_days;
}

/* A product of more than 63 bits counts as too large. */
bool reference_share(const struct reference_question *q)
{
    wide stock = q->facts->stock.v;
    wide population = q->facts->population.v;
    wide has = stock * 1000;
    wide most = population * q->rule->index->max_share_permille;
    return population <= 0 || stock < 0 || has > INT64_MAX || most > INT64_MAX || has > most;
}

bool reference_limit_additions(const struct reference_question *q)
{
    return over(q->facts->additions_in_period.v, q->rule->limits.additions_per_period);
}

bool reference_suppression(const struct reference_question *q)
{
    return !q->facts->suppression_checked.v;
}
