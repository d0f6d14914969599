/* What the file says of cases: moves between states, checks, and closing. */
#include "proto/conf/policy_shape.h"
#include "proto/policy/case_rules.h"

static enum err shape_checks(const struct shape *s, const struct name *list, uint32_t count,
                             struct place at)
{
    for (uint32_t i = 0; i < count; i++) {
        enum case_check check = CHECK_NONE;
        if (case_check_parse(name_bytes(&list[i]), &check) != ERR_OK)
            return shape_fail(s, at, ERR_UNKNOWN, "a check is check_1, check_2a or check_2b");
        if (name_is_in(list, i, &list[i]))
            return shape_fail(s, at, ERR_DUPLICATE, "this check stands twice");
    }
    return ERR_OK;
}

static enum err shape_move(const struct shape *s, uint32_t i)
{
    const struct policy_move *m = &s->policy->case_moves[i];
    struct place at = {"case_moves", i, NULL};
    if (m->to == m->from)
        return shape_fail(s, at, ERR_INVALID, "it moves nowhere");
    if ((m->from == CASE_CLOSED) != (m->to == CASE_DESTROYED))
        return shape_fail(s, at, ERR_INVALID, "a closed case is destroyed, and no other; that is all");
    if (policy_move_of(s->policy, m->from, m->to) != m)
        return shape_fail(s, at, ERR_DUPLICATE, "this move stands twice");
    const enum err e = shape_functions(s, m->functions, m->functions_count, at);
    return e == ERR_OK ? shape_checks(s, m->checks, m->checks_count, at) : e;
}

enum err shape_case_moves(const struct shape *s)
{
    enum err e = ERR_OK;
    for (uint32_t i = 0; e == ERR_OK && i < s->policy->case_moves_count; i++)
        e = shape_move(s, i);
    return e;
}

static enum err shape_codes(const struct shape *s, const struct name *list, uint32_t count,
                            const char *key)
{
    for (uint32_t i = 0; i < count; i++) {
        struct place at = {key, i, NULL};
        enum err e = shape_name(s, &list[i], at);
        if (e == ERR_OK && name_is_in(list, i, &list[i]))
            e = shape_fail(s, at, ERR_DUPLICATE, "this code stands twice");
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

enum err shape_rule_case(const struct shape *s, const struct rule *r)
{
    enum err e = ERR_OK;
    if (r->case_terms != NULL)
        e = shape_checks(s, r->case_terms->checks, r->case_terms->checks_count,
                         (struct place){.key = "case.checks"});
    if (e != ERR_OK || r->closing == NULL)
        return e;
    e = shape_codes(s, r->closing->interventions, r->closing->interventions_count,
                    "closing.interventions");
    if (e == ERR_OK)
        e = shape_codes(s, r->closing->results, r->closing->results_count, "closing.results");
    return e;
}
