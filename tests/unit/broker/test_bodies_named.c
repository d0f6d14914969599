/* pki/logbook/log_named, log_find: who looks for an officer, a request or a case gets every body of it, by lists that name
 * nobody, also in a store that is older than they are. */
#include "broker/keys.h"
#include "pki/logbook/logbook.h"
#include "tests/support/storage_ring.h"
#include "tests/unit/broker/search_stage.h"

static void officer_request_and_case_are_found_wherever_the_lists_are(void **state)
{
    (void)state;
    fill(0, ENTRIES);
    all_names_agree();
    log_retention_part.stop(&bench.broker);
    fill(ENTRIES, BLOCK);
    all_names_agree();
    struct errmsg why = {""};
    OK(log_retention_part.start(&bench.broker, &why));
    log_retention_look(bench.broker.log_retention);
    bench_settle(&bench);
    all_names_agree();
}

/* What stands on a list is found without the others being opened. */
static void an_officer_is_found_at_once(void **state)
{
    (void)state;
    struct bodies_filter f = {.salt = {{9}}};
    fill(0, ENTRIES);
    seek_only(officers[2], NULL, NULL, &f);
    const struct bodies_reply r = page(&f, 0, BODIES_ROWS_MAX, true);
    assert_int_equal(r.row_count, ENTRIES / ARRAY_LEN(officers));
    assert_int_equal(r.next_index, 0);
}

/* What waited beside an entry is gone once it is listed. */
static void no_term_outlives_its_lists(void **state)
{
    (void)state;
    log_retention_part.stop(&bench.broker);
    fill(0, BLOCK);
    assert_true(rows_in(bench.broker.store->log.named) > BLOCK / 2);
    struct errmsg why = {""};
    OK(log_retention_part.start(&bench.broker, &why));
    log_retention_look(bench.broker.log_retention);
    bench_settle(&bench);
    assert_int_equal(rows_in(bench.broker.store->log.named), 0);
}

/* A key that was made in a transaction that was given up is not the store's: entries are listed under the one that is. */
static enum err give_up_job(struct kv_txn *txn, void *arg)
{
    const size_t i = 1;
    (void)arg;
    OK(kv_del(txn, bench.broker.store->log.state, bytes_str(LOG_STATE_TERMS)));
    OK(add_one(txn, i));
    return ERR_LIMIT;
}

static void a_key_that_was_given_up_is_not_used(void **state)
{
    (void)state;
    struct errmsg why = {""};
    log_retention_part.stop(&bench.broker);
    bench_restart(&bench); /* with no key at hand */
    assert_int_equal(writer_run(bench.broker.writer, give_up_job, NULL), ERR_LIMIT);
    OK(log_retention_part.start(&bench.broker, &why));
    fill(0, BLOCK);
    all_names_agree();
}

static enum err renew_job(struct kv_txn *txn, void *arg)
{
    (void)arg;
    const struct log_tables *t = &bench.broker.store->log;
    CLEANUP(buf_free) struct buf renewed = buf_new(256);
    struct bytes sealed;
    enum err e = log_get_state(t, txn, LOG_STATE_TERMS, &sealed);
    if (e == ERR_OK)
        e = logbook_renew_state(bench.broker.vaults->records, bytes_str(LOG_STATE_TERMS), sealed, &renewed);
    return e == ERR_OK ? log_put_state(t, txn, LOG_STATE_TERMS, buf_bytes(&renewed)) : e;
}

/* Under another version of the storage key it is the same key, before and behind. */
static void the_key_outlives_a_version_of_the_storage_key(void **state)
{
    (void)state;
    CLEANUP(cleanup_storage_keys_free) struct storage_keys *two = NULL;
    fill(0, BLOCK);
    OK(storage_keys_copy(bench.broker.keys->storage, &two));
    storage_ring_add(two, 2, secret_random(STORAGE_KEY_BYTES));
    OK(vaults_set(bench.broker.vaults, two, 2));
    OK(writer_run(bench.broker.writer, renew_job, NULL));
    fill(BLOCK, BLOCK);
    all_names_agree();
}

static enum err damage_key_job(struct kv_txn *txn, void *arg)
{
    (void)arg;
    const struct log_tables *t = &bench.broker.store->log;
    CLEANUP(buf_free) struct buf changed = buf_new(256);
    struct bytes sealed;
    const enum err e = log_get_state(t, txn, LOG_STATE_TERMS, &sealed);
    if (e != ERR_OK)
        return e;
    buf_put(&changed, sealed);
    changed.ptr[changed.len - 1] ^= 1;
    return log_put_state(t, txn, LOG_STATE_TERMS, buf_bytes(&changed));
}

