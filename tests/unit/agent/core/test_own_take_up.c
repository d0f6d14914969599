/* A store that was put back to an old copy takes up what its own log published since, and goes on from there without a fork;
 * what is not that log is taken up in no part. argv[1]: a deployment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/log/keeping.h"
#include "agent/log/take_up.h"
#include "agent/log/witnessed_internal.h"
#include "agent/own_log.h"
#include "agent/store/store.h"
#include "proto/host/kv_fault.h"
#include "proto/host/tiles.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"
#include "tests/unit/agent/core/fake_broker.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define WAIT_MS 60000
#define HEADS_LOST 12u
#define ASKED_MS 600000
#define STEPS 2000u /* store calls that fail, one after the other */

static const char *deployment;
static const struct agent_part *const parts[] = {&core_part, &log_part, NULL};
static const struct agent_part *const none[] = {NULL};
static char folder[320]; /* of the published log */

/* Nothing else works on the store. */
static bool is_idle(struct stage *s)
{
    return writer_pending(s->agent->writer, WRITER_INTERACTIVE) == 0 &&
           writer_pending(s->agent->writer, WRITER_BULK) == 0 && worker_pending(s->agent->workers) == 0;
}

static bool is_quiet(struct stage *s)
{
    return !log_keeper_is_busy(s->agent->log_keeping->keeper) && is_idle(s);
}

static uint64_t publish(struct stage *s)
{
    log_keeper_tick(s->agent->log_keeping->keeper);
    assert_true(stage_until(s, is_quiet, WAIT_MS));
    return log_keeper_size(s->agent->log_keeping->keeper);
}

static void begin_again(struct stage *s, const struct agent_part *const *with)
{
    s->parts = with;
    stage_restart(s);
}

/* Two standing requests, one of them with its words gone; what is in them does not count here. */
static enum err stand_job(struct kv_txn *txn, void *arg)
{
    struct stage *s = arg;
    OK(store_put(s->agent->store, txn, STORE_STANDING, bytes_str("one"), bytes_str("row")));
    OK(store_put(s->agent->store, txn, STORE_STANDING, bytes_str("two"), bytes_str("row")));
    return store_put(s->agent->store, txn, STORE_STANDING_WORDS, bytes_str("one"), bytes_str("words"));
}

static uint64_t stand(struct stage *s)
{
    static const enum store_table tables[] = {STORE_STANDING, STORE_STANDING_WORDS};
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    uint64_t n = 0;
    OK(kv_read_begin(s->agent->kv, &txn));
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        struct kv_table_stats stats;
        OK(kv_table_stats(txn, store_kv_table(s->agent->store, tables[i]), &stats));
        n += stats.entries;
    }
    return n;
}

/* A head, a copy of the store, and more heads with an entry that only the lost store has. */
static int set_up(void **state)
{
    static struct stage stage;
    struct stage *s = &stage;
    char copy[300];
    memset(s, 0, sizeof *s);
    stage_open(s, deployment, parts);
    s->fake.is_mute = true;
    (void)publish(s);
    OK(writer_run(s->agent->writer, stand_job, s));
    snprintf(folder, sizeof folder, "%s", s->agent->log_keeping->dir);
    snprintf(copy, sizeof copy, "%.280s-copy", s->store);
    OK(kv_backup(s->agent->kv, copy, NULL));
    OK(own_log_say(s->agent, AUDIT_EVENT_ITEM_RAISED));
    for (unsigned i = 0; i < HEADS_LOST; i++)
        (void)publish(s);
    snprintf(s->store, sizeof s->store, "%s", copy);
    s->config->own_log_dir = folder;
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *s = *state;
    s->config->own_log_dir = NULL;
    stage_close(s);
    return 0;
}

static void read_checkpoint(struct buf *out)
{
    CLEANUP(cleanup_tiles_free) struct tiles *tiles = NULL;
    OK(tiles_open(folder, &tiles, NULL));
    OK(tiles_checkpoint(tiles, out, NULL));
}

static uint64_t size_of(const struct buf *file)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    struct note note;
    struct checkpoint c;
    OK(note_parse(buf_bytes(file), a, &note, NULL));
    OK(checkpoint_parse(note.text, &c));
    return c.size;
}

static size_t lost_rows(struct stage *s)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    const struct log_tables *t = logbook_tables(own_log_book(s->agent->own_log));
    struct log_head head;
    size_t n = 0;
    OK(kv_read_begin(s->agent->kv, &txn));
    OK(log_get_head(t, txn, &head));
    for (uint64_t i = 0; i < head.size; i++) {
        struct digest entry;
        struct log_row row;
        OK(log_entry_at(t, txn, i, &entry));
        n += log_get_row(t, txn, &entry, &row) == ERR_OK && row.is_lost;
    }
    return n;
}

/* What the log says of it, in whatever body it stands. */
static bool is_told(struct stage *s, const char *what)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    const struct log_tables *t = logbook_tables(own_log_book(s->agent->own_log));
    struct bytes key;
    bool found = false;
    OK(kv_read_begin(s->agent->kv, &txn));
    OK(kv_iter_new(txn, t->bodies, bytes_of(NULL, 0), &it));
    while (kv_iter_next(it, &key, NULL) == ERR_OK) {
        CLEANUP(buf_free) struct buf json = buf_new(AUDIT_BODY_MAX);
        struct digest entry;
        memcpy(entry.b, key.ptr, sizeof entry.b);
        OK(logbook_open_body(own_log_book(s->agent->own_log), txn, &entry, &json));
        found |= strstr(buf_text(&json), "log.taken-up") != NULL && strstr(buf_text(&json), what) != NULL;
    }
    return found;
}

