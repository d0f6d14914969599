#include "broker/retire.h"

#include <stdio.h>

#include "broker/audit.h"
#include "broker/backup.h"
#include "broker/store/meta.h"
#include "pki/logbook/log_end.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/kv.h"
#include "proto/host/tiles.h"
#include "proto/host/writer.h"
#include "proto/log/checkpoint.h"
#include "proto/log/note.h"

#define OWED_EACH 256u
#define CHECKPOINT_ARENA_BYTES ((size_t)2 * NOTE_MAX_BYTES)

/* ---- the end ---- */

struct retiring {
    struct broker *broker;
    const char *successor;
    struct log_end end;
    bool is_copy;
};

static enum err retire_job(struct kv_txn *txn, void *arg)
{
    struct retiring *r = arg;
    struct broker *b = r->broker;
    const struct log_ending of = {audit_logbook(b->audit), bytes_str(b->config->origin), bytes_str(r->successor),
                                  clock_now_s(b->clock)};
    enum err e = meta_is_restored(b->store, txn, &r->is_copy);
    if (e == ERR_OK && r->is_copy)
        return ERR_STATE;
    return e == ERR_OK ? log_end(&of, txn, &r->end) : e;
}

static const char *words_of(enum err e)
{
    switch ((int)e) {
    case ERR_STATE: return "this store is a copy that waits for its agencies: let it open first";
    case ERR_EXISTS: return "the log has ended already, with this successor";
    case ERR_CONFLICT: return "the log has ended already, with another successor";
    default: return err_text(e);
    }
}

static enum err check_successor(const struct broker *b, const char *successor, struct errmsg *why)
{
    const struct bytes name = bytes_str(successor);
    if (!note_name_valid(name) || name.len > ROSTER_MAX_TEXT / 2)
        return errmsg_set(why, ERR_INVALID, "%s: not the origin of a log", successor);
    if (bytes_is(name, b->config->origin) || roster_former_origin_of(view_roster(b->view), name) != NULL)
        return errmsg_set(why, ERR_CONFLICT, "%s: the origin of this log, or of one before it", successor);
    return ERR_OK;
}

/* Nothing says in an old copy that was never marked that it is one, but the folder of tiles: the log would end where it went on. */
static enum err check_newest(const struct broker *b, struct errmsg *why)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_tiles_free) struct tiles *tiles = NULL;
    CLEANUP(buf_free) struct buf file = buf_new(NOTE_MAX_BYTES);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(CHECKPOINT_ARENA_BYTES);
    struct note note;
    struct checkpoint shown;
    struct log_head head;
    enum err e = a != NULL ? tiles_open(b->config->tiles, &tiles, why) : ERR_NOMEM;
    if (e != ERR_OK || tiles_checkpoint(tiles, &file, NULL) != ERR_OK)
        return e; /* nothing was published, or it was lost: then the store is all there is */
    e = kv_read_begin(b->kv, &txn);
    if (e == ERR_OK)
        e = log_get_head(&b->store->log, txn, &head);
    if (e != ERR_OK || note_parse(buf_bytes(&file), a, &note, NULL) != ERR_OK || checkpoint_parse(note.text, &shown) != ERR_OK)
        return e;
    return shown.size <= head.size ? ERR_OK
                                   : errmsg_set(why, ERR_STATE, "this store is behind %s: it is an old copy; restore the newest, or take up the log",
                                                b->config->tiles);
}

enum err retire_log(struct broker *b, const char *successor, struct errmsg *why)
{
    struct retiring r = {.broker = b, .successor = successor};
    enum err e = check_successor(b, successor, why);
    if (e == ERR_OK)
        e = check_newest(b, why);
    if (e != ERR_OK)
        return e;
    e = writer_run(b->writer, retire_job, &r);
    if (e != ERR_OK)
        return errmsg_set(why, e, "%s", words_of(e));
    log_notice("log.retired successor=%s size=%llu", successor, (unsigned long long)r.end.size);
    return ERR_OK;
}

/* ---- the successor ---- */

static struct logbook_predecessor predecessor_of(const struct roster_former_origin *f)
{
    return (struct logbook_predecessor){f->origin, f->size, f->root};
}

