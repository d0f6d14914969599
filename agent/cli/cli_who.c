#include "agent/cli/cli.h"
#include "agent/cli/verbs.h"
#include "proto/base/bytes.h"

static const char doc_text[] =
    "Says under which name members of staff of this agency stand in the audit logs, the broker's and its own, for auditors, compliance "
    "officers and privacy officers. The name is another one each month. That you asked stands in the agency's own log.\v"
    "Examples:\n"
    "  sluis who --month 2026-11\n"
    "  sluis who --month 2026-10 --staff u.jansen      who may have left since\n"
    "  sluis-audit list --own --bodies /run/sluis/uwv.sock --officer 5d0c1f0e22ab7713\n";

struct who_args {
    const char *month;
    const char *staff; /* NULL: everybody on the roster */
};

static const struct argp_option options[] = {
    {"month", 'm', "YYYY-MM", 0, "of which month (UTC)", 0},
    {"staff", 's', "ID", 0, "of this member of staff alone", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct who_args *a = state->input;
    switch (key) {
    case 'm': a->month = arg; return 0;
    case 's': a->staff = arg; return 0;
    case ARGP_KEY_ARG: argp_usage(state); return 0;
    case ARGP_KEY_END:
        if (a->month == NULL)
            argp_error(state, "name the month: --month 2026-11");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {.options = options, .parser = parse, .doc = doc_text};

int cli_who(struct cli *c, int argc, char **argv)
{
    static const struct cli_column columns[] = {{"member of staff", "staff"}, {"name in the log", "name"}};
    struct who_args a = {.month = NULL};
    cli_parse(c, &argp, argc, argv, &a);
    struct doc *args = doc_new_object();
    struct doc_build b = doc_build_of(args);
    doc_put_str(&b, "month", a.month);
    if (a.staff != NULL)
        doc_put_str(&b, "staff", a.staff);
    if (doc_build_done(&b) != ERR_OK) {
        doc_free(args);
        return cli_error(c, EX_DATAERR, "an argument is not valid UTF-8");
    }
    struct cli_call call = {.verb = "staff_names", .args = args};
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    const struct doc *names = NULL;
    const int code = cli_call(c, &call, &ok);
    if (code != 0 || cli_json(c, ok))
        return code;
    if (doc_get_array(ok, "names", &names, NULL) != ERR_OK)
        return cli_error(c, EX_PROTOCOL, "the agent's answer has no names");
    return cli_table(c, names, columns, ARRAY_LEN(columns));
}
