/* Which entries' bodies the auditors' copy left out because the version of the storage key that they lie under was not
 * there, as ranges in ascending order. The list has an end and forgets none: where it is full, its last range grows. What
 * was in the copy already and falls into a range is copied once more. */
#ifndef SLUIS_BROKER_STORE_COPY_MISSED_H
#define SLUIS_BROKER_STORE_COPY_MISSED_H

#include "proto/base/buf.h"

#define COPY_MISSED_MAX 512u
#define COPY_MISSED_ROW_MAX (COPY_MISSED_MAX * 16u)

/* Entries of [from, to). */
struct copy_range {
    uint64_t from;
    uint64_t to;
};

struct copy_missed {
    struct copy_range ranges[COPY_MISSED_MAX];
    size_t count;
    uint64_t passed; /* between the end of the last range and here no entry has a body; not kept */
};

/* A range that begins at the end of the last one or behind it; an empty one is nothing. */
void copy_missed_add(struct copy_missed *m, struct copy_range r);
/* An entry without a body: it parts no two ranges. */
void copy_missed_pass(struct copy_missed *m, uint64_t index);
/* How many entries lie in the ranges. */
uint64_t copy_missed_entries(const struct copy_missed *m);

/* The row of the store. ERR_INVALID: damaged. */
void copy_missed_encode(const struct copy_missed *m, struct buf *out);
enum err copy_missed_decode(struct bytes row, struct copy_missed *out) MUST_CHECK;

#endif
