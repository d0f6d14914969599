#include "pki/logbook/log_retention.h"

#include <stdlib.h>

#include "pki/logbook/log_named.h"
#include "pki/logbook/log_term.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"
#include "proto/log/entry.h"

#define TICK_MS 60000
#define DATED_EACH 32u   /* bodies that one job opens */
#define ERASED_EACH 256u /* that one job erases */

struct log_retention {
    struct log_retention_params p;
    const struct log_tables *tables;
    struct loop_timer *timer;
    struct arena *arena; /* of one body; store thread while working */
    struct view *view;   /* of the look under way; a reference of its own */
    int64_t now_s;
    bool working;
    bool erases; /* this look: a minute has passed since the last one that did */
    bool has_more;
};

_Static_assert(LOG_TERMS_MAX * LOG_TERM_BYTES <= LOG_DUE_NOTE_MAX, "the terms of a body fit into the note");

/* ---- store thread ---- */

/* Puts a body on its lists; the note tells which. */
static enum err list(struct log_retention *x, struct kv_txn *txn, const struct log_listing *l, struct buf *note)
{
    const enum err e = log_index_put(x->tables, txn, l);
    if (e == ERR_OK)
        log_terms_encode(l->of, note);
    return e == ERR_OK ? buf_err(note) : e;
}

static enum err unlist(void *arg, struct kv_txn *txn, uint64_t index, struct bytes note)
{
    const struct log_retention *x = arg;
    struct log_terms terms;
    if (log_terms_decode(note, &terms) == ERR_OK)
        return log_index_drop(x->tables, txn, index, &terms);
    log_warn("log_retention.note_damaged index=%llu what=\"the body goes, its places on lists stay\"", (unsigned long long)index);
    return ERR_OK;
}

/* What no body tells of is looked at whatever is asked for. */
static enum err list_anyway(struct log_retention *x, struct kv_txn *txn, uint64_t index, struct buf *note)
{
    const struct log_terms anyway = {.v = {log_term_anyway()}, .count = 1};
    return list(x, txn, &(struct log_listing){.index = index, .of = &anyway}, note);
}

/* The term of a body, and what its lists noted. One that cannot be opened is kept as long as one without a rule. */
static enum err look_into(struct log_retention *x, struct kv_txn *txn, const struct log_due_row *at,
                          int64_t *term_s, struct buf *note)
{
    CLEANUP(buf_free) struct buf body = buf_new(ENTRY_BODY_MAX);
    struct audit_body b = {.event = AUDIT_EVENT_NONE};
    struct log_terms named = {.count = 0};
    struct log_terms terms;
    arena_reset(x->arena);
    enum err e = log_named_take(x->tables, txn, at->entry, &named);
    if (e != ERR_OK)
        return e;
    e = logbook_open_body(x->p.logbook, txn, at->entry, &body);
    if (e == ERR_OK)
        e = audit_body_parse(buf_bytes(&body), x->arena, &b, NULL);
    if (e == ERR_NOMEM || e == ERR_CRYPTO || e == ERR_IO)
        return e;
    *term_s = x->p.default_s;
    if (e != ERR_OK) {
        log_warn("log_retention body=unreadable error=\"%s\"", err_text(e));
        return list_anyway(x, txn, at->index, note);
    }
    *term_s = log_term_s(x->p.default_s, x->view, &b);
    e = log_terms_of_body(&b, &terms);
    if (e == ERR_OK)
        e = log_terms_add(&terms, &named);
    return e == ERR_OK ? list(x, txn, &(struct log_listing){at->index, b.ts, &terms}, note) : e;
}

static enum err date_one(struct log_retention *x, struct kv_txn *txn, uint64_t index)
{
    uint8_t room[LOG_DUE_NOTE_MAX];
    struct buf note = buf_fixed(room, sizeof room);
    struct digest entry;
    struct log_row row;
    struct log_due_row due = {.entry = &entry, .index = index};
    int64_t term_s = 0;
    enum err e = log_entry_at(x->tables, txn, index, &entry);
    if (e == ERR_OK)
        e = log_get_row(x->tables, txn, &entry, &row);
    if (e == ERR_NOT_FOUND)
        return ERR_OK; /* a filler */
    if (e == ERR_OK && row.is_lost)
        return list_anyway(x, txn, index, &note); /* for good: there is nothing that ends */
    if (e == ERR_OK)
        e = look_into(x, txn, &due, &term_s, &note);
    if (e != ERR_OK || term_s == LOG_TERM_FOR_GOOD)
        return e;
    due.due_s = row.committed_at_s + term_s;
    due.note = buf_bytes(&note);
    return log_put_due(x->tables, txn, &due);
}

