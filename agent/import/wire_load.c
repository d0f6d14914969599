/* Records read back from the store for the wire. Entries are loaded by ascending place, so that each
 * batch row and each block of records is opened once, and laid down in the order of the leaves. */
#include <stdlib.h>

#include "agent/import/wire.h"
#include "agent/records/live.h"
#include "agent/records/salts.h"

#define ROW_ARENA ((size_t)1 << 20)
#define BLOCK_ARENA ((size_t)64 << 20)

/* What is open at the moment. */
struct loader {
    const struct wire_source *s;
    struct kv_txn *txn;
    struct arena *row_arena;
    struct arena *block_arena;
    struct arena *scratch;
    uint32_t batch; /* 0: none */
    struct batch_row row;
    struct salts *salts;
    uint32_t block;
    bool has_block;
    struct bytes block_bytes;
};

/* One record as loaded, before it is put in its place. */
struct loaded {
    const struct record_shape *shape;
    uint32_t rules;
    uint8_t category;
    uint8_t tokens;
    uint32_t expires_day;
    struct handle handle;
    struct digest field_root;
    struct batch_token *token;
};

static void close_batch(struct loader *l)
{
    salts_free(l->salts);
    l->salts = NULL;
    l->has_block = false;
    l->batch = 0;
}

static enum err open_batch(struct loader *l, uint32_t no)
{
    if (l->batch == no)
        return ERR_OK;
    close_batch(l);
    enum err bad = batch_row_get(l->s->store, l->txn, no, l->row_arena, &l->row);
    if (bad != ERR_OK)
        return bad;
    if (l->row.kind != BATCH_ADD)
        return ERR_INVALID;
    CLEANUP(cleanup_secret_free) struct secret *secret = secret_new(l->row.secret);
    if (secret == NULL)
        return ERR_NOMEM;
    bad = salts_new(secret, &l->salts);
    if (bad == ERR_OK)
        l->batch = no;
    return bad;
}

static enum err open_block(struct loader *l, uint32_t index)
{
    uint8_t key[BATCH_KEY_BYTES];
    const struct record_place place = {l->batch, index / RECORD_BLOCK};
    if (l->has_block && l->block == place.index)
        return ERR_OK;
    l->has_block = false;
    arena_reset(l->block_arena);
    enum err bad = store_get(l->s->store, l->txn, STORE_RECORD, batch_key_at(place, key),
                             l->block_arena, &l->block_bytes);
    if (bad != ERR_OK)
        return bad;
    l->block = place.index;
    l->has_block = true;
    return ERR_OK;
}

static enum err load_tokens(struct loader *l, uint32_t index, const struct record_content *c,
                            struct arena *a, struct loaded *out)
{
    struct salt salts[RECORD_IDENTIFIERS_MAX];
    const struct salt_range range = {index, l->row.shape.fields.count, c->identifier_count};
    enum err bad = salts_of(l->salts, range, salts);
    struct batch_token *t = arena_array(a, c->identifier_count, sizeof *t);
    if (bad != ERR_OK || t == NULL)
        return bad != ERR_OK ? bad : ERR_NOMEM;
    for (size_t i = 0; bad == ERR_OK && i < c->identifier_count; i++) {
        const struct norm_ident *id = &c->identifiers[i];
        const struct agency_half_input in = {id->type, ident_norm_version(id->type),
                                             ident_value(id)};
        t[i].type = id->type;
        t[i].salt = salts[i];
        bad = agency_half_inner(l->s->half, &in, &t[i].inner);
    }
    out->token = t;
    out->tokens = (uint8_t)c->identifier_count;
    return bad;
}

static enum err load_one(struct loader *l, struct record_place place, struct arena *a,
                         struct loaded *out)
{
    struct record_version v;
    struct record_content c;
    enum err bad = open_batch(l, place.batch);
    if (bad == ERR_OK)
        bad = open_block(l, place.index);
    if (bad == ERR_OK)
        bad = version_at(l->block_bytes, place.index % RECORD_BLOCK, &v);
    arena_reset(l->scratch);
    if (bad == ERR_OK)
        bad = content_decode(v.content, &l->row.shape, l->scratch, &c);
    if (bad == ERR_OK)
        bad = handle_of_place(l->s->handles, place, &out->handle);
    if (bad != ERR_OK)
        return bad;
    struct record_shape *shape = arena_alloc(a, sizeof *shape);
    if (shape == NULL)
        return ERR_NOMEM;
    *shape = l->row.shape;
    out->shape = shape;
    out->rules = c.rules;
    out->category = c.category;
    out->expires_day = v.expires_day;
    out->field_root = v.field_root;
    return load_tokens(l, place.index, &c, a, out);
}

/* One entry that is asked for, and where it goes. */
struct wanted {
    struct record_place place;
    size_t position;
};

static int by_place(const void *a, const void *b)
{
    const struct wanted *x = a;
    const struct wanted *y = b;
    if (x->place.batch != y->place.batch)
        return x->place.batch < y->place.batch ? -1 : 1;
    return (x->place.index > y->place.index) - (x->place.index < y->place.index);
}

