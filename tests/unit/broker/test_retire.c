/* broker/retire: a log ends with the entry that names its successor, nothing comes behind it, and the successor begins in the
 * same store where store and roster agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "broker/audit.h"
#include "broker/mailboxes.h"
#include "broker/retire.h"
#include "broker/store/meta.h"
#include "broker/store/store.h"
#include "pki/logbook/log_end.h"
#include "proto/host/file.h"
#include "proto/host/kv_fault.h"
#include "proto/host/writer.h"
#include "proto/msg/reply.h"
#include "tests/unit/broker/retire_stage.h"

#define STEPS 600u

/* ---- the end ---- */

static void a_log_ends_with_the_entry_that_names_its_successor(void **state)
{
    (void)state;
    struct log_end end;
    const struct log_head before = head_now();
    (void)append();
    retire_and_show();
    OK(end_now(&end));
    assert_true(bytes_is(end.origin, OLD));
    assert_true(bytes_is(end.successor, NEW));
    assert_true(end.size > before.size);
    assert_int_equal(bench_pending(&bench), 0);
    assert_int_equal(placed_with(before.size, "\"log.retired\""), 1);
    assert_int_equal(placed_with(before.size, NEW), 1);
    assert_int_equal(publisher_size(bench.broker.publisher), end.size);
    assert_int_equal(broker_gate(&bench.broker), GATE_RETIRED);
}

static enum err append_many_job(struct kv_txn *txn, void *arg)
{
    struct digest entry;
    enum err e = ERR_OK;
    for (unsigned i = 0; e == ERR_OK && i < *(const unsigned *)arg; i++)
        e = append_job(txn, &entry);
    return e;
}

/* More waits than one block takes: the entry stands in the last of them. */
static void it_stands_in_the_last_block(void **state)
{
    (void)state;
    struct log_end end;
    unsigned many = 4100;
    OK(writer_run(bench.broker.writer, append_many_job, &many));
    retire();
    OK(end_now(&end));
    assert_int_equal(bench_pending(&bench), 0);
    assert_int_equal(placed_with(0, "\"log.retired\""), 1);
    assert_int_equal(placed_with(end.size - 128, "\"log.retired\""), 1);
}

static void nothing_comes_behind_it(void **state)
{
    (void)state;
    retire_and_show();
    const struct log_head last = head_now();
    (void)append();
    for (unsigned i = 0; i < 3; i++)
        publish();
    bench_restart(&bench);
    publish();
    const struct log_head after = head_now();
    assert_int_equal(after.size, last.size);
    assert_true(digest_equal(&after.root, &last.root));
    assert_int_equal(bench_pending(&bench), 1);
}

static void a_log_ends_once(void **state)
{
    (void)state;
    struct errmsg why = {""};
    retire();
    const struct log_head last = head_now();
    assert_int_equal(retire_log(&bench.broker, NEW, &why), ERR_EXISTS);
    assert_int_equal(retire_log(&bench.broker, "sluis.example/third", &why), ERR_CONFLICT);
    assert_int_equal(head_now().size, last.size);
    assert_int_equal(placed_with(0, "\"log.retired\""), 1);
}

static enum err mark_job(struct kv_txn *txn, void *arg)
{
    (void)arg;
    return meta_set_restored(bench.broker.store, txn, 0);
}

static void what_is_no_successor_ends_no_log(void **state)
{
    (void)state;
    struct errmsg why = {""};
    struct log_end end;
    static const char *const bad[] = {"", "with space", "with+plus"};
    struct roster *r = &bench.view.roster;
    former = (struct roster_former_origin){.origin = bytes_str("sluis.example/before")};
    r->former_origins = &former;
    r->former_origin_count = 1;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(retire_log(&bench.broker, bad[i], &why), ERR_INVALID);
    assert_int_equal(retire_log(&bench.broker, OLD, &why), ERR_CONFLICT);
    assert_int_equal(retire_log(&bench.broker, "sluis.example/before", &why), ERR_CONFLICT);
    OK(writer_run(bench.broker.writer, mark_job, NULL));
    assert_int_equal(retire_log(&bench.broker, NEW, &why), ERR_STATE); /* a copy that waits */
    assert_int_equal(end_now(&end), ERR_NOT_FOUND);
}

