/* Findings on fields of one name that mean something else in two rules. An importer fills and masks
 * a field once, whichever rule releases it later. */
#include <stdlib.h>

#include "proto/policy/findings_internal.h"

struct use {
    const struct rule *rule; /* in the order of the file */
    uint32_t at;             /* position of the field in the rule */
};

static const struct rule_field *field_in(const struct use *u)
{
    return &u->rule->fields[u->at];
}

static int by_name(const void *a, const void *b)
{
    const struct use *x = a;
    const struct use *y = b;
    const int c = strcmp(field_in(x)->name.s, field_in(y)->name.s);
    if (c != 0)
        return c;
    return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static size_t list_uses(const struct policy *p, struct use *out)
{
    size_t n = 0;
    for (uint32_t i = 0; i < p->rules_count; i++) {
        const struct rule *r = &p->rules[i];
        for (uint32_t k = 0; r->status != RULE_STATUS_WITHDRAWN && k < r->fields_count; k++)
            out[n++] = (struct use){r, k};
    }
    return n;
}

static size_t count_fields(const struct policy *p)
{
    size_t n = 0;
    for (uint32_t i = 0; i < p->rules_count; i++)
        n += p->rules[i].fields_count;
    return n;
}

static void compare(const struct search_for *s, const struct use *first, const struct use *u)
{
    const struct rule_field *a = field_in(first);
    const struct rule_field *b = field_in(u);
    struct spot at = at_item(u->rule, "fields", u->at);
    if (a->masking != b->masking)
        report(s, at, SEVERITY_ERROR, "masking-differs", "field '%s' is masked otherwise in %s",
               b->name.s, first->rule->id.s);
    if (!name_equal(&a->category, &b->category))
        report(s, at, SEVERITY_ERROR, "category-differs", "field '%s' is of category '%s' in %s",
               b->name.s, a->category.s, first->rule->id.s);
    if (a->sensitivity != b->sensitivity)
        report(s, at, SEVERITY_WARNING, "sensitivity-differs", "field '%s' is %s data in %s",
               b->name.s, sensitivity_id(a->sensitivity), first->rule->id.s);
}

enum err findings_of_fields(const struct search_for *s)
{
    struct use *uses = calloc(count_fields(s->policy) + 1, sizeof *uses);
    if (uses == NULL)
        return ERR_NOMEM;
    const size_t n = list_uses(s->policy, uses);
    size_t first = 0;
    qsort(uses, n, sizeof *uses, by_name);
    for (size_t i = 0; i < n; i++) {
        if (!name_equal(&field_in(&uses[first])->name, &field_in(&uses[i])->name))
            first = i;
        compare(s, &uses[first], &uses[i]);
    }
    free(uses);
    return ERR_OK;
}
