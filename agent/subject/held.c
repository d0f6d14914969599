#include "agent/subject/held.h"

#include <stdlib.h>

#include "agent/records/batch_row.h"
#include "proto/base/cursor.h"

#define STEP_BLOCKS 64u
#define ROW_ARENA ((size_t)1 << 20)
#define BLOCK_ARENA ((size_t)64 << 20)

/* What was found, before the data set has its name. */
struct seen {
    uint32_t data_set;
    struct held_set out;
};

struct held_scan {
    struct held_params p;
    struct arena *row_arena;   /* of the batch */
    struct arena *block_arena; /* of a block */
    struct batch_row row;
    uint32_t batch; /* whose row that is */
    bool has_batch;
    uint8_t at[BATCH_KEY_BYTES]; /* the last block that was looked through */
    bool has_at;
    struct seen seen[HELD_SETS_MAX];
    struct held_set sets[HELD_SETS_MAX];
    size_t count;
};

enum err held_new(const struct held_params *p, struct held_scan **out)
{
    CLEANUP(cleanup_held_free) struct held_scan *h = calloc(1, sizeof *h);
    if (h == NULL)
        return ERR_NOMEM;
    h->p = *p;
    h->row_arena = arena_new(ROW_ARENA);
    h->block_arena = arena_new(BLOCK_ARENA);
    if (h->row_arena == NULL || h->block_arena == NULL)
        return ERR_NOMEM;
    *out = take(h);
    return ERR_OK;
}

void held_free(struct held_scan *h)
{
    if (h == NULL)
        return;
    arena_free(h->row_arena);
    arena_free(h->block_arena);
    free(h);
}

/* Of a record without a mark that is sought LIKE_NOBODY, as nearly all are. */
static enum err compare(struct held_scan *h, const struct record_content *c, enum likeness *out)
{
    struct touch_named *has = arena_array(h->block_arena, c->identifier_count, sizeof *has);
    enum err bad = has != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; bad == ERR_OK && i < c->identifier_count; i++) {
        has[i] = (struct touch_named){.type = c->identifiers[i].type};
        bad = touch_mark(h->p.index, &c->identifiers[i], &has[i].mark);
    }
    if (bad == ERR_OK)
        *out = likeness_of(h->p.sought, (struct named_list){has, c->identifier_count});
    return bad;
}

/* The rules of a record's bits, in the arena of the answer. */
static enum err rules_of(struct held_scan *h, uint32_t bits, struct name_list *out)
{
    struct name *v = arena_array(h->p.a, h->row.shape.rules.count, sizeof *v);
    size_t n = 0;
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < h->row.shape.rules.count && i < 32; i++)
        if ((bits >> i & 1) != 0)
            v[n++] = h->row.shape.rules.v[i];
    *out = (struct name_list){v, n};
    return ERR_OK;
}

static bool same_rules(struct name_list a, struct name_list b)
{
    bool same = a.count == b.count;
    for (size_t i = 0; same && i < a.count; i++)
        same = name_equal(&a.v[i], &b.v[i]);
    return same;
}

static enum err note(struct held_scan *h, const struct record_content *c, bool is_perhaps)
{
    struct held_set one = {
        .category = h->row.shape.categories.v[c->category], .is_perhaps = is_perhaps, .records = 1};
    enum err bad = rules_of(h, c->rules, &one.rules);
    for (size_t i = 0; bad == ERR_OK && i < h->count; i++) {
        struct held_set *s = &h->seen[i].out;
        if (h->seen[i].data_set == h->row.data_set && s->is_perhaps == is_perhaps &&
            name_equal(&s->category, &one.category) && same_rules(s->rules, one.rules)) {
            s->records++;
            return ERR_OK;
        }
    }
    if (bad == ERR_OK && h->count == HELD_SETS_MAX)
        return ERR_LIMIT;
    if (bad == ERR_OK)
        h->seen[h->count++] = (struct seen){h->row.data_set, one};
    return bad;
}