/* An old copy of the store that nobody marked: the folder has what it lacks. */
static void an_old_copy_ends_no_log(void **state)
{
    (void)state;
    struct errmsg why = {""};
    struct log_end end;
    CLEANUP(cleanup_tiles_free) struct tiles *t = NULL;
    CLEANUP(buf_free) struct buf later = buf_new(NOTE_MAX_BYTES);
    read_last_note();
    const char *rest = strchr(strchr(buf_text(&last_note), '\n') + 1, '\n');
    buf_printf(&later, OLD "\n%llu%s", (unsigned long long)head_now().size + 16, rest);
    OK(tiles_open(old_tiles, &t, &why));
    OK(tiles_set_checkpoint(t, buf_bytes(&later), &why));
    assert_int_equal(retire_log(&bench.broker, NEW, &why), ERR_STATE);
    assert_int_equal(end_now(&end), ERR_NOT_FOUND);
    OK(tiles_set_checkpoint(t, buf_bytes(&last_note), &why));
    OK(retire_log(&bench.broker, NEW, &why));
}

/* A promise names the log in which its entry will stand: behind the end there is none. */
static void behind_a_closed_gate_nobody_is_promised_anything(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    struct envelope e;
    struct refused r;
    retire_and_show();
    bench_session(&bench, BENCH_ALFA, SESSION_OPEN);
    const struct bench_message m = bench_message(&bench, BENCH_ALFA, MSG_BATCH, bytes_str("x"));
    bench_send(&bench, &m);
    bench_answer(&bench, a, &e);
    assert_int_equal(e.kind, MSG_REFUSED);
    OK(refused_decode(e.body, a, &r, NULL));
    assert_int_equal(r.code, REFUSED_CLOSED);
    assert_int_equal(r.promise.len, 0);
    assert_int_equal(bench_pending(&bench), 0);
}

static void it_ends_as_a_whole_or_not_at_all(void **state)
{
    (void)state;
    struct errmsg why = {""};
    struct log_end end;
    const uint64_t before = head_now().size;
    enum err e = ERR_IO;
    (void)append();
    for (unsigned step = 1; step < STEPS && e != ERR_OK; step += 1 + step / 8) {
        kv_fault_set(bench.broker.kv, step, ERR_IO);
        e = retire_log(&bench.broker, NEW, &why);
        kv_fault_set(bench.broker.kv, 0, ERR_OK);
        if (e == ERR_OK)
            break;
        assert_int_equal(end_now(&end), ERR_NOT_FOUND);
        assert_int_equal(head_now().size, before);
        assert_int_equal(bench_pending(&bench), 1);
    }
    OK(e);
    OK(end_now(&end));
}

/* ---- the successor ---- */

static void begin(void)
{
    struct errmsg why = {""};
    name_successor();
    if (retire_begin(&bench.broker, archive, &why) != ERR_OK)
        fail_msg("%s", why.text);
}

static size_t rows_in(struct kv_table t)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct kv_table_stats stats;
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(kv_table_stats(txn, t, &stats));
    return (size_t)stats.entries;
}

/* No list of the log of before stays, and what waited, whose terms were of its key, stands on those of words alone. */
static void lists_begin_anew(void)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct log_listed listed;
    assert_int_equal(rows_in(tables()->index), 0);
    assert_int_equal(rows_in(tables()->named), 0);
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(log_index_listed(tables(), txn, &listed));
    assert_true(listed.words_from == 0 && listed.all_from == LOG_BLOCK_MOST);
}

