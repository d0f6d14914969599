#include "pki/logbook/log_index.h"

#include <stdlib.h>

#include "proto/base/cursor.h"
#include "proto/base/log.h"

#define ROW_LISTED "log/listed"
#define ROW_HOURS "log/hours"
#define ROWS_REACHED "log/reached/" /* and u64 hour: u64 index */
#define REACHED_KEY_BYTES (sizeof ROWS_REACHED - 1 + sizeof(uint64_t))
#define KEY_BYTES (LOG_TERM_BYTES + sizeof(uint64_t))

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
static enum err find_reached(const struct log_tables *t, struct kv_txn *txn, uint64_t hour, struct hour_row *out)
{
    uint8_t room[REACHED_KEY_BYTES];
    struct bytes row[2];
    const enum err e = first_from(txn, t->state, reached_key(hour, room), sizeof ROWS_REACHED - 1, row);
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
static enum err find_listed(const struct log_tables *t, struct kv_txn *txn, uint64_t hour, struct hour_row *out)
{
    const struct log_term from = log_term_of_hour(hour);
    struct bytes row[2];
    const enum err e = first_from(txn, t->index, BYTES_OF_ARRAY(from.b), 1, row);
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

static enum err get_hours(const struct log_tables *t, struct kv_txn *txn, struct hours *out)
{
    struct bytes row;
    *out = (struct hours){.late_hour = UINT64_MAX};
    const enum err e = log_get_state(t, txn, ROW_HOURS, &row);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    struct cursor c = cursor_of(row);
    out->is_known = true;
    out->latest = cursor_u64(&c);
    out->late_to = cursor_u64(&c);
    out->late_hour = cursor_u64(&c);
    return cursor_done(&c) == ERR_OK ? ERR_OK : ERR_INVALID;
}

static enum err put_hours(const struct log_tables *t, struct kv_txn *txn, const struct hours *h)
{
    uint8_t room[3 * sizeof(uint64_t)];
    struct buf b = buf_fixed(room, sizeof room);
    buf_put_u64(&b, h->latest);
    buf_put_u64(&b, h->late_to);
    buf_put_u64(&b, h->late_hour);
    return log_put_state(t, txn, ROW_HOURS, buf_bytes(&b));
}

/* An entry of a later hour than all before it: none of that hour or later stands before it. */
static enum err reach(const struct log_tables *t, struct kv_txn *txn, struct hours *h, const struct hour_row *at)
{
    uint8_t room[REACHED_KEY_BYTES];
    uint8_t index_room[sizeof at->index];
    struct buf index = buf_fixed(index_room, sizeof index_room);
    buf_put_u64(&index, at->index);
    h->latest = at->hour;
    const enum err e = kv_put(txn, t->state, reached_key(at->hour, room), buf_bytes(&index));
    return e == ERR_OK ? put_hours(t, txn, h) : e;
}

static enum err note_hour(const struct log_tables *t, struct kv_txn *txn, const struct hour_row *at)
{
    struct hours h;
    struct hour_row later;
    enum err e = get_hours(t, txn, &h);
    if (e != ERR_OK)
        return e;
    if (!h.is_known || at->hour > h.latest)
        return reach(t, txn, &h, at);
    if (at->hour == h.latest)
        return ERR_OK;
    e = find_reached(t, txn, at->hour + 1, &later);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_INVALID : e;
    if (at->index <= later.index + LOG_BLOCK_MOST)
        return ERR_OK; /* of one block */
    h.late_to = at->index;
    h.late_hour = at->hour < h.late_hour ? at->hour : h.late_hour;
    return put_hours(t, txn, &h);
}

static enum err put_all(const struct log_tables *t, struct kv_txn *txn, uint64_t index, const struct log_terms *of)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < of->count; i++) {
        uint8_t room[KEY_BYTES];
        e = kv_put(txn, t->index, key_of(&of->v[i], index, room), bytes_str(""));
    }
    return e;
}

static enum err drop_all(const struct log_tables *t, struct kv_txn *txn, uint64_t index, const struct log_terms *of)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < of->count; i++) {
        uint8_t room[KEY_BYTES];
        e = kv_del(txn, t->index, key_of(&of->v[i], index, room));
        if (e == ERR_NOT_FOUND)
            e = ERR_OK;
    }
    return e;
}

