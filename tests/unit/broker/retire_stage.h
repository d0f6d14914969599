/* A broker whose log ends, and whose configuration and roster name the next one; for tests of both. */
#ifndef SLUIS_TEST_RETIRE_STAGE_H
#define SLUIS_TEST_RETIRE_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "broker/audit.h"
#include "broker/keys.h"
#include "broker/publisher.h"
#include "broker/retire.h"
#include "broker/store/store.h"
#include "pki/logbook/log_end.h"
#include "pki/logbook/log_index.h"
#include "proto/host/tiles.h"
#include "proto/host/writer.h"
#include "proto/log/note.h"
#include "tests/unit/broker/bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define OLD "sluis.example/test"
#define NEW "sluis.example/second"

static struct bench bench;
static const char *bench_tiles;
static char old_tiles[200], new_tiles[200], archive[200];
static char old_key[BENCH_VKEY_MAX], new_key[BENCH_VKEY_MAX];
static struct buf last_note; /* the last head of the old log, as published */
static struct bytes keys[1];
static struct roster_former_origin former;

static inline void path_of(const char *name, char out[static 200])
{
    snprintf(out, 200, "%s/%s", bench.tmp.dir, name);
}

static inline struct log_tables *tables(void)
{
    return &bench.broker.store->log;
}

/* ---- entries ---- */

static inline enum err append_job(struct kv_txn *txn, void *arg)
{
    const struct turn_audit what = {.event = AUDIT_EVENT_REQUEST_MATCHED, .staff = {"00000000000000a1"}};
    return audit_append(bench.broker.audit, txn, &what, NULL, NULL, BENCH_NOW_S, arg);
}

static inline struct digest append(void)
{
    struct digest entry;
    OK(writer_run(bench.broker.writer, append_job, &entry));
    return entry;
}

static inline void publish(void)
{
    publisher_tick(bench.broker.publisher);
    bench_settle(&bench);
}

static inline struct log_head head_now(void)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct log_head h;
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(log_get_head(tables(), txn, &h));
    return h;
}

static inline enum err end_now(struct log_end *out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    OK(kv_read_begin(bench.broker.kv, &txn));
    return log_get_end(tables(), txn, out);
}

/* How many placed entries at or behind an index have this text in their bodies. */
static inline size_t placed_with(uint64_t from, const char *text)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct digest entry;
    size_t n = 0;
    OK(kv_read_begin(bench.broker.kv, &txn));
    for (uint64_t i = from; log_entry_at(tables(), txn, i, &entry) == ERR_OK; i++) {
        CLEANUP(buf_free) struct buf body = buf_new(AUDIT_BODY_MAX);
        n += audit_open_body(bench.broker.audit, txn, &entry, &body) == ERR_OK && strstr(buf_text(&body), text) != NULL;
    }
    return n;
}

/* ---- the successor, as configuration and roster have it ---- */

static inline void read_last_note(void)
{
    CLEANUP(cleanup_tiles_free) struct tiles *t = NULL;
    struct errmsg why = {""};
    buf_reset(&last_note);
    OK(tiles_open(old_tiles, &t, &why));
    OK(tiles_checkpoint(t, &last_note, &why));
}

static inline void name_successor(void)
{
    struct log_end end;
    struct roster *r = &bench.view.roster;
    OK(end_now(&end));
    read_last_note();
    memcpy(old_key, r->log_key.ptr, r->log_key.len);
    keys[0] = bytes_of(old_key, r->log_key.len);
    former = (struct roster_former_origin){bytes_str(OLD), keys, 1, end.size, end.root, buf_bytes(&last_note)};
    bench.config.origin = NEW;
    bench.config.tiles = new_tiles;
    r->log_origin = bytes_str(NEW);
    r->log_key = bench_vkey(&bench, bench.broker.keys->log.keys[0], new_key);
    r->former_origins = &former;
    r->former_origin_count = 1;
}

static inline int setup(void **state)
{
    (void)state;
    bench_open(&bench, NULL, 0);
    path_of("second-tiles", new_tiles);
    path_of("archive", archive);
    bench_tiles = bench.config.tiles;
    snprintf(old_tiles, sizeof old_tiles, "%s", bench_tiles);
    last_note = buf_new(NOTE_MAX_BYTES);
    (void)append();
    publish();
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    buf_free(&last_note);
    bench.config.tiles = bench_tiles; /* the bench's own */
    bench_close(&bench);
    return 0;
}

static inline void retire(void)
{
    struct errmsg why = {""};
    if (retire_log(&bench.broker, NEW, &why) != ERR_OK)
        fail_msg("%s", why.text);
}

/* Ends the log, and shows its end as the next start does. */
static inline void retire_and_show(void)
{
    struct errmsg why = {""};
    retire();
    bench_restart(&bench);
    OK(retire_check(&bench.broker, &why));
    publish();
}

#endif
