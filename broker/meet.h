/* Which records of a holder the subjects of a question meet: the tokens in the index, joined by
 * subject and record. An exact identifier meets alone; weak ones need two of different types. */
#ifndef SLUIS_BROKER_MEET_H
#define SLUIS_BROKER_MEET_H

#include "broker/held.h"
#include "broker/index/index.h"
#include "proto/policy/policy.h"

#define MEET_IDENTIFIERS_MAX 64u /* that one notice can prove */

/* One subject (group) that met one record. */
struct meeting {
    uint32_t group;
    struct handle handle;
    struct batch_id batch;
    const size_t
        *identifiers; /* which of the question's, ascending; at most MEET_IDENTIFIERS_MAX */
    const struct held_token *tokens; /* of these */
    size_t count;
};

struct meetings {
    const struct meeting *v; /* by group, then handle */
    size_t count;
};

struct meet_query {
    struct index *index;
    struct kv_txn *txn;
    struct arena *arena; /* of the result; at least 16 MiB free */
    const struct rule *rule;
    const struct held_question *question;
    struct index_query where;
};

/* ERR_NOMEM, ERR_IO, ERR_INVALID: the index is damaged. */
enum err meet(const struct meet_query *q, struct meetings *out) MUST_CHECK;

#endif
