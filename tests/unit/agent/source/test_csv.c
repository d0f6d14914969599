/* agent/source/csv: rows whatever the chunks, and every fault with the row that has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/source/csv.h"
#include "proto/base/buf.h"

/* All events as text: "1[a][b]" for a row, "2!nul@1" for a fault, "$" where a row has no end. */
static void describe(struct buf *out, enum csv_event e, const struct csv_row *row)
{
    static const char *const faults[] = {"none", "nul",  "unclosed", "stray",
                                         "cr",   "cell", "row",      "columns"};
    buf_printf(out, "%u", (unsigned)row->number);
    if (e == CSV_BAD_ROW)
        buf_printf(out, "!%s@%zu", faults[row->fault], row->fault_cell);
    for (size_t i = 0; i < row->count; i++) {
        buf_put_u8(out, '[');
        buf_put(out, row->cells[i]);
        buf_put_u8(out, ']');
    }
    if (!row->is_ended)
        buf_put_u8(out, '$');
    buf_put_u8(out, ' ');
}

static void read_all(struct bytes input, size_t chunk, char delimiter, struct buf *out)
{
    CLEANUP(cleanup_csv_free) struct csv *c = csv_new(delimiter);
    assert_non_null(c);
    size_t at = 0;
    for (;;) {
        struct csv_row row;
        enum csv_event e = csv_next(c, &row);
        if (e == CSV_END)
            return;
        if (e != CSV_MORE) {
            describe(out, e, &row);
            continue;
        }
        size_t n = input.len - at < chunk ? input.len - at : chunk;
        if (n == 0)
            csv_finish(c);
        else
            csv_feed(c, bytes_of(input.ptr + at, n));
        at += n;
    }
}

struct row_case {
    const char *input;
    size_t len; /* 0: up to the NUL */
    const char *expected;
};

static const struct row_case cases[] = {
    {"", 0, ""},
    {"a,b\r\n1,2\r\n", 0, "1[a][b] 2[1][2] "},
    {"a,b\n1,2\n", 0, "1[a][b] 2[1][2] "},
    {"a,b\n1,2", 0, "1[a][b] 2[1][2]$ "},
    {",\n", 0, "1[][] "},
    {"a,\n,b\n", 0, "1[a][] 2[][b] "},
    {"\xef\xbb\xbf"
     "a\nb\n",
     0, "1[a] 2[b] "},
    {"\xef\xbb"
     "a\n",
     0,
     "1[\xef\xbb"
     "a] "},
    {"\xef\xbb\xbf\"a\"\n", 0, "1[a] "},
    {"a\n\n\r\nb\n", 0, "1[a] 4[b] "},
    {"\"a\"\n", 0, "1[a] "},
    {"\"\"\n", 0, "1[] "},
    {"\"a,b\",\"c\"\"d\"\n", 0, "1[a,b][c\"d] "},
    {"\"a\nb\r\nc\",d\n", 0, "1[a\nb\r\nc][d] "},
    {"\"a\"", 0, "1[a]$ "},
    {"a\nb\"c\nd\n", 0, "1[a] 2!stray@1 3[d] "},
    {"a,\"b\"c,d\ne\n", 0, "1!stray@2 2[e] "},
    {"a\n\"b\nc\nd\n", 0, "1[a] 2!unclosed@1$ "},
    {"a\n\"\0\n", 6, "1[a] 2!unclosed@1$ "},
    {"a\rb\nc\n", 0, "1!cr@1 2[c] "},
    {"a\r", 0, "1[a]$ "},
    {"a,b\0c\nd\n", 8, "1!nul@2 2[d] "},
    {"a,\"b\0\nc\",d\ne\n", 13, "1!nul@2 2[e] "},
};

static void rows_and_faults_are_found_in_any_chunks(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t len = cases[i].len > 0 ? cases[i].len : strlen(cases[i].input);
        for (size_t chunk = 1; chunk <= len + 1; chunk++) {
            CLEANUP(buf_free) struct buf out = buf_new(4096);
            read_all(bytes_of(cases[i].input, len), chunk, ',', &out);
            if (strcmp(buf_text(&out), cases[i].expected) != 0)
                fail_msg("case %zu in chunks of %zu: %s", i, chunk, buf_text(&out));
        }
    }
}

static void other_delimiters_divide(void **state)
{
    (void)state;
    static const char delimiters[] = {';', '|', '\t'};
    for (size_t i = 0; i < sizeof delimiters; i++) {
        char input[] = "a,b?c\n";
        input[3] = delimiters[i];
        CLEANUP(buf_free) struct buf out = buf_new(4096);
        read_all(bytes_str(input), 64, delimiters[i], &out);
        assert_string_equal(buf_text(&out), "1[a,b][c] ");
    }
}

/* "key," then n bytes, quoted or not, then a good row. */
static void expect_size(size_t n, bool quoted, const char *expected)
{
    CLEANUP(buf_free) struct buf in = buf_new((size_t)8 << 20);
    buf_put_str(&in, quoted ? "k,\"" : "k,");
    memset(buf_reserve(&in, n), 'x', n);
    buf_put_str(&in, quoted ? "\nx\"\ngood\n" : "\ngood\n");
    CLEANUP(buf_free) struct buf out = buf_new((size_t)8 << 20);
    read_all(buf_bytes(&in), 65536, ',', &out);
    const char *text = buf_text(&out);
    size_t at = strlen(text) - strlen(expected);
    assert_string_equal(text + at, expected);
}

static void large_cells_are_refused_and_the_next_row_is_read(void **state)
{
    (void)state;
    expect_size(CSV_CELL_MAX, false, "x] 2[good] ");
    expect_size(CSV_CELL_MAX + 1, false, "1!cell@2 2[good] ");
    expect_size(1 << 20, false, "1!cell@2 2[good] ");
    expect_size(1 << 20, true, "1!cell@2 2[good] ");
}

static void large_rows_and_many_columns_are_refused(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf in = buf_new((size_t)8 << 20);
    for (int i = 0; i < 40; i++) {
        memset(buf_reserve(&in, 30000), 'x', 30000);
        buf_put_u8(&in, ',');
    }
    buf_put_u8(&in, '\n');
    for (unsigned i = 0; i < CSV_COLUMNS_MAX; i++)
        buf_put_u8(&in, ',');
    buf_put_str(&in, "\ngood\n");
    CLEANUP(buf_free) struct buf out = buf_new(4096);
    read_all(buf_bytes(&in), 4096, ',', &out);
    assert_string_equal(buf_text(&out), "1!row@35 2!columns@513 3[good] ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_faults_are_found_in_any_chunks),
        cmocka_unit_test(other_delimiters_divide),
        cmocka_unit_test(large_cells_are_refused_and_the_next_row_is_read),
        cmocka_unit_test(large_rows_and_many_columns_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
