#include "broker/store/mail.h"

#include "proto/base/cursor.h"

enum err mail_get_state(struct store *s, struct kv_txn *txn, const struct agency_id *to,
                        struct mail_state *out)
{
    struct bytes row;
    enum err e = kv_get(txn, s->mail_state, agency_id_bytes(to), &row);
    if (e == ERR_NOT_FOUND) {
        *out = (struct mail_state){0};
        return ERR_OK;
    }
    if (e != ERR_OK)
        return e;
    struct cursor c = cursor_of(row);
    struct mail_state m = {.last = cursor_u64(&c)};
    m.acked = cursor_u64(&c);
    m.count = cursor_u64(&c);
    m.bytes = cursor_u64(&c);
    if (cursor_done(&c) != ERR_OK)
        return ERR_INVALID;
    *out = m;
    return ERR_OK;
}

static enum err put_state(struct store *s, struct kv_txn *txn, const struct agency_id *to,
                          const struct mail_state *m)
{
    uint8_t storage[32];
    struct buf b = buf_fixed(storage, sizeof storage);
    buf_put_u64(&b, m->last);
    buf_put_u64(&b, m->acked);
    buf_put_u64(&b, m->count);
    buf_put_u64(&b, m->bytes);
    return kv_put(txn, s->mail_state, agency_id_bytes(to), buf_bytes(&b));
}

void mail_place(const struct agency_id *to, uint64_t sequence, struct buf *out)
{
    buf_put(out, agency_id_bytes(to));
    buf_put_u64(out, sequence);
}

enum err mail_add(struct store *s, struct kv_txn *txn, const struct mail_row *row)
{
    struct mail_state m;
    enum err e = mail_get_state(s, txn, row->to, &m);
    if (e != ERR_OK)
        return e;
    uint8_t storage[MAIL_ROW_PLACE_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    mail_place(row->to, row->sequence, &key);
    e = kv_put_new(txn, s->mail, buf_bytes(&key), row->sealed);
    m.last = row->sequence;
    m.count++;
    m.bytes += row->sealed.len;
    return e == ERR_OK ? put_state(s, txn, row->to, &m) : e;
}

static void take_off(struct mail_state *m, uint64_t count, uint64_t bytes)
{
    m->count -= count < m->count ? count : m->count;
    m->bytes -= bytes < m->bytes ? bytes : m->bytes;
}

enum err mail_get(struct store *s, struct kv_txn *txn, const struct agency_id *to, uint64_t sequence,
                  struct bytes *sealed)
{
    uint8_t storage[MAIL_ROW_PLACE_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    mail_place(to, sequence, &key);
    return kv_get(txn, s->mail, buf_bytes(&key), sealed);
}

enum err mail_remove(struct store *s, struct kv_txn *txn, const struct agency_id *to,
                     uint64_t sequence)
{
    struct mail_state m;
    enum err e = mail_get_state(s, txn, to, &m);
    if (e != ERR_OK)
        return e;
    uint8_t storage[MAIL_ROW_PLACE_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    mail_place(to, sequence, &key);
    struct bytes value;
    e = kv_get(txn, s->mail, buf_bytes(&key), &value);
    if (e != ERR_OK)
        return e;
    take_off(&m, 1, value.len);
    e = kv_del(txn, s->mail, buf_bytes(&key));
    return e == ERR_OK ? put_state(s, txn, to, &m) : e;
}

enum err mail_move(struct store *s, struct kv_txn *txn, const struct mail_move *mv)
{
    uint8_t storage[MAIL_ROW_PLACE_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    struct mail_state m;
    enum err e = mail_remove(s, txn, mv->to, mv->from);
    if (e == ERR_OK)
        e = mail_get_state(s, txn, mv->to, &m);
    if (e != ERR_OK)
        return e;
    mail_place(mv->to, mv->sequence, &key);
    e = kv_put_new(txn, s->mail, buf_bytes(&key), mv->sealed);
    if (mv->sequence < MAIL_ASIDE)
        m.last = mv->sequence;
    m.count++;
    m.bytes += mv->sealed.len;
    return e == ERR_OK ? put_state(s, txn, mv->to, &m) : e;
}

enum err mail_next_box(struct store *s, struct kv_txn *txn, const struct agency_id *after,
                       struct agency_id *out)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    enum err e = kv_iter_new(txn, s->mail_state, bytes_of(NULL, 0), &it);
    if (e == ERR_OK && after != NULL)
        e = kv_iter_after(it, agency_id_bytes(after));
    if (e == ERR_OK)
        e = kv_iter_next(it, &key, NULL);
    return e == ERR_OK ? agency_id_parse(key, out) : e;
}

enum err mail_ack_up_to(struct store *s, struct kv_txn *txn, const struct agency_id *to,
                        uint64_t up_to)
{
    struct mail_state m;
    enum err e = mail_get_state(s, txn, to, &m);
    if (e != ERR_OK)
        return e;
    if (up_to > m.last)
        up_to = m.last;
    if (up_to <= m.acked)
        return ERR_OK;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    e = kv_iter_new(txn, s->mail, agency_id_bytes(to), &it);
    while (e == ERR_OK) {
        struct bytes key;
        struct bytes value;
        e = kv_iter_next(it, &key, &value);
        if (e != ERR_OK)
            break;
        struct cursor c = cursor_of(bytes_of(key.ptr + OIN_CHARS, key.len - OIN_CHARS));
        if (cursor_u64(&c) > up_to)
            break;
        take_off(&m, 1, value.len);
        e = kv_iter_del(it);
    }
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    m.acked = up_to;
    return put_state(s, txn, to, &m);
}

enum err mail_raise_to(struct store *s, struct kv_txn *txn, const struct mail_raise *r,
                       uint64_t *dropped)
{
    struct mail_state m;
    enum err e = mail_get_state(s, txn, r->to, &m);
    if (e != ERR_OK)
        return e;
    *dropped = 0;
    if (r->done <= m.last)
        return ERR_OK;
    *dropped = m.count;
    m.last = r->done;
    e = put_state(s, txn, r->to, &m);
    return e == ERR_OK ? mail_ack_up_to(s, txn, r->to, r->done) : e;
}

enum err mail_each(struct store *s, struct kv_txn *txn, const struct mail_walk *w)
{
    uint8_t storage[MAIL_ROW_PLACE_BYTES];
    struct buf from = buf_fixed(storage, sizeof storage);
    mail_place(w->to, w->after, &from);
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err e = kv_iter_new(txn, s->mail, agency_id_bytes(w->to), &it);
    if (e == ERR_OK)
        e = kv_iter_after(it, buf_bytes(&from));
    while (e == ERR_OK) {
        struct bytes key;
        struct mail_row row = {.to = w->to};
        e = kv_iter_next(it, &key, &row.sealed);
        if (e != ERR_OK)
            break;
        if (key.len != MAIL_ROW_PLACE_BYTES)
            return ERR_INVALID;
        struct cursor c = cursor_of(bytes_of(key.ptr + OIN_CHARS, 8));
        row.sequence = cursor_u64(&c);
        if (row.sequence >= MAIL_ASIDE && w->after < MAIL_ASIDE)
            break;
        e = w->fn(w->arg, &row);
    }
    return e == ERR_NOT_FOUND || e == ERR_CANCELLED ? ERR_OK : e;
}
