#include "proto/log/merkle.h"

#include <stdlib.h>

#include "proto/log/range.h"

enum err merkle_leaf(sha256_fn sha, struct bytes data, struct digest *out)
{
    static const uint8_t prefix = 0x00;
    const struct bytes parts[] = {bytes_of(&prefix, 1), data};
    return sha(parts, ARRAY_LEN(parts), out);
}

enum err merkle_node(sha256_fn sha, const struct digest *left, const struct digest *right,
                     struct digest *out)
{
    static const uint8_t prefix = 0x01;
    const struct bytes parts[] = {bytes_of(&prefix, 1), digest_bytes(left), digest_bytes(right)};
    return sha(parts, ARRAY_LEN(parts), out);
}

enum err merkle_empty(sha256_fn sha, struct digest *out)
{
    return sha(NULL, 0, out);
}

enum err merkle_root(sha256_fn sha, const struct digest *values, size_t count, struct digest *out)
{
    UNINIT struct range r;
    r.size = 0;
    for (size_t i = 0; i < count; i++) {
        struct digest leaf;
        enum err e = merkle_leaf(sha, digest_bytes(&values[i]), &leaf);
        if (e == ERR_OK)
            e = range_append(sha, &r, &leaf, NULL);
        if (e != ERR_OK)
            return e;
    }
    return range_root(sha, &r, out);
}

/* Replaces the hashes of one level by those of the next: pairs are hashed, an odd last one moves
 * up as it is. */
static enum err level_up(sha256_fn sha, struct digest *hashes, size_t *count)
{
    size_t up = 0;
    for (size_t i = 0; i < *count; i += 2) {
        if (i + 1 == *count) {
            hashes[up++] = hashes[i];
            continue;
        }
        struct digest parent;
        enum err e = merkle_node(sha, &hashes[i], &hashes[i + 1], &parent);
        if (e != ERR_OK)
            return e;
        hashes[up++] = parent;
    }
    *count = up;
    return ERR_OK;
}

/* Climbs from the leaves to the root and notes each sibling of the way; overwrites hashes. */
static enum err collect_path(sha256_fn sha, struct digest *hashes, size_t count, size_t index,
                             struct merkle_hashes *out)
{
    while (count > 1) {
        size_t sibling = index ^ 1;
        if (sibling < count)
            out->h[out->count++] = hashes[sibling];
        enum err e = level_up(sha, hashes, &count);
        if (e != ERR_OK)
            return e;
        index >>= 1;
    }
    return ERR_OK;
}

enum err merkle_path_make(sha256_fn sha, const struct digest *values, size_t count, size_t index,
                          struct merkle_hashes *out)
{
    if (index >= count)
        return ERR_RANGE;
    struct digest *hashes = calloc(count, sizeof *hashes);
    if (hashes == NULL)
        return ERR_NOMEM;
    struct merkle_hashes path = {.count = 0};
    enum err e = ERR_OK;
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        e = merkle_leaf(sha, digest_bytes(&values[i]), &hashes[i]);
    if (e == ERR_OK)
        e = collect_path(sha, hashes, count, index, &path);
    free(hashes);
    if (e == ERR_OK)
        *out = path;
    return e;
}

enum err merkle_path_verify(sha256_fn sha, const struct digest *value,
                            const struct merkle_path *path, const struct digest *root)
{
    struct digest leaf;
    enum err e = merkle_leaf(sha, digest_bytes(value), &leaf);
    return e == ERR_OK ? merkle_inclusion_verify(sha, &leaf, path, root) : e;
}

enum err merkle_inclusion_verify(sha256_fn sha, const struct digest *leaf,
                                 const struct merkle_path *path, const struct digest *root)
{
    if (path->index >= path->size || path->count > MERKLE_MAX_HASHES)
        return ERR_INVALID;
    uint64_t node = path->index;
    uint64_t last = path->size - 1;
    struct digest hash = *leaf;
    for (size_t i = 0; i < path->count; i++) {
        if (last == 0)
            return ERR_INVALID;
        bool is_right = (node & 1) != 0 || node == last;
        enum err e = is_right ? merkle_node(sha, &path->hashes[i], &hash, &hash)
                              : merkle_node(sha, &hash, &path->hashes[i], &hash);
        if (e != ERR_OK)
            return e;
        /* A last node without a sibling moves up through the levels where it has none. */
        while (is_right && (node & 1) == 0 && node != 0) {
            node >>= 1;
            last >>= 1;
        }
        node >>= 1;
        last >>= 1;
    }
    if (last != 0)
        return ERR_INVALID;
    return digest_equal(&hash, root) ? ERR_OK : ERR_MISMATCH;
}

