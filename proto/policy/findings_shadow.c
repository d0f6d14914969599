/* Findings on rules in the shadow of another one: it has the same parties, process, purpose,
 * identifiers and fields and permits whatever they permit, so that their own conditions protect
 * nobody. Rules are sorted by a digest of that scope, and compared with a few of the same scope
 * only. */
#include <stdlib.h>

#include "proto/policy/findings_internal.h"
#include "proto/policy/term.h"

/* Of one scope, so many rules none of which is in the shadow of another one are remembered. */
#define TOPS_MAX 16

struct scoped {
    const struct rule *rule;
    uint64_t scope;
};

/* ---- the scope ---- */

static uint64_t mix(uint64_t h, const char *text)
{
    for (; *text != '\0'; text++)
        h = (h ^ (uint8_t)*text) * 0x100000001b3u;
    return (h ^ 0xff) * 0x100000001b3u;
}

#define FNV_START 0xcbf29ce484222325u

static uint64_t of_text(const char *text)
{
    return mix(FNV_START, text);
}

/* Sums do not depend on the order of a list. */
static uint64_t of_selectors(const struct selector *list, uint32_t count)
{
    uint64_t sum = count;
    for (uint32_t i = 0; i < count; i++)
        sum += of_text(list[i].s.s);
    return sum;
}

static uint64_t of_names(const struct name *list, uint32_t count)
{
    uint64_t sum = count;
    for (uint32_t i = 0; i < count; i++)
        sum += of_text(list[i].s);
    return sum;
}

static uint64_t of_identifiers(const struct rule *r)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < r->identifiers_count; i++) {
        const struct rule_identifier *id = &r->identifiers[i];
        const uint64_t what =
            (uint64_t)id->type << 40 | (uint64_t)id->norm_version << 8 | (uint64_t)id->strength;
        sum += what * 0x9e3779b97f4a7c15u ^ of_selectors(id->parties, id->parties_count);
    }
    return sum;
}

static uint64_t of_fields(const struct rule *r)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < r->fields_count; i++)
        sum += of_text(r->fields[i].name.s) ^
               of_selectors(r->fields[i].holders, r->fields[i].holders_count);
    return sum;
}

static uint64_t of_blocks(const struct rule *r)
{
    uint64_t h = of_names(r->aims, r->aims_count);
    h = h * 31 + of_names(r->phenomena, r->phenomena_count);
    h = h * 31 + of_names(r->areas, r->areas_count);
    if (r->index != NULL)
        h = h * 31 + of_names(r->index->categories, r->index->categories_count);
    if (r->aggregate != NULL)
        h = h * 31 + of_names(r->aggregate->dimensions, r->aggregate->dimensions_count);
    if (r->export != NULL)
        h = h * 31 + of_names(r->export->destinations, r->export->destinations_count) * 7 +
            of_names(r->export->rules, r->export->rules_count);
    return h;
}

/* 64 bits by which two rules that are not of one scope never look alike by accident. */
static uint64_t scope_of(const struct rule *r)
{
    uint64_t h = mix(mix(mix(FNV_START, r->purpose.s), process_id(r->process)), r->region.s);
    h = h * 31 + of_selectors(r->requesters, r->requesters_count);
    h = h * 31 + of_selectors(r->holders, r->holders_count);
    h = h * 31 + of_selectors(r->excluded, r->excluded_count);
    h = h * 31 + of_names(r->functions, r->functions_count);
    h = h * 31 + of_identifiers(r);
    h = h * 31 + of_fields(r);
    return h * 31 + of_blocks(r);
}

/* ---- whether `a` permits whatever `b` permits, both of one scope ---- */

static bool case_permits(const struct case_terms *a, const struct case_terms *b)
{
    if (a == NULL || b == NULL)
        return a == NULL;
    return a->minimum_state <= b->minimum_state &&
           a->necessity_min_chars <= b->necessity_min_chars &&
           a->proportionality <= b->proportionality && a->subsidiarity <= b->subsidiarity &&
           a->concrete_signal <= b->concrete_signal &&
           (a->control_data == b->control_data || a->control_data == CONTROL_OPTIONAL);
}

