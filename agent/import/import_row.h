/* What lasts of an import: its row, from the moment at which its difference is known until the next
 * import of its origin. */
#ifndef SLUIS_IMPORT_IMPORT_ROW_H
#define SLUIS_IMPORT_IMPORT_ROW_H

#include "agent/import/data_set.h"
#include "agent/import/maker.h"
#include "proto/log/merkle.h"

#define IMPORT_LEGS_MAX 16u /* purposes, each in its active epochs */

enum import_state {
    IMPORT_SENDING = 1, /* batches are made and sent */
    IMPORT_DONE,        /* all of it is in effect */
    IMPORT_FAILED,      /* stopped; row.failure tells why */
};

/* Where the records come from. Of each kind the store keeps the latest row. */
enum import_origin {
    IMPORT_OF_SOURCE = 1, /* somebody ordered it: a source, or a withdrawal */
    IMPORT_OF_STORE,      /* what this agency contributes in an older epoch, into a new one */
};

/* Why a leg is not gone on with before all of it is in effect. */
enum leg_left {
    LEG_GOES_ON = 0,
    LEG_EPOCH_ENDED,
    LEG_SUSPENDED, /* the purpose is: it steps aside for others. The values are stored */
};

/* One purpose and epoch. */
struct import_leg {
    struct name purpose;
    uint32_t epoch;
    uint32_t data_set;
    uint32_t hash_set; /* the data set whose number the digests have */
    uint32_t from_set; /* of IMPORT_OF_STORE: the data set of the older epoch; else 0 */
    uint32_t runs;
    struct name_list rules; /* ascending */
    struct import_id import_id;
    uint32_t first_batch; /* numbers of its batches: from here up to */
    uint32_t next_batch;  /* not including this */
    bool is_made;         /* all its batches are */
    enum leg_left left;
    bool has_cursor;
    struct live_digest cursor;
    struct chain_head head; /* behind the last batch that was made */
    struct make_counts counts;
};

struct import_row {
    enum import_state state;
    enum import_origin origin;
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
    struct name staff;     /* who ordered it; "": this agent, or a program of before that kept it nowhere */
    struct bytes report;   /* JSON: what reading the source found */
    struct bytes failure;  /* one line, of IMPORT_FAILED; before its end: what was left out from the start */
};

/* The row of the latest import of an origin. put: in a writer job. get: copies in the arena; ERR_NOT_FOUND:
 * there was none yet; ERR_INVALID, ERR_TRUNCATED: the store is damaged; else as store_get. */
enum err import_row_put(struct store *s, struct kv_txn *txn,
                        const struct import_row *row) MUST_CHECK;
enum err import_row_get(struct store *s, struct kv_txn *txn, enum import_origin origin,
                        struct arena *a, struct import_row *out) MUST_CHECK;

#endif
