/* sluis inbox, show, claim: what waits for a decision of this organisation. */
#include "agent/cli/inbox_item.h"
#include "agent/cli/verbs.h"

/* ---- inbox ---- */

static const char inbox_doc[] =
    "Questions about records of your organisation that wait for a decision, as far as your function "
    "lets you see them. Deputies see those whose term is over. Overdue is what your organisation shall "
    "decide and did not decide in its term; nothing is ever released by silence.\v"
    "Examples:\n"
    "  sluis inbox --config /etc/sluis/agent-uwv.yaml\n"
    "  sluis inbox --all --json | jq '.items[] | select(.state == \"settled\")'\n";

static const struct argp_option inbox_options[] = {
    {"all", 'a', NULL, 0, "closed items too", 0},
    {0},
};

static error_t parse_inbox(int key, char *arg, struct argp_state *state)
{
    bool *all = state->input;
    (void)arg;
    switch (key) {
    case 'a': *all = true; return 0;
    case ARGP_KEY_ARG: argp_usage(state); return ARGP_ERR_UNKNOWN;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp inbox_argp = {inbox_options, parse_inbox, NULL, inbox_doc, NULL, NULL,
                                       NULL};

static int print_inbox(struct cli *c, const struct doc *ok)
{
    static const struct cli_column columns[] = {
        {">item", "item"},       {"state", "state"},     {"requester", "requester_name"},
        {"rule", "rule"},        {"fields", "fields"},   {"control", "control"},
        {">signed", "signed"},   {">needed", "needed"},  {"claimed by", "claimed_by"},
        {"decide by", "decide_by"}, {"deadline", "deadline"}, {"overdue", "overdue"},
        {"you are", "seat"},
    };
    const struct doc *rows = NULL;
    if (doc_get_array(ok, "items", &rows, NULL) != ERR_OK)
        return cli_error(c, EX_PROTOCOL, "the agent's answer cannot be read");
    if (doc_count(rows) == 0) {
        cli_line(c, "Nothing waits.");
        return 0;
    }
    int code = cli_table(c, rows, columns, ARRAY_LEN(columns));
    int64_t overdue = 0;
    if (doc_get_int(ok, "overdue", 1, INT64_MAX, &overdue, NULL) == ERR_OK)
        cli_line(c, "%lld overdue: your organisation shall decide, and its term is over.",
                 (long long)overdue);
    return code;
}

int cli_inbox(struct cli *c, int argc, char **argv)
{
    bool all = false;
    cli_parse(c, &inbox_argp, argc, argv, &all);
    struct doc *args = doc_new_object();
    struct doc_build b = doc_build_of(args);
    if (args != NULL)
        doc_put_bool(&b, "all", all);
    if (args == NULL || doc_build_done(&b) != ERR_OK) {
        doc_free(args);
        return cli_error(c, EX_OSERR, "out of memory");
    }
    struct cli_call call = {.verb = "inbox", .args = args};
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    int code = cli_call(c, &call, &ok);
    if (code != 0 || cli_json(c, ok))
        return code;
    return print_inbox(c, ok);
}

/* ---- show, claim ---- */

static error_t parse_item(int key, char *arg, struct argp_state *state)
{
    int64_t *item = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (*item != 0 || !inbox_item_number(arg, item))
            argp_error(state, "'%s' is not the number of an item", arg);
        return 0;
    case ARGP_KEY_NO_ARGS: argp_usage(state); return ARGP_ERR_UNKNOWN;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp show_argp = {
    NULL, parse_item, "ITEM",
    "One item: who asks, under which rule and legal basis, why, whether the control data are equal, and "
    "what could be released.\v"
    "Examples:\n"
    "  sluis show 12\n"
    "  sluis show 12 --json | jq .basis\n",
    NULL, NULL, NULL};

int cli_show(struct cli *c, int argc, char **argv)
{
    int64_t item = 0;
    cli_parse(c, &show_argp, argc, argv, &item);
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    int code = inbox_item_get(c, item, &ok);
    if (code != 0 || cli_json(c, ok))
        return code;
    inbox_item_print(c, ok);
    return 0;
}

static const struct argp claim_argp = {
    NULL, parse_item, "ITEM",
    "Takes an item, also from a colleague: until you decide nobody else's first signature counts.\v"
    "Examples:\n"
    "  sluis claim 12\n",
    NULL, NULL, NULL};

int cli_claim(struct cli *c, int argc, char **argv)
{
    int64_t item = 0;
    cli_parse(c, &claim_argp, argc, argv, &item);
    struct doc *args = doc_new_object();
    struct doc_build b = doc_build_of(args);
    if (args != NULL)
        doc_put_int(&b, "item", item);
    if (args == NULL || doc_build_done(&b) != ERR_OK) {
        doc_free(args);
        return cli_error(c, EX_OSERR, "out of memory");
    }
    struct cli_call call = {.verb = "claim", .args = args};
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    int code = cli_call(c, &call, &ok);
    if (code != 0 || cli_json(c, ok))
        return code;
    cli_line(c, "Item %lld is yours.", (long long)item);
    cli_field(c, "before", ok, "before");
    return 0;
}
