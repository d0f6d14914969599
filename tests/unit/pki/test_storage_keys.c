/* Versions of the storage key: which file holds which, values under several at once, and how far a store is. */
#include "tests/unit/pki/test_core.h"

#include "pki/rewrap.h"
#include "pki/vault.h"
#include "proto/base/label.h"
#include "tests/support/storage_ring.h"

static void the_id_of_a_file_says_its_version(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        enum err want;
        uint32_t version;
    } cases[] = {
        {"storage", ERR_OK, 1},         {"agency.storage", ERR_OK, 1},  {"tokens", ERR_OK, 1},
        {"storage-2", ERR_OK, 2},       {"riec.storage-17", ERR_OK, 17}, {"storage-9999", ERR_OK, 9999},
        {"storage-1", ERR_INVALID, 0},  {"storage-0", ERR_INVALID, 0},  {"storage-02", ERR_INVALID, 0},
        {"storage-", ERR_INVALID, 0},   {"storage-x", ERR_INVALID, 0},  {"storage-10000", ERR_INVALID, 0},
        {"storage-2-3", ERR_INVALID, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct name id;
        uint32_t version = 0;
        assert_int_equal(name_parse(bytes_str(cases[i].id), &id), ERR_OK);
        assert_int_equal(storage_keys_version_of(&id, &version), cases[i].want);
        assert_int_equal(version, cases[i].version);
    }
}

static struct storage_keys *keys_of(const uint32_t *versions, size_t count)
{
    struct storage_keys *k = storage_keys_new();
    for (size_t i = 0; i < count; i++)
        storage_ring_add(k, versions[i], secret_random(STORAGE_KEY_BYTES));
    return k;
}

static void versions_stand_in_order_and_once(void **state)
{
    (void)state;
    static const uint32_t in[] = {3, 1, 12, 2};
    CLEANUP(cleanup_storage_keys_free) struct storage_keys *k = keys_of(in, ARRAY_LEN(in));
    assert_int_equal(storage_keys_count(k), 4);
    assert_int_equal(storage_keys_lowest(k), 1);
    assert_int_equal(storage_keys_newest(k), 12);
    assert_int_equal(storage_keys_at(k, 1), 2);
    assert_int_equal(storage_keys_at(k, 4), 0);
    assert_int_equal(storage_keys_add(k, 3, secret_random(32)), ERR_DUPLICATE);
    assert_int_equal(storage_keys_add(k, 0, secret_random(32)), ERR_INVALID);
    assert_int_equal(storage_keys_add(k, 10000, secret_random(32)), ERR_INVALID);
    assert_int_equal(storage_keys_add(k, 5, secret_random(31)), ERR_INVALID);
    for (uint32_t v = 20; v < 20 + STORAGE_VERSIONS_MAX - 4; v++)
        assert_int_equal(storage_keys_add(k, v, secret_random(32)), ERR_OK);
    assert_int_equal(storage_keys_add(k, 99, secret_random(32)), ERR_LIMIT);
}

static uint32_t version_of(const struct buf *sealed)
{
    uint32_t version = 0;
    assert_int_equal(aead_key_version(buf_bytes(sealed), &version), ERR_OK);
    return version;
}

static void a_vault_opens_all_versions_and_seals_under_one(void **state)
{
    (void)state;
    static const uint32_t both[] = {1, 2};
    const struct bytes aad = bytes_str("place");
    CLEANUP(cleanup_storage_keys_free) struct storage_keys *k = keys_of(both, 2);
    CLEANUP(cleanup_storage_keys_free) struct storage_keys *last = storage_keys_new();
    storage_ring_add(last, 2, secret_copy(storage_keys_get(k, 2)));
    CLEANUP(cleanup_vault_free) struct vault *v = NULL;
    CLEANUP(buf_free) struct buf old = buf_new(4096);
    CLEANUP(buf_free) struct buf new = buf_new(4096);
    CLEANUP(buf_free) struct buf plain = buf_new(4096);
    assert_int_equal(vault_new(k, LABEL_STORE_RECORDS, 3, &v), ERR_NOT_FOUND);
    assert_int_equal(vault_new(k, LABEL_STORE_RECORDS, 1, &v), ERR_OK);
    assert_int_equal(vault_seal(v, aad, bytes_str("value"), &old), ERR_OK);
    assert_int_equal(version_of(&old), 1);
    assert_int_equal(vault_renew(v, aad, buf_bytes(&old), &new), ERR_EXISTS);
    assert_int_equal(vault_set(v, k, 3), ERR_NOT_FOUND);
    assert_int_equal(vault_current(v), 1);
    assert_int_equal(vault_set(v, k, 2), ERR_OK);
    assert_int_equal(vault_renew(v, bytes_str("other"), buf_bytes(&old), &new), ERR_SIGNATURE);
    assert_int_equal(vault_renew(v, aad, buf_bytes(&old), &new), ERR_OK);
    assert_int_equal(version_of(&new), 2);
    assert_int_equal(vault_open(v, aad, buf_bytes(&old), &plain), ERR_OK);
    assert_int_equal(vault_open(v, aad, buf_bytes(&new), &plain), ERR_OK);
    assert_true(bytes_is(buf_bytes(&plain), "valuevalue"));
    assert_int_equal(vault_set(v, last, 2), ERR_OK);
    assert_int_equal(vault_open(v, aad, buf_bytes(&old), &plain), ERR_VERSION);
    assert_int_equal(vault_open(v, aad, buf_bytes(&new), &plain), ERR_OK);
}