/* Lists are a convenience: without their key entries are written, and whoever looks finds what there is. */
static void a_key_that_does_not_open_holds_nothing_up(void **state)
{
    (void)state;
    size_t from = BLOCK;
    fill(0, BLOCK);
    OK(writer_run(bench.broker.writer, add_job, &from)); /* waits under the key that is lost */
    OK(writer_run(bench.broker.writer, damage_key_job, NULL));
    all_names_agree();
    fill(2 * (size_t)BLOCK, BLOCK);
    all_names_agree();
    all_filters_agree();
    struct bodies_filter f = {.salt = {{9}}};
    fill(3 * (size_t)BLOCK, BLOCK);
    seek_only("00000000000000b1", NULL, NULL, &f);
    assert_int_equal(narrowed(&f, BODIES_ROWS_MAX).count, 0);
    sought = (struct bodies_sought){.has_case = false};
}

/* An entry without names asks for no key. */
static enum err add_nameless_job(struct kv_txn *txn, void *arg)
{
    (void)arg;
    const struct turn_audit what = {.event = AUDIT_EVENT_REQUEST_CLOSED};
    struct digest entry;
    const struct log_tables *t = &bench.broker.store->log;
    struct bytes sealed;
    OK(kv_del(txn, t->state, bytes_str(LOG_STATE_TERMS)));
    OK(audit_append(bench.broker.audit, txn, &what, &bench.view.members[BENCH_ALFA].id, NULL, BENCH_NOW_S, &entry));
    assert_int_equal(log_get_state(t, txn, LOG_STATE_TERMS, &sealed), ERR_NOT_FOUND);
    return ERR_LIMIT;
}

static void an_entry_without_names_needs_no_key(void **state)
{
    (void)state;
    fill(0, BLOCK);
    assert_int_equal(writer_run(bench.broker.writer, add_nameless_job, NULL), ERR_LIMIT);
}

/* Every second row, in several ways. */
static enum err damage_named_job(struct kv_txn *txn, void *arg)
{
    (void)arg;
    static const char *const rows[] = {"", "damaged", "123456789", "\007\007\007\007\007\007\007\007\007\007\007"};
    const struct log_tables *t = &bench.broker.store->log;
    struct digest entries[BLOCK];
    size_t count = 0;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    OK(kv_iter_new(txn, t->named, bytes_str(""), &it));
    for (size_t i = 0; count < BLOCK && kv_iter_next(it, &key, NULL) == ERR_OK; i++)
        if (i % 2 == 0)
            memcpy(entries[count++].b, key.ptr, sizeof entries[0].b);
    assert_true(count > BLOCK / 3);
    for (size_t i = 0; i < count; i++)
        OK(kv_put(txn, t->named, digest_bytes(&entries[i]), bytes_str(rows[i % ARRAY_LEN(rows)])));
    return ERR_OK;
}

/* They end in time, and are found all the same. */
static void damaged_terms_hold_nothing_up(void **state)
{
    (void)state;
    struct errmsg why = {""};
    log_retention_part.stop(&bench.broker);
    fill(0, BLOCK);
    OK(writer_run(bench.broker.writer, damage_named_job, NULL));
    OK(log_retention_part.start(&bench.broker, &why));
    log_retention_look(bench.broker.log_retention);
    bench_settle(&bench);
    assert_int_equal(rows_in(bench.broker.store->log.named), 0);
    assert_true(rows_in(bench.broker.store->log.due) >= BLOCK);
    all_names_agree();
    fill(BLOCK, BLOCK);
    all_names_agree();
    bench.now_ms += 40 * DAY_S * 1000;
    log_retention_look(bench.broker.log_retention);
    bench_settle(&bench);
    assert_int_equal(rows_in(bench.broker.store->log.index), 1); /* the event of the log's first entry */
}

/* Whoever has the store and not its key cannot tell whether a name that he knows is in it. */
static void no_name_is_confirmed_by_its_term(void **state)
{
    (void)state;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    const struct bytes name = bytes_str(officers[1]);
    struct digest plain;
    struct bytes key;
    size_t named = 0;
    fill(0, BLOCK);
    OK(digest_sha256(&name, 1, &plain));
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(kv_iter_new(txn, bench.broker.store->log.index, bytes_str(""), &it));
    while (kv_iter_next(it, &key, NULL) == ERR_OK) {
        named += key.ptr[0] >= 6 && key.ptr[0] <= 8;
        assert_memory_not_equal(key.ptr + 1, plain.b, LOG_TERM_BYTES - 1);
        assert_memory_not_equal(key.ptr + 1, officers[1], LOG_TERM_BYTES - 1);
        assert_memory_not_equal(key.ptr + 1, header_of(8).b, LOG_TERM_BYTES - 1);
    }
    assert_true(named > BLOCK);
    struct log_terms here = {.count = 0};
    struct log_terms elsewhere = {.count = 0};
    CLEANUP(cleanup_secret_free) struct secret *other = secret_random(32);
    CLEANUP(cleanup_mac_free) struct mac *mac = NULL;
    const struct log_names names = {.officer = name};
    OK(mac_new(other, &mac));
    OK(log_terms_of_names(&names, mac, &elsewhere));
    OK(log_named_terms(bench.broker.vaults->records, &bench.broker.store->log, txn, &names, &here));
    assert_true(here.count == 1 && elsewhere.count == 1);
    assert_memory_not_equal(here.v[0].b, elsewhere.v[0].b, LOG_TERM_BYTES);
}

