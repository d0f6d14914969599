#include "proto/policy/authority.h"

static bool has(const struct name *list, uint32_t count, const struct name *n)
{
    for (uint32_t i = 0; i < count; i++)
        if (name_equal(&list[i], n))
            return true;
    return false;
}

bool authority_is_prosecutor(const struct name *function)
{
    return strcmp(function->s, officer_function_id(FUNCTION_PROSECUTOR)) == 0;
}

bool authority_admits(const struct consent_terms *c, const struct name *function)
{
    return has(c->functions, c->functions_count, function) ||
           has(c->deputies, c->deputies_count, function) ||
           (c->kind == CONSENT_KIND_PROSECUTOR && authority_is_prosecutor(function));
}

bool authority_needs_two(const struct consent_terms *c, enum consent_decision decision)
{
    if (decision == CONSENT_REFUSE)
        return false;
    switch (c->kind) {
    case CONSENT_KIND_FOUR_EYES:
    case CONSENT_KIND_PROSECUTOR:
        return true;
    case CONSENT_KIND_OFFICER:
    case CONSENT_KIND_STANDING:
        return false;
    case CONSENT_KIND_NONE:
        break;
    }
    return true;
}

bool authority_pairs(const struct consent_terms *c, const struct name *one,
                     const struct name *other)
{
    return c->kind != CONSENT_KIND_PROSECUTOR ||
           authority_is_prosecutor(one) != authority_is_prosecutor(other);
}