static void its_successor_begins_in_the_same_store(void **state)
{
    (void)state;
    struct errmsg why = {""};
    struct log_end end;
    char root[2 * sizeof(struct digest) + 1] = "";
    retire_and_show();
    OK(end_now(&end));
    for (size_t i = 0; i < sizeof end.root.b; i++)
        (void)snprintf(root + 2 * i, 3, "%02x", end.root.b[i]);
    const struct digest waited = append();
    assert_true(rows_in(tables()->named) > 0);
    begin();
    lists_begin_anew();
    bench_restart(&bench);
    bench.broker.closed = 0; /* of the process before */
    OK(retire_check(&bench.broker, &why));
    assert_true(broker_is_open(&bench.broker));
    publish();
    assert_int_equal(end_now(&end), ERR_NOT_FOUND);
    assert_int_equal(placed_with(0, "\"log.started\""), 1);
    assert_int_equal(placed_with(0, "\"predecessor_origin\":\"" OLD "\""), 1);
    assert_int_equal(placed_with(0, root), 1);
    assert_int_equal(placed_with(0, "\"request.matched\""), 1); /* that which waited, and nothing of before */
    assert_int_equal(placed_with(0, "\"log.retired\""), 0);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct log_row row;
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(log_get_row(tables(), txn, &waited, &row));
    assert_true(row.index < head_now().size);
}

/* As the files of before name it. */
static void name_old(void)
{
    struct roster *r = &bench.view.roster;
    bench.config.origin = OLD;
    bench.config.tiles = old_tiles;
    r->log_origin = bytes_str(OLD);
    r->log_key = keys[0];
    r->former_origin_count = 0;
}

static enum err only_data(void *arg, const char *name)
{
    (void)arg;
    return strcmp(name, "data.mdb") == 0 ? ERR_OK : ERR_EXISTS;
}

static void begins_not(enum err expected)
{
    struct errmsg why = {""};
    struct log_end end;
    const enum err e = retire_begin(&bench.broker, archive, &why);
    if (e != expected)
        fail_msg("%s, not %s: %s", err_text(e), err_text(expected), why.text);
    assert_true(why.text[0] != '\0');
    OK(end_now(&end));
    assert_int_equal(head_now().size, end.size);
    assert_false(file_exists(archive));
}

/* What a copy left that was broken off keeps the next one from nothing; what lies there otherwise does. */
static void a_copy_that_was_broken_off_is_made_again(void **state)
{
    (void)state;
    struct errmsg why = {""};
    char left[300];
    char file[400];
    retire_and_show();
    OK(file_make_dir(archive, &why));
    snprintf(left, sizeof left, "%s/copy.tmp-a1b2c3", archive);
    OK(file_make_dir(left, &why));
    snprintf(file, sizeof file, "%s/data.mdb", left);
    OK(file_write(file, bytes_str("half of it"), 0600, &why));
    snprintf(file, sizeof file, "%s/notes", archive);
    OK(file_write(file, bytes_str("of the operator"), 0600, &why));
    name_successor();
    assert_int_equal(retire_begin(&bench.broker, archive, &why), ERR_EXISTS);
    assert_true(file_exists(file));
    OK(file_remove(file, &why));
    OK(retire_begin(&bench.broker, archive, &why));
    assert_false(file_exists(left));
    snprintf(file, sizeof file, "%s/data.mdb", archive);
    assert_true(file_exists(file));
    assert_int_equal(file_list(archive, only_data, NULL), ERR_OK);
}

/* Under the configuration and roster of before the copy shows what it has, and is as closed as it was. */
static void what_was_is_in_the_archive(void **state)
{
    (void)state;
    struct errmsg why = {""};
    char store[200];
    char gone[200];
    retire_and_show();
    const struct log_head last = head_now();
    begin();
    assert_int_equal(retire_begin(&bench.broker, archive, &why), ERR_STATE); /* once */
    name_old();
    bench_stop(&bench);
    path_of("store", store);
    path_of("second-store", gone);
    assert_int_equal(rename(store, gone), 0);
    assert_int_equal(rename(archive, store), 0);
    bench.broker.closed = 0;
    bench_start(&bench);
    OK(retire_check(&bench.broker, &why));
    assert_int_equal(broker_gate(&bench.broker), GATE_RETIRED);
    (void)append();
    publish();
    assert_int_equal(head_now().size, last.size);
    assert_int_equal(placed_with(0, "\"log.retired\""), 1);
    assert_int_equal(placed_with(0, "\"request.matched\""), 1);
    name_successor();
    begins_not(ERR_STATE); /* nor does the successor begin a second time, in the copy */
}

