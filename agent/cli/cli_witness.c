/* sluis witness: judges a request that came as a file, in the form of tlog-witness, and writes what a witness answers. */
#include "agent/cli/cli.h"
#include "agent/cli/verbs.h"
#include "proto/host/file.h"

#define REQUEST_MAX_BYTES ((size_t)260 << 10)
#define COSIGNED 200

struct witness_input {
    const char *request;
    const char *response; /* NULL: standard output */
};

static const char doc_text[] =
    "Judges a request to cosign the broker's audit log that came as a file, as the agent does over the wire: "
    "where the log only grew since the newest head that this agency cosigned, the answer is a signature line. "
    "Request and answer have the form of C2SP tlog-witness (add-checkpoint).\v"
    "Examples:\n"
    "  sluis witness add-checkpoint.txt > line.txt\n"
    "  sluis witness add-checkpoint.txt --response line.txt\n"
    "Exit codes: 65 where it is not cosigned; the reason, with the number that the protocol gives it, goes to "
    "standard error (409: the answer is the size that this witness has).\n";

static const struct argp_option options[] = {
    {"response", 'o', "FILE", 0, "where the answer goes", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct witness_input *in = state->input;
    switch (key) {
    case 'o':
        in->response = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (in->request != NULL)
            argp_usage(state);
        in->request = arg;
        return 0;
    case ARGP_KEY_END:
        if (in->request == NULL)
            argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {options, parse, "REQUEST", doc_text, NULL, NULL, NULL};

static int write_answer(struct cli *c, const char *path, struct bytes body)
{
    struct errmsg why = {""};
    if (path != NULL) {
        const enum err bad = file_write(path, body, 0644, &why);
        return bad == ERR_OK ? 0 : cli_error(c, cli_exit_of(bad), "%s", why.text);
    }
    if (body.len > 0 && fwrite(body.ptr, 1, body.len, c->out) != body.len)
        return cli_error(c, EX_IOERR, "the answer cannot be written");
    return 0;
}

static int show(struct cli *c, const struct witness_input *in, const struct doc *ok)
{
    int64_t status = 0;
    struct bytes body;
    struct bytes reason;
    if (doc_get_int(ok, "status", 0, 999, &status, NULL) != ERR_OK ||
        doc_get_text(ok, "body", REQUEST_MAX_BYTES, &body, NULL) != ERR_OK ||
        doc_get_text(ok, "reason", 512, &reason, NULL) != ERR_OK)
        return cli_error(c, EX_PROTOCOL, "the agent's answer cannot be read");
    const int code = cli_json(c, ok) ? 0 : write_answer(c, in->response, body);
    if (code != 0 || status == COSIGNED)
        return code;
    return cli_error(c, EX_DATAERR, "%lld: %.*s", (long long)status, (int)reason.len, (const char *)reason.ptr);
}

int cli_witness(struct cli *c, int argc, char **argv)
{
    struct witness_input in = {0};
    struct errmsg why = {""};
    cli_parse(c, &argp, argc, argv, &in);
    CLEANUP(buf_free) struct buf request = buf_new(REQUEST_MAX_BYTES);
    const enum err bad = cli_read(in.request, &request, &why);
    if (bad != ERR_OK)
        return cli_error(c, cli_exit_of(bad), "%s", why.text);
    CLEANUP(cleanup_doc_free) struct doc *args = doc_new_object();
    struct doc_build b = doc_build_of(args);
    doc_put_text(&b, "request", buf_bytes(&request));
    if (doc_build_done(&b) != ERR_OK)
        return cli_error(c, EX_DATAERR, "%s: not valid UTF-8", in.request);
    struct cli_call call = {.verb = "witness", .args = take(args)};
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    const int code = cli_call(c, &call, &ok);
    return code != 0 ? code : show(c, &in, ok);
}
