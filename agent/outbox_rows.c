#include "agent/outbox_rows.h"

#include <string.h>

#include "agent/store/store.h"
#include "proto/base/cursor.h"

#define HEAD_MAX_BYTES 1024
#define KEY_BYTES 8

static struct bytes key_of(uint8_t room[KEY_BYTES], struct outbox_id id)
{
    struct buf b = buf_fixed(room, KEY_BYTES);
    buf_put_u64(&b, id.v);
    return buf_bytes(&b);
}

bool outbox_head_knows(const struct outbox_head *h, const struct message_id *id)
{
    struct bytes want = BYTES_OF_ARRAY(id->b);
    if (h->has_frame && bytes_equal(BYTES_OF_ARRAY(h->message.b), want))
        return true;
    for (size_t i = 0; i < h->old_count; i++)
        if (bytes_equal(BYTES_OF_ARRAY(h->old[i].b), want))
            return true;
    return false;
}

static enum err put_head(struct store *s, struct kv_txn *txn, const struct outbox_head *h)
{
    uint8_t room[HEAD_MAX_BYTES];
    uint8_t key[KEY_BYTES];
    struct buf b = buf_fixed(room, sizeof room);
    buf_put_u8(&b, (uint8_t)h->kind);
    buf_put_u64(&b, (uint64_t)h->created_s);
    buf_put_u8(&b, h->has_frame ? 1 : 0);
    buf_put(&b, BYTES_OF_ARRAY(h->message.b));
    buf_put_u64(&b, (uint64_t)h->expires_s);
    buf_put_u8(&b, (uint8_t)h->old_count);
    for (size_t i = 0; i < h->old_count; i++)
        buf_put(&b, BYTES_OF_ARRAY(h->old[i].b));
    buf_put_u32(&b, (uint32_t)h->tag_len);
    buf_put(&b, outbox_tag(h));
    enum err bad = buf_err(&b);
    return bad == ERR_OK ? store_put(s, txn, STORE_OUTBOX, key_of(key, h->id), buf_bytes(&b)) : bad;
}

static enum err decode_head(struct bytes plain, struct outbox_id id, struct outbox_head *out)
{
    struct cursor c = cursor_of(plain);
    struct outbox_head h = {.id = id, .kind = (enum msg_kind)cursor_u8(&c)};
    h.created_s = (int64_t)cursor_u64(&c);
    h.has_frame = cursor_u8(&c) == 1;
    cursor_copy(&c, h.message.b, sizeof h.message.b);
    h.expires_s = (int64_t)cursor_u64(&c);
    h.old_count = cursor_u8(&c);
    if (h.old_count > OUTBOX_OLD_IDS)
        return ERR_INVALID;
    for (size_t i = 0; i < h.old_count; i++)
        cursor_copy(&c, h.old[i].b, sizeof h.old[i].b);
    h.tag_len = cursor_u32(&c);
    if (h.tag_len > OUTBOX_TAG_MAX)
        return ERR_INVALID;
    cursor_copy(&c, h.tag, h.tag_len);
    enum err bad = cursor_done(&c);
    if (bad == ERR_OK)
        *out = h;
    return bad;
}

enum err outbox_rows_add(struct store *s, struct kv_txn *txn, struct outbox_head *h,
                         struct bytes body)
{
    uint8_t key[KEY_BYTES];
    enum err bad = store_get_number(s, txn, "outbox_last", &h->id.v);
    h->id.v++;
    if (bad == ERR_OK)
        bad = store_put_number(s, txn, "outbox_last", h->id.v);
    if (bad == ERR_OK)
        bad = put_head(s, txn, h);
    return bad == ERR_OK ? store_put(s, txn, STORE_OUTBOX_BODY, key_of(key, h->id), body) : bad;
}

enum err outbox_rows_set_frame(struct store *s, struct kv_txn *txn, const struct outbox_head *h,
                               struct bytes frame)
{
    uint8_t key[KEY_BYTES];
    enum err bad = store_has(s, txn, STORE_OUTBOX, key_of(key, h->id));
    if (bad == ERR_OK)
        bad = put_head(s, txn, h);
    return bad == ERR_OK ? store_put(s, txn, STORE_OUTBOX_FRAME, key_of(key, h->id), frame) : bad;
}

enum err outbox_rows_remove(struct store *s, struct kv_txn *txn, struct outbox_id id)
{
    uint8_t key[KEY_BYTES];
    struct bytes k = key_of(key, id);
    enum err bad = store_del(s, txn, STORE_OUTBOX, k);
    if (bad != ERR_OK)
        return bad;
    bad = store_del(s, txn, STORE_OUTBOX_FRAME, k);
    if (bad == ERR_OK || bad == ERR_NOT_FOUND)
        bad = store_del(s, txn, STORE_OUTBOX_BODY, k);
    return bad;
}

enum err outbox_rows_head(struct store *s, struct kv_txn *txn, struct outbox_id id,
                          struct outbox_head *out)
{
    uint8_t key[KEY_BYTES];
    struct bytes plain;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 * HEAD_MAX_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    enum err bad = store_get(s, txn, STORE_OUTBOX, key_of(key, id), a, &plain);
    return bad == ERR_OK ? decode_head(plain, id, out) : bad;
}

enum err outbox_rows_after(struct store *s, struct kv_txn *txn, struct outbox_id id,
                           struct outbox_head *out)
{
    uint8_t key[KEY_BYTES];
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 * HEAD_MAX_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    struct store_row row;
    enum err bad = store_iter(s, txn, STORE_OUTBOX, bytes_of(NULL, 0), &it);
    if (bad == ERR_OK)
        bad = kv_iter_after(it, key_of(key, id));
    if (bad == ERR_OK)
        bad = store_next(s, STORE_OUTBOX, it, a, &row);
    if (bad != ERR_OK)
        return bad;
    struct cursor c = cursor_of(row.key);
    const struct outbox_id found = {cursor_u64(&c)};
    bad = cursor_done(&c);
    return bad == ERR_OK ? decode_head(row.plain, found, out) : bad;
}

enum err outbox_rows_body(struct store *s, struct kv_txn *txn, struct outbox_id id, struct arena *a,
                          struct bytes *out)
{
    uint8_t key[KEY_BYTES];
    return store_get(s, txn, STORE_OUTBOX_BODY, key_of(key, id), a, out);
}

enum err outbox_rows_frame(struct store *s, struct kv_txn *txn, struct outbox_id id,
                           struct arena *a, struct bytes *out)
{
    uint8_t key[KEY_BYTES];
    return store_get(s, txn, STORE_OUTBOX_FRAME, key_of(key, id), a, out);
}
