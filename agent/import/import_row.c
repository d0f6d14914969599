#include "agent/import/import_row.h"

#include "proto/base/cursor.h"
#include "proto/base/join.h"

#define ROW_MAX ((size_t)4 << 20)
#define REPORT_MAX ((size_t)3 << 20)
#define FORMAT 3
#define FORMAT_BEFORE_STAFF 2
#define FORMAT_BEFORE_EPOCHS 1 /* one epoch in each purpose, and every import of a source */

static void put_u64s(struct buf *b, const uint64_t *v, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_put_u64(b, v[i]);
}

_Static_assert(sizeof(struct make_counts) == 8 * sizeof(uint64_t), "all members are stored");
#define COUNTS (sizeof(struct make_counts) / sizeof(uint64_t))

static void put_counts(struct buf *b, const struct make_counts *c)
{
    const uint64_t v[COUNTS] = {c->added,    c->replaced, c->withdrawn,  c->unchanged,
                                c->kept_out, c->aged,     c->duplicates, c->tokens_added};
    put_u64s(b, v, COUNTS);
}

static void put_leg(struct buf *b, const struct import_leg *l)
{
    const struct record_shape rules = {.rules = l->rules};
    join_part(b, name_bytes(&l->purpose));
    buf_put_u32(b, l->epoch);
    buf_put_u32(b, l->data_set);
    buf_put_u32(b, l->runs);
    shape_encode(&rules, b);
    buf_put(b, BYTES_OF_ARRAY(l->import_id.b));
    buf_put_u32(b, l->first_batch);
    buf_put_u32(b, l->next_batch);
    buf_put_u8(b, l->is_made);
    buf_put_u8(b, l->has_cursor);
    buf_put(b, BYTES_OF_ARRAY(l->cursor.b));
    buf_put_u64(b, l->head.sequence);
    buf_put(b, digest_bytes(&l->head.digest));
    put_counts(b, &l->counts);
    buf_put_u32(b, l->hash_set);
    buf_put_u32(b, l->from_set);
    buf_put_u8(b, (uint8_t)l->left);
}

static struct bytes row_key(enum import_origin origin)
{
    return bytes_str(origin == IMPORT_OF_STORE ? "anew" : "now");
}

enum err import_row_put(struct store *s, struct kv_txn *txn, const struct import_row *row)
{
    const struct record_shape shape = {.fields = row->fields, .categories = row->categories};
    CLEANUP(buf_free) struct buf b = buf_new(ROW_MAX);
    buf_put_u8(&b, FORMAT);
    buf_put_u8(&b, (uint8_t)row->state);
    buf_put_u8(&b, (uint8_t)row->mode);
    buf_put_u8(&b, row->withdraws_lacking);
    join_part(&b, name_bytes(&row->source));
    buf_put(&b, digest_bytes(&row->policy_digest));
    buf_put_u64(&b, (uint64_t)row->started_s);
    buf_put_u64(&b, (uint64_t)row->ended_s);
    buf_put_u32(&b, row->today);
    shape_encode(&shape, &b);
    buf_put_u32(&b, row->leg);
    buf_put_u32(&b, row->leg_count);
    for (uint32_t i = 0; i < row->leg_count; i++)
        put_leg(&b, &row->legs[i]);
    join_part(&b, row->report);
    join_part(&b, row->failure);
    join_part(&b, name_bytes(&row->staff));
    enum err bad = buf_err(&b);
    return bad == ERR_OK ? store_put(s, txn, STORE_IMPORT, row_key(row->origin), buf_bytes(&b))
                         : bad;
}

static struct name get_name(struct cursor *c)
{
    struct name n = {""};
    cursor_fail(c, name_parse(cursor_part(c, NAME_MAX_BYTES), &n));
    return n;
}

static void get_counts(struct cursor *c, struct make_counts *out)
{
    uint64_t v[COUNTS];
    for (size_t i = 0; i < COUNTS; i++)
        v[i] = cursor_u64(c);
    *out = (struct make_counts){v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]};
}

static bool get_bool(struct cursor *c)
{
    uint8_t v = cursor_u8(c);
    if (v > 1)
        cursor_fail(c, ERR_INVALID);
    return v == 1;
}

