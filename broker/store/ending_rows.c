#include "broker/store/ending_rows.h"

#include "proto/base/buf.h"
#include "proto/base/cursor.h"

/* Row of meta: "ending/" and the digest -> u8 days, u64 end. */
#define PREFIX "ending/"
#define KEY_BYTES (sizeof PREFIX - 1 + sizeof(struct digest))

static struct bytes key_of(const struct digest *d, uint8_t room[static KEY_BYTES])
{
    memcpy(room, PREFIX, sizeof PREFIX - 1);
    memcpy(room + sizeof PREFIX - 1, d->b, sizeof d->b);
    return bytes_of(room, KEY_BYTES);
}

static enum err read_row(struct bytes value, struct ending_row *out)
{
    struct cursor c = cursor_of(value);
    out->days = cursor_u8(&c);
    out->end_s = (int64_t)cursor_u64(&c);
    return cursor_done(&c);
}

enum err ending_row_put(struct store *s, struct kv_txn *txn, const struct ending_row *row,
                        bool *is_new)
{
    uint8_t room[KEY_BYTES];
    uint8_t value_room[1 + sizeof(uint64_t)];
    struct buf value = buf_fixed(value_room, sizeof value_room);
    const struct bytes key = key_of(&row->digest, room);
    struct ending_row before = {.days = UINT8_MAX}; /* none was given */
    struct bytes was;
    enum err e = kv_get(txn, s->meta, key, &was);
    if (e == ERR_OK)
        e = read_row(was, &before);
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    *is_new = row->days < before.days;
    if (!*is_new)
        return ERR_OK;
    buf_put_u8(&value, row->days);
    buf_put_u64(&value, (uint64_t)row->end_s);
    return kv_put(txn, s->meta, key, buf_bytes(&value));
}

enum err ending_rows_forget(struct store *s, struct kv_txn *txn, int64_t before_s)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes value;
    struct ending_row row;
    enum err e = kv_iter_new(txn, s->meta, bytes_str(PREFIX), &it);
    while (e == ERR_OK && (e = kv_iter_next(it, NULL, &value)) == ERR_OK) {
        e = read_row(value, &row);
        if (e == ERR_OK && row.end_s < before_s)
            e = kv_iter_del(it);
    }
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}
