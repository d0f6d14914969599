/* What the broker refused, or lost with its store, was not asked: the standing request that it was an asking of is due again, or never began.
 * Store thread. */
#ifndef SLUIS_AGENT_ASK_STANDING_REFUSED_H
#define SLUIS_AGENT_ASK_STANDING_REFUSED_H

#include "agent/agent.h"
#include "agent/ask/standing_row.h"

/* The broker refused a header of this request, and its row says so. An epoch in which it refused every header counts as one
 * that the asking did not go in, and in which it is not due before its days have gone as long as it went in another; where that was the first asking, in no other epoch either, the standing request
 * ends. Nothing for a request that is no, or not the last, asking of one. Errors as the store and standing_end. */
enum err standing_refused(struct agent *a, struct kv_txn *txn, const struct request_id *request) MUST_CHECK;

/* The same of a header that a restored broker does not know any more and that is closed as lost; a standing request never
 * ends by it. */
enum err standing_lost(struct agent *a, struct kv_txn *txn, const struct request_id *request) MUST_CHECK;

#endif
