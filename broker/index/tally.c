#include "broker/index/tally.h"

#include <stdlib.h>

#include "broker/index/internal.h"
#include "proto/base/buf.h"
#include "proto/base/cursor.h"

#define SCOPE_BYTES (1 + 2 + NAME_MAX_BYTES + 1 + 4)
#define KEY_BYTES (SCOPE_BYTES + 1 + NAME_MAX_BYTES)
#define COVERED_MAX 256

/* What a row counts: the byte behind the scope in its key. */
enum kind {
    KIND_ADDED = 'a',    /* day -> identifiers */
    KIND_CATEGORY = 'c', /* id -> last day */
    KIND_RECORDS = 'r',  /* day of expiry -> records */
    KIND_TYPE = 't',     /* type -> last day */
};

/* One row: its place and its number. */
struct tally {
    enum kind kind;
    struct bytes item;
    int64_t value;
};

static struct bytes scope_key(const struct tally_scope *s, struct buf *b)
{
    buf_put_u8(b, s->pending ? 'i' : 'p');
    buf_put_u16(b, s->agency);
    buf_put(b, name_bytes(&s->purpose));
    buf_put_u8(b, 0);
    buf_put_u32(b, s->epoch);
    return buf_bytes(b);
}

static struct bytes kind_key(const struct tally_scope *s, enum kind kind, struct buf *b)
{
    scope_key(s, b);
    buf_put_u8(b, (uint8_t)kind);
    return buf_bytes(b);
}

static enum err value_parse(struct bytes value, int64_t *out)
{
    struct cursor c = cursor_of(value);
    int64_t v = (int64_t)cursor_u64(&c);
    enum err e = cursor_done(&c);
    if (e == ERR_OK)
        *out = v;
    return e;
}

static int64_t sum(int64_t a, int64_t b)
{
    int64_t r = 0;
    return __builtin_add_overflow(a, b, &r) ? (b > 0 ? INT64_MAX : INT64_MIN) : r;
}

/* Days are kept at their highest, counts are added up. */
static int64_t joined(enum kind kind, int64_t old, int64_t more)
{
    if (kind == KIND_CATEGORY || kind == KIND_TYPE)
        return old > more ? old : more;
    return sum(old, more);
}

static enum err change(struct index *ix, struct kv_txn *txn, const struct tally_scope *s,
                       const struct tally *t)
{
    uint8_t room[KEY_BYTES];
    uint8_t value_room[8];
    struct buf key = buf_fixed(room, sizeof room);
    struct buf out = buf_fixed(value_room, sizeof value_room);
    kind_key(s, t->kind, &key);
    buf_put(&key, t->item);
    struct bytes old;
    int64_t value = 0;
    enum err e = buf_err(&key);
    if (e == ERR_OK)
        e = kv_get(txn, ix->tallies, buf_bytes(&key), &old);
    if (e == ERR_OK)
        e = value_parse(old, &value);
    else if (e == ERR_NOT_FOUND)
        e = ERR_OK;
    buf_put_u64(&out, (uint64_t)joined(t->kind, value, t->value));
    return e == ERR_OK ? kv_put(txn, ix->tallies, buf_bytes(&key), buf_bytes(&out)) : e;
}

/* A row that is named by a day. */
struct day_tally {
    enum kind kind;
    uint32_t day;
    int64_t value;
};

static enum err change_day(struct index *ix, struct kv_txn *txn, const struct tally_scope *s,
                           const struct day_tally *d)
{
    uint8_t room[4];
    struct buf b = buf_fixed(room, sizeof room);
    buf_put_u32(&b, d->day);
    const struct tally t = {d->kind, buf_bytes(&b), d->value};
    return change(ix, txn, s, &t);
}

enum err tally_records(struct index *ix, struct kv_txn *txn, const struct tally_scope *s,
                       uint32_t expires_day, int64_t change_by)
{
    return change_day(ix, txn, s, &(struct day_tally){KIND_RECORDS, expires_day, change_by});
}

enum err tally_category(struct index *ix, struct kv_txn *txn, const struct tally_scope *s,
                        const struct name *category, uint32_t until_day)
{
    const struct tally t = {KIND_CATEGORY, name_bytes(category), until_day};
    return change(ix, txn, s, &t);
}

enum err tally_type(struct index *ix, struct kv_txn *txn, const struct tally_scope *s,
                    enum ident_type type, uint32_t until_day)
{
    uint8_t item = (uint8_t)type;
    const struct tally t = {KIND_TYPE, bytes_of(&item, 1), until_day};
    return change(ix, txn, s, &t);
}

enum err tally_addition(struct index *ix, struct kv_txn *txn, const struct tally_scope *s,
                        uint32_t day, uint64_t count)
{
    struct tally_scope published = *s;
    published.pending = false;
    int64_t n = count > INT64_MAX ? INT64_MAX : (int64_t)count;
    return change_day(ix, txn, &published, &(struct day_tally){KIND_ADDED, day, n});
}

/* Sum of the rows of a kind that are named by a day from from_day on. */
static enum err sum_days(struct index *ix, struct kv_txn *txn, const struct tally_scope *s,
                         const struct day_tally *from, int64_t *out)
{
    uint8_t room[KEY_BYTES];
    struct buf prefix = buf_fixed(room, sizeof room);
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    int64_t total = 0;
    enum err e = kv_iter_new(txn, ix->tallies, kind_key(s, from->kind, &prefix), &it);
    buf_put_u32(&prefix, from->day);
    if (e == ERR_OK)
        e = kv_iter_seek(it, buf_bytes(&prefix));
    while (e == ERR_OK) {
        struct bytes value;
        int64_t n = 0;
        e = kv_iter_next(it, NULL, &value);
        if (e == ERR_OK)
            e = value_parse(value, &n);
        if (e == ERR_OK)
            total = sum(total, n);
    }
    if (e != ERR_NOT_FOUND)
        return e;
    *out = total;
    return ERR_OK;
}

