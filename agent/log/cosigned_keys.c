#include "agent/log/cosigned_keys.h"

#include "agent/own_log.h"
#include "agent/store/store.h"
#include "pki/digest.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/base/log.h"
#include "proto/host/writer.h"
#include "proto/msg/agency_head.h"

#define ROW "own_log_cosigned_keys"
#define ROW_MAX_BYTES (AGENCY_HEAD_MAX_KEYS * (AGENCY_HEAD_MAX_KEY_BYTES + 8) + 8)

_Static_assert(OWN_LOG_KEYS_MAX == AGENCY_HEAD_MAX_KEYS, "as many as an offer names");

/* ---- the row ---- */

/* Appends one key by its line. */
static enum err add(const struct log_keeping *k, struct bytes line, struct own_keys_named *to)
{
    struct vkey *v = &to->v[to->keys.count];
    enum err bad = vkey_parse(digest_sha256, line, v);
    if (bad == ERR_CRYPTO)
        return bad;
    if (bad != ERR_OK || v->type != VKEY_ED25519 || !bytes_is(bytes_str(v->name), own_log_origin(k->agent->own_log)))
        return ERR_INVALID;
    bad = digest_sha256(&line, 1, &to->keys.v[to->keys.count].line);
    to->keys.count += bad == ERR_OK;
    return bad;
}

enum err cosigned_keys_parse(const struct log_keeping *k, struct bytes line, struct own_keys_named *out)
{
    out->keys = (struct own_log_keys){.count = 0};
    return line.len <= AGENCY_HEAD_MAX_KEY_BYTES ? add(k, line, out) : ERR_INVALID;
}

static enum err decode(struct log_keeping *k, struct bytes row)
{
    struct cursor c = cursor_of(row);
    const size_t count = cursor_u8(&c);
    enum err bad = count <= OWN_LOG_KEYS_MAX ? ERR_OK : ERR_INVALID;
    k->cosigned.keys = (struct own_log_keys){.count = 0};
    for (size_t i = 0; bad == ERR_OK && i < count; i++) {
        const struct bytes line = cursor_part(&c, AGENCY_HEAD_MAX_KEY_BYTES);
        bad = c.err == ERR_OK ? add(k, line, &k->cosigned) : ERR_INVALID;
    }
    return bad == ERR_OK && cursor_done(&c) != ERR_OK ? ERR_INVALID : bad;
}

static enum err encode(const struct own_keys_named *named, struct buf *out)
{
    buf_put_u8(out, (uint8_t)named->keys.count);
    for (size_t i = 0; i < named->keys.count; i++) {
        char room[AGENCY_HEAD_MAX_KEY_BYTES];
        struct buf line = buf_fixed(room, sizeof room);
        vkey_write(&named->v[i], &line);
        if (buf_err(&line) != ERR_OK)
            return ERR_TOO_LARGE;
        join_part(out, buf_bytes(&line));
    }
    return buf_err(out);
}

enum err cosigned_keys_read(struct log_keeping *k)
{
    const struct agent *a = k->agent;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new((size_t)16 << 10);
    struct bytes row;
    enum err bad = arena != NULL ? kv_read_begin(a->kv, &txn) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = store_get(a->store, txn, STORE_META, bytes_str(ROW), arena, &row);
    if (bad != ERR_OK)
        return bad == ERR_NOT_FOUND ? ERR_OK : bad;
    return decode(k, row);
}

/* ---- what the broker cosigned ---- */

static enum err keep_job(struct kv_txn *txn, void *arg)
{
    const struct log_keeping *k = arg;
    CLEANUP(buf_free) struct buf row = buf_new(ROW_MAX_BYTES);
    const enum err bad = encode(&k->cosigned_next, &row);
    return bad == ERR_OK ? store_put(k->agent->store, txn, STORE_META, bytes_str(ROW), buf_bytes(&row)) : bad;
}

static void kept(enum err result, void *arg)
{
    struct log_keeping *k = arg;
    k->is_keeping_cosigned = false;
    if (result == ERR_OK)
        k->cosigned = k->cosigned_next;
    else
        log_warn("own_log.cosigned_keys_not_kept error=\"%s\"", err_text(result)); /* with the next line */
}

static bool is_same(const struct own_log_keys *a, const struct own_log_keys *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = own_log_keys_find(b, &a->v[i].line) != NULL;
    return same;
}

void cosigned_keys_saw(struct log_keeping *k, const struct own_keys_named *named)
{
    if (k->is_keeping_cosigned || is_same(&k->cosigned.keys, &named->keys))
        return;
    k->cosigned_next = *named;
    k->is_keeping_cosigned = writer_submit(k->agent->writer, WRITER_BULK, keep_job, kept, k) == ERR_OK;
}
