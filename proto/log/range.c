#include "proto/log/range.h"

#include "proto/base/cursor.h"
#include "proto/log/merkle.h"

size_t range_nodes(const struct range *r)
{
    return (size_t)__builtin_popcountll(r->size);
}

static enum err emit(const struct range_sink *sink, unsigned level, uint64_t end,
                     const struct digest *hash)
{
    if (sink == NULL)
        return ERR_OK;
    struct node_id id = {.level = level, .index = (end >> level) - 1};
    return sink->node(sink->ctx, id, hash);
}

enum err range_append(sha256_fn sha, struct range *r, const struct digest *leaf,
                      const struct range_sink *sink)
{
    if (r->size >= RANGE_MAX_SIZE)
        return ERR_LIMIT;
    uint64_t end = r->size + 1;
    size_t top = range_nodes(r);
    struct digest hash = *leaf;
    enum err e = emit(sink, 0, end, &hash);
    /* Each bit that carries joins the smallest subtree with the one that grows. */
    for (unsigned level = 0; e == ERR_OK && (r->size >> level & 1) != 0; level++) {
        e = merkle_node(sha, &r->nodes[--top], &hash, &hash);
        if (e == ERR_OK)
            e = emit(sink, level + 1, end, &hash);
    }
    if (e != ERR_OK)
        return e;
    r->nodes[top] = hash;
    r->size = end;
    return ERR_OK;
}

enum err range_root(sha256_fn sha, const struct range *r, struct digest *out)
{
    size_t n = range_nodes(r);
    if (n == 0)
        return merkle_empty(sha, out);
    struct digest hash = r->nodes[n - 1];
    for (size_t i = n - 1; i > 0; i--) {
        enum err e = merkle_node(sha, &r->nodes[i - 1], &hash, &hash);
        if (e != ERR_OK)
            return e;
    }
    *out = hash;
    return ERR_OK;
}

void range_encode(const struct range *r, struct buf *out)
{
    buf_put_u64(out, r->size);
    for (size_t i = 0; i < range_nodes(r); i++)
        buf_put(out, digest_bytes(&r->nodes[i]));
}

enum err range_decode(struct bytes data, struct range *out)
{
    struct cursor c = cursor_of(data);
    struct range r = {.size = cursor_u64(&c)};
    if (c.err == ERR_OK && r.size > RANGE_MAX_SIZE)
        return ERR_RANGE;
    for (size_t i = 0; i < range_nodes(&r); i++)
        cursor_copy(&c, r.nodes[i].b, sizeof r.nodes[i].b);
    enum err e = cursor_done(&c);
    if (e == ERR_OK)
        *out = r;
    return e;
}
