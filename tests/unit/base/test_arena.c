/* An arena never hands out more than its cap, nothing twice, and only zeroed bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/base/arena.h"

/* The allocator of this program, which can be made to fail (--wrap in CMakeLists.txt). */
static int calls_until_failure = -1;

void *__real_calloc(size_t count, size_t n);
void *__wrap_calloc(size_t count, size_t n);

void *__wrap_calloc(size_t count, size_t n)
{
    if (calls_until_failure >= 0 && calls_until_failure-- == 0)
        return NULL;
    /* The sanitizer's allocator would end the program where the system's returns NULL. */
    if (n > (size_t)1 << 40)
        return NULL;
    return __real_calloc(count, n);
}

static void all_zero(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(p[i], 0);
}

static void every_pair_of_sizes_against_every_cap(void **state)
{
    (void)state;
    for (size_t cap = 0; cap <= 96; cap++) {
        for (size_t n = 0; n <= 100; n++) {
            struct arena *a CLEANUP(cleanup_arena_free) = arena_new(cap);
            size_t cost = n == 0 ? 16 : (n + 15) / 16 * 16;
            uint8_t *p = arena_alloc(a, n);
            assert_int_equal(p != NULL, cost <= cap);
            assert_int_equal(arena_used(a), p != NULL ? cost : 0);
            uint8_t *q = arena_alloc(a, n);
            assert_int_equal(q != NULL, 2 * cost <= cap);
            if (p != NULL) {
                assert_int_equal((uintptr_t)p % 16, 0);
                all_zero(p, n);
                memset(p, 0xff, n);
            }
            if (q != NULL)
                all_zero(q, n);
        }
    }
}

static void blocks_larger_than_a_chunk_and_many_chunks(void **state)
{
    (void)state;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new((size_t)1 << 20);
    for (size_t n = 16000; n < 17000; n += 100) {
        uint8_t *p = arena_alloc(a, n);
        assert_non_null(p);
        all_zero(p, n);
        memset(p, 0xff, n);
    }
    arena_reset(a);
    assert_int_equal(arena_used(a), 0);
    uint8_t *p = arena_alloc(a, (size_t)1 << 20);
    assert_non_null(p);
    all_zero(p, (size_t)1 << 20);
    assert_null(arena_alloc(a, 1));
}

static void sizes_near_the_largest_are_refused(void **state)
{
    (void)state;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(SIZE_MAX);
    for (size_t back = 0; back < 64; back++)
        assert_null(arena_alloc(a, SIZE_MAX - back));
    assert_null(arena_array(a, SIZE_MAX / 2, 3));
    assert_null(arena_array(a, SIZE_MAX, SIZE_MAX));
    uint8_t byte = 1;
    assert_null(arena_copy(a, bytes_of(&byte, SIZE_MAX)).ptr);
    assert_null(arena_text(a, bytes_of(&byte, SIZE_MAX)));
    assert_int_equal(arena_used(a), 0);
}

static void a_copy_ends_in_nul(void **state)
{
    (void)state;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(4096);
    for (size_t n = 0; n <= 33; n++) {
        static const uint8_t data[33] = "abcdefghijklmnopqrstuvwxyz0123456";
        struct bytes c = arena_copy(a, bytes_of(data, n));
        assert_true(bytes_equal(c, bytes_of(data, n)));
        assert_int_equal(c.ptr[n], 0);
        assert_int_equal(strlen(arena_text(a, bytes_of(data, n))), n);
    }
    assert_non_null(arena_copy(a, bytes_of(NULL, 0)).ptr);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    calls_until_failure = 0;
    assert_null(arena_new(100));
    calls_until_failure = -1;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(65536);
    calls_until_failure = 0;
    assert_null(arena_alloc(a, 10));
    assert_int_equal(arena_used(a), 0);
    assert_non_null(arena_alloc(a, 10));
    calls_until_failure = 0;
    assert_non_null(arena_alloc(a, 10));
    assert_null(arena_alloc(a, 16384));
    assert_non_null(arena_alloc(a, 16384));
    calls_until_failure = -1;
}

static void freeing_nothing_is_fine(void **state)
{
    (void)state;
    arena_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_sizes_against_every_cap),
        cmocka_unit_test(blocks_larger_than_a_chunk_and_many_chunks),
        cmocka_unit_test(sizes_near_the_largest_are_refused),
        cmocka_unit_test(a_copy_ends_in_nul),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(freeing_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
