#include "proto/policy/minor.h"

#include "proto/base/when.h"

#define ADULT_YEARS 18

/* Two or four digits; -1 where one is none. */
static int number(const uint8_t *at, size_t digits)
{
    int n = 0;
    for (size_t i = 0; i < digits; i++) {
        if (at[i] < '0' || at[i] > '9')
            return -1;
        n = n * 10 + (at[i] - '0');
    }
    return n;
}

struct fact_bool minor_of(struct bytes birth_date, int64_t now_s)
{
    const struct fact_bool unknown = {false, PROVENANCE_UNKNOWN};
    if (birth_date.len != 10 || birth_date.ptr[4] != '-' || birth_date.ptr[7] != '-')
        return unknown;
    const int year = number(birth_date.ptr, 4);
    int month = number(birth_date.ptr + 5, 2);
    int day = number(birth_date.ptr + 8, 2);
    if (!when_date_exists(year, month, day) || when_day_of_date(year, month, day) > when_day(now_s))
        return unknown;
    if (!when_date_exists(year + ADULT_YEARS, month, day)) {
        month = 3;
        day = 1;
    }
    const int32_t adult = when_day_of_date(year + ADULT_YEARS, month, day);
    return (struct fact_bool){when_day(now_s) < adult, PROVENANCE_JUDGED};
}

struct fact_bool minor_of_all(struct fact_bool a, struct fact_bool b)
{
    if (a.by == PROVENANCE_JUDGED && a.v)
        return a;
    return b.by == PROVENANCE_JUDGED && (b.v || a.by == PROVENANCE_JUDGED)
               ? b
               : (struct fact_bool){false, PROVENANCE_UNKNOWN};
}
