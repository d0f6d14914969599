/* Reading audit bodies through the broker (docs/protocol.md, "Bodies"). */
#ifndef SLUIS_MSG_BODIES_H
#define SLUIS_MSG_BODIES_H

#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"

#define BODIES_ROWS_MAX 1000u
#define BODY_MAX_BYTES 65536u

struct bodies_nonce {
    uint8_t b[16];
};

/* What the bodies are read for. */
enum bodies_purpose {
    BODIES_FOR_LIST = 1,
    BODIES_FOR_SHOW,
    BODIES_FOR_EXPLAIN,
    BODIES_FOR_SAMPLE,
    BODIES_FOR_REPORT,
    BODIES_FOR_EXPORT,
    BODIES_FOR_WATCH,
    BODIES_FOR_VERIFY,
    BODIES_PURPOSE_COUNT,
};

/* The form of an export. */
enum bodies_format {
    BODIES_CSV = 1,
    BODIES_JSONL,
    BODIES_BUNDLE,
    BODIES_ADL,
    BODIES_LDV, /* of an agency's own log alone */
    BODIES_FORMAT_COUNT,
};

/* Which of them the reader wants. Empty texts, zero times and clear flags let everything through. Of an officer's
 * pseudonym, of a header and of a case there is only entry_ref under the salt ("officer", "request", "case"). */
struct bodies_filter {
    int64_t since_s;
    int64_t until_s; /* not included */
    struct agency_id agency;
    struct name rule;
    struct name event;
    struct name decision;
    struct salt salt;
    bool has_officer;
    struct digest officer;
    bool has_request;
    struct digest request;
    bool has_case;
    struct digest dossier;
};

/* Names of which a filter has the digest, those that whoever reads all says so that they are found by lists. */
struct bodies_sought {
    struct name officer; /* the monthly pseudonym; "": not said */
    bool has_request;
    struct digest request; /* of a header */
    bool has_case;
    struct case_id dossier;
};

struct bodies_query {
    struct name deployment;
    struct agency_id reader;
    struct name staff;
    struct name function;
    uint64_t from_index;
    uint32_t max_rows; /* 1 … BODIES_ROWS_MAX */
    int64_t issued_at_s;
    struct bodies_nonce nonce;
    enum bodies_purpose purpose;
    struct bodies_filter filter;
    bool narrow; /* only bodies that fit it; of an auditor alone */
    struct bodies_sought sought; /* with narrow alone, and each with its digest in the filter */
};

/* What an officer took out of the log. */
struct bodies_exported {
    struct name deployment;
    struct agency_id reader;
    struct name staff;
    struct name function;
    enum bodies_format format;
    uint64_t rows;
    struct digest sha256; /* of the file */
    struct bodies_filter filter;
    int64_t issued_at_s;
    struct bodies_nonce nonce;
};

struct bodies {
    struct bytes document; /* exact bytes of a bodies_query or a bodies_exported */
    struct bytes signature;
    struct digest fingerprint;
};

struct body_row {
    uint64_t index;
    struct digest entry;
    struct bytes body; /* empty where this reader may not see it or none exists */
    bool is_erased;    /* its time is over; this reader could have seen it */
    bool is_unreadable; /* it is damaged in the store; this reader could have seen it */
    bool is_lost;       /* a restored store never had it (decision 0409); told to auditors. At most one of the three */
};

struct bodies_reply {
    uint64_t size; /* of the published tree */
    const struct body_row *rows;
    size_t row_count;
    uint64_t next_index; /* 0: no more */
};

/* "list", "csv", …; "?" outside the set. ERR_UNKNOWN for any other text. */
const char *bodies_purpose_id(enum bodies_purpose p);
enum err bodies_purpose_parse(struct bytes id, enum bodies_purpose *out) MUST_CHECK;
const char *bodies_format_id(enum bodies_format f);
enum err bodies_format_parse(struct bytes id, enum bodies_format *out) MUST_CHECK;

/* Whether two filters let the same through, digest for digest. */
bool bodies_filter_equal(const struct bodies_filter *a, const struct bodies_filter *b);
bool bodies_sought_is_empty(const struct bodies_sought *s);
bool bodies_sought_equal(const struct bodies_sought *a, const struct bodies_sought *b);

enum err bodies_query_encode(const struct bodies_query *q, struct buf *out) MUST_CHECK;
enum err bodies_exported_encode(const struct bodies_exported *x, struct buf *out) MUST_CHECK;
enum err bodies_encode(const struct bodies *b, struct buf *out) MUST_CHECK;
enum err bodies_reply_encode(const struct bodies_reply *r, struct buf *out) MUST_CHECK;

/* Decode and validate into views and copies in arena a; errors as in envelope.h. */
enum err bodies_query_decode(struct bytes data, struct arena *a, struct bodies_query *out,
                             struct errmsg *why) MUST_CHECK;
enum err bodies_exported_decode(struct bytes data, struct arena *a, struct bodies_exported *out,
                                struct errmsg *why) MUST_CHECK;
enum err bodies_decode(struct bytes data, struct arena *a, struct bodies *out,
                       struct errmsg *why) MUST_CHECK;
enum err bodies_reply_decode(struct bytes data, struct arena *a, struct bodies_reply *out,
                             struct errmsg *why) MUST_CHECK;

#endif
