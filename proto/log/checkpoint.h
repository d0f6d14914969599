/* The text of a log head (C2SP tlog-checkpoint v1.0.0): origin, size, root. */
#ifndef SLUIS_LOG_CHECKPOINT_H
#define SLUIS_LOG_CHECKPOINT_H

#include "proto/base/buf.h"
#include "proto/base/hash.h"

struct checkpoint {
    struct bytes origin;
    uint64_t size;
    struct digest root;
    struct bytes extension; /* lines after the root, with their '\n'; usually empty */
};

/* Parses a note text; views point into it. ERR_TRUNCATED, ERR_INVALID, ERR_RANGE. */
enum err checkpoint_parse(struct bytes text, struct checkpoint *out) MUST_CHECK;

/* Appends the text. */
void checkpoint_write(const struct checkpoint *c, struct buf *out);

#endif
