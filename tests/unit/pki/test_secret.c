#include "tests/unit/pki/test_core.h"

#include "pki/random.h"
#include "pki/secret.h"

static void without_the_secure_heap_there_are_no_secrets(void **state)
{
    (void)state;
    assert_null(secret_new(bytes_str("x")));
    assert_null(secret_random(32));
    assert_int_equal(setup_secret_heap(NULL), 0);
    struct secret *CLEANUP(cleanup_secret_free) s = secret_new(bytes_str("x"));
    assert_non_null(s);
}

static void initialising_twice_is_harmless(void **state)
{
    (void)state;
    struct secret *CLEANUP(cleanup_secret_free) s = secret_random(32);
    struct secret *CLEANUP(cleanup_secret_free) t = secret_copy(s);
    assert_int_equal(secret_init(), ERR_OK);
    assert_true(secret_equal(s, t));
}

static void length_is_bounded_on_both_sides(void **state)
{
    (void)state;
    static uint8_t big[SECRET_MAX_BYTES + 1];
    assert_null(secret_new(bytes_of(big, 0)));
    assert_null(secret_new(bytes_of(NULL, 0)));
    assert_null(secret_new(BYTES_OF_ARRAY(big)));
    assert_null(secret_random(0));
    assert_null(secret_random(SECRET_MAX_BYTES + 1));
    assert_null(secret_copy(NULL));
    struct secret *CLEANUP(cleanup_secret_free) s = secret_new(bytes_of(big, SECRET_MAX_BYTES));
    assert_int_equal(secret_len(s), SECRET_MAX_BYTES);
    secret_free(NULL);
}

static void equality_is_of_length_and_every_byte(void **state)
{
    (void)state;
    uint8_t a[33] = {1, 2, 3};
    struct secret *CLEANUP(cleanup_secret_free) s = secret_new(bytes_of(a, 32));
    struct secret *CLEANUP(cleanup_secret_free) longer = secret_new(BYTES_OF_ARRAY(a));
    assert_false(secret_equal(s, longer));
    for (size_t i = 0; i < 32; i++) {
        a[i] ^= 0x80;
        struct secret *CLEANUP(cleanup_secret_free) t = secret_new(bytes_of(a, 32));
        assert_false(secret_equal(s, t));
        a[i] ^= 0x80;
    }
    struct secret *CLEANUP(cleanup_secret_free) same = secret_new(bytes_of(a, 32));
    assert_true(secret_equal(s, same));
    assert_true(secret_equal_bytes(bytes_of(NULL, 0), bytes_of(a, 0)));
    assert_false(secret_equal_bytes(bytes_of(NULL, 0), bytes_of(a, 1)));
}

static void random_secrets_differ(void **state)
{
    (void)state;
    struct secret *CLEANUP(cleanup_secret_free) a = secret_random(32);
    struct secret *CLEANUP(cleanup_secret_free) b = secret_random(32);
    assert_false(secret_equal(a, b));
}

static enum err check_lent(void *arg, struct bytes view)
{
    return bytes_is(view, arg) ? ERR_AGAIN : ERR_MISMATCH;
}

static void lending_shows_the_bytes_and_returns_the_result(void **state)
{
    (void)state;
    struct secret *CLEANUP(cleanup_secret_free) s = secret_new(bytes_str("curve"));
    char want[] = "curve";
    assert_int_equal(secret_lend(s, check_lent, want), ERR_AGAIN);
}

static void wiping_zeroes(void **state)
{
    (void)state;
    uint8_t b[5] = {1, 2, 3, 4, 5};
    secret_wipe(b + 1, 3);
    assert_memory_equal(b, ((uint8_t[]){1, 0, 0, 0, 5}), 5);
    secret_wipe(NULL, 0);
}

/* The heap is finite: its end is a NULL, never ordinary memory, and nothing is lost for later. */
static void an_exhausted_heap_yields_null_and_recovers(void **state)
{
    (void)state;
    enum { MOST = 4096 };
    static struct secret *held[MOST];
    size_t n = 0;
    while (n < MOST && (held[n] = secret_random(SECRET_MAX_BYTES)) != NULL)
        n++;
    assert_in_range(n, 100, MOST - 1);
    for (size_t i = 0; i < n; i++)
        secret_free(held[i]);
    struct secret *CLEANUP(cleanup_secret_free) s = secret_random(SECRET_MAX_BYTES);
    assert_non_null(s);
}

static void pool_hands_out_each_byte_once(void **state)
{
    (void)state;
    struct random_pool *CLEANUP(cleanup_random_pool_free) pool = random_pool_new();
    static uint8_t seen[2000][16];
    for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
        assert_int_equal(random_pool_take(pool, seen[i], 16), ERR_OK);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(seen[i], seen[j], 16);
    }
}

static void pool_serves_odd_and_large_sizes(void **state)
{
    (void)state;
    struct random_pool *CLEANUP(cleanup_random_pool_free) pool = random_pool_new();
    static uint8_t big[10000];
    for (size_t n = 0; n < sizeof big; n += 617) {
        memset(big, 0, sizeof big);
        assert_int_equal(random_pool_take(pool, big, n), ERR_OK);
        size_t zero_run = 0;
        for (size_t i = 0; i < n; i++) {
            zero_run = big[i] == 0 ? zero_run + 1 : 0;
            assert_true(zero_run < 8);
        }
        for (size_t i = n; i < sizeof big; i++)
            assert_int_equal(big[i], 0);
    }
    assert_int_equal(random_fill(big, (size_t)INT32_MAX + 1), ERR_TOO_LARGE);
    assert_int_equal(random_fill(NULL, 0), ERR_OK);
    random_pool_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_secure_heap_there_are_no_secrets),
        cmocka_unit_test(initialising_twice_is_harmless),
        cmocka_unit_test(length_is_bounded_on_both_sides),
        cmocka_unit_test(equality_is_of_length_and_every_byte),
        cmocka_unit_test(random_secrets_differ),
        cmocka_unit_test(lending_shows_the_bytes_and_returns_the_result),
        cmocka_unit_test(wiping_zeroes),
        cmocka_unit_test(an_exhausted_heap_yields_null_and_recovers),
        cmocka_unit_test(pool_hands_out_each_byte_once),
        cmocka_unit_test(pool_serves_odd_and_large_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
