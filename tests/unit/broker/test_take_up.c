/* broker/take_up: a restored store takes up the log that was published after the copy was made, and goes on from its newest
 * head; what is not that log is taken up in no part. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "broker/audit.h"
#include "broker/bodies.h"
#include "broker/keys.h"
#include "broker/publisher.h"
#include "broker/store/meta.h"
#include "broker/store/store.h"
#include "broker/take_up.h"
#include "pki/digest.h"
#include "pki/note.h"
#include "proto/host/file.h"
#include "proto/host/kv_fault.h"
#include "proto/host/tiles.h"
#include "proto/host/writer.h"
#include "tests/unit/broker/bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define ROUNDS 20u /* of a block of 16 at least: over one bundle of entries */
#define STEPS 400u

static struct bench bench;
static struct digest known, waiting, lost; /* entries: in the copy, waiting in it, after it */
static struct log_head newest;             /* of the store that was lost */
static char folder[200];                   /* its published log */

/* ---- a broker that loses its store ---- */

struct append {
    struct turn_audit what;
    struct digest entry;
};

static enum err append_job(struct kv_txn *txn, void *arg)
{
    static const struct message_id message = {{7, 1}};
    struct append *a = arg;
    return audit_append(bench.broker.audit, txn, &a->what, &bench.view.members[BENCH_ALFA].id, &message, BENCH_NOW_S,
                        &a->entry);
}

static struct digest append(void)
{
    struct append a = {.what = {.event = AUDIT_EVENT_REQUEST_ACCEPTED}};
    OK(writer_run(bench.broker.writer, append_job, &a));
    return a.entry;
}

static void publish(void)
{
    publisher_tick(bench.broker.publisher);
    bench_settle(&bench);
}

static struct log_head head_now(void)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct log_head h;
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(log_get_head(&bench.broker.store->log, txn, &h));
    return h;
}

static enum err mark_job(struct kv_txn *txn, void *arg)
{
    const bool *is_copy = arg;
    return *is_copy ? meta_set_restored(bench.broker.store, txn, 0) : meta_clear_restored(bench.broker.store, txn);
}

static void mark(bool is_copy)
{
    OK(writer_run(bench.broker.writer, mark_job, &is_copy));
}

static void path_of(const char *name, char out[static 200])
{
    snprintf(out, 200, "%s/%s", bench.tmp.dir, name);
}

static void move(const char *from, const char *to)
{
    char a[200];
    char b[200];
    path_of(from, a);
    path_of(to, b);
    assert_int_equal(rename(a, b), 0);
}

/* Yesterday's copy in the place of the store, and no published log beside it. */
static void lose_store(void)
{
    bench_stop(&bench);
    move("store", "lost");
    move("copy", "store");
    move("tiles", "published");
    bench_start(&bench);
    mark(true);
}

static int setup(void **state)
{
    char copy[200];
    struct errmsg why = {""};
    (void)state;
    bench_open(&bench, NULL, 0);
    path_of("copy", copy);
    path_of("published", folder);
    known = append();
    publish();
    waiting = append();
    OK(kv_backup(bench.broker.kv, copy, &why));
    publish();
    lost = append();
    for (unsigned i = 0; i < ROUNDS; i++)
        publish();
    newest = head_now();
    assert_true(newest.size > 256);
    lose_store();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bench_close(&bench);
    return 0;
}

/* ---- looking ---- */

static uint64_t place_of(const struct digest *entry)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct log_row row;
    OK(kv_read_begin(bench.broker.kv, &txn));
    const enum err e = log_get_row(&bench.broker.store->log, txn, entry, &row);
    if (e == ERR_NOT_FOUND)
        return 0;
    OK(e);
    return row.index;
}

