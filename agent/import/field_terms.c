#include "agent/import/field_terms.h"

/* The rule's words on the field, or NULL where it says nothing of it for this holder. */
static const struct rule_field *field_of(const struct field_terms *t, const struct rule *r,
                                         const struct name *name)
{
    if (r->status != RULE_STATUS_ADOPTED || !name_equal(&r->purpose, t->purpose) ||
        !selectors_match(r->holders, r->holders_count, t->holder) ||
        !rule_field_allowed(r, name, t->holder))
        return NULL;
    return rule_field(r, name);
}

enum err field_terms_masking(const struct field_terms *t, const struct mapping_field *f,
                             enum masking *out, struct errmsg *why)
{
    bool any = false;
    *out = MASKING_NONE;
    for (uint32_t i = 0; t->holder != NULL && i < t->policy->rules_count; i++) {
        const struct rule *r = &t->policy->rules[i];
        const struct rule_field *is = field_of(t, r, &f->name);
        if (is == NULL)
            continue;
        if (!name_equal(&is->category, &f->category))
            return errmsg_set(why, ERR_MISMATCH,
                              "mapping: field %s is of category %s there and %s in rule %s",
                              f->name.s, f->category.s, is->category.s, r->id.s);
        if (any && is->masking != *out)
            return errmsg_set(why, ERR_MISMATCH,
                              "policy: rule %s masks field %s differently from another rule",
                              r->id.s, f->name.s);
        *out = is->masking;
        any = true;
    }
    return ERR_OK;
}

enum masking field_terms_mask(const struct field_terms *t, const struct name *field)
{
    for (uint32_t i = 0; t->holder != NULL && i < t->policy->rules_count; i++) {
        const struct rule_field *is = field_of(t, &t->policy->rules[i], field);
        if (is != NULL)
            return is->masking;
    }
    return MASKING_NONE;
}
