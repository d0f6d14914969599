/* The token index: immutable sorted runs, read through a catalogue (docs/index.md). Nothing above
 * this folder sees a run, a block or a cursor. All writes happen in writer jobs. */
#ifndef SLUIS_BROKER_INDEX_H
#define SLUIS_BROKER_INDEX_H

#include "proto/base/arena.h"
#include "proto/base/enums.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"

struct kv;
struct kv_txn;

struct index;

/* What a look-up yields: a live record of one agency. */
struct index_hit {
    struct handle handle;
    struct batch_id batch;
    uint16_t category; /* its number in the policy */
    uint32_t expires_day;
};

/* Whose records are asked, and when "today" is. */
struct index_query {
    struct name purpose;
    uint32_t epoch;
    struct agency_id holder;
    uint32_t today; /* days since 1970-01-01 UTC */
};

/* Opens the tables, making those that are absent. Before the first writer job. ERR_IO,
 * ERR_NO_SPACE, ERR_NOMEM. What an interrupted run or merge left is discarded by keeper_new. */
enum err index_new(struct kv *kv, struct index **out, struct errmsg *why) MUST_CHECK;
void index_free(struct index *ix);
DEFINE_CLEANUP(struct index, index_free)

/* All live records of the holder that carry the token, at most max, in order of handle. Any
 * transaction, which alone decides what is seen: two look-ups in one transaction see one state.
 * *count equal to max: there may be more. ERR_IO, ERR_NOMEM, ERR_INVALID: the store is damaged. */
enum err index_find(struct index *ix, struct kv_txn *txn, const struct index_query *q,
                    enum ident_type type, const struct token *token, struct index_hit *out,
                    size_t max, size_t *count) MUST_CHECK;

/* Whether this record of the holder is live under the token. ERR_NOT_FOUND where it is not (never
 * came, withdrawn, expired); errors as index_find. */
enum err index_live(struct index *ix, struct kv_txn *txn, const struct index_query *q,
                    enum ident_type type, const struct token *token, const struct handle *handle,
                    struct index_hit *out) MUST_CHECK;

/* Whether the holder sends batches of this purpose and epoch again that a restored store lacks: what it took back may be
 * here still, and what it added not yet, so that nothing of it may answer (decision 0416). Any transaction. ERR_IO,
 * ERR_INVALID. */
enum err index_is_awaited(struct index *ix, struct kv_txn *txn, const struct index_query *q,
                          bool *out) MUST_CHECK;

/* What the holder has contributed in a purpose: for Closed (coverage says the same whatever was
 * asked). Lists live in the arena. A holder that never contributed has an empty coverage. */
struct index_coverage {
    int64_t last_full_import_s; /* 0: never */
    const struct name *categories;
    size_t category_count;
    bool types[IDENT_TYPE_COUNT];
};
enum err index_coverage(struct index *ix, struct kv_txn *txn, const struct index_query *q,
                        struct arena *a, struct index_coverage *out) MUST_CHECK;

/* Store thread: one slice of dropping all that was contributed in a purpose and epoch, which is destroyed:
 * runs, chains, counts. Runs are deleted by the keeper after that. *dropped grows by what went; *more:
 * call again, in another job. What is gone stays gone, so that it may begin anew at any time. */
struct index_epoch {
    struct name purpose;
    uint32_t epoch;
};
enum err index_drop_epoch(struct index *ix, struct kv_txn *txn, const struct index_epoch *of,
                          size_t *dropped, bool *more) MUST_CHECK;

/* The header under which a batch came, its signature and the broker's promise for it; views of the
 * transaction. ERR_NOT_FOUND. */
struct index_batch {
    struct bytes header;
    struct bytes signature;
    struct bytes promise;
    struct bytes promise_signature;
};
enum err index_batch(struct index *ix, struct kv_txn *txn, const struct batch_id *id,
                     struct index_batch *out) MUST_CHECK;

#endif