static enum err lay_down(const struct loaded *all, size_t count, struct wire_batch **out)
{
    size_t tokens = 0;
    for (size_t i = 0; i < count; i++)
        tokens += all[i].tokens;
    CLEANUP(cleanup_wire_batch_free) struct wire_batch *w = NULL;
    enum err bad = wire_batch_new(count, tokens, &w);
    for (size_t i = 0; bad == ERR_OK && i < count; i++) {
        const struct loaded *r = &all[i];
        const struct wire_record rec = {r->shape,  r->rules,       r->category,
                                        r->handle, r->expires_day, r->field_root};
        bad = wire_add_record(w, &rec);
        for (size_t t = 0; bad == ERR_OK && t < r->tokens; t++)
            bad = wire_add_token(w, &r->token[t]);
    }
    if (bad == ERR_OK)
        *out = take(w);
    return bad;
}

static enum err load_all(struct loader *l, struct wanted *wanted, size_t count, struct arena *a,
                         struct wire_batch **out)
{
    struct loaded *all = arena_array(a, count, sizeof *all);
    if (all == NULL)
        return ERR_NOMEM;
    if (count > 0)
        qsort(wanted, count, sizeof *wanted, by_place);
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < count; i++)
        bad = load_one(l, wanted[i].place, a, &all[wanted[i].position]);
    return bad == ERR_OK ? lay_down(all, count, out) : bad;
}

static enum err with_loader(const struct wire_source *s, struct wanted *wanted, size_t count,
                            struct wire_batch **out)
{
    CLEANUP(cleanup_arena_free) struct arena *row_arena = arena_new(64 * ROW_ARENA);
    CLEANUP(cleanup_arena_free) struct arena *block_arena = arena_new(BLOCK_ARENA);
    CLEANUP(cleanup_arena_free) struct arena *scratch = arena_new(ROW_ARENA);
    CLEANUP(cleanup_arena_free) struct arena *all = arena_new(BLOCK_ARENA);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    if (row_arena == NULL || block_arena == NULL || scratch == NULL || all == NULL)
        return ERR_NOMEM;
    enum err bad = kv_read_begin(store_kv(s->store), &txn);
    if (bad != ERR_OK)
        return bad;
    struct loader l = {.s = s,
                       .txn = txn,
                       .row_arena = row_arena,
                       .block_arena = block_arena,
                       .scratch = scratch};
    bad = load_all(&l, wanted, count, all, out);
    close_batch(&l);
    return bad;
}

enum err wire_load_entries(const struct wire_source *s, const struct live_entry *entries,
                           size_t count, struct wire_batch **out)
{
    struct wanted *wanted = calloc(count + 1, sizeof *wanted);
    if (wanted == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        wanted[i] = (struct wanted){entries[i].place, i};
    enum err bad = with_loader(s, wanted, count, out);
    free(wanted);
    return bad;
}

/* The places that a batch's leaves lie in: its own, or those of the records that it withdraws. */
static enum err find_places(const struct batch_row *row, uint32_t no,
                            const struct batch_items *items, struct wanted *wanted)
{
    for (uint32_t i = 0; i < row->record_count; i++) {
        struct live_entry e = {.place = {no, i}};
        enum err bad = row->kind == BATCH_WITHDRAW ? batch_items_at(items, i, &e) : ERR_OK;
        if (bad != ERR_OK)
            return bad;
        wanted[i] = (struct wanted){e.place, i};
    }
    return ERR_OK;
}

static enum err wanted_of_batch(struct store *s, uint32_t no, struct wanted **out, size_t *count)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(BLOCK_ARENA);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct batch_row row;
    struct batch_items items = {.count = 0};
    if (a == NULL)
        return ERR_NOMEM;
    enum err bad = kv_read_begin(store_kv(s), &txn);
    if (bad == ERR_OK)
        bad = batch_row_get(s, txn, no, a, &row);
    if (bad == ERR_OK && row.kind == BATCH_END)
        bad = ERR_STATE;
    if (bad == ERR_OK && row.kind == BATCH_WITHDRAW)
        bad = batch_items_get(s, txn, no, a, &items);
    if (bad == ERR_OK && row.kind == BATCH_WITHDRAW && items.count < row.record_count)
        bad = ERR_INVALID;
    if (bad != ERR_OK)
        return bad;
    *count = row.record_count;
    *out = calloc(row.record_count + (size_t)1, sizeof **out);
    return *out != NULL ? find_places(&row, no, &items, *out) : ERR_NOMEM;
}

enum err wire_load(const struct wire_source *s, uint32_t no, struct wire_batch **out)
{
    struct wanted *wanted = NULL;
    size_t count = 0;
    enum err bad = wanted_of_batch(s->store, no, &wanted, &count);
    if (bad == ERR_OK)
        bad = with_loader(s, wanted, count, out);
    free(wanted);
    return bad;
}
