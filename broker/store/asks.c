#include "broker/store/asks.h"

#include "proto/base/buf.h"
#include "proto/base/cursor.h"

#define PART_MAX 65536u
#define ROW_MAX ((size_t)256 << 10)
#define ANSWER_KEY_BYTES (OIN_CHARS + 16 + OIN_CHARS + 4)
#define TASK_KEY_BYTES (1 + 8 + 32)

static void put_part(struct buf *b, struct bytes part)
{
    buf_put_u32(b, (uint32_t)part.len);
    buf_put(b, part);
}

enum err ask_put(struct store *s, struct kv_txn *txn, const struct digest *id, const struct ask *a)
{
    CLEANUP(buf_free) struct buf row = buf_new(ROW_MAX);
    buf_put_u8(&row, (uint8_t)a->state);
    buf_put_u64(&row, (uint64_t)a->accepted_at_s);
    buf_put_u32(&row, a->hits);
    buf_put_u32(&row, a->hidden);
    buf_put_u32(&row, a->released);
    buf_put_u32(&row, a->keep_no_hit_days);
    buf_put_u32(&row, a->keep_hit_days);
    buf_put_u32(&row, a->keep_release_days);
    buf_put(&row, digest_bytes(&a->worker_fingerprint));
    put_part(&row, a->worker_signature);
    put_part(&row, a->agency_signature);
    put_part(&row, a->header);
    enum err e = buf_err(&row);
    return e == ERR_OK ? kv_put(txn, s->asks, digest_bytes(id), buf_bytes(&row)) : e;
}

enum err ask_get(struct store *s, struct kv_txn *txn, const struct digest *id, struct ask *out)
{
    struct bytes row;
    enum err e = kv_get(txn, s->asks, digest_bytes(id), &row);
    if (e != ERR_OK)
        return e;
    struct cursor c = cursor_of(row);
    struct ask a = {0};
    uint8_t state = cursor_u8(&c);
    a.accepted_at_s = (int64_t)cursor_u64(&c);
    a.hits = cursor_u32(&c);
    a.hidden = cursor_u32(&c);
    a.released = cursor_u32(&c);
    a.keep_no_hit_days = cursor_u32(&c);
    a.keep_hit_days = cursor_u32(&c);
    a.keep_release_days = cursor_u32(&c);
    cursor_copy(&c, a.worker_fingerprint.b, sizeof a.worker_fingerprint.b);
    a.worker_signature = cursor_part(&c, PART_MAX);
    a.agency_signature = cursor_part(&c, PART_MAX);
    a.header = cursor_part(&c, PART_MAX);
    if (cursor_done(&c) != ERR_OK || state == ASK_NONE || state > ASK_CLOSED)
        return ERR_INVALID;
    a.state = (enum ask_state)state;
    *out = a;
    return ERR_OK;
}

enum err ask_read(struct store *s, struct kv_txn *txn, const struct digest *id, struct arena *a,
                  struct ask_read *out)
{
    struct errmsg why = {""};
    struct ask_read r = {0};
    enum err e = ask_get(s, txn, id, &r.ask);
    if (e != ERR_OK)
        return e;
    r.ask.header = arena_copy(a, r.ask.header);
    r.ask.worker_signature = arena_copy(a, r.ask.worker_signature);
    r.ask.agency_signature = arena_copy(a, r.ask.agency_signature);
    if (r.ask.header.ptr == NULL || r.ask.worker_signature.ptr == NULL ||
        r.ask.agency_signature.ptr == NULL)
        return ERR_NOMEM;
    e = request_header_decode(r.ask.header, a, &r.header, &why);
    if (e == ERR_OK)
        *out = r;
    return e;
}

enum err ask_del(struct store *s, struct kv_txn *txn, const struct digest *id)
{
    return kv_del(txn, s->asks, digest_bytes(id));
}

