#include "broker/proofs.h"

#include "broker/mailbox.h"
#include "pki/digest.h"
#include "proto/log/proof_file.h"

#define PROOFS_EACH 256u

enum err proofs_root(struct store *s, struct kv_txn *txn, uint64_t size, struct digest *out)
{
    struct log_tiles rows = {.store = s, .txn = txn};
    const struct tile_source source = log_tile_source(&rows);
    CLEANUP(cleanup_tile_nodes_free)
    struct tile_nodes *nodes = tile_nodes_new(digest_sha256, &source, size);
    if (nodes == NULL)
        return ERR_NOMEM;
    const struct node_reader reader = tile_nodes_reader(nodes);
    return prove_root(digest_sha256, &reader, size, out);
}

/* One round's deliveries. */
struct delivery {
    struct broker *broker;
    struct kv_txn *txn;
    const struct log_published *published;
    struct node_reader nodes;
};

static enum err deliver(const struct delivery *d, uint64_t index)
{
    struct store *s = d->broker->store;
    struct digest entry;
    struct log_row row;
    enum err e = log_entry_at(s, d->txn, index, &entry);
    if (e == ERR_OK)
        e = log_get_row(s, d->txn, &entry, &row);
    struct proof_file p = {.extra = digest_bytes(&entry), .has_extra = true, .index = index,
                           .checkpoint = d->published->note};
    if (e == ERR_OK)
        e = prove_inclusion(digest_sha256, &d->nodes, index, d->published->size, &p.hashes);
    if (e != ERR_OK)
        return e;
    CLEANUP(buf_free) struct buf file = buf_new(PROOF_FILE_MAX_BYTES);
    proof_file_write(&p, &file);
    e = buf_err(&file);
    if (e == ERR_OK)
        e = mailbox_put(d->broker->mailboxes, d->txn, &row.actor, MAIL_PROOF, buf_bytes(&file),
                        NULL);
    if (e == ERR_LIMIT)
        return ERR_OK; /* it stays owed */
    return e == ERR_OK ? log_proof_sent(s, d->txn, index) : e;
}

enum err proofs_deliver(struct broker *b, struct kv_txn *txn,
                        const struct log_published *published)
{
    uint64_t owed[PROOFS_EACH];
    size_t count = 0;
    enum err e = log_proofs_owed(b->store, txn, published->size, owed, PROOFS_EACH, &count);
    if (e != ERR_OK || count == 0)
        return e;
    struct log_tiles rows = {.store = b->store, .txn = txn};
    const struct tile_source source = log_tile_source(&rows);
    CLEANUP(cleanup_tile_nodes_free)
    struct tile_nodes *nodes = tile_nodes_new(digest_sha256, &source, published->size);
    if (nodes == NULL)
        return ERR_NOMEM;
    const struct delivery d = {.broker = b, .txn = txn, .published = published,
                               .nodes = tile_nodes_reader(nodes)};
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = deliver(&d, owed[i]);
    return e;
}
