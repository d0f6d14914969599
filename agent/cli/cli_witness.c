/* sluis witness: judges a request that came as a file, in the form of tlog-witness, and writes what a witness answers;
 * hands out the evidence of a log that showed two histories; or vouches for the next key of the own log. */
#include <limits.h>

#include "agent/cli/cli.h"
#include "agent/cli/cli_vouch.h"
#include "agent/cli/verbs.h"
#include "proto/base/when.h"
#include "proto/host/file.h"

#define REQUEST_MAX_BYTES ((size_t)260 << 10)
#define ORIGIN_MAX_BYTES 255u
#define COSIGNED 200

enum { OPT_VOUCH = 512, OPT_LOST };

struct witness_input {
    const char *request;
    const char *response; /* NULL: standard output */
    const char *evidence; /* a folder; NULL: a request is judged */
    const char *away;     /* until when; NULL: nothing is announced */
    const char *from;     /* NULL: now */
    const char *left;     /* likewise, of the logs that ended */
    bool is_back;
    bool is_follow; /* of the log that goes on, without a proof */
    const char *vouch; /* the line of the next key of the own log; NULL: nobody vouches */
    const char *lost;  /* of the one that is lost; NULL: the agent knows it */
};

static const char doc_text[] =
    "Judges a request to cosign the broker's audit log that came as a file, as the agent does over the wire: "
    "where the log only grew since the newest head that this agency cosigned, the answer is a signature line. "
    "Request and answer have the form of C2SP tlog-witness (add-checkpoint). With --evidence: what proves that the log "
    "showed this agency two histories, as files for the auditor. With --left: the last head of each log that ended, and the newest "
    "ones that this agency had of it, to hold against a copy of that log (sluis-audit verify --old). With --away, by a security officer: tells the broker beforehand "
    "that this witness will be away, so that nobody looks for the cause; no quorum is lower for it. With --follow, by a security "
    "officer: the broker's log ended, nothing is left that shows how, and this agency goes over to the one that the roster names. "
    "With --vouch, by a security officer: the keys of this agency's own log are lost, and the broker, its witness, shall take this "
    "line (sluis-pki log prints it) for the next one. What is signed is shown first.\v"
    "Examples:\n"
    "  sluis witness add-checkpoint.txt > line.txt\n"
    "  sluis witness add-checkpoint.txt --response line.txt\n"
    "  sluis witness --evidence FOLDER\n"
    "  sluis witness --left FOLDER\n"
    "  sluis witness --away 2026-12-02 --from 2026-12-01T22:00:00Z\n"
    "  sluis witness --back\n"
    "  sluis witness --follow\n"
    "  sluis witness --vouch \"$(cat riec.line)\" --key visser.key\n"
    "Exit codes: 65 where it is not cosigned; the reason, with the number that the protocol gives it, goes to "
    "standard error (409: the answer is the size that this witness has).\n";

