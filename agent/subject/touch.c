#include "agent/subject/touch_internal.h"

#include <pthread.h>
#include <stdlib.h>

#include "pki/hkdf.h"
#include "pki/mac.h"
#include "proto/base/join.h"
#include "proto/base/label.h"
#include "proto/base/text.h"

/* Keys of STORE_TOUCH, by their first byte; a thread is u8 role, 16 id:
 *   t | thread                        -> terms and subjects
 *   m | mark | thread | u32 group     -> empty
 *   e | thread | u64 time | 32 entry  -> group, event, peer, outcome
 *   d | u64 end | thread              -> empty */
#define ROW_DUE 'd'
#define FORMAT 1u
#define THREAD_BYTES 17u
#define NAMED_MAX 1024u
#define EVENT_MAX 64u
#define TYPE_MAX 32u
#define FORGET_ROWS 256u /* at a time */
#define ROW_ROOM ((size_t)64 << 10)

struct touch_index {
    struct store *store;
    pthread_mutex_t lock; /* of mac */
    struct mac *mac;
};

const char *touch_role_id(enum touch_role r)
{
    switch (r) {
    case TOUCH_NONE:
        break;
    case TOUCH_ASKED:
        return "requester";
    case TOUCH_HELD:
        return "holder";
    }
    return "?";
}

struct touch_thread touch_of_request(const struct request_id *id)
{
    struct touch_thread t = {.role = TOUCH_ASKED};
    memcpy(t.id, id->b, sizeof t.id);
    return t;
}

struct touch_thread touch_of_item(uint64_t number)
{
    struct touch_thread t = {.role = TOUCH_HELD};
    struct buf b = buf_fixed(t.id, sizeof t.id);
    buf_put_u64(&b, 0);
    buf_put_u64(&b, number);
    return t;
}

/* ---- life and marks ---- */

enum err touch_mac_new(struct store *s, const char *label, struct mac **out)
{
    CLEANUP(cleanup_secret_free) struct secret *base = NULL;
    CLEANUP(cleanup_secret_free) struct secret *key = NULL;
    enum err bad = store_derive(s, LABEL_DISTINCT, &base);
    if (bad == ERR_OK)
        bad = hkdf_subkey(base, bytes_str(label), &key);
    return bad == ERR_OK ? mac_new(key, out) : bad;
}

enum err touch_index_new(struct store *s, struct touch_index **out)
{
    CLEANUP(cleanup_touch_index_free) struct touch_index *x = calloc(1, sizeof *x);
    if (x == NULL)
        return ERR_NOMEM;
    pthread_mutex_init(&x->lock, NULL);
    x->store = s;
    const enum err bad = touch_mac_new(s, LABEL_TOUCH, &x->mac);
    if (bad == ERR_OK)
        *out = take(x);
    return bad;
}

void touch_index_free(struct touch_index *x)
{
    if (x == NULL)
        return;
    mac_free(x->mac);
    pthread_mutex_destroy(&x->lock);
    free(x);
}

enum err touch_mark(struct touch_index *x, const struct norm_ident *id, struct touch_mark *out)
{
    uint8_t room[64 + IDENT_MAX];
    uint8_t tag[MAC_BYTES];
    struct buf text = buf_fixed(room, sizeof room);
    join_str(&text, ident_type_id(id->type));
    join_part(&text, ident_value(id));
    const struct bytes part = buf_bytes(&text);
    enum err bad = buf_err(&text);
    if (bad == ERR_OK) {
        pthread_mutex_lock(&x->lock);
        bad = mac_compute(x->mac, &part, 1, tag);
        pthread_mutex_unlock(&x->lock);
    }
    if (bad == ERR_OK)
        memcpy(out->b, tag, sizeof out->b);
    secret_wipe(room, sizeof room);
    return bad;
}

/* ---- keys ---- */

static struct buf begin_key(uint8_t room[static TOUCH_KEY_ROOM], char row)
{
    struct buf b = buf_fixed(room, TOUCH_KEY_ROOM);
    buf_put_u8(&b, (uint8_t)row);
    return b;
}

