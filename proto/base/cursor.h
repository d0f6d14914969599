/* Reads bytes from outside, front to back, with a sticky error: after the first failure every read
 * yields zero or an empty view, and cursor_done() tells. */
#ifndef SLUIS_BASE_CURSOR_H
#define SLUIS_BASE_CURSOR_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/err.h"

struct cursor {
    const uint8_t *pos;
    size_t left;
    enum err err;
};

struct cursor cursor_of(struct bytes data);

uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c); /* big-endian, as all below */
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);

/* The next n bytes as a view of the input. */
struct bytes cursor_bytes(struct cursor *c, size_t n);

/* A part of join(): u32 length, then the part; ERR_TOO_LARGE over max_bytes. */
struct bytes cursor_part(struct cursor *c, size_t max_bytes);

/* Copies exactly n bytes to out; zeroes out on failure. */
void cursor_copy(struct cursor *c, void *out, size_t n);

/* Text up to the next '\n', which is consumed and not part of the view; ERR_TRUNCATED without one. */
struct bytes cursor_line(struct cursor *c);

/* Marks the input as bad; the first error stays. ERR_OK changes nothing. */
void cursor_fail(struct cursor *c, enum err e);

/* ERR_OK where all reads fitted and nothing is left; ERR_INVALID where bytes are left. */
enum err cursor_done(const struct cursor *c) MUST_CHECK;

#endif
