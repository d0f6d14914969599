#include "pki/logbook/log_end.h"

#include "pki/filler.h"
#include "pki/logbook/log_index.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/log/note.h"

#define ROW_END "log/ended"
#define STATE_PREFIX "log/" /* of every row of state */
#define WAITING_BYTES ((size_t)256 << 20)

enum err log_get_end(const struct log_tables *t, struct kv_txn *txn, struct log_end *out)
{
    struct bytes row;
    const enum err e = log_get_state(t, txn, ROW_END, &row);
    if (e != ERR_OK)
        return e;
    struct cursor c = cursor_of(row);
    struct log_end end = {.origin = cursor_part(&c, NOTE_MAX_NAME)};
    end.successor = cursor_part(&c, NOTE_MAX_NAME);
    end.size = cursor_u64(&c);
    cursor_copy(&c, end.root.b, sizeof end.root.b);
    if (cursor_done(&c) != ERR_OK)
        return ERR_INVALID;
    *out = end;
    return ERR_OK;
}

static enum err put_end(const struct log_tables *t, struct kv_txn *txn, const struct log_end *end)
{
    uint8_t room[2 * NOTE_MAX_NAME + 64];
    struct buf row = buf_fixed(room, sizeof room);
    join_part(&row, end->origin);
    join_part(&row, end->successor);
    buf_put_u64(&row, end->size);
    buf_put(&row, digest_bytes(&end->root));
    const enum err e = buf_err(&row);
    return e == ERR_OK ? log_put_state(t, txn, ROW_END, buf_bytes(&row)) : e;
}

static enum err say(const struct log_ending *of, struct kv_txn *txn)
{
    const struct audit_fact fact = audit_fact_text("successor_origin", of->successor);
    struct audit_body body = {.ts = of->now_s, .event = AUDIT_EVENT_LOG_RETIRED, .facts = &fact, .facts_count = 1};
    const struct logbook_new_entry n = {.body = &body};
    struct digest entry;
    return logbook_append(of->logbook, txn, &n, &entry);
}

/* The entry that came last is in the last block. */
static enum err sequence_all(const struct log_ending *of, struct kv_txn *txn, struct log_head *last)
{
    const struct log_tables *t = logbook_tables(of->logbook);
    CLEANUP(cleanup_secret_free) struct secret *f = NULL;
    CLEANUP(cleanup_filler_free) struct filler *filler = NULL;
    const struct logbook_beginning at = {.now_s = of->now_s};
    struct digest first;
    size_t waiting = 1;
    enum err e = logbook_filler_key(of->logbook, txn, &at, &f);
    if (e == ERR_OK)
        e = filler_new(f, &filler);
    while (e == ERR_OK && waiting > 0) {
        e = log_block_next(t, filler, txn, last);
        if (e == ERR_OK)
            e = log_pending(t, txn, &first, 1, &waiting);
    }
    return e;
}

enum err log_end(const struct log_ending *of, struct kv_txn *txn, struct log_end *out)
{
    const struct log_tables *t = logbook_tables(of->logbook);
    struct log_end end;
    struct log_head last;
    enum err e = log_get_end(t, txn, &end);
    if (e != ERR_NOT_FOUND)
        return e != ERR_OK ? e : bytes_equal(end.successor, of->successor) ? ERR_EXISTS : ERR_CONFLICT;
    e = say(of, txn);
    if (e == ERR_OK)
        e = sequence_all(of, txn, &last);
    if (e != ERR_OK)
        return e;
    *out = (struct log_end){of->origin, of->successor, last.size, last.root};
    return put_end(t, txn, out);
}

/* ---- the successor ---- */

/* An entry that waits, out of the tables. */
struct waiting {
    struct log_row row;
    struct digest entry;
    struct bytes wrapped;
    struct bytes sealed;
    struct waiting *next;
};

static enum err read_body(const struct log_tables *t, struct kv_txn *txn, struct arena *a, struct waiting *w)
{
    enum err e = log_body(t, txn, &w->entry, &w->wrapped, &w->sealed);
    if (e != ERR_OK)
        return e;
    w->wrapped = arena_copy(a, w->wrapped);
    w->sealed = arena_copy(a, w->sealed);
    return w->wrapped.ptr != NULL && w->sealed.ptr != NULL ? ERR_OK : ERR_NOMEM;
}

/* In the order in which they wait. */
static enum err read_waiting(const struct log_tables *t, struct kv_txn *txn, struct arena *a, struct waiting **out)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes value;
    *out = NULL;
    enum err e = kv_iter_new(txn, t->pending, bytes_str(""), &it);
    while (e == ERR_OK && (e = kv_iter_next(it, NULL, &value)) == ERR_OK) {
        struct waiting *w = arena_alloc(a, sizeof *w);
        if (w == NULL)
            return ERR_NOMEM;
        *w = (struct waiting){.next = NULL};
        if (value.len != sizeof w->entry.b)
            return ERR_INVALID;
        memcpy(w->entry.b, value.ptr, value.len);
        e = log_get_row(t, txn, &w->entry, &w->row);
        if (e == ERR_OK)
            e = read_body(t, txn, a, w);
        *out = w;
        out = &w->next;
    }
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err clear(const struct log_tables *t, struct kv_txn *txn)
{
    const struct kv_table tables[] = {t->pending, t->entries, t->nodes, t->rows, t->keys, t->bodies, t->proofs, t->due, t->index, t->named};
    size_t deleted = 0;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(tables); i++)
        e = kv_clear(txn, tables[i]);
    return e == ERR_OK ? kv_del_prefix(txn, t->state, bytes_str(STATE_PREFIX), SIZE_MAX, &deleted) : e;
}

static enum err add_waiting(const struct log_tables *t, struct kv_txn *txn, const struct waiting *w)
{
    enum err e = ERR_OK;
    for (; e == ERR_OK && w != NULL; w = w->next) {
        const struct log_new n = {.entry = &w->entry, .row = &w->row, .wrapped = w->wrapped, .sealed = w->sealed};
        e = log_add(t, txn, &n);
    }
    return e;
}

enum err log_succeed(struct logbook *b, struct kv_txn *txn, const struct logbook_beginning *at)
{
    const struct log_tables *t = logbook_tables(b);
    CLEANUP(cleanup_secret_free) struct secret *f = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(WAITING_BYTES);
    struct waiting *waiting = NULL;
    struct log_end end;
    enum err e = a != NULL ? log_get_end(t, txn, &end) : ERR_NOMEM;
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_STATE : e;
    e = read_waiting(t, txn, a, &waiting);
    if (e == ERR_OK)
        e = clear(t, txn);
    if (e == ERR_OK)
        e = logbook_filler_key(b, txn, at, &f); /* log.started, among the first block's entries */
    if (e == ERR_OK)
        e = add_waiting(t, txn, waiting);
    return e == ERR_OK && waiting != NULL ? log_index_begin(t, txn) : e; /* their terms were of the old log's key */
}
