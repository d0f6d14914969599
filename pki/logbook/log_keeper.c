#include "pki/logbook/log_keeper.h"

#include <stdlib.h>

#include "pki/digest.h"
#include "pki/filler.h"
#include "pki/logbook/log_block.h"
#include "pki/logbook/log_end.h"
#include "pki/logbook/log_proofs.h"
#include "pki/note.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/crash.h"
#include "proto/host/loop.h"
#include "proto/host/tiles.h"
#include "proto/host/unfinished.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"

#define NOTE_BYTES 4096u

struct log_keeper {
    struct log_keeper_params p;
    const struct log_tables *tables;
    struct tiles *tiles;
    struct filler *filler; /* store thread */
    struct loop_timer *timer;
    bool busy;
    /* One round: written by the step that runs, read by the next. */
    struct log_head head;
    uint64_t published; /* the size that the checkpoint on disk has */
    uint64_t shown;     /* the greatest head at start whose tiles anybody may read: published, or on disk where that was taken up */
    uint64_t size;      /* the same, for the loop thread while a round runs */
    struct buf note;
    struct errmsg why;
    bool has_state; /* what the store and the folder have was read at start */
};

/* ---- what whose log it is says ---- */

static bool shows_later(const struct log_keeper *k)
{
    return k->p.calls.shows_later != NULL && k->p.calls.shows_later(k->p.arg);
}

static enum err on_block(const struct log_keeper *k, struct kv_txn *txn)
{
    return k->p.calls.on_block != NULL ? k->p.calls.on_block(k->p.arg, txn) : ERR_OK;
}

static enum err on_published(const struct log_keeper *k, struct kv_txn *txn,
                             const struct log_published *head)
{
    return k->p.calls.on_published != NULL ? k->p.calls.on_published(k->p.arg, txn, head) : ERR_OK;
}

static enum err on_files(struct log_keeper *k, struct kv_txn *txn)
{
    return k->p.calls.on_files != NULL ? k->p.calls.on_files(k->p.arg, txn, k->head.size, &k->why) : ERR_OK;
}

static bool may_sign(const struct log_keeper *k)
{
    return k->p.calls.may_sign == NULL || k->p.calls.may_sign(k->p.arg);
}

static void saw(const struct log_keeper *k, enum err result)
{
    if (k->p.calls.saw != NULL)
        k->p.calls.saw(k->p.arg, result);
}

/* ---- a round ---- */

/* Store thread, step 1: what waits becomes a block, unless the last head is not published yet, or the log has ended. */
static enum err sequence_job(struct kv_txn *txn, void *arg)
{
    struct log_keeper *k = arg;
    const struct log_tables *t = k->tables;
    struct log_head head;
    struct log_published published;
    enum err e = log_get_head(t, txn, &head);
    if (e == ERR_OK)
        e = log_get_published(t, txn, &published);
    if (e == ERR_OK)
        e = on_block(k, txn);
    if (e != ERR_OK)
        return e;
    k->published = published.size;
    k->head = head;
    if (head.size != published.size)
        return ERR_OK;
    struct log_end end;
    if ((e = log_get_end(t, txn, &end)) != ERR_NOT_FOUND)
        return e; /* nothing comes behind the last head */
    e = log_block_next(t, k->filler, txn, &k->head);
    crash_point("publish.sequenced");
    return e;
}

/* Step 2. */
static enum err sign_head(struct log_keeper *k)
{
    CLEANUP(buf_free) struct buf text = buf_new(NOTE_BYTES);
    const struct checkpoint c = {
        .origin = bytes_str(k->p.origin),
        .size = k->head.size,
        .root = k->head.root,
    };
    checkpoint_write(&c, &text);
    struct note_signer signers[LOG_KEEPER_SIGNERS];
    const size_t n = k->p.calls.signers(k->p.arg, signers);
    buf_reset(&k->note);
    enum err e = n > 0 ? buf_err(&text) : ERR_STATE;
    return e == ERR_OK ? note_sign(signers, n, buf_bytes(&text), &k->note) : e;
}

/* Worker thread, step 3: the files, out of one snapshot. */
static enum err files_job(void *arg)
{
    struct log_keeper *k = arg;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err e = kv_read_begin(k->p.kv, &txn);
    if (e != ERR_OK)
        return errmsg_set(&k->why, e, "store: %s", err_text(e));
    struct log_tiles rows = {.tables = k->tables, .txn = txn};
    const struct tile_source source = log_tile_source(&rows);
    e = on_files(k, txn);
    if (e == ERR_OK)
        e = tiles_drop_between(k->tiles, k->shown > k->published ? k->shown : k->published, k->head.size, &k->why);
    if (e == ERR_OK)
        e = tiles_publish(k->tiles, k->published, k->head.size, &source, &k->why);
    crash_point("publish.tiles");
    if (e == ERR_OK && !shows_later(k))
        e = tiles_set_checkpoint(k->tiles, buf_bytes(&k->note), &k->why);
    crash_point("publish.checkpoint");
    if (e == ERR_OK)
        e = tiles_tidy(k->tiles, k->published, k->head.size, &k->why);
    return e;
}

