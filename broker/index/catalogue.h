/* The catalogue: which runs answer, in order of age. A list is the published runs of a purpose and
 * epoch, or those that one agency's full import has written so far and that nobody sees yet. Runs
 * enter and change places in one transaction, so a reader sees a whole import or nothing of it. */
#ifndef SLUIS_BROKER_INDEX_CATALOGUE_H
#define SLUIS_BROKER_INDEX_CATALOGUE_H

#include "broker/index/run.h"

/* agency 0: the published list. */
struct list_id {
    struct name purpose;
    uint32_t epoch;
    uint16_t agency;
};

/* A run in a list. */
struct listed {
    struct run_id run;
    uint64_t order; /* rises with age */
    uint64_t entries;
    uint64_t tombstones;
    uint32_t first_expiry; /* the lowest expires_day of its live entries; UINT32_MAX: none */
};

/* A list in order, oldest first; v is owned. Release with list_rows_free. */
struct list_rows {
    struct listed *v;
    size_t count;
};

/* Any transaction. ERR_NOMEM, ERR_IO, ERR_INVALID (damaged). */
enum err list_read(struct index *ix, struct kv_txn *txn, const struct list_id *list,
                   struct list_rows *out) MUST_CHECK;
void list_rows_free(struct list_rows *rows);

/* The list behind *after in key order, or the first (after NULL). ERR_NOT_FOUND: none. */
enum err list_next(struct index *ix, struct kv_txn *txn, const struct list_id *after,
                   struct list_id *out) MUST_CHECK;

/* Store thread, all below. Puts a written run at the end (order is chosen here). */
enum err list_add(struct index *ix, struct kv_txn *txn, const struct list_id *list,
                  const struct listed *row) MUST_CHECK;

/* Moves all runs of an import to the end of the published list, in their order. */
enum err list_publish(struct index *ix, struct kv_txn *txn,
                      const struct list_id *import) MUST_CHECK;

/* Dooms all runs of an import that will never end. */
enum err list_drop(struct index *ix, struct kv_txn *txn, const struct list_id *import) MUST_CHECK;

/* Dooms all runs of a list, the published one too, of an epoch that is destroyed; *count gets how many
 * more. */
enum err list_erase(struct index *ix, struct kv_txn *txn, const struct list_id *list,
                    size_t *count) MUST_CHECK;

/* Puts one run in the place of inputs that stand one behind the other, and dooms them. They may
 * have been published since. An output without entries is doomed too. ERR_STATE: they no longer
 * stand so. */
struct list_change {
    struct list_id list; /* where they stood when the merge began */
    const struct run_id *inputs;
    size_t count;
    struct listed output;
};
enum err list_replace(struct index *ix, struct kv_txn *txn,
                      const struct list_change *change) MUST_CHECK;

/* Rows in all lists, as of the last change that this process made or saw. Any thread. */
unsigned list_total(const struct index *ix);
/* Counts them anew: at start. */
enum err list_count(struct index *ix, struct kv_txn *txn) MUST_CHECK;

#endif
