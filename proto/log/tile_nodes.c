#include <stdlib.h>

#include "proto/log/tile.h"

struct tile_cache {
    bool filled;
    struct tile_id id;
    struct buf data;
};

struct tile_nodes {
    sha256_fn sha;
    struct tile_source source;
    uint64_t size;
    struct tile_cache levels[TILE_MAX_LEVEL + 1];
};

struct tile_nodes *tile_nodes_new(sha256_fn sha, const struct tile_source *source, uint64_t size)
{
    struct tile_nodes *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->sha = sha;
    t->source = *source;
    t->size = size;
    for (size_t i = 0; i < ARRAY_LEN(t->levels); i++)
        t->levels[i].data = buf_new(TILE_BYTES);
    return t;
}

void tile_nodes_free(struct tile_nodes *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < ARRAY_LEN(t->levels); i++)
        buf_free(&t->levels[i].data);
    free(t);
}

/* Makes the tile the cached one of its level. */
static enum err load(struct tile_nodes *t, unsigned level, uint64_t index)
{
    struct tile_cache *c = &t->levels[level];
    if (c->filled && c->id.index == index)
        return ERR_OK;
    c->filled = false;
    buf_reset(&c->data);
    c->id = (struct tile_id){TILE_HASHES, level, index, tile_width(level, index, t->size)};
    if (c->id.width == 0)
        return ERR_RANGE;
    enum err e = t->source.read(t->source.ctx, &c->id, &c->data);
    if (e == ERR_OK)
        e = buf_err(&c->data);
    if (e == ERR_OK && c->data.len != (size_t)c->id.width * sizeof(struct digest))
        e = ERR_INVALID;
    c->filled = e == ERR_OK;
    return e;
}

static enum err read_node(void *ctx, struct node_id id, struct digest *out)
{
    struct tile_nodes *t = ctx;
    unsigned level = id.level / TILE_HEIGHT;
    unsigned above = id.level % TILE_HEIGHT;
    if (level > TILE_MAX_LEVEL || id.index > UINT64_MAX >> above)
        return ERR_RANGE;
    size_t count = (size_t)1 << above;
    uint64_t first = id.index << above;
    uint64_t hashes = tile_hashes(level, t->size);
    if (first >= hashes || count > hashes - first)
        return ERR_RANGE;
    enum err e = load(t, level, first / TILE_WIDTH);
    if (e != ERR_OK)
        return e;
    struct digest nodes[TILE_WIDTH];
    memcpy(nodes, t->levels[level].data.ptr + (first % TILE_WIDTH) * sizeof nodes[0],
           count * sizeof nodes[0]);
    for (; count > 1; count /= 2) {
        for (size_t i = 0; i < count / 2; i++) {
            e = merkle_node(t->sha, &nodes[2 * i], &nodes[2 * i + 1], &nodes[i]);
            if (e != ERR_OK)
                return e;
        }
    }
    *out = nodes[0];
    return ERR_OK;
}

struct node_reader tile_nodes_reader(struct tile_nodes *t)
{
    return (struct node_reader){read_node, t};
}
