/* What this agency found by itself about the broker's log, as entries of its own log: each in the transaction that keeps the
 * finding. Missed promises: agent/promises.h. */
#ifndef SLUIS_AGENT_NOTICED_H
#define SLUIS_AGENT_NOTICED_H

#include "agent/evidence.h"
#include "proto/base/ids.h"

struct agent;

/* An entry of the broker's log that is of a message in this agency's name, which it did not send. */
struct noticed_unsent {
    struct bytes origin; /* of that log */
    uint64_t index;
    const struct digest *entry;
};
/* Writer job. Errors as own_log_append. */
enum err noticed_unsent(const struct agent *a, struct kv_txn *txn, const struct noticed_unsent *u) MUST_CHECK;

/* Writer job: the log contradicted itself. Keeps the evidence as evidence_keep does; the entry names the log and has the SHA-256 of
 * what is kept. None where there was evidence already. ERR_NOMEM, ERR_CRYPTO, or as evidence_keep and own_log_append. */
enum err noticed_contradiction(const struct agent *a, struct kv_txn *txn, const struct evidence *found) MUST_CHECK;

#endif
