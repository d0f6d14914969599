/* An agency offers the newest head of its own log to the broker, which is its witness (docs/protocol.md, "Heads of the
 * agencies' logs"). What the bytes inside hold is of proto/log: verifier keys, add-checkpoint requests, notes and lines. */
#ifndef SLUIS_MSG_AGENCY_HEAD_H
#define SLUIS_MSG_AGENCY_HEAD_H

#include "proto/base/arena.h"
#include "proto/base/buf.h"

#define AGENCY_HEAD_MAX_KEYS 2u
#define AGENCY_HEAD_MAX_KEY_BYTES ((size_t)400) /* a name of 255 bytes, id and key of an Ed25519 key */
#define AGENCY_HEAD_MAX_REQUEST_BYTES ((size_t)8 << 10) /* 63 hashes and a head with the lines of two keys */
#define AGENCY_HEAD_MAX_LINES_BYTES ((size_t)1 << 10)
#define AGENCY_HEAD_MAX_VOUCH_BYTES ((size_t)2 << 10)

struct agency_head {
    struct bytes keys[AGENCY_HEAD_MAX_KEYS]; /* text */
    size_t key_count;                        /* 1 or 2 */
    struct bytes request;
    struct bytes vouch; /* a signed log_vouch (signed.h, log_vouch.h); empty: none */
};

/* Beside the numbers of tlog-witness. */
#define AGENCY_HEAD_TOO_MANY 429u
#define AGENCY_HEAD_NO_WITNESS 503u

struct agency_head_reply {
    uint32_t status;      /* 200, 400, 403, 404, 409, 422, 429 or 503 */
    struct bytes witness; /* text; empty exactly where status is 503 */
    struct bytes lines;   /* empty exactly where status is not 200 */
    struct bytes known;   /* a signed note without cosignatures, or empty */
};

enum err agency_head_encode(const struct agency_head *h, struct buf *out) MUST_CHECK;
enum err agency_head_reply_encode(const struct agency_head_reply *r, struct buf *out) MUST_CHECK;

/* Decode and validate into views and copies in arena a; errors as in envelope.h. */
enum err agency_head_decode(struct bytes data, struct arena *a, struct agency_head *out,
                            struct errmsg *why) MUST_CHECK;
enum err agency_head_reply_decode(struct bytes data, struct arena *a, struct agency_head_reply *out,
                                  struct errmsg *why) MUST_CHECK;

#endif
