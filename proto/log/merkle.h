/* RFC 6962 Merkle trees: hashes of leaves and nodes, roots and inclusion paths of lists, and the
 * verification of inclusion and consistency proofs. Pure; the hash function is an argument.
 *
 * Two uses share it: the audit log, and the roots that the protocol signs (records of a batch,
 * subjects of a request, fields and tokens of a record). Nothing here recurses. */
#ifndef SLUIS_LOG_MERKLE_H
#define SLUIS_LOG_MERKLE_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/err.h"
#include "proto/base/hash.h"

/* A path or proof never needs more hashes than the tree has levels. */
#define MERKLE_MAX_HASHES 64

/* Room for the hashes of one path or proof, from the leaf to the root. */
struct merkle_hashes {
    size_t count;
    struct digest h[MERKLE_MAX_HASHES];
};

/* A path (proto/base/hash.h) over hashes that the caller keeps. */
static inline struct merkle_path merkle_path_of(uint64_t index, uint64_t size,
                                                const struct merkle_hashes *hashes)
{
    return (struct merkle_path){index, size, hashes->h, hashes->count};
}

/* Proves that the tree of old_size leaves is a prefix of the tree of new_size leaves. hashes is a
 * view. */
struct merkle_consistency {
    uint64_t old_size;
    uint64_t new_size;
    const struct digest *hashes;
    size_t count;
};

/* Leaves [start, end) of a tree of size leaves; start is a multiple of the least power of two that
 * is not below end - start. */
struct merkle_subtree {
    uint64_t start;
    uint64_t end;
    uint64_t size;
    const struct digest *hashes;
    size_t count;
};

/* SHA-256(0x00 || data). ERR_CRYPTO. */
enum err merkle_leaf(sha256_fn sha, struct bytes data, struct digest *out) MUST_CHECK;

/* SHA-256(0x01 || left || right). ERR_CRYPTO. */
enum err merkle_node(sha256_fn sha, const struct digest *left, const struct digest *right,
                     struct digest *out) MUST_CHECK;

/* The root of the empty tree, SHA-256(""). ERR_CRYPTO. */
enum err merkle_empty(sha256_fn sha, struct digest *out) MUST_CHECK;

/* The root over count 32-byte values, each the *data* of one leaf; the empty root for count 0.
 * ERR_CRYPTO. */
enum err merkle_root(sha256_fn sha, const struct digest *values, size_t count,
                     struct digest *out) MUST_CHECK;

/* The hashes of the path of values[index] in the tree over count values. Needs memory for count hashes while it
 * runs. ERR_RANGE where index >= count, ERR_NOMEM, ERR_CRYPTO. */
enum err merkle_path_make(sha256_fn sha, const struct digest *values, size_t count, size_t index,
                          struct merkle_hashes *out) MUST_CHECK;

/* Does the path lead from the 32-byte value (leaf *data*) to root? ERR_INVALID where the path has
 * the wrong shape for its index and size, ERR_MISMATCH where it leads to another root. */
enum err merkle_path_verify(sha256_fn sha, const struct digest *value,
                            const struct merkle_path *path, const struct digest *root) MUST_CHECK;

/* The same for a leaf hash (RFC 9162 section 2.1.3.2). */
enum err merkle_inclusion_verify(sha256_fn sha, const struct digest *leaf,
                                 const struct merkle_path *path,
                                 const struct digest *root) MUST_CHECK;

/* Is the tree with old_root a prefix of the one with new_root? (RFC 9162 section 2.1.4.2.) An empty
 * old tree proves nothing and is refused. ERR_INVALID for the wrong shape, ERR_MISMATCH for other
 * roots. */
enum err merkle_consistency_verify(sha256_fn sha, const struct merkle_consistency *proof,
                                   const struct digest *old_root,
                                   const struct digest *new_root) MUST_CHECK;

/* The general form: is `part` the root of the subtree, in the tree with `root`? An empty subtree
 * (start = end) holds where part is the empty root and no hashes are given. Errors as above. */
enum err merkle_subtree_verify(sha256_fn sha, const struct merkle_subtree *proof,
                               const struct digest *part, const struct digest *root) MUST_CHECK;

/* May [start, end) be a subtree of some tree? */
bool merkle_subtree_valid(uint64_t start, uint64_t end);

#endif
