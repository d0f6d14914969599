#include "broker/limits.h"

#include <stdlib.h>

#include "broker/store/store.h"
#include "pki/mac.h"
#include "pki/vault.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"

#define ID_BYTES 8
#define BLOCK_KEY_BYTES (1 + 4)
#define SCOPE_KEY_BYTES (BLOCK_KEY_BYTES + ID_BYTES)
#define MEMBER_KEY_BYTES (SCOPE_KEY_BYTES + ID_BYTES)
#define COUNT_KEY_BYTES (SCOPE_KEY_BYTES + 4)
#define BLOCKS_MAX 130u /* that one window can touch: 3660 days in blocks of 30, and both ends */

struct limits_book {
    struct store *store;
    struct vault *keys; /* seals the blocks' keys */
};

struct spans {
    int64_t block_s;
    int64_t bucket_s;
};

/* One block of a window: the counter's name in it, and its keyed context. */
struct block {
    uint32_t number;
    struct mac *mac;
    uint8_t scope[ID_BYTES];
};

/* A counter with all blocks of its window that exist, oldest first. When something is added, the
 * last is the present one. */
struct window {
    struct limits_book *book;
    struct kv_txn *txn;
    const struct limit_query *q;
    struct block blocks[BLOCKS_MAX];
    size_t count;
    uint32_t first_bucket;
    uint32_t now_bucket;
};

static struct spans spans_of(enum limit_kind kind)
{
    switch (kind) {
    case LIMIT_REQUESTS_AGENCY:
    case LIMIT_REQUESTS_OFFICER:
        return (struct spans){LIMIT_DAY_S, 900};
    case LIMIT_SUBJECTS_CASE:
        return (struct spans){365 * LIMIT_DAY_S, LIMIT_DAY_S};
    case LIMIT_SUBJECTS_PERIOD:
        return (struct spans){30 * LIMIT_DAY_S, LIMIT_DAY_S};
    case LIMIT_NONE:
    case LIMIT_KIND_COUNT:
        break;
    }
    return (struct spans){0, 0};
}

enum err limits_new(struct store *s, struct vault *keys, struct limits_book **out)
{
    struct limits_book *l = calloc(1, sizeof *l);
    if (l == NULL)
        return ERR_NOMEM;
    *l = (struct limits_book){.store = s, .keys = keys};
    *out = l;
    return ERR_OK;
}

void limits_free(struct limits_book *l)
{
    free(l);
}

static void put_block(struct buf *b, enum limit_kind kind, uint32_t block)
{
    buf_put_u8(b, (uint8_t)kind);
    buf_put_u32(b, block);
}

static enum err mac_of_secret(struct bytes key, struct mac **out)
{
    struct secret *s = secret_new(key);
    if (s == NULL)
        return ERR_NOMEM;
    enum err e = mac_new(s, out);
    secret_free(s);
    return e;
}

/* ERR_NOT_FOUND: nothing was ever counted in this block. */
static enum err open_block(struct limits_book *l, struct kv_txn *txn, struct bytes place,
                           struct mac **out)
{
    struct bytes sealed;
    enum err e = kv_get(txn, l->store->limit_keys, place, &sealed);
    if (e != ERR_OK)
        return e;
    uint8_t plain[32];
    struct buf key = buf_fixed(plain, sizeof plain);
    e = vault_open(l->keys, place, sealed, &key);
    if (e == ERR_OK)
        e = mac_of_secret(buf_bytes(&key), out);
    secret_wipe(plain, sizeof plain);
    return e;
}

struct making {
    struct limits_book *l;
    struct bytes place;
    struct buf *sealed;
};

static enum err seal_key(void *arg, struct bytes view)
{
    const struct making *m = arg;
    return vault_seal(m->l->keys, m->place, view, m->sealed);
}

static enum err make_block(struct limits_book *l, struct kv_txn *txn, struct bytes place,
                           struct mac **out)
{
    CLEANUP(cleanup_secret_free) struct secret *key = secret_random(32);
    if (key == NULL)
        return ERR_NOMEM;
    CLEANUP(buf_free) struct buf sealed = buf_new(32 + AEAD_OVERHEAD_BYTES);
    struct making m = {l, place, &sealed};
    enum err e = secret_lend(key, seal_key, &m);
    if (e == ERR_OK)
        e = kv_put_new(txn, l->store->limit_keys, place, buf_bytes(&sealed));
    return e == ERR_OK ? mac_new(key, out) : e;
}

static enum err short_id(struct mac *m, const char *what, struct bytes value,
                         uint8_t out[static ID_BYTES])
{
    CLEANUP(buf_free) struct buf b = buf_new(4096);
    join_str(&b, what);
    join_part(&b, value);
    enum err e = buf_err(&b);
    if (e != ERR_OK)
        return e;
    uint8_t tag[MAC_BYTES];
    const struct bytes part = buf_bytes(&b);
    e = mac_compute(m, &part, 1, tag);
    memcpy(out, tag, ID_BYTES);
    secret_wipe(tag, sizeof tag);
    return e;
}

