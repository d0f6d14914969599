/* What masking leaves of a value; and that what it leaves is recognised, and whole values are not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/policy/masking.h"

struct row {
    enum masking m;
    const char *value;
    const char *left;
};

static const struct row rows[] = {
    {MASKING_NONE, "1234 AB", "1234 AB"},
    {MASKING_PRESENT, "", ""},
    {MASKING_PRESENT, "x", "present"},
    {MASKING_YEAR, "1980-02-29", "1980"},
    {MASKING_YEAR, "29-02-1980", ""},
    {MASKING_YEAR, "1980", ""},
    {MASKING_POSTCODE4, "1234AB", "1234"},
    {MASKING_POSTCODE4, "1234 ab", "1234"},
    {MASKING_POSTCODE4, "1234", ""},
    {MASKING_POSTCODE4, "12345 AB", ""},
    {MASKING_INITIALS, "Jan Pieter", "J.P."},
    {MASKING_INITIALS, "Anne-Fleur", "A.F."},
    {MASKING_INITIALS, "\xc3\x89lise", "\xc3\x89."},
    {MASKING_INITIALS, "a b c d e f g h i j k l m n", "a.b.c.d.e.f.g.h.i.j.k.l."},
    {MASKING_LAST4, "NL91ABNA0417164300", "4300"},
    {MASKING_LAST4, "1234567", ""},
    {MASKING_LAST4, "12345678", "5678"},
};

static void test_what_is_left(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf left = buf_new(256);
        masking_apply(rows[i].m, bytes_str(rows[i].value), &left);
        if (!bytes_is(buf_bytes(&left), rows[i].left))
            fail_msg("%s of '%s' is '%.*s'", masking_id(rows[i].m), rows[i].value, (int)left.len,
                     left.len > 0 ? (const char *)left.ptr : "");
        assert_true(masking_holds(rows[i].m, buf_bytes(&left)));
        buf_free(&left);
    }
}

static void test_a_whole_value_does_not_pass_for_a_masked_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const bool same = strcmp(rows[i].value, rows[i].left) == 0;
        const bool short_year = rows[i].m == MASKING_YEAR || rows[i].m == MASKING_POSTCODE4;
        if (!same && !(short_year && strlen(rows[i].value) == 4))
            assert_false(masking_holds(rows[i].m, bytes_str(rows[i].value)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_left),
        cmocka_unit_test(test_a_whole_value_does_not_pass_for_a_masked_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
