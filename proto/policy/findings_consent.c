/* Findings on rules that overlap although the holder decides otherwise under each: whoever asks
 * names the rule, and so would choose who decides. Uses are grouped by purpose, process and field
 * (no field where none travels), and within a group each party is looked at once as holder; rules
 * are never compared each with each. */
#include <stdlib.h>

#include "proto/policy/findings_internal.h"

/* One field that an adopted rule releases, or the rule where it releases none. */
struct use {
    const struct rule *rule;
    const struct rule_field *field; /* or NULL */
};

struct overlap {
    const struct search_for *s;
    const struct rule **first;    /* for each party that asks: the first rule under which it does */
    const struct rule **reported; /* for each rule: with which one it was reported */
};

/* ---- what differs ---- */

static bool in_list(const struct name *list, uint32_t count, const struct name *n)
{
    for (uint32_t i = 0; i < count; i++) {
        if (name_equal(&list[i], n))
            return true;
    }
    return false;
}

static bool same_names(const struct name *a, uint32_t a_count, const struct name *b,
                       uint32_t b_count)
{
    bool same = a_count == b_count;
    for (uint32_t i = 0; same && i < a_count; i++)
        same = in_list(b, b_count, &a[i]);
    return same;
}

static bool same_term(const struct term *a, const struct term *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return a->working_days == b->working_days && a->hours == b->hours && a->seconds == b->seconds;
}

static bool same_consent(const struct consent_terms *a, const struct consent_terms *b)
{
    return a->kind == b->kind && a->duty == b->duty &&
           same_names(a->functions, a->functions_count, b->functions, b->functions_count) &&
           same_names(a->deputies, a->deputies_count, b->deputies, b->deputies_count) &&
           same_term(&a->term, &b->term) && same_term(a->urgent_term, b->urgent_term) &&
           strcmp(a->standing_since, b->standing_since) == 0 &&
           name_equal(&a->compartment, &b->compartment);
}

static bool same_consents(const struct rule *a, const struct rule *b)
{
    bool same = a->consent_count == b->consent_count;
    for (uint32_t i = 0; same && i < a->consent_count; i++)
        same = name_equal(&a->consent[i].holder.s, &b->consent[i].holder.s) &&
               same_consent(&a->consent[i], &b->consent[i]);
    return same;
}

/* ---- groups ---- */

static int by_group(const void *a, const void *b)
{
    const struct use *x = a;
    const struct use *y = b;
    int c = strcmp(x->rule->purpose.s, y->rule->purpose.s);
    if (c == 0)
        c = (int)x->rule->process - (int)y->rule->process;
    if (c == 0)
        c = strcmp(x->field != NULL ? x->field->name.s : "",
                   y->field != NULL ? y->field->name.s : "");
    return c;
}

static int by_group_in_order(const void *a, const void *b)
{
    const struct use *x = a;
    const struct use *y = b;
    const int c = by_group(a, b);
    if (c != 0)
        return c;
    return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static size_t list_uses(const struct policy *p, struct use *out)
{
    size_t n = 0;
    for (uint32_t i = 0; i < p->rules_count; i++) {
        const struct rule *r = &p->rules[i];
        if (r->status != RULE_STATUS_ADOPTED || r->process == PROCESS_INDEX)
            continue;
        for (uint32_t k = 0; k < r->fields_count; k++)
            out[n++] = (struct use){r, &r->fields[k]};
        if (r->fields_count == 0)
            out[n++] = (struct use){r, NULL};
    }
    return n;
}

static size_t count_uses(const struct policy *p)
{
    size_t n = p->rules_count;
    for (uint32_t i = 0; i < p->rules_count; i++)
        n += p->rules[i].fields_count;
    return n;
}

/* ---- one group ---- */

static bool holds(const struct use *u, const struct party *h)
{
    return selectors_match(u->rule->holders, u->rule->holders_count, h) &&
           !selectors_match(u->rule->excluded, u->rule->excluded_count, h) &&
           (u->field == NULL || field_is_of(u->field, h));
}

static bool asks(const struct rule *r, const struct party *a)
{
    return selectors_match(r->requesters, r->requesters_count, a) &&
           !selectors_match(r->excluded, r->excluded_count, a) &&
           (r->region.s[0] == '\0' || name_equal(&r->region, &a->region));
}

static void compare(const struct overlap *o, const struct rule *was, const struct rule *r,
                    const struct party *h)
{
    const struct consent_terms *a = rule_consent(was, h);
    const struct consent_terms *b = rule_consent(r, h);
    const struct rule **reported = &o->reported[r - o->s->policy->rules];
    if (a == NULL || b == NULL || same_consent(a, b) || *reported == was)
        return;
    *reported = was;
    report(o->s, at_key(r, "consent"), a->kind != b->kind ? SEVERITY_ERROR : SEVERITY_WARNING,
           "consent-differs", "holder %s decides otherwise under %s, which can be asked instead",
           h->oin.oin, was->id.s);
}

/* Each requester of the rule meets the rule under which it could ask this holder before. */
static void meet(const struct overlap *o, const struct rule *r, const struct party *h)
{
    const struct policy *p = o->s->policy;
    for (uint32_t i = 0; i < p->parties_count; i++) {
        if (&p->parties[i] == h || !asks(r, &p->parties[i]))
            continue;
        if (o->first[i] != NULL && periods_overlap(&o->first[i]->valid, &r->valid))
            compare(o, o->first[i], r, h);
        else
            o->first[i] = r;
    }
}

static void search_group(const struct overlap *o, const struct use *uses, size_t n)
{
    const struct policy *p = o->s->policy;
    bool same = true;
    for (size_t i = 1; same && i < n; i++)
        same = same_consents(uses[0].rule, uses[i].rule);
    for (uint32_t h = 0; !same && h < p->parties_count; h++) {
        memset(o->first, 0, p->parties_count * sizeof(const struct rule *));
        for (size_t i = 0; i < n; i++) {
            if (holds(&uses[i], &p->parties[h]))
                meet(o, uses[i].rule, &p->parties[h]);
        }
    }
}

static void search_groups(const struct overlap *o, struct use *uses)
{
    const size_t n = list_uses(o->s->policy, uses);
    qsort(uses, n, sizeof *uses, by_group_in_order);
    for (size_t from = 0, until = 0; from < n; from = until) {
        while (until < n && by_group(&uses[from], &uses[until]) == 0)
            until++;
        search_group(o, &uses[from], until - from);
    }
}

enum err findings_of_consent(const struct search_for *s)
{
    const struct policy *p = s->policy;
    struct use *uses = calloc(count_uses(p) + 1, sizeof *uses);
    struct overlap o = {
        .s = s,
        .first = calloc((size_t)p->parties_count + 1, sizeof(const struct rule *)),
        .reported = calloc((size_t)p->rules_count + 1, sizeof(const struct rule *)),
    };
    const bool room = uses != NULL && o.first != NULL && o.reported != NULL;
    if (room)
        search_groups(&o, uses);
    free(uses);
    free(o.first);
    free(o.reported);
    return room ? ERR_OK : ERR_NOMEM;
}
