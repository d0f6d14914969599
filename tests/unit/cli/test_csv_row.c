/* Cells of an export: what a reader of CSV gets back, and what a spreadsheet must not calculate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pki/cli/audit/csv_row.h"

static void becomes(const char *text, const char *cell)
{
    struct buf out CLEANUP(buf_free) = buf_new(256);
    csv_put_cell(&out, bytes_str(text));
    assert_int_equal(buf_err(&out), ERR_OK);
    assert_string_equal(buf_text(&out), cell);
}

static void plain_text_stays(void **state)
{
    (void)state;
    becomes("", "");
    becomes("riec.case", "riec.case");
    becomes("2026-11-23T22:20:00Z", "2026-11-23T22:20:00Z");
    becomes("a=b", "a=b");
}

static void separators_are_quoted(void **state)
{
    (void)state;
    becomes("a,b", "\"a,b\"");
    becomes("a;b", "\"a;b\"");
    becomes("say \"no\"", "\"say \"\"no\"\"\"");
    becomes("two\nlines", "\"two\nlines\"");
    becomes("it's", "\"it's\"");
}

static void formulas_are_text(void **state)
{
    (void)state;
    becomes("=1+1", "\"'=1+1\"");
    becomes("+31", "\"'+31\"");
    becomes("-1", "\"'-1\"");
    becomes("@SUM(A1)", "\"'@SUM(A1)\"");
    becomes("\t=1", "\"'\t=1\"");
    becomes("\r=1", "\"'\r=1\"");
    becomes("=\"a\"", "\"'=\"\"a\"\"\"");
}

/* As many cells in a row as in the head, also where nearly all are empty. */
static void rows_have_the_columns_of_the_head(void **state)
{
    (void)state;
    struct buf head CLEANUP(buf_free) = buf_new(4096);
    struct buf row CLEANUP(buf_free) = buf_new(4096);
    const struct body_line line = {.index = 7, .state = BODY_PRESENT};
    const struct audit_body body = {.event = AUDIT_EVENT_LOG_STARTED};
    csv_put_head(&head);
    csv_put_row(&row, &line, &body);
    assert_int_equal(buf_err(&row), ERR_OK);
    size_t commas[2] = {0, 0};
    for (size_t i = 0; i < head.len; i++)
        commas[0] += head.ptr[i] == ',';
    for (size_t i = 0; i < row.len; i++)
        commas[1] += row.ptr[i] == ',';
    assert_int_equal(commas[0], commas[1]);
}

/* Whatever a body says. */
static void no_cell_of_a_row_begins_a_formula(void **state)
{
    (void)state;
    struct buf row CLEANUP(buf_free) = buf_new(4096);
    const struct bytes reasons[] = {bytes_str("-2+3")};
    const struct body_line line = {.index = 7, .state = BODY_PRESENT};
    const struct audit_body body = {.event = AUDIT_EVENT_REQUEST_REFUSED, .staff = bytes_str("=1"), .rule = {"@rule"},
                                    .reasons = reasons, .reasons_count = 1};
    csv_put_row(&row, &line, &body);
    assert_int_equal(buf_err(&row), ERR_OK);
    assert_non_null(strstr(buf_text(&row), ",\"'=1\","));
    assert_non_null(strstr(buf_text(&row), ",\"'@rule\","));
    assert_non_null(strstr(buf_text(&row), ",\"'-2+3\","));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_stays),
        cmocka_unit_test(separators_are_quoted),
        cmocka_unit_test(formulas_are_text),
        cmocka_unit_test(no_cell_of_a_row_begins_a_formula),
        cmocka_unit_test(rows_have_the_columns_of_the_head),
    };
    return cmocka_run_group_tests_name("csv_row", tests, NULL, NULL);
}
