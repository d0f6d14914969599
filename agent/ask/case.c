#include "agent/ask/case.h"

#include <stdlib.h>

#include "proto/policy/policy.h"
#include "proto/policy/process.h"

#define DAY_S INT64_C(86400)

enum err case_move_to(struct case_row *k, const struct case_move *move, struct errmsg *why)
{
    enum case_state now = case_row_state(k);
    if (now == CASE_DESTROYED || (now == CASE_CLOSED && move->state != CASE_DESTROYED))
        return errmsg_set(why, ERR_STATE, "the case is %s and moves no more", case_state_id(now));
    if (now == move->state)
        return errmsg_set(why, ERR_STATE, "the case is in state %s already", case_state_id(now));
    /* Two places are kept for closing and destroying. */
    size_t room = move->state >= CASE_CLOSED ? CASE_MOVES_MAX : CASE_MOVES_MAX - 2;
    if (k->move_count >= room)
        return errmsg_set(why, ERR_LIMIT, "the case moved %zu times; open another", k->move_count);
    k->moves[k->move_count++] = *move;
    return ERR_OK;
}

bool case_has_check(const struct case_row *k, enum case_check check)
{
    for (size_t i = 0; i < k->check_count; i++)
        if (k->checks[i].check == check)
            return true;
    return false;
}

enum err case_record(struct case_row *k, const struct case_checked *check, struct errmsg *why)
{
    enum case_state now = case_row_state(k);
    if (now >= CASE_CLOSED)
        return errmsg_set(why, ERR_STATE, "the case is %s: nothing is recorded any more",
                          case_state_id(now));
    if (case_has_check(k, check->check) || k->check_count == CASE_CHECKS)
        return errmsg_set(why, ERR_STATE, "%s is recorded already; sluis case show tells by whom",
                          case_check_id(check->check));
    k->checks[k->check_count++] = *check;
    return ERR_OK;
}

enum err case_checks(const struct case_row *k, struct arena *a, struct name_list *out)
{
    struct name *names = arena_array(a, CASE_CHECKS, sizeof *names);
    size_t n = 0;
    if (names == NULL)
        return ERR_NOMEM;
    /* Their numbers ascend as their names do. */
    for (int c = CHECK_1; c <= CHECK_2B; c++) {
        enum case_check check = (enum case_check)c;
        if (!case_has_check(k, check))
            continue;
        enum err bad = name_parse(bytes_str(case_check_id(check)), &names[n++]);
        if (bad != ERR_OK)
            return bad;
    }
    *out = (struct name_list){names, n};
    return ERR_OK;
}

enum err case_use(struct case_row *k, const struct rule *rule, const struct digest *policy,
                  struct errmsg *why)
{
    size_t i = 0;
    while (i < k->use_count && !name_equal(&k->uses[i].rule, &rule->id))
        i++;
    if (i == CASE_RULES_MAX)
        return errmsg_set(why, ERR_LIMIT, "the case asked under %d rules; open another",
                          CASE_RULES_MAX);
    k->uses[i] = (struct case_use){rule->id, *policy, rule->retention.destroy_at_close,
                                   rule->retention.case_file};
    k->use_count += i == k->use_count;
    return ERR_OK;
}

enum err case_still(const struct case_row *judged, const struct case_row *now, struct errmsg *why)
{
    if (case_row_state(now) == case_row_state(judged))
        return ERR_OK;
    return errmsg_set(why, ERR_STATE, "the case came to state %s while you signed; ask again",
                      case_state_id(case_row_state(now)));
}

/* The shortest time that any of its rules allows. */
static uint32_t days_of_uses(const struct case_row *k)
{
    uint32_t days = UINT32_MAX;
    for (size_t i = 0; i < k->use_count; i++) {
        uint32_t keep = k->uses[i].destroy_at_close ? 0 : k->uses[i].keep_days;
        days = keep < days ? keep : days;
    }
    return days;
}

/* It asked nothing: the shortest that it could have been kept, had it asked. No rule: not at all. */
static uint32_t days_of_rules(const struct policy *p)
{
    uint32_t days = UINT32_MAX;
    for (uint32_t i = 0; i < p->rules_count; i++) {
        const struct rule *r = &p->rules[i];
        if (process_needs_case(r->process) && r->retention.case_file < days)
            days = r->retention.case_file;
    }
    return days == UINT32_MAX ? 0 : days;
}

int64_t case_destroy_at_s(const struct case_row *k, const struct policy *p)
{
    if (case_row_state(k) != CASE_CLOSED)
        return INT64_MAX;
    const uint32_t days = k->use_count > 0 ? days_of_uses(k) : days_of_rules(p);
    return k->moves[k->move_count - 1].at_s + (int64_t)days * DAY_S;
}

void case_empty(struct case_row *k)
{
    k->title = bytes_of(NULL, 0);
    for (size_t i = 0; i < k->check_count; i++)
        k->checks[i].by = k->checks[i].reason = bytes_of(NULL, 0);
    k->use_count = 0;
}
