/* How long the body of an entry is kept (decision 0412). */
#ifndef SLUIS_PKI_LOGBOOK_LOG_TERM_H
#define SLUIS_PKI_LOGBOOK_LOG_TERM_H

#include "pki/view/view.h"
#include "proto/json/audit_body.h"

#define LOG_TERM_FOR_GOOD INT64_C(-1)

/* Seconds from its commit, or LOG_TERM_FOR_GOOD: that of its rule in the version of the policy that it names, else default_s.
 * For good: the first entry, which commits to the filler key; the keys of agencies' own logs and what contradicted those;
 * that a store was restored, and what it took up. Any thread. */
int64_t log_term_s(int64_t default_s, const struct view *v, const struct audit_body *b);

#endif
