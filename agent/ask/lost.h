/* Questions that a broker which was restored does not know any more: it accepted them after its copy was made. */
#ifndef SLUIS_AGENT_ASK_LOST_H
#define SLUIS_AGENT_ASK_LOST_H

#include "agent/agent.h"

struct kv_txn;

/* Loop thread: the broker says that it waits, restored from a copy of then. Once for each copy. */
void ask_hear_restored(struct agent *a, const struct hello_reply *r);

/* Store thread: closes the open questions that were accepted more than the clocks may differ after the copy, each with its
 * entry in the own log. Errors of the store, or as own_log_append. */
enum err ask_close_lost(struct agent *a, struct kv_txn *txn, int64_t copied_s) MUST_CHECK;

#endif