static size_t waiting_entries(const struct digest *entry, const char *event)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct digest all[64];
    size_t n = 0;
    size_t found = 0;
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(log_pending(&bench.broker.store->log, txn, all, ARRAY_LEN(all), &n));
    for (size_t i = 0; i < n; i++) {
        CLEANUP(buf_free) struct buf body = buf_new(AUDIT_BODY_MAX);
        OK(audit_open_body(bench.broker.audit, txn, &all[i], &body));
        found += entry != NULL ? digest_equal(entry, &all[i]) : strstr(buf_text(&body), event) != NULL;
    }
    return found;
}

static bool stands_in_tree(const struct digest *entry)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct digest e;
    OK(kv_read_begin(bench.broker.kv, &txn));
    for (uint64_t i = 0; log_entry_at(&bench.broker.store->log, txn, i, &e) == ERR_OK; i++)
        if (digest_equal(&e, entry))
            return true;
    return false;
}

static bool is_forked(void)
{
    return (bench.broker.closed & 1u << GATE_FORKED) != 0;
}

static void read_note(const char *dir, struct buf *out)
{
    CLEANUP(cleanup_tiles_free) struct tiles *t = NULL;
    struct errmsg why = {""};
    OK(tiles_open(dir, &t, &why));
    OK(tiles_checkpoint(t, out, &why));
}

/* The root of the published tiles, computed from their entries alone, is that of the checkpoint. Its size. */
static uint64_t check_published(void)
{
    CLEANUP(cleanup_tiles_free) struct tiles *t = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    CLEANUP(buf_free) struct buf text = buf_new(NOTE_MAX_BYTES);
    struct errmsg why = {""};
    struct note note;
    struct checkpoint c;
    struct digest root;
    OK(tiles_open(bench.config.tiles, &t, &why));
    OK(tiles_checkpoint(t, &text, &why));
    OK(note_parse(buf_bytes(&text), a, &note, &why));
    OK(checkpoint_parse(note.text, &c));
    const struct tile_source source = tiles_source(t);
    CLEANUP(cleanup_tile_nodes_free) struct tile_nodes *nodes = tile_nodes_new(digest_sha256, &source, c.size);
    const struct node_reader reader = tile_nodes_reader(nodes);
    OK(prove_root(digest_sha256, &reader, c.size, &root));
    assert_true(digest_equal(&root, &c.root));
    return c.size;
}

/* ---- the tests ---- */

static void the_log_goes_on_from_its_newest_head(void **state)
{
    (void)state;
    struct errmsg why = {""};
    CLEANUP(buf_free) struct buf note = buf_new(NOTE_MAX_BYTES);
    read_note(folder, &note);
    assert_int_equal(publisher_contains(bench.broker.publisher, buf_bytes(&note)), ERR_MISMATCH);
    assert_int_equal(place_of(&waiting), LOG_NOT_PLACED);
    const uint64_t at = place_of(&known);
    OK(take_up(&bench.broker, &(struct take_up_from){.dir = folder}, &why));
    const struct log_head after = head_now();
    assert_int_equal(after.size, newest.size);
    assert_true(digest_equal(&after.root, &newest.root));
    assert_int_equal(place_of(&known), at);
    assert_in_range(place_of(&waiting), 1, newest.size - 1);
    assert_int_equal(waiting_entries(&waiting, ""), 0);
    assert_true(stands_in_tree(&lost));
    assert_int_equal(waiting_entries(NULL, "\"log.taken-up\""), 1);
    assert_int_equal(waiting_entries(NULL, "\"lost\":1"), 1); /* fillers are not */
    bench_restart(&bench); /* publishes all of it anew, into an empty folder */
    assert_false(is_forked());
    OK(publisher_contains(bench.broker.publisher, buf_bytes(&note)));
    assert_int_equal(check_published(), newest.size);
    publish();
    assert_true(check_published() > newest.size);
}

