/* A buffer never holds more than its cap, its first error stays, and a failed allocation is an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <malloc.h>
#include <string.h>

#include "proto/base/buf.h"

#define BOUND 20

/* The allocator of this program, which can be made to fail (--wrap in CMakeLists.txt). */
static int calls_until_failure = -1;

void *__real_malloc(size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void __wrap_free(void *p);

static bool fails_now(void)
{
    return calls_until_failure >= 0 && calls_until_failure-- == 0;
}

void *__wrap_malloc(size_t n)
{
    return fails_now() ? NULL : __real_malloc(n);
}

#define SECRET "9999900000000000"

/* What is freed while somebody watches, and how much of it still has the secret. */
static bool is_watching;
static size_t freed;
static size_t with_secret;

void __wrap_free(void *p)
{
    if (is_watching && p != NULL) {
        freed++;
        with_secret += memmem(p, malloc_usable_size(p), SECRET, sizeof SECRET - 1) != NULL;
    }
    __real_free(p);
}

static void every_write_against_every_cap(void **state)
{
    (void)state;
    static const uint8_t data[BOUND + 1] = {9};
    for (size_t cap = 0; cap <= BOUND; cap++) {
        for (size_t first = 0; first <= BOUND; first++) {
            for (size_t second = 0; second <= BOUND; second++) {
                struct buf b CLEANUP(buf_free) = buf_new(cap);
                buf_put(&b, bytes_of(data, first));
                buf_put(&b, bytes_of(data, second));
                bool fits = first + second <= cap;
                size_t want = fits ? first + second : first <= cap ? first : 0;
                assert_int_equal(buf_bytes(&b).len, want);
                assert_int_equal(buf_err(&b), fits ? ERR_OK : ERR_TOO_LARGE);
            }
        }
    }
}

static void fixed_storage_is_never_passed(void **state)
{
    (void)state;
    for (size_t size = 0; size <= BOUND; size++) {
        uint8_t *storage = malloc(size > 0 ? size : 1);
        struct buf b = buf_fixed(storage, size);
        for (size_t i = 0; i <= size; i++) {
            assert_int_equal(buf_err(&b), ERR_OK);
            assert_int_equal(buf_bytes(&b).len, i);
            buf_put_u8(&b, (uint8_t)i);
        }
        assert_int_equal(buf_err(&b), ERR_TOO_LARGE);
        assert_int_equal(buf_bytes(&b).len, size);
        buf_free(&b);
        free(storage);
    }
}

static void text_needs_room_for_its_end(void **state)
{
    (void)state;
    char storage[4];
    struct buf b = buf_fixed(storage, sizeof storage);
    buf_put_str(&b, "abc");
    assert_string_equal(buf_text(&b), "abc");
    buf_put_str(&b, "d");
    assert_string_equal(buf_text(&b), "");
    assert_int_equal(buf_err(&b), ERR_TOO_LARGE);

    struct buf heap CLEANUP(buf_free) = buf_new(64);
    for (int i = 0; i < 64; i++)
        buf_put_u8(&heap, 'x');
    assert_int_equal(strlen(buf_text(&heap)), 64);
    assert_int_equal(buf_bytes(&heap).len, 64);
}

static void numbers_are_big_endian(void **state)
{
    (void)state;
    static const uint8_t want[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
                                   0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde};
    struct buf b CLEANUP(buf_free) = buf_new(64);
    buf_put_u64(&b, 0x0123456789abcdefu);
    buf_put_u32(&b, 0x12345678);
    buf_put_u16(&b, 0x9abc);
    buf_put_u8(&b, 0xde);
    assert_int_equal(buf_err(&b), ERR_OK);
    assert_true(bytes_equal(buf_bytes(&b), BYTES_OF_ARRAY(want)));
}

static void a_number_fits_whole_or_not_at_all(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 8; cap++) {
        struct buf b CLEANUP(buf_free) = buf_new(cap);
        buf_put_u64(&b, UINT64_MAX);
        assert_int_equal(buf_err(&b), ERR_TOO_LARGE);
        assert_int_equal(buf_bytes(&b).len, 0);
    }
}

