/* The keys of the agency's own log: one that comes signs after its entry, one that goes has an entry, and no failure and no
 * stop leaves a head that the keys of the log do not sign. argv[1]: a deployment. */
#include "agent/keys_internal.h"
#include "agent/log/own_keys.h"
#include "agent/own_log.h"
#include "agent/store/store.h"
#include "proto/host/kv_fault.h"
#include "proto/host/tiles.h"
#include "proto/host/writer.h"
#include "tests/support/key_fact.h"
#include "tests/unit/agent/core/own_stage.h"

#define STEPS 60u /* store calls that fail, one after the other */

static const char *deployment;
static const struct agent_part *const parts[] = {&core_part, &log_part, NULL};

static int set_up(void **state)
{
    return own_stage_set_up(state, deployment, parts);
}

/* A head more. */
static void publish_more(struct stage *s)
{
    const uint64_t before = log_keeper_size(s->agent->log_keeping->keeper);
    publish(s);
    assert_true(log_keeper_size(s->agent->log_keeping->keeper) > before);
}

/* How many entries tell this of the keys of the log. */
static size_t told(struct stage *s, const char *what)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    const struct log_tables *t = logbook_tables(own_log_book(s->agent->own_log));
    struct bytes key;
    size_t n = 0;
    OK(kv_read_begin(s->agent->kv, &txn));
    OK(kv_iter_new(txn, t->bodies, bytes_of(NULL, 0), &it));
    while (kv_iter_next(it, &key, NULL) == ERR_OK) {
        CLEANUP(buf_free) struct buf json = buf_new(AUDIT_BODY_MAX);
        struct digest entry;
        memcpy(entry.b, key.ptr, sizeof entry.b);
        OK(logbook_open_body(own_log_book(s->agent->own_log), txn, &entry, &json));
        n += strstr(buf_text(&json), "log.key-rotated") != NULL && strstr(buf_text(&json), what) != NULL;
    }
    return n;
}

/* Whose lines the checkpoint has. */
static bool is_signed_by(struct stage *s, const struct key *key)
{
    CLEANUP(cleanup_tiles_free) struct tiles *tiles = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    CLEANUP(buf_free) struct buf text = buf_new(NOTE_MAX_BYTES);
    const struct note_signer by = {bytes_str(own_log_origin(s->agent->own_log)), key};
    struct note note;
    struct vkey v;
    OK(tiles_open(s->agent->log_keeping->dir, &tiles, NULL));
    OK(tiles_checkpoint(tiles, &text, NULL));
    OK(note_parse(buf_bytes(&text), a, &note, NULL));
    OK(note_vkey(&by, VKEY_ED25519, &v));
    return note_verify(&note, &v) == ERR_OK;
}

static void add_next(struct stage *s)
{
    OK(key_generate(KEY_TYPE_ED25519, &s->agent->keys->logs[1]));
}

/* As a reload after --switch. */
static struct key *leave_old(struct stage *s)
{
    struct agent_keys *keys = s->agent->keys;
    struct key *old = keys->logs[0];
    keys->logs[0] = keys->logs[1];
    keys->logs[1] = NULL;
    log_part.on_keys(s->agent);
    return old;
}

static struct key_fact fact_of(const struct stage *s, const struct key *key)
{
    return key_fact(key, own_log_origin(s->agent->own_log));
}

static void each_key_that_comes_or_goes_is_an_entry(void **state)
{
    struct stage *s = *state;
    publish_more(s);
    assert_int_equal(told(s, ""), 0); /* the first one is the log's from its beginning */
    assert_int_equal(s->agent->log_keeping->keys.count, 1);
    add_next(s);
    log_part.on_keys(s->agent);
    log_part.on_keys(s->agent); /* once */
    assert_int_equal(told(s, "\"added\""), 1);
    assert_int_equal(told(s, fact_of(s, s->agent->keys->logs[1]).s), 1);
    publish_more(s);
    assert_true(is_signed_by(s, s->agent->keys->logs[0]) && is_signed_by(s, s->agent->keys->logs[1]));
    CLEANUP(cleanup_key_free) struct key *old = leave_old(s);
    assert_int_equal(told(s, "\"retired\""), 1);
    assert_int_equal(told(s, fact_of(s, old).s), 1);
    assert_int_equal(told(s, ""), 2);
    publish_more(s);
    assert_true(is_signed_by(s, s->agent->keys->logs[0]) && !is_signed_by(s, old));
    stage_restart(s); /* with what the folder has: the old key, which is one that came */
    assert_int_equal(told(s, "\"added\""), 2);
    assert_int_equal(told(s, "\"retired\""), 2);
    assert_false(s->agent->log_keeping->is_forked);
}

/* Whatever call of the store fails: no key signs that has no entry, none has two, and the log goes on. */
static void a_key_signs_after_its_entry_and_not_before(void **state)
{
    struct stage *s = *state;
    unsigned failed = 0;
    publish_more(s);
    add_next(s);
    for (unsigned step = 1; step < STEPS && told(s, "\"added\"") == 0; step++) {
        kv_fault_set(s->agent->kv, step, ERR_IO);
        log_part.on_keys(s->agent);
        kv_fault_set(s->agent->kv, 0, ERR_OK);
        if (told(s, "\"added\"") > 0)
            break;
        failed++;
        assert_int_equal(s->agent->log_keeping->keys.count, 1);
        publish_more(s);
        assert_false(is_signed_by(s, s->agent->keys->logs[1]));
    }
    assert_true(failed >= 4);
    assert_int_equal(told(s, "\"added\""), 1);
    publish_more(s);
    assert_true(is_signed_by(s, s->agent->keys->logs[1]));
}

static enum err forget_job(struct kv_txn *txn, void *arg)
{
    const struct stage *s = arg;
    OK(store_put_number(s->agent->store, txn, LOG_ROW_WITNESSED, 64));
    return kv_del(txn, store_kv_table(s->agent->store, STORE_META), bytes_str(OWN_LOG_KEYS_ROW));
}

/* A store of before this row: its log has a key, which the broker knows where it ever cosigned, and the next one is new. */
static void a_store_of_before_has_the_key_of_its_folder(void **state)
{
    struct stage *s = *state;
    struct log_keeping *k = s->agent->log_keeping;
    publish_more(s);
    OK(writer_run(s->agent->writer, forget_job, s));
    OK(own_keys_read(k));
    assert_int_equal(k->keys.count, 0);
    add_next(s);
    publish_more(s); /* the one that it has signs meanwhile, alone */
    assert_true(is_signed_by(s, s->agent->keys->logs[0]) && !is_signed_by(s, s->agent->keys->logs[1]));
    OK(own_keys_settle(k));
    assert_int_equal(k->keys.count, 2);
    assert_true(k->keys.v[0].is_witnessed && !k->keys.v[1].is_witnessed);
    assert_int_equal(told(s, "\"added\""), 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, own_stage_tear_down)

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    deployment = argv[1];
    const struct CMUnitTest tests[] = {
        CASE(each_key_that_comes_or_goes_is_an_entry),
        CASE(a_key_signs_after_its_entry_and_not_before),
        CASE(a_store_of_before_has_the_key_of_its_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
