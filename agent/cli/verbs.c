#include "agent/cli/cli.h"
#include "agent/cli/verbs.h"

const struct cli_verb cli_verbs[] = {
    {"status", "how the agent is: broker, roster, policy, outbox, log, keys", cli_status},
    {"inbox", "questions that wait for a decision", cli_inbox},
    {"show", "one item of the inbox", cli_show},
    {"claim", "take an item of the inbox", cli_claim},
    {"consent", "release fields, with your signature", cli_consent},
    {"known", "confirm that a subject is known, with your signature", cli_known},
    {"refuse", "refuse, with a coded ground and your signature", cli_refuse},
    {NULL, NULL, NULL},
};
