/* Data sets, chains and what is counted of them: small rows of STORE_IMPORT, each under its kind and what
 * it is of. */
#include "agent/import/data_set.h"

#include "proto/base/cursor.h"
#include "proto/base/join.h"

#define KEY_MAX 256
#define SET_BYTES 8

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

static struct bytes set_key(const char *kind, const struct data_set_id *id, struct buf *room)
{
    const struct chain_id chain = {id->purpose, id->epoch};
    return key_of(kind, &id->source, &chain, room);
}

/* A row of before there could be several epochs has the number alone. */
static enum err get_set(struct bytes plain, struct data_set *out)
{
    struct cursor c = cursor_of(plain);
    struct data_set set = {.no = cursor_u32(&c)};
    set.hash_no = plain.len == SET_BYTES ? cursor_u32(&c) : set.no;
    enum err bad = cursor_done(&c);
    if (bad == ERR_OK)
        *out = set;
    return bad;
}

enum err data_set_find(struct store *s, struct kv_txn *txn, const struct data_set_id *id,
                       struct data_set *out)
{
    uint8_t key[KEY_MAX];
    struct buf k = buf_fixed(key, sizeof key);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(1024);
    struct bytes plain;
    if (a == NULL)
        return ERR_NOMEM;
    enum err bad = store_get(s, txn, STORE_IMPORT, set_key("set", id, &k), a, &plain);
    return bad == ERR_OK ? get_set(plain, out) : bad;
}

static struct name get_name(struct cursor *c)
{
    struct name n = {""};
    cursor_fail(c, name_parse(cursor_part(c, NAME_MAX_BYTES), &n));
    return n;
}

/* A kind of row, and the key behind which the next one is looked for; empty: the first. */
struct after {
    const char *kind;
    struct bytes key;
};

/* The row in the arena; its key without the kind. ERR_NOT_FOUND at the end. */
static enum err next_row(struct store *s, struct kv_txn *txn, const struct after *after, struct arena *a, struct store_row *out)
{
    uint8_t room[KEY_MAX];
    struct buf prefix = buf_fixed(room, sizeof room);
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    join_str(&prefix, after->kind);
    enum err bad = a != NULL ? store_iter(s, txn, STORE_IMPORT, buf_bytes(&prefix), &it) : ERR_NOMEM;
    if (bad == ERR_OK && after->key.len > 0)
        bad = kv_iter_after(it, after->key);
    if (bad == ERR_OK)
        bad = store_next(s, STORE_IMPORT, it, a, out);
    if (bad == ERR_OK)
        out->key = bytes_of(out->key.ptr + prefix.len, out->key.len - prefix.len);
    return bad;
}

enum err data_set_next(struct store *s, struct kv_txn *txn, const struct data_set_id *after,
                       struct data_set_id *id, struct data_set *out)
{
    uint8_t key[KEY_MAX];
    struct buf k = buf_fixed(key, sizeof key);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(4096);
    struct store_row row;
    const struct after at = {"set", after != NULL ? set_key("set", after, &k) : bytes_of(NULL, 0)};
    enum err bad = next_row(s, txn, &at, a, &row);
    if (bad != ERR_OK)
        return bad;
    struct cursor c = cursor_of(row.key);
    struct data_set_id found = {.source = get_name(&c), .purpose = get_name(&c)};
    found.epoch = cursor_u32(&c);
    bad = cursor_done(&c);
    if (bad == ERR_OK)
        bad = get_set(row.plain, out);
    if (bad == ERR_OK)
        *id = found;
    return bad;
}

/* The number that digests of this source and purpose have already; 0: none has yet. */
static enum err find_hash(struct store *s, struct kv_txn *txn, const struct data_set_id *id,
                          uint32_t *no)
{
    struct data_set_id other = {id->source, id->purpose, 0};
    struct data_set set;
    enum err bad = data_set_next(s, txn, &other, &other, &set);
    *no = 0;
    if (bad == ERR_OK && name_equal(&other.source, &id->source) &&
        name_equal(&other.purpose, &id->purpose))
        *no = set.hash_no;
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

enum err data_set_make(struct store *s, struct kv_txn *txn, const struct data_set_id *id,
                       struct data_set *out)
{
    enum err bad = data_set_find(s, txn, id, out);
    if (bad != ERR_NOT_FOUND)
        return bad;
    uint64_t last = 0;
    struct data_set set = {.no = 0};
    bad = store_get_number(s, txn, "data_sets", &last);
    if (bad == ERR_OK && last >= UINT32_MAX - 1)
        bad = ERR_LIMIT;
    if (bad == ERR_OK)
        bad = find_hash(s, txn, id, &set.hash_no);
    if (bad == ERR_OK)
        bad = store_put_number(s, txn, "data_sets", last + 1);
    uint8_t key[KEY_MAX];
    uint8_t room[SET_BYTES];
    struct buf k = buf_fixed(key, sizeof key);
    struct buf v = buf_fixed(room, sizeof room);
    set.no = (uint32_t)last + 1;
    if (set.hash_no == 0)
        set.hash_no = set.no;
    buf_put_u32(&v, set.no);
    buf_put_u32(&v, set.hash_no);
    if (bad == ERR_OK)
        bad = store_put(s, txn, STORE_IMPORT, set_key("set", id, &k), buf_bytes(&v));
    if (bad == ERR_OK)
        *out = set;
    return bad;
}

/* A moment under a kind. */
struct moment {
    const char *kind;
    const struct data_set_id *id;
};

static enum err get_time(struct store *s, struct kv_txn *txn, const struct moment *of, int64_t *at_s)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(1024);
    uint8_t key[KEY_MAX];
    struct buf k = buf_fixed(key, sizeof key);
    struct bytes plain;
    if (a == NULL)
        return ERR_NOMEM;
    enum err bad = store_get(s, txn, STORE_IMPORT, set_key(of->kind, of->id, &k), a, &plain);
    if (bad != ERR_OK)
        return bad;
    struct cursor c = cursor_of(plain);
    int64_t at = (int64_t)cursor_u64(&c);
    bad = cursor_done(&c);
    if (bad == ERR_OK)
        *at_s = at;
    return bad;
}

