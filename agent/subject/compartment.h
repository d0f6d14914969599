/* Who sees what the policy puts in a compartment. */
#ifndef SLUIS_AGENT_SUBJECT_COMPARTMENT_H
#define SLUIS_AGENT_SUBJECT_COMPARTMENT_H

#include "agent/agent.h"

/* Whether a member of staff may see what came under a rule at this holder: listed in the
 * configuration for the compartment that it came into ("": none), and for that of the rule in
 * force. Neither opens the other. */
bool compartment_admits(const struct agent *a, const struct name *rule,
                        const struct name *compartment, const struct name *staff);

#endif
