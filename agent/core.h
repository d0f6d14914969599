/* The verbs and mail of the core part. */
#ifndef SLUIS_AGENT_CORE_H
#define SLUIS_AGENT_CORE_H

#include "agent/agent.h"
#include "agent/control.h"

void core_policy(struct call *c, const struct doc *args);
void core_status(struct call *c, const struct doc *args);

/* Audit bodies through the broker, on an officer's signed query (docs/protocol.md, "Bodies"). */
void core_bodies(struct call *c, const struct doc *args);
/* What was exported of them becomes an entry, on an officer's signature. */
void core_exported(struct call *c, const struct doc *args);

/* The key of a segment of the broker's copy of bodies, for an auditor (decision 0413). */
void core_open_copy(struct call *c, const struct doc *args);

#endif
