/* A witness brings its cosignature and gets the next head to cosign (docs/protocol.md, "Witnesses"). What
 * the bytes inside hold is of proto/log: notes, signature lines and add-checkpoint requests. */
#ifndef SLUIS_MSG_COSIGN_H
#define SLUIS_MSG_COSIGN_H

#include "proto/base/arena.h"
#include "proto/base/buf.h"

#define COSIGN_MAX_LINES_BYTES ((size_t)16 << 10)
#define COSIGN_MAX_WITNESS_BYTES ((size_t)255)       /* NOTE_MAX_NAME */
#define COSIGN_MAX_ORIGIN_BYTES ((size_t)255)        /* NOTE_MAX_NAME */
#define COSIGN_MAX_AWAY_S (INT64_C(31) * 24 * 3600)  /* from its beginning to its end */
#define COSIGN_MAX_NOTE_BYTES ((size_t)256 << 10)    /* NOTE_MAX_BYTES */
#define COSIGN_MAX_REQUEST_BYTES ((size_t)260 << 10) /* WITNESS_REQUEST_MAX_BYTES */

struct cosign {
    uint64_t size;      /* of the newest head that this witness cosigned; 0: none yet */
    struct bytes lines; /* signature lines over it; empty exactly where size is 0 */
    /* An announcement that this witness will be away, at most COSIGN_MAX_AWAY_S; empty and 0: there is none. */
    struct bytes witness;
    int64_t away_from_s;
    int64_t away_until_s;
    /* The origin of a log that has ended: size is of a head of it, and how it grew to the last one is asked. Nothing else is
     * there then. Empty: it is about the log of now. */
    struct bytes former;
};

struct cosign_reply {
    struct bytes request;  /* an add-checkpoint request; empty: nothing to cosign now */
    struct bytes cosigned; /* the newest checkpoint whose quorum was met; empty: none */
};

enum err cosign_encode(const struct cosign *c, struct buf *out) MUST_CHECK;
enum err cosign_reply_encode(const struct cosign_reply *r, struct buf *out) MUST_CHECK;

/* Decode and validate into views and copies in arena a; errors as in envelope.h. */
enum err cosign_decode(struct bytes data, struct arena *a, struct cosign *out,
                       struct errmsg *why) MUST_CHECK;
enum err cosign_reply_decode(struct bytes data, struct arena *a, struct cosign_reply *out,
                             struct errmsg *why) MUST_CHECK;

#endif