/* The log of the roster goes on from the one that ended last. */
static const struct roster_former_origin *last_of(const struct roster *r)
{
    return r->former_origin_count > 0 ? &r->former_origins[r->former_origin_count - 1] : NULL;
}

const struct logbook_predecessor *retire_predecessor(const struct roster *r, struct logbook_predecessor *room)
{
    const struct roster_former_origin *f = last_of(r);
    if (f == NULL)
        return NULL;
    *room = predecessor_of(f);
    return room;
}

/* By the words of the store and of the registrar it is one log that ended, in one place. */
static enum err compare(const struct broker *b, const struct roster *r, const struct log_end *end, struct errmsg *why)
{
    const struct roster_former_origin *f = last_of(r);
    if (!bytes_is(end->successor, b->config->origin))
        return errmsg_set(why, ERR_MISMATCH, "the log ended with successor %.*s, and the configuration names %s",
                          (int)end->successor.len, (const char *)end->successor.ptr, b->config->origin);
    if (f == NULL || !bytes_equal(f->origin, end->origin))
        return errmsg_set(why, ERR_MISMATCH, "the roster does not say that %.*s ended last", (int)end->origin.len,
                          (const char *)end->origin.ptr);
    if (f->size != end->size || !digest_equal(&f->root, &end->root))
        return errmsg_set(why, ERR_MISMATCH, "the roster names another last head of the log than this store has");
    return ERR_OK;
}

/* Under that roster. */
struct beginning {
    const struct log_tables *log;
    struct kv_txn *txn;
    const struct roster *roster;
};

/* Who is owed the proof of that entry, and is still here to fetch it. */
static enum err is_waited_for(const struct beginning *of, uint64_t index, bool *out, struct errmsg *why)
{
    struct digest entry;
    struct log_row row;
    enum err e = log_entry_at(of->log, of->txn, index, &entry);
    if (e == ERR_OK)
        e = log_get_row(of->log, of->txn, &entry, &row);
    if (e != ERR_OK)
        return e;
    *out = roster_member_of(of->roster, &row.actor) != NULL;
    if (*out)
        (void)errmsg_set(why, ERR_STATE, "the proof of entry %llu is still owed to %s: its mailbox is full; let it fetch its mail first",
                         (unsigned long long)index, row.actor.oin);
    return ERR_OK;
}

/* What the log that ended owes goes with its rows: it is given out first. */
static enum err check_owed(const struct beginning *of, struct errmsg *why)
{
    uint64_t owed[OWED_EACH];
    size_t count = OWED_EACH;
    bool is_found = false;
    struct log_span span = {.until = UINT64_MAX};
    enum err e = ERR_OK;
    while (e == ERR_OK && !is_found && count == OWED_EACH) {
        e = log_proofs_owed(of->log, of->txn, &span, owed, OWED_EACH, &count);
        for (size_t i = 0; e == ERR_OK && !is_found && i < count; i++)
            e = is_waited_for(of, owed[i], &is_found, why);
        if (count > 0)
            span.from = owed[count - 1] + 1;
    }
    return e == ERR_OK && is_found ? ERR_STATE : e;
}

static enum err check_shown(const struct beginning *of, const struct log_end *end, struct errmsg *why)
{
    struct log_published published;
    const enum err e = log_get_published(of->log, of->txn, &published);
    if (e == ERR_OK && published.size != end->size)
        return errmsg_set(why, ERR_STATE, "the last head is not published yet: start the broker as it was, and wait for it");
    return e == ERR_OK ? check_owed(of, why) : e;
}

enum err retire_check_begin(struct broker *b, const struct view *v, struct errmsg *why)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct log_end end;
    bool is_copy = false;
    enum err e = kv_read_begin(b->kv, &txn);
    if (e == ERR_OK)
        e = log_get_end(&b->store->log, txn, &end);
    if (e == ERR_NOT_FOUND)
        return errmsg_set(why, ERR_STATE, "the log of this store has not ended: --retire-log ends it, unless its successor began before");
    if (e == ERR_OK)
        e = meta_is_restored(b->store, txn, &is_copy);
    if (e == ERR_OK && is_copy)
        return errmsg_set(why, ERR_STATE, "this store is a copy: where the successor began in the other one it would begin twice");
    if (e == ERR_OK)
        e = compare(b, view_roster(v), &end, why);
    const struct beginning of = {&b->store->log, txn, view_roster(v)};
    return e == ERR_OK ? check_shown(&of, &end, why) : e;
}