static void window_close(struct window *w)
{
    for (size_t i = 0; i < w->count; i++)
        mac_free(w->blocks[i].mac);
}

/* Adds a block that exists; make: makes it where it does not. */
static enum err window_add(struct window *w, uint32_t number, bool make)
{
    uint8_t storage[BLOCK_KEY_BYTES];
    struct buf place = buf_fixed(storage, sizeof storage);
    put_block(&place, w->q->kind, number);
    struct block b = {.number = number};
    enum err e = open_block(w->book, w->txn, buf_bytes(&place), &b.mac);
    if (e == ERR_NOT_FOUND && make)
        e = make_block(w->book, w->txn, buf_bytes(&place), &b.mac);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    e = short_id(b.mac, "scope", w->q->scope, b.scope);
    if (e != ERR_OK) {
        mac_free(b.mac);
        return e;
    }
    w->blocks[w->count++] = b;
    return ERR_OK;
}

static enum err window_open(struct limits_book *l, struct kv_txn *txn, const struct limit_query *q,
                            bool make, struct window *w)
{
    const struct spans s = spans_of(q->kind);
    if (s.block_s == 0 || q->window_s < 1 || q->window_s > LIMIT_WINDOW_MAX_S || q->now_s < 0 ||
        q->now_s / s.bucket_s > UINT32_MAX)
        return ERR_RANGE;
    const int64_t from_s = q->now_s > q->window_s ? q->now_s - q->window_s : 0;
    *w = (struct window){.book = l, .txn = txn, .q = q};
    w->first_bucket = (uint32_t)(from_s / s.bucket_s);
    w->now_bucket = (uint32_t)(q->now_s / s.bucket_s);
    const uint32_t last = (uint32_t)(q->now_s / s.block_s);
    const uint32_t first = (uint32_t)(from_s / s.block_s);
    if (last - first >= BLOCKS_MAX)
        return ERR_RANGE;
    enum err e = ERR_OK;
    for (uint32_t n = first; e == ERR_OK && n <= last; n++)
        e = window_add(w, n, make && n == last);
    if (e != ERR_OK)
        window_close(w);
    return e;
}

static void put_scope(struct buf *b, const struct window *w, const struct block *in)
{
    put_block(b, w->q->kind, in->number);
    buf_put(b, BYTES_OF_ARRAY(in->scope));
}