enum err log_index_put(const struct log_tables *t, struct kv_txn *txn, uint64_t index, const struct log_terms *of)
{
    struct hour_row at = {.index = index};
    struct log_terms pairs;
    log_terms_pairs(of, &pairs);
    enum err e = log_terms_hour(of, &at.hour) ? note_hour(t, txn, &at) : ERR_OK;
    if (e == ERR_OK)
        e = put_all(t, txn, index, of);
    return e == ERR_OK ? put_all(t, txn, index, &pairs) : e;
}

enum err log_index_drop(const struct log_tables *t, struct kv_txn *txn, uint64_t index, const struct log_terms *of)
{
    struct log_terms pairs;
    log_terms_pairs(of, &pairs);
    const enum err e = drop_all(t, txn, index, of);
    return e == ERR_OK ? drop_all(t, txn, index, &pairs) : e;
}

/* ---- which entries have lists ---- */

/* Of a store that was written before lists of pairs and names were kept. */
static enum err marks_of_before(const struct log_tables *t, struct kv_txn *txn, struct log_listed *out)
{
    struct kv_table_stats stats;
    const enum err e = kv_table_stats(txn, t->index, &stats);
    *out = (struct log_listed){.words_from = stats.entries > 0 ? 0 : UINT64_MAX, .all_from = UINT64_MAX};
    return e;
}

enum err log_index_listed(const struct log_tables *t, struct kv_txn *txn, struct log_listed *out)
{
    struct bytes row;
    const enum err e = log_get_state(t, txn, ROW_LISTED, &row);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? marks_of_before(t, txn, out) : e;
    struct cursor c = cursor_of(row);
    out->words_from = cursor_u64(&c);
    out->all_from = cursor_u64(&c);
    return cursor_done(&c) == ERR_OK ? ERR_OK : ERR_INVALID;
}

enum err log_index_put_listed(const struct log_tables *t, struct kv_txn *txn, const struct log_listed *listed)
{
    uint8_t room[2 * sizeof(uint64_t)];
    struct buf b = buf_fixed(room, sizeof room);
    buf_put_u64(&b, listed->words_from);
    buf_put_u64(&b, listed->all_from);
    return log_put_state(t, txn, ROW_LISTED, buf_bytes(&b));
}

/* A damaged row says nothing: then no entry of before is taken for listed. */
static enum err marks_or_none(const struct log_tables *t, struct kv_txn *txn, struct log_listed *out)
{
    const enum err e = log_index_listed(t, txn, out);
    if (e == ERR_INVALID)
        *out = (struct log_listed){.words_from = UINT64_MAX, .all_from = UINT64_MAX};
    return e == ERR_INVALID ? ERR_OK : e;
}

/* Behind whatever waits, which its next blocks take first. */
enum err log_index_begin(const struct log_tables *t, struct kv_txn *txn)
{
    struct log_listed listed;
    struct log_head head;
    struct kv_table_stats waiting;
    enum err e = marks_or_none(t, txn, &listed);
    if (e == ERR_OK)
        e = log_get_head(t, txn, &head);
    if (e == ERR_OK)
        e = kv_table_stats(txn, t->pending, &waiting);
    if (e != ERR_OK)
        return e;
    const uint64_t blocks = (waiting.entries + LOG_BLOCK_ENTRIES - 1) / LOG_BLOCK_ENTRIES;
    listed.all_from = head.size + blocks * LOG_BLOCK_MOST;
    if (listed.words_from > listed.all_from)
        listed.words_from = listed.all_from;
    return log_index_put_listed(t, txn, &listed);
}

enum err log_index_ensure(const struct log_tables *t, struct kv_txn *txn)
{
    struct log_listed listed;
    struct bytes row;
    enum err e = log_get_state(t, txn, ROW_LISTED, &row);
    if (e == ERR_OK)
        e = log_index_listed(t, txn, &listed);
    if (e == ERR_INVALID)
        log_err("log_index.marks_damaged what=\"the lists begin anew\"");
    return e == ERR_NOT_FOUND || e == ERR_INVALID ? log_index_begin(t, txn) : e;
}

/* ---- periods ---- */

