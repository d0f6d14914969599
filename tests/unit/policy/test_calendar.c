/* Terms in working days against vectors that a second program computes
 * (tests/vectors/calendar.py), and against dates that anybody can look up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "proto/base/buf.h"
#include "proto/base/when.h"
#include "proto/policy/calendar.h"
#include "proto/policy/term.h"

#define VECTORS TEST_DATA "/vectors/calendar.txt"

/* As in calendar.py. */
static struct closed_day closed[] = {{.date = "2026-05-15"}, {.date = "2027-05-07"},
                                     {.date = "2032-12-24"}};
static struct policy policy = {.closed_days = closed, .closed_days_count = ARRAY_LEN(closed)};

static int64_t moment(const char *text)
{
    int64_t s = 0;
    if (when_parse(bytes_str(text), &s) != ERR_OK)
        fail_msg("no time: %s", text);
    return s;
}

static int32_t date(const char *text)
{
    return when_day(moment(text));
}

static void check_easter(const char *line)
{
    int year = 0;
    char day[16];
    assert_int_equal(sscanf(line, "easter %d %15s", &year, day), 2);
    if (calendar_easter(year) != date(day))
        fail_msg("Easter of %d is not %s", year, day);
}

/* The line lists every free day from Monday to Friday. */
static void check_free(const char *line)
{
    int year = 0;
    char text[512];
    assert_int_equal(sscanf(line, "free %d %511[^\n]", &year, text), 2);
    int32_t first = when_day_of_date(year, 1, 1);
    int32_t after = when_day_of_date(year + 1, 1, 1);
    for (int32_t day = first; day < after; day++) {
        int y = 0, m = 0, d = 0;
        char short_date[16];
        when_date_of_day(day, &y, &m, &d);
        snprintf(short_date, sizeof short_date, "%02d-%02d", m % 100, d % 100);
        bool weekend = (day + 3) % 7 >= 5;
        if (calendar_is_free(day) != (weekend || strstr(text, short_date) != NULL))
            fail_msg("%d-%s", year, short_date);
    }
}

static void check_term(const char *line)
{
    char from[32];
    char end[32];
    struct term t = {0};
    assert_int_equal(sscanf(line, "term %31s %u %31s", from, &t.working_days, end), 3);
    char got[WHEN_TEXT_SIZE];
    when_text(term_end(&policy, &t, moment(from)), got);
    if (strcmp(got, end) != 0)
        fail_msg("%u working days from %s end %s, not %s", t.working_days, from, end, got);
}

static void the_vectors_of_another_program_hold(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        void (*check)(const char *line);
        int least;
    } kinds[] = {{"easter", check_easter, 130}, {"free", check_free, 104}, {"term", check_term, 1400}};
    int seen[ARRAY_LEN(kinds)] = {0};
    char line[1024];
    for (size_t i = 0; i < ARRAY_LEN(closed); i++)
        closed[i].day = date(closed[i].date);
    FILE *in = fopen(VECTORS, "rb");
    assert_non_null(in);
    while (fgets(line, sizeof line, in) != NULL)
        for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
            if (strncmp(line, kinds[k].word, strlen(kinds[k].word)) == 0) {
                kinds[k].check(line);
                seen[k]++;
            }
    fclose(in);
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
        assert_true(seen[k] >= kinds[k].least);
}

static void days_that_anybody_can_look_up(void **state)
{
    (void)state;
    static const struct {
        const char *day;
        bool free;
    } days[] = {
        {"2026-01-01", true},  {"2026-01-02", false}, {"2026-04-03", true},  {"2026-04-06", true},
        {"2026-04-27", true},  {"2026-05-05", true},  {"2026-05-14", true},  {"2026-05-15", false},
        {"2026-05-25", true},  {"2026-12-24", false}, {"2026-12-25", true},  {"2026-12-26", true},
        {"2026-12-28", false}, {"2026-12-31", false}, {"2025-04-26", true},  {"2025-04-27", true},
        {"2025-04-28", false}, {"2031-04-26", true},  {"2031-04-28", false}, {"2013-04-30", true},
        {"2014-04-30", false}, {"2024-02-29", false}, {"2026-11-28", true},  {"2026-11-30", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(days); i++)
        if (calendar_is_free(date(days[i].day)) != days[i].free)
            fail_msg("%s", days[i].day);
}

static void a_date_is_the_one_on_dutch_clocks(void **state)
{
    (void)state;
    static const struct {
        const char *at;
        const char *day;
    } times[] = {
        {"2026-03-28T22:59:59Z", "2026-03-28"}, {"2026-03-28T23:00:00Z", "2026-03-29"},
        {"2026-03-29T21:59:59Z", "2026-03-29"}, {"2026-03-29T22:00:00Z", "2026-03-30"},
        {"2026-10-24T21:59:59Z", "2026-10-24"}, {"2026-10-24T22:00:00Z", "2026-10-25"},
        {"2026-10-25T22:59:59Z", "2026-10-25"}, {"2026-10-25T23:00:00Z", "2026-10-26"},
    };
    for (size_t i = 0; i < ARRAY_LEN(times); i++)
        if (calendar_day(moment(times[i].at)) != date(times[i].day))
            fail_msg("%s", times[i].at);
    assert_int_equal(calendar_last_second(date("2026-03-28")), moment("2026-03-28T22:59:59Z"));
    assert_int_equal(calendar_last_second(date("2026-03-29")), moment("2026-03-29T21:59:59Z"));
    assert_int_equal(calendar_last_second(date("2026-10-25")), moment("2026-10-25T22:59:59Z"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_another_program_hold),
        cmocka_unit_test(days_that_anybody_can_look_up),
        cmocka_unit_test(a_date_is_the_one_on_dutch_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
