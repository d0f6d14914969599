/* sluis witness --vouch: a security officer vouches for the next key of the agency's own log (decision 0419). */
#ifndef SLUIS_AGENT_CLI_CLI_VOUCH_H
#define SLUIS_AGENT_CLI_CLI_VOUCH_H

#include "agent/cli/cli.h"

/* key: the line of the next key; lost: that of the key that is lost, or NULL where the agent knows it. Signs after the
 * officer has seen what. An exit code; a failure has been printed. */
int cli_vouch(struct cli *c, const char *key, const char *lost);

#endif
