/* sluis receipt: what the broker promised this agency to put into its log, and the proof that it did, as files for whoever
 * shall believe it without this agency. */
#include <limits.h>
#include <sys/stat.h>

#include "agent/cli/cli.h"
#include "agent/cli/verbs.h"
#include "proto/base/text.h"
#include "proto/host/file.h"

#define TEXT_MAX_BYTES ((size_t)1 << 20)

static const char doc_text[] =
    "What the broker promised this agency, for auditors, compliance officers and privacy officers. Each message that the broker "
    "accepts gets a signed promise that its entry will stand in the log by a time, and then the proof that it does; this agency keeps "
    "both. Without ENTRY: the promises that the log does not keep. With it: what is kept of that entry of the broker's log, as files "
    "for somebody else. That you asked stands in the agency's own log.\v"
    "Examples:\n"
    "  sluis receipt\n"
    "  sluis receipt 5d0c… (64 digits)\n"
    "  sluis receipt 5d0c… --output evidence\n"
    "  sluis-audit verify --proof evidence/entry.tlog-proof --entry 5d0c… --audit-policy audit-policy\n"
    "  openssl dgst -sha256 -verify broker.pub -signature evidence/promise.sig evidence/promise.signed\n"
    "missed: the log shows what was committed later, and not this entry: tell the auditor. late: the proof has not come, though there "
    "was time. Exit code 69 where this agency has nothing of ENTRY. broker.pub is the public key of the broker's certificate on the roster.\n";

struct receipt_args {
    const char *entry;  /* NULL: a list */
    const char *output; /* a folder; NULL: no files */
};

static const struct argp_option options[] = {
    {"output", 'o', "FOLDER", 0, "make this folder, with entry.tlog-proof, promise, promise.sig and promise.signed, of those that there are", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct receipt_args *a = state->input;
    switch (key) {
    case 'o': a->output = arg; return 0;
    case ARGP_KEY_ARG:
        if (a->entry != NULL)
            argp_usage(state);
        a->entry = arg;
        return 0;
    case ARGP_KEY_END:
        if (a->output != NULL && a->entry == NULL)
            argp_error(state, "--output: say of which entry");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {.options = options, .parser = parse, .args_doc = "[ENTRY]", .doc = doc_text};

/* ---- files ---- */

static const struct {
    const char *key;
    const char *file;
    bool is_base64;
} parts[] = {{"proof", "entry.tlog-proof", false},
             {"promise", "promise", true},
             {"signature", "promise.sig", true},
             {"signed", "promise.signed", true}};

static int write_part(struct cli *c, const char *folder, const struct doc *ok, size_t i)
{
    CLEANUP(buf_free) struct buf data = buf_new(TEXT_MAX_BYTES);
    struct errmsg why = {""};
    struct bytes text;
    char path[PATH_MAX];
    if (!doc_has(ok, parts[i].key))
        return 0;
    enum err bad = doc_get_text(ok, parts[i].key, TEXT_MAX_BYTES, &text, NULL);
    if (bad == ERR_OK && parts[i].is_base64)
        bad = text_get_base64(text, &data);
    if (bad != ERR_OK)
        return cli_error(c, EX_PROTOCOL, "the agent's answer cannot be read");
    const int n = snprintf(path, sizeof path, "%s/%s", folder, parts[i].file);
    if (n < 0 || (size_t)n >= sizeof path)
        return cli_error(c, EX_USAGE, "too long a path");
    bad = file_create(path, parts[i].is_base64 ? buf_bytes(&data) : text, 0644, &why);
    return bad == ERR_OK ? 0 : cli_error(c, cli_exit_of(bad), "%s", why.text);
}

/* A folder of its own, so that nothing of another entry lies there. */
static int write_files(struct cli *c, const char *folder, const struct doc *ok)
{
    int code = mkdir(folder, 0755) == 0 ? 0 : cli_error(c, EX_CANTCREAT, "%s cannot be made: a new folder, where you may write", folder);
    for (size_t i = 0; code == 0 && i < ARRAY_LEN(parts); i++)
        code = write_part(c, folder, ok, i);
    return code;
}

/* ---- for people ---- */

static int print_list(struct cli *c, const struct doc *ok)
{
    static const struct cli_column columns[] = {{"state", "state"}, {"promised for", "due"}, {"entry", "entry"}};
    const struct doc *list = NULL;
    bool is_cut = false;
    int64_t waiting = 0;
    if (doc_get_array(ok, "promises", &list, NULL) != ERR_OK || doc_get_bool(ok, "is_cut", &is_cut, NULL) != ERR_OK ||
        doc_get_int(ok, "waiting", 0, INT64_MAX, &waiting, NULL) != ERR_OK)
        return cli_error(c, EX_PROTOCOL, "the agent's answer cannot be read");
    const int code = doc_count(list) > 0 ? cli_table(c, list, columns, ARRAY_LEN(columns)) : 0;
    if (doc_count(list) == 0)
        cli_line(c, "No promise of the broker is known to be broken.");
    if (is_cut)
        cli_line(c, "There are more.");
    if (waiting > 0)
        cli_line(c, "%lld more promises wait for their proof.", (long long)waiting);
    return code;
}

/* Of an entry there is nothing: no file either, also for programs. */
static bool is_unknown(const struct doc *ok)
{
    return !doc_has(ok, "promise") && !doc_has(ok, "proof");
}

static int print_unknown(struct cli *c, const struct doc *ok)
{
    if (!cli_json(c, ok))
        cli_line(c, "This agency has neither a promise nor a proof of that entry: it did not send that message, or its store is younger.");
    return EX_UNAVAILABLE;
}

static int print_one(struct cli *c, const struct doc *ok)
{
    static const char *const fields[][2] = {
        {"entry", "entry"},       {"log", "log"}, {"message", "message"},
        {"committed", "committed"}, {"promised for", "due"}, {"broker's certificate (SHA-256)", "certificate"},
    };
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        cli_field(c, fields[i][0], ok, fields[i][1]);
    if (!doc_has(ok, "promise"))
        cli_line(c, "There is no promise: this agency did not send that message, or its store is younger.");
    else if (!doc_has(ok, "certificate"))
        cli_line(c, "No certificate of the broker on the roster of today checks the promise's signature.");
    cli_line(c, doc_has(ok, "proof") ? "The proof has come." : "There is no proof.");
    return 0;
}

int cli_receipt(struct cli *c, int argc, char **argv)
{
    struct receipt_args a = {.entry = NULL};
    cli_parse(c, &argp, argc, argv, &a);
    struct doc *args = doc_new_object();
    struct doc_build b = doc_build_of(args);
    if (a.entry != NULL)
        doc_put_str(&b, "entry", a.entry);
    if (doc_build_done(&b) != ERR_OK) {
        doc_free(args);
        return cli_error(c, EX_DATAERR, "an argument is not valid UTF-8");
    }
    struct cli_call call = {.verb = "receipt", .args = args};
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    int code = cli_call(c, &call, &ok);
    if (code == 0 && a.entry != NULL && is_unknown(ok))
        return print_unknown(c, ok);
    if (code == 0 && a.output != NULL)
        code = write_files(c, a.output, ok);
    if (code != 0 || cli_json(c, ok))
        return code;
    return a.entry != NULL ? print_one(c, ok) : print_list(c, ok);
}
