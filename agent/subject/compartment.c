#include "agent/subject/compartment.h"

static bool is_listed(const struct agent *a, const struct name *compartment,
                      const struct name *staff)
{
    const struct conf_groups *all = &a->config->compartments;
    for (size_t i = 0; i < all->count; i++) {
        if (!name_equal(&all->items[i].id, compartment))
            continue;
        for (size_t k = 0; k < all->items[i].staff_count; k++)
            if (name_equal(&all->items[i].staff[k], staff))
                return true;
    }
    return false;
}

bool compartment_admits(const struct agent *a, const struct name *rule,
                        const struct name *compartment, const struct name *staff)
{
    const struct policy *p = view_policy(a->view);
    const struct rule *r = policy_rule(p, rule);
    const struct party *self = policy_party(p, &a->config->oin);
    const struct consent_terms *now = r != NULL && self != NULL ? rule_consent(r, self) : NULL;
    if (compartment->s[0] != '\0' && !is_listed(a, compartment, staff))
        return false;
    return now == NULL || now->compartment.s[0] == '\0' || is_listed(a, &now->compartment, staff);
}
