#include "agent/import/gather.h"

#include <stdlib.h>

#include "agent/records/salts.h"
#include "pki/digest.h"
#include "pki/random.h"
#include "proto/log/merkle.h"
#include "proto/msg/leaf.h"

#define CONTENT_FULL ((size_t)16 << 20)
#define CONTENT_MAX ((size_t)24 << 20) /* the record that fills it may be the largest there is */
#define NOTES_MAX 16384u
#define SCRATCH_BYTES ((size_t)8 << 20)

struct pending {
    struct live_entry entry;
    uint32_t rules;
    size_t offset;
    size_t len;
};

/* A growing array of entries. */
struct entries {
    struct live_entry *v;
    size_t count;
    size_t room;
};

struct gather {
    struct buf content;
    struct pending *pending;
    size_t count;
    size_t room;
    size_t tokens;
    struct entries withdrawn;
    size_t withdrawn_tokens;
    struct entries notes;
    struct random_pool *random;
    /* by gather_prepare */
    struct secret *secret;
    uint32_t *order;       /* of pending in the batch */
    struct digest *roots;  /* of the fields, in the order of the batch */
};

enum err gather_new(struct gather **out)
{
    CLEANUP(cleanup_gather_free) struct gather *g = calloc(1, sizeof *g);
    if (g == NULL)
        return ERR_NOMEM;
    g->content = buf_new(CONTENT_MAX);
    g->random = random_pool_new();
    if (g->random == NULL)
        return ERR_NOMEM;
    *out = take(g);
    return ERR_OK;
}

static void drop_entering(struct gather *g)
{
    if (g->content.ptr != NULL)
        secret_wipe(g->content.ptr, g->content.len);
    buf_reset(&g->content);
    g->count = 0;
    g->tokens = 0;
}

void gather_free(struct gather *g)
{
    if (g == NULL)
        return;
    drop_entering(g);
    buf_free(&g->content);
    free(g->pending);
    free(g->withdrawn.v);
    free(g->notes.v);
    secret_free(g->secret);
    free(g->order);
    free(g->roots);
    random_pool_free(g->random);
    free(g);
}

enum err gather_enter(struct gather *g, const struct entering *e)
{
    if (g->count == g->room) {
        size_t room = g->room == 0 ? 1024 : 2 * g->room;
        struct pending *more = reallocarray(g->pending, room, sizeof *more);
        if (more == NULL)
            return ERR_NOMEM;
        g->pending = more;
        g->room = room;
    }
    size_t offset = g->content.len;
    buf_put(&g->content, e->content);
    enum err bad = buf_err(&g->content);
    if (bad != ERR_OK)
        return bad;
    g->pending[g->count++] = (struct pending){e->entry, e->rules, offset, e->content.len};
    g->tokens += e->entry.tokens;
    return ERR_OK;
}

static enum err entries_add(struct entries *list, const struct live_entry *e)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 256 : 2 * list->room;
        struct live_entry *more = reallocarray(list->v, room, sizeof *more);
        if (more == NULL)
            return ERR_NOMEM;
        list->v = more;
        list->room = room;
    }
    list->v[list->count++] = *e;
    return ERR_OK;
}

enum err gather_withdraw(struct gather *g, const struct live_entry *was)
{
    g->withdrawn_tokens += was->tokens;
    return entries_add(&g->withdrawn, was);
}

enum err gather_note(struct gather *g, const struct live_entry *e)
{
    /* Notes only keep counts right; what does not fit is noted by the next import. */
    return g->notes.count < NOTES_MAX ? entries_add(&g->notes, e) : ERR_OK;
}

bool gather_is_full(const struct gather *g, uint32_t tokens_most)
{
    const size_t most = tokens_most - RECORD_IDENTIFIERS_MAX;
    return g->tokens > most || g->withdrawn_tokens > most || g->content.len > CONTENT_FULL;
}

bool gather_has_entering(const struct gather *g)
{
    return g->count > 0;
}

bool gather_has_withdrawn(const struct gather *g)
{
    return g->withdrawn.count > 0;
}

/* ---- order ---- */

/* A number below n, without the bias of a plain remainder. */
static enum err random_below(struct random_pool *pool, uint32_t n, uint32_t *out)
{
    const uint32_t limit = UINT32_MAX - UINT32_MAX % n;
    uint32_t v = 0;
    do {
        enum err bad = random_pool_take(pool, &v, sizeof v);
        if (bad != ERR_OK)
            return bad;
    } while (v >= limit);
    *out = v % n;
    return ERR_OK;
}

/* 0 … count - 1 in random order (Fisher and Yates). */
static enum err shuffle(struct random_pool *pool, uint32_t *order, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    for (uint32_t i = count; i > 1; i--) {
        uint32_t k = 0;
        enum err bad = random_below(pool, i, &k);
        if (bad != ERR_OK)
            return bad;
        uint32_t kept = order[i - 1];
        order[i - 1] = order[k];
        order[k] = kept;
    }
    return ERR_OK;
}

