/* When terms end. Pure. */
#ifndef SLUIS_POLICY_TERM_H
#define SLUIS_POLICY_TERM_H

#include "proto/policy/policy.h"

struct buf;

#define TERM_WORKING_DAYS_MAX 260

/* The last second of a term that begins at from_s. Hours and seconds are added. Working days begin
 * to count on the day after the civil date of from_s and end with the last of them: 24:00 in the
 * Netherlands; weekends, public holidays and the closed_days of the policy do not count. INT64_MIN
 * where from_s is no time from 1970 to 9999, so that a term without a beginning is over. */
int64_t term_end(const struct policy *p, const struct term *t, int64_t from_s);

/* True where the first term can end after the second one although both begin at the same time;
 * holidays aside. */
bool term_may_exceed(const struct term *t, const struct term *other);

/* The last second in which an item that arrived then is decided in time: of the urgent term where
 * the rule has one and the question's deadline comes before the ordinary term ends, else of the
 * ordinary term (docs/decisions/0503-a-short-deadline-is-urgent.md). */
int64_t term_of_decision(const struct policy *p, const struct consent_terms *c, int64_t arrived_s,
                         int64_t deadline_s);

/* A lower bound of term_of_decision for whoever knows only that the item arrived from sent_s on, and by the
 * deadline: exact where every arrival is possible. */
int64_t term_of_decision_soonest(const struct policy *p, const struct consent_terms *c, int64_t sent_s,
                                 int64_t deadline_s);

/* "5 working days", "1 hour", "60 seconds", or in Dutch; for people. */
void term_text(const struct term *t, bool dutch, struct buf *out);

#endif