static bool limits_permit(const struct limits *a, const struct limits *b)
{
    return a->identifiers_per_request >= b->identifiers_per_request &&
           a->requests_per_day_agency >= b->requests_per_day_agency &&
           a->requests_per_day_officer >= b->requests_per_day_officer &&
           a->unique_per_case >= b->unique_per_case &&
           a->unique_per_period >= b->unique_per_period && a->period_days <= b->period_days &&
           a->hits_per_request >= b->hits_per_request &&
           a->additions_per_period >= b->additions_per_period &&
           a->min_set_size <= b->min_set_size &&
           !term_may_exceed(&a->deadline_min, &b->deadline_min) &&
           !term_may_exceed(&b->deadline_max, &a->deadline_max);
}

static bool count_permits(const struct aggregate *a, const struct aggregate *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return a->k_min <= b->k_min && a->rounding <= b->rounding && a->budget >= b->budget &&
           a->min_holders <= b->min_holders && a->epsilon_milli == b->epsilon_milli &&
           a->secondary_suppression <= b->secondary_suppression;
}

static bool index_permits(const struct index_terms *a, const struct index_terms *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return a->max_share_permille >= b->max_share_permille && a->max_age_days >= b->max_age_days &&
           a->suppression <= b->suppression;
}

static bool tells_as_much(const struct rule *a, const struct rule *b)
{
    const bool told = a->outcome == NULL || b->outcome == NULL
                          ? a->outcome == b->outcome
                          : a->outcome->kind >= b->outcome->kind;
    return told &&
           (a->hit_visibility == b->hit_visibility || a->hit_visibility == VISIBILITY_DIRECT);
}

static bool excludes_minors(const struct rule *r)
{
    return r->minors != NULL && r->minors->excluded;
}

/* Who decides at a holder, and how many, is the concern of consent-differs. */
static bool permits_as_much(const struct rule *a, const struct rule *b)
{
    const bool joint = a->joint == NULL || b->joint == NULL
                           ? a->joint == b->joint
                           : a->joint->min_holders <= b->joint->min_holders;
    return a->valid.from_s <= b->valid.from_s && a->valid.until_s >= b->valid.until_s && joint &&
           tells_as_much(a, b) && excludes_minors(a) <= excludes_minors(b) &&
           case_permits(a->case_terms, b->case_terms) && limits_permit(&a->limits, &b->limits) &&
           count_permits(a->aggregate, b->aggregate) && index_permits(a->index, b->index);
}

/* ---- the rules of one scope ---- */

struct tops {
    const struct rule *top[TOPS_MAX];
    size_t count;
    size_t next; /* forgotten when another one wants its place */
};

static void put_shadow(const struct search_for *s, const struct rule *r, const struct rule *by)
{
    report(s, at_rule(r), SEVERITY_ERROR, "shadowed",
           "%s permits whatever this permits, to the same parties: its conditions protect nobody",
           by->id.s);
}

static void add_top(struct tops *t, const struct rule *r)
{
    if (t->count < TOPS_MAX) {
        t->top[t->count++] = r;
        return;
    }
    t->top[t->next] = r;
    t->next = (t->next + 1) % TOPS_MAX;
}

static void place(const struct search_for *s, struct tops *t, const struct rule *r)
{
    bool placed = false;
    for (size_t i = 0; i < t->count; i++) {
        if (permits_as_much(t->top[i], r)) {
            put_shadow(s, r, t->top[i]);
            return;
        }
        if (!permits_as_much(r, t->top[i]))
            continue;
        put_shadow(s, t->top[i], r);
        if (placed)
            t->top[i--] = t->top[--t->count];
        else
            t->top[i] = r;
        placed = true;
    }
    if (!placed)
        add_top(t, r);
}

static int by_scope(const void *a, const void *b)
{
    const struct scoped *x = a;
    const struct scoped *y = b;
    if (x->scope != y->scope)
        return x->scope < y->scope ? -1 : 1;
    return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static size_t list_rules(const struct policy *p, struct scoped *out)
{
    size_t n = 0;
    for (uint32_t i = 0; i < p->rules_count; i++) {
        if (p->rules[i].status == RULE_STATUS_ADOPTED)
            out[n++] = (struct scoped){&p->rules[i], scope_of(&p->rules[i])};
    }
    return n;
}

enum err findings_of_shadows(const struct search_for *s)
{
    struct scoped *rules = calloc((size_t)s->policy->rules_count + 1, sizeof *rules);
    if (rules == NULL)
        return ERR_NOMEM;
    const size_t n = list_rules(s->policy, rules);
    struct tops tops = {.count = 0};
    qsort(rules, n, sizeof *rules, by_scope);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && rules[i - 1].scope != rules[i].scope)
            tops = (struct tops){.count = 0};
        place(s, &tops, rules[i].rule);
    }
    free(rules);
    return ERR_OK;
}