/* ---- what a worker can do before the batch has a number ---- */

static enum err field_root(const struct record_shape *shape, const struct bytes *fields,
                           const struct salt *salts, struct digest *out)
{
    UNINIT struct digest digests[RECORD_FIELDS_MAX];
    for (size_t i = 0; i < shape->fields.count; i++) {
        enum err bad =
            leaf_field(digest_sha256, &salts[i], &shape->fields.v[i], fields[i], &digests[i]);
        if (bad != ERR_OK)
            return bad;
    }
    return merkle_root(digest_sha256, digests, shape->fields.count, out);
}

static enum err prepare_record(struct gather *g, const struct record_shape *shape,
                               struct salts *salts, uint32_t index)
{
    UNINIT struct salt drawn[RECORD_FIELDS_MAX];
    UNINIT struct bytes fields[RECORD_FIELDS_MAX];
    const struct pending *p = &g->pending[g->order[index]];
    const struct salt_range range = {index, 0, shape->fields.count};
    enum err bad = content_fields(bytes_of(g->content.ptr + p->offset, p->len),
                                  shape->fields.count, fields);
    if (bad == ERR_OK)
        bad = salts_of(salts, range, drawn);
    return bad == ERR_OK ? field_root(shape, fields, drawn, &g->roots[index]) : bad;
}

enum err gather_prepare(struct gather *g, const struct record_shape *shape)
{
    struct salts *salts = NULL;
    const uint32_t count = (uint32_t)g->count;
    if (count == 0)
        return ERR_OK;
    g->secret = secret_random(32);
    g->order = calloc(count, sizeof *g->order);
    g->roots = calloc(count, sizeof *g->roots);
    if (g->secret == NULL || g->order == NULL || g->roots == NULL)
        return ERR_NOMEM;
    enum err bad = shuffle(g->random, g->order, count);
    if (bad == ERR_OK)
        bad = salts_new(g->secret, &salts);
    for (uint32_t i = 0; bad == ERR_OK && i < count; i++)
        bad = prepare_record(g, shape, salts, i);
    salts_free(salts);
    return bad;
}

void gather_pass_notes(struct gather *g, struct gather *next)
{
    const struct entries kept = next->notes;
    next->notes = g->notes;
    g->notes = kept;
}

/* ---- an add batch ---- */

/* One add batch in the making. */
struct making {
    struct gather *g;
    const struct wire_source *s;
    struct made_batch *b;
    struct salts *salts;
    struct arena *scratch; /* of one record */
    struct buf version;
};

static enum err shuffle_identifiers(struct making *m, struct record_content *c)
{
    UNINIT uint32_t order[RECORD_IDENTIFIERS_MAX];
    struct norm_ident *ids = arena_array(m->scratch, c->identifier_count, sizeof *ids);
    if (ids == NULL)
        return ERR_NOMEM;
    enum err bad = shuffle(m->g->random, order, (uint32_t)c->identifier_count);
    for (size_t i = 0; bad == ERR_OK && i < c->identifier_count; i++)
        ids[i] = c->identifiers[order[i]];
    c->identifiers = ids;
    return bad;
}

static enum err add_tokens(struct making *m, const struct record_content *c,
                           const struct salt *salts)
{
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < c->identifier_count; i++) {
        const struct norm_ident *id = &c->identifiers[i];
        const struct agency_half_input in = {id->type, ident_norm_version(id->type),
                                             ident_value(id)};
        struct batch_token t = {.type = id->type, .salt = salts[i]};
        bad = agency_half_inner(m->s->half, &in, &t.inner);
        if (bad == ERR_OK)
            bad = wire_add_token(m->b->wire, &t);
    }
    return bad;
}

static enum err store_version(struct making *m, const struct record_content *c,
                              const struct wire_record *r)
{
    const struct record_shape *shape = &m->b->shape;
    buf_reset(&m->version);
    content_encode(c, shape->fields.count, &m->version);
    enum err bad = buf_err(&m->version);
    if (bad != ERR_OK)
        return bad;
    const struct record_version v = {r->expires_day, r->field_root, buf_bytes(&m->version)};
    version_encode(&v, &m->b->blocks);
    m->b->block_end[m->b->block_count - 1] = m->b->blocks.len;
    return buf_err(&m->b->blocks);
}

