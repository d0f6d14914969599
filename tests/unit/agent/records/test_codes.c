/* Handles and salts, which are made of places and never stored: what comes back, what is refused, and
 * that nothing comes twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/records/handle_code.h"
#include "agent/records/live.h"
#include "agent/records/salts.h"

#define RECORDS 50u
#define SALTS 12u

static struct secret *key_of(uint8_t first)
{
    uint8_t k[32];
    for (size_t i = 0; i < sizeof k; i++)
        k[i] = (uint8_t)(first + i);
    struct secret *s = secret_new(BYTES_OF_ARRAY(k));
    assert_non_null(s);
    return s;
}

static struct handle_code *code_of(uint8_t first)
{
    CLEANUP(cleanup_secret_free) struct secret *key = key_of(first);
    struct handle_code *c = NULL;
    assert_int_equal(handle_code_new(key, &c), ERR_OK);
    return c;
}

static void a_handle_tells_its_agency_the_place(void **state)
{
    (void)state;
    static const struct record_place places[] = {
        {1, 0}, {1, 1}, {2, 0}, {77, 65535}, {UINT32_MAX, UINT32_MAX}};
    CLEANUP(cleanup_handle_code_free) struct handle_code *c = code_of(1);
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        struct handle h;
        struct record_place back;
        assert_int_equal(handle_of_place(c, places[i], &h), ERR_OK);
        assert_int_equal(handle_to_place(c, &h, &back), ERR_OK);
        assert_int_equal(back.batch, places[i].batch);
        assert_int_equal(back.index, places[i].index);
    }
}

static void a_foreign_handle_is_none(void **state)
{
    (void)state;
    CLEANUP(cleanup_handle_code_free) struct handle_code *ours = code_of(1);
    CLEANUP(cleanup_handle_code_free) struct handle_code *theirs = code_of(2);
    struct handle h;
    struct record_place back;
    assert_int_equal(handle_of_place(theirs, (struct record_place){3, 4}, &h), ERR_OK);
    assert_int_equal(handle_to_place(ours, &h, &back), ERR_NOT_FOUND);
    assert_int_equal(handle_of_place(ours, (struct record_place){3, 4}, &h), ERR_OK);
    for (size_t bit = 0; bit < 8 * sizeof h.b; bit++) {
        struct handle other = h;
        other.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(handle_to_place(ours, &other, &back), ERR_NOT_FOUND);
    }
    /* batches are counted from 1 */
    assert_int_equal(handle_of_place(ours, (struct record_place){0, 4}, &h), ERR_OK);
    assert_int_equal(handle_to_place(ours, &h, &back), ERR_NOT_FOUND);
}

static void a_short_key_is_refused(void **state)
{
    (void)state;
    struct handle_code *c = NULL;
    struct salts *s = NULL;
    CLEANUP(cleanup_secret_free) struct secret *key = secret_new(bytes_str("sixteen bytes only"));
    assert_int_equal(handle_code_new(key, &c), ERR_INVALID);
    assert_int_equal(salts_new(key, &s), ERR_INVALID);
}

static struct salts *salts_from(uint8_t first)
{
    CLEANUP(cleanup_secret_free) struct secret *key = key_of(first);
    struct salts *s = NULL;
    assert_int_equal(salts_new(key, &s), ERR_OK);
    return s;
}

/* A release asks for some salts of one record, long after the batch was made with all. */
static void a_part_of_the_salts_is_the_same_as_in_the_whole(void **state)
{
    (void)state;
    CLEANUP(cleanup_salts_free) struct salts *s = salts_from(9);
    CLEANUP(cleanup_salts_free) struct salts *again = salts_from(9);
    struct salt all[SALTS];
    struct salt part[SALTS];
    assert_int_equal(salts_of(s, (struct salt_range){5, 0, SALTS}, all), ERR_OK);
    for (size_t first = 0; first < SALTS; first++)
        for (size_t count = 0; first + count <= SALTS; count++) {
            const struct salt_range range = {5, first, count};
            assert_int_equal(salts_of(again, range, part), ERR_OK);
            assert_memory_equal(part, all + first, count * sizeof *part);
        }
}

static void no_salt_comes_twice(void **state)
{
    (void)state;
    CLEANUP(cleanup_salts_free) struct salts *a = salts_from(9);
    CLEANUP(cleanup_salts_free) struct salts *b = salts_from(10);
    static struct salt v[2 * RECORDS * SALTS];
    for (uint32_t i = 0; i < RECORDS; i++) {
        const struct salt_range range = {i, 0, SALTS};
        assert_int_equal(salts_of(a, range, v + 2 * i * SALTS), ERR_OK);
        assert_int_equal(salts_of(b, range, v + (2 * i + 1) * SALTS), ERR_OK);
    }
    for (size_t i = 0; i < ARRAY_LEN(v); i++)
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(&v[i], &v[k], sizeof v[i]);
}

static void digests_are_ordered_as_bytes(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof(struct live_digest); at++)
        for (unsigned low = 0; low < 255; low += 17)
            for (unsigned high = low + 1; high < 256; high += 29) {
                struct live_digest a = {{1, 2, 3}};
                struct live_digest b = a;
                memset(a.b + at, 0xff, sizeof a.b - at); /* what follows does not count */
                memset(b.b + at, 0, sizeof b.b - at);
                a.b[at] = (uint8_t)low;
                b.b[at] = (uint8_t)high;
                assert_true(live_digest_cmp(&a, &b) < 0);
                assert_true(live_digest_cmp(&b, &a) > 0);
                assert_int_equal(live_digest_cmp(&a, &a), 0);
            }
}

static int setup(void **state)
{
    (void)state;
    enum err e = secret_init();
    return e == ERR_OK || e == ERR_PERMISSION ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handle_tells_its_agency_the_place),
        cmocka_unit_test(a_foreign_handle_is_none),
        cmocka_unit_test(a_short_key_is_refused),
        cmocka_unit_test(a_part_of_the_salts_is_the_same_as_in_the_whole),
        cmocka_unit_test(no_salt_comes_twice),
        cmocka_unit_test(digests_are_ordered_as_bytes),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
