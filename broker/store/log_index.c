#include "broker/store/log_index.h"

#include <stdlib.h>

#include "pki/digest.h"
#include "proto/base/cursor.h"

#define HOUR_S 3600u
#define ROW_HOURS "log/hours"
#define ROWS_REACHED "log/reached/" /* and u64 hour: u64 index */
#define REACHED_KEY_BYTES (sizeof ROWS_REACHED - 1 + sizeof(uint64_t))
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

static uint64_t hour_of(int64_t at_s)
{
    return at_s > 0 ? (uint64_t)at_s / HOUR_S : 0;
}

static struct log_term term_of_hour(uint64_t hour)
{
    struct log_term t = {{TERM_HOUR}};
    struct buf b = buf_fixed(t.b + 1, sizeof t.b - 1);
    buf_put_u64(&b, hour);
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
    out->v[out->count++] = term_of_hour(hour_of(b->ts));
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

/* ---- hours, and what came out of their order ---- */

/* The place of an hour in the log. */
struct hour_row {
    uint64_t hour, index;
};

static struct bytes reached_key(uint64_t hour, uint8_t room[static REACHED_KEY_BYTES])
{
    struct buf b = buf_fixed(room, REACHED_KEY_BYTES);
    buf_put_str(&b, ROWS_REACHED);
    buf_put_u64(&b, hour);
    return buf_bytes(&b);
}

/* The first row with this prefix from a key on; views until the next write. ERR_NOT_FOUND. */
static enum err first_from(struct kv_txn *txn, struct kv_table table, struct bytes from, size_t prefix_bytes, struct bytes row[2])
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err e = kv_iter_new(txn, table, bytes_of(from.ptr, prefix_bytes), &it);
    if (e == ERR_OK)
        e = kv_iter_seek(it, from);
    return e == ERR_OK ? kv_iter_next(it, &row[0], &row[1]) : e;
}

/* Where the log reached an hour, or a later one: none of then or later stands before. ERR_NOT_FOUND: it did not. */
static enum err find_reached(struct store *s, struct kv_txn *txn, uint64_t hour, struct hour_row *out)
{
    uint8_t room[REACHED_KEY_BYTES];
    struct bytes row[2];
    const enum err e = first_from(txn, s->log.state, reached_key(hour, room), sizeof ROWS_REACHED - 1, row);
    if (e != ERR_OK)
        return e;
    struct cursor key = cursor_of(row[0]);
    struct cursor value = cursor_of(row[1]);
    (void)cursor_bytes(&key, sizeof ROWS_REACHED - 1);
    out->hour = cursor_u64(&key);
    out->index = cursor_u64(&value);
    return cursor_done(&key) == ERR_OK && cursor_done(&value) == ERR_OK ? ERR_OK : ERR_INVALID;
}

/* The first entry on the list of an hour, or of the next that has one. ERR_NOT_FOUND. */
static enum err find_listed(struct store *s, struct kv_txn *txn, uint64_t hour, struct hour_row *out)
{
    const struct log_term from = term_of_hour(hour);
    struct bytes row[2];
    const enum err e = first_from(txn, s->log_index, BYTES_OF_ARRAY(from.b), 1, row);
    if (e != ERR_OK)
        return e;
    struct cursor key = cursor_of(row[0]);
    (void)cursor_u8(&key);
    out->hour = cursor_u64(&key);
    out->index = cursor_u64(&key);
    return cursor_done(&key) == ERR_OK ? ERR_OK : ERR_INVALID;
}

/* The latest hour of all entries so far; and of those that came more than a block behind a later hour, as they do where a clock
 * ran ahead and was put back, the last and the earliest hour. */
struct hours {
    bool is_known;
    uint64_t latest;
    uint64_t late_to, late_hour;
};

static enum err get_hours(struct store *s, struct kv_txn *txn, struct hours *out)
{
    struct bytes row;
    *out = (struct hours){.late_hour = UINT64_MAX};
    const enum err e = log_get_state(&s->log, txn, ROW_HOURS, &row);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    struct cursor c = cursor_of(row);
    out->is_known = true;
    out->latest = cursor_u64(&c);
    out->late_to = cursor_u64(&c);
    out->late_hour = cursor_u64(&c);
    return cursor_done(&c) == ERR_OK ? ERR_OK : ERR_INVALID;
}