static void where_store_configuration_and_roster_differ_nothing_begins(void **state)
{
    (void)state;
    struct errmsg why = {""};
    struct roster *r = &bench.view.roster;
    assert_int_equal(retire_begin(&bench.broker, archive, &why), ERR_STATE); /* it has not ended */
    retire_and_show();
    name_successor();
    former.size++;
    begins_not(ERR_MISMATCH);
    former.size--;
    former.root.b[3] ^= 1;
    begins_not(ERR_MISMATCH);
    former.root.b[3] ^= 1;
    former.origin = bytes_str("sluis.example/other");
    begins_not(ERR_MISMATCH);
    former.origin = bytes_str(OLD);
    r->former_origin_count = 0;
    begins_not(ERR_MISMATCH);
    r->former_origin_count = 1;
    bench.config.origin = "sluis.example/third";
    begins_not(ERR_MISMATCH);
    bench.config.origin = NEW;
    OK(retire_begin(&bench.broker, archive, &why));
}

/* --begin-log asks this of the roster in the files before the store accepts it, while the one of before is in force. */
static void a_roster_is_judged_before_it_is_in_force(void **state)
{
    (void)state;
    static struct view next;
    struct errmsg why = {""};
    retire_and_show();
    name_successor();
    next = bench.view;
    name_old();
    bench.config.origin = NEW;
    OK(retire_check_begin(&bench.broker, &next, &why));
    next.roster.former_origin_count = 0;
    assert_int_equal(retire_check_begin(&bench.broker, &next, &why), ERR_MISMATCH);
    next.roster.former_origin_count = 1;
    former.size++;
    assert_int_equal(retire_check_begin(&bench.broker, &next, &why), ERR_MISMATCH);
    former.size--;
    former.root.b[0] ^= 1;
    assert_int_equal(retire_check_begin(&bench.broker, &next, &why), ERR_MISMATCH);
    former.root.b[0] ^= 1;
    bench.config.origin = "sluis.example/third";
    assert_int_equal(retire_check_begin(&bench.broker, &next, &why), ERR_MISMATCH);
    bench.config.origin = NEW;
    OK(retire_check_begin(&bench.broker, &next, &why));
}

/* Its last head was signed, and is in no folder yet. */
static void what_is_not_published_is_published_first(void **state)
{
    (void)state;
    struct errmsg why = {""};
    retire();
    name_successor();
    begins_not(ERR_STATE);
    name_old();
    bench_restart(&bench);
    publish();
    name_successor();
    OK(retire_begin(&bench.broker, archive, &why));
}

static enum err promise_many_job(struct kv_txn *txn, void *arg)
{
    const struct turn_audit what = {.event = AUDIT_EVENT_REQUEST_ACCEPTED};
    struct digest entry;
    enum err e = ERR_OK;
    for (unsigned i = 0; e == ERR_OK && i < *(const unsigned *)arg; i++) {
        const struct message_id id = {{(uint8_t)i, 1}};
        e = audit_append(bench.broker.audit, txn, &what, &bench.view.members[BENCH_ALFA].id, &id, BENCH_NOW_S, &entry);
    }
    return e;
}

static enum err fetch_mail_job(struct kv_txn *txn, void *arg)
{
    (void)arg;
    return mailbox_ack(bench.broker.mailboxes, txn, &bench.view.members[BENCH_ALFA].id, bench.config.mailbox_messages);
}

/* A full mailbox keeps its agency's last proofs waiting: with the rows of the log they would be gone. */
static void proofs_that_are_owed_are_given_out_first(void **state)
{
    (void)state;
    struct errmsg why = {""};
    unsigned many = (unsigned)bench.config.mailbox_messages + 2;
    OK(writer_run(bench.broker.writer, promise_many_job, &many));
    retire_and_show();
    name_successor();
    assert_int_equal(retire_begin(&bench.broker, archive, &why), ERR_STATE);
    assert_non_null(strstr(why.text, bench.view.members[BENCH_ALFA].id.oin));
    begins_not(ERR_STATE);
    OK(writer_run(bench.broker.writer, fetch_mail_job, NULL));
    name_old();
    for (unsigned i = 0; i < 2; i++)
        publish();
    name_successor();
    OK(retire_begin(&bench.broker, archive, &why));
}

