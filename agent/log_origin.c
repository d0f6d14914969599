#include "agent/log_origin.h"

#include <stdlib.h>

#include "agent/agent.h"
#include "proto/base/cursor.h"
#include "proto/host/kv.h"
#include "proto/host/writer.h"
#include "proto/log/checkpoint.h"
#include "proto/log/note.h"

#define ROW "log_origin"
#define ROW_BEFORE "log_before/" /* and the origin: what this agency had of a log that ended */
#define LEFT_ARENA_BYTES ((size_t)8 * NOTE_MAX_BYTES)
#define ROW_ARENA_BYTES ((size_t)3 * NOTE_MAX_BYTES)

_Static_assert(LOGS_LEFT_MAX == ROSTER_MAX_FORMER_ORIGINS, "no roster names more");

struct log_origin {
    struct buf origin;
    int64_t ended_s; /* when the roster was first seen to name another one; 0: it does not */
};

/* Of the newest head that was verified; empty: none was. */
static enum err origin_of_head(struct store *s, struct kv_txn *txn, struct arena *a, struct bytes *out)
{
    struct bytes note;
    struct note parsed;
    struct checkpoint head;
    *out = bytes_of(NULL, 0);
    enum err bad = store_get(s, txn, STORE_META, bytes_str("head"), a, &note);
    if (bad != ERR_OK)
        return bad == ERR_NOT_FOUND ? ERR_OK : bad;
    bad = note_parse(note, a, &parsed, NULL);
    if (bad == ERR_OK)
        bad = checkpoint_parse(parsed.text, &head);
    if (bad == ERR_OK)
        *out = head.origin;
    return bad;
}

struct beginning {
    struct agent *agent;
    struct log_origin *origin;
    struct arena *arena;
};

static enum err begin_job(struct kv_txn *txn, void *arg)
{
    const struct beginning *b = arg;
    struct store *s = b->agent->store;
    struct bytes found;
    enum err bad = store_get(s, txn, STORE_META, bytes_str(ROW), b->arena, &found);
    const bool is_new = bad == ERR_NOT_FOUND;
    if (is_new)
        bad = origin_of_head(s, txn, b->arena, &found);
    if (bad != ERR_OK)
        return bad;
    if (found.len == 0)
        found = view_roster(b->agent->view)->log_origin;
    buf_reset(&b->origin->origin);
    buf_put(&b->origin->origin, found);
    bad = buf_err(&b->origin->origin);
    return bad == ERR_OK && is_new && found.len > 0 ? log_origin_put(s, txn, found) : bad;
}

static void see(const struct agent *a, struct log_origin *o)
{
    if (bytes_equal(buf_bytes(&o->origin), view_roster(a->view)->log_origin))
        o->ended_s = 0;
    else if (o->ended_s == 0)
        o->ended_s = agent_now_s(a);
}

enum err log_origin_new(struct agent *a, struct log_origin **out, struct errmsg *why)
{
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(ROW_ARENA_BYTES);
    struct log_origin *o = calloc(1, sizeof *o);
    if (o == NULL || arena == NULL) {
        free(o);
        return ERR_NOMEM;
    }
    o->origin = buf_new(NOTE_MAX_NAME);
    struct beginning b = {a, o, arena};
    const enum err bad = writer_run(a->writer, begin_job, &b);
    if (bad != ERR_OK) {
        log_origin_free(o);
        return errmsg_set(why, bad, "store: which log this agency follows: %s", err_text(bad));
    }
    see(a, o);
    *out = o;
    return ERR_OK;
}

void log_origin_free(struct log_origin *o)
{
    if (o == NULL)
        return;
    buf_free(&o->origin);
    free(o);
}

struct bytes log_origin_followed(const struct agent *a)
{
    return a->log_origin != NULL ? buf_bytes(&a->log_origin->origin) : view_roster(a->view)->log_origin;
}

bool log_origin_is_current(const struct agent *a)
{
    return bytes_equal(log_origin_followed(a), view_roster(a->view)->log_origin);
}

void log_origin_see(struct agent *a)
{
    see(a, a->log_origin);
}

int64_t log_origin_ended_s(const struct agent *a)
{
    return a->log_origin != NULL && a->log_origin->ended_s > 0 ? a->log_origin->ended_s : INT64_MAX;
}

void log_origin_take(struct agent *a, struct bytes origin)
{
    buf_reset(&a->log_origin->origin);
    buf_put(&a->log_origin->origin, origin);
    see(a, a->log_origin);
}

