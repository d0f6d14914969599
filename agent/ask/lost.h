/* Questions that a broker which was restored does not know any more: it accepted them after its copy was made. */
#ifndef SLUIS_AGENT_ASK_LOST_H
#define SLUIS_AGENT_ASK_LOST_H

#include "agent/agent.h"

struct buf;
struct call;
struct doc;
struct kv_txn;

/* Loop thread: the broker says that it waits, restored from a copy of then (0: it does not know). Once for each copy. */
void ask_hear_restored(struct agent *a, const struct hello_reply *r);

/* Store thread: closes the open questions that were accepted after the copy by more than clocks may differ (a copy takes a
 * moment to begin), each with its entry in the own log; notes when the broker said so, and where it closed any of which copy and how many. Errors of the
 * store, or as own_log_append. */
enum err ask_close_lost(struct agent *a, struct kv_txn *txn, int64_t copied_s) MUST_CHECK;

/* For 31 days after questions were closed because the broker said that it was restored: the line for `status`; else nothing. Any transaction. Errors of the
 * store; ERR_LIMIT: no room. */
enum err ask_lost_line(struct agent *a, struct kv_txn *txn, struct buf *out) MUST_CHECK;
enum err ask_lost_alarms(const struct call *c, struct doc *lines) MUST_CHECK;

#endif
