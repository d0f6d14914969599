#include "agent/cli/cli_run.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "pki/key.h"
#include "proto/base/arena.h"
#include "proto/host/control.h"

const char *argp_program_version = "sluis 0.1.0";

enum { OPT_SOCKET = 's', OPT_CONFIG = 'c', OPT_JSON = 0x100, OPT_KEY, OPT_PASSPHRASE, OPT_YES };

static const struct argp_option global_options[] = {
    {"socket", OPT_SOCKET, "PATH", 0, "the agent's control socket", 10},
    {"config", OPT_CONFIG, "FILE", 0, "the agent's configuration, for its socket", 10},
    {"json", OPT_JSON, NULL, 0, "print JSON", 10},
    {"key", OPT_KEY, "FILE", 0, "your officer's key file, for what you must sign", 10},
    {"passphrase-file", OPT_PASSPHRASE, "FILE", 0,
     "file with the passphrase of the key, mode 0600 (default: asks on the terminal)", 10},
    {"yes", OPT_YES, NULL, 0, "sign without a question; what is signed is compared all the same", 10},
    {0},
};

static error_t parse_global(int key, char *arg, struct argp_state *state)
{
    struct cli *c = state->input;
    switch (key) {
    case OPT_SOCKET: c->socket = arg; return 0;
    case OPT_CONFIG: c->config = arg; return 0;
    case OPT_JSON: c->json = true; return 0;
    case OPT_KEY: c->key = arg; return 0;
    case OPT_PASSPHRASE: c->passphrase_file = arg; return 0;
    case OPT_YES: c->yes = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp global_argp = {.options = global_options, .parser = parse_global};

/* A verb's own parser with the global options beside it. */
struct both {
    struct cli *cli;
    const struct argp *own;
    void *input;
};

static error_t parse_both(int key, char *arg, struct argp_state *state)
{
    struct both *b = state->input;
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = b->cli;
        state->child_inputs[1] = b->input;
        return 0;
    }
    (void)arg;
    return ARGP_ERR_UNKNOWN;
}

void cli_parse(struct cli *c, const struct argp *argp, int argc, char **argv, void *input)
{
    const struct argp own = {.options = argp->options, .parser = argp->parser,
                             .children = argp->children};
    const struct argp_child children[] = {
        {&global_argp, 0, "Everywhere:", 10},
        {&own, 0, NULL, 0},
        {0},
    };
    const struct argp whole = {.parser = parse_both, .args_doc = argp->args_doc, .doc = argp->doc,
                               .children = children};
    struct both b = {c, argp, input};
    argp_err_exit_status = EX_USAGE;
    argp_parse(&whole, argc, argv, 0, NULL, &b);
}

const struct cli_verb *cli_find(const struct cli_verb *verbs, const char *name)
{
    for (const struct cli_verb *v = verbs; v->name != NULL; v++)
        if (strcmp(v->name, name) == 0)
            return v;
    return NULL;
}

/* Where the verb begins: the first argument that is no option. */
struct front {
    struct cli *cli;
    const struct cli_verb *verbs;
    int verb; /* index in argv; 0: none */
};

static error_t parse_front(int key, char *arg, struct argp_state *state)
{
    struct front *f = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = f->cli; return 0;
    case ARGP_KEY_ARG:
        f->verb = state->next - 1;
        state->next = state->argc;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_usage(state); return EINVAL;
    default: (void)arg; return ARGP_ERR_UNKNOWN;
    }
}

/* `sluis --help`: every verb with its line. */
static char *front_filter(int key, const char *text, void *input)
{
    const struct front *f = input;
    if (key != ARGP_KEY_HELP_POST_DOC || f == NULL)
        return (char *)(uintptr_t)text;
    struct buf out = buf_new((size_t)1 << 16);
    buf_put_str(&out, "Verbs:\n");
    for (const struct cli_verb *v = f->verbs; v->name != NULL; v++)
        buf_printf(&out, "  %-12s %s\n", v->name, v->summary);
    buf_put_str(&out, "\nsluis VERB --help tells what a verb takes, with examples.\n"
                      "Exit codes: 64 usage, 65 bad data, 69 unreachable, 75 try again, 77 not "
                      "allowed, 78 configuration.\n");
    char *copy = strdup(buf_text(&out));
    buf_free(&out);
    return copy;
}

static int run_verb(const struct cli_verb *verbs, struct cli *c, int argc, char **argv)
{
    const struct cli_verb *v = cli_find(verbs, argv[0]);
    if (v == NULL)
        return cli_error(c, EX_USAGE, "'%s' is no verb; sluis --help lists them", argv[0]);
    char title[64];
    snprintf(title, sizeof title, "sluis %s", v->name);
    char *kept = argv[0];
    argv[0] = title;
    int code = v->run(c, argc, argv);
    argv[0] = kept;
    return code;
}

int cli_run(const struct cli_verb *verbs, int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    struct cli c = {.out = stdout, .err = stderr};
    const struct argp_child children[] = {{&global_argp, 0, NULL, 0}, {0}};
    const struct argp front = {
        .parser = parse_front,
        .args_doc = "VERB [ARGUMENT...]",
        .doc = "Ask, decide and read results through the agent of your organisation.\v ",
        .children = children,
        .help_filter = front_filter,
    };
    struct front f = {.cli = &c, .verbs = verbs};
    argp_err_exit_status = EX_USAGE;
    argp_parse(&front, argc, argv, ARGP_IN_ORDER, NULL, &f);
    int code = run_verb(verbs, &c, argc - f.verb, argv + f.verb);
    control_client_free(c.client);
    key_free(c.officer);
    doc_free(c.signed_documents);
    return code;
}
