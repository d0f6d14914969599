/* The Dutch calendar of terms: weekends, the generally recognised public holidays of article 3 of
 * the Algemene termijnenwet, and civil time in the Netherlands. Computed, so that it needs no time
 * zone database and a past decision replays anywhere. Days are those since 1970-01-01, as civil
 * dates in the Netherlands. Holds for 1996 and later: from that year summer time has its present
 * rule. */
#ifndef SLUIS_POLICY_CALENDAR_H
#define SLUIS_POLICY_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

/* Easter Sunday of a year from 1583, in the Gregorian calendar. */
int32_t calendar_easter(int year);

/* True on Saturdays, Sundays and public holidays; days that a royal decree adds are not known here
 * (key closed_days of a policy). */
bool calendar_is_free(int32_t day);

/* The civil date in the Netherlands at a time, seconds since 1970 UTC. */
int32_t calendar_day(int64_t unix_s);

/* The last second of that date, seconds since 1970 UTC. */
int64_t calendar_last_second(int32_t day);

#endif
