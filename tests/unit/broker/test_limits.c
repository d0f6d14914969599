/* Rolling counters: what falls out of a window and when, what counts once, that a counter survives
 * a restart and dies with its block, and that its rows name nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "broker/limits.h"
#include "broker/store/store.h"
#include "pki/vault.h"
#include "proto/base/label.h"
#include "proto/host/kv_write.h"
#include "tests/unit/host/host_tmp.h"
#include "tests/support/storage_ring.h"

#define START_S (INT64_C(20000) * LIMIT_DAY_S + 4000)
#define OK(expression) assert_int_equal((expression), ERR_OK)

struct world {
    struct host_tmp tmp;
    struct kv *kv;
    struct store *store;
    struct storage_keys *storage;
    struct vault *vault;
    struct limits_book *book;
    struct kv_txn *txn;
};

static struct world w;

static void begin(void)
{
    struct errmsg why = {""};
    const struct kv_params p = {.dir = host_tmp_path(&w.tmp, "store"),
                                .map_bytes = UINT64_C(1) << 28};
    OK(kv_open(&p, &w.kv, &why));
    OK(store_new(w.kv, &w.store, &why));
    OK(limits_new(w.store, w.vault, &w.book));
    OK(kv_write_begin(w.kv, &w.txn));
}

static void end(void)
{
    OK(kv_write_commit(w.txn));
    limits_free(w.book);
    store_free(w.store);
    kv_free(w.kv);
}

static int setup(void **state)
{
    (void)state;
    enum err e = secret_init();
    assert_true(e == ERR_OK || e == ERR_PERMISSION);
    host_tmp_make(&w.tmp);
    w.storage = storage_ring_of(NULL);
    OK(vault_new(w.storage, LABEL_DISTINCT, 1, &w.vault));
    begin();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    end();
    vault_free(w.vault);
    storage_keys_free(w.storage);
    host_tmp_remove(&w.tmp);
    return 0;
}

static struct limit_query query(enum limit_kind kind, int64_t at_s, const struct bytes *members,
                                size_t count)
{
    const bool daily = kind == LIMIT_REQUESTS_AGENCY || kind == LIMIT_REQUESTS_OFFICER;
    return (struct limit_query){
        .kind = kind,
        .scope = bytes_str("a scope"),
        .window_s = daily ? LIMIT_DAY_S : 30 * LIMIT_DAY_S,
        .now_s = at_s,
        .members = members,
        .count = count,
    };
}

static void add(enum limit_kind kind, int64_t at_s, const char *member)
{
    const struct bytes m = bytes_str(member);
    const struct limit_query q = query(kind, at_s, &m, 1);
    OK(limits_add(w.book, w.txn, &q));
}

static uint64_t shown(enum limit_kind kind, int64_t at_s)
{
    const struct limit_query q = query(kind, at_s, NULL, 0);
    uint64_t n = 0;
    OK(limits_count(w.book, w.txn, &q, &n));
    return n;
}

static void a_request_counts_for_a_day_at_least_and_a_bucket_more_at_most(void **state)
{
    (void)state;
    /* At every hour of the day, so that every place in block and bucket is met. */
    for (int64_t at_s = START_S; at_s < START_S + LIMIT_DAY_S; at_s += 3601) {
        add(LIMIT_REQUESTS_AGENCY, at_s, "r");
        assert_int_equal(shown(LIMIT_REQUESTS_AGENCY, at_s), 1);
        assert_int_equal(shown(LIMIT_REQUESTS_AGENCY, at_s + LIMIT_DAY_S - 1), 1);
        assert_int_equal(shown(LIMIT_REQUESTS_AGENCY, at_s + LIMIT_DAY_S + 900), 0);
    }
}