static void put_thread(struct buf *b, const struct touch_thread *t)
{
    buf_put_u8(b, (uint8_t)t->role);
    buf_put(b, BYTES_OF_ARRAY(t->id));
}

struct touch_thread touch_get_thread(struct cursor *c)
{
    struct touch_thread t = {.role = TOUCH_NONE};
    const uint8_t role = cursor_u8(c);
    if (role == TOUCH_ASKED || role == TOUCH_HELD)
        t.role = (enum touch_role)role;
    else
        cursor_fail(c, ERR_INVALID);
    cursor_copy(c, t.id, sizeof t.id);
    return t;
}

struct bytes touch_thread_key(uint8_t room[static TOUCH_KEY_ROOM], char row,
                              const struct touch_thread *t)
{
    struct buf b = begin_key(room, row);
    put_thread(&b, t);
    return buf_bytes(&b);
}

struct bytes touch_mark_key(uint8_t room[static TOUCH_KEY_ROOM], const struct touch_named *n,
                            const struct touch_thread *t)
{
    struct buf b = begin_key(room, TOUCH_ROW_MARK);
    buf_put(&b, BYTES_OF_ARRAY(n->mark.b));
    put_thread(&b, t);
    buf_put_u32(&b, n->group);
    return buf_bytes(&b);
}

static struct bytes due_key(uint8_t room[static TOUCH_KEY_ROOM], int64_t ends_s,
                            const struct touch_thread *t)
{
    struct buf b = begin_key(room, ROW_DUE);
    buf_put_u64(&b, ends_s > 0 ? (uint64_t)ends_s : 0);
    put_thread(&b, t);
    return buf_bytes(&b);
}

/* ---- a thread ---- */

static void put_terms(const struct touch_terms *t, struct buf *b)
{
    join_part(b, name_bytes(&t->rule));
    buf_put_u32(b, t->rule_version);
    buf_put(b, digest_bytes(&t->policy));
    join_part(b, name_bytes(&t->compartment));
    buf_put_u8(b, t->is_deferred);
    buf_put_u32(b, t->review_days);
    buf_put_u64(b, (uint64_t)t->began_s);
    buf_put_u64(b, (uint64_t)t->ends_s);
}

static void get_name(struct cursor *c, bool may_be_empty, struct name *out)
{
    const struct bytes part = cursor_part(c, NAME_MAX_BYTES);
    *out = (struct name){""};
    if (c->err == ERR_OK && !(may_be_empty && part.len == 0) && name_parse(part, out) != ERR_OK)
        cursor_fail(c, ERR_INVALID);
}

static void get_terms(struct cursor *c, struct touch_terms *t)
{
    get_name(c, false, &t->rule);
    t->rule_version = cursor_u32(c);
    cursor_copy(c, t->policy.b, sizeof t->policy.b);
    get_name(c, true, &t->compartment);
    const uint8_t deferred = cursor_u8(c);
    if (deferred > 1)
        cursor_fail(c, ERR_INVALID);
    t->is_deferred = deferred == 1;
    t->review_days = cursor_u32(c);
    t->began_s = (int64_t)cursor_u64(c);
    t->ends_s = (int64_t)cursor_u64(c);
}

/* A row of a thread, up to its subjects, at which c stands then. */
enum err touch_open_thread(struct bytes row, struct cursor *c, struct touch_terms *terms,
                           uint32_t *count)
{
    *c = cursor_of(row);
    if (cursor_u32(c) != FORMAT)
        cursor_fail(c, ERR_INVALID);
    get_terms(c, terms);
    *count = cursor_u32(c);
    if (*count > NAMED_MAX)
        cursor_fail(c, ERR_INVALID);
    return c->err;
}

struct touch_named touch_get_named(struct cursor *c)
{
    struct touch_named n = {.group = 0};
    cursor_copy(c, n.mark.b, sizeof n.mark.b);
    n.group = cursor_u32(c);
    const struct bytes type = cursor_part(c, TYPE_MAX);
    if (c->err == ERR_OK && ident_type_parse(type, &n.type) != ERR_OK)
        cursor_fail(c, ERR_INVALID);
    return n;
}

