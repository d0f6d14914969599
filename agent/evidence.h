/* What proves that the broker's log showed two histories, in the table META (docs/storage-agent.md). The first is kept;
 * nothing removes it. */
#ifndef SLUIS_AGENT_EVIDENCE_H
#define SLUIS_AGENT_EVIDENCE_H

#include "agent/store/store.h"

struct evidence {
    struct bytes shown; /* the request to cosign, or the signed head, that contradicted what this agency had verified */
    struct bytes own;   /* the head that it contradicted, a signed note; empty: an older program did not keep it */
};

/* Writer job. Keeps both, unless there is evidence already. Errors as store_put. */
enum err evidence_keep(struct store *s, struct kv_txn *txn, const struct evidence *found) MUST_CHECK;

/* Any transaction. */
enum err evidence_has(struct store *s, struct kv_txn *txn, bool *out) MUST_CHECK;
/* Views live in the arena. ERR_NOT_FOUND: there is none; else as store_get. */
enum err evidence_get(struct store *s, struct kv_txn *txn, struct arena *a, struct evidence *out) MUST_CHECK;

#endif
