/* A growable byte buffer that owns its memory, with a cap and a sticky error.
 * Writers return nothing: after the last one, buf_err() says whether all fitted. */
#ifndef SLUIS_BASE_BUF_H
#define SLUIS_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/err.h"

struct buf {
    uint8_t *ptr;
    size_t len;
    size_t cap;
    size_t max;   /* len never passes it */
    bool fixed;   /* storage is the caller's and does not grow */
    enum err err; /* the first failure; later writes do nothing */
};

/* An empty buffer that grows on the heap up to max_bytes. Release with buf_free. */
struct buf buf_new(size_t max_bytes);

/* An empty buffer over the caller's storage; nothing to free. */
struct buf buf_fixed(void *storage, size_t size);

/* Marks b as failed, for writers built on top of it; the first error stays. */
void buf_fail(struct buf *b, enum err e);

/* Wipes, frees and empties; a buffer that grows wipes the memory that it leaves. buf_free(NULL) and a fixed buffer, whose
 * storage is the caller's to wipe, are no-ops. */
void buf_free(struct buf *b);

/* Appends. data must not lie in b, whose memory may move. */
void buf_put(struct buf *b, struct bytes data);
void buf_put_str(struct buf *b, const char *s);
void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_u16(struct buf *b, uint16_t v); /* big-endian, as all below */
void buf_put_u32(struct buf *b, uint32_t v);
void buf_put_u64(struct buf *b, uint64_t v);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Grows len by n and returns the n zeroed new bytes, or NULL (error set). n = 0 reserves nothing and
 * may yield NULL without an error. */
uint8_t *buf_reserve(struct buf *b, size_t n);

/* ERR_OK, ERR_TOO_LARGE (cap reached) or ERR_NOMEM. */
enum err buf_err(const struct buf *b) MUST_CHECK;

/* The content; valid until the next write or buf_free. */
struct bytes buf_bytes(const struct buf *b);

/* Empties, keeps the memory, clears the error. */
void buf_reset(struct buf *b);

/* NUL-terminates (the NUL is not counted) and returns the text, or "" after an error. */
const char *buf_text(struct buf *b);

#endif
