/* join is injective: no two lists of parts give the same bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/base/cursor.h"
#include "proto/base/join.h"

static void parts_carry_their_length(void **state)
{
    (void)state;
    static const uint8_t want[] = {0, 0, 0, 2, 'a', 'b', 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 7,
                                   0, 0, 0, 8, 0,   0,   0, 0, 0, 0, 1, 0};
    struct buf b CLEANUP(buf_free) = buf_new(64);
    join_str(&b, "ab");
    join_part(&b, bytes_of(NULL, 0));
    join_u32(&b, 7);
    join_u64(&b, 256);
    assert_int_equal(buf_err(&b), ERR_OK);
    assert_true(bytes_equal(buf_bytes(&b), BYTES_OF_ARRAY(want)));
}

/* All lists of up to three parts of up to two letters from {a, NUL}: 7 parts, 1 + 7 + 49 + 343 lists. */
static void no_two_small_lists_join_to_the_same_bytes(void **state)
{
    (void)state;
    static const struct bytes parts[] = {
        {(const uint8_t *)"", 0},       {(const uint8_t *)"a", 1},     {(const uint8_t *)"\0", 1},
        {(const uint8_t *)"aa", 2},     {(const uint8_t *)"a\0", 2},   {(const uint8_t *)"\0a", 2},
        {(const uint8_t *)"\0\0", 2},
    };
    enum { LISTS = 400 };
    static uint8_t storage[LISTS][64];
    static struct bytes joined[LISTS];
    size_t count = 0;
    for (size_t code = 0; code < 512; code++) {
        struct buf b = buf_fixed(storage[count], sizeof storage[count]);
        bool ended = false;
        bool valid = true;
        for (size_t k = 0; k < 3; k++) {
            size_t pick = code >> (3 * k) & 7;
            valid = valid && !(ended && pick != 7);
            ended = ended || pick == 7;
            if (!ended)
                join_part(&b, parts[pick]);
        }
        assert_int_equal(buf_err(&b), ERR_OK);
        if (valid)
            joined[count++] = buf_bytes(&b);
    }
    assert_int_equal(count, 1 + 7 + 49 + 343);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++)
            assert_false(bytes_equal(joined[i], joined[k]));
    }
}

static void a_list_does_not_depend_on_the_order_of_its_items(void **state)
{
    (void)state;
    static const char *const orders[][3] = {
        {"b", "a", "aa"}, {"a", "aa", "b"}, {"aa", "b", "a"}, {"b", "aa", "a"},
    };
    static const uint8_t want[] = {0, 0, 0,   16, 0, 0, 0,   1,   'a', 0,
                                   0, 0, 2, 'a', 'a', 0, 0, 0, 1, 'b'};
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        struct bytes items[3];
        for (size_t k = 0; k < 3; k++)
            items[k] = bytes_str(orders[i][k]);
        struct buf b CLEANUP(buf_free) = buf_new(64);
        join_list(&b, items, 3);
        assert_int_equal(buf_err(&b), ERR_OK);
        assert_true(bytes_equal(buf_bytes(&b), BYTES_OF_ARRAY(want)));
    }
}

static void an_empty_list_is_an_empty_part(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_free) = buf_new(64);
    join_list(&b, NULL, 0);
    assert_true(bytes_equal(buf_bytes(&b), bytes_of("\0\0\0\0", 4)));
}

static void what_is_joined_reads_back_as_parts(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_free) = buf_new(64);
    join_str(&b, "one");
    join_str(&b, "");
    struct bytes joined = buf_bytes(&b);
    for (size_t cut = 0; cut <= joined.len; cut++) {
        struct cursor c = cursor_of(bytes_of(joined.ptr, cut));
        struct bytes one = cursor_part(&c, 16);
        (void)cursor_part(&c, 16);
        assert_int_equal(cursor_done(&c), cut == joined.len ? ERR_OK : ERR_TRUNCATED);
        assert_true(cut < 7 || bytes_is(one, "one"));
    }
}

static void over_long_parts_fail_without_being_read(void **state)
{
    (void)state;
    static const uint8_t byte = 0;
    struct bytes huge = bytes_of(&byte, (size_t)UINT32_MAX + 1);
    struct buf b CLEANUP(buf_free) = buf_new(64);
    join_part(&b, huge);
    assert_int_equal(buf_err(&b), ERR_TOO_LARGE);
    buf_reset(&b);
    struct bytes lists[][2] = {
        {{&byte, UINT32_MAX}, {&byte, 0}},
        {{&byte, UINT32_MAX - 8}, {&byte, 1}},
        {{&byte, SIZE_MAX}, {&byte, SIZE_MAX}},
    };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        buf_reset(&b);
        join_list(&b, lists[i], 1);
        join_list(&b, lists[i] + 1, 1);
        assert_int_equal(buf_err(&b), ERR_TOO_LARGE);
    }
}

static void an_earlier_error_stays(void **state)
{
    (void)state;
    static const uint8_t byte = 0;
    struct buf b CLEANUP(buf_free) = buf_new(64);
    buf_fail(&b, ERR_NOMEM);
    join_part(&b, bytes_of(&byte, (size_t)UINT32_MAX + 1));
    assert_int_equal(buf_err(&b), ERR_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_carry_their_length),
        cmocka_unit_test(no_two_small_lists_join_to_the_same_bytes),
        cmocka_unit_test(a_list_does_not_depend_on_the_order_of_its_items),
        cmocka_unit_test(an_empty_list_is_an_empty_part),
        cmocka_unit_test(what_is_joined_reads_back_as_parts),
        cmocka_unit_test(over_long_parts_fail_without_being_read),
        cmocka_unit_test(an_earlier_error_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