static enum err put_hours(struct store *s, struct kv_txn *txn, const struct hours *h)
{
    uint8_t room[3 * sizeof(uint64_t)];
    struct buf b = buf_fixed(room, sizeof room);
    buf_put_u64(&b, h->latest);
    buf_put_u64(&b, h->late_to);
    buf_put_u64(&b, h->late_hour);
    return log_put_state(&s->log, txn, ROW_HOURS, buf_bytes(&b));
}

/* An entry of a later hour than all before it: none of that hour or later stands before it. */
static enum err reach(struct store *s, struct kv_txn *txn, struct hours *h, const struct hour_row *at)
{
    uint8_t room[REACHED_KEY_BYTES];
    uint8_t index_room[sizeof at->index];
    struct buf index = buf_fixed(index_room, sizeof index_room);
    buf_put_u64(&index, at->index);
    h->latest = at->hour;
    const enum err e = kv_put(txn, s->log.state, reached_key(at->hour, room), buf_bytes(&index));
    return e == ERR_OK ? put_hours(s, txn, h) : e;
}

static enum err note_hour(struct store *s, struct kv_txn *txn, const struct hour_row *at)
{
    struct hours h;
    struct hour_row later;
    enum err e = get_hours(s, txn, &h);
    if (e != ERR_OK)
        return e;
    if (!h.is_known || at->hour > h.latest)
        return reach(s, txn, &h, at);
    if (at->hour == h.latest)
        return ERR_OK;
    e = find_reached(s, txn, at->hour + 1, &later);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_INVALID : e;
    if (at->index <= later.index + LOG_BLOCK_MOST)
        return ERR_OK; /* of one block */
    h.late_to = at->index;
    h.late_hour = at->hour < h.late_hour ? at->hour : h.late_hour;
    return put_hours(s, txn, &h);
}

/* The hour that a body's terms end with. */
static bool hour_in(const struct log_terms *t, uint64_t *hour)
{
    const struct log_term *last = t->count > 0 ? &t->v[t->count - 1] : NULL;
    if (last == NULL || last->b[0] != TERM_HOUR)
        return false;
    struct cursor c = cursor_of(bytes_of(last->b + 1, sizeof last->b - 1));
    *hour = cursor_u64(&c);
    return true;
}

enum err log_index_put(struct store *s, struct kv_txn *txn, uint64_t index,
                       const struct log_terms *t)
{
    struct hour_row at = {.index = index};
    enum err e = hour_in(t, &at.hour) ? note_hour(s, txn, &at) : ERR_OK;
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

/* Whether the hours are known from this one on: not of what was listed before they were kept. */
static enum err is_reached_known(struct store *s, struct kv_txn *txn, uint64_t hour, bool *out)
{
    struct hour_row first;
    const enum err e = find_reached(s, txn, 0, &first);
    *out = e == ERR_OK && hour > first.hour;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* The first entry of an hour or later, or not far behind it; UINT64_MAX: none. */
static enum err find_first(struct store *s, struct kv_txn *txn, uint64_t hour, struct hour_row *out)
{
    bool is_known = false;
    enum err e = is_reached_known(s, txn, hour, &is_known);
    if (e == ERR_OK)
        e = is_known ? find_reached(s, txn, hour, out) : find_listed(s, txn, hour, out);
    if (e == ERR_NOT_FOUND)
        *out = (struct hour_row){UINT64_MAX, UINT64_MAX};
    else if (e == ERR_OK && !is_known)
        out->index = out->index > LOG_BLOCK_MOST ? out->index - LOG_BLOCK_MOST : 0;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err find_end(struct store *s, struct kv_txn *txn, uint64_t hour, uint64_t *end)
{
    struct hour_row later;
    struct hours h;
    enum err e = find_first(s, txn, hour + 1, &later);
    if (e == ERR_OK)
        e = get_hours(s, txn, &h);
    if (e != ERR_OK)
        return e;
    *end = later.index < UINT64_MAX - 2 * LOG_BLOCK_MOST ? later.index + 2 * LOG_BLOCK_MOST : UINT64_MAX;
    if (hour >= h.late_hour && *end <= h.late_to)
        *end = h.late_to + 1;
    return ERR_OK;
}

enum err log_index_between(struct store *s, struct kv_txn *txn, const struct log_period *p,
                        struct log_between *out)
{
    struct hour_row first = {0, 0};
    *out = (struct log_between){0, UINT64_MAX};
    enum err e = p->since_s != 0 ? find_first(s, txn, hour_of(p->since_s), &first) : ERR_OK;
    if (e == ERR_OK && p->until_s != 0)
        e = find_end(s, txn, hour_of(p->until_s), &out->end);
    out->first = first.index;
    return e;
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
