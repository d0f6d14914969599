#include "agent/ask/case.h"

#include "agent/ask/prefix.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"

#define FORMAT 1u
#define ROW_MAX 16384

enum err case_move_to(struct case_row *k, const struct case_move *move, struct errmsg *why)
{
    enum case_state now = case_row_state(k);
    if (now == CASE_CLOSED || now == CASE_DESTROYED)
        return errmsg_set(why, ERR_STATE, "the case is %s and moves no more", case_state_id(now));
    if (now == move->state)
        return errmsg_set(why, ERR_STATE, "the case is in state %s already", case_state_id(now));
    if (k->move_count == CASE_MOVES_MAX)
        return errmsg_set(why, ERR_LIMIT, "the case moved %d times; open another", CASE_MOVES_MAX);
    k->moves[k->move_count++] = *move;
    return ERR_OK;
}

enum err case_put(struct store *s, struct kv_txn *txn, const struct case_row *k)
{
    CLEANUP(buf_free) struct buf out = buf_new(ROW_MAX);
    buf_put_u32(&out, FORMAT);
    buf_put(&out, BYTES_OF_ARRAY(k->id.b));
    join_part(&out, k->title);
    buf_put_u32(&out, (uint32_t)k->move_count);
    for (size_t i = 0; i < k->move_count; i++) {
        buf_put_u32(&out, (uint32_t)k->moves[i].state);
        join_part(&out, name_bytes(&k->moves[i].staff));
        buf_put_u64(&out, (uint64_t)k->moves[i].at_s);
    }
    enum err bad = buf_err(&out);
    return bad != ERR_OK ? bad
                         : store_put(s, txn, STORE_CASE, BYTES_OF_ARRAY(k->id.b), buf_bytes(&out));
}

enum err case_decode(struct bytes row, struct case_row *out)
{
    struct cursor c = cursor_of(row);
    struct case_row k = {0};
    if (cursor_u32(&c) != FORMAT)
        cursor_fail(&c, ERR_VERSION);
    cursor_copy(&c, k.id.b, sizeof k.id.b);
    k.title = cursor_part(&c, CASE_TITLE_MAX);
    k.move_count = cursor_u32(&c);
    if (k.move_count < 1 || k.move_count > CASE_MOVES_MAX)
        cursor_fail(&c, ERR_INVALID);
    for (size_t i = 0; c.err == ERR_OK && i < k.move_count; i++) {
        k.moves[i].state = (enum case_state)cursor_u32(&c);
        if (k.moves[i].state < CASE_SIGNAL || k.moves[i].state > CASE_DESTROYED)
            cursor_fail(&c, ERR_INVALID);
        cursor_fail(&c, name_parse(cursor_part(&c, NAME_MAX_BYTES), &k.moves[i].staff));
        k.moves[i].at_s = (int64_t)cursor_u64(&c);
    }
    enum err bad = cursor_done(&c);
    if (bad == ERR_OK)
        *out = k;
    return bad;
}

enum err case_get(struct store *s, struct kv_txn *txn, const struct case_id *id, struct arena *a,
                  struct case_row *out)
{
    struct bytes row;
    enum err bad = store_get(s, txn, STORE_CASE, BYTES_OF_ARRAY(id->b), a, &row);
    return bad == ERR_OK ? case_decode(row, out) : bad;
}

enum err case_find(struct store *s, struct kv_txn *txn, struct bytes prefix, struct arena *a,
                   struct case_row *out, struct errmsg *why)
{
    struct case_id id;
    const struct prefix_search q = {store_kv_table(s, STORE_CASE), "case", prefix};
    enum err bad = prefix_find(&q, txn, id.b, why);
    return bad == ERR_OK ? case_get(s, txn, &id, a, out) : bad;
}
