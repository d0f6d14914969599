/* Erases the bodies of the log at the end of their time (decision 0412). Each entry that stands in
 * the log gets a time once: that of its rule in the version of the policy that its body names, else
 * that of the configuration. When it comes, the body's key and the body go, in slices, with one
 * entry for each slice. Entry, row, tree and proofs stay. */
#include "broker/log_retention.h"

#include <stdlib.h>

#include "broker/audit.h"
#include "broker/log_term.h"
#include "broker/store/log_due.h"
#include "pki/logbook/log_rows.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"
#include "proto/log/entry.h"

#define TICK_MS 60000
#define DATED_EACH 32u   /* bodies that one job opens */
#define ERASED_EACH 256u /* that one job erases */

struct log_retention {
    struct broker *broker;
    struct loop_timer *timer;
    struct arena *arena; /* of one body; store thread while working */
    struct view *view;   /* of the look under way; a reference of its own */
    int64_t now_s;
    bool working;
    bool erases; /* this look: a minute has passed since the last one that did */
    bool has_more;
};

/* ---- store thread ---- */

/* What an entry's body says of itself. */
struct dated {
    int64_t term_s;
    struct log_terms terms;
};

/* One that cannot be opened is kept as long as one without a rule, and stands on no list. */
static enum err look_into(struct log_retention *x, struct kv_txn *txn, const struct digest *entry,
                          struct dated *out)
{
    CLEANUP(buf_free) struct buf body = buf_new(ENTRY_BODY_MAX);
    struct audit_body b = {.event = AUDIT_EVENT_NONE};
    arena_reset(x->arena);
    enum err e = audit_open_body(x->broker->audit, txn, entry, &body);
    if (e == ERR_OK)
        e = audit_body_parse(buf_bytes(&body), x->arena, &b, NULL);
    if (e == ERR_NOMEM || e == ERR_CRYPTO || e == ERR_IO)
        return e;
    out->terms.count = 0;
    out->term_s = (int64_t)(x->broker->config->log_retention_ms / 1000);
    if (e != ERR_OK) {
        log_warn("log_retention body=unreadable error=\"%s\"", err_text(e));
        return ERR_OK;
    }
    out->term_s = log_term_s(x->broker->config, x->view, &b);
    return log_terms_of_body(&b, &out->terms);
}

static enum err date_one(struct log_retention *x, struct kv_txn *txn, uint64_t index)
{
    struct store *s = x->broker->store;
    struct digest entry;
    struct log_row row;
    struct dated d;
    enum err e = log_entry_at(&s->log, txn, index, &entry);
    if (e == ERR_OK)
        e = log_get_row(&s->log, txn, &entry, &row);
    if (e == ERR_NOT_FOUND)
        return ERR_OK; /* a filler */
    if (e == ERR_OK)
        e = look_into(x, txn, &entry, &d);
    if (e == ERR_OK)
        e = log_index_put(s, txn, index, &d.terms);
    if (e != ERR_OK || d.term_s == LOG_TERM_FOR_GOOD)
        return e;
    const struct log_due_row due = {row.committed_at_s + d.term_s, &entry, index, &d.terms};
    return log_put_due(s, txn, &due);
}

static enum err date_some(struct log_retention *x, struct kv_txn *txn)
{
    struct store *s = x->broker->store;
    struct log_head head;
    uint64_t from = 0;
    enum err e = log_get_head(&s->log, txn, &head);
    if (e == ERR_OK)
        e = log_dated(s, txn, &from);
    const uint64_t left = e == ERR_OK && from < head.size ? head.size - from : 0;
    const uint64_t n = left < DATED_EACH ? left : DATED_EACH;
    for (uint64_t i = 0; e == ERR_OK && i < n; i++)
        e = date_one(x, txn, from + i);
    x->has_more = left > n;
    return e == ERR_OK && n > 0 ? log_put_dated(s, txn, from + n) : e;
}

static enum err erase_some(struct log_retention *x, struct kv_txn *txn)
{
    size_t erased = 0;
    enum err e = log_erase_due(x->broker->store, txn, x->now_s, ERASED_EACH, &erased);
    if (e != ERR_OK || erased == 0)
        return e;
    const struct audit_fact of = {.name = bytes_str("of"),
                                  .by = PROVENANCE_UNKNOWN,
                                  .kind = FACT_VALUE_TEXT,
                                  .text = bytes_str("log")};
    const struct turn_audit what = {.event = AUDIT_EVENT_RETENTION_DONE,
                                    .count = (uint32_t)erased,
                                    .more = &of,
                                    .more_count = 1};
    struct digest entry;
    x->has_more = x->has_more || erased == ERASED_EACH;
    return audit_append(x->broker->audit, txn, &what, NULL, NULL, x->now_s, &entry);
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
    broker_saw(x->broker, result);
    if (result == ERR_OK && x->has_more)
        begin(x);
}

/* A closed gate may mean a clock that is wrong by years, behind which no roster is valid: nothing
 * is erased by it. */
static void begin(struct log_retention *x)
{
    struct broker *b = x->broker;
    if (x->working || !broker_is_open(b))
        return;
    x->view = view_ref(b->view);
    x->now_s = clock_now_s(b->clock);
    x->working = writer_submit(b->writer, WRITER_BULK, look_job, looked, x) == ERR_OK;
    if (!x->working)
        view_free(take(x->view));
}

void log_retention_look(struct broker *b)
{
    struct log_retention *x = b->log_retention;
    if (x->working)
        return; /* the job out there reads it */
    x->erases = true;
    begin(x);
}

void log_retention_on_head(struct broker *b)
{
    struct log_retention *x = b->log_retention;
    if (x == NULL || x->working)
        return;
    x->erases = false;
    begin(x);
}

static void on_tick(void *arg)
{
    struct log_retention *x = arg;
    log_retention_look(x->broker);
    loop_timer_after(x->timer, TICK_MS);
}

static void stop(struct broker *b)
{
    struct log_retention *x = b->log_retention;
    b->log_retention = NULL;
    if (x == NULL)
        return;
    loop_timer_free(x->timer);
    arena_free(x->arena);
    view_free(x->view);
    free(x);
}

static enum err start(struct broker *b, struct errmsg *why)
{
    struct log_retention *x = calloc(1, sizeof *x);
    if (x == NULL)
        return errmsg_set(why, ERR_NOMEM, "out of memory");
    b->log_retention = x;
    x->broker = b;
    x->arena = arena_new(AUDIT_BODY_ARENA_BYTES);
    x->timer = loop_timer_new(b->loop, on_tick, x);
    if (x->arena == NULL || x->timer == NULL)
        return errmsg_set(why, ERR_NOMEM, "out of memory");
    loop_timer_after(x->timer, 0);
    return ERR_OK;
}

const struct broker_part log_retention_part = {
    .name = "log_retention", .start = start, .stop = stop};