enum err merkle_consistency_verify(sha256_fn sha, const struct merkle_consistency *proof,
                                   const struct digest *old_root, const struct digest *new_root)
{
    if (proof->old_size == 0)
        return ERR_INVALID;
    const struct merkle_subtree s = {
        .end = proof->old_size,
        .size = proof->new_size,
        .hashes = proof->hashes,
        .count = proof->count,
    };
    return merkle_subtree_verify(sha, &s, old_root, new_root);
}

bool merkle_subtree_valid(uint64_t start, uint64_t end)
{
    if (start > end)
        return false;
    uint64_t width = end - start;
    uint64_t step = 1;
    while (step < width && step <= UINT64_MAX / 2)
        step *= 2;
    return step >= width ? start % step == 0 : start == 0;
}

/* Where a subtree proof stands: the subtree's first and last node and the tree's last node, all on
 * one level; and the hashes that the proof gives so far for subtree and tree. */
struct climb {
    uint64_t first;
    uint64_t last;
    uint64_t tree_last;
    struct digest part;
    struct digest root;
};

static void climb_level(struct climb *c)
{
    c->first >>= 1;
    c->last >>= 1;
    c->tree_last >>= 1;
}

/* Takes one hash of the proof. */
static enum err climb_hash(sha256_fn sha, struct climb *c, const struct digest *hash)
{
    if (c->tree_last == 0)
        return ERR_INVALID;
    enum err e = ERR_OK;
    if ((c->last & 1) != 0 || c->last == c->tree_last) {
        if (c->first < c->last)
            e = merkle_node(sha, hash, &c->part, &c->part);
        if (e == ERR_OK)
            e = merkle_node(sha, hash, &c->root, &c->root);
        while ((c->last & 1) == 0 && c->last != 0)
            climb_level(c);
    } else {
        e = merkle_node(sha, &c->root, hash, &c->root);
    }
    climb_level(c);
    return e;
}

/* An empty subtree says nothing about the tree. */
static enum err empty_subtree_verify(sha256_fn sha, const struct merkle_subtree *proof,
                                     const struct digest *part)
{
    struct digest empty;
    enum err e = merkle_empty(sha, &empty);
    if (e != ERR_OK)
        return e;
    if (proof->count != 0)
        return ERR_INVALID;
    return digest_equal(part, &empty) ? ERR_OK : ERR_MISMATCH;
}

enum err merkle_subtree_verify(sha256_fn sha, const struct merkle_subtree *proof,
                               const struct digest *part, const struct digest *root)
{
    if (proof->end > proof->size || !merkle_subtree_valid(proof->start, proof->end) ||
        proof->count > MERKLE_MAX_HASHES)
        return ERR_INVALID;
    if (proof->start == proof->end)
        return empty_subtree_verify(sha, proof, part);
    struct climb c = {.first = proof->start, .last = proof->end - 1, .tree_last = proof->size - 1};
    bool at_edge = c.last == c.tree_last;
    while (c.first != c.last && (at_edge || (c.last & 1) != 0))
        climb_level(&c);
    size_t used = 0;
    if (c.first == c.last) {
        c.part = *part;
    } else if (proof->count > 0) {
        c.part = proof->hashes[used++];
    } else {
        return ERR_INVALID;
    }
    c.root = c.part;
    for (; used < proof->count; used++) {
        enum err e = climb_hash(sha, &c, &proof->hashes[used]);
        if (e != ERR_OK)
            return e;
    }
    if (c.tree_last != 0)
        return ERR_INVALID;
    return digest_equal(&c.part, part) && digest_equal(&c.root, root) ? ERR_OK : ERR_MISMATCH;
}
