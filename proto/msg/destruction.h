/* Which copies, backups and snapshots of an epoch's keys and index two officers declare destroyed. Each
 * signs the same document as SIGN_DESTRUCTION; the word on the epochs carries its digest, and attests that
 * this was declared and nothing more (decision 0901). */
#ifndef SLUIS_MSG_DESTRUCTION_H
#define SLUIS_MSG_DESTRUCTION_H

#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/ids.h"

#define DESTRUCTION_MAX_BYTES ((size_t)64 << 10)
#define DESTRUCTION_MAX_COPIES 256
#define DESTRUCTION_COPY_MAX_BYTES 200

struct destruction {
    struct name deployment;
    struct name purpose;
    uint32_t epoch; /* from 1 */
    const struct bytes *copies; /* 1 to DESTRUCTION_MAX_COPIES lines of text */
    size_t copy_count;
};

/* Reads and checks; views point into a. ERR_TOO_LARGE, ERR_NOMEM, ERR_RANGE, ERR_INVALID, or as
 * msg_scan. */
enum err destruction_decode(struct bytes document, struct arena *a, struct destruction *out,
                            struct errmsg *why) MUST_CHECK;

/* Appends the document after the same checks. */
enum err destruction_encode(const struct destruction *d, struct buf *out,
                            struct errmsg *why) MUST_CHECK;

#endif
