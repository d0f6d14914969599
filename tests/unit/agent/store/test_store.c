/* The agent's store: sealed in place, of one agency, one key, one schema. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/store/store.h"
#include "proto/host/kv_write.h"
#include "tests/support/storage_ring.h"

static struct {
    char dir[64];
    char path[80];
    struct secret *key;
    struct secret *other;
    struct agency_id agency;
    struct store *store;
} fixture;

static enum err open_with(const struct secret *key, const char *oin, struct errmsg *why)
{
    struct agency_id agency;
    CLEANUP(cleanup_storage_keys_free) struct storage_keys *keys = storage_ring_of(key);
    assert_int_equal(agency_id_parse(bytes_str(oin), &agency), ERR_OK);
    const struct store_params p = {
        .dir = fixture.path, .map_bytes = 16u << 20, .keys = keys, .agency = &agency};
    return agent_store_open(&p, &fixture.store, why);
}

static void close_store(void)
{
    agent_store_free(fixture.store);
    fixture.store = NULL;
}

static int set_up(void **state)
{
    (void)state;
    enum err heap = secret_init();
    assert_true(heap == ERR_OK || heap == ERR_PERMISSION);
    snprintf(fixture.dir, sizeof fixture.dir, "/tmp/sluis-store-XXXXXX");
    assert_non_null(mkdtemp(fixture.dir));
    snprintf(fixture.path, sizeof fixture.path, "%s/store", fixture.dir);
    fixture.key = secret_random(32);
    fixture.other = secret_random(32);
    assert_int_equal(open_with(fixture.key, "00000099000000002000", NULL), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close_store();
    secret_free(fixture.key);
    secret_free(fixture.other);
    char path[160];
    static const char *const names[] = {"store/data.mdb", "store/lock.mdb", "store", ""};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/%s", fixture.dir, names[i]);
        (void)!remove(path);
    }
    return 0;
}

static struct kv_txn *begin(void)
{
    struct kv_txn *txn = NULL;
    assert_int_equal(kv_write_begin(store_kv(fixture.store), &txn), ERR_OK);
    return txn;
}

static void what_is_put_comes_back(void **state)
{
    (void)state;
    struct store *s = fixture.store;
    struct kv_txn *txn = begin();
    struct arena *a = arena_new((size_t)1 << 20);
    struct bytes plain;
    assert_int_equal(store_put(s, txn, STORE_OUTBOX, bytes_str("k"), bytes_str("value")), ERR_OK);
    assert_int_equal(store_put(s, txn, STORE_OUTBOX, bytes_str("l"), bytes_of(NULL, 0)), ERR_OK);
    assert_int_equal(store_get(s, txn, STORE_OUTBOX, bytes_str("k"), a, &plain), ERR_OK);
    assert_true(bytes_is(plain, "value"));
    struct kv_iter *it = NULL;
    struct store_row row;
    assert_int_equal(store_iter(s, txn, STORE_OUTBOX, bytes_of(NULL, 0), &it), ERR_OK);
    assert_int_equal(store_next(s, STORE_OUTBOX, it, a, &row), ERR_OK);
    assert_true(bytes_is(row.key, "k") && bytes_is(row.plain, "value"));
    assert_int_equal(store_next(s, STORE_OUTBOX, it, a, &row), ERR_OK);
    assert_true(bytes_is(row.key, "l") && row.plain.len == 0);
    assert_int_equal(store_next(s, STORE_OUTBOX, it, a, &row), ERR_NOT_FOUND);
    kv_iter_free(it);
    assert_int_equal(store_del(s, txn, STORE_OUTBOX, bytes_str("k")), ERR_OK);
    assert_int_equal(store_get(s, txn, STORE_OUTBOX, bytes_str("k"), a, &plain), ERR_NOT_FOUND);
    kv_write_abort(txn);
    arena_free(a);
}

static void a_value_opens_in_its_place_only(void **state)
{
    (void)state;
    struct store *s = fixture.store;
    struct kv_txn *txn = begin();
    struct arena *a = arena_new((size_t)1 << 20);
    struct bytes sealed;
    struct bytes plain;
    assert_int_equal(store_put(s, txn, STORE_OUTBOX, bytes_str("k"), bytes_str("value")), ERR_OK);
    assert_int_equal(kv_get(txn, store_kv_table(s, STORE_OUTBOX), bytes_str("k"), &sealed), ERR_OK);
    struct bytes copy = arena_copy(a, sealed);
    assert_null(memmem(copy.ptr, copy.len, "value", 5));
    /* Another key, another table. */
    assert_int_equal(kv_put(txn, store_kv_table(s, STORE_OUTBOX), bytes_str("m"), copy), ERR_OK);
    assert_int_equal(kv_put(txn, store_kv_table(s, STORE_RECEIPT), bytes_str("k"), copy), ERR_OK);
    assert_int_equal(store_get(s, txn, STORE_OUTBOX, bytes_str("m"), a, &plain), ERR_SIGNATURE);
    assert_int_equal(store_get(s, txn, STORE_RECEIPT, bytes_str("k"), a, &plain), ERR_SIGNATURE);
    /* Each byte changed, each length. */
    uint8_t *bad = arena_alloc(a, copy.len);
    for (size_t i = 0; i < copy.len; i++) {
        memcpy(bad, copy.ptr, copy.len);
        bad[i] ^= 1;
        assert_int_equal(kv_put(txn, store_kv_table(s, STORE_OUTBOX), bytes_str("k"),
                                bytes_of(bad, copy.len)),
                         ERR_OK);
        assert_int_not_equal(store_get(s, txn, STORE_OUTBOX, bytes_str("k"), a, &plain), ERR_OK);
        assert_int_equal(kv_put(txn, store_kv_table(s, STORE_OUTBOX), bytes_str("k"),
                                bytes_of(copy.ptr, i)),
                         ERR_OK);
        assert_int_not_equal(store_get(s, txn, STORE_OUTBOX, bytes_str("k"), a, &plain), ERR_OK);
    }
    kv_write_abort(txn);
    arena_free(a);
}

