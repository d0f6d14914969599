#include "agent/import/made_batch.h"

#include <stdlib.h>

#include "pki/digest.h"
#include "proto/log/merkle.h"

#define BLOCKS_MAX ((size_t)64 << 20)
#define ITEMS_MAX ((size_t)8 << 20)
#define HEADER_MAX 4096

struct made_batch *made_batch_new(void)
{
    struct made_batch *b = calloc(1, sizeof *b);
    if (b == NULL)
        return NULL;
    b->blocks = buf_new(BLOCKS_MAX);
    b->items = buf_new(ITEMS_MAX);
    b->header_bytes = buf_new(HEADER_MAX);
    return b;
}

void made_batch_free(struct made_batch *b)
{
    if (b == NULL)
        return;
    if (b->blocks.ptr != NULL)
        secret_wipe(b->blocks.ptr, b->blocks.len);
    buf_free(&b->blocks);
    buf_free(&b->items);
    buf_free(&b->header_bytes);
    secret_free(b->secret);
    wire_batch_free(b->wire);
    free(b->block_end);
    free(b->leaves);
    free(b);
}

static void put_norms(struct made_batch *b)
{
    for (size_t i = 0; b->wire != NULL && i < b->wire->token_count; i++) {
        enum ident_type t = b->wire->tokens[i].type;
        if (b->header.norm_versions[t] == 0)
            b->header.norm_versions[t] = ident_norm_version(t);
    }
}

enum err made_batch_sign(struct made_batch *b, const struct key *signing, struct chain_head *head)
{
    struct batch_header *h = &b->header;
    put_norms(b);
    h->kind = b->kind;
    h->record_count = (uint32_t)b->leaf_count;
    h->token_count = b->wire != NULL ? (uint32_t)b->wire->token_count : 0;
    h->sequence = head->sequence + 1;
    h->previous_digest = head->digest;
    enum err bad = merkle_root(digest_sha256, b->leaves, b->leaf_count, &h->root);
    if (bad == ERR_OK)
        bad = batch_header_encode(h, &b->header_bytes);
    const struct bytes bytes = buf_bytes(&b->header_bytes);
    if (bad == ERR_OK)
        bad = sign_document(SIGN_BATCH, signing, bytes, &b->signature);
    struct chain_head next = {.sequence = h->sequence};
    if (bad == ERR_OK)
        bad = digest_sha256(&bytes, 1, &next.digest);
    if (bad == ERR_OK)
        b->head = *head = next;
    return bad;
}

static enum err put_blocks(const struct made_batch *b, struct store *s, struct kv_txn *txn)
{
    size_t start = 0;
    for (size_t i = 0; i < b->block_count; i++) {
        uint8_t key[BATCH_KEY_BYTES];
        const struct record_place place = {b->no, (uint32_t)i};
        enum err bad = store_put(s, txn, STORE_RECORD, batch_key_at(place, key),
                                 bytes_of(b->blocks.ptr + start, b->block_end[i] - start));
        if (bad != ERR_OK)
            return bad;
        start = b->block_end[i];
    }
    return ERR_OK;
}

struct lent_row {
    struct store *store;
    struct kv_txn *txn;
    uint32_t no;
    struct batch_row row;
};

static enum err put_row(void *arg, struct bytes secret)
{
    struct lent_row *l = arg;
    l->row.secret = secret;
    return batch_row_put(l->store, l->txn, l->no, &l->row);
}

enum err made_batch_put(const struct made_batch *b, struct store *s, struct kv_txn *txn)
{
    uint8_t key[BATCH_KEY_BYTES];
    struct lent_row l = {s, txn, b->no,
                         {.state = BATCH_PREPARED,
                          .kind = b->kind,
                          .data_set = b->data_set,
                          .record_count = b->header.record_count,
                          .token_count = b->header.token_count,
                          .chunks = b->wire != NULL ? (uint32_t)wire_chunks(b->wire) : 0,
                          .header = buf_bytes(&b->header_bytes),
                          .signature = signature_bytes(&b->signature),
                          .shape = b->shape}};
    enum err bad = put_blocks(b, s, txn);
    if (bad == ERR_OK)
        bad = b->secret != NULL ? secret_lend(b->secret, put_row, &l)
                                : put_row(&l, bytes_of(NULL, 0));
    if (bad == ERR_OK)
        bad = store_put(s, txn, STORE_BATCH_ITEMS, batch_key(b->no, key), buf_bytes(&b->items));
    if (bad == ERR_OK && b->kind == BATCH_ADD)
        bad = store_put(s, txn, STORE_BATCH_LEAVES, batch_key(b->no, key),
                        bytes_of(b->leaves, b->leaf_count * sizeof *b->leaves));
    return bad;
}

enum err made_batch_message(const struct made_batch *b, struct buf *out)
{
    const struct batch_message m = {
        .header = buf_bytes(&b->header_bytes),
        .signature = signature_bytes(&b->signature),
        .chunks = b->wire != NULL ? (uint32_t)wire_chunks(b->wire) : 0,
    };
    return batch_message_encode(&m, out);
}
