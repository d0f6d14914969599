/* A compact range: what must be kept of a Merkle tree to append to it and to know its root. */
#ifndef SLUIS_LOG_RANGE_H
#define SLUIS_LOG_RANGE_H

#include "proto/base/buf.h"
#include "proto/base/hash.h"

#define RANGE_MAX_NODES 63
#define RANGE_MAX_SIZE (UINT64_C(1) << 62)

/* Roots of the complete subtrees, largest first: one for each bit set in size. */
struct range {
    uint64_t size;
    struct digest nodes[RANGE_MAX_NODES];
};

/* A complete subtree: 2^level leaves from index * 2^level on. */
struct node_id {
    unsigned level;
    uint64_t index;
};

/* Called for each subtree that an append completes, leaf first. */
struct range_sink {
    enum err (*node)(void *ctx, struct node_id id, const struct digest *hash);
    void *ctx;
};

/* The number of nodes in use: the bits set in size. */
size_t range_nodes(const struct range *r);

/* Appends one leaf hash (merkle_leaf). sink may be NULL. On an error r is as before.
 * ERR_LIMIT at RANGE_MAX_SIZE, ERR_CRYPTO, or what the sink returns. */
enum err range_append(sha256_fn sha, struct range *r, const struct digest *leaf,
                      const struct range_sink *sink) MUST_CHECK;

/* The root of the tree. ERR_CRYPTO. */
enum err range_root(sha256_fn sha, const struct range *r, struct digest *out) MUST_CHECK;

/* u64 size, then the nodes. */
void range_encode(const struct range *r, struct buf *out);

/* The reverse; ERR_TRUNCATED, ERR_INVALID for surplus bytes, ERR_RANGE. */
enum err range_decode(struct bytes data, struct range *out) MUST_CHECK;

#endif
