/* The end of a case: everything that was asked and came back under it goes, and its own texts. Store
 * thread. */
#ifndef SLUIS_AGENT_ASK_CASE_DESTROY_H
#define SLUIS_AGENT_ASK_CASE_DESTROY_H

#include "agent/ask/case.h"

/* Destroys a closed case, by `move` (whose state is CASE_DESTROYED). ERR_AGAIN: a request of it is still
 * under way, or two persons keep it longer, and nothing is changed; why tells until when. ERR_STATE: it is not
 * closed. Else as the store. */
enum err case_destroy(struct store *s, struct kv_txn *txn, struct case_row *k,
                      const struct case_move *move, struct errmsg *why) MUST_CHECK;

/* One look at the cases that are due by themselves. Some may have to wait; so that these do not keep others
 * from their turn, each look goes on behind the last case of the one before. */
struct case_sweep {
    struct store *store;
    const struct policy *policy; /* in force */
    int64_t now_s;
    size_t max;           /* due cases that are looked at */
    struct case_id after; /* in: goes on behind this one; out: where it ended, all zero at the end */
    size_t destroyed;     /* out: grows */
};

/* Destroys what is due. Errors as the store. */
enum err case_destroy_due(struct case_sweep *w, struct kv_txn *txn) MUST_CHECK;

#endif
