/* The cursor never reads past its input, and the first error stays: for every length and every
 * width, not for examples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/base/cursor.h"

#define BOUND 24

/* Bytes 1, 2, 3 … in a heap block of exactly n bytes, so that the sanitizer sees one byte too far. */
static uint8_t *counted(size_t n)
{
    uint8_t *p = malloc(n > 0 ? n : 1);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(i + 1);
    return p;
}

static uint64_t read_width(struct cursor *c, size_t width)
{
    switch (width) {
    case 1:
        return cursor_u8(c);
    case 2:
        return cursor_u16(c);
    case 4:
        return cursor_u32(c);
    case 8:
        return cursor_u64(c);
    }
    fail();
    return 0;
}

static uint64_t expected_be(size_t at, size_t width)
{
    uint64_t v = 0;
    for (size_t i = 0; i < width; i++)
        v = v << 8 | (at + i + 1);
    return v;
}

static void every_width_at_every_offset_of_every_length(void **state)
{
    (void)state;
    static const size_t widths[] = {1, 2, 4, 8};
    for (size_t len = 0; len <= BOUND; len++) {
        uint8_t *data = counted(len);
        for (size_t at = 0; at <= len; at++) {
            for (size_t w = 0; w < 4; w++) {
                struct cursor c = cursor_of(bytes_of(data, len));
                assert_int_equal(cursor_bytes(&c, at).len, at);
                bool fits = widths[w] <= len - at;
                assert_int_equal(read_width(&c, widths[w]),
                                 fits ? expected_be(at, widths[w]) : 0);
                assert_int_equal(c.err, fits ? ERR_OK : ERR_TRUNCATED);
                assert_int_equal(c.left, fits ? len - at - widths[w] : 0);
            }
        }
        free(data);
    }
}

static void bytes_of_every_count(void **state)
{
    (void)state;
    for (size_t len = 0; len <= BOUND; len++) {
        uint8_t *data = counted(len);
        for (size_t n = 0; n <= BOUND + 1; n++) {
            struct cursor c = cursor_of(bytes_of(data, len));
            struct bytes b = cursor_bytes(&c, n);
            assert_int_equal(b.len, n <= len ? n : 0);
            if (n <= len && n > 0)
                assert_ptr_equal(b.ptr, data);
            assert_int_equal(cursor_done(&c), n > len    ? ERR_TRUNCATED
                                              : n == len ? ERR_OK
                                                         : ERR_INVALID);
        }
        free(data);
    }
}

static void a_count_near_the_largest_size_is_refused(void **state)
{
    (void)state;
    uint8_t data[4] = {0};
    for (size_t back = 0; back < 8; back++) {
        struct cursor c = cursor_of(BYTES_OF_ARRAY(data));
        (void)cursor_u8(&c);
        assert_int_equal(cursor_bytes(&c, SIZE_MAX - back).len, 0);
        assert_int_equal(cursor_done(&c), ERR_TRUNCATED);
    }
}

static void part_checks_cap_before_length(void **state)
{
    (void)state;
    for (uint32_t claimed = 0; claimed <= BOUND; claimed++) {
        for (size_t present = 0; present <= BOUND; present++) {
            for (size_t cap = 0; cap <= BOUND; cap++) {
                uint8_t *data = counted(4 + present);
                data[0] = data[1] = data[2] = 0;
                data[3] = (uint8_t)claimed;
                struct cursor c = cursor_of(bytes_of(data, 4 + present));
                struct bytes part = cursor_part(&c, cap);
                enum err want = claimed > cap       ? ERR_TOO_LARGE
                                : claimed > present ? ERR_TRUNCATED
                                                    : ERR_OK;
                assert_int_equal(c.err, want);
                assert_int_equal(part.len, want == ERR_OK ? claimed : 0);
                free(data);
            }
        }
    }
}

static void part_with_a_cut_length_is_truncated(void **state)
{
    (void)state;
    for (size_t len = 0; len < 4; len++) {
        uint8_t *data = counted(len);
        struct cursor c = cursor_of(bytes_of(data, len));
        assert_int_equal(cursor_part(&c, SIZE_MAX).len, 0);
        assert_int_equal(cursor_done(&c), ERR_TRUNCATED);
        free(data);
    }
}

