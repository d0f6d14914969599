#include "agent/subject/touch_walk.h"

#include <stdlib.h>

#include "agent/subject/touch_internal.h"
#include "pki/mac.h"
#include "proto/base/label.h"

struct touch_walk {
    struct store *store;
    struct mac *mac;
    struct mac *ids;
    struct arena *scratch; /* of one row */
};

enum err touch_walk_new(struct store *s, struct touch_walk **out)
{
    CLEANUP(cleanup_touch_walk_free) struct touch_walk *w = calloc(1, sizeof *w);
    if (w == NULL || (w->scratch = arena_new(TOUCH_ROW_ARENA)) == NULL)
        return ERR_NOMEM;
    w->store = s;
    enum err bad = touch_mac_new(s, LABEL_SUBJECT_PSEUDONYM, &w->mac);
    if (bad == ERR_OK)
        bad = touch_mac_new(s, LABEL_LDV, &w->ids);
    if (bad == ERR_OK)
        *out = take(w);
    return bad;
}

void touch_walk_free(struct touch_walk *w)
{
    if (w == NULL)
        return;
    mac_free(w->mac);
    mac_free(w->ids);
    arena_free(w->scratch);
    free(w);
}

struct mac *touch_walk_ids(const struct touch_walk *w)
{
    return w->ids;
}

/* Of several identifiers of one subject the one that it has everywhere: a BSN, else the lowest
 * type, then the lowest mark. */
static bool is_better(const struct touch_named *a, const struct touch_named *b)
{
    if (a->type != b->type)
        return a->type == IDENT_BSN || (b->type != IDENT_BSN && a->type < b->type);
    return bytes_cmp(BYTES_OF_ARRAY(a->mark.b), BYTES_OF_ARRAY(b->mark.b)) < 0;
}

/* The best identifier of each group; groups ascend in a row. */
static enum err read_best(struct cursor *c, uint32_t count, struct arena *a,
                          struct touch_named **out, size_t *n)
{
    struct touch_named *best = arena_array(a, count, sizeof *best);
    size_t used = 0;
    if (best == NULL)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < count; i++) {
        const struct touch_named one = touch_get_named(c);
        if (c->err != ERR_OK)
            return c->err;
        if (used > 0 && best[used - 1].group == one.group) {
            if (is_better(&one, &best[used - 1]))
                best[used - 1] = one;
        } else {
            best[used++] = one;
        }
    }
    *out = best;
    *n = used;
    return cursor_done(c);
}

static enum err make_subjects(struct touch_walk *w, const struct touch_named *best, size_t n,
                              struct arena *a, struct walk_thread *out)
{
    struct walk_subject *subjects = arena_array(a, n, sizeof *subjects);
    enum err bad = subjects != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; bad == ERR_OK && i < n; i++) {
        const struct bytes mark = BYTES_OF_ARRAY(best[i].mark.b);
        uint8_t tag[MAC_BYTES];
        bad = mac_compute(w->mac, &mark, 1, tag);
        subjects[i] = (struct walk_subject){.group = best[i].group, .type = best[i].type};
        memcpy(subjects[i].pseudonym.b, tag, sizeof subjects[i].pseudonym.b);
    }
    out->subjects = subjects;
    out->subject_count = n;
    return bad;
}

/* Puts an entry in the place of the first one of each subject that has none yet; how many still
 * have none. */
static size_t note_first(struct walk_thread *t, const struct touch *e)
{
    size_t without = 0;
    for (size_t i = 0; i < t->subject_count; i++) {
        struct walk_subject *s = &t->subjects[i];
        if (!s->has_first && (e->group == TOUCH_GROUP_ALL || e->group == s->group)) {
            s->has_first = true;
            s->first = *e;
        }
        without += !s->has_first;
    }
    return without;
}

static enum err begin_entries(struct touch_walk *w, struct kv_txn *txn,
                              const struct touch_thread *t, struct kv_iter **out)
{
    uint8_t room[TOUCH_KEY_ROOM];
    return store_iter(w->store, txn, STORE_TOUCH, touch_thread_key(room, TOUCH_ROW_ENTRY, t), out);
}

