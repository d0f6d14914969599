#include "tests/support/grown_log.h"

#include <string.h>

#include "pki/digest.h"
#include "proto/log/prove.h"

enum err grown_log_fill(struct grown_log *g)
{
    enum err e = ERR_OK;
    for (size_t h = 0; h < 2; h++)
        for (size_t i = 0; e == ERR_OK && i < GROWN_LEAVES; i++) {
            g->entries[h][i] = (struct digest){{(uint8_t)i, (uint8_t)(i < GROWN_PART ? 0 : h)}};
            e = merkle_leaf(digest_sha256, digest_bytes(&g->entries[h][i]), &g->leaves[h][i]);
        }
    return e;
}

struct history {
    const struct digest *leaves;
};

/* A complete subtree from its leaves, pair by pair. */
static enum err read_node(void *ctx, struct node_id id, struct digest *out)
{
    const struct digest *leaves = ((const struct history *)ctx)->leaves;
    const size_t n = (size_t)1 << id.level;
    struct digest row[128];
    enum err e = n <= ARRAY_LEN(row) ? ERR_OK : ERR_RANGE;
    if (e == ERR_OK)
        memcpy(row, leaves + (size_t)id.index * n, n * sizeof *row);
    for (size_t left = n; e == ERR_OK && left > 1; left /= 2)
        for (size_t i = 0; e == ERR_OK && i < left / 2; i++)
            e = merkle_node(digest_sha256, &row[2 * i], &row[2 * i + 1], &row[i]);
    *out = row[0];
    return e;
}

enum err grown_log_checkpoint(const struct grown_log *g, const struct grown_head *h, struct buf *out)
{
    struct history leaves = {g->leaves[h->history]};
    const struct node_reader nodes = {read_node, &leaves};
    struct checkpoint head = {.origin = bytes_str(h->origin), .size = h->size};
    CLEANUP(buf_free) struct buf text = buf_new(1024);
    enum err e = prove_root(digest_sha256, &nodes, h->size, &head.root);
    if (e != ERR_OK)
        return e;
    checkpoint_write(&head, &text);
    const struct note_signer s = {bytes_str(h->origin), h->signer};
    return note_sign(&s, 1, buf_bytes(&text), out);
}

enum err grown_log_request(const struct grown_log *g, const struct grown_step *step, const struct grown_head *h,
                           struct buf *out)
{
    struct history leaves = {g->leaves[h->history]};
    const struct node_reader nodes = {read_node, &leaves};
    struct witness_request r = {.old_size = step->old_size};
    CLEANUP(buf_free) struct buf note = buf_new(GROWN_BYTES);
    enum err e = grown_log_checkpoint(g, h, &note);
    if (e == ERR_OK && step->old_size > 0 && step->old_size <= h->size)
        e = prove_consistency(digest_sha256, &nodes, step->old_size, h->size, &r.proof);
    if (e == ERR_OK && step->wrong_proof)
        e = prove_root(digest_sha256, &nodes, 1, &r.proof.h[r.proof.count++]);
    if (e != ERR_OK)
        return e;
    r.checkpoint = buf_bytes(&note);
    witness_request_write(&r, out);
    return buf_err(out);
}
