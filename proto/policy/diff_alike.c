/* Parties that a rule cannot tell apart: two entries that say the same in both files, and that no
 * selector of the rule or its purpose names by OIN. What holds for two of them holds for all, so
 * that a rule among hundreds of municipalities is judged on a few pairs. */
#include "proto/policy/diff_internal.h"

static bool same_classes(const struct party *a, const struct party *b)
{
    if (a->classes_count != b->classes_count)
        return false;
    for (uint32_t i = 0; i < a->classes_count; i++) {
        if (!name_equal(&a->classes[i], &b->classes[i]))
            return false;
    }
    return true;
}

static bool same_principals(const struct party *a, const struct party *b)
{
    if (a->on_behalf_of_count != b->on_behalf_of_count)
        return false;
    for (uint32_t i = 0; i < a->on_behalf_of_count; i++) {
        if (!agency_id_equal(&a->on_behalf_of[i], &b->on_behalf_of[i]))
            return false;
    }
    return true;
}

static bool same_entry(const struct party *a, const struct party *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return a->regime == b->regime && name_equal(&a->sector_law, &b->sector_law) &&
           name_equal(&a->region, &b->region) && a->valid.from_s == b->valid.from_s &&
           a->valid.until_s == b->valid.until_s && same_classes(a, b) && same_principals(a, b);
}

static bool is_alike(const struct duo *a, const struct duo *b)
{
    return same_entry(a->in[WAS], b->in[WAS]) && same_entry(a->in[IS], b->in[IS]);
}

void diff_find_kinds(struct diff *d)
{
    for (uint32_t i = 0; i < d->parties_count; i++) {
        uint32_t k = 0;
        while (k < i && (d->parties[k].kind != k || !is_alike(&d->parties[k], &d->parties[i])))
            k++;
        d->parties[i].kind = k;
    }
}

/* ---- for one rule ---- */

static void name_party(struct diff *d, const struct selector *s)
{
    uint32_t low = 0;
    uint32_t high = d->parties_count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        int order = strcmp(duo_oin(&d->parties[mid]), s->s.s);
        if (order == 0)
            d->parties[mid].named = true;
        if (order == 0)
            return;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
}

static void name_all(struct diff *d, const struct selector *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        name_party(d, &list[i]);
}

static void name_in_rule(struct diff *d, const struct side *s)
{
    const struct rule *r = s->rule;
    const struct purpose *purpose = r != NULL ? policy_purpose(s->policy, &r->purpose) : NULL;
    if (r == NULL)
        return;
    if (purpose != NULL)
        name_all(d, purpose->participants, purpose->participants_count);
    name_all(d, r->requesters, r->requesters_count);
    name_all(d, r->holders, r->holders_count);
    name_all(d, r->excluded, r->excluded_count);
    for (uint32_t i = 0; i < r->gates_count; i++)
        name_party(d, &r->gates[i].holder);
    for (uint32_t i = 0; i < r->regime_count; i++)
        name_party(d, &r->regime[i].party);
    for (uint32_t i = 0; i < r->consent_count; i++)
        name_party(d, &r->consent[i].holder);
    for (uint32_t i = 0; i < r->identifiers_count; i++)
        name_all(d, r->identifiers[i].parties, r->identifiers[i].parties_count);
    for (uint32_t i = 0; i < r->fields_count; i++)
        name_all(d, r->fields[i].holders, r->fields[i].holders_count);
}

/* The first two of a kind stand for the others. */
static void stand(struct diff *d, uint32_t i)
{
    struct duo *p = &d->parties[i];
    struct duo *kind = &d->parties[p->kind];
    p->first = i;
    p->second = NO_PARTY;
    p->stands = true;
    if (p->named)
        return;
    if (kind->first_of_kind == NO_PARTY)
        kind->first_of_kind = i;
    else if (kind->second_of_kind == NO_PARTY)
        kind->second_of_kind = i;
    else
        p->stands = false;
    p->first = kind->first_of_kind;
}

void diff_find_alike(struct diff *d)
{
    for (uint32_t i = 0; i < d->parties_count; i++) {
        d->parties[i].named = false;
        d->parties[i].first_of_kind = NO_PARTY;
        d->parties[i].second_of_kind = NO_PARTY;
    }
    name_in_rule(d, &d->side[WAS]);
    name_in_rule(d, &d->side[IS]);
    for (uint32_t i = 0; i < d->parties_count; i++)
        stand(d, i);
    for (uint32_t i = 0; i < d->parties_count; i++) {
        struct duo *p = &d->parties[i];
        if (!p->named)
            p->second = d->parties[p->kind].second_of_kind;
    }
}
