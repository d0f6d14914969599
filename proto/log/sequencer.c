#include "proto/log/sequencer.h"

#include "proto/base/join.h"
#include "proto/base/label.h"
#include "proto/log/merkle.h"
#include "proto/log/tile.h"

#define PAD_TO_MAX 1024u
/* A run of fillers this many times the mean has probability under 2^-90: a broken seed. */
#define FILLERS_MAX_MEANS 64u
/* One entry makes a hash at level 0, and every 256 one more above it; 2 covers the sum. */
#define NODES_PER_ENTRY 2u

/* A stream of bytes from the seed: SHA-256(join(LABEL_SHUFFLE, seed, u64 counter)) blocks. */
struct stream {
    sha256_fn sha;
    const uint8_t *seed;
    uint64_t counter;
    struct digest block;
    size_t used;
};

static enum err stream_refill(struct stream *s)
{
    uint8_t text[128];
    struct buf b = buf_fixed(text, sizeof text);
    join_str(&b, LABEL_SHUFFLE);
    join_part(&b, bytes_of(s->seed, SEQUENCER_SEED_BYTES));
    join_u64(&b, s->counter++);
    const struct bytes parts[] = {buf_bytes(&b)};
    s->used = 0;
    return s->sha(parts, ARRAY_LEN(parts), &s->block);
}

static enum err stream_u32(struct stream *s, uint32_t *out)
{
    if (s->used + sizeof *out > sizeof s->block.b) {
        enum err e = stream_refill(s);
        if (e != ERR_OK)
            return e;
    }
    memcpy(out, s->block.b + s->used, sizeof *out);
    s->used += sizeof *out;
    return ERR_OK;
}

/* Uniform in [0, n), n at least 1: what falls in the last, short stretch is drawn again. */
static enum err stream_below(struct stream *s, uint32_t n, uint32_t *out)
{
    uint32_t limit = UINT32_MAX - UINT32_MAX % n;
    uint32_t v;
    do {
        enum err e = stream_u32(s, &v);
        if (e != ERR_OK)
            return e;
    } while (v >= limit);
    *out = v % n;
    return ERR_OK;
}

/* Geometric with mean `mean`: failures before a success of probability 1 / (mean + 1). */
static enum err draw_fillers(struct stream *s, unsigned mean, size_t *out)
{
    size_t max = (size_t)mean * FILLERS_MAX_MEANS;
    for (size_t n = 0; n <= max; n++) {
        uint32_t v;
        enum err e = stream_below(s, mean + 1, &v);
        if (e != ERR_OK)
            return e;
        if (v == 0) {
            *out = n;
            return ERR_OK;
        }
    }
    return ERR_INVALID;
}

/* Fisher-Yates. */
static enum err shuffle(struct stream *s, size_t *items, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        uint32_t k;
        enum err e = stream_below(s, (uint32_t)i, &k);
        if (e != ERR_OK)
            return e;
        size_t other = items[i - 1];
        items[i - 1] = items[k];
        items[k] = other;
    }
    return ERR_OK;
}

/* Decides the size of the block and which place is whose. */
static enum err draw_order(const struct sequencer_in *in, struct arena *arena,
                           struct sequencer_block *block)
{
    struct stream s = {.sha = in->sha, .seed = in->seed, .used = sizeof s.block.b};
    size_t fillers = 0;
    enum err e = draw_fillers(&s, in->pad_to, &fillers);
    if (e != ERR_OK)
        return e;
    size_t count = in->pending_count + fillers;
    count += count == 0 ? in->pad_to : (in->pad_to - count % in->pad_to) % in->pad_to;
    block->source = arena_array(arena, count, sizeof *block->source);
    if (block->source == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        block->source[i] = i < in->pending_count ? i : SEQUENCER_FILLER;
    block->count = count;
    return shuffle(&s, block->source, count);
}

/* Keeps the hashes that stand in hash tiles. */
static enum err keep_node(void *ctx, struct node_id id, const struct digest *hash)
{
    struct sequencer_block *block = ctx;
    if (id.level % TILE_HEIGHT != 0)
        return ERR_OK;
    struct sequencer_node *n = &block->nodes[block->node_count++];
    *n = (struct sequencer_node){.level = id.level / TILE_HEIGHT, .index = id.index, .hash = *hash};
    return ERR_OK;
}

static enum err append_entry(const struct sequencer_in *in, struct sequencer_block *block, size_t i)
{
    struct digest *entry = &block->entries[i];
    enum err e = ERR_OK;
    if (block->source[i] == SEQUENCER_FILLER)
        e = in->fillers.filler(in->fillers.ctx, block->first + i, entry);
    else
        *entry = in->pending[block->source[i]];
    struct digest leaf;
    if (e == ERR_OK)
        e = merkle_leaf(in->sha, digest_bytes(entry), &leaf);
    const struct range_sink sink = {keep_node, block};
    return e == ERR_OK ? range_append(in->sha, &block->after, &leaf, &sink) : e;
}

static size_t nodes_max(size_t count)
{
    return NODES_PER_ENTRY * count + TILE_MAX_LEVEL;
}

enum err sequencer_next(const struct sequencer_in *in, struct arena *arena,
                        struct sequencer_block *out)
{
    if (in->pad_to == 0 || in->pad_to > PAD_TO_MAX || in->pending_count > SEQUENCER_MAX_PENDING)
        return ERR_RANGE;
    struct sequencer_block block = {.first = in->state->size, .after = *in->state};
    enum err e = draw_order(in, arena, &block);
    if (e != ERR_OK)
        return e;
    block.entries = arena_array(arena, block.count, sizeof *block.entries);
    block.nodes = arena_array(arena, nodes_max(block.count), sizeof *block.nodes);
    if (block.entries == NULL || block.nodes == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < block.count && e == ERR_OK; i++)
        e = append_entry(in, &block, i);
    if (e == ERR_OK)
        e = range_root(in->sha, &block.after, &block.root);
    if (e == ERR_OK)
        *out = block;
    return e;
}

size_t sequencer_arena_bytes(size_t pending_count, unsigned pad_to)
{
    size_t count = pending_count + (size_t)pad_to * (FILLERS_MAX_MEANS + 1);
    return count * (sizeof(size_t) + sizeof(struct digest)) +
           nodes_max(count) * sizeof(struct sequencer_node) + 256;
}