static void numbers_start_at_zero(void **state)
{
    (void)state;
    struct kv_txn *txn = begin();
    uint64_t n = 7;
    assert_int_equal(store_get_number(fixture.store, txn, "some", &n), ERR_OK);
    assert_int_equal(n, 0);
    assert_int_equal(store_put_number(fixture.store, txn, "some", UINT64_MAX), ERR_OK);
    assert_int_equal(store_get_number(fixture.store, txn, "some", &n), ERR_OK);
    assert_true(n == UINT64_MAX);
    kv_write_abort(txn);
}

static void opens_for_its_owner_only(void **state)
{
    (void)state;
    struct errmsg why = {""};
    close_store();
    assert_int_equal(open_with(fixture.other, "00000099000000002000", &why), ERR_SIGNATURE);
    assert_non_null(strstr(why.text, "storage key"));
    assert_int_equal(open_with(fixture.key, "00000099000000003000", &why), ERR_MISMATCH);
    assert_null(fixture.store);
    assert_int_equal(open_with(fixture.key, "00000099000000002000", &why), ERR_OK);
}

static void refused_of_schema(uint8_t schema, const char *word)
{
    const uint8_t row[] = {0, 0, 0, schema};
    struct errmsg why = {""};
    struct kv_txn *txn = begin();
    assert_int_equal(kv_put(txn, store_kv_table(fixture.store, STORE_META), bytes_str("schema"),
                            BYTES_OF_ARRAY(row)),
                     ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    close_store();
    assert_int_equal(open_with(fixture.key, "00000099000000002000", &why), ERR_VERSION);
    assert_non_null(strstr(why.text, word));
}

static void refuses_a_newer_schema(void **state)
{
    (void)state;
    refused_of_schema(STORE_SCHEMA + 1, "newer");
}

static void refuses_the_schema_of_other_handles_and_salts(void **state)
{
    (void)state;
    refused_of_schema(1, "older");
}

/* As a program of before wrote it: none of the tables that came since. */
static void taken_and_marked(uint8_t schema)
{
    const uint8_t older[] = {0, 0, 0, schema};
    const uint8_t now[] = {0, 0, 0, STORE_SCHEMA};
    struct bytes found;
    struct kv_txn *txn = begin();
    assert_int_equal(kv_put(txn, store_kv_table(fixture.store, STORE_META), bytes_str("schema"),
                            BYTES_OF_ARRAY(older)),
                     ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    close_store();
    assert_int_equal(open_with(fixture.key, "00000099000000002000", NULL), ERR_OK);
    txn = begin();
    assert_int_equal(kv_get(txn, store_kv_table(fixture.store, STORE_META), bytes_str("schema"), &found),
                     ERR_OK);
    assert_true(bytes_equal(found, BYTES_OF_ARRAY(now)));
    kv_write_abort(txn);
}

static void a_store_of_each_earlier_schema_is_taken_and_marked(void **state)
{
    (void)state;
    for (uint8_t schema = STORE_SCHEMA_OLDEST; schema < STORE_SCHEMA; schema++)
        taken_and_marked(schema);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_put_comes_back), CASE(a_value_opens_in_its_place_only),
        CASE(numbers_start_at_zero),  CASE(opens_for_its_owner_only),
        CASE(a_store_of_each_earlier_schema_is_taken_and_marked),
        CASE(refuses_a_newer_schema), CASE(refuses_the_schema_of_other_handles_and_salts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
