#include "broker/store/log_due.h"

#include <string.h>

#include "broker/store/meta.h"
#include "proto/base/buf.h"
#include "proto/base/cursor.h"

#define ROW_DATED "log/dated"
#define KEY_BYTES (sizeof(uint64_t) + sizeof(struct digest))

enum err log_dated(struct store *s, struct kv_txn *txn, uint64_t *out)
{
    struct bytes row;
    *out = 0;
    enum err e = meta_get(s, txn, ROW_DATED, &row);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    struct cursor c = cursor_of(row);
    *out = cursor_u64(&c);
    return cursor_done(&c) == ERR_OK ? ERR_OK : ERR_INVALID;
}

enum err log_put_dated(struct store *s, struct kv_txn *txn, uint64_t index)
{
    uint8_t room[sizeof index];
    struct buf b = buf_fixed(room, sizeof room);
    buf_put_u64(&b, index);
    return meta_put(s, txn, ROW_DATED, buf_bytes(&b));
}

enum err log_put_due(struct store *s, struct kv_txn *txn, const struct log_due_row *row)
{
    uint8_t room[KEY_BYTES];
    uint8_t value_room[sizeof(uint64_t) + LOG_TERMS_MAX * LOG_TERM_BYTES];
    struct buf key = buf_fixed(room, sizeof room);
    struct buf value = buf_fixed(value_room, sizeof value_room);
    buf_put_u64(&key, (uint64_t)row->due_s);
    buf_put(&key, digest_bytes(row->entry));
    log_terms_encode(row->index, row->terms, &value);
    return kv_put(txn, s->log_due, buf_bytes(&key), buf_bytes(&value));
}

/* Both parts of a body; it may be gone already. */
static enum err erase_body(struct store *s, struct kv_txn *txn, const struct digest *entry)
{
    enum err e = kv_del(txn, s->log.keys, digest_bytes(entry));
    if (e == ERR_OK || e == ERR_NOT_FOUND)
        e = kv_del(txn, s->log.bodies, digest_bytes(entry));
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* value is a view that the first write ends. */
static enum err erase(struct store *s, struct kv_txn *txn, const struct digest *entry,
                      struct bytes value)
{
    struct log_terms terms;
    uint64_t index = 0;
    enum err e = log_terms_decode(value, &index, &terms);
    if (e == ERR_OK)
        e = log_index_drop(s, txn, index, &terms);
    return e == ERR_OK ? erase_body(s, txn, entry) : e;
}

enum err log_erase_due(struct store *s, struct kv_txn *txn, int64_t now_s, size_t max,
                       size_t *erased)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    size_t n = 0;
    enum err e = kv_iter_new(txn, s->log_due, bytes_str(""), &it);
    while (e == ERR_OK && n < max) {
        struct bytes key;
        struct bytes value;
        e = kv_iter_next(it, &key, &value);
        if (e != ERR_OK)
            break;
        struct cursor c = cursor_of(key);
        if ((int64_t)cursor_u64(&c) > now_s)
            break;
        struct digest entry;
        cursor_copy(&c, entry.b, sizeof entry.b);
        e = cursor_done(&c) == ERR_OK ? erase(s, txn, &entry, value) : ERR_INVALID;
        if (e == ERR_OK)
            e = kv_iter_del(it);
        n++;
    }
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    *erased = n;
    return ERR_OK;
}