static void part_of_four_gigabytes_is_refused(void **state)
{
    (void)state;
    static const uint8_t data[] = {0xff, 0xff, 0xff, 0xff, 'x'};
    struct cursor c = cursor_of(BYTES_OF_ARRAY(data));
    (void)cursor_part(&c, SIZE_MAX);
    assert_int_equal(cursor_done(&c), ERR_TRUNCATED);
    c = cursor_of(BYTES_OF_ARRAY(data));
    (void)cursor_part(&c, 1024);
    assert_int_equal(cursor_done(&c), ERR_TOO_LARGE);
}

static void copy_zeroes_its_target_on_failure(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 16; len++) {
        uint8_t *data = counted(len);
        uint8_t out[16];
        memset(out, 0xee, sizeof out);
        struct cursor c = cursor_of(bytes_of(data, len));
        cursor_copy(&c, out, sizeof out);
        for (size_t i = 0; i < sizeof out; i++)
            assert_int_equal(out[i], len == sizeof out ? i + 1 : 0);
        free(data);
    }
}

static void the_first_error_stays_and_nothing_is_read_after_it(void **state)
{
    (void)state;
    uint8_t data[16] = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, '\n'};
    struct cursor c = cursor_of(BYTES_OF_ARRAY(data));
    cursor_fail(&c, ERR_DUPLICATE);
    cursor_fail(&c, ERR_RANGE);
    assert_int_equal(cursor_u8(&c), 0);
    assert_int_equal(cursor_u64(&c), 0);
    assert_int_equal(cursor_bytes(&c, 1).len, 0);
    assert_int_equal(cursor_bytes(&c, 0).len, 0);
    assert_int_equal(cursor_part(&c, 1).len, 0);
    assert_int_equal(cursor_line(&c).len, 0);
    uint8_t out = 9;
    cursor_copy(&c, &out, 1);
    assert_int_equal(out, 0);
    assert_int_equal(cursor_done(&c), ERR_DUPLICATE);
}

static void lines_end_where_the_newline_is(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *lines[3];
        enum err done;
    } cases[] = {
        {"", {NULL}, ERR_OK},
        {"\n", {""}, ERR_OK},
        {"a\n", {"a"}, ERR_OK},
        {"a\n\nb\n", {"a", "", "b"}, ERR_OK},
        {"a\r\nb\n", {"a\r", "b"}, ERR_OK},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct cursor c = cursor_of(bytes_str(cases[i].text));
        for (size_t k = 0; k < 3 && cases[i].lines[k] != NULL; k++)
            assert_true(bytes_is(cursor_line(&c), cases[i].lines[k]));
        assert_int_equal(cursor_done(&c), cases[i].done);
    }
}

static void a_last_line_without_newline_is_truncated(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "a", "a\nb"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct cursor c = cursor_of(bytes_str(texts[i]));
        if (i == 2)
            assert_true(bytes_is(cursor_line(&c), "a"));
        assert_int_equal(cursor_line(&c).len, 0);
        assert_int_equal(cursor_done(&c), ERR_TRUNCATED);
    }
}

static void no_input_at_all_is_an_empty_input(void **state)
{
    (void)state;
    struct cursor c = cursor_of(bytes_of(NULL, 0));
    assert_int_equal(cursor_bytes(&c, 0).len, 0);
    assert_int_equal(cursor_done(&c), ERR_OK);
    assert_int_equal(cursor_line(&c).len, 0);
    assert_int_equal(cursor_done(&c), ERR_TRUNCATED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_width_at_every_offset_of_every_length),
        cmocka_unit_test(bytes_of_every_count),
        cmocka_unit_test(a_count_near_the_largest_size_is_refused),
        cmocka_unit_test(part_checks_cap_before_length),
        cmocka_unit_test(part_with_a_cut_length_is_truncated),
        cmocka_unit_test(part_of_four_gigabytes_is_refused),
        cmocka_unit_test(copy_zeroes_its_target_on_failure),
        cmocka_unit_test(the_first_error_stays_and_nothing_is_read_after_it),
        cmocka_unit_test(lines_end_where_the_newline_is),
        cmocka_unit_test(a_last_line_without_newline_is_truncated),
        cmocka_unit_test(no_input_at_all_is_an_empty_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
