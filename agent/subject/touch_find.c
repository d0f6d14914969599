#include "agent/subject/touch_find.h"

#include <stdlib.h>

#include "agent/subject/touch_internal.h"

#define STEP_ROWS 512u

struct touch_finding {
    struct touch_find_params p;
    struct arena *scratch; /* of one row */
    /* Where it is: a mark, the last of its rows, and within the thread of that its last entry. */
    size_t mark;
    uint8_t row[TOUCH_KEY_ROOM];
    size_t row_len; /* 0: none yet */
    bool is_in_thread;
    uint8_t entry[2 * TOUCH_KEY_ROOM];
    size_t entry_len;
    struct touch_named at; /* the thread's subject that the mark names */
    struct touch_thread thread;
    struct touch_terms terms;
    const struct touch_terms *kept; /* those in the arena, once a row of the thread is wanted */
    bool is_perhaps;
    unsigned left; /* rows of this slice */
};

enum err touch_find_new(const struct touch_find_params *p, struct touch_finding **out)
{
    CLEANUP(cleanup_touch_find_free) struct touch_finding *f = calloc(1, sizeof *f);
    if (f == NULL || (f->scratch = arena_new(TOUCH_ROW_ARENA)) == NULL)
        return ERR_NOMEM;
    f->p = *p;
    for (size_t i = 0; i < p->wanted_count; i++) {
        const struct touch_wanted *w = &p->wanted[i];
        *w->out = (struct touch_list){.v = arena_array(p->a, w->max, sizeof *w->out->v)};
        if (w->out->v == NULL)
            return ERR_NOMEM;
    }
    *out = take(f);
    return ERR_OK;
}

void touch_find_free(struct touch_finding *f)
{
    if (f == NULL)
        return;
    arena_free(f->scratch);
    free(f);
}

/* ---- entries ---- */

static enum err add_to(struct touch_finding *f, const struct touch_wanted *w, struct touched *t)
{
    if (w->fits != NULL && !w->fits(w->arg, t))
        return ERR_OK;
    if (w->out->count == w->max) {
        w->out->is_cut = true;
        return ERR_OK;
    }
    if (f->kept == NULL) {
        struct touch_terms *copy = arena_alloc(f->p.a, sizeof *copy);
        if (copy == NULL)
            return ERR_NOMEM;
        *copy = f->terms;
        f->kept = copy;
    }
    w->out->v[w->out->count] = *t;
    w->out->v[w->out->count++].terms = f->kept;
    return ERR_OK;
}

static enum err look_at_entry(struct touch_finding *f, const struct store_row *row)
{
    struct touched t = {.terms = &f->terms, .is_perhaps = f->is_perhaps};
    enum err bad = touch_read_entry(row, &t.what);
    if (bad != ERR_OK || (t.what.group != TOUCH_GROUP_ALL && t.what.group != f->at.group))
        return bad;
    for (size_t i = 0; bad == ERR_OK && i < f->p.wanted_count; i++)
        bad = add_to(f, &f->p.wanted[i], &t);
    return bad;
}

/* No row more changes what is found. */
static bool is_full(const struct touch_finding *f)
{
    bool full = true;
    for (size_t i = 0; full && i < f->p.wanted_count; i++)
        full = f->p.wanted[i].out->is_cut;
    return full;
}

/* ERR_NOT_FOUND: the thread has no more. */
static enum err read_entries(struct touch_finding *f, struct kv_txn *txn)
{
    uint8_t room[TOUCH_KEY_ROOM];
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct store_row row;
    enum err bad = store_iter(f->p.store, txn, STORE_TOUCH, touch_thread_key(room, TOUCH_ROW_ENTRY, &f->thread), &it);
    if (bad == ERR_OK && f->entry_len > 0)
        bad = kv_iter_after(it, bytes_of(f->entry, f->entry_len));
    while (bad == ERR_OK && f->left > 0 && !is_full(f)) {
        arena_reset(f->scratch);
        bad = store_next(f->p.store, STORE_TOUCH, it, f->scratch, &row);
        if (bad == ERR_OK && row.key.len > sizeof f->entry)
            bad = ERR_INVALID;
        if (bad != ERR_OK)
            break;
        memcpy(f->entry, row.key.ptr, row.key.len);
        f->entry_len = row.key.len;
        f->left--;
        bad = look_at_entry(f, &row);
    }
    return bad;
}

/* ---- threads ---- */

/* How like the subject of the thread, at whose first subject c stands, is to the one sought. */
static enum err judge(const struct touch_finding *f, struct cursor *c, uint32_t count, enum likeness *out)
{
    struct touch_named *of = arena_array(f->scratch, count, sizeof *of);
    size_t n = 0;
    if (of == NULL)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < count; i++) {
        of[n] = touch_get_named(c);
        if (c->err != ERR_OK)
            return c->err;
        n += of[n].group == f->at.group;
    }
    *out = likeness_of(f->p.sought, (struct named_list){of, n});
    return cursor_done(c);
}

