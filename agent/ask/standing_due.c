#include "agent/ask/standing_due.h"

#include "proto/policy/process.h"

#define DAY_S INT64_C(86400)

const char *standing_due_id(enum standing_due d)
{
    switch (d) {
    case STANDING_NOT_DUE: return "";
    case STANDING_TERM: return "term";
    case STANDING_EPOCH: return "epoch";
    case STANDING_REFUSED: return "refused";
    }
    return "";
}

const char *standing_end_id(enum standing_end e)
{
    switch (e) {
    case STANDING_GOES_ON: return "";
    case STANDING_END_DATE: return "date";
    case STANDING_END_CASE: return "case";
    case STANDING_END_RULE: return "rule";
    case STANDING_END_OFFICER: return "officer";
    case STANDING_END_REFUSED: return "refused";
    }
    return "";
}

int64_t standing_next_s(const struct standing_row *k)
{
    const int64_t days_s = k->asked_s + (int64_t)k->every_days * DAY_S;
    const int64_t next_s = days_s > k->deadline_s ? days_s : k->deadline_s + 1;
    return next_s <= k->until_s ? next_s : STANDING_NEVER;
}

static bool has(const uint32_t *epochs, size_t count, uint32_t epoch)
{
    for (size_t i = 0; i < count; i++)
        if (epochs[i] == epoch)
            return true;
    return false;
}

static bool went_in(const struct standing_row *k, uint32_t epoch)
{
    return has(k->epochs, k->epoch_count, epoch);
}

static bool was_refused_in(const struct standing_row *k, uint32_t epoch)
{
    return has(k->refused, k->refused_count, epoch);
}

uint32_t standing_new_epoch(const struct standing_row *k, const uint32_t *epochs, size_t count)
{
    uint32_t refused = 0;
    for (size_t i = 0; i < count; i++) {
        if (!went_in(k, epochs[i]) && !was_refused_in(k, epochs[i]))
            return epochs[i];
        if (!went_in(k, epochs[i]) && refused == 0)
            refused = epochs[i];
    }
    return refused;
}

int64_t standing_epoch_s(const struct standing_row *k, uint32_t epoch, const uint32_t *epochs, size_t count)
{
    bool stands = false;
    for (size_t i = 0; i < count; i++)
        stands |= went_in(k, epochs[i]);
    return stands && was_refused_in(k, epoch) ? k->asked_s + (int64_t)k->every_days * DAY_S : 0;
}

enum standing_due standing_due_now(const struct standing_row *k, const uint32_t *epochs, size_t count, int64_t now_s)
{
    if (now_s > k->until_s)
        return STANDING_NOT_DUE;
    if (k->epoch_count == 0)
        return STANDING_REFUSED;
    const uint32_t epoch = standing_new_epoch(k, epochs, count);
    if (epoch != 0 && now_s >= standing_epoch_s(k, epoch, epochs, count))
        return STANDING_EPOCH;
    return now_s >= standing_next_s(k) ? STANDING_TERM : STANDING_NOT_DUE;
}

/* Whether the policy still has its rule, for asking, in this purpose, by this agency. */
static bool has_rule(const struct standing_row *k, const struct policy *p, const struct agency_id *self)
{
    const struct rule *r = policy_rule(p, &k->rule);
    const struct party *party = policy_party(p, self);
    return r != NULL && party != NULL && process_asks(r->process) && name_equal(&r->purpose, &k->purpose) &&
           selectors_match(r->requesters, r->requesters_count, party);
}

enum standing_end standing_end_now(const struct standing_row *k, const struct view *v, const struct agency_id *self,
                                   enum case_state state, int64_t now_s)
{
    if (state == CASE_NONE || state == CASE_CLOSED || state == CASE_DESTROYED)
        return STANDING_END_CASE;
    if (!has_rule(k, view_policy(v), self))
        return STANDING_END_RULE;
    return now_s > k->until_s && now_s <= view_roster(v)->not_after ? STANDING_END_DATE : STANDING_GOES_ON;
}
