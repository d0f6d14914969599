/* A heap of times, earliest first: what the loop keeps its timers in. Pure: time is an argument. */
#ifndef SLUIS_HOST_TIMERS_H
#define SLUIS_HOST_TIMERS_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/err.h"

#define TIMER_IDLE SIZE_MAX

/* Embedded in its owner; `at` is TIMER_IDLE while it is in no heap. */
struct timer_node {
    int64_t due_ms;
    size_t at; /* place in the heap */
};

struct timers {
    struct timer_node **heap;
    size_t count;
    size_t cap;
};

/* Makes room for `total` nodes, so that timers_set cannot fail. ERR_NOMEM. */
enum err timers_reserve(struct timers *t, size_t total) MUST_CHECK;
void timers_free(struct timers *t);

/* Puts n in (room was reserved) or moves it. */
void timers_set(struct timers *t, struct timer_node *n, int64_t due_ms);
/* Takes n out; nothing where it is in no heap. */
void timers_clear(struct timers *t, struct timer_node *n);

/* The earliest, or NULL. */
struct timer_node *timers_first(const struct timers *t);

#endif
