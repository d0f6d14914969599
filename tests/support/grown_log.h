/* Two histories of a log, in memory, for tests of witnesses: the same up to leaf GROWN_PART, then not. */
#ifndef SLUIS_TESTS_GROWN_LOG_H
#define SLUIS_TESTS_GROWN_LOG_H

#include "pki/note.h"
#include "proto/log/witness_request.h"

#define GROWN_LEAVES 70u
#define GROWN_PART 16u
#define GROWN_BYTES ((size_t)16 << 10)

struct grown_log {
    struct digest entries[2][GROWN_LEAVES];
    struct digest leaves[2][GROWN_LEAVES]; /* their hashes */
};

enum err grown_log_fill(struct grown_log *g) MUST_CHECK;

struct grown_head {
    uint64_t size;
    size_t history; /* 0 or 1 */
    const struct key *signer;
    const char *origin;
};
/* Appends the signed checkpoint. */
enum err grown_log_checkpoint(const struct grown_log *g, const struct grown_head *h, struct buf *out) MUST_CHECK;

/* Appends the add-checkpoint request that says the log grew from old_size. wrong_proof: a hash too many. */
struct grown_step {
    uint64_t old_size;
    bool wrong_proof;
};
enum err grown_log_request(const struct grown_log *g, const struct grown_step *step, const struct grown_head *h,
                           struct buf *out) MUST_CHECK;

#endif