enum err log_origin_is(struct store *s, struct kv_txn *txn, struct bytes origin, bool *out)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(4096);
    struct bytes found;
    if (a == NULL)
        return ERR_NOMEM;
    const enum err bad = store_get(s, txn, STORE_META, bytes_str(ROW), a, &found);
    *out = bad == ERR_NOT_FOUND || (bad == ERR_OK && bytes_equal(found, origin));
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

enum err log_origin_put(struct store *s, struct kv_txn *txn, struct bytes origin)
{
    return store_put(s, txn, STORE_META, bytes_str(ROW), origin);
}

static enum err put_before_key(struct buf *key, struct bytes origin)
{
    buf_put_str(key, ROW_BEFORE);
    buf_put(key, origin);
    return buf_err(key);
}

/* The first part of the row. */
static int64_t read_time(struct cursor *row)
{
    struct cursor c = cursor_of(cursor_part(row, sizeof(uint64_t)));
    const uint64_t at_s = cursor_u64(&c);
    return cursor_done(&c) == ERR_OK && at_s <= INT64_MAX ? (int64_t)at_s : 0;
}

static enum err read_left(struct bytes plain, struct log_left *out)
{
    struct cursor c = cursor_of(plain);
    out->left_s = read_time(&c);
    out->last = cursor_part(&c, NOTE_MAX_BYTES);
    out->cosigned = cursor_part(&c, NOTE_MAX_BYTES);
    out->proved = cursor_part(&c, NOTE_MAX_BYTES);
    out->mirrored = cursor_part(&c, NOTE_MAX_BYTES);
    return cursor_done(&c) == ERR_OK && out->left_s > 0 ? ERR_OK : ERR_INVALID;
}

static enum err get_left(struct store *s, struct kv_txn *txn, struct bytes origin, struct arena *a, struct log_left *out)
{
    CLEANUP(buf_free) struct buf key = buf_new(NOTE_MAX_NAME + sizeof ROW_BEFORE);
    struct bytes row;
    enum err bad = put_before_key(&key, origin);
    if (bad == ERR_OK)
        bad = store_get(s, txn, STORE_META, buf_bytes(&key), a, &row);
    return bad == ERR_OK ? read_left(row, out) : bad;
}

enum err log_origin_left_s(struct store *s, struct kv_txn *txn, struct bytes origin, int64_t *out)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(LEFT_ARENA_BYTES);
    struct log_left left = {.left_s = 0};
    const enum err bad = a != NULL ? get_left(s, txn, origin, a, &left) : ERR_NOMEM;
    if (bad == ERR_OK || bad == ERR_NOT_FOUND)
        *out = left.left_s;
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

static bool is_other(struct bytes own, const struct checkpoint *head, struct arena *a)
{
    struct note note;
    struct checkpoint c;
    return own.len > 0 && note_parse(own, a, &note, NULL) == ERR_OK && checkpoint_parse(note.text, &c) == ERR_OK &&
           c.size == head->size && !digest_equal(&c.root, &head->root);
}

enum err log_origin_left_other(struct store *s, struct kv_txn *txn, const struct checkpoint *head, struct arena *a, struct bytes *out)
{
    struct log_left left;
    *out = bytes_of(NULL, 0);
    const enum err bad = get_left(s, txn, head->origin, a, &left);
    if (bad != ERR_OK)
        return bad == ERR_NOT_FOUND ? ERR_OK : bad;
    const struct bytes own[] = {left.cosigned, left.proved, left.mirrored};
    for (size_t i = 0; i < ARRAY_LEN(own) && out->len == 0; i++)
        if (is_other(own[i], head, a))
            *out = own[i];
    return ERR_OK;
}

enum err log_origin_put_left(struct store *s, struct kv_txn *txn, struct bytes origin, struct bytes row)
{
    CLEANUP(buf_free) struct buf key = buf_new(NOTE_MAX_NAME + sizeof ROW_BEFORE);
    const enum err bad = put_before_key(&key, origin);
    return bad == ERR_OK ? store_put(s, txn, STORE_META, buf_bytes(&key), row) : bad;
}

enum err log_origin_left(struct store *s, struct kv_txn *txn, struct arena *a, struct log_left out[static LOGS_LEFT_MAX],
                         size_t *count)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    const size_t skipped = sizeof ROW_BEFORE - 1;
    struct store_row row;
    *count = 0;
    enum err bad = store_iter(s, txn, STORE_META, bytes_str(ROW_BEFORE), &it);
    while (bad == ERR_OK && *count < LOGS_LEFT_MAX && (bad = store_next(s, STORE_META, it, a, &row)) == ERR_OK) {
        out[*count].origin = bytes_of(row.key.ptr + skipped, row.key.len - skipped);
        bad = read_left(row.plain, &out[(*count)++]);
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}
