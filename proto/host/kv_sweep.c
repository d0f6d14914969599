#include "proto/host/kv_sweep.h"

#include <string.h>

#define VALUE_MAX ((size_t)64 << 20)

/* The entry behind the place. Nothing may be written while an iterator is open, so each has its own. */
static enum err next(struct kv_txn *txn, struct kv_sweep *s, struct bytes *value)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    enum err e = kv_iter_new(txn, s->table, bytes_of(NULL, 0), &it);
    if (e == ERR_OK && *s->place_len > 0)
        e = kv_iter_after(it, bytes_of(s->place, *s->place_len));
    if (e == ERR_OK)
        e = kv_iter_next(it, &key, value);
    if (e != ERR_OK)
        return e;
    memcpy(s->place, key.ptr, key.len);
    *s->place_len = key.len;
    return ERR_OK;
}

static enum err renew(struct kv_txn *txn, struct kv_sweep *s, struct bytes value)
{
    CLEANUP(buf_free) struct buf new = buf_new(VALUE_MAX);
    const struct bytes key = bytes_of(s->place, *s->place_len);
    enum err e = s->fn(s->arg, key, value, &new);
    if (e != ERR_OK)
        return e == ERR_EXISTS ? ERR_OK : e;
    s->written++;
    s->bytes += new.len;
    return kv_put(txn, s->table, key, buf_bytes(&new));
}

enum err kv_sweep(struct kv_txn *txn, struct kv_sweep *s)
{
    enum err e = ERR_OK;
    while (e == ERR_OK && s->looked < s->max_looked && s->bytes < s->max_bytes) {
        struct bytes value;
        e = next(txn, s, &value);
        s->at_end = e == ERR_NOT_FOUND;
        if (e != ERR_OK)
            break;
        s->looked++;
        e = renew(txn, s, value);
    }
    return s->at_end ? ERR_OK : e;
}
