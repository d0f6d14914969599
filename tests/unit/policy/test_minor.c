/* Who is under eighteen, to the day; and that what is not known stays unknown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/base/when.h"
#include "proto/policy/minor.h"

struct row {
    const char *born;
    const char *now;
    int is; /* 1 minor, 0 not, -1 unknown */
};

static const struct row rows[] = {
    {"2008-06-01", "2026-05-31T23:59:59Z", 1}, {"2008-06-01", "2026-06-01T00:00:00Z", 0},
    {"2008-02-29", "2026-02-28", 1},           {"2008-02-29", "2026-03-01", 0},
    {"1935-12-31", "2026-06-01", 0},           {"2026-06-01", "2026-06-01", 1},
    {"2026-06-02", "2026-06-01", -1},          {"2008-02-30", "2026-06-01", -1},
    {"0000-01-01", "2026-06-01", -1},          {"01-06-2008", "2026-06-01", -1},
    {"2008-06-1x", "2026-06-01", -1},          {"", "2026-06-01", -1},
};

static void test_to_the_day(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t now_s = 0;
        assert_int_equal(when_parse(bytes_str(rows[i].now), &now_s), ERR_OK);
        const struct fact_bool is = minor_of(bytes_str(rows[i].born), now_s);
        if ((is.by == PROVENANCE_JUDGED ? (int)is.v : -1) != rows[i].is)
            fail_msg("born %s, on %s", rows[i].born, rows[i].now);
    }
}

static void test_of_several(void **state)
{
    (void)state;
    const struct fact_bool yes = {true, PROVENANCE_JUDGED};
    const struct fact_bool no = {false, PROVENANCE_JUDGED};
    const struct fact_bool unknown = {false, PROVENANCE_UNKNOWN};
    assert_true(minor_of_all(yes, unknown).v && minor_of_all(unknown, yes).v);
    assert_int_equal(minor_of_all(yes, unknown).by, PROVENANCE_JUDGED);
    assert_int_equal(minor_of_all(unknown, yes).by, PROVENANCE_JUDGED);
    assert_int_equal(minor_of_all(no, unknown).by, PROVENANCE_UNKNOWN);
    assert_int_equal(minor_of_all(unknown, no).by, PROVENANCE_UNKNOWN);
    assert_int_equal(minor_of_all(no, no).by, PROVENANCE_JUDGED);
    assert_false(minor_of_all(no, no).v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_to_the_day),
        cmocka_unit_test(test_of_several),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