/* What an auditor, or a member, is told of the entries of this log. */
static void states(bool is_auditor, size_t *present, size_t *lost_rows)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 << 20);
    struct bodies_read r = {.is_auditor = is_auditor, .agency = bench.view.members[BENCH_ALFA].id, .max_rows = 1000, .max_bytes = 1u << 20};
    struct bodies_reply reply = {.next_index = 0};
    *present = *lost_rows = 0;
    do {
        r.from = reply.next_index;
        OK(bodies_answer(&bench.broker, &r, a, &reply));
        for (size_t i = 0; i < reply.row_count; i++) {
            *present += reply.rows[i].body.len > 0;
            *lost_rows += reply.rows[i].is_lost;
            assert_false(reply.rows[i].is_erased);
            assert_true(!reply.rows[i].is_lost || digest_equal(&reply.rows[i].entry, &lost));
        }
    } while (reply.next_index != 0);
}

/* An auditor can tell what is lost from fillers and from what was erased; to others it is one more entry without a body. */
static void an_entry_whose_body_is_lost_says_so(void **state)
{
    (void)state;
    struct errmsg why = {""};
    size_t present = 0;
    size_t lost_rows = 0;
    OK(take_up(&bench.broker, &(struct take_up_from){.dir = folder}, &why));
    bench_restart(&bench);
    publish();
    states(true, &present, &lost_rows);
    assert_int_equal(lost_rows, 1);
    assert_true(present >= 3); /* log.started, and the two of the copy */
    states(false, &present, &lost_rows);
    assert_int_equal(lost_rows, 0);
}

/* Where the folder of tiles was not lost it is the one that stands. */
static void a_folder_that_was_not_lost_stays(void **state)
{
    (void)state;
    struct errmsg why = {""};
    OK(take_up(&bench.broker, &(struct take_up_from){.dir = folder}, &why));
    bench_stop(&bench);
    move("tiles", "empty");
    move("published", "tiles");
    bench_start(&bench);
    assert_false(is_forked());
    assert_int_equal(check_published(), newest.size);
    publish();
    assert_true(check_published() > newest.size);
}

static void nothing_is_taken_up(enum err expected)
{
    struct errmsg why = {""};
    const struct log_head before = head_now();
    const enum err e = take_up(&bench.broker, &(struct take_up_from){.dir = folder}, &why);
    if (e != expected)
        fail_msg("%s, not %s: %s", err_text(e), err_text(expected), why.text);
    const struct log_head after = head_now();
    assert_int_equal(after.size, before.size);
    assert_true(digest_equal(&after.root, &before.root));
    assert_int_equal(place_of(&waiting), LOG_NOT_PLACED);
    assert_int_equal(waiting_entries(NULL, "\"log.taken-up\""), 0);
}

static void a_store_that_is_no_copy_takes_up_nothing(void **state)
{
    (void)state;
    struct errmsg why = {""};
    mark(false);
    nothing_is_taken_up(ERR_STATE);
    mark(true);
    OK(take_up(&bench.broker, &(struct take_up_from){.dir = folder}, &why));
    assert_int_equal(take_up(&bench.broker, &(struct take_up_from){.dir = folder}, &why), ERR_STATE); /* it has all of it */
}

/* Each file of the folder that is needed, changed or gone. */
static void what_is_not_that_log_is_taken_up_in_no_part(void **state)
{
    (void)state;
    static const char *const files[] = {"tile/entries/000", "checkpoint"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[300];
        CLEANUP(buf_free) struct buf file = buf_new((size_t)1 << 20);
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        OK(file_read(path, FILE_ANY, &file, NULL));
        uint8_t *at = &file.ptr[file.len - 5];
        const uint8_t was = *at;
        *at = was == 'A' ? 'B' : 'A'; /* in the checkpoint another signature in base64 */
        OK(file_write(path, buf_bytes(&file), 0644, NULL));
        nothing_is_taken_up(i == 0 ? ERR_MISMATCH : ERR_SIGNATURE);
        *at = was;
        OK(file_write(path, bytes_of(file.ptr, file.len / 2), 0644, NULL));
        nothing_is_taken_up(i == 0 ? ERR_TRUNCATED : ERR_INVALID);
        assert_int_equal(unlink(path), 0);
        nothing_is_taken_up(ERR_NOT_FOUND);
        OK(file_write(path, buf_bytes(&file), 0644, NULL));
    }
    struct errmsg why = {""};
    OK(take_up(&bench.broker, &(struct take_up_from){.dir = folder}, &why));
}