static void the_first_error_stays(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_free) = buf_new(4);
    buf_fail(&b, ERR_RANGE);
    buf_fail(&b, ERR_NOMEM);
    buf_put_u8(&b, 1);
    buf_printf(&b, "%d", 5);
    buf_printf(&b, "%0600d", 5);
    assert_null(buf_reserve(&b, 1));
    assert_string_equal(buf_text(&b), "");
    assert_int_equal(buf_bytes(&b).len, 0);
    assert_int_equal(buf_err(&b), ERR_RANGE);
    buf_reset(&b);
    buf_put_u8(&b, 1);
    assert_int_equal(buf_err(&b), ERR_OK);
}

static void printing_of_every_length_round_the_inner_limit(void **state)
{
    (void)state;
    for (int n = 500; n < 530; n++) {
        struct buf b CLEANUP(buf_free) = buf_new(515);
        buf_printf(&b, "%0*d", n, 7);
        assert_int_equal(buf_err(&b), n <= 515 ? ERR_OK : ERR_TOO_LARGE);
        assert_int_equal(buf_bytes(&b).len, n <= 515 ? n : 0);
        if (n <= 515)
            assert_int_equal(buf_bytes(&b).ptr[n - 1], '7');
    }
}

static void reserved_bytes_are_zero_also_after_reset(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_free) = buf_new(BOUND);
    memset(buf_reserve(&b, BOUND), 0xff, BOUND);
    buf_reset(&b);
    const uint8_t *p = buf_reserve(&b, BOUND);
    assert_non_null(p);
    for (size_t i = 0; i < BOUND; i++)
        assert_int_equal(p[i], 0);
}

static void sizes_near_the_largest_are_refused(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_free) = buf_new(SIZE_MAX);
    buf_put_u8(&b, 1);
    assert_null(buf_reserve(&b, SIZE_MAX));
    assert_int_equal(buf_err(&b), ERR_TOO_LARGE);
    buf_reset(&b);
    buf_put_u8(&b, 1);
    assert_null(buf_reserve(&b, SIZE_MAX - 1));
    assert_int_equal(buf_err(&b), ERR_NOMEM);
}

static enum err write_all_kinds(struct buf *b)
{
    buf_put_str(b, "some text");
    buf_printf(b, "%0600d", 1);
    buf_put_u32(b, 1);
    (void)buf_text(b);
    return buf_err(b);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    int step = 0;
    for (enum err e = ERR_NOMEM; e != ERR_OK; step++) {
        struct buf b CLEANUP(buf_free) = buf_new(4096);
        calls_until_failure = step;
        e = write_all_kinds(&b);
        calls_until_failure = -1;
        assert_true(e == ERR_OK || e == ERR_NOMEM);
        assert_true(step < 20);
    }
    assert_true(step > 2);
}

static void what_is_freed_or_outgrown_is_wiped(void **state)
{
    (void)state;
    struct buf b = buf_new(8192);
    is_watching = true;
    for (int i = 0; i < 40; i++)
        buf_put_str(&b, SECRET);
    buf_printf(&b, "%600s", SECRET);
    assert_int_equal(buf_err(&b), ERR_OK);
    const size_t outgrown = freed;
    buf_reset(&b);
    buf_put_u8(&b, 1);
    buf_free(&b);
    is_watching = false;
    assert_true(outgrown > 3 && freed == outgrown + 1);
    assert_int_equal(with_secret, 0);
}

static void freeing_nothing_is_fine(void **state)
{
    (void)state;
    buf_free(NULL);
    struct buf b = buf_new(1);
    buf_free(&b);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_write_against_every_cap),
        cmocka_unit_test(fixed_storage_is_never_passed),
        cmocka_unit_test(text_needs_room_for_its_end),
        cmocka_unit_test(numbers_are_big_endian),
        cmocka_unit_test(a_number_fits_whole_or_not_at_all),
        cmocka_unit_test(the_first_error_stays),
        cmocka_unit_test(printing_of_every_length_round_the_inner_limit),
        cmocka_unit_test(reserved_bytes_are_zero_also_after_reset),
        cmocka_unit_test(sizes_near_the_largest_are_refused),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(what_is_freed_or_outgrown_is_wiped),
        cmocka_unit_test(freeing_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
