/* Cases: the dossier that every request names. A case lives at this agency; others see its random id
 * and the state that a request asserts. */
#ifndef SLUIS_AGENT_ASK_CASE_H
#define SLUIS_AGENT_ASK_CASE_H

#include "agent/store/store.h"
#include "proto/base/ids.h"
#include "proto/policy/words.h"

#define CASE_TITLE_MAX 200
#define CASE_MOVES_MAX 64


struct case_move {
    enum case_state state;
    struct name staff;
    int64_t at_s;
};

struct case_row {
    struct case_id id;
    struct bytes title; /* text of the case worker; never leaves this agency */
    struct case_move moves[CASE_MOVES_MAX]; /* from its opening; the last is the present state */
    size_t move_count;                      /* from 1 */
};

static inline enum case_state case_row_state(const struct case_row *k)
{
    return k->moves[k->move_count - 1].state;
}

/* Adds a state to the history. ERR_STATE: the case is closed or destroyed, or already in this state;
 * ERR_LIMIT: over CASE_MOVES_MAX. why tells. */
enum err case_move_to(struct case_row *k, const struct case_move *move,
                      struct errmsg *why) MUST_CHECK;

/* Errors as store_put. */
enum err case_put(struct store *s, struct kv_txn *txn, const struct case_row *k) MUST_CHECK;
/* The title is a view in the arena. ERR_NOT_FOUND; else as store_get. */
enum err case_get(struct store *s, struct kv_txn *txn, const struct case_id *id, struct arena *a,
                  struct case_row *out) MUST_CHECK;

/* The case whose id begins with these hex digits. ERR_INVALID (not 4 to 32 hex digits),
 * ERR_NOT_FOUND, ERR_CONFLICT (more than one). */
enum err case_find(struct store *s, struct kv_txn *txn, struct bytes prefix, struct arena *a,
                   struct case_row *out, struct errmsg *why) MUST_CHECK;

/* Takes a row of STORE_CASE apart. ERR_INVALID, ERR_TRUNCATED, ERR_VERSION. */
enum err case_decode(struct bytes row, struct case_row *out) MUST_CHECK;

#endif
