/* Roots and proofs out of the stored tree, and the proof files that senders are owed. */
#ifndef SLUIS_BROKER_PROOFS_H
#define SLUIS_BROKER_PROOFS_H

#include "broker/broker.h"
#include "broker/store/log_rows.h"
#include "proto/log/merkle.h"

/* The root of the first size entries. ERR_NOT_FOUND: the tree is smaller; ERR_CRYPTO, ERR_IO. */
enum err proofs_root(struct store *s, struct kv_txn *txn, uint64_t size,
                     struct digest *out) MUST_CHECK;

/* The proof that the tree of `to` entries has grown from the one of `from`: 1 <= from <= to. Errors as proofs_root. */
struct proofs_sizes {
    uint64_t from;
    uint64_t to;
};
enum err proofs_growth(struct store *s, struct kv_txn *txn, const struct proofs_sizes *sizes,
                       struct merkle_hashes *out) MUST_CHECK;

/* Store thread: puts the proof file of every entry that is in this head into its sender's mailbox,
 * as many as one round takes. A full mailbox keeps its proofs waiting. The file's `extra` is the
 * entry. */
enum err proofs_deliver(struct broker *b, struct kv_txn *txn,
                        const struct log_published *published) MUST_CHECK;

#endif
