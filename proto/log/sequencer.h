/* Turns the pending entries of one publish interval into the next block of the log: shuffled, joined
 * by fillers, appended. Pure: the caller gives randomness and state and stores what comes out in one
 * transaction. */
#ifndef SLUIS_LOG_SEQUENCER_H
#define SLUIS_LOG_SEQUENCER_H

#include "proto/base/arena.h"
#include "proto/log/entry.h"
#include "proto/log/range.h"

#define SEQUENCER_SEED_BYTES 32u
#define SEQUENCER_PAD_TO 16u
#define SEQUENCER_MAX_PENDING 65536u
#define SEQUENCER_FILLER SIZE_MAX

/* What goes in. seed: fresh random bytes, used once, wiped by the caller. */
struct sequencer_in {
    sha256_fn sha;
    const struct range *state;
    const struct digest *pending;
    size_t pending_count;
    uint8_t seed[SEQUENCER_SEED_BYTES];
    unsigned pad_to; /* 1..1024; a block is a positive multiple of it */
    struct filler_source fillers;
};

/* A hash of the tree that a hash tile shows: at level l it covers 256^l leaves. */
struct sequencer_node {
    unsigned level;
    uint64_t index;
    struct digest hash;
};

/* What comes out; all arrays live in the arena. Entry i of the block has index first + i. */
struct sequencer_block {
    uint64_t first;
    size_t count;
    struct digest *entries;
    size_t *source; /* the index in `pending`, or SEQUENCER_FILLER */
    struct sequencer_node *nodes;
    size_t node_count;
    struct range after;
    struct digest root;
};

/* Makes the next block. The number of fillers is geometric with mean pad_to, then rounded up.
 * Reveals: sizes and order depend on pending only through count. ERR_RANGE for a pad_to or
 * pending_count out of range, ERR_NOMEM, ERR_LIMIT, ERR_CRYPTO, or what the filler source returns. */
enum err sequencer_next(const struct sequencer_in *in, struct arena *arena,
                        struct sequencer_block *out) MUST_CHECK;

/* The largest block: what an arena must hold is at most this many bytes for n pending entries. */
size_t sequencer_arena_bytes(size_t pending_count, unsigned pad_to);

#endif
