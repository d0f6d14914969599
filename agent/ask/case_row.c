/* The row of a case: bytes, and the table that they stand in. */
#include "agent/ask/case.h"
#include "agent/ask/prefix.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"

#define FORMAT 3u
#define FORMAT_BEFORE_VERSIONS 2u /* of the policy, beside a rule */
#define FORMAT_BEFORE_CHECKS 1u

static void put_moves(struct buf *out, const struct case_row *k)
{
    buf_put_u32(out, (uint32_t)k->move_count);
    for (size_t i = 0; i < k->move_count; i++) {
        buf_put_u32(out, (uint32_t)k->moves[i].state);
        join_part(out, name_bytes(&k->moves[i].staff));
        buf_put_u64(out, (uint64_t)k->moves[i].at_s);
    }
}

static void put_checks(struct buf *out, const struct case_row *k)
{
    buf_put_u32(out, (uint32_t)k->check_count);
    for (size_t i = 0; i < k->check_count; i++) {
        const struct case_checked *c = &k->checks[i];
        buf_put_u32(out, (uint32_t)c->check);
        join_part(out, name_bytes(&c->staff));
        buf_put_u64(out, (uint64_t)c->at_s);
        join_part(out, c->by);
        join_part(out, c->reason);
    }
}

static void put_uses(struct buf *out, const struct case_row *k)
{
    buf_put_u32(out, (uint32_t)k->use_count);
    for (size_t i = 0; i < k->use_count; i++) {
        join_part(out, name_bytes(&k->uses[i].rule));
        buf_put(out, digest_bytes(&k->uses[i].policy));
        buf_put_u8(out, k->uses[i].destroy_at_close);
        buf_put_u32(out, k->uses[i].keep_days);
    }
}

enum err case_put(struct store *s, struct kv_txn *txn, const struct case_row *k)
{
    CLEANUP(buf_free) struct buf out = buf_new(CASE_ROW_MAX_BYTES);
    buf_put_u32(&out, FORMAT);
    buf_put(&out, BYTES_OF_ARRAY(k->id.b));
    join_part(&out, k->title);
    put_moves(&out, k);
    put_checks(&out, k);
    put_uses(&out, k);
    join_part(&out, name_bytes(&k->intervention));
    join_part(&out, name_bytes(&k->result));
    enum err bad = buf_err(&out);
    return bad != ERR_OK ? bad
                         : store_put(s, txn, STORE_CASE, BYTES_OF_ARRAY(k->id.b), buf_bytes(&out));
}

/* May be empty. */
static void get_name(struct cursor *c, struct name *out)
{
    struct bytes text = cursor_part(c, NAME_MAX_BYTES);
    if (text.len > 0)
        cursor_fail(c, name_parse(text, out));
}

static size_t get_count(struct cursor *c, size_t most)
{
    size_t n = cursor_u32(c);
    if (n > most)
        cursor_fail(c, ERR_INVALID);
    return c->err == ERR_OK ? n : 0;
}

static void get_moves(struct cursor *c, struct case_row *k)
{
    k->move_count = get_count(c, CASE_MOVES_MAX);
    if (k->move_count < 1)
        cursor_fail(c, ERR_INVALID);
    for (size_t i = 0; c->err == ERR_OK && i < k->move_count; i++) {
        k->moves[i].state = (enum case_state)cursor_u32(c);
        if (k->moves[i].state < CASE_SIGNAL || k->moves[i].state > CASE_DESTROYED)
            cursor_fail(c, ERR_INVALID);
        get_name(c, &k->moves[i].staff);
        k->moves[i].at_s = (int64_t)cursor_u64(c);
    }
}

static void get_checks(struct cursor *c, struct case_row *k)
{
    k->check_count = get_count(c, CASE_CHECKS);
    for (size_t i = 0; c->err == ERR_OK && i < k->check_count; i++) {
        struct case_checked *v = &k->checks[i];
        v->check = (enum case_check)cursor_u32(c);
        if (v->check < CHECK_1 || v->check > CHECK_2B)
            cursor_fail(c, ERR_INVALID);
        get_name(c, &v->staff);
        v->at_s = (int64_t)cursor_u64(c);
        v->by = cursor_part(c, CASE_BY_MAX);
        v->reason = cursor_part(c, CASE_REASON_MAX);
    }
}

static void get_uses(struct cursor *c, uint32_t format, struct case_row *k)
{
    k->use_count = get_count(c, CASE_RULES_MAX);
    for (size_t i = 0; c->err == ERR_OK && i < k->use_count; i++) {
        get_name(c, &k->uses[i].rule);
        if (format == FORMAT)
            cursor_copy(c, k->uses[i].policy.b, sizeof k->uses[i].policy.b);
        k->uses[i].destroy_at_close = cursor_u8(c) != 0;
        k->uses[i].keep_days = cursor_u32(c);
    }
}

enum err case_decode(struct bytes row, struct case_row *out)
{
    struct cursor c = cursor_of(row);
    struct case_row k = {0};
    uint32_t format = cursor_u32(&c);
    if (format < FORMAT_BEFORE_CHECKS || format > FORMAT)
        cursor_fail(&c, ERR_VERSION);
    cursor_copy(&c, k.id.b, sizeof k.id.b);
    k.title = cursor_part(&c, CASE_TITLE_MAX);
    get_moves(&c, &k);
    if (format >= FORMAT_BEFORE_VERSIONS) {
        get_checks(&c, &k);
        get_uses(&c, format, &k);
        get_name(&c, &k.intervention);
        get_name(&c, &k.result);
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
