#include "broker/index/catalogue.h"

#include <stdlib.h>

#include "broker/index/internal.h"
#include "proto/base/buf.h"
#include "proto/base/cursor.h"

#define LIST_KEY_BYTES (2 + NAME_MAX_BYTES + 1 + 4)
#define ROW_KEY_BYTES (LIST_KEY_BYTES + 8)
#define ROW_BYTES (1 + 4 + 8 + 8 + 4)

/* Names have no NUL, so no list is a prefix of another. */
static struct bytes list_key(const struct list_id *list, struct buf *b)
{
    buf_put_u16(b, list->agency);
    buf_put(b, name_bytes(&list->purpose));
    buf_put_u8(b, 0);
    buf_put_u32(b, list->epoch);
    return buf_bytes(b);
}

static struct bytes row_key(const struct list_id *list, uint64_t order, struct buf *b)
{
    list_key(list, b);
    buf_put_u64(b, order);
    return buf_bytes(b);
}

static enum err key_parse(struct bytes key, struct list_id *list, uint64_t *order)
{
    struct cursor c = cursor_of(key);
    struct list_id l = {.agency = cursor_u16(&c)};
    if (c.left < 1 + 4 + 8)
        return ERR_INVALID;
    struct bytes purpose = cursor_bytes(&c, c.left - (1 + 4 + 8));
    enum err e = name_parse(purpose, &l.purpose);
    uint8_t nul = cursor_u8(&c);
    l.epoch = cursor_u32(&c);
    *order = cursor_u64(&c);
    if (e == ERR_OK)
        e = cursor_done(&c);
    if (e == ERR_OK && nul != 0)
        e = ERR_INVALID;
    if (e == ERR_OK)
        *list = l;
    return e;
}

static enum err row_parse(struct bytes key, struct bytes value, struct listed *out)
{
    struct list_id list;
    struct listed row = {0};
    enum err e = key_parse(key, &list, &row.order);
    struct cursor c = cursor_of(value);
    unsigned lane = cursor_u8(&c);
    row.run.number = cursor_u32(&c);
    row.entries = cursor_u64(&c);
    row.tombstones = cursor_u64(&c);
    row.first_expiry = cursor_u32(&c);
    if (e == ERR_OK)
        e = cursor_done(&c);
    if (e == ERR_OK && lane != RUN_FRESH && lane != RUN_MERGED)
        e = ERR_INVALID;
    row.run.lane = (enum run_lane)lane;
    if (e == ERR_OK)
        *out = row;
    return e;
}

static enum err row_put(struct index *ix, struct kv_txn *txn, const struct list_id *list,
                        const struct listed *row)
{
    uint8_t key_room[ROW_KEY_BYTES];
    uint8_t value_room[ROW_BYTES];
    struct buf key = buf_fixed(key_room, sizeof key_room);
    struct buf value = buf_fixed(value_room, sizeof value_room);
    buf_put_u8(&value, (uint8_t)row->run.lane);
    buf_put_u32(&value, row->run.number);
    buf_put_u64(&value, row->entries);
    buf_put_u64(&value, row->tombstones);
    buf_put_u32(&value, row->first_expiry);
    enum err e = kv_put_new(txn, ix->lists, row_key(list, row->order, &key), buf_bytes(&value));
    if (e == ERR_OK)
        e = run_set_state(ix, txn, row->run, RUN_LISTED);
    return e;
}

static enum err row_del(struct index *ix, struct kv_txn *txn, const struct list_id *list,
                        uint64_t order)
{
    uint8_t room[ROW_KEY_BYTES];
    struct buf key = buf_fixed(room, sizeof room);
    return kv_del(txn, ix->lists, row_key(list, order, &key));
}

static enum err rows_push(struct list_rows *rows, size_t *room, const struct listed *row)
{
    if (rows->count == *room) {
        size_t more = *room == 0 ? 64 : *room * 2;
        struct listed *v = realloc(rows->v, more * sizeof *v);
        if (v == NULL)
            return ERR_NOMEM;
        rows->v = v;
        *room = more;
    }
    rows->v[rows->count++] = *row;
    return ERR_OK;
}

enum err list_read(struct index *ix, struct kv_txn *txn, const struct list_id *list,
                   struct list_rows *out)
{
    uint8_t room[LIST_KEY_BYTES];
    struct buf prefix = buf_fixed(room, sizeof room);
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct list_rows rows = {NULL, 0};
    size_t have = 0;
    enum err e = kv_iter_new(txn, ix->lists, list_key(list, &prefix), &it);
    while (e == ERR_OK) {
        struct bytes key;
        struct bytes value;
        struct listed row;
        e = kv_iter_next(it, &key, &value);
        if (e == ERR_OK)
            e = row_parse(key, value, &row);
        if (e == ERR_OK)
            e = rows_push(&rows, &have, &row);
    }
    if (e != ERR_NOT_FOUND) {
        list_rows_free(&rows);
        return e;
    }
    *out = rows;
    return ERR_OK;
}

void list_rows_free(struct list_rows *rows)
{
    free(rows->v);
    *rows = (struct list_rows){NULL, 0};
}

enum err list_next(struct index *ix, struct kv_txn *txn, const struct list_id *after,
                   struct list_id *out)
{
    uint8_t room[ROW_KEY_BYTES];
    struct buf behind = buf_fixed(room, sizeof room);
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err e = kv_iter_new(txn, ix->lists, bytes_of(NULL, 0), &it);
    if (e == ERR_OK && after != NULL)
        e = kv_iter_after(it, row_key(after, UINT64_MAX, &behind));
    struct bytes key;
    uint64_t order = 0;
    if (e == ERR_OK)
        e = kv_iter_next(it, &key, NULL);
    return e == ERR_OK ? key_parse(key, out, &order) : e;
}

