/* The end of a case: everything that was asked and came back under it goes, and its own texts. Store
 * thread. */
#ifndef SLUIS_AGENT_ASK_CASE_DESTROY_H
#define SLUIS_AGENT_ASK_CASE_DESTROY_H

#include "agent/ask/case.h"

/* Destroys a closed case, by `move` (whose state is CASE_DESTROYED). ERR_AGAIN: a request of it is still
 * under way, and nothing is changed; why tells until when. ERR_STATE: it is not closed. Else as the
 * store. */
enum err case_destroy(struct store *s, struct kv_txn *txn, struct case_row *k,
                      const struct case_move *move, struct errmsg *why) MUST_CHECK;

/* Destroys what is due by itself: at most max cases. Adds how many to *done. Errors as the store. */
enum err case_destroy_due(struct store *s, struct kv_txn *txn, int64_t now_s, size_t max,
                          size_t *done) MUST_CHECK;

#endif
