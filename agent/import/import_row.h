/* What lasts of an import: its row, from the moment at which its difference is known until the next
 * import; and what is counted for each data set, purpose and epoch. */
#ifndef SLUIS_IMPORT_IMPORT_ROW_H
#define SLUIS_IMPORT_IMPORT_ROW_H

#include "agent/import/maker.h"
#include "proto/log/merkle.h"

#define IMPORT_LEGS_MAX 8u

enum import_state {
    IMPORT_SENDING = 1, /* batches are made and sent */
    IMPORT_DONE,        /* all of it is in effect */
    IMPORT_FAILED,      /* stopped; row.failure tells why */
};

/* One purpose and epoch. */
struct import_leg {
    struct name purpose;
    uint32_t epoch;
    uint32_t data_set;
    uint32_t runs;
    struct name_list rules; /* ascending */
    struct import_id import_id;
    uint32_t first_batch; /* numbers of its batches: from here up to */
    uint32_t next_batch;  /* not including this */
    bool is_made;         /* all its batches are */
    bool has_cursor;
    struct live_digest cursor;
    struct chain_head head; /* behind the last batch that was made */
    struct make_counts counts;
};

struct import_row {
    enum import_state state;
    struct name source;
    enum import_mode mode;
    bool withdraws_lacking; /* what the source does not say is withdrawn */
    struct digest policy_digest;
    int64_t started_s;
    int64_t ended_s;
    uint32_t today;
    struct name_list fields;
    struct name_list categories;
    struct import_leg legs[IMPORT_LEGS_MAX];
    uint32_t leg_count;
    uint32_t leg;          /* the one under way */
    struct bytes report;   /* JSON: what reading the source found */
    struct bytes failure;  /* one line, of IMPORT_FAILED */
};

/* The row of the latest import. put: in a writer job. get: copies in the arena; ERR_NOT_FOUND: there
 * was none yet; ERR_INVALID, ERR_TRUNCATED: the store is damaged; else as store_get. */
enum err import_row_put(struct store *s, struct kv_txn *txn,
                        const struct import_row *row) MUST_CHECK;
enum err import_row_get(struct store *s, struct kv_txn *txn, struct arena *a,
                        struct import_row *out) MUST_CHECK;

/* The number of a data set, which is made where it is absent (in a writer job), or ERR_NOT_FOUND. */
struct data_set_id {
    struct name source;
    struct name purpose;
    uint32_t epoch;
};
enum err data_set_make(struct store *s, struct kv_txn *txn, const struct data_set_id *id,
                       uint32_t *no) MUST_CHECK;
enum err data_set_find(struct store *s, struct kv_txn *txn, const struct data_set_id *id,
                       uint32_t *no) MUST_CHECK;

/* The last header of a chain that the broker accepted; sequence 0 where there is none. */
struct chain_id {
    struct name purpose;
    uint32_t epoch;
};
enum err chain_head_get(struct store *s, struct kv_txn *txn, const struct chain_id *id,
                        struct chain_head *out) MUST_CHECK;
enum err chain_head_put(struct store *s, struct kv_txn *txn, const struct chain_id *id,
                        const struct chain_head *head) MUST_CHECK;

/* Identifiers that were added in a purpose and epoch, by day. */
enum err additions_count(struct store *s, struct kv_txn *txn, const struct chain_id *id,
                         uint32_t from_day, uint64_t *out) MUST_CHECK;
enum err additions_add(struct store *s, struct kv_txn *txn, const struct chain_id *id,
                       uint32_t day, uint64_t count) MUST_CHECK;

#endif
