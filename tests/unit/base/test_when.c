/* Dates and times against a calendar that is counted day by day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/base/attr.h"
#include "proto/base/when.h"

#define DAY_S 86400

struct date {
    int year, month, day;
};

static int month_length(int year, int month)
{
    switch (month) {
    case 2:
        if (year % 400 == 0)
            return 29;
        return year % 4 == 0 && year % 100 != 0 ? 29 : 28;
    case 4:
    case 6:
    case 9:
    case 11:
        return 30;
    }
    return 31;
}

static void step_day(struct date *d)
{
    if (++d->day <= month_length(d->year, d->month))
        return;
    d->day = 1;
    if (++d->month <= 12)
        return;
    d->month = 1;
    d->year++;
}

static void every_day_from_year_1_to_9999(void **state)
{
    (void)state;
    struct date d = {1, 1, 1};
    for (int32_t day = -719162; d.year <= 9999; day++, step_day(&d)) {
        assert_true(when_date_exists(d.year, d.month, d.day));
        assert_true(when_day_of_date(d.year, d.month, d.day) == day);
        int y = 0, m = 0, dom = 0;
        when_date_of_day(day, &y, &m, &dom);
        assert_true(y == d.year && m == d.month && dom == d.day);
    }
}

/* From Python: (datetime.date(y, m, d) - datetime.date(1970, 1, 1)).days */
static void known_days(void **state)
{
    (void)state;
    static const struct {
        struct date d;
        int32_t day;
    } cases[] = {
        {{1, 1, 1}, -719162},     {{1600, 2, 29}, -135081}, {{1900, 3, 1}, -25508},
        {{1969, 12, 31}, -1},     {{1970, 1, 1}, 0},        {{2000, 2, 29}, 11016},
        {{2026, 11, 23}, 20780},  {{2100, 3, 1}, 47541},    {{9999, 12, 31}, 2932896},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(when_day_of_date(cases[i].d.year, cases[i].d.month, cases[i].d.day),
                         cases[i].day);
}

static void dates_that_do_not_exist(void **state)
{
    (void)state;
    static const struct date cases[] = {
        {2023, 2, 29}, {1900, 2, 29}, {2100, 2, 29}, {2024, 2, 30}, {2024, 4, 31},
        {2024, 0, 1},  {2024, 13, 1}, {2024, 1, 0},  {2024, 1, 32}, {0, 1, 1},
        {10000, 1, 1}, {-1, 1, 1},    {2024, -1, 1}, {2024, 1, -1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_false(when_date_exists(cases[i].year, cases[i].month, cases[i].day));
}

static void the_widest_days_do_not_overflow(void **state)
{
    (void)state;
    int y = 0, m = 0, d = 0;
    when_date_of_day(INT32_MAX, &y, &m, &d);
    assert_int_equal(y, 5881580);
    when_date_of_day(INT32_MIN, &y, &m, &d);
    assert_int_equal(y, -5877641);
    assert_int_equal(when_day(INT64_MAX), INT32_MAX);
    assert_int_equal(when_day(INT64_MIN), INT32_MIN);
}

static void a_day_begins_at_midnight(void **state)
{
    (void)state;
    static const struct {
        int64_t t;
        int32_t day;
    } cases[] = {
        {-DAY_S - 1, -2}, {-DAY_S, -1}, {-1, -1}, {0, 0}, {DAY_S - 1, 0}, {DAY_S, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(when_day(cases[i].t), cases[i].day);
}

static void times_read_back_as_printed(void **state)
{
    (void)state;
    for (int64_t t = 0; t < 253402300800; t += 1234577) {
        char text[WHEN_TEXT_SIZE];
        when_text(t, text);
        int64_t back = -1;
        assert_int_equal(when_parse(bytes_str(text), &back), ERR_OK);
        assert_int_equal(back, t);
        assert_int_equal(when_parse(bytes_of(text, 10), &back), ERR_OK);
        assert_int_equal(back, t - t % DAY_S);
    }
}

static void times_outside_are_clamped(void **state)
{
    (void)state;
    char text[WHEN_TEXT_SIZE];
    when_text(INT64_MIN, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    when_text(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
}

static void only_one_form_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err want;
    } cases[] = {
        {"", ERR_INVALID},
        {"2026-11-2", ERR_INVALID},
        {"2026-11-233", ERR_INVALID},
        {"2026/11/23", ERR_INVALID},
        {"23-11-2026", ERR_INVALID},
        {"+026-11-23", ERR_INVALID},
        {" 026-11-23", ERR_INVALID},
        {"2026-11-23T22:20:00", ERR_INVALID},
        {"2026-11-23 22:20:00Z", ERR_INVALID},
        {"2026-11-23T22:20:00z", ERR_INVALID},
        {"2026-11-23T22:20:0Z ", ERR_INVALID},
        {"2026-11-23T22.20:00Z", ERR_INVALID},
        {"2026-11-23T22:20:00+01:00", ERR_INVALID},
        {"1969-12-31", ERR_RANGE},
        {"0000-01-01", ERR_RANGE},
        {"2026-00-01", ERR_RANGE},
        {"2026-13-01", ERR_RANGE},
        {"2026-02-29", ERR_RANGE},
        {"2026-11-23T24:00:00Z", ERR_RANGE},
        {"2026-11-23T23:60:00Z", ERR_RANGE},
        {"2026-11-23T23:59:60Z", ERR_RANGE},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t t = -7;
        assert_int_equal(when_parse(bytes_str(cases[i].text), &t), cases[i].want);
        assert_int_equal(t, -7);
    }
}

static void every_cut_and_every_byte_changed_to_a_letter_is_refused(void **state)
{
    (void)state;
    static const char good[] = "2026-11-23T22:20:00Z";
    for (size_t i = 0; i < sizeof good - 1; i++) {
        int64_t t = 0;
        char *exact = malloc(i + 1);
        memcpy(exact, good, i + 1);
        bool whole = i + 1 == 10 || i + 1 == 20;
        assert_int_equal(when_parse(bytes_of(exact, i + 1), &t), whole ? ERR_OK : ERR_INVALID);
        free(exact);
        char changed[sizeof good];
        memcpy(changed, good, sizeof good);
        changed[i] = 'x';
        assert_int_equal(when_parse(bytes_str(changed), &t), ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_from_year_1_to_9999),
        cmocka_unit_test(known_days),
        cmocka_unit_test(dates_that_do_not_exist),
        cmocka_unit_test(the_widest_days_do_not_overflow),
        cmocka_unit_test(a_day_begins_at_midnight),
        cmocka_unit_test(times_read_back_as_printed),
        cmocka_unit_test(times_outside_are_clamped),
        cmocka_unit_test(only_one_form_is_read),
        cmocka_unit_test(every_cut_and_every_byte_changed_to_a_letter_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