/* Whether the hours are known from this one on: not of what was listed before they were kept. */
static enum err is_reached_known(const struct log_tables *t, struct kv_txn *txn, uint64_t hour, bool *out)
{
    struct hour_row first;
    const enum err e = find_reached(t, txn, 0, &first);
    *out = e == ERR_OK && hour > first.hour;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* The first entry of an hour or later, or not far behind it; UINT64_MAX: none. */
static enum err find_first(const struct log_tables *t, struct kv_txn *txn, uint64_t hour, struct hour_row *out)
{
    bool is_known = false;
    enum err e = is_reached_known(t, txn, hour, &is_known);
    if (e == ERR_OK)
        e = is_known ? find_reached(t, txn, hour, out) : find_listed(t, txn, hour, out);
    if (e == ERR_NOT_FOUND)
        *out = (struct hour_row){UINT64_MAX, UINT64_MAX};
    else if (e == ERR_OK && !is_known)
        out->index = out->index > LOG_BLOCK_MOST ? out->index - LOG_BLOCK_MOST : 0;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err find_end(const struct log_tables *t, struct kv_txn *txn, uint64_t hour, uint64_t *end)
{
    struct hour_row later;
    struct hours h;
    enum err e = find_first(t, txn, hour + 1, &later);
    if (e == ERR_OK)
        e = get_hours(t, txn, &h);
    if (e != ERR_OK)
        return e;
    *end = later.index < UINT64_MAX - 2 * LOG_BLOCK_MOST ? later.index + 2 * LOG_BLOCK_MOST : UINT64_MAX;
    if (hour >= h.late_hour && *end <= h.late_to)
        *end = h.late_to + 1;
    return ERR_OK;
}

enum err log_index_between(const struct log_tables *t, struct kv_txn *txn, const struct log_period *p,
                        struct log_between *out)
{
    struct hour_row first = {0, 0};
    *out = (struct log_between){0, UINT64_MAX};
    enum err e = p->since_s != 0 ? find_first(t, txn, log_hour_of(p->since_s), &first) : ERR_OK;
    if (e == ERR_OK && p->until_s != 0)
        e = find_end(t, txn, log_hour_of(p->until_s), &out->end);
    out->first = first.index;
    return e;
}

/* ---- searching ---- */

/* A list, and where the last look at it ended. */
struct looked_at {
    struct kv_iter *it;
    bool is_known;
    uint64_t from, at; /* between the two there is none */
};

struct log_search {
    struct log_terms terms;
    struct looked_at lists[LOG_TERMS_MAX];
};

void log_search_free(struct log_search *q)
{
    if (q == NULL)
        return;
    for (size_t i = 0; i < q->terms.count; i++)
        kv_iter_free(q->lists[i].it);
    free(q);
}

enum err log_search_new(const struct log_tables *t, struct kv_txn *txn, const struct log_terms *terms,
                        struct log_search **out)
{
    CLEANUP(cleanup_log_search_free) struct log_search *q = calloc(1, sizeof *q);
    if (q == NULL)
        return ERR_NOMEM;
    q->terms = *terms;
    enum err e = terms->count > 0 ? ERR_OK : ERR_RANGE;
    for (size_t i = 0; e == ERR_OK && i < terms->count; i++)
        e = kv_iter_new(txn, t->index, BYTES_OF_ARRAY(terms->v[i].b), &q->lists[i].it);
    if (e == ERR_OK)
        *out = take(q);
    return e;
}

/* The next place of a list, in the order of the list. */
static enum err step(struct looked_at *l)
{
    struct bytes key;
    l->is_known = false;
    const enum err e = kv_iter_next(l->it, &key, NULL);
    if (e != ERR_OK)
        return e;
    struct cursor c = cursor_of(key);
    (void)cursor_bytes(&c, LOG_TERM_BYTES);
    l->at = cursor_u64(&c);
    l->is_known = cursor_done(&c) == ERR_OK;
    return l->is_known ? ERR_OK : ERR_INVALID;
}

/* The first place of a list at or behind from: often the next one, else by a leap. */
static enum err seek(struct log_search *q, size_t i, uint64_t from, uint64_t *out)
{
    struct looked_at *l = &q->lists[i];
    uint8_t room[KEY_BYTES];
    const bool is_near = l->is_known && l->at < from;
    enum err e = ERR_OK;
    if (l->is_known && l->from <= from && from <= l->at) {
        *out = l->at;
        return ERR_OK;
    }
    if (is_near)
        e = step(l);
    if (e == ERR_OK && (!is_near || l->at < from)) {
        e = kv_iter_seek(l->it, key_of(&q->terms.v[i], from, room));
        if (e == ERR_OK)
            e = step(l);
    }
    l->from = from;
    *out = l->at;
    return e;
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
