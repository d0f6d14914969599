/* join: for each part a u32 big-endian length, then the part (docs/protocol.md, "Bytes"). */
#ifndef SLUIS_BASE_JOIN_H
#define SLUIS_BASE_JOIN_H

#include "proto/base/buf.h"

/* Appends one part to b. A part over 2^32-1 bytes sets ERR_TOO_LARGE. */
void join_part(struct buf *b, struct bytes part);
void join_str(struct buf *b, const char *part);
void join_u32(struct buf *b, uint32_t v); /* a part of four bytes */
void join_u64(struct buf *b, uint64_t v); /* a part of eight bytes */

/* Appends a list as one part: the join of its items in ascending byte order. Sorts items in place. */
void join_list(struct buf *b, struct bytes *items, size_t count);

#endif
