/* One line of a bodies file (JSON Lines): {"index":…,"entry":"<hex>","body":"<base64>"}; body is null
 * or absent where the reader may not see it, or it was erased, is damaged or lost. */
#ifndef SLUIS_JSON_BODY_LINE_H
#define SLUIS_JSON_BODY_LINE_H

#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/hash.h"

#define BODY_LINE_MAX (64u << 10)

enum body_state {
    BODY_PRESENT = 1,
    BODY_HIDDEN, /* there is one, and this reader has no right to it */
    BODY_ERASED, /* there was one; its key is gone by retention */
    BODY_FILLER, /* there never was one */
    BODY_UNREADABLE, /* there is one, and it does not open where it is kept */
    BODY_LOST, /* there was one, and a store that was restored never had it */
    BODY_STATE_COUNT,
};

struct body_line {
    uint64_t index;
    struct digest entry;
    enum body_state state;
    struct bytes body; /* exact bytes; empty unless BODY_PRESENT */
};

/* "present" is written by having a body; the other states as "state". */
const char *body_state_id(enum body_state s);

/* Appends the line with its '\n'. */
enum err body_line_write(const struct body_line *l, struct buf *out) MUST_CHECK;

/* Parses a line without its '\n'; body lives in the arena. ERR_INVALID, ERR_UNKNOWN, ERR_TOO_LARGE,
 * ERR_NOMEM. */
enum err body_line_parse(struct bytes line, struct arena *arena, struct body_line *out,
                         struct errmsg *why) MUST_CHECK;

#endif
