/* Terms: units, bounds, the urgent one, and words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/base/buf.h"
#include "proto/base/when.h"
#include "proto/policy/term.h"

static const struct policy no_closed_days;

static int64_t moment(const char *text)
{
    int64_t s = 0;
    if (when_parse(bytes_str(text), &s) != ERR_OK)
        fail_msg("no time: %s", text);
    return s;
}

static void hours_and_seconds_are_added(void **state)
{
    (void)state;
    const struct term hours = {.hours = 48};
    const struct term seconds = {.seconds = 60};
    const struct term most = {.hours = UINT32_MAX};
    assert_int_equal(term_end(&no_closed_days, &hours, 1000), 1000 + 48 * 3600);
    assert_int_equal(term_end(&no_closed_days, &seconds, 1000), 1060);
    assert_int_equal(term_end(&no_closed_days, &most, INT64_C(253402300799)),
                     INT64_C(253402300799) + INT64_C(4294967295) * 3600);
}

static void without_a_beginning_a_term_is_over(void **state)
{
    (void)state;
    const struct term terms[] = {{.hours = 1}, {.working_days = 1}};
    const int64_t times[] = {INT64_MIN, -1, INT64_C(253402300800), INT64_MAX};
    for (size_t i = 0; i < ARRAY_LEN(terms); i++)
        for (size_t k = 0; k < ARRAY_LEN(times); k++)
            assert_int_equal(term_end(&no_closed_days, &terms[i], times[k]), INT64_MIN);
}

/* The day of the question does not count, whatever the hour; weekends, Christmas and a closed day
 * neither. */
static void working_days_begin_after_the_day_itself(void **state)
{
    (void)state;
    struct closed_day closed = {.day = when_day_of_date(2026, 12, 28)};
    const struct policy with = {.closed_days = &closed, .closed_days_count = 1};
    const struct term one = {.working_days = 1};
    assert_int_equal(term_end(&no_closed_days, &one, moment("2026-12-24T08:00:00Z")),
                     moment("2026-12-28T22:59:59Z"));
    assert_int_equal(term_end(&no_closed_days, &one, moment("2026-12-23T22:59:59Z")),
                     moment("2026-12-24T22:59:59Z"));
    assert_int_equal(term_end(&no_closed_days, &one, moment("2026-12-23T23:00:00Z")),
                     moment("2026-12-28T22:59:59Z"));
    assert_int_equal(term_end(&with, &one, moment("2026-12-24T08:00:00Z")),
                     moment("2026-12-29T22:59:59Z"));
}

static void which_of_two_terms_can_be_the_longer(void **state)
{
    (void)state;
    static const struct {
        struct term a;
        struct term b;
        bool exceeds;
    } rows[] = {
        {{.hours = 2}, {.hours = 2}, false},        {{.hours = 2}, {.seconds = 7199}, true},
        {{.hours = 24}, {.working_days = 1}, false}, {{.hours = 25}, {.working_days = 1}, true},
        {{.hours = 120}, {.working_days = 5}, false}, {{.hours = 192}, {.working_days = 6}, true},
        {{.hours = 191}, {.working_days = 6}, false}, {{.working_days = 3}, {.working_days = 3}, false},
        {{.working_days = 4}, {.working_days = 3}, true}, {{.working_days = 1}, {.hours = 96}, true},
        {{.working_days = 1}, {.hours = 98}, false}, {{.working_days = 5}, {.hours = 190}, true},
        {{.working_days = 5}, {.hours = 194}, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (term_may_exceed(&rows[i].a, &rows[i].b) != rows[i].exceeds)
            fail_msg("row %zu", i);
}

static void a_deadline_within_the_term_makes_it_urgent(void **state)
{
    (void)state;
    struct term urgent = {.hours = 4};
    struct consent_terms c = {.term = {.working_days = 5}, .urgent_term = &urgent};
    int64_t at = moment("2026-11-23T09:00:00Z"); /* a Monday */
    int64_t end = moment("2026-11-30T22:59:59Z");
    assert_int_equal(term_of_decision(&no_closed_days, &c, at, end), end);
    assert_int_equal(term_of_decision(&no_closed_days, &c, at, end - 1), at + 4 * 3600);
    c.urgent_term = NULL;
    assert_int_equal(term_of_decision(&no_closed_days, &c, at, end - 1), end);
}

/* Against every arrival, one after the other. */
static void no_arrival_has_a_term_before_the_soonest(void **state)
{
    (void)state;
    struct term urgent = {.hours = 4};
    int64_t sent = moment("2026-11-23T09:00:00Z");
    static const struct {
        struct term term;
        bool has_urgent;
        int64_t deadline_h;
    } rows[] = {{{.working_days = 5}, true, 24},  {{.working_days = 5}, true, 24 * 14},
                {{.hours = 8}, true, 6},          {{.hours = 8}, true, 8},
                {{.hours = 8}, true, 20},         {{.hours = 8}, false, 20},
                {{.working_days = 2}, false, 24}, {{.working_days = 2}, true, 24 * 30}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct consent_terms c = {.term = rows[i].term,
                                        .urgent_term = rows[i].has_urgent ? &urgent : NULL};
        const int64_t deadline = sent + rows[i].deadline_h * 3600;
        int64_t least = INT64_MAX;
        for (int64_t at = sent; at <= deadline; at++) {
            int64_t end = term_of_decision(&no_closed_days, &c, at, deadline);
            least = end < least ? end : least;
        }
        if (term_of_decision_soonest(&no_closed_days, &c, sent, deadline) != least)
            fail_msg("row %zu", i);
    }
    const struct consent_terms c = {.term = {.hours = 1}, .urgent_term = &urgent};
    assert_int_equal(term_of_decision_soonest(&no_closed_days, &c, -1, sent), INT64_MIN);
    assert_int_equal(term_of_decision_soonest(&no_closed_days, &c, sent, INT64_MAX), sent + 3600);
}

static void terms_have_words(void **state)
{
    (void)state;
    static const struct {
        struct term t;
        const char *nl;
        const char *en;
    } rows[] = {{{.working_days = 5}, "5 werkdagen", "5 working days"},
                {{.hours = 48}, "48 uur", "48 hours"},
                {{.seconds = 60}, "60 seconden", "60 seconds"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(buf_free) struct buf nl = buf_new(64);
        CLEANUP(buf_free) struct buf en = buf_new(64);
        term_text(&rows[i].t, true, &nl);
        term_text(&rows[i].t, false, &en);
        assert_string_equal(buf_text(&nl), rows[i].nl);
        assert_string_equal(buf_text(&en), rows[i].en);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hours_and_seconds_are_added),
        cmocka_unit_test(without_a_beginning_a_term_is_over),
        cmocka_unit_test(working_days_begin_after_the_day_itself),
        cmocka_unit_test(which_of_two_terms_can_be_the_longer),
        cmocka_unit_test(a_deadline_within_the_term_makes_it_urgent),
        cmocka_unit_test(no_arrival_has_a_term_before_the_soonest),
        cmocka_unit_test(terms_have_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