/* What of the old log the broker keeps beside its rows goes, too: keys of the auditors' copy, which were sealed when it was
 * made. */
static enum err begin_job(struct kv_txn *txn, void *arg)
{
    struct broker *b = arg;
    const struct roster *r = view_roster(b->view);
    struct logbook_predecessor room;
    const struct logbook_beginning at = {.now_s = clock_now_s(b->clock),
                                         .ceremony = r->has_ceremony ? &r->ceremony : NULL,
                                         .predecessor = retire_predecessor(r, &room)};
    enum err e = log_succeed(audit_logbook(b->audit), txn, &at);
    return e == ERR_OK ? kv_clear(txn, b->store->log_copies) : e;
}

enum err retire_begin(struct broker *b, const char *archive, struct errmsg *why)
{
    enum err e = retire_check_begin(b, b->view, why);
    if (e == ERR_OK)
        e = backup_make(b->kv, archive, clock_now_s(b->clock), why); /* marked: the successor begins once */
    if (e != ERR_OK)
        return e;
    e = writer_run(b->writer, begin_job, b);
    if (e != ERR_OK)
        return errmsg_set(why, e, "store: %s", err_text(e));
    log_notice("log.began origin=%s archive=%s", b->config->origin, archive);
    return ERR_OK;
}

/* ---- at start ---- */

/* The origin of a signed head; empty: none, or no head. */
static struct bytes origin_of(struct bytes note, struct arena *a)
{
    struct note n;
    struct checkpoint c;
    if (note.len == 0 || note_parse(note, a, &n, NULL) != ERR_OK || checkpoint_parse(n.text, &c) != ERR_OK)
        return bytes_of(NULL, 0);
    return c.origin;
}

static enum err check_head(const struct broker *b, struct bytes note, const char *where, struct errmsg *why)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(CHECKPOINT_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    const struct bytes found = origin_of(note, a);
    if (found.len == 0 || bytes_is(found, b->config->origin))
        return ERR_OK;
    return errmsg_set(why, ERR_MISMATCH, "%s has the log %.*s, and the configuration names %s", where, (int)found.len,
                      (const char *)found.ptr, b->config->origin);
}

static enum err check_folder(const struct broker *b, struct errmsg *why)
{
    CLEANUP(cleanup_tiles_free) struct tiles *tiles = NULL;
    CLEANUP(buf_free) struct buf note = buf_new(NOTE_MAX_BYTES);
    enum err e = tiles_open(b->config->tiles, &tiles, why);
    if (e != ERR_OK || tiles_checkpoint(tiles, &note, NULL) != ERR_OK)
        return e; /* what is there, and how far it goes, says who publishes */
    return check_head(b, buf_bytes(&note), b->config->tiles, why);
}

static enum err check_end(struct broker *b, struct kv_txn *txn, struct errmsg *why)
{
    struct log_end end;
    const enum err e = log_get_end(&b->store->log, txn, &end);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    if (!bytes_is(end.origin, b->config->origin))
        return errmsg_set(why, ERR_MISMATCH, "the log of this store, %.*s, has ended: --begin-log begins its successor",
                          (int)end.origin.len, (const char *)end.origin.ptr);
    broker_close_gate(b, GATE_RETIRED);
    return ERR_OK;
}

enum err retire_check(struct broker *b, struct errmsg *why)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct log_published published;
    enum err e = kv_read_begin(b->kv, &txn);
    if (e == ERR_OK)
        e = check_end(b, txn, why);
    if (e == ERR_OK)
        e = log_get_published(&b->store->log, txn, &published);
    if (e == ERR_OK)
        e = check_head(b, published.note, "the store", why);
    return e == ERR_OK ? check_folder(b, why) : e;
}
