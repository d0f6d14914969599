#include "pki/logbook/log_proofs.h"

#include "pki/digest.h"
#include "proto/log/prove.h"

enum err log_proofs_root(const struct log_tables *t, struct kv_txn *txn, uint64_t size,
                         struct digest *out)
{
    struct log_tiles rows = {.tables = t, .txn = txn};
    const struct tile_source source = log_tile_source(&rows);
    CLEANUP(cleanup_tile_nodes_free)
    struct tile_nodes *nodes = tile_nodes_new(digest_sha256, &source, size);
    if (nodes == NULL)
        return ERR_NOMEM;
    const struct node_reader reader = tile_nodes_reader(nodes);
    return prove_root(digest_sha256, &reader, size, out);
}

enum err log_proofs_growth(const struct log_tables *t, struct kv_txn *txn,
                           const struct log_sizes *sizes, struct merkle_hashes *out)
{
    struct log_tiles rows = {.tables = t, .txn = txn};
    const struct tile_source source = log_tile_source(&rows);
    CLEANUP(cleanup_tile_nodes_free)
    struct tile_nodes *nodes = tile_nodes_new(digest_sha256, &source, sizes->to);
    if (nodes == NULL)
        return ERR_NOMEM;
    const struct node_reader reader = tile_nodes_reader(nodes);
    return prove_consistency(digest_sha256, &reader, sizes->from, sizes->to, out);
}