static const struct argp_option options[] = {
    {"response", 'o', "FILE", 0, "where the answer goes", 0},
    {"away", 'a', "UNTIL", 0, "announce that this witness will be away: a date, or a time in UTC; at most 31 days", 0},
    {"from", 'f', "FROM", 0, "from then on; now without it", 0},
    {"back", 'b', NULL, 0, "take the announcement back", 0},
    {"follow", 'l', NULL, 0, "go over to the log that the roster names, though nobody can show how the one before ended", 0},
    {"vouch", OPT_VOUCH, "LINE", 0, "sign that this is the next key of the own log, the one of before being lost", 0},
    {"lost", OPT_LOST, "LINE", 0, "--vouch: the key that is lost, where the agent's store does not know it", 0},
    {"evidence", 'e', "FOLDER", 0, "write shown (as it came), shown-head and own-head there; of a second log shown-2 and so on", 0},
    {"left", 'd', "FOLDER", 0, "write last-head-1, cosigned-head-1, proved-head-1 and mirrored-head-1 there, of each log that ended", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct witness_input *in = state->input;
    switch (key) {
    case 'o':
        in->response = arg;
        return 0;
    case 'e':
        in->evidence = arg;
        return 0;
    case 'd':
        in->left = arg;
        return 0;
    case 'a':
        in->away = arg;
        return 0;
    case 'f':
        in->from = arg;
        return 0;
    case 'b':
        in->is_back = true;
        return 0;
    case 'l':
        in->is_follow = true;
        return 0;
    case OPT_VOUCH:
        in->vouch = arg;
        return 0;
    case OPT_LOST:
        in->lost = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (in->request != NULL)
            argp_usage(state);
        in->request = arg;
        return 0;
    case ARGP_KEY_END:
        if ((in->request != NULL) + (in->evidence != NULL) + (in->left != NULL) + (in->away != NULL) + in->is_back + in->is_follow +
                    (in->vouch != NULL) != 1 ||
            (in->from != NULL && in->away == NULL) || (in->lost != NULL && in->vouch == NULL))
            argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {options, parse, "[REQUEST]", doc_text, NULL, NULL, NULL};

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

/* ---- evidence ---- */

/* The first log's files have these names; those of another have "-2" behind them, and so on. */
static const struct {
    const char *key;
    const char *file;
} parts[] = {{"shown", "shown"}, {"shown_head", "shown-head"}, {"own_head", "own-head"}};

static int write_text(struct cli *c, const char *path, size_t size, int n, struct bytes text)
{
    struct errmsg why = {""};
    if (n < 0 || (size_t)n >= size)
        return cli_error(c, EX_USAGE, "too long a path");
    const enum err bad = file_create(path, text, 0644, &why);
    return bad == ERR_OK ? 0 : cli_error(c, cli_exit_of(bad), "%s", why.text);
}

static int write_part(struct cli *c, const char *folder, const struct doc *ok, size_t part, size_t number)
{
    char path[PATH_MAX];
    struct bytes text;
    if (doc_get_text(ok, parts[part].key, REQUEST_MAX_BYTES, &text, NULL) != ERR_OK)
        return cli_error(c, EX_PROTOCOL, "the agent's answer cannot be read");
    const int n = number == 0 ? snprintf(path, sizeof path, "%s/%s", folder, parts[part].file)
                              : snprintf(path, sizeof path, "%s/%s-%zu", folder, parts[part].file, number + 1);
    return write_text(c, path, sizeof path, n, text);
}

static int write_evidence(struct cli *c, const char *folder, const struct doc *ok, size_t number)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < ARRAY_LEN(parts); i++)
        code = write_part(c, folder, ok, i, number);
    return code;
}

/* Of one log; empty: the one that the agent gives first. */
static int ask_evidence(struct cli *c, struct bytes origin, struct doc **ok)
{
    CLEANUP(cleanup_doc_free) struct doc *args = doc_new_object();
    struct doc_build b = doc_build_of(args);
    doc_put_bool(&b, "evidence", true);
    if (origin.len > 0)
        doc_put_text(&b, "origin", origin);
    if (doc_build_done(&b) != ERR_OK)
        return cli_error(c, EX_OSERR, "no memory");
    struct cli_call call = {.verb = "witness", .args = take(args)};
    return cli_call(c, &call, ok);
}

static int fetch_other(struct cli *c, const char *folder, struct bytes origin, size_t number)
{
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    const int code = ask_evidence(c, origin, &ok);
    return code != 0 ? code : write_evidence(c, folder, ok, number);
}

static int fetch_evidence(struct cli *c, const char *folder)
{
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    const struct doc *logs;
    struct bytes first;
    size_t number = 0;
    int code = ask_evidence(c, bytes_of(NULL, 0), &ok);
    if (code != 0)
        return code;
    if (doc_get_text(ok, "origin", ORIGIN_MAX_BYTES, &first, NULL) != ERR_OK || doc_get_array(ok, "logs", &logs, NULL) != ERR_OK)
        return cli_error(c, EX_PROTOCOL, "the agent's answer cannot be read");
    code = write_evidence(c, folder, ok, number++);
    for (size_t i = 0; code == 0 && i < doc_count(logs); i++) {
        struct bytes origin;
        if (doc_text_of(doc_at(logs, i), ORIGIN_MAX_BYTES, &origin) != ERR_OK)
            return cli_error(c, EX_PROTOCOL, "the agent's answer cannot be read");
        if (!bytes_equal(origin, first))
            code = fetch_other(c, folder, origin, number++);
    }
    return code;
}

/* ---- logs that ended ---- */

/* The heads that there are. */
static int write_heads(struct cli *c, const char *folder, const struct doc *log, size_t number)
{
    static const struct {
        const char *key;
        const char *file;
    } heads[] = {{"head", "last-head"},
                 {"cosigned_head", "cosigned-head"},
                 {"proved_head", "proved-head"},
                 {"mirrored_head", "mirrored-head"}};
    int code = 0;
    for (size_t i = 0; code == 0 && i < ARRAY_LEN(heads); i++) {
        char path[PATH_MAX];
        struct bytes text;
        if (doc_get_text(log, heads[i].key, REQUEST_MAX_BYTES, &text, NULL) != ERR_OK)
            return cli_error(c, EX_PROTOCOL, "the agent's answer cannot be read");
        if (text.len > 0)
            code = write_text(c, path, sizeof path, snprintf(path, sizeof path, "%s/%s-%zu", folder, heads[i].file, number), text);
    }
    return code;
}

static int show_left(struct cli *c, const struct doc *log, size_t number)
{
    int64_t size = 0;
    struct bytes origin;
    struct bytes root;
    struct bytes left;
    if (doc_get_int(log, "size", 0, INT64_MAX, &size, NULL) != ERR_OK || doc_get_text(log, "origin", ORIGIN_MAX_BYTES, &origin, NULL) != ERR_OK ||
        doc_get_text(log, "root", 64, &root, NULL) != ERR_OK || doc_get_text(log, "left", 32, &left, NULL) != ERR_OK)
        return cli_error(c, EX_PROTOCOL, "the agent's answer cannot be read");
    fprintf(c->out, "%zu: %.*s ended at size %lld, root %.*s; this agency left it at %.*s\n", number, (int)origin.len,
            (const char *)origin.ptr, (long long)size, (int)root.len, (const char *)root.ptr, (int)left.len, (const char *)left.ptr);
    return 0;
}

static int fetch_left(struct cli *c, const char *folder)
{
    CLEANUP(cleanup_doc_free) struct doc *args = doc_new_object();
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    const struct doc *logs;
    struct doc_build b = doc_build_of(args);
    doc_put_bool(&b, "left", true);
    if (doc_build_done(&b) != ERR_OK)
        return cli_error(c, EX_OSERR, "no memory");
    struct cli_call call = {.verb = "witness", .args = take(args)};
    int code = cli_call(c, &call, &ok);
    if (code != 0)
        return code;
    if (doc_get_array(ok, "logs", &logs, NULL) != ERR_OK)
        return cli_error(c, EX_PROTOCOL, "the agent's answer cannot be read");
    if (doc_count(logs) == 0)
        return cli_error(c, EX_NOINPUT, "there is none: this agency left no log of the broker's");
    const bool is_shown = cli_json(c, ok);
    for (size_t i = 0; code == 0 && i < doc_count(logs); i++) {
        code = write_heads(c, folder, doc_at(logs, i), i + 1);
        if (code == 0 && !is_shown)
            code = show_left(c, doc_at(logs, i), i + 1);
    }
    return code;
}

/* ---- planned absence ---- */

static int put_when(struct cli *c, struct doc_build *b, const char *key, const char *text)
{
    int64_t at_s = 0;
    if (when_parse(bytes_str(text), &at_s) != ERR_OK || at_s <= 0)
        return cli_error(c, EX_USAGE, "%s: no date as 2026-12-02 and no time as 2026-12-02T06:00:00Z", text);
    doc_put_int(b, key, at_s);
    return 0;
}

static int announce(struct cli *c, const struct witness_input *in)
{
    CLEANUP(cleanup_doc_free) struct doc *args = doc_new_object();
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    struct doc_build b = doc_build_of(args);
    int code = 0;
    if (in->is_back)
        doc_put_int(&b, "away_until", 0);
    else
        code = put_when(c, &b, "away_until", in->away);
    if (code == 0 && in->from != NULL)
        code = put_when(c, &b, "away_from", in->from);
    if (code != 0)
        return code;
    if (doc_build_done(&b) != ERR_OK)
        return cli_error(c, EX_OSERR, "no memory");
    struct cli_call call = {.verb = "witness", .args = take(args)};
    code = cli_call(c, &call, &ok);
    if (code != 0 || cli_json(c, ok))
        return code;
    fprintf(c->out, "%s\n", in->is_back ? "this witness is there" : "announced; the broker is told with the next head");
    return 0;
}

static int follow(struct cli *c)
{
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    struct cli_call call = {.verb = "follow", .args = doc_new_object()};
    const int code = cli_call(c, &call, &ok);
    if (code != 0 || cli_json(c, ok))
        return code;
    fprintf(c->out, "this agency goes over; sluis status says which log it follows\n");
    return 0;
}

int cli_witness(struct cli *c, int argc, char **argv)
{
    struct witness_input in = {0};
    struct errmsg why = {""};
    cli_parse(c, &argp, argc, argv, &in);
    if (in.evidence != NULL)
        return fetch_evidence(c, in.evidence);
    if (in.left != NULL)
        return fetch_left(c, in.left);
    if (in.is_follow)
        return follow(c);
    if (in.vouch != NULL)
        return cli_vouch(c, in.vouch, in.lost);
    if (in.request == NULL)
        return announce(c, &in);
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
