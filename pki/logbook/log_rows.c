#include "pki/logbook/log_rows.h"

#include "proto/base/cursor.h"
#include "proto/log/note.h"

#define ROW_HEAD "log/head"
#define ROW_PUBLISHED "log/published"
#define FLAG_HIDDEN_FROM_ACTOR 1u
#define FLAG_HIDDEN_FROM_PEER 2u
#define FLAG_PROMISED 4u
#define FLAG_LOST 8u
#define LOG_ROW_BYTES (8 + 1 + 2 * OIN_CHARS + 8 + sizeof(struct message_id))

struct key8 {
    uint8_t b[8];
};

static struct key8 key_of(uint64_t v)
{
    struct key8 k;
    struct buf b = buf_fixed(k.b, sizeof k.b);
    buf_put_u64(&b, v);
    return k;
}

static uint64_t number_of(struct bytes key)
{
    struct cursor c = cursor_of(key);
    return cursor_u64(&c);
}

enum err log_get_state(const struct log_tables *t, struct kv_txn *txn, const char *name,
                       struct bytes *out)
{
    return kv_get(txn, t->state, bytes_str(name), out);
}

enum err log_put_state(const struct log_tables *t, struct kv_txn *txn, const char *name,
                       struct bytes value)
{
    return kv_put(txn, t->state, bytes_str(name), value);
}

static void put_oin(struct buf *b, const struct agency_id *a)
{
    buf_put(b, bytes_of(a->oin, OIN_CHARS)); /* zeroes where there is none */
}

static enum err put_row(const struct log_tables *t, struct kv_txn *txn, const struct digest *entry,
                        const struct log_row *r)
{
    uint8_t storage[LOG_ROW_BYTES];
    struct buf b = buf_fixed(storage, sizeof storage);
    buf_put_u64(&b, (uint64_t)r->committed_at_s);
    buf_put_u8(&b, (uint8_t)((r->hidden_from_actor ? FLAG_HIDDEN_FROM_ACTOR : 0) |
                             (r->hidden_from_peer ? FLAG_HIDDEN_FROM_PEER : 0) |
                             (r->is_promised ? FLAG_PROMISED : 0) | (r->is_lost ? FLAG_LOST : 0)));
    put_oin(&b, &r->actor);
    put_oin(&b, &r->peer);
    buf_put_u64(&b, r->index);
    buf_put(&b, BYTES_OF_ARRAY(r->message.b));
    return kv_put(txn, t->rows, digest_bytes(entry), buf_bytes(&b));
}

enum err log_get_row(const struct log_tables *t, struct kv_txn *txn, const struct digest *entry,
                     struct log_row *out)
{
    struct bytes value;
    enum err e = kv_get(txn, t->rows, digest_bytes(entry), &value);
    if (e != ERR_OK)
        return e;
    struct cursor c = cursor_of(value);
    struct log_row r = {.committed_at_s = (int64_t)cursor_u64(&c)};
    uint8_t flags = cursor_u8(&c);
    r.hidden_from_actor = (flags & FLAG_HIDDEN_FROM_ACTOR) != 0;
    r.hidden_from_peer = (flags & FLAG_HIDDEN_FROM_PEER) != 0;
    r.is_promised = (flags & FLAG_PROMISED) != 0;
    r.is_lost = (flags & FLAG_LOST) != 0;
    cursor_copy(&c, r.actor.oin, OIN_CHARS);
    cursor_copy(&c, r.peer.oin, OIN_CHARS);
    r.index = cursor_u64(&c);
    if (value.len == LOG_ROW_BYTES) /* rows of before there was one have none */
        cursor_copy(&c, r.message.b, sizeof r.message.b);
    if (cursor_done(&c) != ERR_OK)
        return ERR_INVALID;
    *out = r;
    return ERR_OK;
}

static enum err next_pending(const struct log_tables *t, struct kv_txn *txn, uint64_t *out)
{
    struct bytes key;
    enum err e = kv_last(txn, t->pending, bytes_str(""), &key, NULL);
    if (e == ERR_NOT_FOUND) {
        *out = 1;
        return ERR_OK;
    }
    if (e == ERR_OK)
        *out = number_of(key) + 1;
    return e;
}

