/* sluis keep: what came back of a request is kept longer than its rule says. */
#include "agent/cli/cli.h"
#include "agent/cli/verbs.h"
#include "proto/base/text.h"

struct keep_input {
    const char *request;
    const char *days;
    const char *reason;
};

static const char doc_text[] =
    "Keeps what came back of a request longer than its rule says, within the extension that the "
    "rule "
    "allows: one person proposes with a reason, another confirms the same number of days. Without "
    "a "
    "second person everything goes when its time is over.\v"
    "Examples:\n"
    "  sluis keep 7be1 --days 90 --reason 'the objection is still before the court'\n"
    "  sluis keep 7be1 --days 90        (the second person)\n"
    "Exit codes: 65 where the rule does not allow it, 77 where the same person confirms.\n";

static const struct argp_option options[] = {
    {"days", 'd', "N", 0, "how many days longer", 0},
    {"reason", 'r', "TEXT", 0,
     "why; of who proposes. Name nobody: others can read the command line", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct keep_input *in = state->input;
    switch (key) {
    case 'd':
        in->days = arg;
        return 0;
    case 'r':
        in->reason = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (in->request != NULL)
            argp_usage(state);
        in->request = arg;
        return 0;
    case ARGP_KEY_END:
        if (in->request == NULL || in->days == NULL)
            argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {options, parse, "REQUEST", doc_text, NULL, NULL, NULL};

int cli_keep(struct cli *c, int argc, char **argv)
{
    struct keep_input in = {0};
    uint64_t days = 0;
    cli_parse(c, &argp, argc, argv, &in);
    if (text_get_u64(bytes_str(in.days), UINT32_MAX, &days) != ERR_OK || days == 0)
        return cli_error(c, EX_USAGE, "--days is a number of days");
    CLEANUP(cleanup_doc_free) struct doc *args = doc_new_object();
    struct doc_build b = doc_build_of(args);
    doc_put_str(&b, "request", in.request);
    doc_put_int(&b, "days", (int64_t)days);
    if (in.reason != NULL)
        doc_put_str(&b, "reason", in.reason);
    if (doc_build_done(&b) != ERR_OK)
        return cli_error(c, EX_DATAERR, "an argument is not valid UTF-8");
    struct cli_call call = {.verb = "keep", .args = take(args)};
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    int code = cli_call(c, &call, &ok);
    if (code != 0 || cli_json(c, ok))
        return code;
    cli_field(c, "request", ok, "request");
    cli_field(c, "state", ok, "state");
    cli_field(c, "days longer", ok, "days");
    cli_field(c, "reason", ok, "reason");
    cli_field(c, "proposed by", ok, "proposed_by");
    cli_field(c, "confirmed by", ok, "confirmed_by");
    cli_field(c, "kept after closing", ok, "kept_days");
    return 0;
}
