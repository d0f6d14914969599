#include <stdlib.h>

#include "agent/cli/cli_import.h"
#include "agent/cli/verbs.h"

static const char doc_text[] =
    "Withdraws contributed records of a source by their record keys, or all of them. They answer no "
    "request any more; what a source still holds comes back with its next import.\v"
    "Examples:\n"
    "  sluis withdraw --source mapping 2025-0012 2025-0044\n"
    "  sluis withdraw --source mapping --all --confirm-withdraw 8000\n";

enum { OPT_SOURCE = 1000, OPT_ALL, OPT_CONFIRM };

struct withdraw_args {
    const char *source;
    bool all;
    struct import_confirm confirm;
    struct doc *keys;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct withdraw_args *a = state->input;
    switch (key) {
    case OPT_SOURCE:
        a->source = arg;
        return 0;
    case OPT_ALL:
        a->all = true;
        return 0;
    case OPT_CONFIRM:
        if (!import_confirm_parse(arg, &a->confirm))
            argp_error(state, "--confirm-withdraw: a number");
        return 0;
    case ARGP_KEY_ARG:
        if (doc_append(a->keys, doc_new_text(bytes_str(arg))) != ERR_OK)
            argp_error(state, "a record key is not valid UTF-8");
        return 0;
    case ARGP_KEY_END:
        if (a->source == NULL || a->all == (doc_count(a->keys) > 0))
            argp_error(state, "--source, and record keys or --all, are needed");
        if (a->all && !a->confirm.is_given)
            argp_error(state, "--all needs --confirm-withdraw with the number of records");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"source", OPT_SOURCE, "NAME", 0, "The source that contributed them", 0},
    {"all", OPT_ALL, NULL, 0, "Everything of that source", 0},
    {"confirm-withdraw", OPT_CONFIRM, "N", 0, "Exactly so many records may be withdrawn", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static const struct argp argp = {
    .options = options, .parser = parse_option, .args_doc = "[KEY...]", .doc = doc_text};

static struct doc *make_args(struct withdraw_args *a)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "source", a->source);
    if (a->all)
        doc_put_bool(&b, "all", true);
    else
        doc_put_doc(&b, "keys", take(a->keys));
    import_confirm_put(&b, &a->confirm);
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

int cli_withdraw(struct cli *c, int argc, char **argv)
{
    struct withdraw_args a = {.keys = doc_new_array()};
    if (a.keys == NULL)
        return cli_error(c, EX_OSERR, "out of memory");
    cli_parse(c, &argp, argc, argv, &a);
    struct cli_call call = {.verb = "withdraw", .unit = "records", .args = make_args(&a)};
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    int code = call.args != NULL ? cli_call(c, &call, &ok)
                                 : cli_error(c, EX_DATAERR, "an argument is not valid UTF-8");
    doc_free(a.keys);
    if (code != 0)
        return code;
    code = cli_json(c, ok) ? 0 : import_print(c, ok);
    return code != 0 ? code : import_exit(ok);
}
