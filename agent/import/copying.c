#include "agent/import/copying.h"

#include <stdlib.h>

#include "agent/records/batch_row.h"

#define CHUNK 16384u /* entries that are read together, in the order in which they lie */
#define BATCHES_MAX 65536u
#define ROW_ARENA ((size_t)1 << 20)
#define BLOCK_ARENA ((size_t)64 << 20)
#define CONTENT_MAX ((size_t)8 << 20)

struct copying {
    struct copying_params p;
    struct admit *admit;
    struct live_reader *live;
    struct stage_window *window;
    enum masking masks[RECORD_FIELDS_MAX];
    struct live_entry *chunk;
    size_t count;
    size_t at;
    bool is_ended;
    uint32_t runs;
    uint64_t records;
    /* what is open */
    struct arena *row_arena;
    struct arena *block_arena;
    struct arena *scratch;
    uint32_t batch; /* 0: none */
    struct batch_row row;
    size_t places[RECORD_FIELDS_MAX]; /* of the batch's fields among those of the copies */
    uint32_t block;
    bool has_block;
    struct bytes block_bytes;
    struct buf content;
    struct buf masked;
};

/* ---- the shape of all ---- */

/* Numbers of batches, each once, ascending. */
struct numbers {
    uint32_t *v;
    size_t count;
    size_t room;
};

static enum err add_number(struct numbers *n, uint32_t no)
{
    size_t low = 0;
    size_t high = n->count;
    while (low < high) {
        const size_t mid = (low + high) / 2;
        if (n->v[mid] < no)
            low = mid + 1;
        else
            high = mid;
    }
    if (low < n->count && n->v[low] == no)
        return ERR_OK;
    if (n->count == BATCHES_MAX)
        return ERR_LIMIT;
    if (n->count == n->room) {
        const size_t room = n->room == 0 ? 64 : 2 * n->room;
        uint32_t *more = reallocarray(n->v, room, sizeof *more);
        if (more == NULL)
            return ERR_NOMEM;
        n->v = more;
        n->room = room;
    }
    memmove(n->v + low + 1, n->v + low, (n->count - low) * sizeof *n->v);
    n->v[low] = no;
    n->count++;
    return ERR_OK;
}

static enum err find_batches(struct store *s, uint32_t data_set, struct numbers *out)
{
    CLEANUP(cleanup_live_reader_free) struct live_reader *live = NULL;
    const struct live_entry *e = NULL;
    enum err bad = live_reader_new(s, data_set, NULL, &live);
    while (bad == ERR_OK && (bad = live_reader_next(live, &e)) == ERR_OK && e != NULL)
        if (e->place.batch != 0)
            bad = add_number(out, e->place.batch);
    return bad;
}

static int by_name(const void *a, const void *b)
{
    const struct name *x = a;
    const struct name *y = b;
    return strcmp(x->s, y->s);
}

