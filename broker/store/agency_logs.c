#include "broker/store/agency_logs.h"

#include "proto/base/cursor.h"
#include "proto/base/join.h"

#define KEY_BYTES (OIN_CHARS + 1u)
#define ROW_MAX_BYTES (AGENCY_HEAD_MAX_REQUEST_BYTES + ((size_t)2 << 10))
#define EVIDENCE_MAX_BYTES (2 * AGENCY_HEAD_MAX_REQUEST_BYTES + 64)
#define HEAD 0u /* beside the faults: what a row is */
#define LEFT 16u /* likewise */
#define VOUCHED 17u /* likewise */
#define DIGEST_BYTES (sizeof(struct digest))

/* OIN, then what the row is: u8. */
struct row_key {
    uint8_t b[KEY_BYTES];
};

static struct bytes key_of(const struct agency_id *agency, uint8_t what, struct row_key *room)
{
    memcpy(room->b, agency->oin, OIN_CHARS);
    room->b[OIN_CHARS] = what;
    return BYTES_OF_ARRAY(room->b);
}

static enum err read_log(struct bytes row, struct agency_log *out)
{
    struct cursor c = cursor_of(row);
    struct agency_log log = {.key_count = cursor_u8(&c)};
    if (log.key_count == 0 || log.key_count > AGENCY_HEAD_MAX_KEYS)
        cursor_fail(&c, ERR_INVALID);
    for (size_t i = 0; c.err == ERR_OK && i < log.key_count; i++)
        log.keys[i] = cursor_part(&c, AGENCY_HEAD_MAX_KEY_BYTES);
    log.size = cursor_u64(&c);
    cursor_copy(&c, log.root.b, sizeof log.root.b);
    log.at_s = (int64_t)cursor_u64(&c);
    log.note = cursor_part(&c, AGENCY_HEAD_MAX_REQUEST_BYTES);
    log.newest_s = c.left > 0 ? (int64_t)cursor_u64(&c) : log.at_s; /* absent in older rows */
    if (cursor_done(&c) != ERR_OK)
        return ERR_INVALID;
    *out = log;
    return ERR_OK;
}

enum err agency_log_get(struct store *s, struct kv_txn *txn, const struct agency_id *agency, struct agency_log *out)
{
    struct row_key key;
    struct bytes row;
    const enum err e = kv_get(txn, s->agency_logs, key_of(agency, HEAD, &key), &row);
    return e == ERR_OK ? read_log(row, out) : e;
}

enum err agency_log_put(struct store *s, struct kv_txn *txn, const struct agency_id *agency,
                        const struct agency_log *log)
{
    struct row_key key;
    CLEANUP(buf_free) struct buf row = buf_new(ROW_MAX_BYTES);
    buf_put_u8(&row, (uint8_t)log->key_count);
    for (size_t i = 0; i < log->key_count; i++)
        join_part(&row, log->keys[i]);
    buf_put_u64(&row, log->size);
    buf_put(&row, digest_bytes(&log->root));
    buf_put_u64(&row, (uint64_t)log->at_s);
    join_part(&row, log->note);
    buf_put_u64(&row, (uint64_t)log->newest_s);
    const enum err e = buf_err(&row);
    return e == ERR_OK ? kv_put(txn, s->agency_logs, key_of(agency, HEAD, &key), buf_bytes(&row)) : e;
}

enum err agency_log_evidence_get(struct store *s, struct kv_txn *txn, const struct agency_id *agency,
                                 enum agency_log_fault fault, struct agency_log_evidence *out)
{
    struct row_key key;
    struct bytes row;
    const enum err e = kv_get(txn, s->agency_logs, key_of(agency, (uint8_t)fault, &key), &row);
    if (e != ERR_OK)
        return e;
    struct cursor c = cursor_of(row);
    const struct agency_log_evidence found = {
        .shown = cursor_part(&c, AGENCY_HEAD_MAX_REQUEST_BYTES),
        .own = cursor_part(&c, AGENCY_HEAD_MAX_REQUEST_BYTES),
    };
    if (cursor_done(&c) != ERR_OK)
        return ERR_INVALID;
    *out = found;
    return ERR_OK;
}

enum err agency_log_evidence_put(struct store *s, struct kv_txn *txn, const struct agency_id *agency,
                                 enum agency_log_fault fault, const struct agency_log_evidence *evidence)
{
    struct row_key key;
    CLEANUP(buf_free) struct buf row = buf_new(EVIDENCE_MAX_BYTES);
    join_part(&row, evidence->shown);
    join_part(&row, evidence->own);
    const enum err e = buf_err(&row);
    return e == ERR_OK ? kv_put(txn, s->agency_logs, key_of(agency, (uint8_t)fault, &key), buf_bytes(&row)) : e;
}