enum err log_add(const struct log_tables *t, struct kv_txn *txn, const struct log_new *n)
{
    uint64_t seq = 0;
    enum err e = next_pending(t, txn, &seq);
    if (e != ERR_OK)
        return e;
    struct key8 key = key_of(seq);
    e = kv_put_new(txn, t->pending, BYTES_OF_ARRAY(key.b), digest_bytes(n->entry));
    if (e == ERR_OK)
        e = put_row(t, txn, n->entry, n->row);
    if (e == ERR_OK)
        e = kv_put(txn, t->keys, digest_bytes(n->entry), n->wrapped);
    return e == ERR_OK ? kv_put(txn, t->bodies, digest_bytes(n->entry), n->sealed) : e;
}

enum err log_pending(const struct log_tables *t, struct kv_txn *txn, struct digest *out, size_t max,
                     size_t *count)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    size_t n = 0;
    enum err e = kv_iter_new(txn, t->pending, bytes_str(""), &it);
    while (e == ERR_OK && n < max) {
        struct bytes value;
        e = kv_iter_next(it, NULL, &value);
        if (e != ERR_OK)
            break;
        if (value.len != sizeof out[n].b)
            return ERR_INVALID;
        memcpy(out[n++].b, value.ptr, value.len);
    }
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    *count = n;
    return ERR_OK;
}

enum err log_drop_pending(const struct log_tables *t, struct kv_txn *txn, size_t count)
{
    size_t deleted = 0;
    return kv_del_prefix(txn, t->pending, bytes_str(""), count, &deleted);
}

enum err log_add_lost(const struct log_tables *t, struct kv_txn *txn, const struct digest *entry)
{
    const struct log_row lost = {.is_lost = true, .index = LOG_NOT_PLACED};
    return put_row(t, txn, entry, &lost);
}

enum err log_set_place(const struct log_tables *t, struct kv_txn *txn, const struct log_place *p)
{
    struct key8 key = key_of(p->index);
    enum err e = kv_put_new(txn, t->entries, BYTES_OF_ARRAY(key.b), digest_bytes(p->entry));
    if (e != ERR_OK || p->is_filler)
        return e;
    struct log_row row;
    e = log_get_row(t, txn, p->entry, &row);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_INVALID : e;
    row.index = p->index;
    e = put_row(t, txn, p->entry, &row);
    if (e != ERR_OK || !row.is_promised)
        return e;
    return kv_put(txn, t->proofs, BYTES_OF_ARRAY(key.b), bytes_str(""));
}

static void put_node_key(struct buf *b, unsigned level, uint64_t index)
{
    buf_put_u8(b, (uint8_t)level);
    buf_put_u64(b, index);
}

enum err log_put_node(const struct log_tables *t, struct kv_txn *txn, struct node_id tile_node,
                      const struct digest *hash)
{
    uint8_t storage[9];
    struct buf key = buf_fixed(storage, sizeof storage);
    put_node_key(&key, tile_node.level, tile_node.index);
    return kv_put_new(txn, t->nodes, buf_bytes(&key), digest_bytes(hash));
}

enum err log_entry_at(const struct log_tables *t, struct kv_txn *txn, uint64_t index, struct digest *out)
{
    struct key8 key = key_of(index);
    struct bytes value;
    enum err e = kv_get(txn, t->entries, BYTES_OF_ARRAY(key.b), &value);
    if (e != ERR_OK)
        return e;
    if (value.len != sizeof out->b)
        return ERR_INVALID;
    memcpy(out->b, value.ptr, value.len);
    return ERR_OK;
}

enum err log_body(const struct log_tables *t, struct kv_txn *txn, const struct digest *entry,
                  struct bytes *wrapped, struct bytes *sealed)
{
    enum err e = kv_get(txn, t->keys, digest_bytes(entry), wrapped);
    return e == ERR_OK ? kv_get(txn, t->bodies, digest_bytes(entry), sealed) : e;
}

