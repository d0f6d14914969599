/* sluis case: the dossier that every request names. */
#include <string.h>

#include "agent/cli/cli.h"
#include "agent/cli/verbs.h"

struct case_input {
    const char *action;
    const char *what; /* title of a new case; else the case */
    const char *state;
};

static const char doc_text[] =
    "Cases of your organisation. Every request names one, and a rule says how far it must be: signal, "
    "exploration, work_up_1, work_up_2, work_up_3, case, intervention. A closed case asks nothing "
    "more. A case is named by the first digits of its id. A title should name nobody: others can read "
    "the command line.\v"
    "Examples:\n"
    "  sluis case open 'Panden aan de Kade' --state work_up_1\n"
    "  sluis case move 3f9a work_up_2\n"
    "  sluis case close 3f9a\n"
    "  sluis case show\n"
    "  sluis case show 3f9a --json | jq .history\n";

static const struct argp_option options[] = {
    {"state", 't', "STATE", 0, "open: the state it starts in (default: signal)", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct case_input *in = state->input;
    switch (key) {
    case 't': in->state = arg; return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0)
            in->action = arg;
        else if (state->arg_num == 1)
            in->what = arg;
        else if (state->arg_num == 2 && strcmp(in->action, "move") == 0)
            in->state = arg;
        else
            argp_usage(state);
        return 0;
    case ARGP_KEY_END:
        if (in->action == NULL || (in->what == NULL && strcmp(in->action, "show") != 0) ||
            (strcmp(in->action, "move") == 0 && in->state == NULL))
            argp_usage(state);
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {options, parse,
                                 "open TITLE\nmove CASE STATE\nclose CASE\nshow [CASE]", doc_text,
                                 NULL, NULL, NULL};

static struct doc *make_args(const struct case_input *in)
{
    CLEANUP(cleanup_doc_free) struct doc *args = doc_new_object();
    struct doc_build b = doc_build_of(args);
    doc_put_str(&b, "action", in->action);
    if (in->what != NULL)
        doc_put_str(&b, strcmp(in->action, "open") == 0 ? "title" : "case", in->what);
    if (in->state != NULL)
        doc_put_str(&b, "state", in->state);
    return doc_build_done(&b) == ERR_OK ? take(args) : NULL;
}

static int print_one(struct cli *c, const struct doc *ok)
{
    static const struct cli_column columns[] = {{"state", "state"}, {"by", "staff"}, {"at", "at"}};
    const struct doc *history = NULL;
    cli_field(c, "case", ok, "case");
    cli_field(c, "title", ok, "title");
    cli_field(c, "state", ok, "state");
    if (doc_get_array(ok, "history", &history, NULL) != ERR_OK)
        return 0;
    cli_line(c, "%s", "");
    return cli_table(c, history, columns, ARRAY_LEN(columns));
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
    cli_parse(c, &argp, argc, argv, &in);
    struct cli_call call = {.verb = "case", .args = make_args(&in)};
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
