/* The token index: immutable sorted runs, read through a catalogue (docs/architecture.md). Nothing
 * above this folder sees a run, a block or a cursor. All writes happen in writer jobs. */
#ifndef SLUIS_BROKER_INDEX_H
#define SLUIS_BROKER_INDEX_H

#include "proto/base/arena.h"
#include "proto/base/enums.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"

struct kv;
struct kv_txn;
struct loop;
struct writer;

struct index;

/* One token as it lies in a run. */
struct index_entry {
    enum ident_type type;
    struct token token;
    uint16_t agency; /* the store's short number of a contributor */
    struct handle handle;
    uint16_t category; /* its number in the policy */
    uint32_t expires_day;
    struct batch_id batch;
    bool tombstone;
};

/* What a look-up yields: a live record of one agency. */
struct index_hit {
    struct handle handle;
    struct batch_id batch;
    uint16_t category;
    uint32_t expires_day;
};

/* Whose records are asked, and when "today" is. */
struct index_query {
    struct name purpose;
    uint32_t epoch;
    struct agency_id holder;
    uint32_t today; /* days since 1970-01-01 UTC */
};

/* Opens the tables and discards what an interrupted run or merge left. ERR_IO, ERR_NO_SPACE,
 * ERR_NOMEM. */
enum err index_new(struct kv *kv, struct index **out, struct errmsg *why) MUST_CHECK;
void index_free(struct index *i);
DEFINE_CLEANUP(struct index, index_free)

/* All live records of the holder that carry the token, at most max, in order of handle. Any
 * transaction. *count may equal max where there are more. ERR_IO, ERR_NOMEM. */
enum err index_find(struct index *i, struct kv_txn *txn, const struct index_query *q,
                    enum ident_type type, const struct token *token, struct index_hit *out,
                    size_t max, size_t *count) MUST_CHECK;

/* What the holder has contributed in a purpose: for Closed (coverage says the same whatever was
 * asked). Lists live in the arena. */
struct index_coverage {
    int64_t last_full_import_s; /* 0: never */
    const struct name *categories;
    size_t category_count;
    bool types[IDENT_TYPE_COUNT];
};
enum err index_coverage(struct index *i, struct kv_txn *txn, const struct index_query *q,
                        struct arena *a, struct index_coverage *out) MUST_CHECK;

/* The header under which a batch came, its signature and the broker's promise for it; views of the
 * transaction. ERR_NOT_FOUND. */
struct index_batch {
    struct bytes header;
    struct bytes signature;
    struct bytes promise;
    struct bytes promise_signature;
};
enum err index_batch(struct index *i, struct kv_txn *txn, const struct batch_id *id,
                     struct index_batch *out) MUST_CHECK;

#endif
