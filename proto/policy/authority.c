#include "proto/policy/authority.h"

#include "proto/policy/term.h"

bool authority_is_prosecutor(const struct name *function)
{
    return strcmp(function->s, officer_function_id(FUNCTION_PROSECUTOR)) == 0;
}

static bool term_can_be_over(const struct authority *q, int64_t at_s)
{
    return at_s > term_of_decision_soonest(q->policy, q->terms, q->issued_at_s - AUTHORITY_SKEW_S,
                                           q->deadline_s);
}

bool authority_admits(const struct authority *q, const struct name *function, int64_t signed_at_s)
{
    const struct consent_terms *c = q->terms;
    return name_is_in(c->functions, c->functions_count, function) ||
           (c->kind == CONSENT_KIND_PROSECUTOR && authority_is_prosecutor(function)) ||
           (name_is_in(c->deputies, c->deputies_count, function) &&
            term_can_be_over(q, signed_at_s));
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
