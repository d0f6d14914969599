/* What proves that a log of the broker's showed two histories, in the table META (docs/storage-agent.md). The first of each log is
 * kept; nothing removes it. */
#ifndef SLUIS_AGENT_EVIDENCE_H
#define SLUIS_AGENT_EVIDENCE_H

#include "agent/store/store.h"

#define EVIDENCE_LOGS_MAX 9u /* the log of now, and those that ended by the roster */
#define EVIDENCE_ARENA_BYTES ((size_t)2 << 20) /* for one of them */

struct evidence {
    struct bytes shown; /* the request to cosign, or the signed head, that contradicted what this agency had verified */
    struct bytes own;   /* the head that it contradicted, a signed note; empty: an older program did not keep it */
};

/* The signed head in what was shown, a view of it. */
struct bytes evidence_head(struct bytes shown);

/* The same, read; a view of it. ERR_NOMEM, or as note_parse and checkpoint_parse. */
struct checkpoint;
enum err evidence_checkpoint(struct bytes shown, struct arena *a, struct checkpoint *out) MUST_CHECK;

/* Writer job. Keeps both, unless there is evidence already of the log whose head was shown: *is_new is false then. Who finds it calls
 * noticed_contradiction. ERR_INVALID: no head was shown; ERR_NOMEM; else as store_put. */
enum err evidence_keep(struct store *s, struct kv_txn *txn, const struct evidence *found, bool *is_new) MUST_CHECK;

/* Any transaction. Whether there is some of the log of that origin. ERR_NOMEM, or as store_get. */
enum err evidence_has(struct store *s, struct kv_txn *txn, struct bytes origin, bool *out) MUST_CHECK;
/* Views live in the arena. ERR_NOT_FOUND: there is none of that log; else as store_get. */
enum err evidence_get(struct store *s, struct kv_txn *txn, struct bytes origin, struct arena *a, struct evidence *out) MUST_CHECK;

/* The origins of the logs of which there is some. Views live in the arena. Errors as store_get and kv_iter_next. */
struct evidence_logs {
    struct bytes origin[EVIDENCE_LOGS_MAX];
    size_t count;
};
enum err evidence_logs(struct store *s, struct kv_txn *txn, struct arena *a, struct evidence_logs *out) MUST_CHECK;

#endif
