#include "proto/log/prove.h"

/* The largest power of two below n; n is at least 2. */
static uint64_t split_of(uint64_t n)
{
    return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

/* Folds the roots of complete subtrees, largest first, from the right. */
static enum err fold(sha256_fn sha, const struct digest *parts, size_t count, struct digest *out)
{
    struct digest hash = parts[count - 1];
    for (size_t i = count - 1; i > 0; i--) {
        enum err e = merkle_node(sha, &parts[i - 1], &hash, &hash);
        if (e != ERR_OK)
            return e;
    }
    *out = hash;
    return ERR_OK;
}

enum err prove_hash(sha256_fn sha, const struct node_reader *nodes, uint64_t start, uint64_t end,
                    struct digest *out)
{
    if (start >= end || end > RANGE_MAX_SIZE || !merkle_subtree_valid(start, end))
        return ERR_RANGE;
    struct digest parts[MERKLE_MAX_HASHES];
    size_t count = 0;
    while (start < end) {
        unsigned level = 63u - (unsigned)__builtin_clzll(end - start);
        struct node_id id = {.level = level, .index = start >> level};
        enum err e = nodes->read(nodes->ctx, id, &parts[count]);
        if (e != ERR_OK)
            return e;
        count++;
        start += UINT64_C(1) << level;
    }
    return fold(sha, parts, count, out);
}

enum err prove_root(sha256_fn sha, const struct node_reader *nodes, uint64_t size,
                    struct digest *out)
{
    return size == 0 ? merkle_empty(sha, out) : prove_hash(sha, nodes, 0, size, out);
}

/* Proofs are collected from the root down and stand in files from the leaf up. */
static void reverse(struct digest *hashes, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct digest other = hashes[i];
        hashes[i] = hashes[count - 1 - i];
        hashes[count - 1 - i] = other;
    }
}

enum err prove_inclusion(sha256_fn sha, const struct node_reader *nodes, uint64_t index,
                         uint64_t size, struct merkle_hashes *out)
{
    if (index >= size || size > RANGE_MAX_SIZE)
        return ERR_RANGE;
    struct merkle_hashes path = {.count = 0};
    uint64_t low = 0;
    uint64_t high = size;
    while (high - low > 1) {
        uint64_t middle = low + split_of(high - low);
        bool left = index < middle;
        enum err e = left ? prove_hash(sha, nodes, middle, high, &path.h[path.count])
                          : prove_hash(sha, nodes, low, middle, &path.h[path.count]);
        if (e != ERR_OK)
            return e;
        path.count++;
        if (left)
            high = middle;
        else
            low = middle;
    }
    reverse(path.h, path.count);
    *out = path;
    return ERR_OK;
}

enum err prove_consistency(sha256_fn sha, const struct node_reader *nodes, uint64_t old_size,
                           uint64_t new_size, struct merkle_hashes *out)
{
    if (old_size == 0 || old_size > new_size || new_size > RANGE_MAX_SIZE)
        return ERR_RANGE;
    struct merkle_hashes p = {.count = 0};
    uint64_t low = 0;
    uint64_t high = new_size;
    enum err e = ERR_OK;
    while (e == ERR_OK && old_size < high) {
        uint64_t middle = low + split_of(high - low);
        if (old_size <= middle) {
            e = prove_hash(sha, nodes, middle, high, &p.h[p.count++]);
            high = middle;
        } else {
            e = prove_hash(sha, nodes, low, middle, &p.h[p.count++]);
            low = middle;
        }
    }
    /* The verifier knows the old root itself; it needs the rest of it where it is no whole subtree. */
    if (e == ERR_OK && low > 0)
        e = prove_hash(sha, nodes, low, high, &p.h[p.count++]);
    if (e != ERR_OK)
        return e;
    reverse(p.h, p.count);
    *out = p;
    return ERR_OK;
}
