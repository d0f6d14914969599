/* Which data sets have to be contributed anew: a purpose has an active epoch that lacks what this agency
 * contributed of a source in an older one. Any transaction. */
#ifndef SLUIS_IMPORT_ANEW_H
#define SLUIS_IMPORT_ANEW_H

#include "agent/import/data_set.h"

struct agent;

struct anew_job {
    struct data_set_id to;
    uint32_t from_set; /* the data set of the older epoch that has most */
};

/* The next job, by source, purpose and epoch, behind the one that fills this data set (which failed, and holds up no
 * other), from the first on where there is none or after is NULL; and how many there are, 0: none. Errors of the store. */
enum err anew_find(struct agent *a, struct kv_txn *txn, const struct data_set_id *after, struct anew_job *next,
                   uint32_t *count) MUST_CHECK;

/* Whether what a data set of an epoch that ended says of its source is still needed: something is in it,
 * this agency is of the purpose, and no active epoch has it all yet. Errors of the store. */
enum err anew_needs(struct agent *a, struct kv_txn *txn, const struct data_set_id *id,
                    const struct data_set *set, bool *out) MUST_CHECK;

#endif
