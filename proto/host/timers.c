#include "proto/host/timers.h"

#include <stdlib.h>

enum err timers_reserve(struct timers *t, size_t total)
{
    if (total <= t->cap)
        return ERR_OK;
    size_t cap = total + total / 2 + 8;
    struct timer_node **heap = reallocarray(t->heap, cap, sizeof(struct timer_node *));
    if (heap == NULL)
        return ERR_NOMEM;
    t->heap = heap;
    t->cap = cap;
    return ERR_OK;
}

void timers_free(struct timers *t)
{
    free(t->heap);
    *t = (struct timers){0};
}

static void place(struct timers *t, size_t at, struct timer_node *n)
{
    t->heap[at] = n;
    n->at = at;
}

static void sift_up(struct timers *t, size_t at)
{
    struct timer_node *n = t->heap[at];
    while (at > 0 && t->heap[(at - 1) / 2]->due_ms > n->due_ms) {
        place(t, at, t->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(t, at, n);
}

static void sift_down(struct timers *t, size_t at)
{
    struct timer_node *n = t->heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= t->count)
            break;
        if (child + 1 < t->count && t->heap[child + 1]->due_ms < t->heap[child]->due_ms)
            child++;
        if (t->heap[child]->due_ms >= n->due_ms)
            break;
        place(t, at, t->heap[child]);
        at = child;
    }
    place(t, at, n);
}

void timers_set(struct timers *t, struct timer_node *n, int64_t due_ms)
{
    if (n->at == TIMER_IDLE)
        place(t, t->count++, n);
    n->due_ms = due_ms;
    sift_up(t, n->at);
    sift_down(t, n->at);
}

void timers_clear(struct timers *t, struct timer_node *n)
{
    if (n->at == TIMER_IDLE)
        return;
    size_t hole = n->at;
    struct timer_node *last = t->heap[--t->count];
    n->at = TIMER_IDLE;
    if (last == n)
        return;
    place(t, hole, last);
    sift_up(t, hole);
    sift_down(t, last->at);
}

struct timer_node *timers_first(const struct timers *t)
{
    return t->count > 0 ? t->heap[0] : NULL;
}