/* ---- a store that is older than its lists ---- */

static uint64_t index_of(struct bytes key)
{
    uint64_t index = 0;
    for (size_t i = LOG_TERM_BYTES; i < key.len; i++)
        index = index << 8 | key.ptr[i];
    return index;
}

/* As programs of before wrote it: words alone up to all_from, nothing up to words_from. */
static enum err grow_old_job(struct kv_txn *txn, void *arg)
{
    const struct log_listed *listed = arg;
    const struct log_tables *t = &bench.broker.store->log;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    OK(kv_iter_new(txn, t->index, bytes_str(""), &it));
    while (kv_iter_next(it, &key, NULL) == ERR_OK) {
        const bool is_word = key.ptr[0] <= 5;
        const uint64_t from = is_word ? listed->words_from : listed->all_from;
        if (index_of(key) < from)
            OK(kv_iter_del(it));
    }
    return log_index_put_listed(t, txn, listed);
}

static void a_store_that_is_older_than_its_lists_is_read_through(void **state)
{
    (void)state;
    static const struct log_listed ages[] = {{0, 150}, {130, 150}, {150, 150}, {200, UINT64_MAX}, {UINT64_MAX, UINT64_MAX}};
    fill(0, ENTRIES);
    for (size_t i = 0; i < ARRAY_LEN(ages); i++) {
        OK(writer_run(bench.broker.writer, grow_old_job, (void *)(uintptr_t)&ages[i]));
        all_names_agree();
        if (ages[i].words_from != 0 && ages[i].all_from != UINT64_MAX)
            all_filters_agree();
    }
}

/* What a program of before left: entries that wait without terms, and no key. */
static enum err forget_key_job(struct kv_txn *txn, void *arg)
{
    (void)arg;
    const struct log_tables *t = &bench.broker.store->log;
    OK(kv_del(txn, t->state, bytes_str(LOG_STATE_TERMS)));
    OK(kv_del(txn, t->state, bytes_str("log/listed")));
    OK(kv_clear(txn, t->named));
    return ERR_OK;
}

static void what_waited_when_the_lists_began_is_found(void **state)
{
    (void)state;
    fill(0, BLOCK);
    size_t from = BLOCK;
    OK(writer_run(bench.broker.writer, add_job, &from));
    const struct log_listed none = {0, UINT64_MAX};
    OK(writer_run(bench.broker.writer, grow_old_job, (void *)(uintptr_t)&none));
    OK(writer_run(bench.broker.writer, forget_key_job, NULL));
    all_names_agree(); /* without a key */
    fill(2 * (size_t)BLOCK, BLOCK);
    all_names_agree();
    all_filters_agree();
}

/* A log that grows between two pages changes none that was given. */
static void pages_go_on_while_the_log_grows(void **state)
{
    (void)state;
    struct bodies_filter f = {.salt = {{9}}};
    struct listed l = {.count = 0};
    uint64_t from = 0;
    fill(0, BLOCK);
    seek_only(officers[1], NULL, NULL, &f);
    for (size_t i = 0; i == 0 || from != 0; i++) {
        const struct bodies_reply r = page(&f, from, 7, true);
        for (size_t k = 0; k < r.row_count; k++)
            l.v[l.count++] = r.rows[k].index;
        from = r.next_index;
        if (i < 3)
            fill((i + 1) * BLOCK, BLOCK);
    }
    const struct listed whole = narrowed(&f, BODIES_ROWS_MAX);
    assert_int_equal(whole.count, ENTRIES / ARRAY_LEN(officers));
    assert_int_equal(l.count, whole.count);
    assert_memory_equal(l.v, whole.v, whole.count * sizeof *l.v);
    sought = (struct bodies_sought){.has_case = false};
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(pages_go_on_while_the_log_grows),
        T(officer_request_and_case_are_found_wherever_the_lists_are),
        T(an_officer_is_found_at_once),
        T(no_term_outlives_its_lists),
        T(a_key_that_was_given_up_is_not_used),
        T(the_key_outlives_a_version_of_the_storage_key),
        T(a_key_that_does_not_open_holds_nothing_up),
        T(an_entry_without_names_needs_no_key),
        T(damaged_terms_hold_nothing_up),
        T(no_name_is_confirmed_by_its_term),
        T(a_store_that_is_older_than_its_lists_is_read_through),
        T(what_waited_when_the_lists_began_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