static void put_answer_key(struct buf *b, const struct ask_key *k)
{
    buf_put(b, agency_id_bytes(&k->requester));
    buf_put(b, BYTES_OF_ARRAY(k->request.b));
    buf_put(b, agency_id_bytes(&k->holder));
    buf_put_u32(b, k->epoch);
}

enum err ask_answer_put(struct store *s, struct kv_txn *txn, const struct ask_key *k,
                        const struct ask_answer *a)
{
    uint8_t storage[ANSWER_KEY_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    put_answer_key(&key, k);
    CLEANUP(buf_free) struct buf row = buf_new(ROW_MAX);
    buf_put(&row, digest_bytes(&a->header));
    put_part(&row, a->promise);
    put_part(&row, a->promise_signature);
    enum err e = buf_err(&row);
    return e == ERR_OK ? kv_put_new(txn, s->ask_answers, buf_bytes(&key), buf_bytes(&row)) : e;
}

enum err ask_answer_get(struct store *s, struct kv_txn *txn, const struct ask_key *k,
                        struct ask_answer *out)
{
    uint8_t storage[ANSWER_KEY_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    put_answer_key(&key, k);
    struct bytes row;
    enum err e = kv_get(txn, s->ask_answers, buf_bytes(&key), &row);
    if (e != ERR_OK)
        return e;
    struct cursor c = cursor_of(row);
    struct ask_answer a = {0};
    cursor_copy(&c, a.header.b, sizeof a.header.b);
    a.promise = cursor_part(&c, PART_MAX);
    a.promise_signature = cursor_part(&c, PART_MAX);
    if (cursor_done(&c) != ERR_OK)
        return ERR_INVALID;
    *out = a;
    return ERR_OK;
}

enum err ask_answer_del(struct store *s, struct kv_txn *txn, const struct ask_key *k)
{
    uint8_t storage[ANSWER_KEY_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    put_answer_key(&key, k);
    return kv_del(txn, s->ask_answers, buf_bytes(&key));
}

static void put_task_key(struct buf *b, const struct ask_task *t)
{
    buf_put_u8(b, (uint8_t)t->what);
    buf_put_u64(b, (uint64_t)t->due_s);
    buf_put(b, digest_bytes(&t->id));
}

enum err ask_task_put(struct store *s, struct kv_txn *txn, const struct ask_task *t)
{
    uint8_t storage[TASK_KEY_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    put_task_key(&key, t);
    return kv_put(txn, s->ask_queue, buf_bytes(&key), bytes_str(""));
}

enum err ask_task_del(struct store *s, struct kv_txn *txn, const struct ask_task *t)
{
    uint8_t storage[TASK_KEY_BYTES];
    struct buf key = buf_fixed(storage, sizeof storage);
    put_task_key(&key, t);
    enum err e = kv_del(txn, s->ask_queue, buf_bytes(&key));
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err ask_tasks_due(struct store *s, struct kv_txn *txn, const struct ask_due_query *q,
                       struct ask_task *out, size_t max, size_t *count)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    const uint8_t what = (uint8_t)q->what;
    size_t n = 0;
    uint8_t storage[TASK_KEY_BYTES];
    struct buf behind = buf_fixed(storage, sizeof storage);
    enum err e = kv_iter_new(txn, s->ask_queue, bytes_of(&what, 1), &it);
    if (q->after != NULL)
        put_task_key(&behind, q->after);
    if (e == ERR_OK && q->after != NULL)
        e = kv_iter_after(it, buf_bytes(&behind));
    while (e == ERR_OK && n < max) {
        struct bytes key;
        e = kv_iter_next(it, &key, NULL);
        if (e != ERR_OK)
            break;
        struct cursor c = cursor_of(key);
        cursor_u8(&c);
        struct ask_task t = {.what = q->what, .due_s = (int64_t)cursor_u64(&c)};
        cursor_copy(&c, t.id.b, sizeof t.id.b);
        if (cursor_done(&c) != ERR_OK)
            return ERR_INVALID;
        if (t.due_s > q->now_s)
            break;
        out[n++] = t;
    }
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    *count = n;
    return ERR_OK;
}
