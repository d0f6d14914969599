/* Verbs of the control socket that read the agency's own log (docs/control.md). */
#ifndef SLUIS_AGENT_LOG_OWN_BODIES_H
#define SLUIS_AGENT_LOG_OWN_BODIES_H

#include "agent/control.h"

struct log_keeping;

/* Rows of the published log from index `from`, at most `max`, with their bodies. */
void own_bodies_verb(struct call *c, const struct doc *args);

/* Enters what was exported: format, rows, digest of the file, filter. */
void own_exported_verb(struct call *c, const struct doc *args);

/* The key of its fillers, for whom no body of it is hidden. */
void own_filler_key_verb(struct call *c, const struct doc *args);

/* For `status`: appends the alarm of bodies that did not open since the start, where there are any. ERR_NOMEM. */
enum err own_bodies_alarms(const struct log_keeping *k, struct doc *lines) MUST_CHECK;

#endif
