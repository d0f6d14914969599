#include "agent/promises.h"

#include <string.h>

#include "agent/agent.h"
#include "agent/own_log.h"
#include "agent/session.h"
#include "agent/store/store.h"
#include "proto/base/cursor.h"
#include "proto/host/kv.h"

#define GRACE_S 30 /* a proof is on its way for a slot or two after its block */
#define SHOWN_UNTIL "log_shows_until_s"
#define KEY_BYTES 40      /* when it is due, and its entry */
#define TOLD 1u           /* behind the key of one that the own log has told */
#define TOLD_AT_ONCE 1024u /* in one transaction */

struct row_key {
    uint8_t b[KEY_BYTES + 1];
};

static struct bytes key_of(struct row_key *k, const struct promise *p, bool is_told)
{
    struct buf b = buf_fixed(k->b, sizeof k->b);
    buf_put_u64(&b, (uint64_t)p->merge_by_s);
    buf_put(&b, digest_bytes(&p->entry));
    if (is_told)
        buf_put_u8(&b, TOLD);
    return buf_bytes(&b);
}

static int64_t due_of(struct bytes key)
{
    struct cursor c = cursor_of(key);
    return (int64_t)cursor_u64(&c);
}

static bool is_told(struct bytes key)
{
    return key.len > KEY_BYTES;
}

static bool is_missed(struct bytes key, uint64_t shown_s)
{
    return due_of(key) + GRACE_S < (int64_t)shown_s;
}

enum err promises_put(const struct agent *a, struct kv_txn *txn, const struct promise *p)
{
    struct row_key room;
    const enum err bad = store_has(a->store, txn, STORE_RECEIPT_DUE, key_of(&room, p, true));
    return bad == ERR_NOT_FOUND ? store_put(a->store, txn, STORE_RECEIPT_DUE, key_of(&room, p, false), bytes_of(NULL, 0)) : bad;
}

