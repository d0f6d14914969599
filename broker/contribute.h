/* Contribution (docs/protocol.md, "Contribute"): batches under way, from their announcement to
 * their place in the index. */
#ifndef SLUIS_BROKER_CONTRIBUTE_H
#define SLUIS_BROKER_CONTRIBUTE_H

#include "broker/index/keeper.h"
#include "broker/staging.h"
#include "broker/turn.h"

#define CONTRIBUTE_CREDIT 2u       /* batches of one agency under way */
#define CONTRIBUTE_STAGINGS_MAX 12 /* of all together: bounds the memory, as the next two */
#define CONTRIBUTE_CHUNK_BYTES ((size_t)1 << 20)
#define CONTRIBUTE_WORKING_MAX 24 /* chunks that wait for the pool or are on it */
#define CONTRIBUTE_IDLE_S 120     /* without a chunk; then its sender begins again */
#define CONTRIBUTE_RUNS_MAX 512   /* in all lists; then merging must catch up first */

enum staging_state {
    STAGING_COLLECTING = 1, /* chunks come */
    STAGING_SORTING,        /* a worker joins them */
    STAGING_WRITING,        /* the keeper writes the run */
    STAGING_READY,          /* waits until earlier batches of its agency are through */
    STAGING_APPLYING,       /* its turn went on */
};

/* One batch. In a list in order of announcement. */
struct staging {
    struct contribute *owner;
    struct staging *next;
    enum staging_state state;
    struct turn *turn; /* held; NULL once it is done */
    struct batch_header header;
    struct digest header_digest;
    struct bytes header_bytes; /* in the turn's arena, as the signature */
    struct bytes signature;
    uint32_t chunks;
    uint32_t arrived;
    unsigned working; /* worker jobs under way */
    bool has[BATCH_CHUNKS_MAX];
    struct staged_chunk *chunk[BATCH_CHUNKS_MAX];
    struct staged_batch *batch; /* NULL: an end batch */
    struct staging_fault fault;
    struct fresh fresh;
    struct keeper_write write;
    int64_t last_s;
};

#define CONTRIBUTE_REFUSED_KEPT 32

struct contribute {
    struct broker *broker;
    struct keeper *keeper;
    struct loop_timer *timer;
    struct staging *first;
    size_t count;
    size_t working; /* chunk jobs under way */
    /* Batches that were refused last: chunks of theirs that are on the way are passed over. */
    struct batch_id refused[CONTRIBUTE_REFUSED_KEPT];
    size_t refused_next;
};

/* What the batch turn carries in turn.decoded. */
struct batch_turn {
    struct batch_message message;
    struct batch_header header;
    struct digest header_digest;
    struct staging *staging; /* NULL: the batch id is known already */
    bool is_again; /* it was accepted before, and a store that was restored within a month awaits it */
};

/* Loop thread, of a batch that is announced; each refuses otherwise. */
enum err contribute_check_signature(struct turn *t, const struct batch_turn *b) MUST_CHECK;
enum err contribute_check_header(struct turn *t, const struct batch_turn *b) MUST_CHECK;
/* Any transaction, before it: sets b->is_again. */
enum err contribute_note_again(struct turn *t, struct kv_txn *txn, struct batch_turn *b) MUST_CHECK;

/* Store thread: the effect of a batch, and what is stored with its promise. */
enum err contribute_apply(struct turn *t, struct kv_txn *txn) MUST_CHECK;
enum err contribute_record(struct turn *t, struct kv_txn *txn) MUST_CHECK;

/* Any transaction: whether the header continues its chain; refuses otherwise. */
enum err contribute_check_chain(struct turn *t, struct kv_txn *txn,
                                const struct batch_turn *b) MUST_CHECK;

/* Store thread: asks the policy as broker about every rule and category of the batch; refuses at
 * the first denial. What was judged goes into the turn's audit. agency: the contributor's short
 * number, 0 where it has none yet. */
enum err contribute_judge(struct turn *t, struct kv_txn *txn, const struct batch_turn *b,
                          uint16_t agency) MUST_CHECK;

#endif
