/* sluis keep: what came back of a request is kept longer than its rule says. */
#include "agent/cli/cli.h"
#include "agent/cli/verbs.h"
#include "proto/base/text.h"

#define REASON_MAX_BYTES ((size_t)500)

struct keep_input {
    const char *request;
    const char *days;
    const char *reason_file;
};

static const char doc_text[] =
    "Keeps what came back of a request longer than its rule says, within the extension that the "
    "rule "
    "allows: one person proposes with a reason, another confirms the same number of days. A proposal "
    "takes the place of one that nobody confirmed. Without a second person everything goes when its "
    "time is over. Its case is not destroyed before.\v"
    "Examples:\n"
    "  sluis keep 7be1 --days 90 --reason-file why.txt\n"
    "  sluis keep 7be1 --days 90        (the second person)\n"
    "Exit codes: 65 where the rule does not allow it, 77 where the same person confirms.\n";

static const struct argp_option options[] = {
    {"days", 'd', "N", 0, "how many days longer", 0},
    {"reason-file", 'r', "FILE", 0,
     "why, of who proposes; '-' is standard input. Name nobody", 0},
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
        in->reason_file = arg;
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

/* The text of the file without the end of its line. */
static int read_reason(struct cli *c, const char *path, struct buf *out)
{
    struct errmsg why = {""};
    if (path == NULL)
        return 0;
    enum err bad = cli_read(path, out, &why);
    if (bad != ERR_OK && bad != ERR_TOO_LARGE)
        return cli_error(c, cli_exit_of(bad), "%s", why.text);
    if (bad == ERR_OK && out->len > 0 && out->ptr[out->len - 1] == '\n')
        out->len--;
    if (bad != ERR_OK || out->len == 0 || out->len > REASON_MAX_BYTES)
        return cli_error(c, EX_DATAERR, "%s: the reason is a text of 1 to %zu bytes", path,
                         REASON_MAX_BYTES);
    return 0;
}

int cli_keep(struct cli *c, int argc, char **argv)
{
    struct keep_input in = {0};
    uint64_t days = 0;
    cli_parse(c, &argp, argc, argv, &in);
    if (text_get_u64(bytes_str(in.days), UINT32_MAX, &days) != ERR_OK || days == 0)
        return cli_error(c, EX_USAGE, "--days is a number of days");
    CLEANUP(buf_free) struct buf reason = buf_new(REASON_MAX_BYTES + 1);
    int code = read_reason(c, in.reason_file, &reason);
    if (code != 0)
        return code;
    CLEANUP(cleanup_doc_free) struct doc *args = doc_new_object();
    struct doc_build b = doc_build_of(args);
    doc_put_str(&b, "request", in.request);
    doc_put_int(&b, "days", (int64_t)days);
    if (in.reason_file != NULL)
        doc_put_text(&b, "reason", buf_bytes(&reason));
    if (doc_build_done(&b) != ERR_OK)
        return cli_error(c, EX_DATAERR, "an argument is not valid UTF-8");
    struct cli_call call = {.verb = "keep", .args = take(args)};
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    code = cli_call(c, &call, &ok);
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
