/* The agent's own row of a batch that it made: header and signature as they went out, what is needed to
 * make its chunks again, and the broker's promise once there is one. */
#ifndef SLUIS_RECORDS_BATCH_ROW_H
#define SLUIS_RECORDS_BATCH_ROW_H

#include "agent/records/record_row.h"
#include "agent/records/handle_code.h"
#include "agent/store/store.h"

enum batch_state {
    BATCH_PREPARED = 1, /* made, stored and on its way */
    BATCH_ACCEPTED,     /* by the broker */
    BATCH_APPLIED,      /* and LIVE and GONE say so */
    BATCH_REFUSED,      /* by the broker; to be deleted */
    BATCH_VOID,         /* accepted, of a full import that failed: never in effect, here or at the broker; the chain has it */
};

struct batch_row {
    enum batch_state state;
    enum batch_kind kind;
    uint32_t data_set;
    uint32_t record_count;
    uint32_t token_count;
    uint32_t chunks;
    struct bytes secret; /* 32 bytes: root of the salts; empty for withdraw and end */
    struct bytes header;
    struct bytes signature;
    struct bytes promise; /* empty until accepted, as the next */
    struct bytes promise_signature;
    struct record_shape shape; /* of an add batch */
};

/* Its epoch ended, and what is left of it is what the source said: nothing is answered from it. */
static inline bool batch_row_is_bare(const struct batch_row *row)
{
    return row->header.len == 0;
}

/* Writes the row of batch number no. In a writer job; errors as store_put. */
enum err batch_row_put(struct store *s, struct kv_txn *txn, uint32_t no,
                       const struct batch_row *row) MUST_CHECK;
/* Reads it; views and copies in the arena. ERR_NOT_FOUND; ERR_INVALID, ERR_TRUNCATED: the store is
 * damaged; else as store_get. */
enum err batch_row_get(struct store *s, struct kv_txn *txn, uint32_t no, struct arena *a,
                       struct batch_row *out) MUST_CHECK;

/* Leaves of a batch in order: 32 bytes each. */
enum err batch_leaves_get(struct store *s, struct kv_txn *txn, uint32_t no, struct arena *a,
                          const struct digest **out, size_t *count) MUST_CHECK;

/* What a batch does to its data set once it is in effect: for an add batch one entry for each record,
 * by ascending key; for a withdraw batch the entries as they were, in the order of the leaves. */
struct batch_items {
    struct bytes packed; /* LIVE_ENTRY_BYTES each */
    size_t count;
};
struct live_entry;
enum err batch_items_get(struct store *s, struct kv_txn *txn, uint32_t no, struct arena *a,
                         struct batch_items *out) MUST_CHECK;
enum err batch_items_at(const struct batch_items *items, size_t i,
                        struct live_entry *out) MUST_CHECK;

/* Keys of tables by batch number, and by number and block or index. */
#define BATCH_KEY_BYTES 8
struct bytes batch_key(uint32_t no, uint8_t room[static BATCH_KEY_BYTES]);
struct bytes batch_key_at(struct record_place place, uint8_t room[static BATCH_KEY_BYTES]);

/* The stored version of a record. Views in the arena. ERR_NOT_FOUND; else as store_get. */
enum err record_version_get(struct store *s, struct kv_txn *txn, struct record_place place,
                            struct arena *a, struct record_version *out) MUST_CHECK;

#endif
