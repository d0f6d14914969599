#include "broker/store/log_index.h"

#include <stdlib.h>

#include "pki/digest.h"
#include "proto/base/cursor.h"

#define HOUR_S 3600u
#define KEY_BYTES (LOG_TERM_BYTES + sizeof(uint64_t))

enum term_kind { TERM_AGENCY = 1, TERM_RULE, TERM_EVENT, TERM_DECISION, TERM_HOUR };

/* Gathers terms; empty words have none. */
struct gathering {
    struct log_terms *out;
    enum err err;
};

static void add(struct gathering *g, enum term_kind kind, struct bytes word)
{
    struct digest d;
    if (g->err != ERR_OK || word.len == 0)
        return;
    g->err = digest_sha256(&word, 1, &d);
    if (g->err != ERR_OK)
        return;
    struct log_term *t = &g->out->v[g->out->count++];
    t->b[0] = (uint8_t)kind;
    memcpy(t->b + 1, d.b, LOG_TERM_BYTES - 1);
}

static struct log_term hour_of(int64_t at_s)
{
    struct log_term t = {{TERM_HOUR}};
    struct buf b = buf_fixed(t.b + 1, sizeof t.b - 1);
    buf_put_u64(&b, at_s > 0 ? (uint64_t)at_s / HOUR_S : 0);
    return t;
}

enum err log_terms_of_body(const struct audit_body *b, struct log_terms *out)
{
    struct gathering g = {out, ERR_OK};
    out->count = 0;
    add(&g, TERM_AGENCY, bytes_str(b->actor.oin));
    if (!agency_id_equal(&b->actor, &b->peer))
        add(&g, TERM_AGENCY, bytes_str(b->peer.oin));
    add(&g, TERM_RULE, name_bytes(&b->rule));
    add(&g, TERM_EVENT, bytes_str(audit_event_id(b->event)));
    if (b->decision != AUDIT_DECISION_NONE)
        add(&g, TERM_DECISION, bytes_str(audit_decision_id(b->decision)));
    out->v[out->count++] = hour_of(b->ts);
    return g.err;
}

enum err log_terms_of_filter(const struct bodies_filter *f, struct log_terms *out)
{
    struct gathering g = {out, ERR_OK};
    out->count = 0;
    add(&g, TERM_RULE, name_bytes(&f->rule));
    add(&g, TERM_AGENCY, bytes_str(f->agency.oin));
    add(&g, TERM_EVENT, name_bytes(&f->event));
    add(&g, TERM_DECISION, name_bytes(&f->decision));
    return g.err;
}

void log_terms_encode(const struct log_terms *t, struct buf *out)
{
    for (size_t i = 0; i < t->count; i++)
        buf_put(out, BYTES_OF_ARRAY(t->v[i].b));
}

enum err log_terms_decode(struct bytes note, struct log_terms *out)
{
    struct cursor c = cursor_of(note);
    struct log_terms t = {.count = 0};
    while (c.err == ERR_OK && c.left > 0 && t.count < LOG_TERMS_MAX)
        cursor_copy(&c, t.v[t.count++].b, LOG_TERM_BYTES);
    if (cursor_done(&c) != ERR_OK)
        return ERR_INVALID;
    *out = t;
    return ERR_OK;
}

static struct bytes key_of(const struct log_term *t, uint64_t index, uint8_t room[static KEY_BYTES])
{
    struct buf b = buf_fixed(room, KEY_BYTES);
    buf_put(&b, BYTES_OF_ARRAY(t->b));
    buf_put_u64(&b, index);
    return buf_bytes(&b);
}

enum err log_index_put(struct store *s, struct kv_txn *txn, uint64_t index,
                       const struct log_terms *t)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < t->count; i++) {
        uint8_t room[KEY_BYTES];
        e = kv_put(txn, s->log_index, key_of(&t->v[i], index, room), bytes_str(""));
    }
    return e;
}

enum err log_index_drop(struct store *s, struct kv_txn *txn, uint64_t index,
                        const struct log_terms *t)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < t->count; i++) {
        uint8_t room[KEY_BYTES];
        e = kv_del(txn, s->log_index, key_of(&t->v[i], index, room));
        if (e == ERR_NOT_FOUND)
            e = ERR_OK;
    }
    return e;
}

enum err log_index_of_time(struct store *s, struct kv_txn *txn, int64_t at_s, uint64_t *index)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    const struct log_term hour = hour_of(at_s);
    struct bytes key;
    enum err e = kv_iter_new(txn, s->log_index, bytes_of(hour.b, 1), &it);
    if (e == ERR_OK)
        e = kv_iter_seek(it, BYTES_OF_ARRAY(hour.b));
    if (e == ERR_OK)
        e = kv_iter_next(it, &key, NULL);
    if (e != ERR_OK)
        return e;
    struct cursor c = cursor_of(key);
    (void)cursor_bytes(&c, LOG_TERM_BYTES);
    *index = cursor_u64(&c);
    return cursor_done(&c) == ERR_OK ? ERR_OK : ERR_INVALID;
}

struct log_search {
    struct log_terms terms;
    struct kv_iter *its[LOG_TERMS_MAX];
};

void log_search_free(struct log_search *q)
{
    if (q == NULL)
        return;
    for (size_t i = 0; i < q->terms.count; i++)
        kv_iter_free(q->its[i]);
    free(q);
}

enum err log_search_new(struct store *s, struct kv_txn *txn, const struct log_terms *terms,
                        struct log_search **out)
{
    CLEANUP(cleanup_log_search_free) struct log_search *q = calloc(1, sizeof *q);
    if (q == NULL)
        return ERR_NOMEM;
    q->terms = *terms;
    enum err e = terms->count > 0 ? ERR_OK : ERR_RANGE;
    for (size_t i = 0; e == ERR_OK && i < terms->count; i++)
        e = kv_iter_new(txn, s->log_index, BYTES_OF_ARRAY(terms->v[i].b), &q->its[i]);
    if (e == ERR_OK)
        *out = take(q);
    return e;
}

/* The first index of one list at or behind from. */
static enum err seek(struct log_search *q, size_t i, uint64_t from, uint64_t *out)
{
    uint8_t room[KEY_BYTES];
    struct bytes key;
    enum err e = kv_iter_seek(q->its[i], key_of(&q->terms.v[i], from, room));
    if (e == ERR_OK)
        e = kv_iter_next(q->its[i], &key, NULL);
    if (e != ERR_OK)
        return e;
    struct cursor c = cursor_of(key);
    (void)cursor_bytes(&c, LOG_TERM_BYTES);
    *out = cursor_u64(&c);
    return cursor_done(&c) == ERR_OK ? ERR_OK : ERR_INVALID;
}

/* Each list in turn leaps to where the last one stands, until all stand at the same place. */
enum err log_search_next(struct log_search *q, uint64_t from, size_t *leaps, uint64_t *index)
{
    uint64_t at = from;
    size_t agreed = 0;
    for (size_t i = 0; agreed < q->terms.count; i = (i + 1) % q->terms.count) {
        uint64_t found = 0;
        if (*leaps == 0) {
            *index = at;
            return ERR_AGAIN;
        }
        (*leaps)--;
        const enum err e = seek(q, i, at, &found);
        if (e != ERR_OK)
            return e;
        agreed = found == at ? agreed + 1 : 1;
        at = found;
    }
    *index = at;
    return ERR_OK;
}
