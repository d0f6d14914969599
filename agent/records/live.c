#include "agent/records/live.h"

#include <endian.h>
#include <stdlib.h>

#include "pki/mac.h"
#include "proto/base/cursor.h"

#define KEY_BYTES 20
#define SLICE 1024u

struct live_hash {
    struct mac *mac;
    uint8_t data_set[4];
    struct live_digest context;
};

/* The uses of one HMAC key, told apart by their first byte. */
enum { USE_KEY = 1, USE_CONTENT, USE_CONTEXT };

static enum err hash(struct live_hash *h, uint8_t use, struct bytes first, struct bytes second,
                     struct live_digest *out)
{
    uint8_t sum[MAC_BYTES];
    const struct bytes parts[] = {bytes_of(&use, 1), bytes_of(h->data_set, sizeof h->data_set),
                                  first, second};
    enum err bad = mac_compute(h->mac, parts, ARRAY_LEN(parts), sum);
    if (bad == ERR_OK)
        memcpy(out->b, sum, sizeof out->b);
    return bad;
}

enum err live_hash_new(const struct secret *key, uint32_t data_set, struct bytes context,
                       struct live_hash **out)
{
    CLEANUP(cleanup_live_hash_free) struct live_hash *h = calloc(1, sizeof *h);
    if (h == NULL)
        return ERR_NOMEM;
    struct buf b = buf_fixed(h->data_set, sizeof h->data_set);
    buf_put_u32(&b, data_set);
    enum err bad = buf_err(&b);
    if (bad == ERR_OK)
        bad = mac_new(key, &h->mac);
    if (bad == ERR_OK)
        bad = hash(h, USE_CONTEXT, context, bytes_of(NULL, 0), &h->context);
    if (bad == ERR_OK)
        *out = take(h);
    return bad;
}

void live_hash_free(struct live_hash *h)
{
    if (h == NULL)
        return;
    mac_free(h->mac);
    free(h);
}

enum err live_hash_key(struct live_hash *h, struct bytes record_key, struct live_digest *out)
{
    return hash(h, USE_KEY, record_key, bytes_of(NULL, 0), out);
}

enum err live_hash_content(struct live_hash *h, struct bytes content, struct live_digest *out)
{
    return hash(h, USE_CONTENT, BYTES_OF_ARRAY(h->context.b), content, out);
}

int live_digest_cmp(const struct live_digest *a, const struct live_digest *b)
{
    /* As bytes_cmp, in two words: sorting and merging do little else. */
    for (size_t at = 0; at < sizeof a->b; at += sizeof(uint64_t)) {
        uint64_t x;
        uint64_t y;
        memcpy(&x, a->b + at, sizeof x);
        memcpy(&y, b->b + at, sizeof y);
        if (x != y)
            return be64toh(x) < be64toh(y) ? -1 : 1;
    }
    return 0;
}

static void put_value(const struct live_entry *e, struct buf *out)
{
    buf_put(out, BYTES_OF_ARRAY(e->content.b));
    buf_put_u32(out, e->place.batch);
    buf_put_u32(out, e->place.index);
    buf_put_u16(out, e->tokens);
    buf_put_u32(out, e->entered_day);
    buf_put_u32(out, e->expires_day);
}

void live_entry_encode(const struct live_entry *e, struct buf *out)
{
    buf_put(out, BYTES_OF_ARRAY(e->key.b));
    put_value(e, out);
}

static void get_value(struct cursor *c, struct live_entry *out)
{
    cursor_copy(c, out->content.b, sizeof out->content.b);
    out->place.batch = cursor_u32(c);
    out->place.index = cursor_u32(c);
    out->tokens = cursor_u16(c);
    out->entered_day = cursor_u32(c);
    out->expires_day = cursor_u32(c);
}

void live_entry_decode(struct cursor *c, struct live_entry *out)
{
    cursor_copy(c, out->key.b, sizeof out->key.b);
    get_value(c, out);
}

static struct bytes row_key(uint32_t data_set, const struct live_digest *key, uint8_t *room)
{
    struct buf b = buf_fixed(room, KEY_BYTES);
    buf_put_u32(&b, data_set);
    if (key != NULL)
        buf_put(&b, BYTES_OF_ARRAY(key->b));
    return buf_bytes(&b);
}