static enum err last_order(struct index *ix, struct kv_txn *txn, const struct list_id *list,
                           uint64_t *out)
{
    uint8_t room[LIST_KEY_BYTES];
    struct buf prefix = buf_fixed(room, sizeof room);
    struct bytes key;
    struct list_id same;
    enum err e = kv_last(txn, ix->lists, list_key(list, &prefix), &key, NULL);
    *out = 0;
    if (e == ERR_NOT_FOUND)
        return ERR_OK;
    return e == ERR_OK ? key_parse(key, &same, out) : e;
}

enum err list_add(struct index *ix, struct kv_txn *txn, const struct list_id *list,
                  const struct listed *row)
{
    struct listed added = *row;
    enum err e = last_order(ix, txn, list, &added.order);
    added.order++;
    if (e == ERR_OK)
        e = row_put(ix, txn, list, &added);
    return e == ERR_OK ? list_count(ix, txn) : e;
}

static enum err move_rows(struct index *ix, struct kv_txn *txn, const struct list_id *from,
                          const struct list_rows *rows)
{
    struct list_id to = *from;
    to.agency = 0;
    uint64_t order = 0;
    enum err e = last_order(ix, txn, &to, &order);
    for (size_t i = 0; e == ERR_OK && i < rows->count; i++) {
        struct listed row = rows->v[i];
        e = row_del(ix, txn, from, row.order);
        row.order = ++order;
        if (e == ERR_OK)
            e = row_put(ix, txn, &to, &row);
    }
    return e;
}

enum err list_publish(struct index *ix, struct kv_txn *txn, const struct list_id *import)
{
    CLEANUP(list_rows_free) struct list_rows rows = {NULL, 0};
    if (import->agency == 0)
        return ERR_STATE;
    enum err e = list_read(ix, txn, import, &rows);
    return e == ERR_OK ? move_rows(ix, txn, import, &rows) : e;
}

static enum err drop_rows(struct index *ix, struct kv_txn *txn, const struct list_id *list,
                          const struct listed *rows, size_t count)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        e = row_del(ix, txn, list, rows[i].order);
        if (e == ERR_OK)
            e = run_set_state(ix, txn, rows[i].run, RUN_DOOMED);
    }
    return e;
}

enum err list_drop(struct index *ix, struct kv_txn *txn, const struct list_id *import)
{
    CLEANUP(list_rows_free) struct list_rows rows = {NULL, 0};
    if (import->agency == 0)
        return ERR_STATE;
    enum err e = list_read(ix, txn, import, &rows);
    if (e == ERR_OK)
        e = drop_rows(ix, txn, import, rows.v, rows.count);
    return e == ERR_OK ? list_count(ix, txn) : e;
}

enum err list_erase(struct index *ix, struct kv_txn *txn, const struct list_id *list, size_t *count)
{
    CLEANUP(list_rows_free) struct list_rows rows = {NULL, 0};
    enum err e = list_read(ix, txn, list, &rows);
    if (e == ERR_OK)
        e = drop_rows(ix, txn, list, rows.v, rows.count);
    if (e == ERR_OK)
        *count += rows.count;
    return e == ERR_OK ? list_count(ix, txn) : e;
}

/* Where the inputs stand in these rows; rows->count: nowhere, or no longer in one piece. */
static size_t place_of(const struct list_rows *rows, const struct run_id *inputs, size_t count)
{
    for (size_t at = 0; at + count <= rows->count; at++) {
        size_t same = 0;
        while (same < count && run_id_equal(rows->v[at + same].run, inputs[same]))
            same++;
        if (same == count)
            return at;
    }
    return rows->count;
}

static enum err replace_in(struct index *ix, struct kv_txn *txn, const struct list_id *list,
                           const struct list_change *change)
{
    CLEANUP(list_rows_free) struct list_rows rows = {NULL, 0};
    enum err e = list_read(ix, txn, list, &rows);
    if (e != ERR_OK)
        return e;
    size_t at = place_of(&rows, change->inputs, change->count);
    if (at == rows.count)
        return ERR_STATE;
    struct listed output = change->output;
    output.order = rows.v[at].order;
    e = drop_rows(ix, txn, list, rows.v + at, change->count);
    if (e != ERR_OK)
        return e;
    return output.entries == 0 ? run_set_state(ix, txn, output.run, RUN_DOOMED)
                               : row_put(ix, txn, list, &output);
}

enum err list_replace(struct index *ix, struct kv_txn *txn, const struct list_change *change)
{
    struct list_id list = change->list;
    if (change->count == 0)
        return ERR_STATE;
    enum err e = replace_in(ix, txn, &list, change);
    if (e == ERR_STATE && list.agency != 0) {
        list.agency = 0;
        e = replace_in(ix, txn, &list, change);
    }
    return e == ERR_OK ? list_count(ix, txn) : e;
}

unsigned list_total(const struct index *ix)
{
    return atomic_load(&ix->listed);
}

enum err list_count(struct index *ix, struct kv_txn *txn)
{
    struct kv_table_stats stats;
    enum err e = kv_table_stats(txn, ix->lists, &stats);
    if (e == ERR_OK)
        atomic_store(&ix->listed, (unsigned)(stats.entries < 1000000 ? stats.entries : 1000000));
    return e;
}