static uint64_t since(struct stage *s)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    uint64_t at_s = 0;
    OK(kv_read_begin(s->agent->kv, &txn));
    OK(store_get_number(s->agent->store, txn, TOUCH_SINCE, &at_s));
    return at_s;
}

static void the_log_goes_on_from_what_was_published(void **state)
{
    struct stage *s = *state;
    struct errmsg why = {""};
    CLEANUP(buf_free) struct buf before = buf_new(NOTE_MAX_BYTES);
    read_checkpoint(&before);
    begin_again(s, parts);
    assert_true(s->agent->log_keeping->is_forked); /* an old copy, as it is */
    assert_int_equal(stand(s), 3);
    begin_again(s, none);
    assert_int_equal(own_log_take_up(s->agent, folder, &why), ERR_OK);
    assert_int_equal(lost_rows(s), 1);
    assert_true(since(s) > 0 && since(s) <= (uint64_t)agent_now_s(s->agent));
    assert_true(is_told(s, "\"lost\":1"));
    assert_int_equal(stand(s), 0); /* somebody may have ended them since */
    assert_true(is_told(s, "\"standing\":2"));
    assert_int_equal(own_log_take_up(s->agent, folder, &why), ERR_STATE);
    assert_non_null(strstr(why.text, "has all of it"));
    begin_again(s, parts);
    assert_false(s->agent->log_keeping->is_forked);
    OK(log_keeper_contains(s->agent->log_keeping->keeper, buf_bytes(&before)));
    s->agent->log_keeping->witnessed->well_ms -= ASKED_MS; /* nobody answers whether it is an old copy */
    assert_true(publish(s) > size_of(&before));
    OK(log_keeper_contains(s->agent->log_keeping->keeper, buf_bytes(&before)));
    assert_int_equal(lost_rows(s), 1);
}

/* In one transaction, whatever call of the store fails. */
static void it_is_taken_up_whole_or_not_at_all(void **state)
{
    struct stage *s = *state;
    unsigned failed = 0;
    enum err bad = ERR_IO;
    begin_again(s, none);
    assert_true(stage_until(s, is_idle, WAIT_MS));
    for (unsigned step = 1; step < STEPS && bad != ERR_OK; step += 1 + step / 8) {
        struct errmsg why = {""};
        kv_fault_set(s->agent->kv, step, ERR_IO);
        bad = own_log_take_up(s->agent, folder, &why);
        kv_fault_set(s->agent->kv, 0, ERR_OK);
        failed += bad != ERR_OK;
        assert_int_equal(lost_rows(s), bad == ERR_OK);
    }
    assert_true(failed >= 10);
    OK(bad);
}

static void what_is_not_that_log_is_taken_up_in_no_part(void **state)
{
    struct stage *s = *state;
    struct errmsg why = {""};
    char path[400];
    char away[420];
    CLEANUP(buf_free) struct buf note = buf_new(NOTE_MAX_BYTES);
    CLEANUP(buf_free) struct buf other = buf_new(NOTE_MAX_BYTES);
    CLEANUP(cleanup_tiles_free) struct tiles *tiles = NULL;
    begin_again(s, none);
    read_checkpoint(&note);
    buf_put(&other, buf_bytes(&note));
    other.ptr[strchr(buf_text(&other), '\n') + 1 - buf_text(&other)] ^= 1; /* another size than was signed */
    OK(tiles_open(folder, &tiles, NULL));
    OK(tiles_set_checkpoint(tiles, buf_bytes(&other), &why));
    assert_int_equal(own_log_take_up(s->agent, folder, &why), ERR_SIGNATURE);
    OK(tiles_set_checkpoint(tiles, buf_bytes(&note), &why));
    snprintf(path, sizeof path, "%s/tile/entries", folder);
    snprintf(away, sizeof away, "%s-away", path);
    assert_int_equal(rename(path, away), 0);
    assert_int_equal(own_log_take_up(s->agent, folder, &why), ERR_NOT_FOUND);
    assert_int_equal(rename(away, path), 0);
    assert_int_equal(lost_rows(s), 0);
    snprintf(s->store + strlen(s->store), sizeof s->store - strlen(s->store), "-new");
    begin_again(s, none); /* a store that never ran has another filler key */
    assert_int_equal(own_log_take_up(s->agent, folder, &why), ERR_STATE);
    assert_non_null(strstr(why.text, "no copy"));
    s->config->own_log_dir = NULL; /* and so has one that went its own way */
    begin_again(s, parts);
    (void)publish(s);
    begin_again(s, none);
    assert_int_equal(own_log_take_up(s->agent, folder, &why), ERR_MISMATCH);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    deployment = argv[1];
    const struct CMUnitTest tests[] = {
        CASE(the_log_goes_on_from_what_was_published),
        CASE(it_is_taken_up_whole_or_not_at_all),
        CASE(what_is_not_that_log_is_taken_up_in_no_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