enum err log_get_head(const struct log_tables *t, struct kv_txn *txn, struct log_head *out)
{
    *out = (struct log_head){0};
    struct bytes row;
    enum err e = log_get_state(t, txn, ROW_HEAD, &row);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    struct cursor c = cursor_of(row);
    cursor_copy(&c, out->root.b, sizeof out->root.b);
    struct bytes range = cursor_bytes(&c, c.left);
    e = cursor_done(&c);
    if (e == ERR_OK)
        e = range_decode(range, &out->range);
    out->size = out->range.size;
    return e == ERR_OK ? ERR_OK : ERR_INVALID;
}

enum err log_put_head(const struct log_tables *t, struct kv_txn *txn, const struct log_head *h)
{
    CLEANUP(buf_free) struct buf b = buf_new(sizeof *h + 64);
    buf_put(&b, digest_bytes(&h->root));
    range_encode(&h->range, &b);
    enum err e = buf_err(&b);
    return e == ERR_OK ? log_put_state(t, txn, ROW_HEAD, buf_bytes(&b)) : e;
}

enum err log_get_published(const struct log_tables *t, struct kv_txn *txn, struct log_published *out)
{
    *out = (struct log_published){0};
    struct bytes row;
    enum err e = log_get_state(t, txn, ROW_PUBLISHED, &row);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    struct cursor c = cursor_of(row);
    out->size = cursor_u64(&c);
    out->note = cursor_bytes(&c, c.left);
    return cursor_done(&c) == ERR_OK ? ERR_OK : ERR_INVALID;
}

enum err log_put_published(const struct log_tables *t, struct kv_txn *txn, const struct log_published *p)
{
    CLEANUP(buf_free) struct buf b = buf_new(NOTE_MAX_BYTES + 8);
    buf_put_u64(&b, p->size);
    buf_put(&b, p->note);
    enum err e = buf_err(&b);
    return e == ERR_OK ? log_put_state(t, txn, ROW_PUBLISHED, buf_bytes(&b)) : e;
}

enum err log_proofs_owed(const struct log_tables *t, struct kv_txn *txn, const struct log_span *span,
                         uint64_t *out, size_t max, size_t *count)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    const struct key8 from = key_of(span->from);
    size_t n = 0;
    enum err e = kv_iter_new(txn, t->proofs, bytes_str(""), &it);
    if (e == ERR_OK)
        e = kv_iter_seek(it, BYTES_OF_ARRAY(from.b));
    while (e == ERR_OK && n < max) {
        struct bytes key;
        e = kv_iter_next(it, &key, NULL);
        if (e != ERR_OK || number_of(key) >= span->until)
            break;
        out[n++] = number_of(key);
    }
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    *count = n;
    return ERR_OK;
}

enum err log_proof_sent(const struct log_tables *t, struct kv_txn *txn, uint64_t index)
{
    struct key8 key = key_of(index);
    return kv_del(txn, t->proofs, BYTES_OF_ARRAY(key.b));
}

static enum err read_hashes(struct log_tiles *t, const struct tile_id *id, struct buf *out)
{
    for (unsigned i = 0; i < id->width; i++) {
        uint8_t storage[9];
        struct buf key = buf_fixed(storage, sizeof storage);
        put_node_key(&key, id->level, id->index * TILE_WIDTH + i);
        struct bytes hash;
        enum err e = kv_get(t->txn, t->tables->nodes, buf_bytes(&key), &hash);
        if (e != ERR_OK)
            return e;
        buf_put(out, hash);
    }
    return buf_err(out);
}

static enum err read_entries(struct log_tiles *t, const struct tile_id *id, struct buf *out)
{
    for (unsigned i = 0; i < id->width; i++) {
        struct digest entry;
        enum err e = log_entry_at(t->tables, t->txn, id->index * TILE_WIDTH + i, &entry);
        if (e != ERR_OK)
            return e;
        bundle_put(out, digest_bytes(&entry));
    }
    return buf_err(out);
}

static enum err read_tile(void *ctx, const struct tile_id *id, struct buf *out)
{
    struct log_tiles *t = ctx;
    return id->kind == TILE_ENTRIES ? read_entries(t, id, out) : read_hashes(t, id, out);
}

struct tile_source log_tile_source(struct log_tiles *t)
{
    return (struct tile_source){.read = read_tile, .ctx = t};
}
