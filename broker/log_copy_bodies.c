/* What goes into the auditors' copy in a round. */
#include "broker/log_copy_internal.h"

#include "broker/audit.h"
#include "broker/vaults.h"
#include "pki/body_copy_seal.h"
#include "pki/logbook/log_rows.h"
#include "pki/logbook/log_term.h"
#include "pki/logbook/logbook.h"
#include "proto/base/log.h"

#define WAITING_MAX_BYTES ((size_t)1 << 20) /* of one segment, before it is written */
#define SLICE 8192u /* entries of an old log, or of what was left out, that one round copies */

/* The day at whose end nobody needs it any more. */
static uint32_t day_of(const struct log_copy *c, const struct log_row *row,
                       const struct audit_body *b)
{
    const int64_t term_s = log_term_s((int64_t)(c->broker->config->log_retention_ms / 1000), c->view, b);
    if (term_s == LOG_TERM_FOR_GOOD)
        return BODY_COPY_FOR_GOOD;
    const int64_t day = (row->committed_at_s + term_s) / LOG_COPY_DAY_S;
    return day < BODY_COPY_FOR_GOOD ? (uint32_t)day : BODY_COPY_FOR_GOOD;
}

struct segment_source {
    const struct log_row *row;
    struct bytes body;
};

struct segment_place {
    uint32_t day;
    struct bytes body;
};

static enum err put_body(struct log_copy *c, uint64_t index, const struct digest *entry,
                         const struct segment_place *at, struct errmsg *why)
{
    struct segment *s = NULL;
    enum err e = log_copy_segment(c, at->day, &s, why);
    if (e != ERR_OK || s == NULL)
        return e;
    e = body_copy_seal(s->aead, index, entry, at->body, &s->waiting);
    return e == ERR_OK && s->waiting.len > WAITING_MAX_BYTES ? log_copy_flush(c, s, why) : e;
}

/* The version of the storage key that the body lies under and that is not there; 0: it is another error. */
static uint32_t lacking(const struct log_copy *c, struct kv_txn *txn, const struct digest *entry)
{
    struct bytes wrapped;
    struct bytes sealed;
    uint32_t version = 0;
    if (log_body(&c->broker->store->log, txn, entry, &wrapped, &sealed) != ERR_OK ||
        aead_key_version(wrapped, &version) != ERR_OK || vault_has(c->broker->vaults->records, version))
        return 0;
    return version;
}

/* The others are none the worse: what waits for a key is tried again, what is damaged is told. */
static void leave_out(struct log_copy *c, struct kv_txn *txn, uint64_t index, const struct digest *entry)
{
    const uint32_t version = lacking(c, txn, entry);
    if (version != 0) {
        c->lacking = version;
        copy_missed_add(&c->missed, (struct copy_range){index, index + 1});
        return;
    }
    c->has_damaged = true;
    c->damaged = index;
}

static enum err copy_body(struct log_copy *c, uint64_t index, const struct digest *entry, const struct segment_source *of,
                          struct errmsg *why)
{
    struct audit_body b;
    arena_reset(c->arena);
    const enum err e = audit_body_parse(of->body, c->arena, &b, why);
    if (e != ERR_OK)
        return e;
    const struct segment_place at = {day_of(c, of->row, &b), of->body};
    if (log_copy_is_over(c, at.day))
        return ERR_OK;
    return put_body(c, index, entry, &at, why);
}

static enum err copy_one(struct log_copy *c, struct kv_txn *txn, uint64_t index, struct errmsg *why)
{
    const struct log_tables *t = &c->broker->store->log;
    CLEANUP(buf_free) struct buf body = buf_new(ENTRY_BODY_MAX);
    struct digest entry;
    struct log_row row;
    enum err e = log_entry_at(t, txn, index, &entry);
    if (e == ERR_OK)
        e = log_get_row(t, txn, &entry, &row);
    if (e == ERR_OK)
        e = audit_open_body(c->broker->audit, txn, &entry, &body);
    if (logbook_is_damage(e)) {
        leave_out(c, txn, index, &entry);
        return ERR_OK;
    }
    if (e == ERR_NOT_FOUND) { /* a filler, or erased */
        copy_missed_pass(&c->missed, index);
        return ERR_OK;
    }
    const struct segment_source of = {&row, buf_bytes(&body)};
    return e == ERR_OK ? copy_body(c, index, &entry, &of, why) : e;
}

/* ---- what was left out ---- */

/* The list comes out of the round with what still does not open, and what was not its turn. */
struct retrying {
    struct log_copy *copy;
    struct kv_txn *txn;
    uint64_t left; /* entries that may still be tried in this round */
};

static enum err retry_range(struct retrying *r, struct copy_range range, struct errmsg *why)
{
    struct log_copy *c = r->copy;
    uint64_t at = range.from > c->retry_at ? range.from : c->retry_at;
    enum err e = ERR_OK;
    at = at < range.to ? at : range.to;
    copy_missed_add(&c->missed, (struct copy_range){range.from, at});
    for (; e == ERR_OK && at < range.to && r->left > 0; at++, r->left--)
        e = copy_one(c, r->txn, at, why);
    copy_missed_add(&c->missed, (struct copy_range){at, range.to});
    if (at < range.to && c->retry_next == LOG_COPY_RETRIED)
        c->retry_next = at;
    return e;
}

static enum err retry(struct log_copy *c, struct kv_txn *txn, struct errmsg *why)
{
    struct retrying r = {c, txn, SLICE};
    enum err e = ERR_OK;
    c->missed = (struct copy_missed){.count = 0};
    c->retry_next = LOG_COPY_RETRIED;
    for (size_t i = 0; e == ERR_OK && i < c->before.count; i++)
        e = retry_range(&r, c->before.ranges[i], why);
    return e;
}

/* How far this round goes: what no checkpoint shows yet is all in it, and of an old log a slice. */
static enum err find_end(const struct log_copy *c, struct kv_txn *txn, uint64_t to, uint64_t *end)
{
    struct log_published shown;
    const enum err e = log_get_published(&c->broker->store->log, txn, &shown);
    if (e != ERR_OK)
        return e;
    const uint64_t fresh = to > shown.size ? to - shown.size : 0;
    const uint64_t left = to > c->next.size ? to - c->next.size : 0;
    *end = left > fresh + SLICE ? c->next.size + fresh + SLICE : to;
    return ERR_OK;
}

static void tell_behind(struct log_copy *c, uint64_t left)
{
    if (c->is_behind != (left > 0))
        log_notice("log_copy state=%s entries_left=%llu", left > 0 ? "catching_up" : "whole", (unsigned long long)left);
    c->is_behind = left > 0;
}

enum err log_copy_bodies(struct log_copy *c, struct kv_txn *txn, uint64_t to, struct errmsg *why)
{
    uint64_t end = 0;
    c->is_told = false;
    enum err e = retry(c, txn, why);
    if (e == ERR_OK)
        e = find_end(c, txn, to, &end);
    for (uint64_t i = c->next.size; e == ERR_OK && i < end; i++)
        e = copy_one(c, txn, i, why);
    for (size_t i = 0; e == ERR_OK && i < c->count; i++)
        e = log_copy_flush(c, &c->segments[i], why);
    c->next.size = end > c->next.size ? end : c->next.size;
    if (e == ERR_OK)
        tell_behind(c, to > c->next.size ? to - c->next.size : 0);
    return e;
}

