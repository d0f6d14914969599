/* A source on its way into the stage: bytes in, rows parsed, checked, asked of the rules, and
 * gathered in windows, one for each leg. The steps run on a worker, one at a time; a window that is
 * full is written while the next is filled. */
#ifndef SLUIS_IMPORT_READING_H
#define SLUIS_IMPORT_READING_H

#include "agent/import/admit.h"
#include "agent/import/field_terms.h"
#include "agent/import/stage.h"
#include "agent/protected/protected_list.h"
#include "agent/records/record_row.h"
#include "agent/source/row_reader.h"

#define READING_LEGS_MAX 16u
#define READING_CHUNK_MAX ((size_t)1 << 20)
#define READING_REJECTS_MAX ((size_t)8 << 20)

/* One purpose and epoch that the records are offered in. */
struct reading_leg {
    struct admit *admit;         /* owned by the reading */
    struct live_hash *hash;      /* likewise */
    struct stage_window *window; /* is filled */
    struct stage_window *handed; /* is written; NULL: none is */
    struct stage_window *spare;  /* NULL: not needed yet, or handed */
    uint32_t runs;               /* written so far */
    uint64_t kept_out[CONDITION_COUNT];
    enum masking masks[RECORD_FIELDS_MAX]; /* of the reading's fields, in their order */
};

struct reading_params {
    struct store *store;
    struct protected_list *protected_list; /* NULL: none is kept */
    struct mapping *mapping;               /* taken */
};

struct reading {
    struct reading_params p;
    struct row_reader *reader;
    struct reading_leg legs[READING_LEGS_MAX];
    size_t leg_count;
    struct name_list fields;               /* ascending */
    struct name_list categories;           /* of the mapping, each once */
    size_t field_order[RECORD_FIELDS_MAX]; /* position in the mapping of each of fields */
    struct arena *arena;
    struct buf chunk;
    struct buf content;
    struct buf masked;  /* values of the row at hand that are not taken as they stand */
    struct buf rejects; /* the report */
    bool rejects_cut;
    bool is_finished; /* no bytes follow */
    bool is_ended;    /* every row was seen */
    bool is_fed;
    struct errmsg why;
};

/* Takes the mapping, also on failure. ERR_LIMIT: too many fields; ERR_NOMEM. */
enum err reading_new(const struct reading_params *p, struct reading **out,
                     struct errmsg *why) MUST_CHECK;
void reading_free(struct reading *r);
DEFINE_CLEANUP(struct reading, reading_free)

/* Adds a leg, which masks the fields as terms say; takes admit and hash, also on failure.
 * ERR_LIMIT, ERR_NOMEM; ERR_MISMATCH as field_terms_masking, why tells. */
enum err reading_add_leg(struct reading *r, struct admit *admit, struct live_hash *hash,
                         const struct field_terms *terms, struct errmsg *why) MUST_CHECK;

/* Gives the next bytes (copied; only where the step before ended with all bytes used up) or, empty,
 * their end. ERR_TOO_LARGE, ERR_NOMEM. */
enum err reading_feed(struct reading *r, struct bytes data) MUST_CHECK;

enum reading_step {
    READING_MORE = 1, /* all bytes are used up: feed */
    READING_FULL,     /* a window is full: hand over, then go on */
    READING_END,      /* every row was seen; windows hold the rest */
};

/* Goes on until one of these. On a worker. Errors are about the source as a whole, r->why tells; or
 * ERR_NOMEM, ERR_CRYPTO, ERR_IO. */
enum err reading_run(struct reading *r, enum reading_step *out) MUST_CHECK;

/* On the loop, between two runs and two writes: takes each leg's window that is full or, at the
 * end, not empty, and puts another in its place. ERR_NOMEM. */
enum err reading_hand_over(struct reading *r) MUST_CHECK;
/* What was handed over is digested on a worker and then written in a writer job, both also while
 * reading runs. Afterwards, on the loop, reading_wrote. Errors as stage_window_digest,
 * stage_window_write. */
enum err reading_digest(struct reading *r) MUST_CHECK;
enum err reading_write(const struct reading *r, struct kv_txn *txn) MUST_CHECK;
void reading_wrote(struct reading *r);

/* Adds a line to the reject report. */
void reading_reject(struct reading *r, const struct reject *reject);

#endif
