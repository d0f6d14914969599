#include "proto/base/cursor.h"

#include <endian.h>

struct cursor cursor_of(struct bytes data)
{
    return (struct cursor){data.ptr, data.len, ERR_OK};
}

void cursor_fail(struct cursor *c, enum err e)
{
    if (e == ERR_OK)
        return;
    if (c->err == ERR_OK)
        c->err = e;
    c->left = 0;
}

struct bytes cursor_bytes(struct cursor *c, size_t n)
{
    if (c->err != ERR_OK || n > c->left) {
        cursor_fail(c, ERR_TRUNCATED);
        return bytes_of(NULL, 0);
    }
    struct bytes view = bytes_of(c->pos, n);
    if (n > 0) {
        c->pos += n;
        c->left -= n;
    }
    return view;
}

/* The next n bytes as the low ones of a big-endian number. */
static inline uint64_t read_be(struct cursor *c, size_t n)
{
    uint64_t v = 0;
    if (c->err != ERR_OK || n > c->left) {
        cursor_fail(c, ERR_TRUNCATED);
        return 0;
    }
    memcpy((uint8_t *)&v + (sizeof v - n), c->pos, n);
    c->pos += n;
    c->left -= n;
    return be64toh(v);
}

uint8_t cursor_u8(struct cursor *c)
{
    return (uint8_t)read_be(c, 1);
}

uint16_t cursor_u16(struct cursor *c)
{
    return (uint16_t)read_be(c, 2);
}

uint32_t cursor_u32(struct cursor *c)
{
    return (uint32_t)read_be(c, 4);
}

uint64_t cursor_u64(struct cursor *c)
{
    return read_be(c, 8);
}

struct bytes cursor_part(struct cursor *c, size_t max_bytes)
{
    uint32_t n = cursor_u32(c);
    if (c->err == ERR_OK && n > max_bytes)
        cursor_fail(c, ERR_TOO_LARGE);
    return cursor_bytes(c, n);
}

void cursor_copy(struct cursor *c, void *out, size_t n)
{
    struct bytes b = cursor_bytes(c, n);
    if (b.len == n && n > 0)
        memcpy(out, b.ptr, n);
    else if (n > 0)
        memset(out, 0, n);
}

struct bytes cursor_line(struct cursor *c)
{
    const uint8_t *nl = c->left == 0 ? NULL : memchr(c->pos, '\n', c->left);
    if (nl == NULL) {
        cursor_fail(c, ERR_TRUNCATED);
        return bytes_of(NULL, 0);
    }
    struct bytes line = cursor_bytes(c, (size_t)(nl - c->pos));
    (void)cursor_bytes(c, 1);
    return line;
}

enum err cursor_done(const struct cursor *c)
{
    if (c->err != ERR_OK)
        return c->err;
    return c->left == 0 ? ERR_OK : ERR_INVALID;
}
