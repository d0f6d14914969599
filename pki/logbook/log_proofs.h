/* Roots and proofs out of a stored tree. */
#ifndef SLUIS_PKI_LOGBOOK_LOG_PROOFS_H
#define SLUIS_PKI_LOGBOOK_LOG_PROOFS_H

#include "pki/logbook/log_rows.h"
#include "proto/log/merkle.h"

/* The root of the first size entries. ERR_NOT_FOUND: the tree is smaller; ERR_CRYPTO, ERR_IO. */
enum err log_proofs_root(const struct log_tables *t, struct kv_txn *txn, uint64_t size,
                         struct digest *out) MUST_CHECK;

/* The proof that the tree of `to` entries has grown from the one of `from`: 1 <= from <= to. Errors as
 * log_proofs_root. */
struct log_sizes {
    uint64_t from;
    uint64_t to;
};
enum err log_proofs_growth(const struct log_tables *t, struct kv_txn *txn,
                           const struct log_sizes *sizes, struct merkle_hashes *out) MUST_CHECK;

#endif