static enum err drop_row(struct store *s, struct kv_txn *txn, struct bytes key)
{
    const enum err bad = store_del(s, txn, STORE_RECEIPT_DUE, key);
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* Proofs come in the order of the log, so whatever was due well before and has none is not in it. */
static enum err raise_shown(struct store *s, struct kv_txn *txn, int64_t committed_s)
{
    uint64_t shown_s = 0;
    const enum err bad = store_get_number(s, txn, SHOWN_UNTIL, &shown_s);
    if (bad != ERR_OK || committed_s <= (int64_t)shown_s)
        return bad;
    return store_put_number(s, txn, SHOWN_UNTIL, (uint64_t)committed_s);
}

enum err promises_settle(const struct agent *a, struct kv_txn *txn, const struct promise *p)
{
    struct row_key room;
    enum err bad = drop_row(a->store, txn, key_of(&room, p, false));
    if (bad == ERR_OK)
        bad = drop_row(a->store, txn, key_of(&room, p, true));
    return bad == ERR_OK ? raise_shown(a->store, txn, p->committed_at_s) : bad;
}

/* ---- what is owed ---- */

/* Whether the broker had time and a session to send a proof since the promise was due. An agent that was
 * away gives its mailbox time to catch up. */
static bool has_listened(const struct agent *a, int64_t due_s)
{
    struct session_info session;
    if (a->session == NULL || !session_is_open(a->session))
        return false;
    session_info(a->session, &session);
    const int64_t from_s = due_s > session.since_s ? due_s : session.since_s;
    return from_s + GRACE_S < agent_now_s(a);
}

/* A walk over all that wait, and until when the log shows what was committed. */
struct walk {
    struct kv_txn *txn;
    struct kv_iter *it;
    uint64_t shown_s;
};

static void walk_end(struct walk *w)
{
    kv_iter_free(take(w->it));
    kv_read_end(take(w->txn));
}

static enum err walk_begin(const struct agent *a, struct walk *w)
{
    enum err bad = kv_read_begin(a->kv, &w->txn);
    if (bad == ERR_OK)
        bad = store_get_number(a->store, w->txn, SHOWN_UNTIL, &w->shown_s);
    return bad == ERR_OK ? store_iter(a->store, w->txn, STORE_RECEIPT_DUE, bytes_of(NULL, 0), &w->it) : bad;
}

static void count_one(const struct agent *a, struct bytes key, uint64_t shown_s, struct promises_count *n)
{
    if (is_missed(key, shown_s)) {
        n->missed++;
        n->untold += !is_told(key);
    } else if (has_listened(a, due_of(key))) {
        n->late++;
    } else {
        n->due++;
    }
}

enum err promises_count(const struct agent *a, struct promises_count *out)
{
    struct promises_count n = {.due = 0};
    struct walk w = {.txn = NULL};
    struct bytes key;
    enum err bad = walk_begin(a, &w);
    while (bad == ERR_OK && (bad = kv_iter_next(w.it, &key, NULL)) == ERR_OK)
        count_one(a, key, w.shown_s, &n);
    walk_end(&w);
    if (bad != ERR_NOT_FOUND)
        return bad;
    *out = n;
    return ERR_OK;
}

static struct promise_broken broken_of(struct bytes key, uint64_t shown_s)
{
    struct cursor c = cursor_of(key);
    struct promise_broken p = {.due_s = (int64_t)cursor_u64(&c), .is_missed = is_missed(key, shown_s)};
    cursor_copy(&c, p.entry.b, sizeof p.entry.b);
    return p;
}

enum err promises_broken(const struct agent *a, struct promise_broken *out, size_t max, size_t *count, bool *is_cut)
{
    struct walk w = {.txn = NULL};
    struct bytes key;
    *count = 0;
    *is_cut = false;
    enum err bad = walk_begin(a, &w);
    while (bad == ERR_OK && !*is_cut && (bad = kv_iter_next(w.it, &key, NULL)) == ERR_OK) {
        if (!is_missed(key, w.shown_s) && !has_listened(a, due_of(key)))
            continue;
        *is_cut = *count == max;
        if (!*is_cut)
            out[(*count)++] = broken_of(key, w.shown_s);
    }
    walk_end(&w);
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* ---- what the own log tells ---- */

struct telling {
    struct row_key *keys; /* of the missed that were not told, in order of time */
    size_t count;
};

static enum err find_untold(const struct agent *a, struct kv_txn *txn, struct telling *t)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    uint64_t shown_s = 0;
    enum err bad = store_get_number(a->store, txn, SHOWN_UNTIL, &shown_s);
    if (bad == ERR_OK)
        bad = store_iter(a->store, txn, STORE_RECEIPT_DUE, bytes_of(NULL, 0), &it);
    while (bad == ERR_OK && t->count < TOLD_AT_ONCE && (bad = kv_iter_next(it, &key, NULL)) == ERR_OK) {
        if (!is_missed(key, shown_s))
            break;
        if (!is_told(key) && key.len == KEY_BYTES)
            memcpy(t->keys[t->count++].b, key.ptr, KEY_BYTES);
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

static enum err mark_told(struct store *s, struct kv_txn *txn, struct row_key *k)
{
    enum err bad = drop_row(s, txn, bytes_of(k->b, KEY_BYTES));
    k->b[KEY_BYTES] = TOLD;
    if (bad == ERR_OK)
        bad = store_put(s, txn, STORE_RECEIPT_DUE, bytes_of(k->b, sizeof k->b), bytes_of(NULL, 0));
    return bad;
}

enum err promises_tell(const struct agent *a, struct kv_txn *txn)
{
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(TOLD_AT_ONCE * sizeof(struct row_key) + 64u);
    struct telling t = {.keys = arena != NULL ? arena_array(arena, TOLD_AT_ONCE, sizeof(struct row_key)) : NULL};
    enum err bad = t.keys != NULL ? find_untold(a, txn, &t) : ERR_NOMEM;
    if (bad != ERR_OK || t.count == 0)
        return bad;
    const struct audit_fact facts[] = {audit_fact_int("from", due_of(bytes_of(t.keys[0].b, KEY_BYTES))),
                                       audit_fact_int("to", due_of(bytes_of(t.keys[t.count - 1].b, KEY_BYTES)))};
    const struct own_entry e = {
        .event = AUDIT_EVENT_LOG_PROMISE_MISSED, .facts = facts, .facts_count = ARRAY_LEN(facts), .count = t.count};
    for (size_t i = 0; bad == ERR_OK && i < t.count; i++)
        bad = mark_told(a->store, txn, &t.keys[i]);
    return bad == ERR_OK ? own_log_append(a, txn, &e) : bad;
}
