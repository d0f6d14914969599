#include "agent/evidence.h"

#include "pki/note.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/host/kv.h"
#include "proto/log/checkpoint.h"
#include "proto/log/witness_request.h"
#include "proto/msg/roster.h"

_Static_assert(EVIDENCE_LOGS_MAX == ROSTER_MAX_FORMER_ORIGINS + 1, "no roster names more");

#define ROW "log_forked/"        /* and the origin of the log */
#define OLD_SHOWN "witness_fork" /* of an older program: of one log, whichever it was */
#define OLD_OWN "witness_fork_own"
#define ROW_BYTES (WITNESS_REQUEST_MAX_BYTES + NOTE_MAX_BYTES + 16u)

struct bytes evidence_head(struct bytes shown)
{
    struct witness_request r;
    return witness_request_parse(shown, &r) == ERR_OK ? r.checkpoint : shown;
}

enum err evidence_checkpoint(struct bytes shown, struct arena *a, struct checkpoint *out)
{
    struct note note;
    const enum err bad = note_parse(evidence_head(shown), a, &note, NULL);
    return bad == ERR_OK ? checkpoint_parse(note.text, out) : bad;
}

/* Of the log that signed what was shown, a view of it. */
static enum err origin_of(struct bytes shown, struct arena *a, struct bytes *out)
{
    struct checkpoint head;
    const enum err bad = evidence_checkpoint(shown, a, &head);
    if (bad == ERR_OK)
        *out = head.origin;
    return bad;
}

static enum err put_key(struct buf *key, struct bytes origin)
{
    buf_put_str(key, ROW);
    buf_put(key, origin);
    return buf_err(key);
}

static enum err get_new(struct store *s, struct kv_txn *txn, struct bytes origin, struct arena *a, struct evidence *out)
{
    CLEANUP(buf_free) struct buf key = buf_new(sizeof ROW + NOTE_MAX_NAME);
    struct bytes row;
    enum err bad = put_key(&key, origin);
    if (bad == ERR_OK)
        bad = store_get(s, txn, STORE_META, buf_bytes(&key), a, &row);
    if (bad != ERR_OK)
        return bad;
    struct cursor c = cursor_of(row);
    out->shown = cursor_part(&c, WITNESS_REQUEST_MAX_BYTES);
    out->own = cursor_part(&c, NOTE_MAX_BYTES);
    return cursor_done(&c);
}

static enum err get_old(struct store *s, struct kv_txn *txn, struct arena *a, struct evidence *out, struct bytes *origin)
{
    out->own = bytes_of(NULL, 0);
    enum err bad = store_get(s, txn, STORE_META, bytes_str(OLD_SHOWN), a, &out->shown);
    if (bad != ERR_OK)
        return bad;
    bad = store_get(s, txn, STORE_META, bytes_str(OLD_OWN), a, &out->own);
    return bad == ERR_OK || bad == ERR_NOT_FOUND ? origin_of(out->shown, a, origin) : bad;
}

enum err evidence_get(struct store *s, struct kv_txn *txn, struct bytes origin, struct arena *a, struct evidence *out)
{
    struct evidence found;
    struct bytes of;
    enum err bad = get_new(s, txn, origin, a, &found);
    if (bad == ERR_NOT_FOUND) {
        bad = get_old(s, txn, a, &found, &of);
        if (bad == ERR_OK && !bytes_equal(of, origin))
            return ERR_NOT_FOUND;
    }
    if (bad == ERR_OK)
        *out = found;
    return bad;
}

enum err evidence_has(struct store *s, struct kv_txn *txn, struct bytes origin, bool *out)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(EVIDENCE_ARENA_BYTES);
    struct evidence found;
    const enum err bad = a != NULL ? evidence_get(s, txn, origin, a, &found) : ERR_NOMEM;
    *out = bad == ERR_OK;
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

enum err evidence_keep(struct store *s, struct kv_txn *txn, const struct evidence *found, bool *is_new)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    CLEANUP(buf_free) struct buf key = buf_new(sizeof ROW + NOTE_MAX_NAME);
    CLEANUP(buf_free) struct buf row = buf_new(ROW_BYTES);
    struct bytes origin;
    bool has = false;
    if (a == NULL)
        return ERR_NOMEM;
    enum err bad = origin_of(found->shown, a, &origin) == ERR_OK ? evidence_has(s, txn, origin, &has) : ERR_INVALID;
    *is_new = !has;
    if (bad != ERR_OK || has)
        return bad;
    join_part(&row, found->shown);
    join_part(&row, found->own);
    bad = put_key(&key, origin);
    if (bad == ERR_OK)
        bad = buf_err(&row);
    return bad == ERR_OK ? store_put(s, txn, STORE_META, buf_bytes(&key), buf_bytes(&row)) : bad;
}

/* A copy, unless it is there already. */
static enum err add_log(struct evidence_logs *logs, struct bytes origin, struct arena *a)
{
    for (size_t i = 0; i < logs->count; i++)
        if (bytes_equal(logs->origin[i], origin))
            return ERR_OK;
    const struct bytes own = arena_copy(a, origin);
    if (own.ptr == NULL)
        return ERR_NOMEM;
    if (logs->count < EVIDENCE_LOGS_MAX)
        logs->origin[logs->count++] = own;
    return ERR_OK;
}

static enum err add_new(struct store *s, struct kv_txn *txn, struct arena *a, struct evidence_logs *out)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    const size_t skipped = sizeof ROW - 1;
    struct bytes key;
    enum err bad = store_iter(s, txn, STORE_META, bytes_str(ROW), &it);
    while (bad == ERR_OK && (bad = kv_iter_next(it, &key, NULL)) == ERR_OK)
        bad = add_log(out, bytes_of(key.ptr + skipped, key.len - skipped), a);
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

enum err evidence_logs(struct store *s, struct kv_txn *txn, struct arena *a, struct evidence_logs *out)
{
    struct evidence old;
    struct bytes origin;
    *out = (struct evidence_logs){.count = 0};
    enum err bad = add_new(s, txn, a, out);
    if (bad != ERR_OK)
        return bad;
    bad = get_old(s, txn, a, &old, &origin);
    if (bad == ERR_OK)
        bad = add_log(out, origin, a);
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}
