/* Data sets: one number for the digests of all epochs, and nothing left of an epoch that is forgotten. */
#include "tests/unit/agent/import/import_store.h"

#include "agent/import/data_set.h"
#include "proto/base/join.h"

static struct data_set_id id_of(const char *source, const char *purpose, uint32_t epoch)
{
    struct data_set_id id = {.epoch = epoch};
    assert_int_equal(name_parse(bytes_str(source), &id.source), ERR_OK);
    assert_int_equal(name_parse(bytes_str(purpose), &id.purpose), ERR_OK);
    return id;
}

static struct data_set make(struct import_store *s, const char *source, const char *purpose,
                            uint32_t epoch)
{
    struct data_set set;
    const struct data_set_id id = id_of(source, purpose, epoch);
    assert_int_equal(data_set_make(s->store, s->txn, &id, &set), ERR_OK);
    return set;
}

static void epochs_of_one_source_share_their_digests(void **state)
{
    (void)state;
    struct import_store s;
    import_store_open(&s);
    import_store_begin(&s);
    const struct data_set first = make(&s, "a", "p", 2);
    assert_int_equal(first.no, 1);
    assert_int_equal(first.hash_no, 1);
    assert_int_equal(make(&s, "a", "p", 2).no, 1);
    const struct data_set next = make(&s, "a", "p", 3);
    assert_int_equal(next.no, 2);
    assert_int_equal(next.hash_no, 1);
    assert_int_equal(make(&s, "a", "p", 1).hash_no, 1);
    /* another source or purpose, also one whose name begins the same */
    assert_int_equal(make(&s, "b", "p", 3).hash_no, 4);
    assert_int_equal(make(&s, "a", "p2", 3).hash_no, 5);
    assert_int_equal(make(&s, "aa", "p", 3).hash_no, 6);
    import_store_commit(&s);
    import_store_close(&s);
}

/* A row of before there could be several epochs: the number alone. */
static void an_older_row_has_digests_of_its_own_number(void **state)
{
    (void)state;
    struct import_store s;
    uint8_t room[64];
    static const uint8_t value[] = {0, 0, 0, 7};
    struct buf key = buf_fixed(room, sizeof room);
    struct data_set set;
    const struct data_set_id id = id_of("a", "p", 1);
    import_store_open(&s);
    import_store_begin(&s);
    join_str(&key, "set");
    join_str(&key, "a");
    join_str(&key, "p");
    buf_put_u32(&key, 1);
    assert_int_equal(store_put(s.store, s.txn, STORE_IMPORT, buf_bytes(&key), BYTES_OF_ARRAY(value)),
                     ERR_OK);
    assert_int_equal(store_put_number(s.store, s.txn, "data_sets", 7), ERR_OK);
    assert_int_equal(data_set_find(s.store, s.txn, &id, &set), ERR_OK);
    assert_int_equal(set.no, 7);
    assert_int_equal(set.hash_no, 7);
    set = make(&s, "a", "p", 2);
    assert_int_equal(set.no, 8);
    assert_int_equal(set.hash_no, 7);
    import_store_commit(&s);
    import_store_close(&s);
}

static void all_are_gone_through_in_order(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        const char *purpose;
        uint32_t epoch;
    } order[] = {{"a", "p", 1}, {"a", "p", 2}, {"a", "q", 1}, {"b", "p", 1}};
    struct import_store s;
    struct data_set_id at;
    struct data_set_id before;
    struct data_set set;
    import_store_open(&s);
    import_store_begin(&s);
    assert_int_equal(data_set_next(s.store, s.txn, NULL, &at, &set), ERR_NOT_FOUND);
    for (size_t i = ARRAY_LEN(order); i-- > 0;)
        make(&s, order[i].source, order[i].purpose, order[i].epoch);
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        before = at;
        assert_int_equal(data_set_next(s.store, s.txn, i == 0 ? NULL : &before, &at, &set), ERR_OK);
        assert_string_equal(at.source.s, order[i].source);
        assert_string_equal(at.purpose.s, order[i].purpose);
        assert_int_equal(at.epoch, order[i].epoch);
    }
    before = at;
    assert_int_equal(data_set_next(s.store, s.txn, &before, &at, &set), ERR_NOT_FOUND);
    import_store_commit(&s);
    import_store_close(&s);
}

/* The chain of an epoch goes with the last source in it, and no other epoch loses anything. */
static void a_forgotten_epoch_leaves_no_row(void **state)
{
    (void)state;
    struct import_store s;
    int64_t at_s = 0;
    uint64_t n = 0;
    struct chain_head head;
    const struct chain_id one = {{"p"}, 1};
    const struct chain_id two = {{"p"}, 2};
    const struct chain_head some = {.sequence = 9};
    const struct data_set_id a1 = id_of("a", "p", 1);
    const struct data_set_id b1 = id_of("b", "p", 1);
    import_store_open(&s);
    import_store_begin(&s);
    make(&s, "a", "p", 1);
    make(&s, "b", "p", 1);
    make(&s, "a", "p", 2);
    assert_int_equal(data_set_put_complete(s.store, s.txn, &a1, 5), ERR_OK);
    assert_int_equal(data_set_put_ended(s.store, s.txn, &a1, 6), ERR_OK);
    assert_int_equal(data_set_complete(s.store, s.txn, &a1, &at_s), ERR_OK);
    assert_int_equal(at_s, 5);
    assert_int_equal(chain_head_put(s.store, s.txn, &one, &some), ERR_OK);
    assert_int_equal(chain_head_put(s.store, s.txn, &two, &some), ERR_OK);
    assert_int_equal(additions_add(s.store, s.txn, &one, 20000, 3), ERR_OK);
    assert_int_equal(additions_add(s.store, s.txn, &two, 20000, 4), ERR_OK);
    assert_int_equal(data_set_forget(s.store, s.txn, &a1), ERR_OK);
    assert_int_equal(data_set_complete(s.store, s.txn, &a1, &at_s), ERR_NOT_FOUND);
    assert_int_equal(data_set_ended(s.store, s.txn, &a1, &at_s), ERR_NOT_FOUND);
    assert_int_equal(chain_head_get(s.store, s.txn, &one, &head), ERR_OK);
    assert_int_equal(head.sequence, 9);
    assert_int_equal(data_set_forget(s.store, s.txn, &b1), ERR_OK);
    assert_int_equal(chain_head_get(s.store, s.txn, &one, &head), ERR_OK);
    assert_int_equal(head.sequence, 0);
    assert_int_equal(additions_count(s.store, s.txn, &one, 0, &n), ERR_OK);
    assert_int_equal(n, 0);
    assert_int_equal(additions_count(s.store, s.txn, &two, 0, &n), ERR_OK);
    assert_int_equal(n, 4);
    import_store_commit(&s);
    import_store_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(epochs_of_one_source_share_their_digests),
        cmocka_unit_test(an_older_row_has_digests_of_its_own_number),
        cmocka_unit_test(all_are_gone_through_in_order),
        cmocka_unit_test(a_forgotten_epoch_leaves_no_row),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