/* Makes leaf `index` out of a pending record. */
static enum err make_record(struct making *m, struct pending *p, uint32_t index)
{
    UNINIT struct salt salts[RECORD_IDENTIFIERS_MAX];
    struct record_content c;
    const struct record_shape *shape = &m->b->shape;
    p->entry.place = (struct record_place){m->b->no, index};
    arena_reset(m->scratch);
    enum err bad = content_decode(bytes_of(m->g->content.ptr + p->offset, p->len), shape,
                                  m->scratch, &c);
    if (bad == ERR_OK)
        bad = shuffle_identifiers(m, &c);
    if (bad != ERR_OK)
        return bad;
    c.rules = p->rules;
    struct wire_record r = {.shape = shape,
                            .rules = p->rules,
                            .category = c.category,
                            .expires_day = p->entry.expires_day,
                            .field_root = m->g->roots[index]};
    const struct salt_range range = {index, shape->fields.count, c.identifier_count};
    bad = salts_of(m->salts, range, salts);
    if (bad == ERR_OK)
        bad = handle_of_place(m->s->handles, p->entry.place, &r.handle);
    if (bad == ERR_OK)
        bad = wire_add_record(m->b->wire, &r);
    if (bad == ERR_OK)
        bad = add_tokens(m, &c, salts);
    if (bad == ERR_OK && index % RECORD_BLOCK == 0)
        m->b->block_count++;
    if (bad == ERR_OK)
        bad = store_version(m, &c, &r);
    return bad == ERR_OK ? wire_leaf(m->b->wire, index, &m->b->leaves[index]) : bad;
}

static enum err make_records(struct making *m)
{
    const uint32_t count = (uint32_t)m->g->count;
    enum err bad = ERR_OK;
    for (uint32_t i = 0; bad == ERR_OK && i < count; i++)
        bad = make_record(m, &m->g->pending[m->g->order[i]], i);
    for (size_t i = 0; bad == ERR_OK && i < count; i++)
        live_entry_encode(&m->g->pending[i].entry, &m->b->items);
    m->b->leaf_count = count;
    return bad == ERR_OK ? buf_err(&m->b->items) : bad;
}

static enum err make_add(struct gather *g, const struct wire_source *s, struct made_batch *b)
{
    struct making m = {.g = g, .s = s, .b = b};
    b->secret = take(g->secret);
    b->leaves = calloc(g->count, sizeof *b->leaves);
    b->block_end = calloc(g->count / RECORD_BLOCK + 1, sizeof *b->block_end);
    m.scratch = arena_new(SCRATCH_BYTES);
    m.version = buf_new(SCRATCH_BYTES);
    enum err bad = b->secret == NULL || b->leaves == NULL || b->block_end == NULL ||
                           m.scratch == NULL
                       ? ERR_NOMEM
                       : wire_batch_new(g->count, g->tokens, &b->wire);
    if (bad == ERR_OK)
        bad = salts_new(b->secret, &m.salts);
    if (bad == ERR_OK)
        bad = make_records(&m);
    salts_free(m.salts);
    arena_free(m.scratch);
    buf_free(&m.version);
    drop_entering(g);
    return bad;
}

/* ---- a withdraw batch ---- */

static enum err shuffle_entries(struct gather *g)
{
    struct entries *list = &g->withdrawn;
    for (uint32_t i = (uint32_t)list->count; i > 1; i--) {
        uint32_t k = 0;
        enum err bad = random_below(g->random, i, &k);
        if (bad != ERR_OK)
            return bad;
        struct live_entry kept = list->v[i - 1];
        list->v[i - 1] = list->v[k];
        list->v[k] = kept;
    }
    return ERR_OK;
}

static enum err make_withdraw(struct gather *g, const struct wire_source *s, struct made_batch *b)
{
    struct entries *list = &g->withdrawn;
    enum err bad = shuffle_entries(g);
    if (bad == ERR_OK)
        bad = wire_load_entries(s, list->v, list->count, &b->wire);
    b->leaves = calloc(list->count, sizeof *b->leaves);
    if (bad == ERR_OK && b->leaves == NULL)
        bad = ERR_NOMEM;
    for (size_t i = 0; bad == ERR_OK && i < list->count; i++) {
        bad = wire_leaf(b->wire, i, &b->leaves[i]);
        live_entry_encode(&list->v[i], &b->items);
    }
    b->leaf_count = list->count;
    list->count = 0;
    g->withdrawn_tokens = 0;
    return bad == ERR_OK ? buf_err(&b->items) : bad;
}

static enum err put_notes(struct gather *g, struct made_batch *b)
{
    for (size_t i = 0; i < g->notes.count; i++)
        live_entry_encode(&g->notes.v[i], &b->items);
    g->notes.count = 0;
    return buf_err(&b->items);
}

enum err gather_make(struct gather *g, const struct wire_source *s, struct made_batch *b)
{
    enum err bad = ERR_OK;
    switch (b->kind) {
    case BATCH_ADD:
        bad = make_add(g, s, b);
        break;
    case BATCH_WITHDRAW:
        return make_withdraw(g, s, b);
    case BATCH_END:
        break;
    case BATCH_NONE:
        return ERR_INVALID;
    }
    return bad == ERR_OK ? put_notes(g, b) : bad;
}
