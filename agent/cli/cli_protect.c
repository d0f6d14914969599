#include <stdlib.h>
#include <string.h>

#include "agent/cli/cli.h"
#include "agent/cli/verbs.h"

static const char doc_text[] =
    "Keeps the list of protected persons, for the security officer: nothing of them is contributed from "
    "the next import on, and questions about them look like any other. The list cannot be read back.\v"
    "The value is read from standard input, so that it stands in no shell history.\n\n"
    "Examples:\n"
    "  sluis protect add bsn < value.txt\n"
    "  sluis protect remove bsn < value.txt\n"
    "  sluis protect count\n";

struct protect_args {
    const char *action;
    const char *type;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct protect_args *a = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (a->action == NULL)
            a->action = arg;
        else if (a->type == NULL)
            a->type = arg;
        else
            argp_error(state, "the value comes from standard input");
        return 0;
    case ARGP_KEY_END:
        if (a->action == NULL || (strcmp(a->action, "count") == 0) != (a->type == NULL))
            argp_error(state, "add TYPE, remove TYPE, or count");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    .parser = parse_option, .args_doc = "add TYPE | remove TYPE | count", .doc = doc_text};

static int read_value(struct cli *c, struct buf *out)
{
    struct errmsg why = {""};
    enum err bad = cli_read("-", out, &why);
    while (bad == ERR_OK && out->len > 0 &&
           (out->ptr[out->len - 1] == '\n' || out->ptr[out->len - 1] == '\r'))
        out->len--;
    return bad == ERR_OK ? 0 : cli_error(c, cli_exit_of(bad), "%s", why.text);
}

static int make_args(struct cli *c, const struct protect_args *a, struct doc **out)
{
    CLEANUP(buf_free) struct buf value = buf_new(4096);
    int code = a->type != NULL ? read_value(c, &value) : 0;
    if (code != 0)
        return code;
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "action", a->action);
    if (a->type != NULL) {
        doc_put_str(&b, "type", a->type);
        doc_put_text(&b, "value", buf_bytes(&value));
    }
    if (doc_build_done(&b) == ERR_OK) {
        *out = d;
        return 0;
    }
    doc_free(d);
    return cli_error(c, EX_DATAERR, "an argument is not valid UTF-8");
}

int cli_protect(struct cli *c, int argc, char **argv)
{
    struct protect_args a = {.action = NULL};
    cli_parse(c, &argp, argc, argv, &a);
    struct cli_call call = {.verb = "protect"};
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    int code = make_args(c, &a, &call.args);
    if (code == 0)
        code = cli_call(c, &call, &ok);
    if (code != 0 || cli_json(c, ok))
        return code;
    cli_field(c, "changed", ok, "changed");
    cli_field(c, "identifiers on the list", ok, "count");
    return 0;
}
