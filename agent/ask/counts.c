#include "agent/ask/counts.h"

#include "pki/mac.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"

/* Keys of STORE_ASK_COUNT, by their first byte:
 *   r | u64 time | request id       -> staff
 *   p | mac                         -> u64 last asked, purpose
 *   c | case id | mac               -> purpose */
#define ROW_REQUEST 'r'
#define ROW_PERIOD 'p'
#define ROW_CASE 'c'
#define FORGET_ROWS 256 /* at a time */
#define ROW_ARENA_BYTES ((size_t)1 << 14)

enum err counts_mark_of(struct mac *mac, const struct name *purpose, const struct norm_ident *id,
                        struct counts_mark *out)
{
    uint8_t room[64 + NAME_MAX_BYTES + IDENT_MAX];
    uint8_t tag[MAC_BYTES];
    struct buf text = buf_fixed(room, sizeof room);
    join_part(&text, name_bytes(purpose));
    join_u32(&text, (uint32_t)id->type);
    join_part(&text, ident_value(id));
    struct bytes part = buf_bytes(&text);
    enum err bad = buf_err(&text);
    if (bad == ERR_OK)
        bad = mac_compute(mac, &part, 1, tag);
    if (bad == ERR_OK)
        memcpy(out->b, tag, sizeof out->b);
    secret_wipe(room, sizeof room);
    return bad;
}

/* An earlier subject was given it too: by the marks, since the values of who is protected are others each time. */
static bool is_repeated(const struct counts_ask *q, size_t place)
{
    for (size_t i = 0; i < place; i++)
        if (bytes_equal(BYTES_OF_ARRAY(q->marks[i].b), BYTES_OF_ARRAY(q->marks[place].b)))
            return true;
    return false;
}

static struct bytes period_key(uint8_t room[static 1 + COUNTS_MARK_BYTES], const struct counts_mark *m)
{
    room[0] = ROW_PERIOD;
    memcpy(room + 1, m->b, sizeof m->b);
    return bytes_of(room, 1 + COUNTS_MARK_BYTES);
}

static struct bytes case_key(uint8_t room[static 17 + COUNTS_MARK_BYTES], const struct case_id *id,
                             const struct counts_mark *m)
{
    room[0] = ROW_CASE;
    memcpy(room + 1, id->b, sizeof id->b);
    memcpy(room + 17, m->b, sizeof m->b);
    return bytes_of(room, 17 + COUNTS_MARK_BYTES);
}

static struct bytes request_key(uint8_t room[static 25], const struct counts_ask *q)
{
    struct buf b = buf_fixed(room, 25);
    buf_put_u8(&b, ROW_REQUEST);
    buf_put_u64(&b, (uint64_t)q->now_s);
    buf_put(&b, BYTES_OF_ARRAY(q->request.b));
    return buf_bytes(&b);
}

/* Takes the value of a period row apart; whether it is in the window and of this purpose. */
static bool is_in_period(const struct counts_ask *q, struct bytes value)
{
    struct cursor c = cursor_of(value);
    int64_t at_s = (int64_t)cursor_u64(&c);
    struct bytes purpose = cursor_bytes(&c, c.left);
    return c.err == ERR_OK && bytes_equal(purpose, name_bytes(&q->purpose)) &&
           at_s > q->now_s - (int64_t)q->period_days * COUNTS_DAY_S;
}

