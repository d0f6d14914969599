#include "proto/policy/term.h"

#include "proto/base/buf.h"
#include "proto/policy/calendar.h"

#define DAY_S INT64_C(86400)
#define HOUR_S INT64_C(3600)
#define LAST_SECOND INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

static bool is_closed(const struct policy *p, int32_t day)
{
    uint32_t low = 0;
    uint32_t high = p->closed_days_count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (p->closed_days[mid].day == day)
            return true;
        if (p->closed_days[mid].day < day)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

static int64_t end_of_working_days(const struct policy *p, uint32_t count, int64_t from_s)
{
    int32_t day = calendar_day(from_s);
    uint32_t left = count < TERM_WORKING_DAYS_MAX ? count : TERM_WORKING_DAYS_MAX;
    while (left > 0) {
        day++;
        if (!calendar_is_free(day) && !is_closed(p, day))
            left--;
    }
    return calendar_last_second(day);
}

/* The term in seconds, where it counts in them or in hours. */
static int64_t fixed_s(const struct term *t)
{
    return (int64_t)t->seconds + (int64_t)t->hours * HOUR_S;
}

int64_t term_end(const struct policy *p, const struct term *t, int64_t from_s)
{
    if (from_s < 0 || from_s > LAST_SECOND)
        return INT64_MIN;
    return t->working_days > 0 ? end_of_working_days(p, t->working_days, from_s)
                               : from_s + fixed_s(t);
}

/* Begun at the last second of a Sunday. Over the next one the clock may change by an hour. */
static int64_t shortest_s(const struct term *t)
{
    int64_t n = t->working_days;
    return n > 0 ? (n + (n - 1) / 5 * 2) * DAY_S - (n > 5 ? HOUR_S : 0) : fixed_s(t);
}

/* Begun at the first second of the Friday or Saturday that makes it longest. */
static int64_t longest_s(const struct term *t)
{
    int64_t n = t->working_days;
    return n > 0 ? (n / 5 * 7 + (n % 5 > 0 ? n % 5 + 2 : 0) + 1) * DAY_S + HOUR_S : fixed_s(t);
}

bool term_may_exceed(const struct term *t, const struct term *other)
{
    if (t->working_days > 0 && other->working_days > 0)
        return t->working_days > other->working_days;
    return longest_s(t) > shortest_s(other);
}

int64_t term_of_decision(const struct policy *p, const struct consent_terms *c, int64_t arrived_s,
                         int64_t deadline_s)
{
    int64_t end = term_end(p, &c->term, arrived_s);
    return c->urgent_term != NULL && deadline_s < end ? term_end(p, c->urgent_term, arrived_s)
                                                      : end;
}

/* The end of the urgent term of the first arrival by the deadline whose ordinary term ends after it;
 * INT64_MAX where none does. */
static int64_t soonest_urgent(const struct policy *p, const struct consent_terms *c, int64_t sent_s,
                              int64_t deadline_s)
{
    int64_t low = sent_s;
    int64_t high = deadline_s;
    while (low < high) {
        int64_t mid = low + (high - low) / 2;
        if (term_end(p, &c->term, mid) > deadline_s)
            high = mid;
        else
            low = mid + 1;
    }
    return term_end(p, &c->term, low) > deadline_s ? term_end(p, c->urgent_term, low) : INT64_MAX;
}

int64_t term_of_decision_soonest(const struct policy *p, const struct consent_terms *c, int64_t sent_s,
                                 int64_t deadline_s)
{
    int64_t end = term_of_decision(p, c, sent_s, deadline_s);
    if (c->urgent_term == NULL || end == INT64_MIN || end > deadline_s)
        return end;
    int64_t urgent = soonest_urgent(p, c, sent_s, deadline_s);
    return urgent < end ? urgent : end;
}

void term_text(const struct term *t, bool dutch, struct buf *out)
{
    static const struct {
        const char *nl[2];
        const char *en[2];
    } units[] = {
        {{"werkdag", "werkdagen"}, {"working day", "working days"}},
        {{"uur", "uur"}, {"hour", "hours"}},
        {{"seconde", "seconden"}, {"second", "seconds"}},
    };
    const size_t unit = t->working_days > 0 ? 0 : t->hours > 0 ? 1 : 2;
    const uint32_t n = t->working_days > 0 ? t->working_days : t->hours > 0 ? t->hours : t->seconds;
    buf_printf(out, "%u %s", n, (dutch ? units[unit].nl : units[unit].en)[n == 1 ? 0 : 1]);
}
