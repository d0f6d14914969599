/* `sluis import`: streams a source to the agent, keeps the reject report, prints what became of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/cli/cli.h"
#include "agent/cli/cli_import.h"
#include "agent/cli/verbs.h"
#include "proto/base/text.h"
#include "proto/conf/mapping.h"

static const char doc_text[] =
    "Reads records from FILE (\"-\": standard input), as the mapping says, keeps them encrypted, and "
    "sends the broker what changed since the last time.\v"
    "A full source (the default) holds all records: what it lacks is withdrawn. A delta holds new and "
    "changed ones only. Rows, identifiers and fields that were not taken are listed in FILE.rejects.csv: "
    "row, column and reason, never the value.\n\n"
    "Examples:\n"
    "  sluis import casussen.csv --mapping mapping.yaml\n"
    "  sluis import - --mapping mapping.yaml --delta < nieuw.csv\n"
    "  sluis import casussen.csv --mapping mapping.yaml --confirm-withdraw 312\n"
    "  sluis import --status\n";

enum { OPT_STATUS = 1000, OPT_REJECTS, OPT_SOURCE, OPT_CONFIRM, OPT_FULL, OPT_DELTA };

struct import_args {
    const char *file;
    const char *mapping;
    const char *source;
    const char *rejects;
    bool status;
    bool is_delta;
    struct import_confirm confirm;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct import_args *a = state->input;
    switch (key) {
    case 'm':
        a->mapping = arg;
        return 0;
    case OPT_STATUS:
        a->status = true;
        return 0;
    case OPT_REJECTS:
        a->rejects = arg;
        return 0;
    case OPT_SOURCE:
        a->source = arg;
        return 0;
    case OPT_FULL:
        a->is_delta = false;
        return 0;
    case OPT_DELTA:
        a->is_delta = true;
        return 0;
    case OPT_CONFIRM:
        if (!import_confirm_parse(arg, &a->confirm))
            argp_error(state, "--confirm-withdraw: a number");
        return 0;
    case ARGP_KEY_ARG:
        if (a->file != NULL)
            argp_error(state, "one FILE at a time");
        a->file = arg;
        return 0;
    case ARGP_KEY_END:
        if (!a->status && (a->file == NULL || a->mapping == NULL))
            argp_error(state, "FILE and --mapping are needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"mapping", 'm', "FILE", 0, "The mapping file of the source", 0},
    {"source", OPT_SOURCE, "NAME", 0,
     "The name of the source (default: that of the mapping file); what another source contributed "
     "stays as it is",
     0},
    {"full", OPT_FULL, NULL, 0, "The source holds all records (the default)", 0},
    {"delta", OPT_DELTA, NULL, 0, "The source holds new and changed records only", 0},
    {"confirm-withdraw", OPT_CONFIRM, "N", 0, "Exactly so many records may be withdrawn", 0},
    {"rejects", OPT_REJECTS, "FILE", 0, "Where the reject report goes (default: FILE.rejects.csv)",
     0},
    {"status", OPT_STATUS, NULL, 0, "What the latest import did, or is doing", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static const struct argp argp = {
    .options = options, .parser = parse_option, .args_doc = "[FILE]", .doc = doc_text};

bool import_confirm_parse(const char *text, struct import_confirm *out)
{
    out->is_given = text_get_u64(bytes_str(text), INT64_MAX, &out->count) == ERR_OK;
    return out->is_given;
}

void import_confirm_put(struct doc_build *b, const struct import_confirm *c)
{
    if (c->is_given)
        doc_put_int(b, "confirm_withdraw", (int64_t)c->count);
}

/* The mapping file's name without folder and ending, in the letters that a name may have. */
static void default_source(const char *path, char out[static NAME_MAX_BYTES + 1])
{
    const char *base = strrchr(path, '/');
    base = base != NULL ? base + 1 : path;
    size_t n = strcspn(base, ".");
    if (n > NAME_MAX_BYTES)
        n = NAME_MAX_BYTES;
    for (size_t i = 0; i < n; i++) {
        char c = base[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (i > 0 && (c == '_' || c == '-'));
        out[i] = fits ? c : '0';
    }
    out[n] = '\0';
}

struct input {
    int fd;
    const char *path;
};

static enum err next_chunk(void *arg, struct buf *chunk, struct errmsg *why)
{
    const struct input *in = arg;
    char text[128];
    uint8_t *room = buf_reserve(chunk, CLI_CHUNK_BYTES);
    if (room == NULL)
        return errmsg_set(why, ERR_NOMEM, "out of memory");
    ssize_t n = 0;
    do
        n = read(in->fd, room, CLI_CHUNK_BYTES);
    while (n < 0 && errno == EINTR);
    chunk->len = n > 0 ? (size_t)n : 0;
    return n >= 0 ? ERR_OK
                  : errmsg_set(why, ERR_IO, "%s: cannot be read: %s", in->path,
                               strerror_r(errno, text, sizeof text));
}

/* The report may name columns, never values; it is the caller's alone all the same. */
static int write_rejects(struct cli *c, const char *path, struct bytes report)
{
    char text[128];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool ok = f != NULL && fwrite(report.ptr, 1, report.len, f) == report.len;
    if (f != NULL)
        ok = fclose(f) == 0 && ok;
    else if (fd >= 0)
        close(fd);
    return ok ? 0 : cli_error(c, EX_CANTCREAT, "%s: the reject report cannot be written: %s", path,
                              strerror_r(errno, text, sizeof text));
}

static int keep_rejects(struct cli *c, const struct import_args *a, const struct doc *ok)
{
    struct bytes text;
    char path[4096];
    if (doc_get_text(ok, "rejects", SIZE_MAX, &text, NULL) != ERR_OK)
        return 0;
    const uint8_t *line = text.len > 0 ? memchr(text.ptr, '\n', text.len) : NULL;
    if (line == NULL || (size_t)(line + 1 - text.ptr) == text.len)
        return 0; /* only its header */
    const char *to = a->rejects;
    if (to == NULL && strcmp(a->file, "-") != 0) {
        snprintf(path, sizeof path, "%s.rejects.csv", a->file);
        to = path;
    }
    if (to == NULL)
        return 0;
    int code = write_rejects(c, to, text);
    if (code == 0 && !c->json)
        cli_line(c, "what was not taken: %s", to);
    return code;
}

/* ---- print ---- */

static void print_counts(struct cli *c, const struct doc *from, const char *key, const char *what)
{
    const struct doc *counts = NULL;
    void *iter = NULL;
    const char *name = NULL;
    const struct doc *value = NULL;
    if (doc_get_object(from, key, &counts, NULL) != ERR_OK)
        return;
    while (doc_next(counts, &iter, &name, &value)) {
        int64_t n = 0;
        if (doc_int_of(value, 0, INT64_MAX, &n) == ERR_OK)
            cli_line(c, "  %s %s: %lld", what, name, (long long)n);
    }
}

static int print_read(struct cli *c, const struct doc *read)
{
    static const struct cli_column columns[] = {
        {"identifier", "type"},        {">read", "read"},
        {">accepted", "accepted"},     {">normalised", "normalised"},
        {">duplicates", "duplicates"},
    };
    const struct doc *list = NULL;
    cli_field(c, "rows read", read, "rows");
    cli_field(c, "rows accepted", read, "accepted");
    cli_field(c, "rows rejected", read, "rejected");
    print_counts(c, read, "rejected_by", "rejected for");
    cli_field(c, "fields left empty", read, "fields_rejected");
    print_counts(c, read, "kept_out_by", "kept out by rule for");
    if (doc_get_array(read, "identifiers", &list, NULL) != ERR_OK || doc_count(list) == 0)
        return 0;
    cli_line(c, "%s", "");
    int code = cli_table(c, list, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < doc_count(list); i++)
        print_counts(c, doc_at(list, i), "rejected", "identifier refused for");
    return code;
}

int import_exit(const struct doc *ok)
{
    struct bytes state;
    if (doc_get_text(ok, "state", 32, &state, NULL) != ERR_OK)
        return EX_SOFTWARE;
    bool of_machine = false;
    if (doc_get_bool(ok, "of_machine", &of_machine, NULL) == ERR_OK && of_machine)
        return EX_TEMPFAIL;
    return bytes_is(state, "stopped") || bytes_is(state, "failed") ? EX_DATAERR : 0;
}

static long long number_of(const struct doc *d, const char *key)
{
    int64_t n = 0;
    return doc_get_int(d, key, 0, INT64_MAX, &n, NULL) == ERR_OK ? (long long)n : 0;
}

void import_print_anew(struct cli *c, const struct doc *ok)
{
    const struct doc *anew = NULL;
    struct bytes state;
    struct bytes purpose;
    if (doc_get_object(ok, "anew", &anew, NULL) != ERR_OK ||
        doc_get_text(anew, "state", 32, &state, NULL) != ERR_OK || bytes_is(state, "none"))
        return;
    const int len = (int)state.len;
    const char *text = (const char *)state.ptr;
    if (doc_get_text(anew, "purpose", NAME_MAX_BYTES, &purpose, NULL) != ERR_OK)
        cli_line(c, "contributed anew: %.*s, %lld sources to go", len, text,
                 number_of(anew, "left"));
    else
        cli_line(c, "contributed anew: %.*s, %lld of %lld records into epoch %lld of %.*s; %lld "
                    "sources to go",
                 len, text, number_of(anew, "records"), number_of(anew, "of"),
                 number_of(anew, "epoch"), (int)purpose.len, (const char *)purpose.ptr,
                 number_of(anew, "left"));
}

int import_print(struct cli *c, const struct doc *ok)
{
    static const struct cli_column columns[] = {
        {"purpose", "purpose"},      {">epoch", "epoch"},         {">added", "added"},
        {">replaced", "replaced"},   {">withdrawn", "withdrawn"}, {">unchanged", "unchanged"},
        {">kept out", "kept_out"},   {">too old", "too_old"},     {">duplicates", "duplicates"},
        {">batches", "batches"},
    };
    const struct doc *part = NULL;
    struct bytes text;
    int code = 0;
    cli_field(c, "source", ok, "source");
    cli_field(c, "mode", ok, "mode");
    cli_field(c, "state", ok, "state");
    import_print_anew(c, ok);
    if (doc_get_object(ok, "read", &part, NULL) == ERR_OK && doc_has(part, "rows"))
        code = print_read(c, part);
    cli_line(c, "%s", "");
    if (doc_get_array(ok, "purposes", &part, NULL) == ERR_OK && doc_count(part) > 0)
        code = cli_table(c, part, columns, ARRAY_LEN(columns));
    if (doc_get_text(ok, "failure", 1024, &text, NULL) == ERR_OK ||
        doc_get_text(ok, "stopped", 1024, &text, NULL) == ERR_OK)
        cli_error(c, import_exit(ok), "%.*s", (int)text.len, (const char *)text.ptr);
    return code;
}

static int finish(struct cli *c, const struct import_args *a, const struct doc *ok)
{
    int code = a->status ? 0 : keep_rejects(c, a, ok);
    if (!cli_json(c, ok)) {
        int printed = import_print(c, ok);
        code = code != 0 ? code : printed;
    }
    return code != 0 || a->status ? code : import_exit(ok);
}

static int read_mapping(struct cli *c, const char *path, struct buf *out)
{
    struct errmsg why = {""};
    enum err bad = cli_read(path, out, &why);
    return bad == ERR_OK ? 0 : cli_error(c, cli_exit_of(bad), "%s", why.text);
}

static struct doc *make_args(const struct import_args *a, struct bytes mapping)
{
    char name[NAME_MAX_BYTES + 1] = "";
    if (a->source == NULL)
        default_source(a->mapping, name);
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "source", a->source != NULL ? a->source : name);
    doc_put_str(&b, "mode", a->is_delta ? "delta" : "full");
    doc_put_text(&b, "mapping", mapping);
    import_confirm_put(&b, &a->confirm);
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

static int send_source(struct cli *c, const struct import_args *a, struct doc **ok)
{
    char text[128];
    CLEANUP(buf_free) struct buf mapping = buf_new(MAPPING_MAX_BYTES);
    int code = read_mapping(c, a->mapping, &mapping);
    if (code != 0)
        return code;
    struct input in = {.fd = STDIN_FILENO, .path = a->file};
    if (strcmp(a->file, "-") != 0)
        in.fd = open(a->file, O_RDONLY | O_CLOEXEC);
    if (in.fd < 0)
        return cli_error(c, EX_NOINPUT, "%s: cannot be opened: %s", a->file,
                         strerror_r(errno, text, sizeof text));
    struct cli_call call = {.verb = "import",
                            .unit = "records",
                            .args = make_args(a, buf_bytes(&mapping)),
                            .source = next_chunk,
                            .arg = &in};
    code = call.args != NULL ? cli_call(c, &call, ok)
                             : cli_error(c, EX_DATAERR, "%s: not valid UTF-8", a->mapping);
    if (in.fd != STDIN_FILENO)
        close(in.fd);
    return code;
}

int cli_import(struct cli *c, int argc, char **argv)
{
    struct import_args a = {.file = NULL};
    cli_parse(c, &argp, argc, argv, &a);
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    struct cli_call status = {.verb = "imports"};
    int code = a.status ? cli_call(c, &status, &ok) : send_source(c, &a, &ok);
    return code != 0 ? code : finish(c, &a, ok);
}
