#include "broker/store/match_rows.h"

#include "proto/base/buf.h"
#include "proto/base/cursor.h"

#define PART_MAX 65536u
#define ROW_MAX ((size_t)256 << 10)
#define KEY_BYTES (32 + 16 + 4)

enum err held_row_put(struct store *s, struct kv_txn *txn, const struct digest *id,
                      struct bytes sealed)
{
    return kv_put(txn, s->held, digest_bytes(id), sealed);
}

enum err held_row_get(struct store *s, struct kv_txn *txn, const struct digest *id,
                      struct bytes *sealed)
{
    return kv_get(txn, s->held, digest_bytes(id), sealed);
}

enum err held_row_del(struct store *s, struct kv_txn *txn, const struct digest *id)
{
    enum err e = kv_del(txn, s->held, digest_bytes(id));
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static void put_key(struct buf *b, const struct match_key *k)
{
    buf_put(b, digest_bytes(&k->id));
    buf_put(b, BYTES_OF_ARRAY(k->handle.b));
    buf_put_u32(b, k->group);
}

enum err match_row_put(struct store *s, struct kv_txn *txn, const struct match_key *k,
                       const struct match_row *m)
{
    uint8_t storage[KEY_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    put_key(&key, k);
    CLEANUP(buf_free) struct buf row = buf_new(ROW_MAX);
    buf_put_u64(&row, m->mail);
    buf_put(&row, m->sealed);
    enum err e = buf_err(&row);
    return e == ERR_OK ? kv_put_new(txn, s->matches, buf_bytes(&key), buf_bytes(&row)) : e;
}

enum err match_row_get(struct store *s, struct kv_txn *txn, const struct match_key *k,
                       struct match_row *out)
{
    uint8_t storage[KEY_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    put_key(&key, k);
    struct bytes row;
    enum err e = kv_get(txn, s->matches, buf_bytes(&key), &row);
    if (e != ERR_OK)
        return e;
    struct cursor c = cursor_of(row);
    struct match_row m = {.mail = cursor_u64(&c)};
    m.sealed = cursor_bytes(&c, c.left);
    if (cursor_done(&c) != ERR_OK)
        return ERR_INVALID;
    *out = m;
    return ERR_OK;
}

enum err match_row_set_mail(struct store *s, struct kv_txn *txn, const struct match_key *k,
                            uint64_t mail)
{
    uint8_t storage[KEY_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    struct match_row m;
    put_key(&key, k);
    CLEANUP(buf_free) struct buf row = buf_new(ROW_MAX);
    enum err e = match_row_get(s, txn, k, &m);
    if (e != ERR_OK)
        return e;
    buf_put_u64(&row, mail);
    buf_put(&row, m.sealed);
    e = buf_err(&row);
    return e == ERR_OK ? kv_put(txn, s->matches, buf_bytes(&key), buf_bytes(&row)) : e;
}

enum err match_row_mails(struct store *s, struct kv_txn *txn, const struct digest *id,
                         uint64_t *out, size_t max, size_t *count)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    size_t n = 0;
    enum err e = kv_iter_new(txn, s->matches, digest_bytes(id), &it);
    while (e == ERR_OK && n < max) {
        struct bytes row;
        e = kv_iter_next(it, NULL, &row);
        if (e != ERR_OK)
            break;
        struct cursor c = cursor_of(row);
        out[n++] = cursor_u64(&c);
        e = c.err;
    }
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    *count = n;
    return ERR_OK;
}

static enum err del_all(struct kv_txn *txn, struct kv_table table, const struct digest *id)
{
    size_t deleted = 0;
    return kv_del_prefix(txn, table, digest_bytes(id), SIZE_MAX, &deleted);
}

enum err match_row_del_all(struct store *s, struct kv_txn *txn, const struct digest *id)
{
    return del_all(txn, s->matches, id);
}

enum err settlement_put(struct store *s, struct kv_txn *txn, const struct match_key *k,
                        const struct settlement *d)
{
    uint8_t storage[KEY_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    put_key(&key, k);
    CLEANUP(buf_free) struct buf row = buf_new(ROW_MAX);
    buf_put_u8(&row, (uint8_t)d->decision);
    buf_put(&row, digest_bytes(&d->consents));
    buf_put_u32(&row, (uint32_t)d->promise.len);
    buf_put(&row, d->promise);
    buf_put_u32(&row, (uint32_t)d->promise_signature.len);
    buf_put(&row, d->promise_signature);
    enum err e = buf_err(&row);
    return e == ERR_OK ? kv_put_new(txn, s->settlements, buf_bytes(&key), buf_bytes(&row)) : e;
}

enum err settlement_get(struct store *s, struct kv_txn *txn, const struct match_key *k,
                        struct settlement *out)
{
    uint8_t storage[KEY_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    put_key(&key, k);
    struct bytes row;
    enum err e = kv_get(txn, s->settlements, buf_bytes(&key), &row);
    if (e != ERR_OK)
        return e;
    struct cursor c = cursor_of(row);
    uint8_t decision = cursor_u8(&c);
    struct settlement d = {0};
    cursor_copy(&c, d.consents.b, sizeof d.consents.b);
    d.promise = cursor_part(&c, PART_MAX);
    d.promise_signature = cursor_part(&c, PART_MAX);
    if (cursor_done(&c) != ERR_OK || decision == CONSENT_NONE || decision > CONSENT_REFUSE)
        return ERR_INVALID;
    d.decision = (enum consent_decision)decision;
    *out = d;
    return ERR_OK;
}

enum err settlement_del_all(struct store *s, struct kv_txn *txn, const struct digest *id)
{
    return del_all(txn, s->settlements, id);
}
