#include "broker/store/log_copies.h"

#include "broker/store/meta.h"
#include "pki/logbook/logbook.h"
#include "proto/base/cursor.h"

#define ROW_COPIED "log/copied"
#define ROW_MISSED "log/copy-missed"

enum err log_get_copied(struct store *s, struct kv_txn *txn, struct log_copied *out)
{
    struct bytes row;
    *out = (struct log_copied){.size = 0};
    enum err e = meta_get(s, txn, ROW_COPIED, &row);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    struct cursor c = cursor_of(row);
    out->size = cursor_u64(&c);
    cursor_copy(&c, out->readers.b, sizeof out->readers.b);
    return cursor_done(&c) == ERR_OK ? ERR_OK : ERR_INVALID;
}

enum err log_put_copied(struct store *s, struct kv_txn *txn, const struct log_copied *c)
{
    uint8_t room[sizeof c->size + sizeof c->readers];
    struct buf b = buf_fixed(room, sizeof room);
    buf_put_u64(&b, c->size);
    buf_put(&b, digest_bytes(&c->readers));
    return meta_put(s, txn, ROW_COPIED, buf_bytes(&b));
}

enum err log_get_missed(struct store *s, struct kv_txn *txn, struct copy_missed *out)
{
    struct bytes row;
    const enum err e = meta_get(s, txn, ROW_MISSED, &row);
    if (e == ERR_NOT_FOUND)
        row = bytes_str("");
    return e == ERR_OK || e == ERR_NOT_FOUND ? copy_missed_decode(row, out) : e;
}

enum err log_put_missed(struct store *s, struct kv_txn *txn, const struct copy_missed *m)
{
    CLEANUP(buf_free) struct buf row = buf_new(COPY_MISSED_ROW_MAX);
    copy_missed_encode(m, &row);
    const enum err e = buf_err(&row);
    return e == ERR_OK ? meta_put(s, txn, ROW_MISSED, buf_bytes(&row)) : e;
}

enum err log_has_copy_key(struct store *s, struct kv_txn *txn, const struct body_copy_name *name)
{
    return kv_has(txn, s->log_copies, bytes_str(name->s));
}

struct sealing {
    struct vault *vault;
    struct bytes place;
    struct buf *out;
};

static enum err seal_key(void *arg, struct bytes view)
{
    const struct sealing *s = arg;
    return vault_seal(s->vault, s->place, view, s->out);
}

enum err log_put_copy_key(struct store *s, struct kv_txn *txn, struct vault *v,
                          const struct body_copy_name *name, const struct secret *key)
{
    uint8_t room[BODY_COPY_KEY_BYTES + AEAD_OVERHEAD_BYTES];
    struct buf value = buf_fixed(room, sizeof room);
    struct sealing by = {v, bytes_str(name->s), &value};
    const enum err e = secret_lend(key, seal_key, &by);
    return e == ERR_OK ? kv_put(txn, s->log_copies, by.place, buf_bytes(&value)) : e;
}

static enum err name_at(struct bytes place, struct body_copy_name *name, uint32_t *day)
{
    char text[BODY_COPY_NAME_SIZE] = "";
    if (place.len >= sizeof text)
        return ERR_INVALID;
    memcpy(text, place.ptr, place.len);
    return body_copy_name_parse(text, name, day);
}

/* Names are in the order of their days. */
enum err log_drop_copy_keys(struct store *s, struct kv_txn *txn, uint32_t before, size_t max)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err e = kv_iter_new(txn, s->log_copies, bytes_str(""), &it);
    for (size_t n = 0; e == ERR_OK && n < max; n++) {
        struct body_copy_name name;
        struct bytes key;
        uint32_t day = 0;
        e = kv_iter_next(it, &key, NULL);
        if (e == ERR_OK)
            e = name_at(key, &name, &day);
        if (e == ERR_OK && day >= before)
            break;
        if (e == ERR_OK)
            e = kv_iter_del(it);
    }
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err visit(struct log_copy_visit *v, struct bytes place, struct bytes value)
{
    uint8_t plain[BODY_COPY_KEY_BYTES];
    struct buf b = buf_fixed(plain, sizeof plain);
    struct body_copy_name name;
    uint32_t day = 0;
    enum err e = name_at(place, &name, &day);
    if (e == ERR_OK && logbook_is_damage(e = vault_open(v->vault, place, value, &b))) {
        v->closed++;
        return ERR_OK;
    }
    CLEANUP(cleanup_secret_free)
    struct secret *key = e == ERR_OK ? secret_new(buf_bytes(&b)) : NULL;
    secret_wipe(plain, sizeof plain);
    if (e == ERR_OK)
        e = key != NULL ? v->fn(v->arg, &name, key) : ERR_NOMEM;
    return e;
}

enum err log_each_copy_key(struct store *s, struct kv_txn *txn, struct log_copy_visit *v)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    struct bytes value;
    enum err e = kv_iter_new(txn, s->log_copies, bytes_str(""), &it);
    while (e == ERR_OK && (e = kv_iter_next(it, &key, &value)) == ERR_OK)
        e = visit(v, key, value);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}
