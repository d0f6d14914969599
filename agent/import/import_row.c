#include "agent/import/import_row.h"

#include "proto/base/cursor.h"
#include "proto/base/join.h"

#define ROW_MAX ((size_t)4 << 20)
#define REPORT_MAX ((size_t)3 << 20)
#define KEY_MAX 256
#define FORMAT 1

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
    enum err bad = buf_err(&b);
    return bad == ERR_OK ? store_put(s, txn, STORE_IMPORT, bytes_str("now"), buf_bytes(&b)) : bad;
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

static void get_leg(struct cursor *c, struct arena *a, struct import_leg *l)
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
}

static enum err decode(struct bytes data, struct arena *a, struct import_row *out)
{
    struct cursor c = cursor_of(data);
    struct record_shape shape = {.rules = {0}};
    if (cursor_u8(&c) != FORMAT)
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
        get_leg(&c, a, &out->legs[i]);
    out->report = cursor_part(&c, REPORT_MAX);
    out->failure = cursor_part(&c, REPORT_MAX);
    return cursor_done(&c);
}

enum err import_row_get(struct store *s, struct kv_txn *txn, struct arena *a,
                        struct import_row *out)
{
    struct bytes plain;
    struct import_row *row = arena_alloc(a, sizeof *row);
    if (row == NULL)
        return ERR_NOMEM;
    enum err bad = store_get(s, txn, STORE_IMPORT, bytes_str("now"), a, &plain);
    if (bad == ERR_OK)
        bad = decode(plain, a, row);
    if (bad == ERR_OK)
        *out = *row;
    return bad;
}

/* ---- small rows, by what they count ---- */

static struct bytes key_of(const char *kind, const struct name *source, const struct chain_id *id,
                           struct buf *room)
{
    join_str(room, kind);
    if (source != NULL)
        join_part(room, name_bytes(source));
    join_part(room, name_bytes(&id->purpose));
    buf_put_u32(room, id->epoch);
    return buf_bytes(room);
}

enum err data_set_find(struct store *s, struct kv_txn *txn, const struct data_set_id *id,
                       uint32_t *no)
{
    uint8_t key[KEY_MAX];
    struct buf k = buf_fixed(key, sizeof key);
    const struct chain_id chain = {id->purpose, id->epoch};
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(1024);
    struct bytes plain;
    if (a == NULL)
        return ERR_NOMEM;
    enum err bad = store_get(s, txn, STORE_IMPORT, key_of("set", &id->source, &chain, &k), a,
                             &plain);
    if (bad != ERR_OK)
        return bad;
    struct cursor c = cursor_of(plain);
    uint32_t v = cursor_u32(&c);
    bad = cursor_done(&c);
    if (bad == ERR_OK)
        *no = v;
    return bad;
}

enum err data_set_make(struct store *s, struct kv_txn *txn, const struct data_set_id *id,
                       uint32_t *no)
{
    enum err bad = data_set_find(s, txn, id, no);
    if (bad != ERR_NOT_FOUND)
        return bad;
    uint64_t last = 0;
    bad = store_get_number(s, txn, "data_sets", &last);
    if (bad == ERR_OK && last >= UINT32_MAX - 1)
        bad = ERR_LIMIT;
    if (bad == ERR_OK)
        bad = store_put_number(s, txn, "data_sets", last + 1);
    uint8_t key[KEY_MAX];
    uint8_t room[4];
    struct buf k = buf_fixed(key, sizeof key);
    struct buf v = buf_fixed(room, sizeof room);
    const struct chain_id chain = {id->purpose, id->epoch};
    buf_put_u32(&v, (uint32_t)last + 1);
    if (bad == ERR_OK)
        bad = store_put(s, txn, STORE_IMPORT, key_of("set", &id->source, &chain, &k),
                        buf_bytes(&v));
    if (bad == ERR_OK)
        *no = (uint32_t)last + 1;
    return bad;
}

enum err chain_head_get(struct store *s, struct kv_txn *txn, const struct chain_id *id,
                        struct chain_head *out)
{
    uint8_t key[KEY_MAX];
    struct buf k = buf_fixed(key, sizeof key);
    struct bytes plain;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(1024);
    if (a == NULL)
        return ERR_NOMEM;
    enum err bad = store_get(s, txn, STORE_IMPORT, key_of("chain", NULL, id, &k), a, &plain);
    if (bad == ERR_NOT_FOUND) {
        *out = (struct chain_head){0};
        return ERR_OK;
    }
    if (bad != ERR_OK)
        return bad;
    struct cursor c = cursor_of(plain);
    struct chain_head head = {.sequence = cursor_u64(&c)};
    cursor_copy(&c, head.digest.b, sizeof head.digest.b);
    bad = cursor_done(&c);
    if (bad == ERR_OK)
        *out = head;
    return bad;
}

enum err chain_head_put(struct store *s, struct kv_txn *txn, const struct chain_id *id,
                        const struct chain_head *head)
{
    uint8_t key[KEY_MAX];
    uint8_t room[40];
    struct buf k = buf_fixed(key, sizeof key);
    struct buf v = buf_fixed(room, sizeof room);
    buf_put_u64(&v, head->sequence);
    buf_put(&v, digest_bytes(&head->digest));
    return store_put(s, txn, STORE_IMPORT, key_of("chain", NULL, id, &k), buf_bytes(&v));
}

enum err additions_count(struct store *s, struct kv_txn *txn, const struct chain_id *id,
                         uint32_t from_day, uint64_t *out)
{
    uint8_t key[KEY_MAX];
    struct buf k = buf_fixed(key, sizeof key);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(1024);
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    uint64_t sum = 0;
    if (a == NULL)
        return ERR_NOMEM;
    enum err bad = store_iter(s, txn, STORE_IMPORT, key_of("added", NULL, id, &k), &it);
    while (bad == ERR_OK) {
        struct store_row row;
        arena_reset(a);
        bad = store_next(s, STORE_IMPORT, it, a, &row);
        if (bad != ERR_OK)
            break;
        struct cursor day = cursor_of(bytes_of(row.key.ptr + k.len, row.key.len - k.len));
        struct cursor v = cursor_of(row.plain);
        if (cursor_u32(&day) >= from_day)
            sum += cursor_u64(&v);
    }
    if (bad == ERR_NOT_FOUND)
        *out = sum;
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

enum err additions_add(struct store *s, struct kv_txn *txn, const struct chain_id *id,
                       uint32_t day, uint64_t count)
{
    uint8_t key[KEY_MAX];
    uint8_t room[8];
    struct buf k = buf_fixed(key, sizeof key);
    struct buf v = buf_fixed(room, sizeof room);
    struct bytes plain;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(1024);
    if (a == NULL)
        return ERR_NOMEM;
    key_of("added", NULL, id, &k);
    buf_put_u32(&k, day);
    enum err bad = store_get(s, txn, STORE_IMPORT, buf_bytes(&k), a, &plain);
    if (bad == ERR_OK) {
        struct cursor c = cursor_of(plain);
        count += cursor_u64(&c);
        bad = cursor_done(&c);
    }
    if (bad != ERR_OK && bad != ERR_NOT_FOUND)
        return bad;
    buf_put_u64(&v, count);
    return store_put(s, txn, STORE_IMPORT, buf_bytes(&k), buf_bytes(&v));
}
