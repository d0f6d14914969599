/* How long the body of an entry is kept (decision 0412). */
#ifndef SLUIS_BROKER_LOG_TERM_H
#define SLUIS_BROKER_LOG_TERM_H

#include "broker/broker.h"
#include "proto/json/audit_body.h"

#define LOG_TERM_FOR_GOOD INT64_C(-1)

/* Seconds from its commit, or LOG_TERM_FOR_GOOD: that of its rule in the version of the policy that it names, else that of the
 * configuration. The first entry commits to the filler key, without which nobody verifies the log. Any thread. */
int64_t log_term_s(const struct config_broker *c, const struct view *v, const struct audit_body *b);

#endif
