/* agent/source/field_value: one spelling for each date, number and truth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/source/field_value.h"

static enum mapping_date all_dates[] = {MAPPING_DATE_ISO, MAPPING_DATE_COMPACT, MAPPING_DATE_DASHES,
                                        MAPPING_DATE_SLASHES, MAPPING_DATE_DOTS};

struct value_case {
    enum mapping_kind kind;
    char decimal;
    const char *text;
    const char *value; /* NULL: refused */
};

static void values_have_one_spelling(void **state)
{
    (void)state;
    static const struct value_case cases[] = {
        {MAPPING_TEXT, '.', "a b", "a b"},
        {MAPPING_DATE, '.', "2024-02-29", "2024-02-29"},
        {MAPPING_DATE, '.', "20240229", "2024-02-29"},
        {MAPPING_DATE, '.', "29-02-2024", "2024-02-29"},
        {MAPPING_DATE, '.', "1-2-2024", "2024-02-01"},
        {MAPPING_DATE, '.', "1/2/2024", "2024-02-01"},
        {MAPPING_DATE, '.', "01.02.2024", "2024-02-01"},
        {MAPPING_DATE, '.', "29-02-2023", NULL},
        {MAPPING_DATE, '.', "01-02-24", NULL},
        {MAPPING_DATE, '.', "2024-2-1", NULL},
        {MAPPING_DATE, '.', "2024-02-011", NULL},
        {MAPPING_DATE, '.', "01/02-2024", NULL},
        {MAPPING_DATE, '.', "1-2-2024 ", NULL},
        {MAPPING_DATE, '.', "-1-2-2024", NULL},
        {MAPPING_DATE, '.', "00-01-2024", NULL},
        {MAPPING_NUMBER, '.', "0012", "12"},
        {MAPPING_NUMBER, '.', "0", "0"},
        {MAPPING_NUMBER, '.', "-3.50", "-3.50"},
        {MAPPING_NUMBER, '.', "1,234,567.8", "1234567.8"},
        {MAPPING_NUMBER, ',', "1.234.567,8", "1234567.8"},
        {MAPPING_NUMBER, ',', "1234,5", "1234.5"},
        {MAPPING_NUMBER, ',', "1.23,5", NULL},
        {MAPPING_NUMBER, ',', "1.2345", NULL},
        {MAPPING_NUMBER, ',', "1,2,3", NULL},
        {MAPPING_NUMBER, ',', "12,", NULL},
        {MAPPING_NUMBER, ',', ",5", NULL},
        {MAPPING_NUMBER, ',', "-", NULL},
        {MAPPING_NUMBER, '.', "1e5", NULL},
        {MAPPING_NUMBER, '.', "1234,567", NULL},
        {MAPPING_BOOL, '.', "Ja", "true"},
        {MAPPING_BOOL, '.', "N", "false"},
        {MAPPING_BOOL, '.', "1", "true"},
        {MAPPING_BOOL, '.', "maybe", NULL},
        {MAPPING_BOOL, '.', "truetrue", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct mapping_field f = {.kind = cases[i].kind, .dates = all_dates, .dates_count = 5};
        CLEANUP(buf_free) struct buf out = buf_new(64);
        enum err e = field_value(&f, cases[i].decimal, bytes_str(cases[i].text), &out);
        if (cases[i].value == NULL)
            assert_int_equal(e, ERR_INVALID);
        else if (e != ERR_OK || strcmp(buf_text(&out), cases[i].value) != 0)
            fail_msg("case %zu: %d %s", i, e, buf_text(&out));
    }
}

static void white_space_goes_from_both_ends(void **state)
{
    (void)state;
    struct bytes t = field_trim(bytes_str("\xc2\xa0 \ta b\r\n\xc2\xa0"));
    assert_true(bytes_is(t, "a b"));
    assert_int_equal(field_trim(bytes_str(" \xc2\xa0")).len, 0);
    assert_int_equal(field_trim(bytes_of(NULL, 0)).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_have_one_spelling),
        cmocka_unit_test(white_space_goes_from_both_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
