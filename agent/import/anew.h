/* Which data sets have to be contributed anew: a purpose has an active epoch that lacks what this agency
 * contributes of a source in an older one. Any transaction. */
#ifndef SLUIS_IMPORT_ANEW_H
#define SLUIS_IMPORT_ANEW_H

#include "agent/import/data_set.h"

struct agent;

struct anew_job {
    struct data_set_id to;
    uint32_t from_set; /* the data set of the newest older epoch that has any */
};

/* The first job, by source, purpose and epoch, and how many there are; 0: none. Errors of the store. */
enum err anew_find(struct agent *a, struct kv_txn *txn, struct anew_job *first,
                   uint32_t *count) MUST_CHECK;

#endif
