#include "pki/logbook/log_hours.h"

#include "proto/base/cursor.h"

#define HOUR_S 3600u
#define ROW_HOURS "log/hours"
#define ROWS_REACHED "log/reached/" /* and u64 hour: u64 index */
#define REACHED_KEY_BYTES (sizeof ROWS_REACHED - 1 + sizeof(uint64_t))

static uint64_t hour_of(int64_t at_s)
{
    return at_s > 0 ? (uint64_t)at_s / HOUR_S : 0;
}

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

/* Where the log reached an hour, or the next one that it reached: none of then or later stands before. ERR_NOT_FOUND: it did
 * not; ERR_INVALID. */
static enum err find_reached(const struct log_tables *t, struct kv_txn *txn, uint64_t hour, struct hour_row *out)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    uint8_t room[REACHED_KEY_BYTES];
    struct bytes row[2];
    enum err e = kv_iter_new(txn, t->state, bytes_str(ROWS_REACHED), &it);
    if (e == ERR_OK)
        e = kv_iter_seek(it, reached_key(hour, room));
    if (e == ERR_OK)
        e = kv_iter_next(it, &row[0], &row[1]);
    if (e != ERR_OK)
        return e;
    struct cursor key = cursor_of(row[0]);
    struct cursor value = cursor_of(row[1]);
    (void)cursor_bytes(&key, sizeof ROWS_REACHED - 1);
    out->hour = cursor_u64(&key);
    out->index = cursor_u64(&value);
    return cursor_done(&key) == ERR_OK && cursor_done(&value) == ERR_OK ? ERR_OK : ERR_INVALID;
}

/* The latest hour of all entries so far; and of those that came more than a block behind a later hour, as they do where a clock
 * ran ahead and was put back, the last and the earliest hour. */
struct hours {
    bool is_known;
    uint64_t latest;
    uint64_t late_to, late_hour;
};

/* ERR_INVALID: damaged, or places are there without it. */
static enum err get_hours(const struct log_tables *t, struct kv_txn *txn, struct hours *out)
{
    struct bytes row;
    struct hour_row place;
    *out = (struct hours){.late_hour = UINT64_MAX};
    enum err e = log_get_state(t, txn, ROW_HOURS, &row);
    if (e == ERR_NOT_FOUND) {
        e = find_reached(t, txn, 0, &place);
        return e == ERR_NOT_FOUND ? ERR_OK : e == ERR_OK ? ERR_INVALID : e;
    }
    if (e != ERR_OK)
        return e;
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

enum err log_hours_note(const struct log_tables *t, struct kv_txn *txn, uint64_t index, int64_t at_s)
{
    const struct hour_row at = {hour_of(at_s), index};
    struct hours h;
    struct hour_row later;
    enum err e = get_hours(t, txn, &h);
    if (e != ERR_OK)
        return e;
    if (!h.is_known || at.hour > h.latest)
        return reach(t, txn, &h, &at);
    if (at.hour == h.latest)
        return ERR_OK;
    e = find_reached(t, txn, at.hour + 1, &later);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_INVALID : e;
    if (index <= later.index + LOG_BLOCK_MOST)
        return ERR_OK; /* of one block */
    h.late_to = index;
    h.late_hour = at.hour < h.late_hour ? at.hour : h.late_hour;
    return put_hours(t, txn, &h);
}

enum err log_hours_forget(const struct log_tables *t, struct kv_txn *txn)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err e = kv_del(txn, t->state, bytes_str(ROW_HOURS));
    if (e == ERR_OK || e == ERR_NOT_FOUND)
        e = kv_iter_new(txn, t->state, bytes_str(ROWS_REACHED), &it);
    while (e == ERR_OK && (e = kv_iter_next(it, NULL, NULL)) == ERR_OK)
        e = kv_iter_del(it);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* ---- periods ---- */

/* What stands before the first hour that was noted may be of then or later. */
static enum err find_first(const struct log_tables *t, struct kv_txn *txn, uint64_t hour, uint64_t *out)
{
    struct hour_row row;
    enum err e = find_reached(t, txn, 0, &row);
    *out = 0;
    if (e != ERR_OK || hour <= row.hour)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    e = find_reached(t, txn, hour, &row);
    *out = e == ERR_OK ? row.index : UINT64_MAX;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* A block behind where a later hour was reached, or behind what came late. */
static enum err find_end(const struct log_tables *t, struct kv_txn *txn, uint64_t hour, uint64_t *out)
{
    struct hour_row later;
    struct hours h;
    enum err e = find_reached(t, txn, hour + 1, &later);
    *out = e == ERR_OK && later.index < UINT64_MAX - 2 * LOG_BLOCK_MOST ? later.index + 2 * LOG_BLOCK_MOST : UINT64_MAX;
    if (e == ERR_OK || e == ERR_NOT_FOUND)
        e = get_hours(t, txn, &h);
    if (e == ERR_OK && hour >= h.late_hour && *out <= h.late_to)
        *out = h.late_to + 1;
    return e;
}

enum err log_hours_between(const struct log_tables *t, struct kv_txn *txn, const struct log_period *p, struct log_between *out)
{
    struct log_between b = {0, UINT64_MAX};
    enum err e = p->since_s != 0 ? find_first(t, txn, hour_of(p->since_s), &b.first) : ERR_OK;
    if (e == ERR_OK && p->until_s != 0)
        e = find_end(t, txn, hour_of(p->until_s), &b.end);
    *out = e == ERR_OK ? b : (struct log_between){0, UINT64_MAX};
    return e == ERR_INVALID ? ERR_OK : e;
}