static void a_window_rolls_over_days(void **state)
{
    (void)state;
    char name[16];
    for (int i = 0; i < 60; i++) {
        snprintf(name, sizeof name, "r%d", i);
        add(LIMIT_REQUESTS_OFFICER, START_S + i * 3600, name);
        const uint64_t n = shown(LIMIT_REQUESTS_OFFICER, START_S + i * 3600);
        if (i < 24)
            assert_int_equal(n, (uint64_t)i + 1);
        else
            assert_in_range(n, 24, 25);
    }
}

static void a_member_counts_once_however_often_it_comes(void **state)
{
    (void)state;
    for (int day = 0; day < 70; day++) { /* over three blocks of 30 days */
        add(LIMIT_SUBJECTS_PERIOD, START_S + day * LIMIT_DAY_S, "same");
        assert_int_equal(shown(LIMIT_SUBJECTS_PERIOD, START_S + day * LIMIT_DAY_S), 1);
    }
    /* It counts from when it was last asked. */
    assert_int_equal(shown(LIMIT_SUBJECTS_PERIOD, START_S + 98 * LIMIT_DAY_S), 1);
    assert_int_equal(shown(LIMIT_SUBJECTS_PERIOD, START_S + 101 * LIMIT_DAY_S), 0);
}

static void counting_shows_what_adding_would_and_changes_nothing(void **state)
{
    (void)state;
    const struct bytes members[] = {bytes_str("a"), bytes_str("b"), bytes_str("c")};
    const struct limit_query q = query(LIMIT_SUBJECTS_CASE, START_S, members, 3);
    uint64_t n = 0;
    add(LIMIT_SUBJECTS_CASE, START_S, "b");
    for (int i = 0; i < 3; i++) {
        OK(limits_count(w.book, w.txn, &q, &n));
        assert_int_equal(n, 3);
    }
    assert_int_equal(shown(LIMIT_SUBJECTS_CASE, START_S), 1);
    OK(limits_add(w.book, w.txn, &q));
    assert_int_equal(shown(LIMIT_SUBJECTS_CASE, START_S), 3);
}

static void kinds_and_scopes_are_counters_of_their_own(void **state)
{
    (void)state;
    struct limit_query q = query(LIMIT_REQUESTS_AGENCY, START_S, NULL, 0);
    uint64_t n = 1;
    add(LIMIT_REQUESTS_AGENCY, START_S, "r");
    assert_int_equal(shown(LIMIT_REQUESTS_OFFICER, START_S), 0);
    q.scope = bytes_str("another scope");
    OK(limits_count(w.book, w.txn, &q, &n));
    assert_int_equal(n, 0);
}

static void a_counter_survives_a_restart(void **state)
{
    (void)state;
    add(LIMIT_SUBJECTS_PERIOD, START_S, "a");
    add(LIMIT_SUBJECTS_PERIOD, START_S, "b");
    end();
    begin();
    add(LIMIT_SUBJECTS_PERIOD, START_S + 100, "a");
    assert_int_equal(shown(LIMIT_SUBJECTS_PERIOD, START_S + 100), 2);
}

static uint64_t rows(struct kv_table t)
{
    struct kv_table_stats s;
    OK(kv_table_stats(w.txn, t, &s));
    return s.entries;
}

static void a_block_goes_with_its_key_once_no_window_reaches_it(void **state)
{
    (void)state;
    const int64_t block_s = 30 * LIMIT_DAY_S;
    const int64_t first_s = (START_S / block_s + 1) * block_s;
    struct limit_expiry x = {
        .kind = LIMIT_SUBJECTS_PERIOD, .window_s = 30 * LIMIT_DAY_S, .max = 100};
    size_t deleted = 0;
    add(LIMIT_SUBJECTS_PERIOD, first_s, "a");
    add(LIMIT_SUBJECTS_PERIOD, first_s + block_s, "b");
    x.now_s = first_s + block_s + 30 * LIMIT_DAY_S - 1; /* the last second that reaches it */
    OK(limits_expire(w.book, w.txn, &x, &deleted));
    assert_int_equal(deleted, 0);
    x.now_s++;
    OK(limits_expire(w.book, w.txn, &x, &deleted));
    assert_int_equal(deleted, 3); /* member, count, key */
    assert_int_equal(rows(w.store->limit_keys), 1);
    assert_int_equal(rows(w.store->limit_members), 1);
    assert_int_equal(rows(w.store->limit_counts), 1);
}