enum err agency_log_evidence_drop(struct store *s, struct kv_txn *txn, const struct agency_id *agency,
                                  enum agency_log_fault fault)
{
    struct row_key key;
    const enum err e = kv_del(txn, s->agency_logs, key_of(agency, (uint8_t)fault, &key));
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* A view; empty: none. */
static enum err left_of(struct store *s, struct kv_txn *txn, const struct agency_id *agency, struct bytes *out)
{
    struct row_key key;
    enum err e = kv_get(txn, s->agency_logs, key_of(agency, LEFT, &key), out);
    if (e == ERR_NOT_FOUND)
        *out = bytes_of(NULL, 0);
    if (e == ERR_OK && (out->len % DIGEST_BYTES != 0 || out->len > AGENCY_LOG_LEFT_MAX * DIGEST_BYTES))
        return ERR_INVALID;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err agency_log_has_left(struct store *s, struct kv_txn *txn, const struct agency_id *agency,
                             const struct digest *key, bool *is_left)
{
    struct bytes row;
    const enum err e = left_of(s, txn, agency, &row);
    if (e != ERR_OK)
        return e;
    *is_left = false;
    for (size_t at = 0; at < row.len; at += DIGEST_BYTES)
        *is_left |= bytes_equal(bytes_of(row.ptr + at, DIGEST_BYTES), digest_bytes(key));
    return ERR_OK;
}

enum err agency_log_leave(struct store *s, struct kv_txn *txn, const struct agency_id *agency,
                          const struct digest *key)
{
    struct row_key room;
    struct bytes row;
    CLEANUP(buf_free) struct buf next = buf_new(AGENCY_LOG_LEFT_MAX * DIGEST_BYTES);
    enum err e = left_of(s, txn, agency, &row);
    if (e != ERR_OK)
        return e;
    const size_t over = row.len == AGENCY_LOG_LEFT_MAX * DIGEST_BYTES ? DIGEST_BYTES : 0;
    if (row.len > 0)
        buf_put(&next, bytes_of(row.ptr + over, row.len - over));
    buf_put(&next, digest_bytes(key));
    e = buf_err(&next);
    return e == ERR_OK ? kv_put(txn, s->agency_logs, key_of(agency, LEFT, &room), buf_bytes(&next)) : e;
}

enum err agency_log_vouched_get(struct store *s, struct kv_txn *txn, const struct agency_id *agency,
                                struct agency_log_vouched *out)
{
    struct row_key key;
    struct bytes row;
    const enum err e = kv_get(txn, s->agency_logs, key_of(agency, VOUCHED, &key), &row);
    if (e != ERR_OK)
        return e;
    struct cursor c = cursor_of(row);
    struct agency_log_vouched found = {.at_s = (int64_t)cursor_u64(&c)};
    found.word = cursor_part(&c, AGENCY_HEAD_MAX_VOUCH_BYTES);
    if (cursor_done(&c) != ERR_OK)
        return ERR_INVALID;
    *out = found;
    return ERR_OK;
}

enum err agency_log_vouched_put(struct store *s, struct kv_txn *txn, const struct agency_id *agency,
                                const struct agency_log_vouched *v)
{
    struct row_key key;
    CLEANUP(buf_free) struct buf row = buf_new(AGENCY_HEAD_MAX_VOUCH_BYTES + 64);
    buf_put_u64(&row, (uint64_t)v->at_s);
    join_part(&row, v->word);
    const enum err e = buf_err(&row);
    return e == ERR_OK ? kv_put(txn, s->agency_logs, key_of(agency, VOUCHED, &key), buf_bytes(&row)) : e;
}

static enum err visit(const struct agency_log_visit *v, struct bytes key, struct bytes row)
{
    struct agency_id agency;
    struct agency_log log;
    if (key.len != KEY_BYTES)
        return ERR_INVALID;
    if (key.ptr[OIN_CHARS] != HEAD)
        return ERR_OK;
    enum err e = agency_id_parse(bytes_of(key.ptr, OIN_CHARS), &agency);
    if (e == ERR_OK)
        e = read_log(row, &log);
    return e == ERR_OK ? v->fn(v->arg, &agency, &log) : e;
}

enum err agency_log_each(struct store *s, struct kv_txn *txn, const struct agency_log_visit *v)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    struct bytes row;
    enum err e = kv_iter_new(txn, s->agency_logs, bytes_str(""), &it);
    while (e == ERR_OK && (e = kv_iter_next(it, &key, &row)) == ERR_OK)
        e = visit(v, key, row);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}
