#include "pki/logbook/log_due.h"

#include <string.h>

#include "proto/base/buf.h"
#include "proto/base/cursor.h"

#define ROW_DATED "log/dated"
#define KEY_BYTES (sizeof(uint64_t) + sizeof(struct digest))

enum err log_dated(const struct log_tables *t, struct kv_txn *txn, uint64_t *out)
{
    struct bytes row;
    *out = 0;
    enum err e = log_get_state(t, txn, ROW_DATED, &row);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    struct cursor c = cursor_of(row);
    *out = cursor_u64(&c);
    return cursor_done(&c) == ERR_OK ? ERR_OK : ERR_INVALID;
}

enum err log_put_dated(const struct log_tables *t, struct kv_txn *txn, uint64_t index)
{
    uint8_t room[sizeof index];
    struct buf b = buf_fixed(room, sizeof room);
    buf_put_u64(&b, index);
    return log_put_state(t, txn, ROW_DATED, buf_bytes(&b));
}

enum err log_put_due(const struct log_tables *t, struct kv_txn *txn, const struct log_due_row *row)
{
    uint8_t room[KEY_BYTES];
    uint8_t value_room[sizeof(uint64_t) + LOG_DUE_NOTE_MAX];
    struct buf key = buf_fixed(room, sizeof room);
    struct buf value = buf_fixed(value_room, sizeof value_room);
    if (row->note.len > LOG_DUE_NOTE_MAX)
        return ERR_TOO_LARGE;
    buf_put_u64(&key, (uint64_t)row->due_s);
    buf_put(&key, digest_bytes(row->entry));
    buf_put_u64(&value, row->index);
    buf_put(&value, row->note);
    return kv_put(txn, t->due, buf_bytes(&key), buf_bytes(&value));
}

/* Both parts of a body; it may be gone already. */
static enum err erase_body(const struct log_tables *t, struct kv_txn *txn, const struct digest *entry)
{
    enum err e = kv_del(txn, t->keys, digest_bytes(entry));
    if (e == ERR_OK || e == ERR_NOT_FOUND)
        e = kv_del(txn, t->bodies, digest_bytes(entry));
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* value is a view that the first write ends. */
static enum err erase(const struct log_tables *t, struct kv_txn *txn, const struct log_unlisting *lists,
                      const struct log_due_row *row)
{
    uint8_t room[LOG_DUE_NOTE_MAX];
    struct buf note = buf_fixed(room, sizeof room);
    buf_put(&note, row->note);
    enum err e = buf_err(&note) == ERR_OK ? ERR_OK : ERR_INVALID;
    if (e == ERR_OK && lists->unlist != NULL)
        e = lists->unlist(lists->arg, txn, row->index, buf_bytes(&note));
    return e == ERR_OK ? erase_body(t, txn, row->entry) : e;
}

/* A row as it lies; entry is filled in, note is a view. */
static enum err decode(struct bytes key, struct bytes value, struct digest *entry, struct log_due_row *out)
{
    struct cursor k = cursor_of(key);
    struct cursor v = cursor_of(value);
    out->due_s = (int64_t)cursor_u64(&k);
    cursor_copy(&k, entry->b, sizeof entry->b);
    out->entry = entry;
    out->index = cursor_u64(&v);
    out->note = cursor_bytes(&v, v.left);
    return cursor_done(&k) == ERR_OK && cursor_done(&v) == ERR_OK ? ERR_OK : ERR_INVALID;
}

enum err log_erase_due(const struct log_tables *t, struct kv_txn *txn, const struct log_erasing *how,
                       size_t *erased)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    size_t n = 0;
    enum err e = kv_iter_new(txn, t->due, bytes_str(""), &it);
    while (e == ERR_OK && n < how->max) {
        struct bytes key;
        struct bytes value;
        struct digest entry;
        struct log_due_row row;
        e = kv_iter_next(it, &key, &value);
        if (e == ERR_OK)
            e = decode(key, value, &entry, &row);
        if (e != ERR_OK || row.due_s > how->now_s)
            break;
        e = erase(t, txn, &how->lists, &row);
        if (e == ERR_OK)
            e = kv_iter_del(it);
        n++;
    }
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    *erased = n;
    return ERR_OK;
}
