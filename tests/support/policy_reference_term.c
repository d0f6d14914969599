/* Working days, a day at a time: docs/policy.md, "Working days". */
#include "tests/support/policy_reference.h"

#define DAY_S 86400
#define LAST_S 253402300799 /* the last second of 9999 */

struct date {
    int y;
    int m;
    int d;
};

static bool is_leap(int y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int month_days(int y, int m)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return m == 2 && is_leap(y) ? 29 : days[m - 1];
}

/* Counted from 1 January 1970. */
static struct date date_of(int64_t day)
{
    struct date x = {.y = 1970, .m = 1, .d = 1};
    while (day >= (is_leap(x.y) ? 366 : 365))
        day -= is_leap(x.y++) ? 366 : 365;
    while (day >= month_days(x.y, x.m))
        day -= month_days(x.y, x.m++);
    x.d += (int)day;
    return x;
}

static int64_t day_of(int y, int m, int d)
{
    int64_t day = d - 1;
    for (int i = 1970; i < y; i++)
        day += is_leap(i) ? 366 : 365;
    for (int i = 1; i < m; i++)
        day += month_days(y, i);
    return day;
}

/* 0 = Sunday; 1 January 1970 was a Thursday. */
static int weekday(int64_t day)
{
    return (int)((day + 4) % 7);
}

/* Easter Sunday of the Gregorian calendar: the Sunday after the first full moon of the tables on or
 * after 21 March, with golden number and epact. */
static int64_t easter(int y)
{
    int century = y / 100 + 1;
    int golden = y % 19 + 1;
    int solar = 3 * century / 4 - 12;
    int lunar = (8 * century + 5) / 25 - 5;
    int epact = ((11 * golden + 20 + lunar - solar) % 30 + 30) % 30;
    if ((epact == 25 && golden > 11) || epact == 24)
        epact++;
    int moon = 44 - epact; /* of March */
    if (moon < 21)
        moon += 30;
    int64_t day = day_of(y, 3, 1) + moon; /* the day after the full moon */
    while (weekday(day) != 0)
        day++;
    return day;
}

static bool is_holiday(int64_t day)
{
    struct date x = date_of(day);
    int64_t e = easter(x.y);
    int64_t king = day_of(x.y, 4, 27);
    if (weekday(king) == 0)
        king--;
    return day == day_of(x.y, 1, 1) || day == e - 2 || day == e + 1 || day == king ||
           day == day_of(x.y, 5, 5) || day == e + 39 || day == e + 50 ||
           day == day_of(x.y, 12, 25) || day == day_of(x.y, 12, 26);
}

static bool is_working(const struct policy *p, int64_t day)
{
    for (uint32_t i = 0; i < p->closed_days_count; i++) {
        if (p->closed_days[i].day == day)
            return false;
    }
    return weekday(day) != 0 && weekday(day) != 6 && !is_holiday(day);
}

static int64_t last_sunday(int y, int m)
{
    int64_t day = day_of(y, m, 31);
    while (weekday(day) != 0)
        day--;
    return day;
}

/* Summer time: from 01:00 UTC of the last Sunday of March to that of October. */
static int64_t offset_s(int64_t at_s)
{
    int y = date_of(at_s / DAY_S).y;
    bool summer =
        at_s >= last_sunday(y, 3) * DAY_S + 3600 && at_s < last_sunday(y, 10) * DAY_S + 3600;
    return summer ? 7200 : 3600;
}

int64_t reference_term_end(const struct policy *p, const struct term *t, int64_t from_s)
{
    if (from_s < 0 || from_s > LAST_S)
        return INT64_MIN;
    if (t->working_days == 0)
        return from_s + (int64_t)t->hours * 3600 + t->seconds;
    int64_t day = (from_s + offset_s(from_s)) / DAY_S;
    for (uint32_t left = t->working_days; left > 0;) {
        day++;
        left -= is_working(p, day) ? 1 : 0;
    }
    /* Midnight after the day; summer time never begins or ends within two hours of one. */
    int64_t utc = (day + 1) * DAY_S;
    return utc - offset_s(utc - 3600) - 1;
}
