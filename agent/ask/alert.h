/* Questions about protected persons, for the security officer alone: who asked, and when. An alert is not
 * part of its request, and neither goes nor is emptied with it or its case: else who asked could take it away
 * before anybody has seen it. */
#ifndef SLUIS_AGENT_ASK_ALERT_H
#define SLUIS_AGENT_ASK_ALERT_H

#include "agent/part.h"
#include "agent/store/store.h"
#include "proto/base/ids.h"

#define ALERT_DAYS 30 /* for which it is shown, and kept */

/* Store thread. As store_put. */
enum err alert_put(struct store *s, struct kv_txn *txn, const struct request_id *request,
                   const struct name *staff, int64_t now_s) MUST_CHECK;

/* Store thread: deletes those that are over, at most max. As kv_iter_next. */
enum err alert_prune(struct store *s, struct kv_txn *txn, int64_t now_s, size_t max) MUST_CHECK;

/* Lines of status, where the caller is a security officer. */
enum err alert_lines(const struct call *c, struct doc *lines) MUST_CHECK;

#endif
