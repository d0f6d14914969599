/* Fixed size classes, so that a sealed length tells no more than its class. */
#ifndef SLUIS_PKI_PAD_H
#define SLUIS_PKI_PAD_H

#include "proto/base/buf.h"

#define PAD_MAX_BYTES ((size_t)2 << 20)

/* The size class of a content of n bytes: the smallest of 1, 2, 4 … KiB up to PAD_MAX_BYTES that holds
 * n and a length of four bytes and is at least least_bytes; 0 where none does. */
size_t pad_class(size_t n, size_t least_bytes);

/* Appends {u32 length, content, zeros} filling the class. ERR_TOO_LARGE, ERR_NOMEM. */
enum err pad_put(struct buf *out, struct bytes content, size_t least_bytes) MUST_CHECK;

/* The content inside, as a view. ERR_INVALID for a size that is no class, a length that does not fit or
 * a byte of padding that is not zero; time depends on public sizes only, up to the first such fault. */
enum err pad_get(struct bytes padded, struct bytes *content) MUST_CHECK;

#endif