/* Store thread, step 4: the head counts as published, and proofs go out. */
static enum err deliver_job(struct kv_txn *txn, void *arg)
{
    struct log_keeper *k = arg;
    const struct log_published published = {.size = k->head.size, .note = buf_bytes(&k->note)};
    enum err e = log_put_published(k->tables, txn, &published);
    if (e == ERR_OK)
        e = on_published(k, txn, &published);
    crash_point("publish.delivered");
    return e;
}

static void end_round(struct log_keeper *k, enum err result)
{
    k->busy = false;
    if (result != ERR_OK) {
        log_err("publish error=\"%s\" detail=\"%s\"", err_text(result), k->why.text);
        if (k->p.calls.failed != NULL)
            k->p.calls.failed(k->p.arg);
        return;
    }
    const struct log_signed_head head = {.size = k->head.size, .note = buf_bytes(&k->note)};
    k->size = head.size;
    if (k->p.calls.went_well != NULL)
        k->p.calls.went_well(k->p.arg, &head);
}

static void delivered(enum err result, void *arg)
{
    struct log_keeper *k = arg;
    saw(k, result);
    end_round(k, result);
}

static void files_written(enum err result, void *arg)
{
    struct log_keeper *k = arg;
    if (result == ERR_OK)
        result = writer_submit(k->p.writer, WRITER_INTERACTIVE, deliver_job, delivered, k);
    if (result != ERR_OK)
        end_round(k, result);
}

static void sequenced(enum err result, void *arg)
{
    struct log_keeper *k = arg;
    saw(k, result);
    if (result == ERR_OK)
        result = sign_head(k);
    crash_point("publish.signed");
    if (result == ERR_OK)
        result = worker_submit(*k->p.workers, files_job, files_written, k);
    if (result != ERR_OK)
        end_round(k, result);
}

void log_keeper_tick(struct log_keeper *k)
{
    if (k->busy || !may_sign(k))
        return;
    k->why.text[0] = '\0';
    k->busy = true;
    enum err e = writer_submit(k->p.writer, WRITER_INTERACTIVE, sequence_job, sequenced, k);
    if (e != ERR_OK)
        end_round(k, e);
}

static void on_timer(void *arg)
{
    log_keeper_tick(arg);
}

bool log_keeper_is_busy(const struct log_keeper *k)
{
    return k->busy;
}

uint64_t log_keeper_size(const struct log_keeper *k)
{
    return k->size;
}

static enum err filler_job(struct kv_txn *txn, void *arg)
{
    struct log_keeper *k = arg;
    CLEANUP(cleanup_secret_free) struct secret *f = NULL;
    const struct logbook_beginning at = {
        .now_s = clock_now_s(k->p.clock), .ceremony = k->p.ceremony, .predecessor = k->p.predecessor};
    enum err e = logbook_filler_key(k->p.logbook, txn, &at, &f);
    return e == ERR_OK ? filler_new(f, &k->filler) : e;
}

/* The root that this log had at an earlier size. */
static enum err root_at(struct log_keeper *k, uint64_t size, struct digest *out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct log_head head;
    enum err e = kv_read_begin(k->p.kv, &txn);
    if (e == ERR_OK)
        e = log_get_head(k->tables, txn, &head);
    if (e != ERR_OK)
        return e;
    if (size > head.size)
        return ERR_MISMATCH;
    return log_proofs_root(k->tables, txn, size, out);
}

/* The note is a head of this log. *is_proven: a key of this log signed it, so that it can tell of a fork. */
static enum err open_own_note(struct log_keeper *k, struct bytes note, struct arena *a,
                              struct checkpoint *out, bool *is_proven)
{
    struct note n;
    enum err e = note_parse(note, a, &n, NULL);
    if (e != ERR_OK)
        return e;
    e = k->p.calls.verify(k->p.arg, &n);
    *is_proven = e == ERR_OK;
    if (e == ERR_OK || e == ERR_NOT_FOUND)
        e = checkpoint_parse(n.text, out);
    if (e == ERR_OK && !bytes_is(out->origin, k->p.origin))
        e = ERR_INVALID;
    return e;
}

/* As log_keeper_contains; *size is then that of the note's checkpoint. */
static enum err find_contained(struct log_keeper *k, struct bytes note, uint64_t *size)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES + 16384);
    struct checkpoint c;
    bool is_proven = false;
    if (a == NULL)
        return ERR_NOMEM;
    enum err e = open_own_note(k, note, a, &c, &is_proven);
    struct digest root;
    if (e == ERR_OK)
        e = root_at(k, c.size, &root);
    if (e == ERR_OK && !digest_equal(&root, &c.root))
        e = ERR_MISMATCH;
    if (e == ERR_OK)
        *size = c.size;
    /* Signed by a key that has left the roster: what the log contains is contained, anything else proves nothing. */
    return e == ERR_MISMATCH && !is_proven ? ERR_SIGNATURE : e;
}

