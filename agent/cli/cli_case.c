/* sluis case: the dossier that every request names. */
#include <string.h>

#include "agent/cli/cli.h"
#include "agent/cli/verbs.h"

#define REASON_MAX_BYTES ((size_t)2000)

struct case_input {
    const char *action;
    const char *what;  /* title of a new case; else the case */
    const char *third; /* move: the state; check: which */
    const char *state;
    const char *by;
    const char *reason_file;
    const char *intervention;
    const char *result;
};

static const char doc_text[] =
    "Cases of your organisation. Every request names one, and a rule says how far it must be and which "
    "checks must be recorded in it. Who may move a case from which state to which, and after which "
    "checks, stands in the policy; 'case show' lists where it can go. The states: signal, exploration, "
    "work_up_1, work_up_2, work_up_3, case, intervention, closed, destroyed. A closed case asks nothing "
    "more. Destroying it takes away its title, its requests and all that came back; a rule can want that "
    "at once when the case closes, or after a time.\n"
    "A case is named by the first digits of its id. A title should name nobody: others can read the "
    "command line. The reason of a check comes from a file, or from standard input with '-'.\v"
    "Examples:\n"
    "  sluis case open 'Panden aan de Kade'\n"
    "  sluis case check 3f9a check_1 --by 'weegploeg Noord' --reason-file intake.txt\n"
    "  sluis case move 3f9a exploration\n"
    "  sluis case close 3f9a --intervention bestuurlijk --result gestopt\n"
    "  sluis case destroy 3f9a\n"
    "  sluis case show\n"
    "  sluis case show 3f9a --json | jq .next\n";

enum { OPT_STATE = 't', OPT_BY = 'b', OPT_REASON = 'R', OPT_INTERVENTION = 'i', OPT_RESULT = 'u' };

static const struct argp_option options[] = {
    {"state", OPT_STATE, "STATE", 0, "open: the state it starts in (default: signal)", 0},
    {"by", OPT_BY, "WHO", 0, "check: who made it, where that is not you", 0},
    {"reason-file", OPT_REASON, "FILE", 0, "check: file with its reason; '-' is standard input", 0},
    {"intervention", OPT_INTERVENTION, "CODE", 0, "close: what was done, by a code of the rule", 0},
    {"result", OPT_RESULT, "CODE", 0, "close: what came of it, by a code of the rule", 0},
    {0},
};

static bool is(const struct case_input *in, const char *action)
{
    return in->action != NULL && strcmp(in->action, action) == 0;
}

