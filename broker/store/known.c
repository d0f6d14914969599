#include "broker/store/known.h"

#include "proto/base/cursor.h"

#define ID_BYTES 16
#define KEY_BYTES (OIN_CHARS + ID_BYTES)
#define UNTIL_BYTES (8 + KEY_BYTES)
#define VALUE_FIXED_BYTES (32 + 1)

static void put_key(struct buf *b, const struct agency_id *sender, const struct message_id *id)
{
    buf_put(b, agency_id_bytes(sender));
    buf_put(b, BYTES_OF_ARRAY(id->b));
}

enum err known_find(struct store *s, struct kv_txn *txn, const struct agency_id *sender,
                    const struct message_id *id, struct known *out)
{
    uint8_t storage[KEY_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    put_key(&key, sender, id);
    struct bytes value;
    enum err e = kv_get(txn, s->known, buf_bytes(&key), &value);
    if (e != ERR_OK)
        return e;
    struct cursor c = cursor_of(value);
    struct known k = {0};
    cursor_copy(&c, k.envelope.b, sizeof k.envelope.b);
    uint8_t kind = cursor_u8(&c);
    k.reply_body = cursor_bytes(&c, c.left);
    if (cursor_done(&c) != ERR_OK || kind == MSG_NONE || kind >= MSG_KIND_COUNT)
        return ERR_INVALID;
    k.reply_kind = (enum msg_kind)kind;
    *out = k;
    return ERR_OK;
}

static enum err put_until(struct store *s, struct kv_txn *txn, const struct envelope *e)
{
    uint8_t storage[UNTIL_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    buf_put_u64(&key, (uint64_t)(e->expires_at_s + KNOWN_KEEP_S));
    put_key(&key, &e->sender, &e->id);
    return kv_put(txn, s->known_until, buf_bytes(&key), bytes_str(""));
}

enum err known_put(struct store *s, struct kv_txn *txn, const struct envelope *e,
                   const struct known *k)
{
    uint8_t storage[KEY_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    put_key(&key, &e->sender, &e->id);
    CLEANUP(buf_free) struct buf value = buf_new(FRAME_MAX_BYTES);
    buf_put(&value, digest_bytes(&k->envelope));
    buf_put_u8(&value, (uint8_t)k->reply_kind);
    buf_put(&value, k->reply_body);
    enum err err = buf_err(&value);
    if (err == ERR_OK)
        err = kv_put_new(txn, s->known, buf_bytes(&key), buf_bytes(&value));
    return err == ERR_OK ? put_until(s, txn, e) : err;
}

static enum err forget(struct store *s, struct kv_txn *txn, struct bytes until_key)
{
    struct bytes key = bytes_of(until_key.ptr + 8, until_key.len - 8);
    enum err e = kv_del(txn, s->known, key);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err known_expire(struct store *s, struct kv_txn *txn, int64_t now_s, size_t max,
                      size_t *forgotten)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    size_t n = 0;
    enum err e = kv_iter_new(txn, s->known_until, bytes_str(""), &it);
    while (e == ERR_OK && n < max) {
        struct bytes key;
        e = kv_iter_next(it, &key, NULL);
        if (e != ERR_OK)
            break;
        struct cursor c = cursor_of(key);
        if (key.len != UNTIL_BYTES || cursor_u64(&c) >= (uint64_t)now_s)
            break;
        e = forget(s, txn, key);
        if (e == ERR_OK)
            e = kv_iter_del(it);
        n++;
    }
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    *forgotten = n;
    return ERR_OK;
}
