#include "agent/ask/alert.h"

#include "agent/agent.h"
#include "proto/base/cursor.h"
#include "proto/base/when.h"

#define ALERTS_MAX 20
#define DAY_S INT64_C(86400)

/* Keys of STORE_ASK_ALERT: u64 time | request id -> staff. */
enum err alert_put(struct store *s, struct kv_txn *txn, const struct request_id *request,
                   const struct name *staff, int64_t now_s)
{
    uint8_t room[24];
    struct buf key = buf_fixed(room, sizeof room);
    buf_put_u64(&key, (uint64_t)now_s);
    buf_put(&key, BYTES_OF_ARRAY(request->b));
    return store_put(s, txn, STORE_ASK_ALERT, buf_bytes(&key), name_bytes(staff));
}

static enum err add_alert(const struct store_row *row, struct doc *lines)
{
    char at[WHEN_TEXT_SIZE];
    char room[128];
    struct cursor key = cursor_of(row->key);
    struct buf line = buf_fixed(room, sizeof room);
    when_text((int64_t)cursor_u64(&key), at);
    buf_printf(&line, "protected: %.*s asked about a protected person at %s", (int)row->plain.len,
               (const char *)row->plain.ptr, at);
    enum err bad = buf_err(&line);
    return bad == ERR_OK ? doc_append(lines, doc_new_text(buf_bytes(&line))) : bad;
}

enum err alert_lines(const struct call *c, struct doc *lines)
{
    if (!call_has(c, FUNCTION_SECURITY_OFFICER))
        return ERR_OK;
    struct agent *a = call_agent(c);
    uint8_t room[8];
    struct buf from = buf_fixed(room, sizeof room);
    buf_put_u64(&from, (uint64_t)(agent_now_s(a) - ALERT_DAYS * DAY_S));
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new((size_t)1 << 16);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err bad = arena != NULL ? kv_read_begin(a->kv, &txn) : ERR_NOMEM;
    if (bad != ERR_OK)
        return bad;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    bad = store_iter(a->store, txn, STORE_ASK_ALERT, bytes_of(NULL, 0), &it);
    if (bad == ERR_OK)
        bad = kv_iter_seek(it, buf_bytes(&from));
    struct store_row row;
    for (size_t n = 0; n < ALERTS_MAX && bad == ERR_OK; n++) {
        bad = store_next(a->store, STORE_ASK_ALERT, it, arena, &row);
        if (bad == ERR_OK)
            bad = add_alert(&row, lines);
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* Ascending by time: those that are over stand first. */
enum err alert_prune(struct store *s, struct kv_txn *txn, int64_t now_s, size_t max)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err bad = store_iter(s, txn, STORE_ASK_ALERT, bytes_of(NULL, 0), &it);
    for (size_t n = 0; bad == ERR_OK && n < max; n++) {
        struct bytes key;
        struct bytes value;
        bad = kv_iter_next(it, &key, &value);
        if (bad != ERR_OK)
            break;
        struct cursor c = cursor_of(key);
        if ((int64_t)cursor_u64(&c) + ALERT_DAYS * DAY_S >= now_s)
            return ERR_OK;
        bad = kv_iter_del(it);
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}
