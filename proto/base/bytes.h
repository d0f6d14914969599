/* A view of bytes that someone else owns. */
#ifndef SLUIS_BASE_BYTES_H
#define SLUIS_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *ptr; /* may be NULL where len is 0 */
    size_t len;
};

static inline struct bytes bytes_of(const void *ptr, size_t len)
{
    return (struct bytes){ptr, len};
}

/* The bytes of a C string, without its NUL. */
static inline struct bytes bytes_str(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

/* A view of a fixed array or struct object. */
#define BYTES_OF_ARRAY(a) bytes_of((a), sizeof(a))

/* Equality and order (bytewise, then by length). Time depends on content: never for secrets. */
bool bytes_equal(struct bytes a, struct bytes b);
int bytes_cmp(struct bytes a, struct bytes b);

/* True where b equals the C string s. Time depends on content. */
bool bytes_is(struct bytes b, const char *s);

/* Whether b ends in the text, or is it. */
bool bytes_ends(struct bytes b, const char *s);

/* Strict UTF-8 (no overlong forms, no surrogates, at most U+10FFFF) without NUL. */
bool bytes_is_utf8(struct bytes b);

#endif
