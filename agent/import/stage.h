/* What a source said, on its way to being compared: rows gathered in memory, sorted by keyed digest,
 * written as runs into the store (content sealed), and merged again in order. A source of any size
 * passes through a window of fixed size. */
#ifndef SLUIS_IMPORT_STAGE_H
#define SLUIS_IMPORT_STAGE_H

#include "agent/records/live.h"

enum stage_mark {
    STAGE_TAKEN = 0,
    STAGE_PROTECTED, /* of a protected person: leaves no token */
    STAGE_OUT,       /* no rule admits it, or it is to be withdrawn */
};

struct stage_row {
    struct live_digest key;     /* both by stage_window_digest */
    struct live_digest content; /* only of STAGE_TAKEN */
    uint32_t row;               /* in the source; of another epoch: the day on which it entered */
    enum stage_mark mark;
    uint8_t tokens; /* identifiers in its content */
};

/* Which run of which leg (agent/import/import_row.h). */
struct stage_run {
    uint32_t leg;
    uint32_t run;
};

#define STAGE_WINDOW_BYTES ((size_t)8 << 20)

struct stage_window;

/* NULL without memory. */
struct stage_window *stage_window_new(void);
void stage_window_free(struct stage_window *w);
DEFINE_CLEANUP(struct stage_window, stage_window_free)

/* Adds a row, of which both digests are filled in later; where record_key is empty, both stand already.
 * data is what content_encode made, empty unless STAGE_TAKEN. ERR_NOMEM, ERR_TOO_LARGE. */
enum err stage_window_add(struct stage_window *w, const struct stage_row *row,
                          struct bytes record_key, struct bytes data) MUST_CHECK;
/* Whether it must be written before more is added. */
bool stage_window_is_full(const struct stage_window *w);
bool stage_window_is_empty(const struct stage_window *w);
/* Digests keys and contents where they do not stand yet and sorts by them, ready for stage_window_write.
 * hash: NULL where all do. ERR_CRYPTO. */
enum err stage_window_digest(struct stage_window *w, struct live_hash *hash) MUST_CHECK;
/* In a writer job: writes the sorted window as a run. Errors as store_put. */
enum err stage_window_write(const struct stage_window *w, struct store *s, struct kv_txn *txn,
                            struct stage_run run) MUST_CHECK;
/* Wipes and empties. */
void stage_window_reset(struct stage_window *w);

/* All runs of a leg as one sorted sequence; equal keys come in the order of their rows. */
struct stage_merge;

/* runs: numbers 0 to runs - 1. after: goes on strictly behind this key; NULL: from the start.
 * ERR_NOMEM; errors as store_get. */
enum err stage_merge_new(struct store *s, uint32_t leg, uint32_t runs,
                         const struct live_digest *after, struct stage_merge **out) MUST_CHECK;
void stage_merge_free(struct stage_merge *m);
DEFINE_CLEANUP(struct stage_merge, stage_merge_free)
/* The next row, or NULL at the end; a view until the next call. Errors as store_get; ERR_INVALID. */
enum err stage_merge_next(struct stage_merge *m, const struct stage_row **out) MUST_CHECK;
/* The data of the row that stage_merge_next yielded last; a view until its next call. */
enum err stage_merge_data(struct stage_merge *m, struct bytes *out) MUST_CHECK;

/* In a writer job: deletes at most max rows of staged runs. *deleted < max: none is left. */
enum err stage_purge(struct store *s, struct kv_txn *txn, size_t max, size_t *deleted) MUST_CHECK;

#endif
