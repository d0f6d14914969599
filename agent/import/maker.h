/* Makes the batches of one leg of an import: goes through the difference, gathers what enters and what
 * leaves, and turns it into signed batches, a step at a time. Runs on workers; writes nothing. */
#ifndef SLUIS_IMPORT_MAKER_H
#define SLUIS_IMPORT_MAKER_H

#include "agent/import/admit.h"
#include "agent/import/difference.h"
#include "agent/import/made_batch.h"

struct gather;
struct key;

struct maker_params {
    struct difference_params difference;
    struct batch_header header; /* deployment to suite, policy digest, import id, mode, issued_at */
    struct record_shape shape;  /* outlives the maker and what it makes */
    struct admit *admit;        /* for ages; borrowed */
    struct agency_half *half;   /* borrowed, used by the maker alone */
    struct handle_code *handles;
    const struct key *signing;
    struct chain_head head;
    uint32_t next_batch; /* number of the first batch that is made */
    uint32_t tokens_most; /* in one batch; 0: BATCH_TOKENS_MAX */
    bool has_ended_sets;  /* of epochs that ended: what is out here goes there, too */
};

/* What the steps so far found. */
struct make_counts {
    uint64_t added;
    uint64_t replaced;
    uint64_t withdrawn;
    uint64_t unchanged;
    uint64_t kept_out; /* by a rule */
    uint64_t aged;     /* entered too long ago for every rule; also in none of the above */
    uint64_t duplicates;
    uint64_t tokens_added;
};

/* Keys of rows that are out and that the epoch at hand has not got (effect_out). */
#define OUTS_MOST 4096u
struct outs {
    struct live_digest *v; /* malloc; NULL: none */
    size_t count;
};

#define MADE_MOST 3

/* One step: an add batch, a withdraw batch and, at the end of a full leg, the end batch; each may be
 * lacking. Stored together, with the cursor behind them. */
struct made_step {
    struct made_batch *batches[MADE_MOST];
    size_t count;
    bool ended;                /* nothing follows */
    struct live_digest cursor; /* go on behind it */
    bool has_cursor;
    struct make_counts counts; /* since the maker began */
    struct chain_head head;
    uint32_t next_batch;
    struct outs outs;
};
void made_step_free(struct made_step *s);
DEFINE_CLEANUP(struct made_step, made_step_free)

struct maker;

/* ERR_NOMEM; errors as difference_new. */
enum err maker_new(const struct maker_params *p, struct maker **out) MUST_CHECK;
void maker_free(struct maker *m);
DEFINE_CLEANUP(struct maker, maker_free)

/* What one step was gathered for; its fields are digested, and nothing of it is numbered or signed. */
struct filled_step {
    struct gather *gather;
    bool ended;
    struct live_digest cursor;
    bool has_cursor;
    struct make_counts counts;
    struct outs outs;
};
void filled_step_free(struct filled_step *f);
DEFINE_CLEANUP(struct filled_step, filled_step_free)

/* The two halves of a step, about as long as each other. Each on one worker at a time, in order; the first
 * half of the next step may run beside the second of this one. Errors of the store, ERR_CRYPTO, ERR_NOMEM,
 * ERR_LIMIT (wire_add_record). make: takes f. */
enum err maker_fill(struct maker *m, struct filled_step **out) MUST_CHECK;
enum err maker_make(struct maker *m, struct filled_step *f, struct made_step **out) MUST_CHECK;

/* Goes through the whole difference once and counts; duplicates are told with their row. */
struct count_params {
    struct difference_params difference;
    void (*duplicate)(void *ctx, uint32_t row);
    void *ctx;
};
struct make_totals {
    struct make_counts counts; /* aged is always 0 */
    uint64_t stock;            /* records contributed before */
};
enum err maker_count(const struct count_params *p, struct make_totals *out) MUST_CHECK;

#endif
