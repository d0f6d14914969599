#include "proto/policy/calendar.h"

#include "proto/base/bytes.h"
#include "proto/base/when.h"

#define DAY_S INT64_C(86400)
#define HOUR_S INT64_C(3600)

/* The algorithm of Meeus, Jones and Butcher; names as in its table. */
int32_t calendar_easter(int year)
{
    int a = year % 19;
    int b = year / 100;
    int c = year % 100;
    int d = b / 4;
    int e = b % 4;
    int g = (8 * b + 13) / 25;
    int h = (19 * a + b - d - g + 15) % 30;
    int i = c / 4;
    int k = c % 4;
    int l = (32 + 2 * e + 2 * i - h - k) % 7;
    int m = (a + 11 * h + 19 * l) / 433;
    int month = (h + l - 7 * m + 90) / 25;
    int day = (h + l - 7 * m + 33 * month + 19) % 32;
    return when_day_of_date(year, month, day);
}

/* 0 is Monday; 1970-01-01 was a Thursday. */
static int weekday(int32_t day)
{
    int w = (int)(((int64_t)day + 3) % 7);
    return w < 0 ? w + 7 : w;
}

/* The birthday of the King (27 April; until 2013 of the Queen, 30 April) is kept a day earlier
 * where it falls on a Sunday. */
static int32_t kings_day(int year)
{
    int32_t day = when_day_of_date(year, 4, year < 2014 ? 30 : 27);
    return weekday(day) == 6 ? day - 1 : day;
}

/* Article 3(1) and (2): Good Friday counts as one. Easter and Whit Sunday are Sundays already. */
static bool is_holiday(int32_t day)
{
    static const struct {
        int month;
        int day;
    } fixed[] = {{1, 1}, {5, 5}, {12, 25}, {12, 26}};
    static const int32_t from_easter[] = {-2, 1, 39, 50};
    int y = 0, m = 0, d = 0;
    when_date_of_day(day, &y, &m, &d);
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
        if (m == fixed[i].month && d == fixed[i].day)
            return true;
    int32_t easter = calendar_easter(y);
    for (size_t i = 0; i < ARRAY_LEN(from_easter); i++)
        if (day == easter + from_easter[i])
            return true;
    return day == kings_day(y);
}

bool calendar_is_free(int32_t day)
{
    return weekday(day) >= 5 || is_holiday(day);
}

static int32_t last_sunday(int year, int month)
{
    int32_t last = when_day_of_date(year, month, 31);
    return last - (weekday(last) + 1) % 7;
}

/* Summer time runs from 01:00 UTC on the last Sunday of March to that of October, both of which
 * have 31 days. */
static bool is_summer(int64_t unix_s)
{
    int y = 0, m = 0, d = 0;
    when_date_of_day(when_day(unix_s), &y, &m, &d);
    int64_t from = last_sunday(y, 3) * DAY_S + HOUR_S;
    int64_t until = last_sunday(y, 10) * DAY_S + HOUR_S;
    return unix_s >= from && unix_s < until;
}

static int64_t offset_at(int64_t unix_s)
{
    return is_summer(unix_s) ? 2 * HOUR_S : HOUR_S;
}

int32_t calendar_day(int64_t unix_s)
{
    return when_day(unix_s + offset_at(unix_s));
}

/* The clock never changes within two hours of midnight, so the offset an hour before midnight UTC
 * is that of midnight here. */
int64_t calendar_last_second(int32_t day)
{
    int64_t midnight_utc = ((int64_t)day + 1) * DAY_S;
    return midnight_utc - offset_at(midnight_utc - 2 * HOUR_S) - 1;
}