static void only_a_pass_that_met_nothing_ends_it(void **state)
{
    (void)state;
    static const uint32_t versions[] = {1, 2};
    CLEANUP(cleanup_storage_keys_free) struct storage_keys *k = keys_of(versions, 2);
    struct rewrap r;
    rewrap_none(k, &r);
    assert_true(r.target == 1 && r.version_count == 2 && rewrap_is_due(&r, k));
    assert_int_equal(rewrap_begin(&r, k, 10, 100), ERR_OK);
    assert_true(r.state == REWRAP_UNDER_WAY && r.target == 2 && !rewrap_is_due(&r, k));
    rewrap_resume(&r, 2);
    r.met = 1;
    rewrap_table_ended(&r, 101);
    assert_int_equal(r.table, 1);
    rewrap_table_ended(&r, 102); /* the pass met a value: another one */
    assert_true(r.state == REWRAP_UNDER_WAY && r.pass == 2 && r.table == 0 && r.met == 0);
    assert_true(rewrap_uses(&r, 1) && rewrap_percent(&r) < 100);
    rewrap_table_ended(&r, 103);
    rewrap_resume(&r, 3); /* another program: from the start */
    assert_true(r.table == 0 && r.tables == 3);
    for (int i = 0; i < 3; i++)
        rewrap_table_ended(&r, 104);
    assert_true(r.state == REWRAP_DONE && r.ended_s == 104 && rewrap_percent(&r) == 100);
    assert_true(!rewrap_uses(&r, 1) && rewrap_uses(&r, 2) && r.version_count == 1);
}

static void a_version_that_values_lie_under_is_missed(void **state)
{
    (void)state;
    static const uint32_t versions[] = {1, 2, 3};
    CLEANUP(cleanup_storage_keys_free) struct storage_keys *first = keys_of(versions, 1);
    CLEANUP(cleanup_storage_keys_free) struct storage_keys *all = keys_of(versions, 3);
    CLEANUP(cleanup_storage_keys_free) struct storage_keys *last = keys_of(versions + 2, 1);
    struct rewrap r;
    rewrap_none(first, &r);
    assert_int_equal(rewrap_lacks(&r, first), 0);
    assert_int_equal(rewrap_begin(&r, all, 0, 1), ERR_OK);
    assert_int_equal(rewrap_lacks(&r, all), 0);
    assert_int_equal(rewrap_lacks(&r, last), 1);
    assert_int_equal(rewrap_lacks(&r, first), 3);
}

static void a_row_reads_back_and_a_bad_one_does_not(void **state)
{
    (void)state;
    struct rewrap r = {.state = REWRAP_UNDER_WAY, .target = 7, .versions = {2, 7}, .version_count = 2,
                       .begun_s = 5, .total = 9, .renewed = 3, .pass = 1, .looked = 4, .met = 3,
                       .tables = 27, .table = 6, .place = "key", .place_len = 3};
    struct rewrap got;
    CLEANUP(buf_free) struct buf row = buf_new(REWRAP_ROW_MAX);
    assert_int_equal(rewrap_encode(&r, &row), ERR_OK);
    assert_int_equal(rewrap_decode(buf_bytes(&row), &got), ERR_OK);
    assert_memory_equal(&got, &r, sizeof r);
    for (size_t i = 0; i < row.len; i++)
        assert_int_not_equal(rewrap_decode(bytes_of(row.ptr, i), &got), ERR_OK);
    row.ptr[0] = 2;
    assert_int_equal(rewrap_decode(buf_bytes(&row), &got), ERR_VERSION);
    static const struct {
        uint32_t versions[2];
        uint32_t target;
    } bad[] = {{{7, 2}, 7}, {{7, 7}, 7}, {{0, 7}, 7}, {{2, 7}, 3}, {{2, 10000}, 2}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        r.target = bad[i].target;
        memcpy(r.versions, bad[i].versions, sizeof bad[i].versions);
        buf_reset(&row);
        assert_int_equal(rewrap_encode(&r, &row), ERR_OK);
        assert_int_equal(rewrap_decode(buf_bytes(&row), &got), ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_id_of_a_file_says_its_version),
        cmocka_unit_test(versions_stand_in_order_and_once),
        cmocka_unit_test(a_vault_opens_all_versions_and_seals_under_one),
        cmocka_unit_test(only_a_pass_that_met_nothing_ends_it),
        cmocka_unit_test(a_version_that_values_lie_under_is_missed),
        cmocka_unit_test(a_row_reads_back_and_a_bad_one_does_not),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
