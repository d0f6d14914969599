/* The agent's store under another version of its storage key: every value, in steps, taken up after a stop; and
 * names that stay the same. */
#include "tests/unit/pki/test_core.h"

#include <stdio.h>

#include "agent/store/store.h"
#include "agent/store/store_rewrap.h"
#include "pki/aead.h"
#include "pki/hkdf.h"
#include "proto/base/label.h"
#include "proto/host/kv_write.h"
#include "tests/support/storage_ring.h"
#include "tests/unit/host/host_tmp.h"

#define ROWS 1300u /* more than two steps look at */

static struct {
    struct host_tmp tmp;
    struct secret *keys[3]; /* versions 1 to 3 */
    struct store *store;
} f;

static struct storage_keys *versions(uint32_t from, uint32_t to)
{
    struct storage_keys *k = storage_keys_new();
    for (uint32_t v = from; v <= to; v++)
        storage_ring_add(k, v, secret_copy(f.keys[v - 1]));
    return k;
}

static enum err open_with(uint32_t from, uint32_t to, struct errmsg *why)
{
    struct agency_id agency;
    CLEANUP(cleanup_storage_keys_free) struct storage_keys *k = versions(from, to);
    assert_int_equal(agency_id_parse(bytes_str("00000099000000002000"), &agency), ERR_OK);
    const struct store_params p = {
        .dir = host_tmp_path(&f.tmp, "store"), .map_bytes = 64u << 20, .keys = k, .agency = &agency};
    return agent_store_open(&p, &f.store, why);
}

static void close_store(void)
{
    agent_store_free(take(f.store));
}

static struct kv_txn *write_begin(void)
{
    struct kv_txn *txn = NULL;
    assert_int_equal(kv_write_begin(store_kv(f.store), &txn), ERR_OK);
    return txn;
}

static struct bytes number_key(uint32_t n, uint8_t room[4])
{
    struct buf b = buf_fixed(room, 4);
    buf_put_u32(&b, n);
    return buf_bytes(&b);
}

static void fill(void)
{
    struct kv_txn *txn = write_begin();
    uint8_t key[4];
    for (uint32_t i = 0; i < ROWS; i++)
        assert_int_equal(store_put(f.store, txn, i % 3 == 0 ? STORE_RECORD : STORE_OUTBOX,
                                   number_key(i, key), bytes_str("value")),
                         ERR_OK);
    assert_int_equal(store_put(f.store, txn, STORE_ASK_KEEP, bytes_str("empty"), bytes_of(NULL, 0)), ERR_OK);
    assert_int_equal(kv_put(txn, store_kv_table(f.store, STORE_GONE), bytes_str("open"), bytes_str("1234")),
                     ERR_OK);
    assert_int_equal(kv_put(txn, store_kv_table(f.store, STORE_LOG_DUE), bytes_str("open"), bytes_str("12345678")),
                     ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
}

static int set_up(void **state)
{
    (void)state;
    host_tmp_make(&f.tmp);
    for (size_t i = 0; i < ARRAY_LEN(f.keys); i++)
        f.keys[i] = secret_random(STORAGE_KEY_BYTES);
    assert_int_equal(open_with(1, 1, NULL), ERR_OK);
    fill();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close_store();
    for (size_t i = 0; i < ARRAY_LEN(f.keys); i++)
        secret_free(f.keys[i]);
    host_tmp_remove(&f.tmp);
    return 0;
}

/* How many values lie under a version, open ones not counted. */
static size_t under(uint32_t version)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    size_t n = 0;
    assert_int_equal(kv_read_begin(store_kv(f.store), &txn), ERR_OK);
    for (int t = 0; t < STORE_TABLE_COUNT; t++) {
        CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
        struct bytes key;
        struct bytes value;
        uint32_t v = 0;
        assert_int_equal(kv_iter_new(txn, store_kv_table(f.store, (enum store_table)t), bytes_of(NULL, 0), &it),
                         ERR_OK);
        while (kv_iter_next(it, &key, &value) == ERR_OK)
            n += !bytes_is(key, REWRAP_ROW) && aead_key_version(value, &v) == ERR_OK && v == version;
    }
    return n;
}