static void it_begins_as_a_whole_or_not_at_all(void **state)
{
    (void)state;
    struct errmsg why = {""};
    struct log_end end;
    enum err e = ERR_IO;
    unsigned copies = 0;
    retire_and_show();
    (void)append();
    name_successor();
    const uint64_t last = head_now().size;
    for (unsigned step = 1; step < STEPS && e != ERR_OK; step += 1 + step / 8) {
        char dir[200];
        char data[300];
        snprintf(dir, sizeof dir, "%s/archive-%u", bench.tmp.dir, copies);
        kv_fault_set(bench.broker.kv, step, ERR_IO);
        e = retire_begin(&bench.broker, dir, &why);
        kv_fault_set(bench.broker.kv, 0, ERR_OK);
        if (e == ERR_OK)
            break;
        OK(end_now(&end));
        assert_int_equal(head_now().size, last);
        assert_int_equal(bench_pending(&bench), 1);
        snprintf(data, sizeof data, "%s/data.mdb", dir);
        copies += file_exists(data); /* before that it can be tried again in the same folder */
    }
    OK(e);
    assert_true(copies > 0);
    assert_int_equal(end_now(&end), ERR_NOT_FOUND);
    assert_int_equal(head_now().size, 0);
}

/* Store and log were lost: the new store begins behind the head that the roster names. */
static void a_new_store_begins_behind_the_log_that_was_lost(void **state)
{
    (void)state;
    struct errmsg why = {""};
    char from[200];
    char to[200];
    retire_and_show(); /* only for a head to name */
    name_successor();
    bench_stop(&bench);
    bench.broker.closed = 0;
    path_of("store", from);
    path_of("lost", to);
    assert_int_equal(rename(from, to), 0);
    bench_start(&bench);
    OK(retire_check(&bench.broker, &why));
    publish();
    assert_int_equal(placed_with(0, "\"predecessor_origin\":\"" OLD "\""), 1);
    assert_true(broker_is_open(&bench.broker));
}

/* ---- at start ---- */

static void a_store_or_folder_of_another_log_serves_nothing(void **state)
{
    (void)state;
    struct errmsg why = {""};
    OK(retire_check(&bench.broker, &why));
    bench.config.origin = NEW; /* only written into the file, with another folder */
    bench.config.tiles = new_tiles;
    assert_int_equal(retire_check(&bench.broker, &why), ERR_MISMATCH);
    bench.config.origin = OLD;
    bench.config.tiles = bench_tiles;
    retire_and_show();
    name_successor();
    assert_int_equal(retire_check(&bench.broker, &why), ERR_MISMATCH); /* the successor has not begun */
    OK(retire_begin(&bench.broker, archive, &why));
    OK(retire_check(&bench.broker, &why));
    bench.config.tiles = old_tiles; /* nothing is written over the old log */
    assert_int_equal(retire_check(&bench.broker, &why), ERR_MISMATCH);
    bench.config.tiles = new_tiles;
    bench.config.origin = OLD; /* and the store goes back to no log of before */
    bench_restart(&bench);
    publish();
    bench.config.origin = "sluis.example/third";
    assert_int_equal(retire_check(&bench.broker, &why), ERR_MISMATCH);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_log_ends_with_the_entry_that_names_its_successor),
        CASE(it_stands_in_the_last_block),
        CASE(nothing_comes_behind_it),
        CASE(a_log_ends_once),
        CASE(what_is_no_successor_ends_no_log),
        CASE(an_old_copy_ends_no_log),
        CASE(behind_a_closed_gate_nobody_is_promised_anything),
        CASE(it_ends_as_a_whole_or_not_at_all),
        CASE(its_successor_begins_in_the_same_store),
        CASE(a_copy_that_was_broken_off_is_made_again),
        CASE(what_was_is_in_the_archive),
        CASE(where_store_configuration_and_roster_differ_nothing_begins),
        CASE(a_roster_is_judged_before_it_is_in_force),
        CASE(what_is_not_published_is_published_first),
        CASE(proofs_that_are_owed_are_given_out_first),
        CASE(it_begins_as_a_whole_or_not_at_all),
        CASE(a_new_store_begins_behind_the_log_that_was_lost),
        CASE(a_store_or_folder_of_another_log_serves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
