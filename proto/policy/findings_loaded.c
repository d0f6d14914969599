/* A question finds what was loaded for its purpose before, and nothing else: holders of whom there
 * is nothing to find. */
#include <stdlib.h>

#include "proto/policy/findings_internal.h"
#include "proto/policy/process.h"

_Static_assert(IDENT_TYPE_COUNT <= 64, "a set of types is one number");

/* Which types of identifier each party may load for each purpose: a row for each party. */
struct loads {
    uint64_t *types;
    uint32_t purposes;
};

static uint64_t *types_of(const struct loads *l, const struct search_for *s, const struct rule *r,
                          const struct party *party)
{
    const struct purpose *purpose = policy_purpose(s->policy, &r->purpose);
    size_t row = (size_t)(party - s->policy->parties);
    return &l->types[row * l->purposes + (size_t)(purpose - s->policy->purposes)];
}

static void add_loading(const struct loads *l, struct search_for *s, const struct rule *r)
{
    if (r->process != PROCESS_INDEX || r->status == RULE_STATUS_WITHDRAWN)
        return;
    findings_list_acting(s, r);
    for (uint32_t i = 0; i < s->acting_count; i++) {
        const struct acting *a = &s->acting[i];
        if (!a->holds || !a->can)
            continue;
        uint64_t *types = types_of(l, s, r, a->party);
        for (uint32_t k = 0; k < r->identifiers_count; k++) {
            const struct rule_identifier *id = &r->identifiers[k];
            if (selectors_match(id->parties, id->parties_count, a->party))
                *types |= UINT64_C(1) << id->type;
        }
    }
}

static uint64_t types_asked(const struct rule *r)
{
    uint64_t types = 0;
    for (uint32_t i = 0; i < r->identifiers_count; i++)
        types |= UINT64_C(1) << r->identifiers[i].type;
    return types;
}

static void check_holders(const struct loads *l, struct search_for *s, const struct rule *r)
{
    if (!process_asks(r->process) || !process_is_served(r->process) ||
        r->status == RULE_STATUS_WITHDRAWN)
        return;
    const uint64_t asked = types_asked(r);
    findings_list_acting(s, r);
    for (uint32_t i = 0; i < s->acting_count; i++) {
        const struct acting *a = &s->acting[i];
        if (a->holds && a->can && (*types_of(l, s, r, a->party) & asked) == 0)
            report(s, at_key(r, "holders"), SEVERITY_WARNING, "nothing-loaded",
                   "no index rule of this purpose lets holder %s load what is asked with",
                   a->party->oin.oin);
    }
}

enum err findings_of_loading(struct search_for *s)
{
    const struct policy *p = s->policy;
    struct loads l = {.purposes = p->purposes_count};
    l.types = calloc((size_t)p->parties_count * p->purposes_count + 1, sizeof *l.types);
    if (l.types == NULL)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < p->rules_count; i++)
        add_loading(&l, s, &p->rules[i]);
    for (uint32_t i = 0; i < p->rules_count; i++)
        check_holders(&l, s, &p->rules[i]);
    free(l.types);
    return ERR_OK;
}