/* What the counter's buckets in a block add up to, as far as the window reaches. */
static enum err sum_block(const struct window *w, const struct block *in, uint64_t *sum)
{
    uint8_t storage[SCOPE_KEY_BYTES];
    struct buf prefix = buf_fixed(storage, sizeof storage);
    put_scope(&prefix, w, in);
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err e = kv_iter_new(w->txn, w->book->store->limit_counts, buf_bytes(&prefix), &it);
    while (e == ERR_OK) {
        struct bytes key;
        struct bytes value;
        e = kv_iter_next(it, &key, &value);
        if (e != ERR_OK)
            break;
        if (key.len != COUNT_KEY_BYTES || value.len != 4)
            return ERR_INVALID;
        struct cursor k = cursor_of(bytes_of(key.ptr + SCOPE_KEY_BYTES, 4));
        struct cursor v = cursor_of(value);
        const uint32_t n = cursor_u32(&v);
        if (cursor_u32(&k) >= w->first_bucket)
            *sum += n;
    }
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* The key of a member in a block. */
static enum err member_key(const struct window *w, const struct block *in, struct bytes member,
                           struct buf *out)
{
    uint8_t id[ID_BYTES];
    enum err e = short_id(in->mac, "member", member, id);
    buf_reset(out);
    put_scope(out, w, in);
    buf_put(out, BYTES_OF_ARRAY(id));
    return e == ERR_OK ? buf_err(out) : e;
}

/* The bucket in which a member was last seen in a block. ERR_NOT_FOUND. */
static enum err last_seen(const struct window *w, struct bytes key, uint32_t *bucket)
{
    struct bytes value;
    enum err e = kv_get(w->txn, w->book->store->limit_members, key, &value);
    if (e != ERR_OK)
        return e;
    struct cursor c = cursor_of(value);
    const uint32_t b = cursor_u32(&c);
    if (cursor_done(&c) != ERR_OK)
        return ERR_INVALID;
    *bucket = b;
    return ERR_OK;
}

static enum err is_counted(const struct window *w, struct bytes member, bool *out)
{
    uint8_t storage[MEMBER_KEY_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    *out = false;
    for (size_t i = 0; i < w->count && !*out; i++) {
        uint32_t bucket = 0;
        enum err e = member_key(w, &w->blocks[i], member, &key);
        if (e == ERR_OK)
            e = last_seen(w, buf_bytes(&key), &bucket);
        if (e != ERR_OK && e != ERR_NOT_FOUND)
            return e;
        *out = e == ERR_OK && bucket >= w->first_bucket;
    }
    return ERR_OK;
}

enum err limits_count(struct limits_book *l, struct kv_txn *txn, const struct limit_query *q,
                      uint64_t *out)
{
    struct window w;
    enum err e = window_open(l, txn, q, false, &w);
    if (e != ERR_OK)
        return e;
    uint64_t n = 0;
    for (size_t i = 0; e == ERR_OK && i < w.count; i++)
        e = sum_block(&w, &w.blocks[i], &n);
    for (size_t i = 0; e == ERR_OK && i < q->count; i++) {
        bool counted = false;
        e = is_counted(&w, q->members[i], &counted);
        n += counted ? 0 : 1;
    }
    window_close(&w);
    if (e == ERR_OK)
        *out = n;
    return e;
}

static enum err change(const struct window *w, const struct block *in, uint32_t bucket, int32_t by)
{
    uint8_t storage[COUNT_KEY_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    put_scope(&key, w, in);
    buf_put_u32(&key, bucket);
    struct bytes value;
    uint32_t n = 0;
    enum err e = kv_get(w->txn, w->book->store->limit_counts, buf_bytes(&key), &value);
    if (e == ERR_OK) {
        struct cursor c = cursor_of(value);
        n = cursor_u32(&c);
        e = cursor_done(&c);
    }
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    if (by < 0 && n == 0)
        return ERR_INVALID;
    n = by < 0 ? n - 1 : n + 1;
    if (n == 0)
        return kv_del(w->txn, w->book->store->limit_counts, buf_bytes(&key));
    uint8_t number[4];
    struct buf b = buf_fixed(number, sizeof number);
    buf_put_u32(&b, n);
    return kv_put(w->txn, w->book->store->limit_counts, buf_bytes(&key), buf_bytes(&b));
}

/* Takes a member out of one block, where it is in it. */
static enum err take_out(const struct window *w, const struct block *in, struct bytes member)
{
    uint8_t storage[MEMBER_KEY_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    uint32_t bucket = 0;
    enum err e = member_key(w, in, member, &key);
    if (e == ERR_OK)
        e = last_seen(w, buf_bytes(&key), &bucket);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    e = kv_del(w->txn, w->book->store->limit_members, buf_bytes(&key));
    return e == ERR_OK ? change(w, in, bucket, -1) : e;
}

static enum err put_in(const struct window *w, const struct block *in, struct bytes member)
{
    uint8_t storage[MEMBER_KEY_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    enum err e = member_key(w, in, member, &key);
    uint8_t number[4];
    struct buf b = buf_fixed(number, sizeof number);
    buf_put_u32(&b, w->now_bucket);
    if (e == ERR_OK)
        e = kv_put(w->txn, w->book->store->limit_members, buf_bytes(&key), buf_bytes(&b));
    return e == ERR_OK ? change(w, in, w->now_bucket, 1) : e;
}

enum err limits_add(struct limits_book *l, struct kv_txn *txn, const struct limit_query *q)
{
    struct window w;
    enum err e = window_open(l, txn, q, true, &w);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; e == ERR_OK && i < q->count; i++) {
        for (size_t k = 0; e == ERR_OK && k < w.count; k++)
            e = take_out(&w, &w.blocks[k], q->members[i]);
        if (e == ERR_OK)
            e = put_in(&w, &w.blocks[w.count - 1], q->members[i]);
    }
    window_close(&w);
    return e;
}

/* The key goes last, so that the next call finds a block that is not yet empty. */
static enum err drop_block(struct limits_book *l, struct kv_txn *txn, struct bytes place,
                           size_t max, size_t *deleted)
{
    size_t members = 0;
    size_t counts = 0;
    enum err e = kv_del_prefix(txn, l->store->limit_members, place, max, &members);
    if (e == ERR_OK)
        e = kv_del_prefix(txn, l->store->limit_counts, place, max, &counts);
    *deleted += members + counts;
    if (e != ERR_OK || members == max || counts == max)
        return e;
    ++*deleted;
    return kv_del(txn, l->store->limit_keys, place);
}

enum err limits_expire(struct limits_book *l, struct kv_txn *txn, const struct limit_expiry *x,
                       size_t *deleted)
{
    const struct spans s = spans_of(x->kind);
    if (s.block_s == 0 || x->window_s < 1 || x->now_s < 0)
        return ERR_RANGE;
    const int64_t from_s = x->now_s > x->window_s ? x->now_s - x->window_s : 0;
    const uint32_t first = (uint32_t)(from_s / s.block_s);
    const uint8_t kind = (uint8_t)x->kind;
    *deleted = 0;
    while (*deleted < x->max) {
        CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
        struct bytes key;
        enum err e = kv_iter_new(txn, l->store->limit_keys, bytes_of(&kind, 1), &it);
        if (e == ERR_OK)
            e = kv_iter_next(it, &key, NULL);
        if (e != ERR_OK)
            return e == ERR_NOT_FOUND ? ERR_OK : e;
        uint8_t place[BLOCK_KEY_BYTES];
        if (key.len != sizeof place)
            return ERR_INVALID;
        memcpy(place, key.ptr, sizeof place);
        struct cursor c = cursor_of(bytes_of(place + 1, 4));
        if (cursor_u32(&c) >= first)
            return ERR_OK;
        e = drop_block(l, txn, BYTES_OF_ARRAY(place), x->max, deleted);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}