static struct rewrap begin_and_take(uint32_t from, uint32_t to)
{
    CLEANUP(cleanup_storage_keys_free) struct storage_keys *k = versions(from, to);
    struct rewrap r;
    bool begun = false;
    struct kv_txn *txn = write_begin();
    assert_int_equal(store_rewrap_begin(f.store, txn, k, 1000, &r, &begun), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    assert_int_equal(store_rewrap_take(f.store, k, r.target), ERR_OK);
    return r;
}

static struct rewrap step(void)
{
    struct rewrap r;
    const char *table = NULL;
    struct kv_txn *txn = write_begin();
    assert_int_equal(store_rewrap_step(f.store, txn, 2000, &r, &table), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    return r;
}

static void expect_all(void)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    struct kv_txn *txn = write_begin();
    uint8_t key[4];
    struct bytes plain;
    for (uint32_t i = 0; i < ROWS; i++) {
        assert_int_equal(store_get(f.store, txn, i % 3 == 0 ? STORE_RECORD : STORE_OUTBOX, number_key(i, key), a,
                                   &plain),
                         ERR_OK);
        assert_true(bytes_is(plain, "value"));
    }
    assert_int_equal(store_get(f.store, txn, STORE_ASK_KEEP, bytes_str("empty"), a, &plain), ERR_OK);
    assert_int_equal(plain.len, 0);
    kv_write_abort(txn);
}

static void every_value_moves_in_bounded_steps(void **state)
{
    (void)state;
    const size_t values = under(1);
    struct rewrap r = begin_and_take(1, 2);
    size_t before = values;
    size_t steps = 0;
    assert_true(r.state == REWRAP_UNDER_WAY && r.total >= values);
    while (r.state == REWRAP_UNDER_WAY) {
        r = step();
        assert_true(before - under(1) <= REWRAP_STEP_VALUES);
        before = under(1);
        steps++;
    }
    assert_true(steps > 2);
    assert_int_equal(under(1), 0);
    assert_int_equal(under(2), values);
    assert_int_equal(r.renewed, values);
    expect_all();
    close_store();
    assert_int_equal(open_with(2, 2, NULL), ERR_OK);
    expect_all();
}

static void a_stop_between_steps_is_taken_up(void **state)
{
    (void)state;
    const size_t values = under(1);
    (void)begin_and_take(1, 2);
    struct rewrap r = step();
    const uint64_t renewed = r.renewed;
    assert_in_range(renewed, 1, values - 1);
    close_store();
    assert_int_equal(open_with(1, 2, NULL), ERR_OK);
    expect_all();
    r = begin_and_take(1, 2); /* finds it under way */
    assert_int_equal(r.renewed, renewed);
    r = begin_and_take(1, 3); /* a third one while the second is under way */
    assert_true(r.target == 3 && rewrap_uses(&r, 1) && rewrap_uses(&r, 2));
    while (r.state == REWRAP_UNDER_WAY)
        r = step();
    assert_int_equal(under(3), values);
    close_store();
    assert_int_equal(open_with(3, 3, NULL), ERR_OK);
    expect_all();
}

static void what_is_written_meanwhile_lies_under_the_new_one(void **state)
{
    (void)state;
    struct rewrap r = begin_and_take(1, 2);
    uint8_t key[4];
    while (r.state == REWRAP_UNDER_WAY) {
        struct kv_txn *txn = write_begin();
        assert_int_equal(store_put(f.store, txn, STORE_RECORD, number_key(1, key), bytes_str("new")), ERR_OK);
        assert_int_equal(store_del(f.store, txn, STORE_RECORD, number_key(1, key)), ERR_OK);
        assert_int_equal(store_put_number(f.store, txn, "counter", r.renewed), ERR_OK);
        assert_int_equal(kv_write_commit(txn), ERR_OK);
        r = step();
    }
    assert_int_equal(under(1), 0);
    expect_all();
}

static void a_version_that_is_missing_is_named(void **state)
{
    (void)state;
    struct errmsg why = {""};
    (void)begin_and_take(1, 2);
    (void)step();
    CLEANUP(cleanup_storage_keys_free) struct storage_keys *second = versions(2, 2);
    struct rewrap r;
    bool begun = true;
    struct kv_txn *txn = write_begin();
    assert_int_equal(store_rewrap_begin(f.store, txn, second, 1, &r, &begun), ERR_NOT_FOUND);
    assert_false(begun);
    kv_write_abort(txn);
    close_store();
    assert_int_equal(open_with(2, 2, &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "version 1"));
    assert_int_equal(open_with(1, 1, &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "version 2"));
    assert_int_equal(open_with(1, 2, &why), ERR_OK);
}

/* The key of a use of before there were versions: what an old store named its things with. */
static void expect_names_of_version_1(void)
{
    static const char *const labels[] = {LABEL_STORE_LIVE, LABEL_STORE_HANDLE, LABEL_PROTECTED, LABEL_DISTINCT,
                                         LABEL_PSEUDONYM};
    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        CLEANUP(cleanup_secret_free) struct secret *want = NULL;
        CLEANUP(cleanup_secret_free) struct secret *got = NULL;
        assert_int_equal(hkdf_subkey(f.keys[0], bytes_str(labels[i]), &want), ERR_OK);
        assert_int_equal(store_derive(f.store, labels[i], &got), ERR_OK);
        assert_true(secret_equal(want, got));
    }
}

