/* Whether the entry that a body is of stands in a log that this agency has. */
#ifndef SLUIS_AGENT_SUBJECT_STANDS_H
#define SLUIS_AGENT_SUBJECT_STANDS_H

#include "agent/agent.h"
#include "proto/base/hash.h"

/* Where a reader found an entry. */
struct entry_place {
    struct digest entry;
    uint64_t index;
};

/* Loop thread. *is_own: it is one of this agency's own log. Of the broker's log it is where its proof or promise is here, or
 * where the mirror has it at that index; an agency without a mirror takes any other for one of it. ERR_NOT_FOUND: it is in
 * neither log. ERR_NOMEM, or as kv_get. */
enum err entry_stands(const struct agent *a, const struct entry_place *e, bool *is_own) MUST_CHECK;

#endif
