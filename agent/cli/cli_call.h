/* Between the files of `sluis` that make a call; verbs use cli.h. */
#ifndef SLUIS_AGENT_CLI_CLI_CALL_H
#define SLUIS_AGENT_CLI_CLI_CALL_H

#include "agent/cli/cli.h"

/* Connects where that was not done yet. 0 or an exit code; the failure has been printed. */
int cli_connect(struct cli *c);

/* Decodes, compares, shows and signs what {"sign": …, "state": …} asks for; *reply is the whole answer
 * for the agent. 0 or an exit code; the failure has been printed. */
int cli_sign(struct cli *c, const struct cli_call *call, const struct doc *message,
             struct doc **reply);

/* Prints {"error": …} of the agent and returns its exit code. */
int cli_agent_error(struct cli *c, const struct doc *error);

#endif
