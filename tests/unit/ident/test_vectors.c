/* Every row of tests/vectors/ident: the verdict, and that a canonical value is a fixed point. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/ident/vector_file.h"

static unsigned failures;

static void complain(enum ident_type type, const struct vector *v, const char *what,
                     const char *got)
{
    print_error("%s.tsv:%u: %s: got %s, expected %s\n", ident_type_id(type), v->line, what, got,
                v->expected);
    failures++;
}

static void check_fixed_point(enum ident_type type, const struct vector *v,
                              const struct norm_ident *id)
{
    struct norm_ident again;
    if (ident_from_canonical(type, ident_value(id), &again) != ERR_OK || !ident_equal(id, &again))
        complain(type, v, "normalised twice", "another value");
    struct raw_ident raw = raw_ident_one(type, ident_value(id));
    struct ident_report report;
    assert_int_equal(ident_normalise(&raw, &again, &report), ERR_OK);
    if (report.changed)
        complain(type, v, "canonical value", "changed");
}

static void check_row(enum ident_type type, const struct vector *v)
{
    struct raw_ident raw = vector_raw(type, v);
    struct norm_ident id = {.type = IDENT_NONE};
    struct ident_report report;
    enum err e = ident_normalise(&raw, &id, &report);
    if (report.warnings != v->warnings)
        complain(type, v, "warnings", "others");
    if (!v->ok) {
        if (e != ERR_INVALID || strcmp(ident_reason_id(report.reason), v->expected) != 0)
            complain(type, v, "reason", e == ERR_OK ? "ok" : ident_reason_id(report.reason));
        if (id.type != IDENT_NONE || report.cls != IDENT_CLASS_NONE)
            complain(type, v, "refused value", "written");
        return;
    }
    char got[IDENT_MAX + 1] = "";
    if (e == ERR_OK)
        memcpy(got, id.value, id.len);
    if (e != ERR_OK || strcmp(got, v->expected) != 0)
        complain(type, v, "value", e == ERR_OK ? got : ident_reason_id(report.reason));
    if (e != ERR_OK)
        return;
    if (v->count == 1 && report.changed == bytes_equal(raw.part[0], bytes_str(v->expected)))
        complain(type, v, "changed", report.changed ? "true" : "false");
    assert_int_equal(report.cls, ident_value_class(&id));
    check_fixed_point(type, v, &id);
}

static void test_every_vector(void **state)
{
    (void)state;
    for (int t = IDENT_NONE + 1; t < IDENT_TYPE_COUNT; t++)
        assert_true(vector_file_each((enum ident_type)t, check_row) >= 10);
    assert_int_equal(failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_vector)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
