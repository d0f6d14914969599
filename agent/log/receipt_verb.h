/* What the broker promised this agency and what proves that it kept it, for those who read this agency's log. */
#ifndef SLUIS_AGENT_LOG_RECEIPT_VERB_H
#define SLUIS_AGENT_LOG_RECEIPT_VERB_H

#include "agent/control.h"

/* args: none, or entry (64 hex digits). Without it answers {promises: [{entry, due, state}], is_cut}: those that are `missed` or
 * `late` (docs/audit-log.md), the oldest first, at most 256, and `waiting`: how many others have no proof yet. With it what is kept
 * of that entry, whatever became of it; perhaps nothing (docs/control.md). Each answer is an entry of the own log, before it is
 * given (own_log_show). Errors of the call: ERR_INVALID (entry), ERR_NOMEM, or as store_get. */
void receipt_verb(struct call *c, const struct doc *args);

#endif
