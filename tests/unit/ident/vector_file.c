#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/ident/vector_file.h"

/* Undoes \xNN and \\ from text into out; returns the length. */
static size_t unescape(const char *text, uint8_t *out, size_t max)
{
    size_t n = 0;
    for (const char *p = text; *p != '\0'; p++) {
        assert_true(n < max);
        if (*p != '\\') {
            out[n++] = (uint8_t)*p;
        } else if (p[1] == '\\') {
            out[n++] = '\\';
            p++;
        } else {
            assert_int_equal(p[1], 'x');
            char hex[3] = {p[2], p[2] == '\0' ? '\0' : p[3], '\0'};
            char *end = NULL;
            out[n++] = (uint8_t)strtoul(hex, &end, 16);
            assert_ptr_equal(end, hex + 2);
            p += 3;
        }
    }
    return n;
}

static uint32_t parse_warnings(char *list)
{
    uint32_t flags = 0;
    if (strcmp(list, "-") == 0)
        return 0;
    for (char *word = strsep(&list, ","); word != NULL; word = strsep(&list, ",")) {
        uint32_t flag = 0;
        for (unsigned i = 0; i < IDENT_WARN_COUNT; i++) {
            if (strcmp(word, ident_warning_id((enum ident_warning)(1u << i))) == 0)
                flag = 1u << i;
        }
        assert_int_not_equal(flag, 0);
        flags |= flag;
    }
    return flags;
}

static void parse_row(char *row, struct vector *v)
{
    const char *verdict = strsep(&row, "\t");
    v->ok = strcmp(verdict, "ok") == 0;
    assert_true(v->ok || strcmp(verdict, "bad") == 0);
    assert_non_null(row);
    size_t n = unescape(strsep(&row, "\t"), (uint8_t *)v->expected, IDENT_MAX);
    v->expected[n] = '\0';
    assert_non_null(row);
    v->warnings = parse_warnings(strsep(&row, "\t"));
    v->count = 0;
    for (char *p = strsep(&row, "\t"); p != NULL; p = strsep(&row, "\t")) {
        assert_true(v->count < IDENT_PARTS_MAX);
        v->len[v->count] = unescape(p, v->part[v->count], IDENT_PART_MAX);
        v->count++;
    }
    assert_true(v->count > 0);
}

unsigned vector_file_each(enum ident_type type, void (*fn)(enum ident_type, const struct vector *))
{
    char path[512];
    snprintf(path, sizeof path, "%s/vectors/ident/%s.tsv", TEST_DATA, ident_type_id(type));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    static struct vector v;
    static char row[4096];
    unsigned rows = 0;
    for (unsigned line = 1; fgets(row, sizeof row, f) != NULL; line++) {
        row[strcspn(row, "\n")] = '\0';
        if (row[0] == '#' || row[0] == '\0')
            continue;
        v.line = line;
        parse_row(row, &v);
        fn(type, &v);
        rows++;
    }
    fclose(f);
    return rows;
}

struct raw_ident vector_raw(enum ident_type type, const struct vector *v)
{
    struct raw_ident raw = {.type = type, .count = v->count};
    for (size_t i = 0; i < v->count; i++)
        raw.part[i] = bytes_of(v->part[i], v->len[i]);
    return raw;
}
