/* All that touched one subject, at once, for tests. */
#ifndef SLUIS_TESTS_TOUCH_FIND_ALL_H
#define SLUIS_TESTS_TOUCH_FIND_ALL_H

#include "agent/subject/touch_find.h"

#define TOUCH_FIND_ALL_MAX 4096u

/* In the arena; how many slices it took in *slices, which may be NULL. As touch_find_step. */
static inline enum err touch_find_all(struct store *s, struct kv_txn *txn, struct named_list sought, struct arena *a,
                                      struct touch_list *out, unsigned *slices)
{
    const struct touch_wanted wanted = {.max = TOUCH_FIND_ALL_MAX, .out = out};
    const struct touch_find_params p = {.store = s, .sought = sought, .a = a, .wanted = &wanted, .wanted_count = 1};
    CLEANUP(cleanup_touch_find_free) struct touch_finding *f = NULL;
    unsigned n = 0;
    enum err bad = touch_find_new(&p, &f);
    do {
        n++;
        bad = bad == ERR_OK || bad == ERR_AGAIN ? touch_find_step(f, txn) : bad;
    } while (bad == ERR_AGAIN);
    if (slices != NULL)
        *slices = n;
    return bad;
}

#endif