/* A copy that was used as it is has signed another history. */
static void a_store_that_went_another_way_takes_up_nothing(void **state)
{
    (void)state;
    struct errmsg why = {""};
    (void)append(); /* without it the blocks of both could be the same */
    publish();
    const struct log_head other = head_now();
    assert_int_equal(take_up(&bench.broker, &(struct take_up_from){.dir = folder}, &why), ERR_MISMATCH);
    assert_int_equal(head_now().size, other.size);
}

/* Where a quorum is asked for, tiles go further than the checkpoint: whoever cosigned has a greater head. */
static void tiles_behind_the_checkpoint_are_taken_up_by_a_head_that_somebody_has(void **state)
{
    (void)state;
    struct errmsg why = {""};
    char head[300];
    char checkpoint[300];
    CLEANUP(buf_free) struct buf note = buf_new(NOTE_MAX_BYTES);
    path_of("head", head);
    snprintf(checkpoint, sizeof checkpoint, "%s/checkpoint", folder);
    read_note(folder, &note);
    OK(file_write(head, buf_bytes(&note), 0644, NULL));
    assert_int_equal(unlink(checkpoint), 0);
    const struct take_up_from from = {folder, head};
    assert_int_equal(take_up(&bench.broker, &(struct take_up_from){.dir = folder}, &why), ERR_NOT_FOUND);
    OK(take_up(&bench.broker, &from, &why));
    assert_int_equal(head_now().size, newest.size);
    assert_true(stands_in_tree(&lost));
    why.text[0] = '\0';
    assert_int_equal(take_up(&bench.broker, &(struct take_up_from){folder, "/nonexistent"}, &why), ERR_NOT_FOUND);
}

static void a_head_that_another_key_signed_is_none(void **state)
{
    (void)state;
    struct key *key = NULL;
    OK(key_generate(KEY_TYPE_ED25519, &key));
    struct key *own = bench.broker.keys->log.keys[0];
    char room[BENCH_VKEY_MAX];
    const struct bytes listed = bench.view.roster.log_key;
    bench.broker.keys->log.keys[0] = key;
    bench.view.roster.log_key = bench_vkey(&bench, key, room);
    nothing_is_taken_up(ERR_SIGNATURE);
    bench.broker.keys->log.keys[0] = own;
    bench.view.roster.log_key = listed;
    key_free(key);
}

static void it_is_taken_up_as_a_whole_or_not_at_all(void **state)
{
    (void)state;
    struct errmsg why = {""};
    const uint64_t before = head_now().size;
    enum err e = ERR_IO;
    for (unsigned step = 1; step < STEPS && e != ERR_OK; step += 1 + step / 8) {
        kv_fault_set(bench.broker.kv, step, ERR_IO);
        e = take_up(&bench.broker, &(struct take_up_from){.dir = folder}, &why);
        kv_fault_set(bench.broker.kv, 0, ERR_OK);
        if (e == ERR_OK)
            break;
        assert_int_equal(head_now().size, before);
        assert_int_equal(place_of(&waiting), LOG_NOT_PLACED);
        assert_int_equal(waiting_entries(&waiting, ""), 1);
    }
    if (e != ERR_OK)
        OK(take_up(&bench.broker, &(struct take_up_from){.dir = folder}, &why));
    assert_int_equal(head_now().size, newest.size);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_log_goes_on_from_its_newest_head),
        CASE(an_entry_whose_body_is_lost_says_so),
        CASE(a_folder_that_was_not_lost_stays),
        CASE(a_store_that_is_no_copy_takes_up_nothing),
        CASE(what_is_not_that_log_is_taken_up_in_no_part),
        CASE(a_store_that_went_another_way_takes_up_nothing),
        CASE(tiles_behind_the_checkpoint_are_taken_up_by_a_head_that_somebody_has),
        CASE(a_head_that_another_key_signed_is_none),
        CASE(it_is_taken_up_as_a_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