enum err tally_stock(struct index *ix, struct kv_txn *txn, const struct tally_scope *s,
                     uint32_t today, int64_t *out)
{
    uint32_t tomorrow = today == UINT32_MAX ? today : today + 1;
    return sum_days(ix, txn, s, &(struct day_tally){KIND_RECORDS, tomorrow, 0}, out);
}

enum err tally_additions(struct index *ix, struct kv_txn *txn, const struct tally_scope *s,
                         uint32_t from_day, int64_t *out)
{
    return sum_days(ix, txn, s, &(struct day_tally){KIND_ADDED, from_day, 0}, out);
}

/* Calls for each row under a prefix of the scope, with kind, item and number. */
typedef enum err (*tally_fn)(void *arg, const struct tally *t);

static enum err each(struct index *ix, struct kv_txn *txn, const struct tally_scope *s, tally_fn fn,
                     void *arg)
{
    uint8_t room[SCOPE_BYTES];
    struct buf prefix = buf_fixed(room, sizeof room);
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err e = kv_iter_new(txn, ix->tallies, scope_key(s, &prefix), &it);
    while (e == ERR_OK) {
        struct bytes key;
        struct bytes value;
        struct tally t = {0};
        e = kv_iter_next(it, &key, &value);
        if (e == ERR_OK)
            e = value_parse(value, &t.value);
        if (e == ERR_OK && key.len <= prefix.len)
            e = ERR_INVALID;
        if (e != ERR_OK)
            break;
        t.kind = (enum kind)key.ptr[prefix.len];
        t.item = bytes_of(key.ptr + prefix.len + 1, key.len - prefix.len - 1);
        e = fn(arg, &t);
    }
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

struct covering {
    struct name *names;
    size_t count;
    uint32_t today;
    struct index_coverage *out;
};

static enum err cover(void *arg, const struct tally *t)
{
    struct covering *c = arg;
    if (t->value <= (int64_t)c->today)
        return ERR_OK;
    if (t->kind == KIND_TYPE && t->item.len == 1 && t->item.ptr[0] < IDENT_TYPE_COUNT)
        c->out->types[t->item.ptr[0]] = true;
    if (t->kind != KIND_CATEGORY)
        return ERR_OK;
    return c->count < COVERED_MAX ? name_parse(t->item, &c->names[c->count++]) : ERR_LIMIT;
}

enum err tally_coverage(struct index *ix, struct kv_txn *txn, const struct tally_scope *s,
                        uint32_t today, struct arena *a, struct index_coverage *out)
{
    struct index_coverage found = *out;
    struct covering c = {
        .names = arena_array(a, COVERED_MAX, sizeof *c.names), .today = today, .out = &found};
    if (c.names == NULL)
        return ERR_NOMEM;
    enum err e = each(ix, txn, s, cover, &c);
    if (e != ERR_OK)
        return e;
    found.categories = c.names;
    found.category_count = c.count;
    *out = found;
    return ERR_OK;
}

/* A copy of the rows, because changing the table ends the walk through it. */
struct copy {
    struct tally *v;
    size_t count;
    size_t room;
    struct arena *arena;
};

static enum err copy_one(void *arg, const struct tally *t)
{
    struct copy *c = arg;
    if (c->count == c->room) {
        size_t more = c->room == 0 ? 256 : c->room * 2;
        struct tally *v = realloc(c->v, more * sizeof *v);
        if (v == NULL)
            return ERR_NOMEM;
        c->v = v;
        c->room = more;
    }
    c->v[c->count] = *t;
    c->v[c->count].item = arena_copy(c->arena, t->item);
    return c->v[c->count++].item.ptr == NULL ? ERR_NOMEM : ERR_OK;
}

static enum err take_all(struct index *ix, struct kv_txn *txn, const struct tally_scope *s)
{
    uint8_t room[SCOPE_BYTES];
    struct buf prefix = buf_fixed(room, sizeof room);
    size_t deleted = 0;
    return kv_del_prefix(txn, ix->tallies, scope_key(s, &prefix), SIZE_MAX, &deleted);
}

enum err tally_erase(struct index *ix, struct kv_txn *txn, const struct tally_scope *s)
{
    return take_all(ix, txn, s);
}

enum err tally_drop(struct index *ix, struct kv_txn *txn, const struct tally_scope *pending)
{
    return pending->pending ? take_all(ix, txn, pending) : ERR_STATE;
}

#define COPY_MAX_BYTES ((size_t)16 << 20)

enum err tally_publish(struct index *ix, struct kv_txn *txn, const struct tally_scope *pending)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(COPY_MAX_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    if (!pending->pending)
        return ERR_STATE;
    struct copy c = {.arena = a};
    struct tally_scope published = *pending;
    published.pending = false;
    enum err e = each(ix, txn, pending, copy_one, &c);
    for (size_t i = 0; e == ERR_OK && i < c.count; i++)
        e = change(ix, txn, &published, &c.v[i]);
    if (e == ERR_OK)
        e = take_all(ix, txn, pending);
    free(c.v);
    return e;
}
