/* What a batch does to the rows of a retired epoch: what is withdrawn or said otherwise is gone there too. */
#include "tests/unit/agent/import/import_store.h"

#include "agent/import/effect.h"
#include "agent/records/live.h"

enum { OLD = 1, NEW = 2, BATCH_OLD = 1, BATCH_NEW = 7 };

static struct live_entry entry_of(uint32_t batch, uint8_t content)
{
    struct live_entry e = {
        .place = {batch, 3}, .tokens = 1, .entered_day = 100, .expires_day = 30000};
    memset(e.key.b, 0x11, sizeof e.key.b);
    memset(e.content.b, content, sizeof e.content.b);
    return e;
}

static void apply(struct import_store *s, enum batch_kind kind, const struct live_entry *e)
{
    static const uint32_t retired[] = {OLD};
    uint8_t key[BATCH_KEY_BYTES];
    CLEANUP(buf_free) struct buf items = buf_new(256);
    const struct batch_row row = {
        .state = BATCH_ACCEPTED, .kind = kind, .data_set = NEW, .record_count = 1};
    struct effect_slice slice = {
        .no = BATCH_NEW, .count = 10, .today = 20000, .retired = retired, .retired_count = 1};
    live_entry_encode(e, &items);
    assert_int_equal(batch_row_put(s->store, s->txn, BATCH_NEW, &row), ERR_OK);
    assert_int_equal(store_put(s->store, s->txn, STORE_BATCH_ITEMS, batch_key(BATCH_NEW, key),
                               buf_bytes(&items)),
                     ERR_OK);
    assert_int_equal(effect_apply(s->store, s->txn, &slice), ERR_OK);
    assert_true(slice.done);
}

static bool is_gone(struct import_store *s, uint32_t batch)
{
    uint8_t key[BATCH_KEY_BYTES];
    return store_has(s->store, s->txn, STORE_GONE,
                     batch_key_at((struct record_place){batch, 3}, key)) == ERR_OK;
}

static void a_retired_epoch_loses_what_is_withdrawn_or_said_otherwise(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        enum batch_kind kind;
        uint8_t content;
        bool stays;
    } cases[] = {
        {"withdrawn", BATCH_WITHDRAW, 1, false},
        {"said otherwise", BATCH_ADD, 2, false},
        {"said as before", BATCH_ADD, 1, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct import_store s;
        struct live_entry found;
        const struct live_entry old = entry_of(BATCH_OLD, 1);
        const struct live_entry was = entry_of(4, 1);
        import_store_open(&s);
        import_store_begin(&s);
        assert_int_equal(live_put(s.store, s.txn, OLD, &old), ERR_OK);
        assert_int_equal(live_put(s.store, s.txn, NEW, &was), ERR_OK);
        const struct live_entry e = cases[i].kind == BATCH_WITHDRAW
                                        ? was
                                        : entry_of(BATCH_NEW, cases[i].content);
        apply(&s, cases[i].kind, &e);
        if ((live_get(s.store, s.txn, OLD, &old.key, &found) == ERR_OK) != cases[i].stays ||
            is_gone(&s, BATCH_OLD) == cases[i].stays)
            fail_msg("%s", cases[i].what);
        import_store_commit(&s);
        import_store_close(&s);
    }
}

/* A restored broker may need a withdrawal again; what was added is in the records themselves. */
static void what_a_withdrawal_named_stays(void **state)
{
    (void)state;
    struct import_store s;
    uint8_t key[BATCH_KEY_BYTES];
    const struct live_entry e = entry_of(BATCH_NEW, 1);
    import_store_open(&s);
    import_store_begin(&s);
    apply(&s, BATCH_ADD, &e);
    assert_int_equal(store_has(s.store, s.txn, STORE_BATCH_ITEMS, batch_key(BATCH_NEW, key)), ERR_NOT_FOUND);
    apply(&s, BATCH_WITHDRAW, &e);
    assert_int_equal(store_has(s.store, s.txn, STORE_BATCH_ITEMS, batch_key(BATCH_NEW, key)), ERR_OK);
    import_store_commit(&s);
    import_store_close(&s);
}

/* Two epochs that ended have the key; the one at hand has not. */
static void a_key_that_is_out_leaves_every_epoch_that_ended(void **state)
{
    (void)state;
    static const uint32_t ended[] = {OLD, NEW};
    const struct effect_slice of = {.today = 20000, .retired = ended, .retired_count = 2};
    const struct live_entry e[] = {entry_of(BATCH_OLD, 1), entry_of(BATCH_NEW, 2)};
    struct import_store s;
    struct live_entry found;
    import_store_open(&s);
    import_store_begin(&s);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(live_put(s.store, s.txn, ended[i], &e[i]), ERR_OK);
    for (int twice = 0; twice < 2; twice++)
        assert_int_equal(effect_out(s.store, s.txn, &e[0].key, &of), ERR_OK);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(live_get(s.store, s.txn, ended[i], &e[i].key, &found), ERR_NOT_FOUND);
    assert_true(is_gone(&s, BATCH_OLD) && is_gone(&s, BATCH_NEW));
    import_store_commit(&s);
    import_store_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_retired_epoch_loses_what_is_withdrawn_or_said_otherwise),
        cmocka_unit_test(what_a_withdrawal_named_stays),
        cmocka_unit_test(a_key_that_is_out_leaves_every_epoch_that_ended),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
