/* One valid encoding of every wire message, and its decoder and encoder behind one shape: what the
 * table tests, the fuzz target and its seeds share. */
#ifndef SLUIS_TESTS_WIRE_SAMPLES_H
#define SLUIS_TESTS_WIRE_SAMPLES_H

#include "proto/base/arena.h"
#include "proto/base/buf.h"

#define WIRE_ARENA_BYTES ((size_t)48 << 20)

struct wire_kind {
    const char *name;
    /* Appends a valid encoding. */
    enum err (*sample)(struct arena *a, struct buf *out);
    /* Decodes data and appends the encoding of what was read. */
    enum err (*again)(struct bytes data, struct arena *a, struct buf *out, struct errmsg *why);
};

extern const struct wire_kind wire_kinds[];
extern const size_t wire_kind_count;

#endif