static enum err put_row(struct touch_index *x, struct kv_txn *txn, const struct touch_start *start)
{
    uint8_t key[TOUCH_KEY_ROOM];
    CLEANUP(buf_free) struct buf row = buf_new(ROW_ROOM);
    buf_put_u32(&row, FORMAT);
    put_terms(&start->terms, &row);
    buf_put_u32(&row, (uint32_t)start->count);
    for (size_t i = 0; i < start->count; i++) {
        buf_put(&row, BYTES_OF_ARRAY(start->named[i].mark.b));
        buf_put_u32(&row, start->named[i].group);
        join_str(&row, ident_type_id(start->named[i].type));
    }
    const enum err bad = buf_err(&row);
    return bad == ERR_OK
               ? store_put(x->store, txn, STORE_TOUCH,
                           touch_thread_key(key, TOUCH_ROW_THREAD, &start->thread), buf_bytes(&row))
               : bad;
}

static enum err has_thread(struct touch_index *x, struct kv_txn *txn, const struct touch_thread *t)
{
    uint8_t key[TOUCH_KEY_ROOM];
    return store_has(x->store, txn, STORE_TOUCH, touch_thread_key(key, TOUCH_ROW_THREAD, t));
}

enum err touch_begin(struct touch_index *x, struct kv_txn *txn, const struct touch_start *start)
{
    uint8_t key[TOUCH_KEY_ROOM];
    const struct bytes none = bytes_of(NULL, 0);
    if (start->count > NAMED_MAX)
        return ERR_TOO_LARGE;
    enum err bad = has_thread(x, txn, &start->thread);
    if (bad != ERR_NOT_FOUND)
        return bad;
    bad = put_row(x, txn, start);
    for (size_t i = 0; bad == ERR_OK && i < start->count; i++)
        bad = store_put(x->store, txn, STORE_TOUCH, touch_mark_key(key, &start->named[i], &start->thread),
                        none);
    return bad == ERR_OK ? store_put(x->store, txn, STORE_TOUCH,
                                     due_key(key, start->terms.ends_s, &start->thread), none)
                         : bad;
}

/* ---- an entry ---- */

struct bytes touch_entry_key(uint8_t room[static 2 * TOUCH_KEY_ROOM], const struct touch *t)
{
    struct buf b = buf_fixed(room, (size_t)2 * TOUCH_KEY_ROOM);
    buf_put_u8(&b, TOUCH_ROW_ENTRY);
    put_thread(&b, &t->thread);
    buf_put_u64(&b, t->at_s > 0 ? (uint64_t)t->at_s : 0);
    buf_put(&b, digest_bytes(&t->entry));
    return buf_bytes(&b);
}

enum err touch_add(struct touch_index *x, struct kv_txn *txn, const struct touch *t)
{
    uint8_t key[2 * TOUCH_KEY_ROOM];
    uint8_t room[256];
    struct buf row = buf_fixed(room, sizeof room);
    enum err bad = has_thread(x, txn, &t->thread);
    if (bad != ERR_OK)
        return bad == ERR_NOT_FOUND ? ERR_OK : bad;
    buf_put_u32(&row, t->group);
    join_str(&row, audit_event_id(t->event));
    join_str(&row, t->peer.oin);
    join_str(&row, t->outcome);
    bad = buf_err(&row);
    return bad == ERR_OK
               ? store_put(x->store, txn, STORE_TOUCH, touch_entry_key(key, t), buf_bytes(&row))
               : bad;
}

enum err touch_read_entry(const struct store_row *row, struct touch *out)
{
    struct cursor k = cursor_of(row->key);
    struct cursor c = cursor_of(row->plain);
    (void)cursor_u8(&k);
    *out = (struct touch){.thread = touch_get_thread(&k)};
    out->at_s = (int64_t)cursor_u64(&k);
    cursor_copy(&k, out->entry.b, sizeof out->entry.b);
    out->group = cursor_u32(&c);
    const struct bytes event = cursor_part(&c, EVENT_MAX);
    const struct bytes peer = cursor_part(&c, OIN_CHARS);
    const struct bytes outcome = cursor_part(&c, TOUCH_OUTCOME_MAX);
    if (cursor_done(&k) != ERR_OK || cursor_done(&c) != ERR_OK)
        return ERR_INVALID;
    if (audit_event_parse(event, &out->event) != ERR_OK ||
        (peer.len > 0 && agency_id_parse(peer, &out->peer) != ERR_OK))
        return ERR_INVALID;
    if (outcome.len > 0)
        memcpy(out->outcome, outcome.ptr, outcome.len);
    return ERR_OK;
}

