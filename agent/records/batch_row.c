#include "agent/records/batch_row.h"

#include "agent/records/live.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/msg/batch.h"

#define PART_MAX (64u << 10)
#define ROW_MAX ((size_t)64 << 10)

struct bytes batch_key(uint32_t no, uint8_t room[static BATCH_KEY_BYTES])
{
    struct buf b = buf_fixed(room, BATCH_KEY_BYTES);
    buf_put_u32(&b, no);
    return buf_bytes(&b);
}

struct bytes batch_key_at(struct record_place place, uint8_t room[static BATCH_KEY_BYTES])
{
    struct buf b = buf_fixed(room, BATCH_KEY_BYTES);
    buf_put_u32(&b, place.batch);
    buf_put_u32(&b, place.index);
    return buf_bytes(&b);
}

enum err batch_row_put(struct store *s, struct kv_txn *txn, uint32_t no,
                       const struct batch_row *row)
{
    uint8_t key[BATCH_KEY_BYTES];
    CLEANUP(buf_free) struct buf b = buf_new(ROW_MAX);
    buf_put_u8(&b, (uint8_t)row->state);
    buf_put_u8(&b, (uint8_t)row->kind);
    buf_put_u32(&b, row->data_set);
    buf_put_u32(&b, row->record_count);
    buf_put_u32(&b, row->token_count);
    buf_put_u32(&b, row->chunks);
    join_part(&b, row->secret);
    join_part(&b, row->header);
    join_part(&b, row->signature);
    join_part(&b, row->promise);
    join_part(&b, row->promise_signature);
    shape_encode(&row->shape, &b);
    enum err bad = buf_err(&b);
    if (bad == ERR_OK)
        bad = store_put(s, txn, STORE_BATCH, batch_key(no, key), buf_bytes(&b));
    if (b.ptr != NULL)
        secret_wipe(b.ptr, b.len);
    return bad;
}

static enum err decode_row(struct bytes data, struct arena *a, struct batch_row *out)
{
    struct cursor c = cursor_of(data);
    struct batch_row r = {.state = (enum batch_state)cursor_u8(&c),
                          .kind = (enum batch_kind)cursor_u8(&c)};
    r.data_set = cursor_u32(&c);
    r.record_count = cursor_u32(&c);
    r.token_count = cursor_u32(&c);
    r.chunks = cursor_u32(&c);
    r.secret = cursor_part(&c, PART_MAX);
    r.header = cursor_part(&c, PART_MAX);
    r.signature = cursor_part(&c, PART_MAX);
    r.promise = cursor_part(&c, PART_MAX);
    r.promise_signature = cursor_part(&c, PART_MAX);
    shape_decode(&c, a, &r.shape);
    if (r.state < BATCH_PREPARED || r.state > BATCH_VOID || r.kind < BATCH_ADD ||
        r.kind > BATCH_END)
        cursor_fail(&c, ERR_INVALID);
    enum err bad = cursor_done(&c);
    if (bad == ERR_OK)
        *out = r;
    return bad;
}

enum err batch_row_get(struct store *s, struct kv_txn *txn, uint32_t no, struct arena *a,
                       struct batch_row *out)
{
    uint8_t key[BATCH_KEY_BYTES];
    struct bytes plain;
    enum err bad = store_get(s, txn, STORE_BATCH, batch_key(no, key), a, &plain);
    return bad == ERR_OK ? decode_row(plain, a, out) : bad;
}

enum err batch_leaves_get(struct store *s, struct kv_txn *txn, uint32_t no, struct arena *a,
                          const struct digest **out, size_t *count)
{
    uint8_t key[BATCH_KEY_BYTES];
    struct bytes plain;
    enum err bad = store_get(s, txn, STORE_BATCH_LEAVES, batch_key(no, key), a, &plain);
    if (bad != ERR_OK)
        return bad;
    if (plain.len % sizeof **out != 0)
        return ERR_INVALID;
    struct digest *leaves = arena_alloc(a, plain.len);
    if (leaves == NULL)
        return ERR_NOMEM;
    if (plain.len > 0)
        memcpy(leaves, plain.ptr, plain.len);
    *out = leaves;
    *count = plain.len / sizeof **out;
    return ERR_OK;
}

enum err batch_items_get(struct store *s, struct kv_txn *txn, uint32_t no, struct arena *a,
                         struct batch_items *out)
{
    uint8_t key[BATCH_KEY_BYTES];
    struct bytes plain;
    enum err bad = store_get(s, txn, STORE_BATCH_ITEMS, batch_key(no, key), a, &plain);
    if (bad != ERR_OK)
        return bad;
    if (plain.len % LIVE_ENTRY_BYTES != 0)
        return ERR_INVALID;
    *out = (struct batch_items){plain, plain.len / LIVE_ENTRY_BYTES};
    return ERR_OK;
}

enum err batch_items_at(const struct batch_items *items, size_t i, struct live_entry *out)
{
    struct cursor c =
        cursor_of(bytes_of(items->packed.ptr + i * LIVE_ENTRY_BYTES, LIVE_ENTRY_BYTES));
    live_entry_decode(&c, out);
    return cursor_done(&c);
}

enum err record_version_get(struct store *s, struct kv_txn *txn, struct record_place place,
                            struct arena *a, struct record_version *out)
{
    uint8_t key[BATCH_KEY_BYTES];
    const struct record_place block = {place.batch, place.index / RECORD_BLOCK};
    struct bytes plain;
    enum err bad = store_get(s, txn, STORE_RECORD, batch_key_at(block, key), a, &plain);
    return bad == ERR_OK ? version_at(plain, place.index % RECORD_BLOCK, out) : bad;
}
