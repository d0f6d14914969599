/* Look-ups: all runs of a list at once, entry by entry in order of handle; of one handle the newest
 * run decides. */
#include <stdlib.h>

#include "broker/index/catalogue.h"
#include "broker/index/internal.h"
#include "broker/index/short.h"

struct finder {
    struct index *ix;
    struct kv_txn *txn;
    struct run_iters iters;
    struct run_cursor *cursors; /* oldest run first */
    size_t count;
    uint8_t key[ENTRY_LOOKUP_BYTES];
    uint32_t today;
};

static void finder_close(struct finder *f)
{
    run_iters_close(&f->iters);
    free(f->cursors);
}

/* A cursor for each run that has an entry at or behind the place; others are left out. */
static enum err seek_all(struct finder *f, const struct list_rows *rows, struct bytes place)
{
    f->cursors = calloc(rows->count + 1, sizeof *f->cursors);
    if (f->cursors == NULL)
        return ERR_NOMEM;
    enum err e = run_iters_open(f->ix, f->txn, &f->iters);
    for (size_t i = 0; e == ERR_OK && i < rows->count; i++) {
        struct run_cursor c;
        e = run_seek(&f->iters, rows->v[i].run, place, &c);
        if (e == ERR_OK && run_entry(&c) != NULL)
            f->cursors[f->count++] = c;
    }
    return e;
}

static bool is_asked(const struct finder *f, const uint8_t *entry)
{
    return entry != NULL && memcmp(entry, f->key, sizeof f->key) == 0;
}

/* The least entry under the key; among equal ones that of the newest run. NULL: none is left. */
static const uint8_t *least(const struct finder *f)
{
    const uint8_t *best = NULL;
    for (size_t i = 0; i < f->count; i++) {
        const uint8_t *entry = run_entry(&f->cursors[i]);
        if (is_asked(f, entry) && (best == NULL || entry_cmp(entry, best) <= 0))
            best = entry;
    }
    return best;
}

/* Moves every cursor that stands on this key. */
static enum err pass(struct finder *f, const uint8_t *key)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < f->count; i++) {
        const uint8_t *entry = run_entry(&f->cursors[i]);
        if (entry != NULL && entry_cmp(entry, key) == 0)
            e = run_next(&f->iters, &f->cursors[i]);
    }
    return e;
}

/* ERR_NOT_FOUND: withdrawn or expired. */
static enum err to_hit(const struct finder *f, const uint8_t *packed, struct index_hit *out)
{
    struct entry e;
    enum err result = entry_get(packed, &e);
    if (result != ERR_OK)
        return result;
    if (e.tombstone || e.expires_day <= f->today)
        return ERR_NOT_FOUND;
    struct index_hit hit = {
        .handle = e.handle, .category = e.category, .expires_day = e.expires_day};
    result = short_batch_id(f->ix, f->txn, e.batch, &hit.batch);
    if (result == ERR_OK)
        *out = hit;
    return result == ERR_NOT_FOUND ? ERR_INVALID : result;
}

static enum err collect(struct finder *f, struct index_hit *out, size_t max, size_t *count)
{
    size_t n = 0;
    enum err e = ERR_OK;
    while (e == ERR_OK && n < max) {
        const uint8_t *entry = least(f);
        if (entry == NULL)
            break;
        uint8_t key[ENTRY_KEY_BYTES];
        memcpy(key, entry, sizeof key);
        e = to_hit(f, entry, &out[n]);
        if (e == ERR_OK)
            n++;
        if (e == ERR_OK || e == ERR_NOT_FOUND)
            e = pass(f, key);
    }
    if (e == ERR_OK)
        *count = n;
    return e;
}

/* ERR_NOT_FOUND: the holder never contributed anything. */
static enum err finder_open(struct finder *f, const struct index_query *q, enum ident_type type,
                            const struct token *token, struct list_rows *rows)
{
    uint16_t agency = 0;
    enum err e = short_agency(f->ix, f->txn, &q->holder, &agency);
    if (e != ERR_OK)
        return e;
    struct list_id list = {.purpose = q->purpose, .epoch = q->epoch};
    entry_lookup_key(type, token, agency, f->key);
    f->today = q->today;
    return list_read(f->ix, f->txn, &list, rows);
}

enum err index_find(struct index *ix, struct kv_txn *txn, const struct index_query *q,
                    enum ident_type type, const struct token *token, struct index_hit *out,
                    size_t max, size_t *count)
{
    struct finder f = {.ix = ix, .txn = txn};
    CLEANUP(list_rows_free) struct list_rows rows = {NULL, 0};
    enum err e = finder_open(&f, q, type, token, &rows);
    if (e == ERR_NOT_FOUND) {
        *count = 0;
        return ERR_OK;
    }
    if (e == ERR_OK)
        e = seek_all(&f, &rows, BYTES_OF_ARRAY(f.key));
    if (e == ERR_OK)
        e = collect(&f, out, max, count);
    finder_close(&f);
    return e;
}

enum err index_live(struct index *ix, struct kv_txn *txn, const struct index_query *q,
                    enum ident_type type, const struct token *token, const struct handle *handle,
                    struct index_hit *out)
{
    struct finder f = {.ix = ix, .txn = txn};
    CLEANUP(list_rows_free) struct list_rows rows = {NULL, 0};
    enum err e = finder_open(&f, q, type, token, &rows);
    if (e != ERR_OK)
        return e;
    uint8_t place[ENTRY_KEY_BYTES];
    memcpy(place, f.key, sizeof f.key);
    memcpy(place + sizeof f.key, handle->b, sizeof handle->b);
    e = seek_all(&f, &rows, BYTES_OF_ARRAY(place));
    const uint8_t *entry = e == ERR_OK ? least(&f) : NULL;
    if (e == ERR_OK && (entry == NULL || memcmp(entry, place, sizeof place) != 0))
        e = ERR_NOT_FOUND;
    if (e == ERR_OK)
        e = to_hit(&f, entry, out);
    finder_close(&f);
    return e;
}
