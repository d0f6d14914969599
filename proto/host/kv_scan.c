/* kv: going through a table in key order. */
#include <stdlib.h>
#include <string.h>

#include "proto/host/kv_internal.h"

enum iter_step { ITER_FROM, ITER_BEHIND, ITER_NEXT };

struct kv_iter {
    struct kv_txn *txn;
    MDB_cursor *cursor;
    enum iter_step step;
    size_t prefix_len;
    size_t from_len;
    uint8_t prefix[KV_KEY_MAX];
    uint8_t from[KV_KEY_MAX];
};

enum err kv_iter_new(struct kv_txn *t, struct kv_table table, struct bytes prefix,
                     struct kv_iter **out)
{
    if (prefix.len > KV_KEY_MAX)
        return ERR_TOO_LARGE;
    enum err e = kv_count_call(t->kv);
    if (e != ERR_OK)
        return e;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = malloc(sizeof *it);
    if (it == NULL)
        return ERR_NOMEM;
    it->txn = t;
    it->cursor = NULL;
    it->prefix_len = prefix.len;
    if (prefix.len > 0)
        memcpy(it->prefix, prefix.ptr, prefix.len);
    e = kv_iter_seek(it, prefix);
    if (e == ERR_OK)
        e = kv_map_error(mdb_cursor_open(t->txn, table.id, &it->cursor));
    if (e == ERR_OK)
        *out = take(it);
    return e;
}

void kv_iter_free(struct kv_iter *it)
{
    if (it == NULL)
        return;
    if (it->cursor != NULL)
        mdb_cursor_close(it->cursor);
    free(it);
}

static enum err start_at(struct kv_iter *it, struct bytes key, enum iter_step step)
{
    if (key.len > KV_KEY_MAX)
        return ERR_TOO_LARGE;
    struct bytes prefix = bytes_of(it->prefix, it->prefix_len);
    if (bytes_cmp(key, prefix) < 0) {
        key = prefix;
        step = ITER_FROM;
    }
    if (key.len > 0)
        memmove(it->from, key.ptr, key.len);
    it->from_len = key.len;
    it->step = step;
    return ERR_OK;
}

enum err kv_iter_seek(struct kv_iter *it, struct bytes key)
{
    return start_at(it, key, ITER_FROM);
}

enum err kv_iter_after(struct kv_iter *it, struct bytes key)
{
    return start_at(it, key, ITER_BEHIND);
}

/* Moves the cursor to the next entry, wherever the prefix ends. */
static int move(struct kv_iter *it, MDB_val *k, MDB_val *v)
{
    enum iter_step step = it->step;
    it->step = ITER_NEXT;
    if (step == ITER_NEXT)
        return mdb_cursor_get(it->cursor, k, v, MDB_NEXT);
    if (it->from_len == 0)
        return mdb_cursor_get(it->cursor, k, v, MDB_FIRST);
    struct bytes from = bytes_of(it->from, it->from_len);
    *k = kv_val(from);
    int rc = mdb_cursor_get(it->cursor, k, v, MDB_SET_RANGE);
    if (rc == 0 && step == ITER_BEHIND && bytes_equal(kv_bytes(*k), from))
        rc = mdb_cursor_get(it->cursor, k, v, MDB_NEXT);
    return rc;
}

static bool has_prefix(struct bytes key, struct bytes prefix)
{
    return key.len >= prefix.len && bytes_equal(bytes_of(key.ptr, prefix.len), prefix);
}

enum err kv_iter_next(struct kv_iter *it, struct bytes *key, struct bytes *value)
{
    enum err e = kv_count_call(it->txn->kv);
    if (e != ERR_OK)
        return e;
    MDB_val k = {0};
    MDB_val v = {0};
    e = kv_map_error(move(it, &k, &v));
    if (e != ERR_OK)
        return e;
    if (!has_prefix(kv_bytes(k), bytes_of(it->prefix, it->prefix_len)))
        return ERR_NOT_FOUND;
    if (key != NULL)
        *key = kv_bytes(k);
    if (value != NULL)
        *value = kv_bytes(v);
    return ERR_OK;
}

enum err kv_iter_del(struct kv_iter *it)
{
    if (!it->txn->writes || it->step != ITER_NEXT)
        return ERR_STATE;
    enum err e = kv_count_call(it->txn->kv);
    return e != ERR_OK ? e : kv_map_error(mdb_cursor_del(it->cursor, 0));
}

/* The least key behind all keys with the prefix it->prefix; false where there is none. */
static bool set_successor(struct kv_iter *it)
{
    size_t n = it->prefix_len;
    while (n > 0 && it->prefix[n - 1] == 0xff)
        n--;
    if (n == 0)
        return false;
    memcpy(it->from, it->prefix, n);
    it->from[n - 1]++;
    it->from_len = n;
    return true;
}

static int move_last(struct kv_iter *it, MDB_val *k, MDB_val *v)
{
    if (set_successor(it)) {
        *k = kv_val(bytes_of(it->from, it->from_len));
        int rc = mdb_cursor_get(it->cursor, k, v, MDB_SET_RANGE);
        if (rc == 0)
            return mdb_cursor_get(it->cursor, k, v, MDB_PREV);
        if (rc != MDB_NOTFOUND)
            return rc;
    }
    return mdb_cursor_get(it->cursor, k, v, MDB_LAST);
}

enum err kv_last(struct kv_txn *t, struct kv_table table, struct bytes prefix, struct bytes *key,
                 struct bytes *value)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err e = kv_iter_new(t, table, prefix, &it);
    if (e != ERR_OK)
        return e;
    MDB_val k = {0};
    MDB_val v = {0};
    e = kv_map_error(move_last(it, &k, &v));
    if (e == ERR_OK && !has_prefix(kv_bytes(k), prefix))
        e = ERR_NOT_FOUND;
    if (e == ERR_OK && key != NULL)
        *key = kv_bytes(k);
    if (e == ERR_OK && value != NULL)
        *value = kv_bytes(v);
    return e;
}

enum err kv_del_prefix(struct kv_txn *t, struct kv_table table, struct bytes prefix, size_t max,
                       size_t *deleted)
{
    if (!t->writes)
        return ERR_STATE;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err e = kv_iter_new(t, table, prefix, &it);
    size_t n = 0;
    while (e == ERR_OK && n < max) {
        e = kv_iter_next(it, NULL, NULL);
        if (e == ERR_OK)
            e = kv_iter_del(it);
        if (e == ERR_OK)
            n++;
    }
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    *deleted = n;
    return ERR_OK;
}
