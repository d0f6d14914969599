/* A capped bump allocator for what lives as long as one message or one loop turn. */
#ifndef SLUIS_BASE_ARENA_H
#define SLUIS_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/attr.h"
#include "proto/base/bytes.h"

struct arena;

/* An arena that hands out at most max_bytes between two resets; NULL without memory. */
struct arena *arena_new(size_t max_bytes);

/* Frees all. arena_free(NULL) is a no-op. Content is wiped first. */
void arena_free(struct arena *a);
DEFINE_CLEANUP(struct arena, arena_free)

/* n zeroed bytes aligned for any type, valid until reset or free; NULL over the cap or without
 * memory. n = 0 yields a valid pointer. */
void *arena_alloc(struct arena *a, size_t n);

/* count * size zeroed bytes; NULL also where the product overflows. */
void *arena_array(struct arena *a, size_t count, size_t size);

/* A copy with a NUL behind it (not counted); ptr is NULL where the arena is full. */
struct bytes arena_copy(struct arena *a, struct bytes data);

/* A NUL-terminated copy of text; NULL where the arena is full. */
char *arena_text(struct arena *a, struct bytes text);

/* Bytes handed out since the last reset. */
size_t arena_used(const struct arena *a);

/* Wipes and takes back everything handed out. */
void arena_reset(struct arena *a);

#endif
