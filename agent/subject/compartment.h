/* Who sees what the policy puts in a compartment. */
#ifndef SLUIS_AGENT_SUBJECT_COMPARTMENT_H
#define SLUIS_AGENT_SUBJECT_COMPARTMENT_H

#include "agent/agent.h"

/* Whether a member of staff is listed for a compartment in the configuration. */
bool compartment_has(const struct agent *a, const struct name *compartment,
                     const struct name *staff);

#endif