enum err live_put(struct store *s, struct kv_txn *txn, uint32_t data_set,
                  const struct live_entry *e)
{
    uint8_t key[KEY_BYTES];
    uint8_t room[LIVE_ENTRY_BYTES];
    struct buf value = buf_fixed(room, sizeof room);
    put_value(e, &value);
    return kv_put(txn, store_kv_table(s, STORE_LIVE), row_key(data_set, &e->key, key),
                  buf_bytes(&value));
}

enum err live_del(struct store *s, struct kv_txn *txn, uint32_t data_set,
                  const struct live_digest *key)
{
    uint8_t room[KEY_BYTES];
    return kv_del(txn, store_kv_table(s, STORE_LIVE), row_key(data_set, key, room));
}

enum err live_get(struct store *s, struct kv_txn *txn, uint32_t data_set,
                  const struct live_digest *key, struct live_entry *out)
{
    uint8_t room[KEY_BYTES];
    struct bytes value;
    enum err bad = kv_get(txn, store_kv_table(s, STORE_LIVE), row_key(data_set, key, room), &value);
    if (bad != ERR_OK)
        return bad;
    struct cursor c = cursor_of(value);
    struct live_entry e = {.key = *key};
    get_value(&c, &e);
    if (cursor_done(&c) != ERR_OK)
        return ERR_INVALID;
    *out = e;
    return ERR_OK;
}

struct live_reader {
    struct store *store;
    uint32_t data_set;
    struct live_digest last; /* of the slice at hand */
    bool has_last;
    bool ended; /* no slice follows */
    size_t count;
    size_t at;
    struct live_entry entries[SLICE];
};

enum err live_reader_new(struct store *s, uint32_t data_set, const struct live_digest *after,
                         struct live_reader **out)
{
    struct live_reader *r = calloc(1, sizeof *r);
    if (r == NULL)
        return ERR_NOMEM;
    r->store = s;
    r->data_set = data_set;
    if (after != NULL) {
        r->last = *after;
        r->has_last = true;
    }
    *out = r;
    return ERR_OK;
}

void live_reader_free(struct live_reader *r)
{
    free(r);
}

static enum err read_entry(struct live_reader *r, struct kv_iter *it)
{
    struct bytes key;
    struct bytes value;
    enum err bad = kv_iter_next(it, &key, &value);
    if (bad != ERR_OK)
        return bad;
    struct live_entry *e = &r->entries[r->count];
    struct cursor k = cursor_of(key);
    cursor_u32(&k);
    cursor_copy(&k, e->key.b, sizeof e->key.b);
    struct cursor v = cursor_of(value);
    get_value(&v, e);
    if (cursor_done(&k) != ERR_OK || cursor_done(&v) != ERR_OK)
        return ERR_INVALID;
    r->count++;
    return ERR_OK;
}

/* Fills the slice from a snapshot of its own. */
static enum err read_slice(struct live_reader *r)
{
    uint8_t room[KEY_BYTES];
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err bad = kv_read_begin(store_kv(r->store), &txn);
    if (bad == ERR_OK)
        bad = kv_iter_new(txn, store_kv_table(r->store, STORE_LIVE),
                          row_key(r->data_set, NULL, room), &it);
    if (bad == ERR_OK && r->has_last)
        bad = kv_iter_after(it, row_key(r->data_set, &r->last, room));
    r->count = 0;
    r->at = 0;
    while (bad == ERR_OK && r->count < SLICE)
        bad = read_entry(r, it);
    if (bad == ERR_NOT_FOUND) {
        r->ended = true;
        bad = ERR_OK;
    }
    if (bad == ERR_OK && r->count > 0) {
        r->last = r->entries[r->count - 1].key;
        r->has_last = true;
    }
    return bad;
}

enum err live_reader_next(struct live_reader *r, const struct live_entry **out)
{
    if (r->at == r->count && !r->ended) {
        enum err bad = read_slice(r);
        if (bad != ERR_OK)
            return bad;
    }
    *out = r->at < r->count ? &r->entries[r->at++] : NULL;
    return ERR_OK;
}