static enum err put_time(struct store *s, struct kv_txn *txn, const struct moment *of, int64_t at_s)
{
    uint8_t key[KEY_MAX];
    uint8_t room[8];
    struct buf k = buf_fixed(key, sizeof key);
    struct buf v = buf_fixed(room, sizeof room);
    buf_put_u64(&v, (uint64_t)at_s);
    return store_put(s, txn, STORE_IMPORT, set_key(of->kind, of->id, &k), buf_bytes(&v));
}

enum err data_set_complete(struct store *s, struct kv_txn *txn, const struct data_set_id *id,
                           int64_t *at_s)
{
    return get_time(s, txn, &(struct moment){"complete", id}, at_s);
}

enum err data_set_put_complete(struct store *s, struct kv_txn *txn, const struct data_set_id *id,
                               int64_t at_s)
{
    return put_time(s, txn, &(struct moment){"complete", id}, at_s);
}

enum err data_set_ended(struct store *s, struct kv_txn *txn, const struct data_set_id *id,
                        int64_t *at_s)
{
    return get_time(s, txn, &(struct moment){"ended", id}, at_s);
}

enum err data_set_put_ended(struct store *s, struct kv_txn *txn, const struct data_set_id *id,
                            int64_t at_s)
{
    return put_time(s, txn, &(struct moment){"ended", id}, at_s);
}

enum err data_set_bare(struct store *s, struct kv_txn *txn, const struct data_set_id *id,
                       int64_t *at_s)
{
    return get_time(s, txn, &(struct moment){"bare", id}, at_s);
}

enum err data_set_put_bare(struct store *s, struct kv_txn *txn, const struct data_set_id *id,
                           int64_t at_s)
{
    return put_time(s, txn, &(struct moment){"bare", id}, at_s);
}

/* Whether a source is left in the purpose and epoch. */
static enum err any_left(struct store *s, struct kv_txn *txn, const struct chain_id *id, bool *left)
{
    struct data_set_id at;
    struct data_set_id before;
    struct data_set set;
    enum err bad = data_set_next(s, txn, NULL, &at, &set);
    *left = false;
    while (bad == ERR_OK && !*left) {
        *left = at.epoch == id->epoch && name_equal(&at.purpose, &id->purpose);
        before = at;
        bad = data_set_next(s, txn, &before, &at, &set);
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

static enum err forget_chain(struct store *s, struct kv_txn *txn, const struct chain_id *id)
{
    uint8_t key[KEY_MAX];
    struct buf k = buf_fixed(key, sizeof key);
    size_t deleted = 0;
    enum err bad = kv_del_prefix(txn, store_kv_table(s, STORE_IMPORT),
                                 key_of("added", NULL, id, &k), SIZE_MAX, &deleted);
    buf_reset(&k);
    if (bad == ERR_OK)
        bad = store_del(s, txn, STORE_IMPORT, key_of("chain", NULL, id, &k));
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

enum err data_set_forget(struct store *s, struct kv_txn *txn, const struct data_set_id *id)
{
    static const char *const kinds[] = {"set", "complete", "ended", "bare"};
    const struct chain_id chain = {id->purpose, id->epoch};
    enum err bad = ERR_OK;
    bool left = false;
    for (size_t i = 0; bad == ERR_OK && i < ARRAY_LEN(kinds); i++) {
        uint8_t key[KEY_MAX];
        struct buf k = buf_fixed(key, sizeof key);
        bad = store_del(s, txn, STORE_IMPORT, set_key(kinds[i], id, &k));
        if (bad == ERR_NOT_FOUND)
            bad = ERR_OK;
    }
    if (bad == ERR_OK)
        bad = any_left(s, txn, &chain, &left);
    return bad == ERR_OK && !left ? forget_chain(s, txn, &chain) : bad;
}

/* ---- chains and additions ---- */

static enum err decode_head(struct bytes plain, struct chain_head *out)
{
    struct cursor c = cursor_of(plain);
    struct chain_head head = {.sequence = cursor_u64(&c)};
    cursor_copy(&c, head.digest.b, sizeof head.digest.b);
    const enum err bad = cursor_done(&c);
    if (bad == ERR_OK)
        *out = head;
    return bad;
}

enum err chain_head_next(struct store *s, struct kv_txn *txn, const struct chain_id *after, struct chain_id *id,
                         struct chain_head *out)
{
    uint8_t key[KEY_MAX];
    struct buf k = buf_fixed(key, sizeof key);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(4096);
    struct store_row row;
    const struct after at = {"chain", after != NULL ? key_of("chain", NULL, after, &k) : bytes_of(NULL, 0)};
    enum err bad = next_row(s, txn, &at, a, &row);
    if (bad != ERR_OK)
        return bad;
    struct cursor c = cursor_of(row.key);
    struct chain_id found = {.purpose = get_name(&c)};
    found.epoch = cursor_u32(&c);
    bad = cursor_done(&c);
    if (bad == ERR_OK)
        bad = decode_head(row.plain, out);
    if (bad == ERR_OK)
        *id = found;
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
    return bad == ERR_OK ? decode_head(plain, out) : bad;
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
