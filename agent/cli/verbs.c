#include "agent/cli/cli.h"
#include "agent/cli/verbs.h"

const struct cli_verb cli_verbs[] = {
    {"status", "how the agent is: broker, roster, policy, outbox, log, keys", cli_status},
    {"import", "reads records and contributes what changed", cli_import},
    {"withdraw", "withdraws contributed records", cli_withdraw},
    {"protect", "keeps the list of protected persons (security officer)", cli_protect},
    {"case", "open, move, close and show cases", cli_case},
    {"request", "ask holders about subjects, with your signature", cli_request},
    {"requests", "what was asked", cli_requests},
    {"results", "what came of a request", cli_results},
    {"standing", "requests that are asked again: list, ask, end", cli_standing},
    {"keep", "keep what came of a request longer, by two persons", cli_keep},
    {"inbox", "questions that wait for a decision", cli_inbox},
    {"show", "one item of the inbox", cli_show},
    {"claim", "take an item of the inbox", cli_claim},
    {"consent", "release fields, with your signature", cli_consent},
    {"known", "confirm that a subject is known, with your signature", cli_known},
    {"refuse", "refuse, with a coded ground and your signature", cli_refuse},
    {"own-log", "what touched a subject, for its own request, by two persons", cli_own_log},
    {"who", "under which name staff of this agency stand in the logs", cli_who},
    {"receipt", "what the broker promised and the proof of it, as files", cli_receipt},
    {"renew", "renew your own key and certificate, through the agent", cli_renew},
    {"witness", "cosign the audit log by files (auditor, security officer)", cli_witness},
    {NULL, NULL, NULL},
};
