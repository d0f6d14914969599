/* The control socket's server, for process and tests. Loop thread. */
#ifndef SLUIS_AGENT_CONTROL_RUN_H
#define SLUIS_AGENT_CONTROL_RUN_H

#include "agent/control.h"

struct agent_control;

/* Listens at the configured path. Errors as control_server_new. */
enum err agent_control_new(struct agent *a, struct agent_control **out,
                           struct errmsg *why) MUST_CHECK;
/* Closes every connection and the socket; calls under way are told and answer into the void. */
void agent_control_stop(struct agent_control *c);
/* After everything that may answer a call. NULL is a no-op. */
void agent_control_free(struct agent_control *c);
DEFINE_CLEANUP(struct agent_control, agent_control_free)

/* From now on new calls are refused (75). */
void agent_control_drain(struct agent_control *c);
/* Calls that have no answer yet. */
size_t agent_control_pending(const struct agent_control *c);

#endif