static void names_stay_the_same(void **state)
{
    (void)state;
    struct secret *none = NULL;
    expect_names_of_version_1();
    struct rewrap r = begin_and_take(1, 2);
    while (r.state == REWRAP_UNDER_WAY)
        r = step();
    close_store();
    assert_int_equal(open_with(2, 2, NULL), ERR_OK);
    expect_names_of_version_1();
    assert_int_equal(store_derive(f.store, LABEL_STORE_RECORDS, &none), ERR_UNKNOWN);
}

/* A store of before: its rows without the two that came with versions. */
static void an_old_store_opens_and_moves(void **state)
{
    (void)state;
    struct kv_txn *txn = write_begin();
    assert_int_equal(store_del(f.store, txn, STORE_META, bytes_str("identity")), ERR_OK);
    assert_int_equal(store_has(f.store, txn, STORE_META, bytes_str(REWRAP_ROW)), ERR_NOT_FOUND);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    close_store();
    assert_int_equal(open_with(1, 2, NULL), ERR_OK); /* a second version came before the first start */
    expect_names_of_version_1();
    struct rewrap r = begin_and_take(1, 2);
    assert_int_equal(r.state, REWRAP_UNDER_WAY);
    while (r.state == REWRAP_UNDER_WAY)
        r = step();
    assert_int_equal(under(1), 0);
    close_store();
    assert_int_equal(open_with(2, 2, NULL), ERR_OK);
    expect_names_of_version_1();
    expect_all();
}

static void a_damaged_value_stops_it_and_is_not_lost(void **state)
{
    (void)state;
    struct kv_txn *txn = write_begin();
    CLEANUP(buf_free) struct buf copy = buf_new(4096);
    struct bytes sealed;
    assert_int_equal(kv_get(txn, store_kv_table(f.store, STORE_ASK_KEEP), bytes_str("empty"), &sealed), ERR_OK);
    buf_put(&copy, sealed);
    copy.ptr[copy.len - 1] ^= 1;
    assert_int_equal(kv_put(txn, store_kv_table(f.store, STORE_ASK_KEEP), bytes_str("empty"), buf_bytes(&copy)),
                     ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    struct rewrap r = begin_and_take(1, 2);
    const char *table = NULL;
    enum err e = ERR_OK;
    while (e == ERR_OK && r.state == REWRAP_UNDER_WAY) {
        txn = write_begin();
        e = store_rewrap_step(f.store, txn, 2000, &r, &table);
        if (e == ERR_OK)
            e = kv_write_commit(txn);
        else
            kv_write_abort(txn);
    }
    assert_int_equal(e, ERR_SIGNATURE);
    assert_string_equal(table, "ask_keep");
    assert_int_not_equal(under(1), 0);
}

#define CASE(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_value_moves_in_bounded_steps),
        CASE(a_stop_between_steps_is_taken_up),
        CASE(what_is_written_meanwhile_lies_under_the_new_one),
        CASE(a_version_that_is_missing_is_named),
        CASE(names_stay_the_same),
        CASE(an_old_store_opens_and_moves),
        CASE(a_damaged_value_stops_it_and_is_not_lost),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