static enum err count_requests(const struct counts_ask *q, struct kv_txn *txn, struct arena *a,
                               struct counts *out)
{
    uint8_t room[9];
    struct buf from = buf_fixed(room, sizeof room);
    int64_t since = q->now_s - COUNTS_DAY_S + 1;
    buf_put_u8(&from, ROW_REQUEST);
    buf_put_u64(&from, since > 0 ? (uint64_t)since : 0);
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err bad = store_iter(q->store, txn, STORE_ASK_COUNT, bytes_of(room, 1), &it);
    if (bad == ERR_OK)
        bad = kv_iter_seek(it, buf_bytes(&from));
    struct store_row row;
    while (bad == ERR_OK &&
           (bad = store_next(q->store, STORE_ASK_COUNT, it, a, &row)) == ERR_OK) {
        out->requests_today_agency++;
        out->requests_today_officer += bytes_equal(row.plain, name_bytes(&q->staff));
        arena_reset(a);
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* Rows of this purpose under a prefix; of the period, those in the window only. */
static enum err count_rows(const struct counts_ask *q, struct kv_txn *txn, struct bytes prefix,
                           struct arena *a, int64_t *n)
{
    bool is_period = prefix.ptr[0] == ROW_PERIOD;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err bad = store_iter(q->store, txn, STORE_ASK_COUNT, prefix, &it);
    struct store_row row;
    while (bad == ERR_OK &&
           (bad = store_next(q->store, STORE_ASK_COUNT, it, a, &row)) == ERR_OK) {
        *n += is_period ? is_in_period(q, row.plain)
                        : bytes_equal(row.plain, name_bytes(&q->purpose));
        arena_reset(a);
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* What one identifier of the request adds to both counts. */
static enum err count_one(const struct counts_ask *q, struct kv_txn *txn, const struct counts_mark *m,
                          struct arena *a, struct counts *out)
{
    uint8_t room[17 + COUNTS_MARK_BYTES];
    struct bytes value;
    enum err bad = store_get(q->store, txn, STORE_ASK_COUNT, period_key(room, m), a, &value);
    if (bad != ERR_OK && bad != ERR_NOT_FOUND)
        return bad;
    out->unique_in_period += bad == ERR_NOT_FOUND || !is_in_period(q, value);
    bad = store_has(q->store, txn, STORE_ASK_COUNT, case_key(room, &q->case_id, m));
    out->unique_in_case += bad == ERR_NOT_FOUND;
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

enum err counts_read(const struct counts_ask *q, struct kv_txn *txn, struct counts *out)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ROW_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    struct counts n = {.requests_today_agency = 1, .requests_today_officer = 1};
    uint8_t prefix[17] = {ROW_CASE};
    memcpy(prefix + 1, q->case_id.b, sizeof q->case_id.b);
    static const uint8_t period[1] = {ROW_PERIOD};
    enum err bad = count_requests(q, txn, a, &n);
    if (bad == ERR_OK)
        bad = count_rows(q, txn, BYTES_OF_ARRAY(prefix), a, &n.unique_in_case);
    if (bad == ERR_OK)
        bad = count_rows(q, txn, BYTES_OF_ARRAY(period), a, &n.unique_in_period);
    for (size_t i = 0; i < q->mark_count && bad == ERR_OK; i++) {
        if (!is_repeated(q, i))
            bad = count_one(q, txn, &q->marks[i], a, &n);
        arena_reset(a);
    }
    if (bad == ERR_OK)
        *out = n;
    return bad;
}

static enum err add_one(const struct counts_ask *q, struct kv_txn *txn, const struct counts_mark *m)
{
    uint8_t room[17 + COUNTS_MARK_BYTES];
    uint8_t value_room[8 + NAME_MAX_BYTES];
    struct buf value = buf_fixed(value_room, sizeof value_room);
    buf_put_u64(&value, (uint64_t)q->now_s);
    buf_put(&value, name_bytes(&q->purpose));
    enum err bad = store_put(q->store, txn, STORE_ASK_COUNT, period_key(room, m), buf_bytes(&value));
    if (bad == ERR_OK)
        bad = store_put(q->store, txn, STORE_ASK_COUNT, case_key(room, &q->case_id, m),
                        name_bytes(&q->purpose));
    return bad;
}

enum err counts_add(const struct counts_ask *q, struct kv_txn *txn)
{
    uint8_t room[25];
    enum err bad = store_put(q->store, txn, STORE_ASK_COUNT, request_key(room, q),
                             name_bytes(&q->staff));
    for (size_t i = 0; i < q->mark_count && bad == ERR_OK; i++)
        bad = add_one(q, txn, &q->marks[i]);
    return bad;
}

/* Whether no window sees the row any more; rows of a case go with their identifiers' last period. */
static bool is_old(struct bytes key, struct bytes value, int64_t before_s)
{
    struct cursor c = cursor_of(key.ptr[0] == ROW_REQUEST ? bytes_of(key.ptr + 1, key.len - 1)
                                                           : value);
    return key.ptr[0] != ROW_CASE && (int64_t)cursor_u64(&c) < before_s;
}

enum err counts_prune(struct store *s, struct kv_txn *txn, int64_t now_s, size_t max)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ROW_ARENA_BYTES);
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err bad = a != NULL ? store_iter(s, txn, STORE_ASK_COUNT, bytes_of(NULL, 0), &it)
                             : ERR_NOMEM;
    struct store_row row;
    while (bad == ERR_OK && max > 0 &&
           (bad = store_next(s, STORE_ASK_COUNT, it, a, &row)) == ERR_OK) {
        if (is_old(row.key, row.plain, now_s - (int64_t)COUNTS_KEEP_DAYS * COUNTS_DAY_S)) {
            bad = kv_iter_del(it);
            max--;
        }
        arena_reset(a);
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

enum err counts_forget_case(struct store *s, struct kv_txn *txn, const struct case_id *id)
{
    uint8_t room[17] = {ROW_CASE};
    size_t deleted = 0;
    enum err bad;
    memcpy(room + 1, id->b, sizeof id->b);
    do {
        bad = kv_del_prefix(txn, store_kv_table(s, STORE_ASK_COUNT), BYTES_OF_ARRAY(room),
                            FORGET_ROWS, &deleted);
    } while (bad == ERR_OK && deleted == FORGET_ROWS);
    return bad;
}