/* One version: live, in time, and of the subject. */
static enum err look_at(struct held_scan *h, struct kv_txn *txn, struct record_place place,
                        const struct record_version *v)
{
    uint8_t key[BATCH_KEY_BYTES];
    struct record_content content;
    enum likeness like = LIKE_NOBODY;
    if (v->expires_day <= h->p.today)
        return ERR_OK;
    enum err bad = content_decode(v->content, &h->row.shape, h->block_arena, &content);
    if (bad == ERR_OK)
        bad = compare(h, &content, &like);
    if (bad != ERR_OK || like == LIKE_NOBODY)
        return bad;
    bad = store_has(h->p.store, txn, STORE_GONE, batch_key_at(place, key));
    if (bad == ERR_NOT_FOUND)
        return content.category < h->row.shape.categories.count
                   ? note(h, &content, like == LIKE_PERHAPS)
                   : ERR_INVALID;
    return bad;
}

static enum err open_batch(struct held_scan *h, struct kv_txn *txn, uint32_t batch)
{
    if (h->has_batch && h->batch == batch)
        return ERR_OK;
    arena_reset(h->row_arena);
    h->has_batch = false;
    const enum err bad = batch_row_get(h->p.store, txn, batch, h->row_arena, &h->row);
    h->batch = batch;
    h->has_batch = bad == ERR_OK;
    return bad;
}

static enum err look_through(struct held_scan *h, struct kv_txn *txn, const struct store_row *row)
{
    struct cursor c = cursor_of(row->key);
    const uint32_t batch = cursor_u32(&c);
    const uint32_t block = cursor_u32(&c);
    enum err bad = cursor_done(&c);
    if (bad == ERR_OK)
        bad = open_batch(h, txn, batch);
    if (bad == ERR_OK && (h->row.kind != BATCH_ADD || h->row.state == BATCH_REFUSED || h->row.state == BATCH_VOID))
        return ERR_OK;
    for (uint32_t i = 0; bad == ERR_OK && i < RECORD_BLOCK; i++) {
        struct record_version v;
        bad = version_at(row->plain, i, &v);
        if (bad == ERR_OK)
            bad = look_at(h, txn, (struct record_place){batch, block * RECORD_BLOCK + i}, &v);
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* The names of the data sets; several rows may be of one. */
static enum err name_sets(struct held_scan *h, struct kv_txn *txn)
{
    struct data_set_id id;
    struct data_set_id after;
    struct data_set set;
    size_t named = 0;
    enum err bad = data_set_next(h->p.store, txn, NULL, &id, &set);
    while (bad == ERR_OK) {
        for (size_t i = 0; i < h->count && named < HELD_SETS_MAX; i++) {
            if (h->seen[i].data_set != set.no)
                continue;
            h->sets[named] = h->seen[i].out;
            h->sets[named++].set = id;
        }
        after = id;
        bad = data_set_next(h->p.store, txn, &after, &id, &set);
    }
    h->count = named; /* one that was forgotten meanwhile has no name any more */
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

static enum err next_blocks(struct held_scan *h, struct kv_txn *txn)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct store_row row;
    enum err bad = store_iter(h->p.store, txn, STORE_RECORD, bytes_of(NULL, 0), &it);
    if (bad == ERR_OK && h->has_at)
        bad = kv_iter_after(it, BYTES_OF_ARRAY(h->at));
    for (unsigned i = 0; bad == ERR_OK && i < STEP_BLOCKS; i++) {
        arena_reset(h->block_arena);
        bad = store_next(h->p.store, STORE_RECORD, it, h->block_arena, &row);
        if (bad == ERR_OK && row.key.len != sizeof h->at)
            bad = ERR_INVALID;
        if (bad != ERR_OK)
            break;
        memcpy(h->at, row.key.ptr, sizeof h->at);
        h->has_at = true;
        bad = look_through(h, txn, &row);
    }
    return bad == ERR_OK ? ERR_AGAIN : bad;
}

enum err held_step(struct held_scan *h)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err bad = kv_read_begin(store_kv(h->p.store), &txn);
    h->has_batch = false; /* between two snapshots a batch may have become another state */
    if (bad == ERR_OK)
        bad = next_blocks(h, txn);
    return bad == ERR_NOT_FOUND ? name_sets(h, txn) : bad;
}

const struct held_set *held_sets(const struct held_scan *h, size_t *count)
{
    *count = h->count;
    return h->sets;
}
