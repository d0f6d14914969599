/* broker/index/entry: what lies on disk is exactly what was meant, in the order that look-ups need.
 */
#include "tests/unit/broker/index/store.h"

static struct entry sample(uint32_t n)
{
    struct entry e = {.type = (enum ident_type)(1 + n % (IDENT_TYPE_COUNT - 1)),
                      .agency = (uint16_t)(n * 7 + 1),
                      .tombstone = n % 3 == 0,
                      .category = (uint16_t)(n + 1),
                      .expires_day = 20000 + n,
                      .batch = n * 65537};
    fill16(e.token.b, n);
    fill16(e.handle.b, n + 1000000);
    return e;
}

static void assert_same(const struct entry *a, const struct entry *b)
{
    assert_int_equal(a->type, b->type);
    assert_memory_equal(a->token.b, b->token.b, 16);
    assert_int_equal(a->agency, b->agency);
    assert_memory_equal(a->handle.b, b->handle.b, 16);
    assert_int_equal(a->tombstone, b->tombstone);
    assert_int_equal(a->category, b->category);
    assert_int_equal(a->expires_day, b->expires_day);
    assert_int_equal(a->batch, b->batch);
}

static void test_what_is_put_is_got(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < 200; n++) {
        uint8_t packed[ENTRY_BYTES];
        struct entry in = sample(n);
        struct entry out;
        entry_put(&in, packed);
        assert_int_equal(entry_get(packed, &out), ERR_OK);
        assert_same(&in, &out);
    }
}

static void test_the_layout_is_the_documented_one(void **state)
{
    (void)state;
    const struct entry e = {.type = IDENT_KVK,
                            .token = {{0x10}},
                            .agency = 0x0203,
                            .handle = {{0x40}},
                            .tombstone = true,
                            .category = 0x0506,
                            .expires_day = 0x0708090a,
                            .batch = 0x0b0c0d0e};
    static const uint8_t want[ENTRY_BYTES] = {
        3, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3,  0x40, 0,  0,  0,
        0, 0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 5, 6, 7, 8, 9, 10, 11,   12, 13, 14};
    uint8_t packed[ENTRY_BYTES];
    entry_put(&e, packed);
    assert_memory_equal(packed, want, sizeof want);
}

static void test_types_and_flags_outside_their_set_are_refused(void **state)
{
    (void)state;
    uint8_t packed[ENTRY_BYTES];
    struct entry in = sample(1);
    struct entry out;
    entry_put(&in, packed);
    const struct {
        size_t at;
        uint8_t value;
    } bad[] = {{0, 0}, {0, IDENT_TYPE_COUNT}, {0, 255}, {35, 2}, {35, 128}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        uint8_t copy[ENTRY_BYTES];
        memcpy(copy, packed, sizeof copy);
        copy[bad[i].at] = bad[i].value;
        assert_int_equal(entry_get(copy, &out), ERR_UNKNOWN);
    }
}

static void test_a_stamp_sets_agency_and_batch_alone(void **state)
{
    (void)state;
    uint8_t packed[3 * ENTRY_BYTES];
    for (uint32_t n = 0; n < 3; n++) {
        struct entry e = sample(n);
        entry_put(&e, packed + n * ENTRY_BYTES);
    }
    entry_stamp(packed, 3, 0xabcd, 0x01020304);
    for (uint32_t n = 0; n < 3; n++) {
        struct entry want = sample(n);
        struct entry got;
        want.agency = 0xabcd;
        want.batch = 0x01020304;
        assert_int_equal(entry_get(packed + n * ENTRY_BYTES, &got), ERR_OK);
        assert_same(&want, &got);
    }
}

/* A sorted block of n entries. */
static size_t make_block(uint8_t *packed, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct entry e = sample(i);
        entry_put(&e, packed + i * ENTRY_BYTES);
    }
    entry_sort(packed, n);
    return (size_t)n * ENTRY_BYTES;
}

static void test_a_block_of_any_other_length_is_refused(void **state)
{
    (void)state;
    uint8_t packed[BLOCK_BYTES + ENTRY_BYTES];
    make_block(packed, BLOCK_ENTRIES + 1);
    struct block b;
    for (size_t len = 0; len <= sizeof packed; len++) {
        bool good = len > 0 && len <= BLOCK_BYTES && len % ENTRY_BYTES == 0;
        assert_int_equal(block_check(bytes_of(packed, len), &b), good ? ERR_OK : ERR_INVALID);
        assert_int_equal(block_open(bytes_of(packed, len), &b), good ? ERR_OK : ERR_INVALID);
    }
}

static void test_a_block_out_of_order_or_with_a_key_twice_is_refused(void **state)
{
    (void)state;
    uint8_t packed[BLOCK_BYTES];
    size_t len = make_block(packed, 20);
    struct block b;
    uint8_t copy[BLOCK_BYTES];
    memcpy(copy, packed, len);
    memcpy(copy + 5 * ENTRY_BYTES, packed + 6 * ENTRY_BYTES, ENTRY_BYTES);
    assert_true(entry_is_repeated(copy, 20));
    assert_int_equal(block_check(bytes_of(copy, len), &b), ERR_INVALID);
    memcpy(copy + 6 * ENTRY_BYTES, packed + 5 * ENTRY_BYTES, ENTRY_BYTES);
    assert_int_equal(block_check(bytes_of(copy, len), &b), ERR_INVALID);
    assert_false(entry_is_repeated(packed, 20));
    assert_int_equal(block_check(bytes_of(packed, len), &b), ERR_OK);
}

static void test_searching_a_block_finds_what_a_scan_finds(void **state)
{
    (void)state;
    uint8_t packed[BLOCK_BYTES];
    make_block(packed, BLOCK_ENTRIES);
    const struct block b = {packed, BLOCK_ENTRIES};
    for (uint32_t n = 0; n < 120; n++) {
        uint8_t key[ENTRY_BYTES];
        struct entry e = sample(n);
        entry_put(&e, key);
        for (size_t len = 0; len <= ENTRY_KEY_BYTES; len += 5) {
            size_t want = 0;
            while (want < b.count && memcmp(block_at(&b, want), key, len) < 0)
                want++;
            assert_int_equal(block_from(&b, bytes_of(key, len)), want);
        }
    }
}

static void test_a_block_with_its_key_fills_half_a_page(void **state)
{
    (void)state;
    const size_t node = 8 + 4 + ENTRY_KEY_BYTES + BLOCK_BYTES; /* header, run number, key, value */
    assert_true(node <= 2038);
    assert_true(node + ENTRY_BYTES > 2038);
    assert_true(BLOCK_BYTES < 2048);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_put_is_got),
        cmocka_unit_test(test_the_layout_is_the_documented_one),
        cmocka_unit_test(test_types_and_flags_outside_their_set_are_refused),
        cmocka_unit_test(test_a_stamp_sets_agency_and_batch_alone),
        cmocka_unit_test(test_a_block_of_any_other_length_is_refused),
        cmocka_unit_test(test_a_block_out_of_order_or_with_a_key_twice_is_refused),
        cmocka_unit_test(test_searching_a_block_finds_what_a_scan_finds),
        cmocka_unit_test(test_a_block_with_its_key_fills_half_a_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
