/* Which data sets of this agency hold a subject today: every live record version is compared by the
 * marks of its identifiers, a slice of blocks at a time, so that nobody waits for it. Loop thread.
 */
#ifndef SLUIS_AGENT_SUBJECT_HELD_H
#define SLUIS_AGENT_SUBJECT_HELD_H

#include "agent/import/data_set.h"
#include "agent/subject/likeness.h"

#define HELD_SETS_MAX 256 /* of one search */

/* Records of one category, admitted by the same rules, in one data set. */
struct held_set {
    struct data_set_id set;
    struct name category;
    struct name_list rules;
    bool is_perhaps; /* of this subject or of another person (likeness.h) */
    uint64_t records;
};

struct held_scan;

struct held_params {
    struct store *store;
    struct touch_index *index;
    struct named_list sought; /* borrowed until held_free */
    uint32_t today;           /* days since 1970: what has expired is held no more */
    struct arena *a;          /* of the answer; borrowed */
};

/* ERR_NOMEM. */
enum err held_new(const struct held_params *p, struct held_scan **out) MUST_CHECK;
void held_free(struct held_scan *h);
DEFINE_CLEANUP(struct held_scan, held_free)

/* Looks through the next blocks. ERR_AGAIN: there are more; ERR_OK: that was all; ERR_LIMIT: over
 * HELD_SETS_MAX; ERR_INVALID and others: the store is damaged or cannot be read. */
enum err held_step(struct held_scan *h) MUST_CHECK;

/* What was found, once held_step returned ERR_OK. */
const struct held_set *held_sets(const struct held_scan *h, size_t *count);

#endif