static enum leg_left get_left(struct cursor *c)
{
    const uint8_t v = cursor_u8(c);
    if (v > LEG_SUSPENDED)
        cursor_fail(c, ERR_INVALID);
    return (enum leg_left)v;
}

static void get_leg(struct cursor *c, uint8_t format, struct arena *a, struct import_leg *l)
{
    struct record_shape rules = {.rules = {0}};
    l->purpose = get_name(c);
    l->epoch = cursor_u32(c);
    l->data_set = cursor_u32(c);
    l->runs = cursor_u32(c);
    shape_decode(c, a, &rules);
    l->rules = rules.rules;
    cursor_copy(c, l->import_id.b, sizeof l->import_id.b);
    l->first_batch = cursor_u32(c);
    l->next_batch = cursor_u32(c);
    l->is_made = get_bool(c);
    l->has_cursor = get_bool(c);
    cursor_copy(c, l->cursor.b, sizeof l->cursor.b);
    l->head.sequence = cursor_u64(c);
    cursor_copy(c, l->head.digest.b, sizeof l->head.digest.b);
    get_counts(c, &l->counts);
    l->hash_set = format == FORMAT_BEFORE_EPOCHS ? l->data_set : cursor_u32(c);
    l->from_set = format == FORMAT_BEFORE_EPOCHS ? 0 : cursor_u32(c);
    l->left = format != FORMAT_BEFORE_EPOCHS ? get_left(c) : LEG_GOES_ON;
}

static struct name get_staff(struct cursor *c)
{
    struct name n = {""};
    const struct bytes part = cursor_part(c, NAME_MAX_BYTES);
    if (part.len > 0)
        cursor_fail(c, name_parse(part, &n));
    return n;
}

static enum err decode(struct bytes data, struct arena *a, struct import_row *out)
{
    struct cursor c = cursor_of(data);
    struct record_shape shape = {.rules = {0}};
    uint8_t format = cursor_u8(&c);
    if (format > FORMAT || format < FORMAT_BEFORE_EPOCHS)
        cursor_fail(&c, ERR_INVALID);
    uint8_t state = cursor_u8(&c);
    uint8_t mode = cursor_u8(&c);
    if (state < IMPORT_SENDING || state > IMPORT_FAILED || mode < IMPORT_MODE_FULL ||
        mode > IMPORT_MODE_DELTA)
        cursor_fail(&c, ERR_INVALID);
    out->state = (enum import_state)state;
    out->mode = (enum import_mode)mode;
    out->withdraws_lacking = get_bool(&c);
    out->source = get_name(&c);
    cursor_copy(&c, out->policy_digest.b, sizeof out->policy_digest.b);
    out->started_s = (int64_t)cursor_u64(&c);
    out->ended_s = (int64_t)cursor_u64(&c);
    out->today = cursor_u32(&c);
    shape_decode(&c, a, &shape);
    out->fields = shape.fields;
    out->categories = shape.categories;
    out->leg = cursor_u32(&c);
    out->leg_count = cursor_u32(&c);
    if (out->leg_count > IMPORT_LEGS_MAX || out->leg > out->leg_count)
        cursor_fail(&c, ERR_INVALID);
    for (uint32_t i = 0; c.err == ERR_OK && i < out->leg_count; i++)
        get_leg(&c, format, a, &out->legs[i]);
    out->report = cursor_part(&c, REPORT_MAX);
    out->failure = cursor_part(&c, REPORT_MAX);
    out->staff = format > FORMAT_BEFORE_STAFF ? get_staff(&c) : (struct name){""};
    return cursor_done(&c);
}

enum err import_row_get(struct store *s, struct kv_txn *txn, enum import_origin origin,
                        struct arena *a, struct import_row *out)
{
    struct bytes plain;
    struct import_row *row = arena_alloc(a, sizeof *row);
    if (row == NULL)
        return ERR_NOMEM;
    enum err bad = store_get(s, txn, STORE_IMPORT, row_key(origin), a, &plain);
    if (bad == ERR_OK)
        bad = decode(plain, a, row);
    row->origin = origin;
    if (bad == ERR_OK)
        *out = *row;
    return bad;
}