/* Adds the names that are new; the arena keeps the lists that were shorter. */
static enum err unite(struct arena *a, struct name_list more, size_t most, struct name_list *all)
{
    struct name *v = arena_array(a, all->count + more.count, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    size_t n = all->count;
    if (n > 0)
        memcpy(v, all->v, n * sizeof *v);
    for (size_t i = 0; i < more.count; i++)
        if (!name_list_has(*all, name_bytes(&more.v[i])))
            v[n++] = more.v[i];
    if (n == all->count)
        return ERR_OK;
    if (n > most)
        return ERR_LIMIT;
    *all = (struct name_list){v, n};
    return ERR_OK;
}

/* The same for a list that ascends. */
static enum err unite_sorted(struct arena *a, struct name_list more, size_t most,
                             struct name_list *all)
{
    enum err bad = unite(a, more, most, all);
    if (bad == ERR_OK && all->count > 0)
        qsort((struct name *)(uintptr_t)all->v, all->count, sizeof *all->v, by_name);
    return bad;
}

static enum err unite_shapes(struct arena *a, const struct record_shape *more,
                             struct record_shape *all)
{
    enum err bad = unite_sorted(a, more->fields, RECORD_FIELDS_MAX, &all->fields);
    if (bad == ERR_OK)
        bad = unite_sorted(a, more->rules, ADMIT_RULES_MAX, &all->rules);
    return bad == ERR_OK ? unite(a, more->categories, UINT8_MAX, &all->categories) : bad;
}

enum err copying_shape(struct store *s, uint32_t data_set, struct arena *a,
                       struct record_shape *out)
{
    struct numbers batches = {.v = NULL};
    struct record_shape all = {.rules = {0}};
    CLEANUP(cleanup_arena_free) struct arena *scratch = arena_new(ROW_ARENA);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err bad = scratch != NULL ? find_batches(s, data_set, &batches) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = kv_read_begin(store_kv(s), &txn);
    for (size_t i = 0; bad == ERR_OK && i < batches.count; i++) {
        struct batch_row row;
        arena_reset(scratch);
        bad = batch_row_get(s, txn, batches.v[i], scratch, &row);
        if (bad == ERR_OK)
            bad = unite_shapes(a, &row.shape, &all);
    }
    free(batches.v);
    if (bad == ERR_OK)
        *out = all;
    return bad;
}

/* ---- life ---- */

static enum err set_up(struct copying *c)
{
    c->window = stage_window_new();
    c->chunk = calloc(CHUNK, sizeof *c->chunk);
    c->row_arena = arena_new(ROW_ARENA);
    c->block_arena = arena_new(BLOCK_ARENA);
    c->scratch = arena_new(BLOCK_ARENA);
    c->content = buf_new(CONTENT_MAX);
    c->masked = buf_new(CONTENT_MAX);
    if (c->window == NULL || c->chunk == NULL || c->row_arena == NULL || c->block_arena == NULL ||
        c->scratch == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < c->p.shape.fields.count; i++)
        c->masks[i] = field_terms_mask(c->p.terms, &c->p.shape.fields.v[i]);
    return live_reader_new(c->p.store, c->p.data_set, NULL, &c->live);
}

enum err copying_new(const struct copying_params *p, struct admit *admit, struct copying **out)
{
    CLEANUP(cleanup_copying_free) struct copying *c = calloc(1, sizeof *c);
    if (c == NULL) {
        admit_free(admit);
        return ERR_NOMEM;
    }
    c->p = *p;
    c->admit = admit;
    enum err bad = set_up(c);
    if (bad == ERR_OK)
        *out = take(c);
    return bad;
}

static void wipe(struct buf *b)
{
    if (b->ptr != NULL)
        secret_wipe(b->ptr, b->len);
    buf_free(b);
}

void copying_free(struct copying *c)
{
    if (c == NULL)
        return;
    admit_free(c->admit);
    live_reader_free(c->live);
    stage_window_free(c->window);
    free(c->chunk);
    arena_free(c->row_arena);
    arena_free(c->block_arena);
    arena_free(c->scratch);
    wipe(&c->content);
    wipe(&c->masked);
    free(c);
}

/* ---- reading ---- */

static size_t place_of(struct name_list all, const struct name *name)
{
    size_t i = 0;
    while (i < all.count && !name_equal(&all.v[i], name))
        i++;
    return i;
}

static enum err open_batch(struct copying *c, struct kv_txn *txn, uint32_t no)
{
    if (c->batch == no)
        return ERR_OK;
    c->batch = 0;
    c->has_block = false;
    arena_reset(c->row_arena);
    enum err bad = batch_row_get(c->p.store, txn, no, c->row_arena, &c->row);
    if (bad != ERR_OK)
        return bad;
    if (c->row.kind != BATCH_ADD)
        return ERR_INVALID;
    for (size_t i = 0; i < c->row.shape.fields.count; i++) {
        c->places[i] = place_of(c->p.shape.fields, &c->row.shape.fields.v[i]);
        if (c->places[i] == c->p.shape.fields.count)
            return ERR_INVALID;
    }
    c->batch = no;
    return ERR_OK;
}

static enum err open_block(struct copying *c, struct kv_txn *txn, uint32_t index)
{
    uint8_t key[BATCH_KEY_BYTES];
    const struct record_place place = {c->batch, index / RECORD_BLOCK};
    if (c->has_block && c->block == place.index)
        return ERR_OK;
    c->has_block = false;
    arena_reset(c->block_arena);
    enum err bad = store_get(c->p.store, txn, STORE_RECORD, batch_key_at(place, key),
                             c->block_arena, &c->block_bytes);
    c->block = place.index;
    c->has_block = bad == ERR_OK;
    return bad;
}

static bool is_protected(const struct copying *c, struct kv_txn *txn, const struct record_content *r)
{
    for (size_t i = 0; c->p.protected_list != NULL && i < r->identifier_count; i++)
        if (protected_list_has(c->p.protected_list, txn, &r->identifiers[i]))
            return true;
    return false;
}

/* The values in the order of the copies; what a rule has come to mask since is masked now. The buffer may
 * move while it grows: views come last. */
static enum err order_fields(struct copying *c, const struct record_content *r, struct bytes *out)
{
    const size_t count = c->p.shape.fields.count;
    UNINIT size_t ends[RECORD_FIELDS_MAX];
    for (size_t i = 0; i < count; i++)
        out[i] = bytes_of(NULL, 0);
    for (size_t i = 0; i < c->row.shape.fields.count; i++)
        out[c->places[i]] = r->fields[i];
    buf_reset(&c->masked);
    for (size_t i = 0; i < count; i++) {
        if (!masking_holds(c->masks[i], out[i]))
            masking_apply(c->masks[i], out[i], &c->masked);
        ends[i] = c->masked.len;
    }
    size_t from = 0;
    for (size_t i = 0; i < count; i++) {
        if (!masking_holds(c->masks[i], out[i]))
            out[i] = bytes_of(c->masked.ptr + from, ends[i] - from);
        from = ends[i];
    }
    return buf_err(&c->masked);
}

static enum err encode(struct copying *c, const struct record_content *r, uint32_t rules)
{
    UNINIT struct bytes fields[RECORD_FIELDS_MAX];
    enum err bad = order_fields(c, r, fields);
    const struct name *category = &c->row.shape.categories.v[r->category];
    const struct record_content copy = {.rules = rules,
                                        .category =
                                            (uint8_t)place_of(c->p.shape.categories, category),
                                        .fields = fields,
                                        .identifiers = r->identifiers,
                                        .identifier_count = r->identifier_count};
    if (bad != ERR_OK)
        return bad;
    content_encode(&copy, c->p.shape.fields.count, &c->content);
    return buf_err(&c->content);
}

static enum err add_content(struct copying *c, struct kv_txn *txn, const struct live_entry *e,
                            const struct record_content *r)
{
    const struct admit_record ask = {&c->row.shape.categories.v[r->category], r->identifiers,
                                     r->identifier_count};
    struct stage_row row = {.key = e->key,
                            .content = e->content,
                            .row = e->entered_day,
                            .mark = is_protected(c, txn, r) ? STAGE_PROTECTED : STAGE_TAKEN,
                            .tokens = (uint8_t)r->identifier_count};
    uint32_t rules = 0;
    enum condition reason = CONDITION_NONE;
    enum err bad = admit_ask(c->admit, &ask, &rules, &reason);
    if (bad == ERR_OK && rules == 0)
        row.mark = STAGE_OUT;
    buf_reset(&c->content);
    if (bad == ERR_OK && row.mark == STAGE_TAKEN)
        bad = encode(c, r, rules);
    return bad == ERR_OK ? stage_window_add(c->window, &row, bytes_of(NULL, 0),
                                            buf_bytes(&c->content))
                         : bad;
}

static enum err add_entry(struct copying *c, struct kv_txn *txn, const struct live_entry *e)
{
    struct record_version v;
    struct record_content r;
    enum err bad = open_batch(c, txn, e->place.batch);
    if (bad == ERR_OK)
        bad = open_block(c, txn, e->place.index);
    if (bad == ERR_OK)
        bad = version_at(c->block_bytes, e->place.index % RECORD_BLOCK, &v);
    arena_reset(c->scratch);
    if (bad == ERR_OK)
        bad = content_decode(v.content, &c->row.shape, c->scratch, &r);
    return bad == ERR_OK ? add_content(c, txn, e, &r) : bad;
}

static int by_place(const void *a, const void *b)
{
    const struct record_place x = ((const struct live_entry *)a)->place;
    const struct record_place y = ((const struct live_entry *)b)->place;
    if (x.batch != y.batch)
        return x.batch < y.batch ? -1 : 1;
    return (x.index > y.index) - (x.index < y.index);
}

/* The next entries that are alive: what expired, or only notes someone protected, stays behind. */
static enum err next_chunk(struct copying *c)
{
    const struct live_entry *e = NULL;
    enum err bad = ERR_OK;
    c->count = c->at = 0;
    while (c->count < CHUNK && (bad = live_reader_next(c->live, &e)) == ERR_OK && e != NULL)
        if (e->place.batch != 0 && e->expires_day > c->p.today)
            c->chunk[c->count++] = *e;
    c->is_ended = e == NULL;
    if (c->count > 0)
        qsort(c->chunk, c->count, sizeof *c->chunk, by_place);
    return bad;
}

enum err copying_fill(struct copying *c, bool *end)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err bad = kv_read_begin(store_kv(c->p.store), &txn);
    while (bad == ERR_OK && !stage_window_is_full(c->window)) {
        if (c->at < c->count) {
            bad = add_entry(c, txn, &c->chunk[c->at++]);
            c->records++;
        } else if (c->is_ended) {
            break;
        } else {
            bad = next_chunk(c);
        }
    }
    *end = c->is_ended && c->at == c->count;
    return bad == ERR_OK ? stage_window_digest(c->window, NULL) : bad;
}

enum err copying_write(struct copying *c, struct kv_txn *txn)
{
    return stage_window_write(c->window, c->p.store, txn, (struct stage_run){0, c->runs});
}

void copying_wrote(struct copying *c)
{
    if (!stage_window_is_empty(c->window))
        c->runs++;
    stage_window_reset(c->window);
}

uint32_t copying_runs(const struct copying *c)
{
    return c->runs;
}

uint64_t copying_records(const struct copying *c)
{
    return c->records;
}