static void check_input(const struct case_input *in, struct argp_state *state)
{
    if (in->action == NULL || (in->what == NULL && !is(in, "show")) ||
        ((is(in, "move") || is(in, "check")) != (in->third != NULL)))
        argp_usage(state);
    if (is(in, "check") != (in->reason_file != NULL) || (in->by != NULL && !is(in, "check")))
        argp_error(state, "a check, and nothing else, has --reason-file and --by");
    if ((in->intervention != NULL || in->result != NULL) && !is(in, "close"))
        argp_error(state, "only 'close' has --intervention and --result");
    if (in->state != NULL && !is(in, "open"))
        argp_error(state, "only 'open' has --state");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct case_input *in = state->input;
    switch (key) {
    case OPT_STATE: in->state = arg; return 0;
    case OPT_BY: in->by = arg; return 0;
    case OPT_REASON: in->reason_file = arg; return 0;
    case OPT_INTERVENTION: in->intervention = arg; return 0;
    case OPT_RESULT: in->result = arg; return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0)
            in->action = arg;
        else if (state->arg_num == 1)
            in->what = arg;
        else if (state->arg_num == 2)
            in->third = arg;
        else
            argp_usage(state);
        return 0;
    case ARGP_KEY_END: check_input(in, state); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {options, parse,
                                 "open TITLE\nmove CASE STATE\ncheck CASE CHECK\nclose CASE\n"
                                 "destroy CASE\nshow [CASE]",
                                 doc_text, NULL, NULL, NULL};

static struct doc *make_args(const struct case_input *in, struct bytes reason)
{
    const struct {
        const char *key;
        const char *text;
    } members[] = {
        {is(in, "open") ? "title" : "case", in->what},
        {"state", is(in, "move") ? in->third : in->state},
        {"check", is(in, "check") ? in->third : NULL},
        {"by", in->by},
        {"intervention", in->intervention},
        {"result", in->result},
    };
    CLEANUP(cleanup_doc_free) struct doc *args = doc_new_object();
    struct doc_build b = doc_build_of(args);
    doc_put_str(&b, "action", in->action);
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (members[i].text != NULL)
            doc_put_str(&b, members[i].key, members[i].text);
    if (reason.len > 0)
        doc_put_text(&b, "reason", reason);
    return doc_build_done(&b) == ERR_OK ? take(args) : NULL;
}

static int print_table(struct cli *c, const struct doc *ok, const char *key,
                       const struct cli_column *columns, size_t count)
{
    const struct doc *rows = NULL;
    if (doc_get_array(ok, key, &rows, NULL) != ERR_OK || doc_count(rows) == 0)
        return 0;
    cli_line(c, "%s", "");
    return cli_table(c, rows, columns, count);
}

static int print_one(struct cli *c, const struct doc *ok)
{
    static const struct cli_column history[] = {{"state", "state"}, {"by", "staff"}, {"at", "at"}};
    static const struct cli_column checks[] = {
        {"check", "check"}, {"made by", "by"}, {"recorded by", "staff"}, {"at", "at"},
        {"reason", "reason"}};
    static const struct cli_column next[] = {
        {"can move to", "state"}, {"by", "functions"}, {"after", "checks"}};
    cli_field(c, "case", ok, "case");
    cli_field(c, "title", ok, "title");
    cli_field(c, "state", ok, "state");
    cli_field(c, "asked under", ok, "rules");
    cli_field(c, "intervention", ok, "intervention");
    cli_field(c, "result", ok, "result");
    cli_field(c, "is destroyed at", ok, "destroy_at");
    int code = print_table(c, ok, "history", history, ARRAY_LEN(history));
    if (code == 0)
        code = print_table(c, ok, "checks", checks, ARRAY_LEN(checks));
    return code == 0 ? print_table(c, ok, "next", next, ARRAY_LEN(next)) : code;
}

static int print_all(struct cli *c, const struct doc *list)
{
    static const struct cli_column columns[] = {
        {"case", "case"}, {"title", "title"}, {"state", "state"}, {"since", "since"},
        {"opened by", "staff"},
    };
    if (doc_count(list) == 0) {
        cli_line(c, "No case yet; 'sluis case open TITLE' makes one.");
        return 0;
    }
    return cli_table(c, list, columns, ARRAY_LEN(columns));
}

int cli_case(struct cli *c, int argc, char **argv)
{
    struct case_input in = {0};
    CLEANUP(buf_free) struct buf reason = buf_new(REASON_MAX_BYTES + 1);
    cli_parse(c, &argp, argc, argv, &in);
    if (in.reason_file != NULL) {
        struct errmsg why = {""};
        enum err bad = cli_read(in.reason_file, &reason, &why);
        if (bad != ERR_OK && bad != ERR_TOO_LARGE)
            return cli_error(c, cli_exit_of(bad), "%s", why.text);
        if (bad != ERR_OK || reason.len == 0 || reason.len > REASON_MAX_BYTES)
            return cli_error(c, EX_DATAERR, "%s: the reason of a check is a text of 1 to %zu bytes",
                             in.reason_file, REASON_MAX_BYTES);
    }
    struct cli_call call = {.verb = "case", .args = make_args(&in, buf_bytes(&reason))};
    if (call.args == NULL)
        return cli_error(c, EX_DATAERR, "an argument is not valid UTF-8");
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    const struct doc *list = NULL;
    int code = cli_call(c, &call, &ok);
    if (code != 0 || cli_json(c, ok))
        return code;
    return doc_get_array(ok, "cases", &list, NULL) == ERR_OK ? print_all(c, list)
                                                             : print_one(c, ok);
}
