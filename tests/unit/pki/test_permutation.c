/* The permutation of blocks: the published answer, its inverse, and what is refused. */
#include "tests/unit/pki/test_core.h"

#include "pki/permutation.h"
#include "proto/base/text.h"

static struct permutation *with_key(const char *hex)
{
    uint8_t k[PERMUTATION_KEY_BYTES];
    struct permutation *p = NULL;
    assert_int_equal(text_get_hex(bytes_str(hex), k, sizeof k), ERR_OK);
    CLEANUP(cleanup_secret_free) struct secret *key = secret_new(BYTES_OF_ARRAY(k));
    assert_int_equal(permutation_new(key, &p), ERR_OK);
    return p;
}

/* FIPS 197, appendix C.3. */
static void a_block_becomes_what_the_standard_says(void **state)
{
    (void)state;
    CLEANUP(cleanup_permutation_free)
    struct permutation *p =
        with_key("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    uint8_t block[16];
    uint8_t want[16];
    assert_int_equal(text_get_hex(bytes_str("00112233445566778899aabbccddeeff"), block, 16), ERR_OK);
    assert_int_equal(text_get_hex(bytes_str("8ea2b7ca516745bfeafc49904b496089"), want, 16), ERR_OK);
    assert_int_equal(permutation_apply(p, block, 1), ERR_OK);
    assert_memory_equal(block, want, sizeof want);
}

/* Many blocks at once are what each gives by itself, use does not change the key, and all comes back. */
static void blocks_are_independent_and_come_back(void **state)
{
    (void)state;
    CLEANUP(cleanup_permutation_free)
    struct permutation *p =
        with_key("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
    uint8_t all[7 * 16];
    uint8_t plain[sizeof all];
    for (size_t i = 0; i < sizeof all; i++)
        plain[i] = all[i] = (uint8_t)(i * 37);
    assert_int_equal(permutation_apply(p, all, 7), ERR_OK);
    for (size_t i = 0; i < 7; i++) {
        uint8_t one[16];
        memcpy(one, plain + 16 * i, sizeof one);
        assert_int_equal(permutation_apply(p, one, 1), ERR_OK);
        assert_memory_equal(one, all + 16 * i, sizeof one);
    }
    assert_int_equal(permutation_undo(p, all, 7), ERR_OK);
    assert_memory_equal(all, plain, sizeof all);
}

static void sizes_are_checked(void **state)
{
    (void)state;
    uint8_t k[33] = {0};
    uint8_t block[16] = {0};
    struct permutation *p = NULL;
    for (size_t n = 1; n <= sizeof k; n++) {
        CLEANUP(cleanup_secret_free) struct secret *key = secret_new(bytes_of(k, n));
        assert_int_equal(permutation_new(key, &p), n == 32 ? ERR_OK : ERR_INVALID);
    }
    assert_int_equal(permutation_apply(p, block, 0), ERR_RANGE);
    assert_int_equal(permutation_undo(p, block, PERMUTATION_BLOCKS_MAX + 1), ERR_RANGE);
    permutation_free(p);
    permutation_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_becomes_what_the_standard_says),
        cmocka_unit_test(blocks_are_independent_and_come_back),
        cmocka_unit_test(sizes_are_checked),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
