#include "proto/base/when.h"

#include <stdio.h>

#define DAY_S 86400
#define LAST_SECOND 253402300799 /* 9999-12-31T23:59:59Z */

/* Civil-date arithmetic over 400-year eras that start on 1 March. */
int32_t when_day_of_date(int year, int month, int day)
{
    int y = month <= 2 ? year - 1 : year;
    int era = (y >= 0 ? y : y - 399) / 400;
    int year_of_era = y - era * 400;
    int month_from_march = (month + 9) % 12;
    int day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void when_date_of_day(int32_t day, int *year, int *month, int *day_of_month)
{
    int64_t z = (int64_t)day + 719468;
    int era = (int)((z >= 0 ? z : z - 146096) / 146097);
    int doe = (int)(z - (int64_t)era * 146097);
    int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int mp = (5 * doy + 2) / 153;
    *day_of_month = doy - (153 * mp + 2) / 5 + 1;
    *month = mp < 10 ? mp + 3 : mp - 9;
    *year = yoe + era * 400 + (*month <= 2 ? 1 : 0);
}

bool when_date_exists(int year, int month, int day)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= lengths[month - 1] + (month == 2 && leap ? 1 : 0);
}

int32_t when_day(int64_t unix_s)
{
    int64_t d = unix_s / DAY_S;
    if (unix_s % DAY_S < 0)
        d--;
    if (d < INT32_MIN)
        return INT32_MIN;
    return d > INT32_MAX ? INT32_MAX : (int32_t)d;
}

void when_text(int64_t unix_s, char out[static WHEN_TEXT_SIZE])
{
    if (unix_s < 0)
        unix_s = 0;
    if (unix_s > LAST_SECOND)
        unix_s = LAST_SECOND;
    int y = 0, m = 0, d = 0;
    when_date_of_day(when_day(unix_s), &y, &m, &d);
    int s = (int)(unix_s % DAY_S);
    snprintf(out, WHEN_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)y % 10000u,
             (unsigned)m % 100u, (unsigned)d % 100u, (unsigned)s / 3600u % 100u,
             (unsigned)s / 60u % 60u, (unsigned)s % 60u);
}

/* Reads n digits at pos and checks the separator behind them (0: none). */
static int digits(struct bytes t, size_t pos, size_t n, char separator)
{
    int v = 0;
    for (size_t i = pos; i < pos + n; i++) {
        if (t.ptr[i] < '0' || t.ptr[i] > '9')
            return -1;
        v = v * 10 + (t.ptr[i] - '0');
    }
    if (separator != 0 && t.ptr[pos + n] != (uint8_t)separator)
        return -1;
    return v;
}

enum err when_parse(struct bytes t, int64_t *unix_s)
{
    if (t.len != 10 && t.len != 20)
        return ERR_INVALID;
    int y = digits(t, 0, 4, '-');
    int mo = digits(t, 5, 2, '-');
    int d = digits(t, 8, 2, t.len == 20 ? 'T' : 0);
    int h = 0, mi = 0, s = 0;
    if (t.len == 20) {
        h = digits(t, 11, 2, ':');
        mi = digits(t, 14, 2, ':');
        s = digits(t, 17, 2, 'Z');
    }
    if (y < 0 || mo < 0 || d < 0 || h < 0 || mi < 0 || s < 0)
        return ERR_INVALID;
    if (!when_date_exists(y, mo, d) || y < 1970 || h > 23 || mi > 59 || s > 59)
        return ERR_RANGE;
    *unix_s = (int64_t)when_day_of_date(y, mo, d) * DAY_S + h * 3600 + mi * 60 + s;
    return ERR_OK;
}
