#include "broker/proofs.h"

#include "broker/mailbox.h"
#include "broker/store/store.h"
#include "pki/digest.h"
#include "proto/log/proof_file.h"

#define PROOFS_EACH 256u
#define PAGES_MAX 16u /* of one round, so that full mailboxes do not keep others waiting */

/* One round's deliveries. */
struct delivery {
    struct broker *broker;
    struct kv_txn *txn;
    const struct log_published *published;
    struct node_reader nodes;
    size_t sent;
};

static enum err deliver(struct delivery *d, uint64_t index)
{
    const struct log_tables *t = &d->broker->store->log;
    struct digest entry;
    struct log_row row;
    enum err e = log_entry_at(t, d->txn, index, &entry);
    if (e == ERR_OK)
        e = log_get_row(t, d->txn, &entry, &row);
    uint8_t room[sizeof entry.b + sizeof row.message.b];
    struct buf extra = buf_fixed(room, sizeof room);
    if (e == ERR_OK) {
        buf_put(&extra, digest_bytes(&entry));
        buf_put(&extra, BYTES_OF_ARRAY(row.message.b));
    }
    struct proof_file p = {.extra = buf_bytes(&extra), .has_extra = true, .index = index,
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
    if (e != ERR_OK)
        return e;
    d->sent++;
    return log_proof_sent(t, d->txn, index);
}

/* One page of what is owed; span->from moves behind it. *is_last: nothing is left. */
static enum err deliver_page(struct delivery *d, struct log_span *span, bool *is_last)
{
    uint64_t owed[PROOFS_EACH];
    size_t count = 0;
    enum err e =
        log_proofs_owed(&d->broker->store->log, d->txn, span, owed, PROOFS_EACH, &count);
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = deliver(d, owed[i]);
    *is_last = count < PROOFS_EACH;
    if (count > 0)
        span->from = owed[count - 1] + 1;
    return e;
}

enum err proofs_deliver(struct broker *b, struct kv_txn *txn,
                        const struct log_published *published)
{
    struct log_tiles rows = {.tables = &b->store->log, .txn = txn};
    const struct tile_source source = log_tile_source(&rows);
    CLEANUP(cleanup_tile_nodes_free)
    struct tile_nodes *nodes = tile_nodes_new(digest_sha256, &source, published->size);
    if (nodes == NULL)
        return ERR_NOMEM;
    struct delivery d = {.broker = b,
                         .txn = txn,
                         .published = published,
                         .nodes = tile_nodes_reader(nodes)};
    struct log_span span = {.until = published->size};
    enum err e = ERR_OK;
    bool is_last = false;
    for (unsigned page = 0; e == ERR_OK && !is_last && page < PAGES_MAX; page++) {
        e = deliver_page(&d, &span, &is_last);
        is_last = is_last || d.sent >= PROOFS_EACH;
    }
    return e;
}
