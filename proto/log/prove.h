/* Makes roots and proofs from stored subtree hashes. */
#ifndef SLUIS_LOG_PROVE_H
#define SLUIS_LOG_PROVE_H

#include "proto/log/merkle.h"
#include "proto/log/range.h"

/* Where hashes of complete subtrees come from. read returns an error that the caller gets. */
struct node_reader {
    enum err (*read)(void *ctx, struct node_id id, struct digest *out);
    void *ctx;
};

/* The hash of the leaves [start, end), a valid subtree or a whole tree (start 0). ERR_RANGE where
 * it is neither or empty, ERR_CRYPTO, or what the reader returns. */
enum err prove_hash(sha256_fn sha, const struct node_reader *nodes, uint64_t start, uint64_t end,
                    struct digest *out) MUST_CHECK;

/* The root of the first size leaves; the empty root for 0. */
enum err prove_root(sha256_fn sha, const struct node_reader *nodes, uint64_t size,
                    struct digest *out) MUST_CHECK;

/* The hashes of the path of leaf index in the tree of size leaves. ERR_RANGE where index >= size. */
enum err prove_inclusion(sha256_fn sha, const struct node_reader *nodes, uint64_t index,
                         uint64_t size, struct merkle_hashes *out) MUST_CHECK;

/* The hashes of the proof that the first old_size leaves are a prefix. ERR_RANGE unless 1 <= old_size <= new_size. */
enum err prove_consistency(sha256_fn sha, const struct node_reader *nodes, uint64_t old_size,
                           uint64_t new_size, struct merkle_hashes *out) MUST_CHECK;

#endif
