#include "proto/base/buf.h"

#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct buf buf_new(size_t max_bytes)
{
    return (struct buf){.max = max_bytes};
}

struct buf buf_fixed(void *storage, size_t size)
{
    return (struct buf){.ptr = storage, .cap = size, .max = size, .fixed = true};
}

/* All of it: what was in a buffer before a reset or a cut is still there. */
static void wipe_and_free(uint8_t *p, size_t cap)
{
    if (p != NULL)
        explicit_bzero(p, cap);
    free(p);
}

void buf_free(struct buf *b)
{
    if (b == NULL || b->fixed)
        return;
    wipe_and_free(b->ptr, b->cap);
    *b = (struct buf){.max = b->max};
}

void buf_fail(struct buf *b, enum err e)
{
    if (b->err == ERR_OK)
        b->err = e;
}

/* Room for n more bytes beyond len (not counted against max for a terminating NUL). */
static bool grow(struct buf *b, size_t n)
{
    size_t want;
    if (__builtin_add_overflow(b->len, n, &want))
        return false;
    if (want <= b->cap)
        return true;
    if (b->fixed)
        return false;
    size_t cap = b->cap < 64 ? 64 : b->cap;
    while (cap < want) {
        if (__builtin_mul_overflow(cap, (size_t)2, &cap))
            return false;
    }
    uint8_t *p = malloc(cap); /* realloc would leave the content where it was */
    if (p == NULL)
        return false;
    if (b->len > 0)
        memcpy(p, b->ptr, b->len);
    wipe_and_free(b->ptr, b->cap);
    b->ptr = p;
    b->cap = cap;
    return true;
}

/* Where the next n bytes go, or NULL with the error set; they are not counted yet. n is not 0. */
static inline uint8_t *room_for(struct buf *b, size_t n)
{
    if (b->err != ERR_OK)
        return NULL;
    if (n > b->max - b->len) {
        b->err = ERR_TOO_LARGE;
        return NULL;
    }
    if (n > b->cap - b->len && !grow(b, n)) {
        b->err = ERR_NOMEM;
        return NULL;
    }
    return b->ptr + b->len;
}

uint8_t *buf_reserve(struct buf *b, size_t n)
{
    if (n == 0)
        return b->err == ERR_OK ? b->ptr : NULL;
    uint8_t *p = room_for(b, n);
    if (p != NULL) {
        memset(p, 0, n);
        b->len += n;
    }
    return p;
}

void buf_put(struct buf *b, struct bytes data)
{
    if (data.len == 0)
        return;
    uint8_t *p = room_for(b, data.len);
    if (p == NULL)
        return;
    memcpy(p, data.ptr, data.len);
    b->len += data.len;
}

void buf_put_str(struct buf *b, const char *s)
{
    buf_put(b, bytes_str(s));
}

static inline void put_be(struct buf *b, uint64_t v, size_t n)
{
    uint8_t *p = room_for(b, n);
    if (p == NULL)
        return;
    const uint64_t be = htobe64(v);
    memcpy(p, (const uint8_t *)&be + (sizeof be - n), n);
    b->len += n;
}

void buf_put_u8(struct buf *b, uint8_t v)
{
    put_be(b, v, 1);
}

void buf_put_u16(struct buf *b, uint16_t v)
{
    put_be(b, v, 2);
}

void buf_put_u32(struct buf *b, uint32_t v)
{
    put_be(b, v, 4);
}

void buf_put_u64(struct buf *b, uint64_t v)
{
    put_be(b, v, 8);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    if (b->err != ERR_OK)
        return;
    char small[512];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n < 0) {
        buf_fail(b, ERR_INVALID);
        return;
    }
    if ((size_t)n < sizeof small) {
        buf_put(b, bytes_of(small, (size_t)n));
        return;
    }
    if ((size_t)n > b->max - b->len) {
        b->err = ERR_TOO_LARGE;
        return;
    }
    char *big = malloc((size_t)n + 1);
    if (big == NULL) {
        b->err = ERR_NOMEM;
        return;
    }
    va_start(ap, fmt);
    vsnprintf(big, (size_t)n + 1, fmt, ap);
    va_end(ap);
    buf_put(b, bytes_of(big, (size_t)n));
    wipe_and_free((uint8_t *)big, (size_t)n + 1);
}

enum err buf_err(const struct buf *b)
{
    return b->err;
}

struct bytes buf_bytes(const struct buf *b)
{
    return bytes_of(b->ptr, b->len);
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    b->err = ERR_OK;
}

const char *buf_text(struct buf *b)
{
    if (b->err == ERR_OK && !grow(b, 1))
        b->err = b->fixed ? ERR_TOO_LARGE : ERR_NOMEM;
    if (b->err != ERR_OK)
        return "";
    b->ptr[b->len] = '\0';
    return (const char *)b->ptr;
}
