/* What a witness keeps of the log that it watches, in the table META (docs/storage-agent.md). */
#ifndef SLUIS_AGENT_WITNESS_WITNESS_ROW_H
#define SLUIS_AGENT_WITNESS_WITNESS_ROW_H

#include "agent/store/store.h"
#include "pki/witness.h"

#define WITNESS_LINES_MAX ((size_t)1 << 12)

/* The newest head that it cosigned, with its signature line, and as the log had signed it; all zero before the first. */
struct witness_row {
    struct witness_state state;
    struct bytes lines;
    struct bytes head; /* empty: an older program wrote the row */
};

/* Any transaction. Views live in the arena. ERR_INVALID: damaged; else as store_get; no row is no error. */
enum err witness_row_get(struct store *s, struct kv_txn *txn, struct arena *a, struct witness_row *out) MUST_CHECK;
enum err witness_row_put(struct store *s, struct kv_txn *txn, const struct witness_row *row) MUST_CHECK;

/* Writer job: nothing was cosigned yet. */
enum err witness_row_drop(struct store *s, struct kv_txn *txn) MUST_CHECK;

/* Numbers: the announcement that this witness will be away; 0 and 0: there is none. */
#define WITNESS_AWAY_FROM "witness_away_from"
#define WITNESS_AWAY_UNTIL "witness_away_until"
#define WITNESS_QUORUM "witness_quorum_s" /* number: struct witness.quorum_s */

#endif