static enum err date_some(struct log_retention *x, struct kv_txn *txn)
{
    struct log_head head;
    uint64_t from = 0;
    enum err e = log_get_head(x->tables, txn, &head);
    if (e == ERR_OK)
        e = log_dated(x->tables, txn, &from);
    if (e == ERR_OK)
        e = log_index_ensure(x->tables, txn);
    const uint64_t left = e == ERR_OK && from < head.size ? head.size - from : 0;
    const uint64_t n = left < DATED_EACH ? left : DATED_EACH;
    for (uint64_t i = 0; e == ERR_OK && i < n; i++)
        e = date_one(x, txn, from + i);
    x->has_more = left > n;
    return e == ERR_OK && n > 0 ? log_put_dated(x->tables, txn, from + n) : e;
}

static enum err erase_some(struct log_retention *x, struct kv_txn *txn)
{
    const struct log_erasing how = {
        .now_s = x->now_s, .max = ERASED_EACH, .lists = {unlist, x}};
    size_t erased = 0;
    enum err e = log_erase_due(x->tables, txn, &how, &erased);
    if (e != ERR_OK || erased == 0)
        return e;
    x->has_more = x->has_more || erased == ERASED_EACH;
    return x->p.calls.tell(x->p.arg, txn, x->now_s, erased);
}

static enum err look_job(struct kv_txn *txn, void *arg)
{
    struct log_retention *x = arg;
    x->has_more = false;
    const enum err e = date_some(x, txn);
    return e == ERR_OK && x->erases ? erase_some(x, txn) : e;
}

/* ---- loop thread ---- */

static void begin(struct log_retention *x);

static void looked(enum err result, void *arg)
{
    struct log_retention *x = arg;
    x->working = false;
    view_free(take(x->view));
    x->p.calls.looked(x->p.arg, result);
    if (result == ERR_OK && x->has_more)
        begin(x);
}

static void begin(struct log_retention *x)
{
    struct view *view = x->working ? NULL : x->p.calls.view(x->p.arg);
    if (view == NULL)
        return;
    x->view = view;
    x->now_s = clock_now_s(x->p.clock);
    x->working = writer_submit(x->p.writer, WRITER_BULK, look_job, looked, x) == ERR_OK;
    if (!x->working)
        view_free(take(x->view));
}

void log_retention_look(struct log_retention *x)
{
    if (x->working)
        return; /* the job out there reads it */
    x->erases = true;
    begin(x);
}

void log_retention_on_head(struct log_retention *x)
{
    if (x == NULL || x->working)
        return;
    x->erases = false;
    begin(x);
}

static void on_tick(void *arg)
{
    struct log_retention *x = arg;
    log_retention_look(x);
    loop_timer_after(x->timer, TICK_MS);
}

/* ---- life ---- */

void log_retention_free(struct log_retention *x)
{
    if (x == NULL)
        return;
    loop_timer_free(x->timer);
    arena_free(x->arena);
    view_free(x->view);
    free(x);
}

enum err log_retention_new(const struct log_retention_params *p, struct log_retention **out)
{
    CLEANUP(cleanup_log_retention_free) struct log_retention *x = calloc(1, sizeof *x);
    if (x == NULL)
        return ERR_NOMEM;
    x->p = *p;
    x->tables = logbook_tables(p->logbook);
    x->arena = arena_new(AUDIT_BODY_ARENA_BYTES);
    x->timer = loop_timer_new(p->loop, on_tick, x);
    if (x->arena == NULL || x->timer == NULL)
        return ERR_NOMEM;
    loop_timer_after(x->timer, 0);
    *out = take(x);
    return ERR_OK;
}