/* How far the folder of tiles goes with this log. */
struct on_disk {
    bool is_ahead;      /* its checkpoint is of this log's key, and not in the store */
    bool is_current;    /* its checkpoint is the published one */
    uint64_t size;      /* of its checkpoint, where the log contains it; else 0 */
};

static struct on_disk look_at_files(struct log_keeper *k, const struct log_published *published)
{
    CLEANUP(buf_free) struct buf note = buf_new(NOTE_MAX_BYTES);
    struct errmsg why;
    struct on_disk d = {.size = 0};
    if (tiles_checkpoint(k->tiles, &note, &why) != ERR_OK)
        return d;
    d.is_current = bytes_equal(buf_bytes(&note), published->note);
    d.size = d.is_current ? published->size : 0;
    if (!d.is_current)
        d.is_ahead = find_contained(k, buf_bytes(&note), &d.size) == ERR_MISMATCH;
    return d;
}

/* Nothing is missing: a log whose checkpoint waits for its quorum shows an older one. */
static bool is_whole(const struct log_keeper *k, const struct on_disk *d, const struct log_published *published)
{
    const bool shows_it = d->is_current || (shows_later(k) && d->size == published->size);
    return k->head.size == 0 || (shows_it && published->size == k->head.size);
}

/* At start, blocking: files that are missing or behind are written from the store. */
static enum err resume(struct log_keeper *k)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct log_published published = {0};
    enum err e = kv_read_begin(k->p.kv, &txn);
    if (e == ERR_OK)
        e = log_get_head(k->tables, txn, &k->head);
    if (e == ERR_OK)
        e = log_get_published(k->tables, txn, &published);
    if (e != ERR_OK)
        return e;
    const struct on_disk disk = look_at_files(k, &published);
    if (disk.is_ahead) {
        log_err("log forked=true: the published checkpoint is of this log's key and not in its "
                "store, which is an old copy; restore the newest");
        if (k->p.calls.forked != NULL)
            k->p.calls.forked(k->p.arg);
        return ERR_OK;
    }
    k->published = disk.size;
    k->size = published.size;
    k->shown = disk.size > published.size ? disk.size : published.size;
    k->has_state = true;
    if (is_whole(k, &disk, &published))
        return ERR_OK;
    log_notice("publish resume size=%llu from=%llu", (unsigned long long)k->head.size,
               (unsigned long long)k->published);
    kv_read_end(txn);
    txn = NULL;
    e = sign_head(k);
    if (e == ERR_OK)
        e = files_job(k);
    if (e == ERR_OK)
        e = writer_run(k->p.writer, deliver_job, k);
    if (e == ERR_OK)
        k->size = k->head.size;
    return e;
}

/* Whether the rounds are to write what the start could not. */
static bool leave_behind(struct log_keeper *k, enum err e)
{
    if (!k->p.starts_behind || !k->has_state || e == ERR_NOMEM)
        return false;
    log_err("log.behind error=\"%s\" reason=\"%s\": it is tried again at each interval", err_text(e), k->why.text);
    if (k->p.calls.failed != NULL)
        k->p.calls.failed(k->p.arg);
    return true;
}

enum err log_keeper_new(const struct log_keeper_params *p, struct log_keeper **out,
                        struct errmsg *why)
{
    CLEANUP(cleanup_log_keeper_free) struct log_keeper *k = calloc(1, sizeof *k);
    if (k == NULL)
        return ERR_NOMEM;
    k->p = *p;
    k->tables = logbook_tables(p->logbook);
    k->note = buf_new(NOTE_BYTES);
    k->timer = loop_timer_new(p->loop, on_timer, k);
    if (k->timer == NULL)
        return ERR_NOMEM;
    enum err e = tiles_open(p->dir, &k->tiles, why);
    if (e != ERR_OK)
        return e;
    unfinished_remove(p->dir);
    if ((e = writer_run(p->writer, filler_job, k)) != ERR_OK)
        return errmsg_set(why, e, "log: its filler key: %s", err_text(e));
    if ((e = resume(k)) != ERR_OK && !leave_behind(k, e))
        return errmsg_set(why, e, "log: what was not published yet: %s %s", err_text(e),
                          k->why.text);
    loop_timer_every(k->timer, (int64_t)p->publish_interval_ms);
    *out = k;
    k = NULL;
    return ERR_OK;
}

void log_keeper_free(struct log_keeper *k)
{
    if (k == NULL)
        return;
    loop_timer_free(k->timer);
    tiles_free(k->tiles);
    filler_free(k->filler);
    buf_free(&k->note);
    free(k);
}

enum err log_keeper_contains(struct log_keeper *k, struct bytes note)
{
    uint64_t size = 0;
    return note.len > 0 ? find_contained(k, note, &size) : ERR_OK;
}
