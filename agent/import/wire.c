#include "agent/import/wire.h"

#include <stdlib.h>

#include "pki/digest.h"
#include "proto/log/merkle.h"
#include "proto/msg/leaf.h"

#define RECORD_BYTES 55u
#define TOKEN_BYTES 49u
#define ARENA_MAX ((size_t)32 << 20)

enum err wire_batch_new(size_t records, size_t tokens, struct wire_batch **out)
{
    if (records > BATCH_TOKENS_MAX || tokens > BATCH_TOKENS_MAX)
        return ERR_RANGE;
    CLEANUP(cleanup_wire_batch_free) struct wire_batch *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_NOMEM;
    w->arena = arena_new(ARENA_MAX);
    if (w->arena == NULL)
        return ERR_NOMEM;
    w->records = arena_array(w->arena, records, sizeof *w->records);
    w->tokens = arena_array(w->arena, tokens, sizeof *w->tokens);
    w->record_room = records;
    w->token_room = tokens;
    if (w->records == NULL || w->tokens == NULL)
        return ERR_NOMEM;
    *out = take(w);
    return ERR_OK;
}

void wire_batch_free(struct wire_batch *w)
{
    if (w == NULL)
        return;
    arena_free(w->arena);
    free(w);
}

static bool set_is(const struct rule_set *set, const struct record_shape *shape, uint32_t rules)
{
    size_t n = 0;
    for (size_t i = 0; i < shape->rules.count; i++) {
        if ((rules >> i & 1) == 0)
            continue;
        if (n == set->count || !name_equal(&set->rules[n], &shape->rules.v[i]))
            return false;
        n++;
    }
    return n == set->count;
}

static enum err add_set(struct wire_batch *w, const struct record_shape *shape, uint32_t rules)
{
    if (w->set_count == BATCH_SETS_MAX)
        return ERR_LIMIT;
    struct name *v = arena_array(w->arena, shape->rules.count, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    size_t n = 0;
    for (size_t i = 0; i < shape->rules.count; i++)
        if ((rules >> i & 1) != 0)
            v[n++] = shape->rules.v[i];
    w->sets[w->set_count++] = (struct rule_set){v, n};
    return n == 0 ? ERR_RANGE : ERR_OK;
}

static enum err find_set(struct wire_batch *w, const struct wire_record *r, uint8_t *out)
{
    size_t i = 0;
    while (i < w->set_count && !set_is(&w->sets[i], r->shape, r->rules))
        i++;
    enum err bad = i == w->set_count ? add_set(w, r->shape, r->rules) : ERR_OK;
    if (bad == ERR_OK)
        *out = (uint8_t)i;
    return bad;
}

static enum err find_category(struct wire_batch *w, const struct name *category, uint8_t *out)
{
    size_t i = 0;
    while (i < w->category_count && !name_equal(&w->categories[i], category))
        i++;
    if (i == BATCH_SETS_MAX)
        return ERR_LIMIT;
    if (i == w->category_count)
        w->categories[w->category_count++] = *category;
    *out = (uint8_t)i;
    return ERR_OK;
}

enum err wire_add_record(struct wire_batch *w, const struct wire_record *r)
{
    if (w->record_count == w->record_room || r->category >= r->shape->categories.count)
        return ERR_RANGE;
    struct batch_record rec = {.handle = r->handle,
                               .expires_day = r->expires_day,
                               .field_root = r->field_root,
                               .first_token = (uint32_t)w->token_count};
    enum err bad = find_set(w, r, &rec.rule_set);
    if (bad == ERR_OK)
        bad = find_category(w, &r->shape->categories.v[r->category], &rec.category);
    if (bad == ERR_OK)
        w->records[w->record_count++] = rec;
    return bad;
}

enum err wire_add_token(struct wire_batch *w, const struct batch_token *t)
{
    if (w->token_count == w->token_room || w->record_count == 0)
        return ERR_RANGE;
    struct batch_record *last = &w->records[w->record_count - 1];
    if (last->token_count == UINT8_MAX)
        return ERR_RANGE;
    last->token_count++;
    w->tokens[w->token_count++] = *t;
    return ERR_OK;
}

enum err wire_leaf(const struct wire_batch *w, size_t i, struct digest *out)
{
    const struct batch_record *r = &w->records[i];
    UNINIT struct digest tokens[UINT8_MAX];
    enum err bad = ERR_OK;
    for (size_t t = 0; bad == ERR_OK && t < r->token_count; t++) {
        const struct batch_token *token = &w->tokens[r->first_token + t];
        bad = leaf_token(digest_sha256, &token->salt, token->type, &token->inner, &tokens[t]);
    }
    struct record_leaf_parts parts = {.handle = r->handle,
                                      .rules = &w->sets[r->rule_set],
                                      .category = w->categories[r->category],
                                      .expires_day = r->expires_day,
                                      .field_root = r->field_root};
    if (bad == ERR_OK)
        bad = merkle_root(digest_sha256, tokens, r->token_count, &parts.token_root);
    return bad == ERR_OK ? leaf_record(digest_sha256, &parts, out) : bad;
}

/* The record behind the last of the chunk that starts with first. */
static size_t chunk_end(const struct wire_batch *w, size_t first)
{
    size_t bytes = 0;
    size_t i = first;
    for (; i < w->record_count; i++) {
        size_t cost = RECORD_BYTES + (size_t)w->records[i].token_count * TOKEN_BYTES;
        if (i > first && bytes + cost > WIRE_CHUNK_BYTES)
            break;
        bytes += cost;
    }
    return i;
}

size_t wire_chunks(const struct wire_batch *w)
{
    size_t chunks = 0;
    for (size_t i = 0; i < w->record_count; i = chunk_end(w, i))
        chunks++;
    return chunks;
}

enum err wire_chunk_encode(const struct wire_batch *w, const struct batch_id *id, size_t chunk,
                           struct buf *out)
{
    size_t first = 0;
    for (size_t c = 0; c < chunk && first < w->record_count; c++)
        first = chunk_end(w, first);
    if (first >= w->record_count)
        return ERR_RANGE;
    size_t end = chunk_end(w, first);
    const struct batch_record *last = &w->records[end - 1];
    uint32_t first_token = w->records[first].first_token;
    const struct batch_chunk c = {
        .batch_id = *id,
        .index = (uint32_t)chunk,
        .rule_sets = w->sets,
        .rule_set_count = w->set_count,
        .categories = w->categories,
        .category_count = w->category_count,
        .records = w->records + first,
        .record_count = end - first,
        .tokens = w->tokens + first_token,
        .token_count = last->first_token + last->token_count - first_token,
    };
    return batch_chunk_encode(&c, out);
}
