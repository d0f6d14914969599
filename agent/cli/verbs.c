#include "agent/cli/cli.h"
#include "agent/cli/verbs.h"

const struct cli_verb cli_verbs[] = {
    {"status", "how the agent is: broker, roster, policy, outbox, log, keys", cli_status},
    {NULL, NULL, NULL},
};
