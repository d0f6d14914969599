/* Records out of the bytes of a source, as its mapping says: rows of CSV or JSON Lines, converted, normalised and
 * checked. What is not taken is told through a callback, without its value. */
#ifndef SLUIS_SOURCE_ROW_READER_H
#define SLUIS_SOURCE_ROW_READER_H

#include "agent/source/reject.h"
#include "agent/source/row_plan.h"
#include "proto/base/hash.h"

#define ROW_KEY_MAX 128u /* bytes of a record key */

/* What one run counted for one identifier type, rows included that another column kept out. */
struct type_counts {
    uint64_t read;       /* not empty */
    uint64_t accepted;   /* of these; duplicates not included */
    uint64_t normalised; /* accepted, and spelled otherwise than they came */
    uint64_t duplicates; /* the same value twice in one record */
    uint64_t rejected[IDENT_REASON_COUNT];
    uint64_t warnings[IDENT_WARN_COUNT]; /* by the number of the flag's bit */
};

struct row_counts {
    uint64_t rows;     /* behind the header, blank ones and the trailer not counted */
    uint64_t accepted; /* became records */
    uint64_t rejected[ROW_REASON_COUNT]; /* rows left out, by reason */
    uint64_t fields_rejected;            /* fields left empty in accepted rows */
    struct type_counts types[IDENT_TYPE_COUNT];
    bool is_cut_off; /* the source ends early, or its trailer disagrees: not a full source */
    bool trailer_found;
};

/* One record. Views live until the next call. */
struct row_record {
    uint64_t row;
    struct bytes key;
    const struct name *category;
    const struct norm_ident *identifiers; /* at least one; no two are equal */
    size_t identifiers_count;
    const struct bytes
        *fields; /* one for each field of the mapping, in its order; empty ones too */
    size_t fields_count;
};

enum row_event {
    ROW_RECORD = 1, /* a record */
    ROW_MORE,       /* all input is used up: feed or finish */
    ROW_END,        /* nothing follows; the counts are complete */
};

struct row_reader_params {
    const struct mapping *mapping;                     /* must outlive the reader */
    sha256_fn sha256; /* for the set of keys seen; NULL: the caller finds duplicate keys */
    void (*reject)(void *ctx, const struct reject *r); /* views live during the call; may be NULL */
    void *ctx;
};

struct row_reader;

/* NULL without memory (about 5 MiB). */
struct row_reader *row_reader_new(const struct row_reader_params *params);
void row_reader_free(struct row_reader *r);
DEFINE_CLEANUP(struct row_reader, row_reader_free)

/* As csv_feed and csv_finish. */
void row_reader_feed(struct row_reader *r, struct bytes chunk);
void row_reader_finish(struct row_reader *r);

/* The next event. Errors are about the source as a whole and end the run: ERR_INVALID for an empty
 * source or an unreadable header, what row_plan_bind says, ERR_NOMEM, ERR_CRYPTO; why tells. */
enum err row_reader_next(struct row_reader *r, enum row_event *event, struct row_record *out,
                         struct errmsg *why) MUST_CHECK;

/* What was counted so far. */
const struct row_counts *row_reader_counts(const struct row_reader *r);

#endif