static enum err next_entry(struct touch_walk *w, struct kv_iter *it, struct touch *out)
{
    struct store_row row;
    arena_reset(w->scratch);
    const enum err bad = store_next(w->store, STORE_TOUCH, it, w->scratch, &row);
    return bad == ERR_OK ? touch_read_entry(&row, out) : bad;
}

/* Nearly always the thread's first entry is towards all. */
static enum err find_firsts(struct touch_walk *w, struct kv_txn *txn, struct walk_thread *out)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct touch e;
    size_t without = out->subject_count;
    enum err bad = begin_entries(w, txn, &out->thread, &it);
    while (bad == ERR_OK && without > 0 && (bad = next_entry(w, it, &e)) == ERR_OK)
        without = note_first(out, &e);
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

static enum err read_entries(struct touch_walk *w, struct kv_txn *txn, const struct walk_from *from,
                             struct arena *a, struct walk_thread *out)
{
    uint8_t room[2 * TOUCH_KEY_ROOM];
    const struct touch last = {.thread = from->thread, .at_s = from->at_s, .entry = from->entry};
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct touch e;
    out->entries = arena_array(a, WALK_ENTRIES_MAX, sizeof *out->entries);
    if (out->entries == NULL)
        return ERR_NOMEM;
    enum err bad = begin_entries(w, txn, &out->thread, &it);
    if (bad == ERR_OK && from->is_behind)
        bad = kv_iter_after(it, touch_entry_key(room, &last));
    while (bad == ERR_OK && !out->is_cut && (bad = next_entry(w, it, &e)) == ERR_OK) {
        out->is_cut = out->entry_count == WALK_ENTRIES_MAX;
        if (!out->is_cut)
            out->entries[out->entry_count++] = e;
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

enum err touch_walk_get(struct touch_walk *w, struct kv_txn *txn, const struct walk_from *from,
                        struct arena *a, struct walk_thread *out)
{
    uint8_t room[TOUCH_KEY_ROOM];
    struct walk_thread t = {.thread = from->thread};
    struct touch_named *best = NULL;
    struct bytes row;
    struct cursor c;
    uint32_t count = 0;
    size_t n = 0;
    arena_reset(w->scratch);
    enum err bad =
        store_get(w->store, txn, STORE_TOUCH,
                  touch_thread_key(room, TOUCH_ROW_THREAD, &from->thread), w->scratch, &row);
    if (bad == ERR_OK)
        bad = touch_open_thread(row, &c, &t.terms, &count);
    if (bad == ERR_OK)
        bad = read_best(&c, count, a, &best, &n);
    if (bad == ERR_OK)
        bad = make_subjects(w, best, n, a, &t);
    if (bad == ERR_OK)
        bad = find_firsts(w, txn, &t);
    if (bad == ERR_OK)
        bad = read_entries(w, txn, from, a, &t);
    if (bad == ERR_OK)
        *out = t;
    return bad;
}

enum err touch_walk_next(struct touch_walk *w, struct kv_txn *txn, const struct touch_thread *after,
                         struct arena *a, struct walk_thread *out)
{
    static const uint8_t prefix[] = {TOUCH_ROW_THREAD};
    uint8_t room[TOUCH_KEY_ROOM];
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    enum err bad = store_iter(w->store, txn, STORE_TOUCH, BYTES_OF_ARRAY(prefix), &it);
    if (bad == ERR_OK && after != NULL)
        bad = kv_iter_after(it, touch_thread_key(room, TOUCH_ROW_THREAD, after));
    if (bad == ERR_OK)
        bad = kv_iter_next(it, &key, NULL);
    if (bad != ERR_OK)
        return bad;
    struct cursor c = cursor_of(key);
    (void)cursor_u8(&c);
    const struct walk_from from = {.thread = touch_get_thread(&c)};
    bad = cursor_done(&c);
    return bad == ERR_OK ? touch_walk_get(w, txn, &from, a, out) : bad;
}
