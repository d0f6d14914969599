/* The entries of the published log, for whoever mirrors it (docs/protocol.md, "Mirrors"). What the checkpoint
 * holds is of proto/log. */
#ifndef SLUIS_MSG_ENTRIES_H
#define SLUIS_MSG_ENTRIES_H

#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/hash.h"

#define ENTRIES_MAX 16384u /* in one reply */
#define ENTRIES_MAX_CHECKPOINT_BYTES ((size_t)256 << 10) /* NOTE_MAX_BYTES */

struct entries {
    uint64_t from; /* index of the first one */
};

struct entries_reply {
    struct bytes checkpoint; /* the newest one that is shown; empty: none yet */
    uint64_t from;
    struct bytes entries; /* of the tree of that checkpoint; 32 bytes each, at most ENTRIES_MAX */
};

enum err entries_encode(const struct entries *m, struct buf *out) MUST_CHECK;
enum err entries_reply_encode(const struct entries_reply *r, struct buf *out) MUST_CHECK;

/* Decode and validate into views of data in arena a; errors as in envelope.h. */
enum err entries_decode(struct bytes data, struct arena *a, struct entries *out, struct errmsg *why) MUST_CHECK;
enum err entries_reply_decode(struct bytes data, struct arena *a, struct entries_reply *out,
                              struct errmsg *why) MUST_CHECK;

#endif
