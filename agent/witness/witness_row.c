#include "agent/witness/witness_row.h"

#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/log/note.h"

#define ROW "witness"
#define ROW_MAX (WITNESS_LINES_MAX + NOTE_MAX_BYTES + 64)

enum err witness_row_get(struct store *s, struct kv_txn *txn, struct arena *a, struct witness_row *out)
{
    struct bytes plain;
    *out = (struct witness_row){0};
    enum err bad = store_get(s, txn, STORE_META, bytes_str(ROW), a, &plain);
    if (bad != ERR_OK)
        return bad == ERR_NOT_FOUND ? ERR_OK : bad;
    struct cursor c = cursor_of(plain);
    struct witness_row row = {.state.size = cursor_u64(&c)};
    const struct bytes root = cursor_bytes(&c, sizeof row.state.root.b);
    row.lines = cursor_part(&c, WITNESS_LINES_MAX);
    if (cursor_done(&c) != ERR_OK)
        row.head = cursor_part(&c, NOTE_MAX_BYTES);
    if (cursor_done(&c) != ERR_OK)
        return ERR_INVALID;
    memcpy(row.state.root.b, root.ptr, root.len);
    *out = row;
    return ERR_OK;
}

enum err witness_row_put(struct store *s, struct kv_txn *txn, const struct witness_row *row)
{
    CLEANUP(buf_free) struct buf plain = buf_new(ROW_MAX);
    buf_put_u64(&plain, row->state.size);
    buf_put(&plain, digest_bytes(&row->state.root));
    join_part(&plain, row->lines);
    join_part(&plain, row->head);
    const enum err bad = buf_err(&plain);
    return bad == ERR_OK ? store_put(s, txn, STORE_META, bytes_str(ROW), buf_bytes(&plain)) : bad;
}

enum err witness_row_drop(struct store *s, struct kv_txn *txn)
{
    const enum err bad = store_del(s, txn, STORE_META, bytes_str(ROW));
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}
