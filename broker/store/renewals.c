#include "broker/store/renewals.h"

#include "proto/base/buf.h"
#include "proto/base/cursor.h"

#define PART_MAX 65536u
#define ROW_MAX ((size_t)8 << 10)
#define KEY_BYTES (OIN_CHARS + 32)

static void put_key(struct buf *b, const struct renewal_key *k)
{
    buf_put(b, agency_id_bytes(&k->sender));
    buf_put(b, digest_bytes(&k->renewal));
}

static void put_part(struct buf *b, struct bytes part)
{
    buf_put_u32(b, (uint32_t)part.len);
    buf_put(b, part);
}

enum err renewal_row_put(struct store *s, struct kv_txn *txn, const struct renewal_key *k,
                         const struct renewal_row *r)
{
    uint8_t storage[KEY_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    CLEANUP(buf_free) struct buf row = buf_new(ROW_MAX);
    put_key(&key, k);
    buf_put_u64(&row, (uint64_t)r->at_s);
    buf_put_u64(&row, r->mail);
    put_part(&row, r->promise);
    put_part(&row, r->promise_signature);
    enum err e = buf_err(&row);
    return e == ERR_OK ? kv_put_new(txn, s->renewals, buf_bytes(&key), buf_bytes(&row)) : e;
}

static enum err read_row(struct bytes row, struct renewal_row *out)
{
    struct cursor c = cursor_of(row);
    const uint64_t at_s = cursor_u64(&c);
    struct renewal_row r = {.mail = cursor_u64(&c)};
    r.promise = cursor_part(&c, PART_MAX);
    r.promise_signature = cursor_part(&c, PART_MAX);
    if (cursor_done(&c) != ERR_OK || at_s > INT64_MAX)
        return ERR_INVALID;
    r.at_s = (int64_t)at_s;
    *out = r;
    return ERR_OK;
}

enum err renewal_row_get(struct store *s, struct kv_txn *txn, const struct renewal_key *k,
                         struct renewal_row *out)
{
    uint8_t storage[KEY_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    struct bytes row;
    put_key(&key, k);
    enum err e = kv_get(txn, s->renewals, buf_bytes(&key), &row);
    return e == ERR_OK ? read_row(row, out) : e;
}

enum err renewal_rows_sweep(struct store *s, struct kv_txn *txn, const struct renewal_count *c,
                            size_t *waiting)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    size_t n = 0;
    enum err e = kv_iter_new(txn, s->renewals, agency_id_bytes(c->sender), &it);
    while (e == ERR_OK) {
        struct bytes value;
        struct renewal_row r;
        e = kv_iter_next(it, NULL, &value);
        if (e == ERR_OK)
            e = read_row(value, &r);
        if (e != ERR_OK)
            break;
        n += r.mail > c->acked;
        if (r.mail <= c->acked && r.at_s + RENEWAL_KEEP_S <= c->now_s)
            e = kv_iter_del(it);
    }
    if (e != ERR_NOT_FOUND)
        return e;
    *waiting = n;
    return ERR_OK;
}
