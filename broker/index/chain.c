#include "broker/index/chain.h"

#include "broker/index/internal.h"
#include "broker/index/short.h"
#include "broker/index/tally.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"

#define KEY_BYTES (2 + NAME_MAX_BYTES + 1 + 4)
#define BATCH_MAX_BYTES (16u << 10)

static struct bytes chain_key(const struct chain_id *id, struct buf *b)
{
    buf_put_u16(b, id->agency);
    buf_put(b, name_bytes(&id->purpose));
    buf_put_u8(b, 0);
    buf_put_u32(b, id->epoch);
    return buf_bytes(b);
}

/* A row of before a store could be restored says nothing of what is awaited. */
static enum err decode(struct bytes value, struct chain *out)
{
    struct chain c = {0};
    struct cursor in = cursor_of(value);
    c.sequence = cursor_u64(&in);
    cursor_copy(&in, c.last.b, sizeof c.last.b);
    c.is_importing = cursor_u8(&in) != 0;
    cursor_copy(&in, c.import.b, sizeof c.import.b);
    c.last_full_import_s = (int64_t)cursor_u64(&in);
    c.awaited = in.left > 0 ? cursor_u64(&in) : 0;
    enum err e = cursor_done(&in);
    if (e == ERR_OK)
        *out = c;
    return e;
}

enum err chain_get(struct index *ix, struct kv_txn *txn, const struct chain_id *id,
                   struct chain *out)
{
    uint8_t room[KEY_BYTES];
    struct buf key = buf_fixed(room, sizeof room);
    struct bytes value;
    enum err e = kv_get(txn, ix->chains, chain_key(id, &key), &value);
    if (e != ERR_NOT_FOUND)
        return e == ERR_OK ? decode(value, out) : e;
    *out = (struct chain){0};
    return ERR_OK;
}

enum err chain_put(struct index *ix, struct kv_txn *txn, const struct chain_id *id,
                   const struct chain *c)
{
    uint8_t room[KEY_BYTES];
    uint8_t value[8 + 32 + 1 + 16 + 8 + 8];
    struct buf key = buf_fixed(room, sizeof room);
    struct buf out = buf_fixed(value, sizeof value);
    buf_put_u64(&out, c->sequence);
    buf_put(&out, digest_bytes(&c->last));
    buf_put_u8(&out, c->is_importing ? 1 : 0);
    buf_put(&out, BYTES_OF_ARRAY(c->import.b));
    buf_put_u64(&out, (uint64_t)c->last_full_import_s);
    buf_put_u64(&out, c->awaited);
    return kv_put(txn, ix->chains, chain_key(id, &key), buf_bytes(&out));
}

static enum err key_parse(struct bytes key, struct chain_id *out)
{
    struct cursor c = cursor_of(key);
    out->agency = cursor_u16(&c);
    if (c.left < 1 + 4)
        return ERR_INVALID;
    const struct bytes purpose = cursor_bytes(&c, c.left - (1 + 4));
    const uint8_t nul = cursor_u8(&c);
    out->epoch = cursor_u32(&c);
    enum err e = cursor_done(&c);
    if (e == ERR_OK && nul != 0)
        e = ERR_INVALID;
    return e == ERR_OK ? name_parse(purpose, &out->purpose) : e;
}

enum err chain_next(struct index *ix, struct kv_txn *txn, const struct chain_id *after, struct chain_id *id,
                    struct chain *out)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    uint8_t room[KEY_BYTES];
    struct buf at = buf_fixed(room, sizeof room);
    struct bytes key;
    struct bytes value;
    enum err e = kv_iter_new(txn, ix->chains, bytes_of(NULL, 0), &it);
    if (e == ERR_OK && after != NULL)
        e = kv_iter_after(it, chain_key(after, &at));
    if (e == ERR_OK)
        e = kv_iter_next(it, &key, &value);
    if (e == ERR_OK)
        e = key_parse(key, id);
    return e == ERR_OK ? decode(value, out) : e;
}

enum err index_is_awaited(struct index *ix, struct kv_txn *txn, const struct index_query *q, bool *out)
{
    struct chain_id id = {.purpose = q->purpose, .epoch = q->epoch};
    struct chain c = {0};
    enum err e = short_agency(ix, txn, &q->holder, &id.agency);
    if (e == ERR_OK)
        e = chain_get(ix, txn, &id, &c);
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    *out = chain_is_awaited(&c);
    return ERR_OK;
}

enum err chain_agencies(struct index *ix, struct kv_txn *txn, const struct chain_id *of,
                        struct chain_agencies *out)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    out->count = 0;
    enum err e = kv_iter_new(txn, ix->chains, bytes_of(NULL, 0), &it);
    while (e == ERR_OK && out->count < CHAIN_AGENCIES_MAX &&
           (e = kv_iter_next(it, &key, NULL)) == ERR_OK) {
        struct chain_id id;
        e = key_parse(key, &id);
        if (e == ERR_OK && id.epoch == of->epoch && name_equal(&id.purpose, &of->purpose))
            out->v[out->count++] = id.agency;
    }
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err chain_erase(struct index *ix, struct kv_txn *txn, const struct chain_id *id)
{
    uint8_t room[KEY_BYTES];
    struct buf key = buf_fixed(room, sizeof room);
    return kv_del(txn, ix->chains, chain_key(id, &key));
}

enum err chain_keep_batch(struct index *ix, struct kv_txn *txn, const struct batch_id *id,
                          const struct index_batch *b)
{
    CLEANUP(buf_free) struct buf out = buf_new(BATCH_MAX_BYTES);
    join_part(&out, b->header);
    join_part(&out, b->signature);
    join_part(&out, b->promise);
    join_part(&out, b->promise_signature);
    enum err e = buf_err(&out);
    return e == ERR_OK ? kv_put_new(txn, ix->batches, BYTES_OF_ARRAY(id->b), buf_bytes(&out)) : e;
}

enum err index_batch(struct index *ix, struct kv_txn *txn, const struct batch_id *id,
                     struct index_batch *out)
{
    struct bytes value;
    enum err e = kv_get(txn, ix->batches, BYTES_OF_ARRAY(id->b), &value);
    if (e != ERR_OK)
        return e;
    struct cursor c = cursor_of(value);
    struct index_batch b = {.header = cursor_part(&c, BATCH_MAX_BYTES),
                            .signature = cursor_part(&c, BATCH_MAX_BYTES),
                            .promise = cursor_part(&c, BATCH_MAX_BYTES),
                            .promise_signature = cursor_part(&c, BATCH_MAX_BYTES)};
    e = cursor_done(&c);
    if (e == ERR_OK)
        *out = b;
    return e;
}

enum err index_coverage(struct index *ix, struct kv_txn *txn, const struct index_query *q,
                        struct arena *a, struct index_coverage *out)
{
    struct chain_id id = {.purpose = q->purpose, .epoch = q->epoch};
    struct chain c;
    struct index_coverage coverage = {0};
    enum err e = short_agency(ix, txn, &q->holder, &id.agency);
    if (e == ERR_NOT_FOUND) {
        *out = coverage;
        return ERR_OK;
    }
    if (e == ERR_OK)
        e = chain_get(ix, txn, &id, &c);
    if (e != ERR_OK)
        return e;
    coverage.last_full_import_s = c.last_full_import_s;
    const struct tally_scope scope = {
        .purpose = q->purpose, .epoch = q->epoch, .agency = id.agency};
    e = tally_coverage(ix, txn, &scope, q->today, a, &coverage);
    if (e == ERR_OK)
        *out = coverage;
    return e;
}
