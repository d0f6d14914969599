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

struct bodies_query {
    struct name deployment;
    struct agency_id reader;
    struct name staff;
    struct name function;
    uint64_t from_index;
    uint32_t max_rows; /* 1 … BODIES_ROWS_MAX */
    int64_t issued_at_s;
    struct bodies_nonce nonce;
};

struct bodies {
    struct bytes query; /* exact bytes of a bodies_query */
    struct bytes signature;
    struct digest fingerprint;
};

struct body_row {
    uint64_t index;
    struct digest entry;
    struct bytes body; /* empty where this reader may not see it or none exists */
};

struct bodies_reply {
    uint64_t size; /* of the published tree */
    const struct body_row *rows;
    size_t row_count;
    uint64_t next_index; /* 0: no more */
};

enum err bodies_query_encode(const struct bodies_query *q, struct buf *out) MUST_CHECK;
enum err bodies_encode(const struct bodies *b, struct buf *out) MUST_CHECK;
enum err bodies_reply_encode(const struct bodies_reply *r, struct buf *out) MUST_CHECK;

/* Decode and validate into views and copies in arena a; errors as in envelope.h. */
enum err bodies_query_decode(struct bytes data, struct arena *a, struct bodies_query *out,
                             struct errmsg *why) MUST_CHECK;
enum err bodies_decode(struct bytes data, struct arena *a, struct bodies *out,
                       struct errmsg *why) MUST_CHECK;
enum err bodies_reply_decode(struct bytes data, struct arena *a, struct bodies_reply *out,
                             struct errmsg *why) MUST_CHECK;

#endif
