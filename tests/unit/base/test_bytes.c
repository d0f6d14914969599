/* Equality, order and strict UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/base/attr.h"
#include "proto/base/bytes.h"

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

static void order_is_bytewise_then_by_length(void **state)
{
    (void)state;
    static const struct bytes ascending[] = {
        {NULL, 0},
        {(const uint8_t *)"\x00", 1},
        {(const uint8_t *)"\x00\x00", 2},
        {(const uint8_t *)"\x01", 1},
        {(const uint8_t *)"a", 1},
        {(const uint8_t *)"aa", 2},
        {(const uint8_t *)"b", 1},
        {(const uint8_t *)"\x7f", 1},
        {(const uint8_t *)"\x80", 1},
        {(const uint8_t *)"\xff\xff", 2},
    };
    for (int i = 0; i < (int)ARRAY_LEN(ascending); i++) {
        for (int k = 0; k < (int)ARRAY_LEN(ascending); k++) {
            assert_int_equal(sign(bytes_cmp(ascending[i], ascending[k])), sign(i - k));
            assert_int_equal(bytes_equal(ascending[i], ascending[k]), i == k);
        }
    }
}

static void is_compares_the_whole(void **state)
{
    (void)state;
    assert_true(bytes_is(bytes_str("abc"), "abc"));
    assert_true(bytes_is(bytes_of(NULL, 0), ""));
    assert_false(bytes_is(bytes_str("abc"), "ab"));
    assert_false(bytes_is(bytes_str("ab"), "abc"));
    assert_true(bytes_ends(bytes_str("a.key"), ".key"));
    assert_true(bytes_ends(bytes_str(".key"), ".key"));
    assert_true(bytes_ends(bytes_of(NULL, 0), ""));
    assert_false(bytes_ends(bytes_str("key"), ".key"));
    assert_false(bytes_ends(bytes_str("a.keys"), ".key"));
    assert_false(bytes_is(bytes_of("ab\0", 3), "ab"));
}

/* The encoding of a code point, written down from its definition. */
static size_t encode(uint32_t cp, uint8_t out[4])
{
    if (cp < 0x80) {
        out[0] = (uint8_t)cp;
        return 1;
    }
    size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (cp & 0x3f));
        cp >>= 6;
    }
    out[0] = (uint8_t)(leads[n] | cp);
    return n;
}

static void utf8_accepts_every_scalar_value_and_no_other(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp < 0x120000; cp++) {
        uint8_t b[4];
        size_t n = encode(cp, b);
        bool scalar = cp != 0 && cp <= 0x10ffff && !(cp >= 0xd800 && cp <= 0xdfff);
        assert_int_equal(bytes_is_utf8(bytes_of(b, n)), scalar);
    }
}

static void utf8_cut_anywhere_is_refused(void **state)
{
    (void)state;
    static const uint32_t points[] = {0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff};
    for (size_t i = 0; i < ARRAY_LEN(points); i++) {
        uint8_t b[4];
        size_t n = encode(points[i], b);
        for (size_t cut = 1; cut < n; cut++) {
            uint8_t *exact = malloc(cut);
            memcpy(exact, b, cut);
            assert_false(bytes_is_utf8(bytes_of(exact, cut)));
            free(exact);
        }
    }
}

static void every_pair_of_bytes_is_judged_as_defined(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            const uint8_t pair[] = {(uint8_t)a, (uint8_t)b};
            bool ascii = a > 0 && a < 0x80 && b > 0 && b < 0x80;
            bool two = a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf;
            assert_int_equal(bytes_is_utf8(BYTES_OF_ARRAY(pair)), ascii || two);
        }
    }
}

static void overlong_forms_are_refused(void **state)
{
    (void)state;
    static const char *const overlong[] = {
        "\xc0\x80",         "\xc1\xbf",         "\xe0\x80\x80",     "\xe0\x9f\xbf",
        "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf8\x88\x80\x80", "\xff",
    };
    for (size_t i = 0; i < ARRAY_LEN(overlong); i++)
        assert_false(bytes_is_utf8(bytes_str(overlong[i])));
    assert_true(bytes_is_utf8(bytes_of(NULL, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_is_bytewise_then_by_length),
        cmocka_unit_test(is_compares_the_whole),
        cmocka_unit_test(utf8_accepts_every_scalar_value_and_no_other),
        cmocka_unit_test(utf8_cut_anywhere_is_refused),
        cmocka_unit_test(every_pair_of_bytes_is_judged_as_defined),
        cmocka_unit_test(overlong_forms_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