/* ---- the end of a thread ---- */

static enum err forget_entries(struct touch_index *x, struct kv_txn *txn,
                               const struct touch_thread *t)
{
    uint8_t room[TOUCH_KEY_ROOM];
    const struct bytes prefix = touch_thread_key(room, TOUCH_ROW_ENTRY, t);
    size_t deleted = 0;
    enum err bad;
    do {
        bad = kv_del_prefix(txn, store_kv_table(x->store, STORE_TOUCH), prefix, FORGET_ROWS,
                            &deleted);
    } while (bad == ERR_OK && deleted == FORGET_ROWS);
    return bad;
}

static enum err forget_marks(struct touch_index *x, struct kv_txn *txn,
                             const struct touch_thread *t, struct arena *a)
{
    uint8_t key[TOUCH_KEY_ROOM];
    struct touch_terms terms;
    struct bytes row;
    struct cursor c;
    uint32_t count = 0;
    enum err bad =
        store_get(x->store, txn, STORE_TOUCH, touch_thread_key(key, TOUCH_ROW_THREAD, t), a, &row);
    if (bad == ERR_OK)
        bad = touch_open_thread(row, &c, &terms, &count);
    for (uint32_t i = 0; bad == ERR_OK && i < count; i++) {
        const struct touch_named n = touch_get_named(&c);
        bad = c.err;
        if (bad == ERR_OK)
            bad = store_del(x->store, txn, STORE_TOUCH, touch_mark_key(key, &n, t));
        if (bad == ERR_NOT_FOUND)
            bad = ERR_OK; /* two identifiers of one mark */
    }
    return bad;
}

static enum err forget(struct touch_index *x, struct kv_txn *txn, const struct touch_thread *t,
                       struct arena *a)
{
    uint8_t key[TOUCH_KEY_ROOM];
    enum err bad = forget_marks(x, txn, t, a);
    if (bad == ERR_OK)
        bad = forget_entries(x, txn, t);
    return bad == ERR_OK
               ? store_del(x->store, txn, STORE_TOUCH, touch_thread_key(key, TOUCH_ROW_THREAD, t))
               : bad;
}

/* The first thread that has ended. ERR_NOT_FOUND: none. */
static enum err first_due(struct touch_index *x, struct kv_txn *txn, int64_t now_s, int64_t *ends_s,
                          struct touch_thread *out)
{
    static const uint8_t prefix[] = {ROW_DUE};
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    enum err bad = store_iter(x->store, txn, STORE_TOUCH, BYTES_OF_ARRAY(prefix), &it);
    if (bad == ERR_OK)
        bad = kv_iter_next(it, &key, NULL);
    if (bad != ERR_OK)
        return bad;
    struct cursor c = cursor_of(key);
    (void)cursor_u8(&c);
    *ends_s = (int64_t)cursor_u64(&c);
    *out = touch_get_thread(&c);
    bad = cursor_done(&c);
    return bad == ERR_OK && *ends_s >= now_s ? ERR_NOT_FOUND : bad;
}

enum err touch_prune(struct touch_index *x, struct kv_txn *txn, int64_t now_s, size_t max,
                     size_t *gone)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(TOUCH_ROW_ARENA);
    enum err bad = a != NULL ? ERR_OK : ERR_NOMEM;
    *gone = 0;
    while (bad == ERR_OK && *gone < max) {
        uint8_t key[TOUCH_KEY_ROOM];
        struct touch_thread t;
        int64_t ends_s = 0;
        bad = first_due(x, txn, now_s, &ends_s, &t);
        if (bad == ERR_OK)
            bad = forget(x, txn, &t, a);
        if (bad == ERR_OK)
            bad = store_del(x->store, txn, STORE_TOUCH, due_key(key, ends_s, &t));
        *gone += bad == ERR_OK;
        arena_reset(a);
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}
