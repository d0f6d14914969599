#include "proto/base/arena.h"

#include <stdlib.h>

#define CHUNK_BYTES ((size_t)16384)
#define ALIGNMENT ((size_t)16)

struct chunk {
    struct chunk *next;
    size_t size;
    size_t used;
    _Alignas(16) uint8_t data[];
};

struct arena {
    struct chunk *chunks;
    size_t max;
    size_t used;
};

struct arena *arena_new(size_t max_bytes)
{
    struct arena *a = calloc(1, sizeof *a);
    if (a != NULL)
        a->max = max_bytes;
    return a;
}

void arena_reset(struct arena *a)
{
    while (a->chunks != NULL) {
        struct chunk *next = a->chunks->next;
        explicit_bzero(a->chunks->data, a->chunks->used);
        free(a->chunks);
        a->chunks = next;
    }
    a->used = 0;
}

void arena_free(struct arena *a)
{
    if (a == NULL)
        return;
    arena_reset(a);
    free(a);
}

static struct chunk *chunk_for(struct arena *a, size_t n)
{
    struct chunk *c = a->chunks;
    if (c != NULL && c->size - c->used >= n)
        return c;
    size_t size = n > CHUNK_BYTES ? n : CHUNK_BYTES;
    size_t total;
    if (__builtin_add_overflow(size, sizeof *c, &total))
        return NULL;
    c = calloc(1, total);
    if (c == NULL)
        return NULL;
    c->size = size;
    c->next = a->chunks;
    a->chunks = c;
    return c;
}

void *arena_alloc(struct arena *a, size_t n)
{
    size_t rounded;
    if (__builtin_add_overflow(n, ALIGNMENT - 1, &rounded))
        return NULL;
    rounded &= ~(ALIGNMENT - 1);
    if (rounded == 0)
        rounded = ALIGNMENT;
    if (rounded > a->max - a->used)
        return NULL;
    struct chunk *c = chunk_for(a, rounded);
    if (c == NULL)
        return NULL;
    void *p = c->data + c->used;
    c->used += rounded;
    a->used += rounded;
    return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t n;
    if (__builtin_mul_overflow(count, size, &n))
        return NULL;
    return arena_alloc(a, n);
}

struct bytes arena_copy(struct arena *a, struct bytes data)
{
    if (data.len == SIZE_MAX)
        return bytes_of(NULL, 0);
    uint8_t *p = arena_alloc(a, data.len + 1);
    if (p == NULL)
        return bytes_of(NULL, 0);
    if (data.len > 0)
        memcpy(p, data.ptr, data.len);
    return bytes_of(p, data.len);
}

char *arena_text(struct arena *a, struct bytes text)
{
    if (text.len == SIZE_MAX)
        return NULL;
    char *p = arena_alloc(a, text.len + 1);
    if (p != NULL && text.len > 0)
        memcpy(p, text.ptr, text.len);
    return p;
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}