static enum err open_thread(struct touch_finding *f, struct kv_txn *txn)
{
    uint8_t key[TOUCH_KEY_ROOM];
    enum likeness like = LIKE_NOBODY;
    struct bytes row;
    struct cursor c;
    uint32_t count = 0;
    arena_reset(f->scratch);
    enum err bad = store_get(f->p.store, txn, STORE_TOUCH, touch_thread_key(key, TOUCH_ROW_THREAD, &f->thread), f->scratch, &row);
    if (bad == ERR_OK)
        bad = touch_open_thread(row, &c, &f->terms, &count);
    if (bad == ERR_OK)
        bad = judge(f, &c, count, &like);
    f->is_in_thread = bad == ERR_OK && like != LIKE_NOBODY;
    f->is_perhaps = like == LIKE_PERHAPS;
    f->entry_len = 0;
    f->kept = NULL;
    return bad;
}

/* Each subject of a thread once, whichever of its marks named it. */
static enum err is_repeat(const struct touch_finding *f, struct kv_txn *txn, bool *out)
{
    uint8_t key[TOUCH_KEY_ROOM];
    enum err bad = ERR_NOT_FOUND;
    for (size_t i = 0; bad == ERR_NOT_FOUND && i < f->mark; i++) {
        const struct touch_named before = {.mark = f->p.sought.v[i].mark, .group = f->at.group};
        bad = store_has(f->p.store, txn, STORE_TOUCH, touch_mark_key(key, &before, &f->thread));
    }
    *out = bad == ERR_OK;
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

static enum err look_at_thread(struct touch_finding *f, struct kv_txn *txn)
{
    struct cursor c = cursor_of(bytes_of(f->row, f->row_len));
    bool repeat = false;
    (void)cursor_bytes(&c, 1 + TOUCH_MARK_BYTES);
    f->thread = touch_get_thread(&c);
    f->at.group = cursor_u32(&c);
    enum err bad = cursor_done(&c);
    if (bad == ERR_OK)
        bad = is_repeat(f, txn, &repeat);
    return bad == ERR_OK && !repeat ? open_thread(f, txn) : bad;
}

/* ERR_NOT_FOUND: the mark leads to no more. */
static enum err next_thread(struct touch_finding *f, struct kv_txn *txn)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    uint8_t room[1 + TOUCH_MARK_BYTES];
    struct buf prefix = buf_fixed(room, sizeof room);
    struct bytes key;
    buf_put_u8(&prefix, TOUCH_ROW_MARK);
    buf_put(&prefix, BYTES_OF_ARRAY(f->p.sought.v[f->mark].mark.b));
    enum err bad = store_iter(f->p.store, txn, STORE_TOUCH, buf_bytes(&prefix), &it);
    if (bad == ERR_OK && f->row_len > 0)
        bad = kv_iter_after(it, bytes_of(f->row, f->row_len));
    while (bad == ERR_OK && f->left > 0 && !f->is_in_thread) {
        bad = kv_iter_next(it, &key, NULL);
        if (bad == ERR_OK && key.len > sizeof f->row)
            bad = ERR_INVALID;
        if (bad != ERR_OK)
            break;
        memcpy(f->row, key.ptr, key.len);
        f->row_len = key.len;
        f->left--;
        bad = look_at_thread(f, txn);
    }
    return bad;
}

/* ---- a slice ---- */

static enum err step(struct touch_finding *f, struct kv_txn *txn)
{
    enum err bad = f->is_in_thread ? read_entries(f, txn) : next_thread(f, txn);
    if (bad != ERR_NOT_FOUND)
        return bad;
    if (!f->is_in_thread) {
        f->mark++;
        f->row_len = 0;
    }
    f->is_in_thread = false;
    return ERR_OK;
}

static int by_time(const void *a, const void *b)
{
    const struct touched *x = a;
    const struct touched *y = b;
    if (x->what.at_s != y->what.at_s)
        return x->what.at_s < y->what.at_s ? -1 : 1;
    return bytes_cmp(digest_bytes(&x->what.entry), digest_bytes(&y->what.entry));
}

enum err touch_find_step(struct touch_finding *f, struct kv_txn *txn)
{
    enum err bad = ERR_OK;
    f->left = STEP_ROWS;
    while (bad == ERR_OK && f->left > 0 && f->mark < f->p.sought.count && !is_full(f))
        bad = step(f, txn);
    if (bad != ERR_OK)
        return bad;
    if (f->mark < f->p.sought.count && !is_full(f))
        return ERR_AGAIN;
    for (size_t i = 0; i < f->p.wanted_count; i++)
        qsort(f->p.wanted[i].out->v, f->p.wanted[i].out->count, sizeof *f->p.wanted[i].out->v, by_time);
    return ERR_OK;
}
