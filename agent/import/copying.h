/* What this agency contributes of a source in an older epoch, on its way into the stage for a new one: read
 * from the own store, asked of the rules again, gathered in windows. The source itself is not needed. Digests are
 * those of the older epoch, so that the next import finds unchanged what is unchanged. One step at a time. */
#ifndef SLUIS_IMPORT_COPYING_H
#define SLUIS_IMPORT_COPYING_H

#include "agent/import/admit.h"
#include "agent/import/field_terms.h"
#include "agent/import/stage.h"
#include "agent/protected/protected_list.h"
#include "agent/records/record_row.h"

/* On a worker: the fields, rules and categories under which the records of a data set were contributed, each
 * list together for all of them, in the arena; fields and rules ascending. Errors of the store; ERR_LIMIT: more than one
 * record may have. */
enum err copying_shape(struct store *s, uint32_t data_set, struct arena *a,
                       struct record_shape *out) MUST_CHECK;

struct copying_params {
    struct store *store;
    struct protected_list *protected_list; /* NULL: none is kept */
    uint32_t data_set;                     /* that is copied */
    uint32_t today;
    struct record_shape shape; /* of the copies; its rules are those of admit; outlives the copying */
    const struct field_terms *terms;
};

struct copying;

/* Takes admit, also on failure. ERR_NOMEM. */
enum err copying_new(const struct copying_params *p, struct admit *admit,
                     struct copying **out) MUST_CHECK;
void copying_free(struct copying *c);
DEFINE_CLEANUP(struct copying, copying_free)

/* On a worker: gathers the next records in a window, ready for copying_write; *end: these are the last.
 * A row's number is the day on which the record entered. Errors of the store; ERR_CRYPTO, ERR_NOMEM. */
enum err copying_fill(struct copying *c, bool *end) MUST_CHECK;
/* In a writer job. Errors as stage_window_write. */
enum err copying_write(struct copying *c, struct kv_txn *txn) MUST_CHECK;
/* On the loop, afterwards. */
void copying_wrote(struct copying *c);

uint32_t copying_runs(const struct copying *c);
uint64_t copying_records(const struct copying *c); /* so far */

#endif
