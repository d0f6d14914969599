/* Which runs to merge: sixteen neighbours of similar size, so that each entry is written again
 * about once for each time that the index grows sixteenfold; any sixteen where there are too many
 * runs. */
#include <stdlib.h>

#include "broker/index/internal.h"
#include "broker/index/merge.h"

struct window {
    size_t at;
    uint64_t total;
    bool found;
};

/* None of the sixteen is more than an eighth of them all. */
static bool is_even(const struct listed *rows, uint64_t *total)
{
    uint64_t largest = 0;
    *total = 0;
    for (size_t i = 0; i < MERGE_FAN_IN; i++) {
        *total += rows[i].entries;
        if (rows[i].entries > largest)
            largest = rows[i].entries;
    }
    return largest <= *total / 8;
}

/* The cheapest window of sixteen; with any: also an uneven one. */
static struct window choose(const struct list_rows *rows, bool any)
{
    struct window best = {0};
    for (size_t at = 0; at + MERGE_FAN_IN <= rows->count; at++) {
        uint64_t total = 0;
        bool even = is_even(rows->v + at, &total);
        if ((even || any) && (!best.found || total < best.total))
            best = (struct window){at, total, true};
    }
    return best;
}

static enum err start(struct index *ix, struct kv_txn *txn, const struct list_id *list,
                      const struct listed *rows, struct merge *m)
{
    struct merge fresh = {.list = *list, .count = m->count, .bottom = m->bottom, .today = m->today};
    fresh.output.first_expiry = UINT32_MAX;
    for (size_t i = 0; i < fresh.count; i++)
        fresh.inputs[i] = rows[i].run;
    fresh.packed = malloc((size_t)(MERGE_SLICE_BLOCKS + 1) * BLOCK_BYTES);
    if (fresh.packed == NULL)
        return ERR_NOMEM;
    enum err e = run_create(ix, txn, RUN_MERGED, &fresh.output.run);
    if (e != ERR_OK) {
        free(fresh.packed);
        return e;
    }
    *m = fresh;
    return ERR_OK;
}

static enum err plan_list(struct index *ix, struct kv_txn *txn, const struct list_id *list,
                          uint32_t today, struct merge *out)
{
    CLEANUP(list_rows_free) struct list_rows rows = {NULL, 0};
    enum err e = list_read(ix, txn, list, &rows);
    if (e != ERR_OK)
        return e;
    struct window w = choose(&rows, rows.count > MERGE_MANY_RUNS);
    if (!w.found)
        return ERR_NOT_FOUND;
    struct merge m = {
        .count = MERGE_FAN_IN, .bottom = list->agency == 0 && w.at == 0, .today = today};
    e = start(ix, txn, list, rows.v + w.at, &m);
    if (e == ERR_OK)
        *out = m;
    return e;
}

enum err merge_plan(struct index *ix, struct kv_txn *txn, uint32_t today, struct merge *out)
{
    struct list_id list;
    enum err e = list_next(ix, txn, NULL, &list);
    while (e == ERR_OK) {
        e = plan_list(ix, txn, &list, today, out);
        if (e != ERR_NOT_FOUND)
            return e;
        struct list_id after = list;
        e = list_next(ix, txn, &after, &list);
    }
    return e;
}

static bool needs_gathering(const struct list_rows *rows, uint32_t today)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->v[i].tombstones > 0 || rows->v[i].first_expiry <= today)
            return true;
    }
    return false;
}

static enum err gather_list(struct index *ix, struct kv_txn *txn, const struct list_id *list,
                            uint32_t today, struct merge *out)
{
    CLEANUP(list_rows_free) struct list_rows rows = {NULL, 0};
    if (list->agency != 0)
        return ERR_NOT_FOUND;
    enum err e = list_read(ix, txn, list, &rows);
    if (e != ERR_OK)
        return e;
    if (!needs_gathering(&rows, today))
        return ERR_NOT_FOUND;
    size_t count = rows.count < MERGE_MAX_INPUTS ? rows.count : MERGE_MAX_INPUTS;
    struct merge m = {.count = count, .bottom = true, .today = today};
    e = start(ix, txn, list, rows.v, &m);
    if (e == ERR_OK)
        *out = m;
    return e;
}

enum err merge_plan_expiry(struct index *ix, struct kv_txn *txn, uint32_t today,
                           const struct list_id *after, struct merge *out)
{
    struct list_id list;
    enum err e = list_next(ix, txn, after, &list);
    while (e == ERR_OK) {
        e = gather_list(ix, txn, &list, today, out);
        if (e != ERR_NOT_FOUND)
            return e;
        struct list_id behind = list;
        e = list_next(ix, txn, &behind, &list);
    }
    return e;
}
