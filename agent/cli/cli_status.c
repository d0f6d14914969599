#include <sysexits.h>

#include "agent/cli/cli.h"
#include "agent/cli/cli_import.h"
#include "agent/cli/verbs.h"

static const char doc_text[] =
    "How the agent is: whether the broker can be reached, the state of the session, what waits in the "
    "outbox, how long roster and policy hold, the last verified head of the audit log, and the keys of "
    "each purpose.\v"
    "Examples:\n"
    "  sluis status --config /etc/sluis/agent-riec.yaml\n"
    "  sluis status --json | jq .alarms\n"
    "  sluis status --json >/run/sluis/status.json || page-the-operator\n"
    "  sluis status --check || page-the-operator\n"
    "Exit codes: 2 where an alarm stands, that is where somebody must act.\n";

#define EXIT_ALARM 2 /* as sluis-pki status */

struct status_input {
    bool is_check;
};

static const struct argp_option options[] = {
    {"check", 'c', NULL, 0, "print the alarms alone, and nothing where there are none; for monitoring", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct status_input *in = state->input;
    (void)arg;
    if (key == 'c')
        in->is_check = true;
    return key == 'c' || key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {options, parse, NULL, doc_text, NULL, NULL, NULL};

static const struct doc *part_of(const struct doc *d, const char *key)
{
    const struct doc *part = NULL;
    return doc_get_object(d, key, &part, NULL) == ERR_OK ? part : NULL;
}

static void print_fields(struct cli *c, const struct doc *ok)
{
    static const struct {
        const char *part;
        const char *label;
        const char *key;
    } lines[] = {
        {NULL, "agency", "agency"},
        {NULL, "deployment", "deployment"},
        {"broker", "broker", "endpoint"},
        {"broker", "broker reachable", "reachable"},
        {"broker", "trouble", "trouble"},
        {"session", "session", "state"},
        {"roster", "roster serial", "serial"},
        {"roster", "roster ends", "not_after"},
        {"policy", "policy serial", "serial"},
        {"outbox", "outbox waiting", "waiting"},
        {"inbox", "questions open", "open"},
        {"inbox", "past their term", "late"},
        {"inbox", "overdue", "overdue"},
        {"standing", "standing requests", "kept"},
        {"standing", "standing requests due", "due"},
        {"standing", "due for a new epoch", "by_epoch"},
        {"log", "log size verified", "size"},
        {"log", "proofs due", "proofs_due"},
        {"log", "proofs late", "proofs_late"},
        {"log", "proofs missed", "proofs_missed"},
        {"log", "in our name, not ours", "unsent"},
        {"own_log", "own log", "state"},
        {"own_log", "own log's next key", "key_change"},
        {"own_log", "own log at its witness", "witness"},
        {"own_log", "refused there", "refused"},
        {"own_log", "not cosigned since", "not_cosigned_since"},
        {"witness", "cosigned as witness", "cosigned_size"},
        {"witness", "quorum cosigned at", "quorum_at"},
        {"witness", "watch over the log", "state"},
        {"mirror", "log mirrored", "size"},
        {"mirror", "mirror of the log", "state"},
        {"store", "store", "state"},
        {"renewal", "renewal", "state"},
        {"renewal", "renewal asked", "asked"},
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        const struct doc *from = lines[i].part == NULL ? ok : part_of(ok, lines[i].part);
        if (from != NULL)
            cli_field(c, lines[i].label, from, lines[i].key);
    }
}

/* Versions of the policy that are to come. */
static void print_announced(struct cli *c, const struct doc *ok)
{
    const struct doc *policy = part_of(ok, "policy");
    const struct doc *list = NULL;
    if (policy == NULL || doc_get_array(policy, "announced", &list, NULL) != ERR_OK)
        return;
    for (size_t i = 0; i < doc_count(list); i++) {
        int64_t serial = 0;
        struct bytes from;
        if (doc_get_int(doc_at(list, i), "serial", 0, INT64_MAX, &serial, NULL) == ERR_OK &&
            doc_get_text(doc_at(list, i), "from", 64, &from, NULL) == ERR_OK)
            cli_line(c, "announced: policy serial %lld, in force from %.*s", (long long)serial,
                     (int)from.len, (const char *)from.ptr);
    }
}

/* What is in its last fourteen days; in its last three it is an alarm, too. */
static void print_endings(struct cli *c, const struct doc *ok)
{
    const struct doc *list = NULL;
    if (doc_get_array(ok, "endings", &list, NULL) != ERR_OK)
        return;
    for (size_t i = 0; i < doc_count(list); i++) {
        const struct doc *one = doc_at(list, i);
        struct bytes kind = {NULL, 0};
        struct bytes of = {NULL, 0};
        struct bytes ends = {NULL, 0};
        if (doc_get_text(one, "kind", 32, &kind, NULL) != ERR_OK ||
            doc_get_text(one, doc_has(one, "purpose") ? "purpose" : doc_has(one, "staff") ? "staff" : "oin", 64, &of,
                         NULL) != ERR_OK ||
            doc_get_text(one, "ends", 64, &ends, NULL) != ERR_OK)
            continue;
        cli_line(c, "ends soon: %.*s of %.*s at %.*s", (int)kind.len, (const char *)kind.ptr, (int)of.len,
                 (const char *)of.ptr, (int)ends.len, (const char *)ends.ptr);
    }
}

/* Under which version of the storage key values lie, and what to do next. */
static void print_storage_key(struct cli *c, const struct doc *ok)
{
    const struct doc *key = part_of(ok, "storage_key");
    int64_t percent = 0;
    struct bytes next;
    if (key == NULL)
        return;
    cli_field(c, "storage key version", key, "version");
    if (doc_get_int(key, "percent", 0, 99, &percent, NULL) == ERR_OK)
        cli_line(c, "storage key: %lld%% of the values are sealed under the new version", (long long)percent);
    if (doc_has(key, "next") && doc_get_text(key, "next", 256, &next, NULL) == ERR_OK)
        cli_line(c, "storage key, next: %.*s", (int)next.len, (const char *)next.ptr);
}

/* What somebody must act on. */
static int print_alarms(struct cli *c, const struct doc *ok)
{
    const struct doc *list = NULL;
    if (doc_get_array(ok, "alarms", &list, NULL) != ERR_OK)
        return cli_error(c, EX_PROTOCOL, "the agent's answer has no list of alarms");
    for (size_t i = 0; i < doc_count(list); i++) {
        struct bytes text;
        if (doc_text_of(doc_at(list, i), 1024, &text) == ERR_OK)
            cli_line(c, "ALARM: %.*s", (int)text.len, (const char *)text.ptr);
    }
    return 0;
}

static int print_status(struct cli *c, const struct doc *ok)
{
    static const struct cli_column columns[] = {
        {"purpose", "purpose"}, {">epoch", "epoch"}, {"state", "state"}, {"key", "key"}, {"same as deal", "kcv_matches"},
    };
    static const struct cli_column key_columns[] = {
        {"certificate", "key"}, {"ends", "ends"}, {"renewed from", "renewed_from"},
    };
    print_fields(c, ok);
    print_storage_key(c, ok);
    print_announced(c, ok);
    import_print_anew(c, ok);
    const struct doc *list = NULL;
    const struct doc *renewal = part_of(ok, "renewal");
    int code = 0;
    if (renewal != NULL && doc_get_array(renewal, "keys", &list, NULL) == ERR_OK) {
        cli_line(c, "%s", "");
        code = cli_table(c, list, key_columns, ARRAY_LEN(key_columns));
    }
    if (doc_get_array(ok, "purposes", &list, NULL) == ERR_OK && doc_count(list) > 0) {
        cli_line(c, "%s", "");
        code = cli_table(c, list, columns, ARRAY_LEN(columns));
    }
    print_endings(c, ok);
    const int told = print_alarms(c, ok);
    return code != 0 ? code : told;
}

static bool has_alarm(const struct doc *ok)
{
    const struct doc *list = NULL;
    return doc_get_array(ok, "alarms", &list, NULL) != ERR_OK || doc_count(list) > 0;
}

int cli_status(struct cli *c, int argc, char **argv)
{
    struct status_input in = {false};
    cli_parse(c, &argp, argc, argv, &in);
    struct cli_call call = {.verb = "status"};
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    int code = cli_call(c, &call, &ok);
    if (code != 0)
        return code;
    if (!cli_json(c, ok))
        code = in.is_check ? print_alarms(c, ok) : print_status(c, ok);
    return code == 0 && has_alarm(ok) ? EXIT_ALARM : code;
}
