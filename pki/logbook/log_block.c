#include "pki/logbook/log_block.h"

#include "pki/digest.h"
#include "pki/filler.h"
#include "pki/random.h"
#include "proto/log/sequencer.h"

/* The block and its nodes; the entries that waited learn their place. */
static enum err put_block(const struct log_tables *t, struct kv_txn *txn, const struct sequencer_block *block)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < block->count; i++) {
        const struct log_place place = {
            .index = block->first + i,
            .entry = &block->entries[i],
            .is_filler = block->source[i] == SEQUENCER_FILLER,
        };
        e = log_set_place(t, txn, &place);
    }
    for (size_t i = 0; e == ERR_OK && i < block->node_count; i++) {
        const struct sequencer_node *n = &block->nodes[i];
        e = log_put_node(t, txn, (struct node_id){n->level, n->index}, &n->hash);
    }
    return e;
}

static enum err make_block(struct sequencer_in *in, struct arena *a, struct sequencer_block *out)
{
    enum err e = random_fill(in->seed, sizeof in->seed);
    if (e == ERR_OK)
        e = sequencer_next(in, a, out);
    secret_wipe(in->seed, sizeof in->seed);
    return e;
}

enum err log_block_next(const struct log_tables *t, struct filler *fillers, struct kv_txn *txn, struct log_head *to)
{
    CLEANUP(cleanup_arena_free)
    struct arena *a = arena_new(sequencer_arena_bytes(LOG_BLOCK_ENTRIES, SEQUENCER_PAD_TO) + ((size_t)1 << 20));
    struct digest *pending = a != NULL ? arena_array(a, LOG_BLOCK_ENTRIES, sizeof *pending) : NULL;
    struct sequencer_in *in = a != NULL ? arena_alloc(a, sizeof *in) : NULL;
    struct sequencer_block block;
    struct log_head from;
    if (pending == NULL || in == NULL)
        return ERR_NOMEM;
    enum err e = log_get_head(t, txn, &from);
    *in = (struct sequencer_in){
        .sha = digest_sha256,
        .state = &from.range,
        .pending = pending,
        .pad_to = SEQUENCER_PAD_TO,
        .fillers = filler_source_of(fillers),
    };
    if (e == ERR_OK)
        e = log_pending(t, txn, pending, LOG_BLOCK_ENTRIES, &in->pending_count);
    if (e == ERR_OK)
        e = make_block(in, a, &block);
    if (e == ERR_OK)
        e = put_block(t, txn, &block);
    if (e == ERR_OK)
        e = log_drop_pending(t, txn, in->pending_count);
    if (e != ERR_OK)
        return e;
    *to = (struct log_head){.size = block.after.size, .root = block.root, .range = block.after};
    return log_put_head(t, txn, to);
}