static void expiry_goes_in_steps(void **state)
{
    (void)state;
    char name[16];
    struct limit_expiry x = {.kind = LIMIT_REQUESTS_AGENCY,
                             .window_s = LIMIT_DAY_S,
                             .now_s = START_S + 10 * LIMIT_DAY_S,
                             .max = 4};
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "r%d", i);
        add(LIMIT_REQUESTS_AGENCY, START_S, name);
    }
    size_t total = 0;
    for (int i = 0; i < 10; i++) {
        size_t n = 0;
        OK(limits_expire(w.book, w.txn, &x, &n));
        total += n;
    }
    assert_int_equal(total, 12); /* ten members, one count, one key */
    assert_int_equal(rows(w.store->limit_keys), 0);
    assert_int_equal(rows(w.store->limit_members), 0);
}

static void rows_name_nobody_and_differ_by_block(void **state)
{
    (void)state;
    struct bytes key;
    uint8_t seen[2][64] = {{0}};
    add(LIMIT_REQUESTS_AGENCY, START_S, "a-member-in-clear");
    OK(kv_last(w.txn, w.store->limit_members, bytes_str(""), &key, NULL));
    assert_null(memmem(key.ptr, key.len, "member", 6));
    memcpy(seen[0], key.ptr, key.len);
    add(LIMIT_REQUESTS_AGENCY, START_S + 3 * LIMIT_DAY_S, "a-member-in-clear");
    OK(kv_last(w.txn, w.store->limit_members, bytes_str(""), &key, NULL));
    memcpy(seen[1], key.ptr, key.len);
    assert_memory_not_equal(seen[0] + 5, seen[1] + 5, 8);   /* scope */
    assert_memory_not_equal(seen[0] + 13, seen[1] + 13, 8); /* member */
}

static void odd_times_and_windows_are_refused(void **state)
{
    (void)state;
    struct limit_query q = query(LIMIT_REQUESTS_AGENCY, START_S, NULL, 0);
    uint64_t n = 0;
    q.window_s = 0;
    assert_int_equal(limits_count(w.book, w.txn, &q, &n), ERR_RANGE);
    q.window_s = LIMIT_WINDOW_MAX_S + 1;
    assert_int_equal(limits_count(w.book, w.txn, &q, &n), ERR_RANGE);
    q.window_s = LIMIT_DAY_S;
    q.now_s = -1;
    assert_int_equal(limits_count(w.book, w.txn, &q, &n), ERR_RANGE);
    q.kind = LIMIT_NONE;
    q.now_s = START_S;
    assert_int_equal(limits_count(w.book, w.txn, &q, &n), ERR_RANGE);
    /* The longest window that a policy can set fits. */
    q = query(LIMIT_SUBJECTS_PERIOD, START_S, NULL, 0);
    q.window_s = LIMIT_WINDOW_MAX_S;
    OK(limits_count(w.book, w.txn, &q, &n));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_request_counts_for_a_day_at_least_and_a_bucket_more_at_most),
        TEST(a_window_rolls_over_days),
        TEST(a_member_counts_once_however_often_it_comes),
        TEST(counting_shows_what_adding_would_and_changes_nothing),
        TEST(kinds_and_scopes_are_counters_of_their_own),
        TEST(a_counter_survives_a_restart),
        TEST(a_block_goes_with_its_key_once_no_window_reaches_it),
        TEST(expiry_goes_in_steps),
        TEST(rows_name_nobody_and_differ_by_block),
        TEST(odd_times_and_windows_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
