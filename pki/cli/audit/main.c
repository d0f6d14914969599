/* sluis-audit: what a compliance officer or an auditor does with the audit log. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "pki/cli/audit/options.h"
#include "pki/secret.h"
#include "proto/base/text.h"
#include "proto/base/when.h"

enum {
    OPT_FILLER_KEY = 256,
    OPT_OLD,
    OPT_PREDECESSOR,
    OPT_PREDECESSOR_POLICY,
    OPT_PREDECESSOR_BODIES,
    OPT_PROOF,
    OPT_ENTRY,
    OPT_BODY,
    OPT_POLICY,
    OPT_AGENCY,
    OPT_RULE,
    OPT_EVENT,
    OPT_DECISION,
    OPT_OFFICER,
    OPT_SINCE,
    OPT_UNTIL,
    OPT_COSIGNED,
    OPT_FROM,
    OPT_TO,
    OPT_LIMIT,
    OPT_AFTER,
    OPT_HEADER,
    OPT_CASE,
    OPT_N,
    OPT_SEED,
    OPT_FORMAT,
    OPT_LEAST,
    OPT_EVERY,
    OPT_JSON,
    OPT_OWN,
    OPT_PASSPHRASE_FILE,
    OPT_CERTIFICATE,
    OPT_BUNDLE,
    OPT_COPY,
};

static const struct argp_option option_table[] = {
    {0, 0, 0, 0, "Where things are:", 1},
    {"log", 'd', "DIR", 0, "The published log: a folder with `checkpoint' and `tile/'", 0},
    {"audit-policy", 'P', "FILE", 0, "Whom you believe: log keys, witnesses, quorum", 0},
    {"bodies", 'b', "PATH", 0, "Bodies: the control socket of your agent, or a file of JSON lines", 0},
    {"own", OPT_OWN, 0, 0, "Of the agency's own log, through the socket of its agent; no key is needed", 0},
    {"key", 'k', "FILE", 0, "Your key file: signs the queries that go through a socket", 0},
    {"passphrase-file", OPT_PASSPHRASE_FILE, "FILE", 0, "Opens the key (else asked on the terminal)", 0},
    {"certificate", OPT_CERTIFICATE, "FILE", 0, "Your certificate, for a bundle; of verify --bundle: whose must be under it", 0},
    {"copy", OPT_COPY, "DIR", 0, "recover: the auditors' copy of bodies, as it lies at the broker's host", 0},
    {"output", 'o', "FILE", 0, "Where prove, export, report and recover write; never over a file that is there", 0},
    {"policy", OPT_POLICY, "FILE", 0, "explain: the policy file of that version, for citations", 0},
    {0, 0, 0, 0, "What verify checks beside the whole log:", 2},
    {"old", OPT_OLD, "FILE", 0, "An earlier checkpoint must be a prefix of the log", 0},
    {"predecessor", OPT_PREDECESSOR, "DIR", 0, "verify: the log before this one, which must go on where that one ended", 0},
    {"predecessor-policy", OPT_PREDECESSOR_POLICY, "FILE", 0, "Whom to believe of that log", 0},
    {"predecessor-bodies", OPT_PREDECESSOR_BODIES, "FILE", 0, "Bodies of that log", 0},
    {"cosigned-since", OPT_COSIGNED, "TIME", 0, "The quorum must have cosigned the head since then", 0},
    {"bundle", OPT_BUNDLE, "DIR", 0, "Only this folder of evidence; needs no log folder", 0},
    {"proof", OPT_PROOF, "FILE", 0, "Only this proof file; needs no log folder", 0},
    {"entry", OPT_ENTRY, "HEX", 0, "The entry that the proof must be about", 0},
    {"body", OPT_BODY, "FILE", 0, "The body that the proof must be about", 0},
    {"from", OPT_FROM, "INDEX", 0, "Only entries from here on, each by its own path", 0},
    {"to", OPT_TO, "INDEX", 0, "... up to this one, not included", 0},
    {"filler-key", OPT_FILLER_KEY, "FILE", 0, "Auditors: 64 hex digits; tells fillers apart", 0},
    {0, 0, 0, 0, "Which entries list, sample, export, report and watch take:", 3},
    {"since", OPT_SINCE, "TIME", 0, "2026-11-23 or 2026-11-23T22:20:00Z", 0},
    {"until", OPT_UNTIL, "TIME", 0, "Not including this time", 0},
    {"agency", OPT_AGENCY, "OIN", 0, "As actor or as the other party", 0},
    {"rule", OPT_RULE, "ID", 0, "", 0},
    {"event", OPT_EVENT, "ID", 0, "Such as request.refused", 0},
    {"decision", OPT_DECISION, "permit|deny", 0, "", 0},
    {"officer", OPT_OFFICER, "PSEUDONYM", 0, "", 0},
    {"case", OPT_CASE, "HEX", 0, "Of this case, by its id", 0},
    {"header", OPT_HEADER, "HEX", 0, "Of this question to one holder, by the digest of its header", 0},
    {"limit", OPT_LIMIT, "N", 0, "list: at most N rows (100)", 0},
    {"after", OPT_AFTER, "INDEX", 0, "list, watch: the rows behind this one", 0},
    {"every", OPT_EVERY, "SECONDS", 0, "watch: how often it looks (5)", 0},
    {"n", OPT_N, "N", 0, "sample: how many", 0},
    {"seed", OPT_SEED, "TEXT", 0, "sample: the same seed draws the same entries", 0},
    {0, 0, 0, 0, "How it is shown:", 4},
    {"format", OPT_FORMAT, "NAME", 0, "Of export: csv (as it is), jsonl, adl, bundle, and with --own ldv; of report: text (as it is), json, html", 0},
    {"least", OPT_LEAST, "N", 0, "report: counts below N are kept back (5); 1 shows all", 0},
    {"json", OPT_JSON, 0, 0, "JSON instead of text", 0},
    {"quiet", 'q', 0, 0, "No progress bar", 0},
    {0, 0, 0, 0, 0, 0},
};

static void get_number(struct argp_state *state, const char *arg, uint64_t *out)
{
    if (text_get_u64(bytes_str(arg), INT64_MAX, out) != ERR_OK)
        argp_error(state, "\"%s\" is not a whole number", arg);
}

static void get_time(struct argp_state *state, const char *arg, const char **text, int64_t *out)
{
    *text = arg;
    if (when_parse(bytes_str(arg), out) != ERR_OK)
        argp_error(state, "\"%s\" is not a date or a UTC time", arg);
}

/* Options that are kept as text. */
static const char **text_option(struct options *o, int key)
{
    const struct {
        int key;
        const char **text;
    } texts[] = {
        {'d', &o->log},
        {'P', &o->audit_policy},
        {'b', &o->bodies},
        {'k', &o->key},
        {OPT_PASSPHRASE_FILE, &o->passphrase_file},
        {OPT_CERTIFICATE, &o->certificate},
        {OPT_BUNDLE, &o->bundle},
        {OPT_COPY, &o->copy},
        {'o', &o->output},
        {OPT_POLICY, &o->policy},
        {OPT_OLD, &o->old},
        {OPT_PREDECESSOR, &o->predecessor},
        {OPT_PREDECESSOR_POLICY, &o->predecessor_policy},
        {OPT_PREDECESSOR_BODIES, &o->predecessor_bodies},
        {OPT_PROOF, &o->proof},
        {OPT_ENTRY, &o->entry},
        {OPT_BODY, &o->body},
        {OPT_FILLER_KEY, &o->filler_key},
        {OPT_AGENCY, &o->agency},
        {OPT_RULE, &o->rule},
        {OPT_EVENT, &o->event},
        {OPT_DECISION, &o->decision},
        {OPT_OFFICER, &o->officer},
        {OPT_CASE, &o->dossier},
        {OPT_HEADER, &o->header},
        {OPT_SEED, &o->seed},
        {OPT_FORMAT, &o->format},
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (texts[i].key == key)
            return texts[i].text;
    }
    return NULL;
}

static void take_argument(struct argp_state *state, struct options *o, const char *arg)
{
    if (o->verb == NULL) {
        o->verb = arg;
    } else if (o->index_text == NULL) {
        o->index_text = arg;
        get_number(state, arg, &o->index);
    } else {
        argp_error(state, "one argument too many: \"%s\"", arg);
    }
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    const char **text = text_option(o, key);
    if (text != NULL) {
        *text = arg;
        return 0;
    }
    switch (key) {
    case OPT_FROM:
        get_number(state, arg, &o->from);
        return 0;
    case OPT_TO:
        get_number(state, arg, &o->to);
        return 0;
    case OPT_LIMIT:
        get_number(state, arg, &o->limit);
        return 0;
    case OPT_AFTER:
        o->after_text = arg;
        get_number(state, arg, &o->after);
        return 0;
    case OPT_LEAST:
        o->least_text = arg;
        get_number(state, arg, &o->least);
        return 0;
    case OPT_EVERY:
        o->every_text = arg;
        get_number(state, arg, &o->every);
        return 0;
    case OPT_N:
        get_number(state, arg, &o->count);
        return 0;
    case OPT_SINCE:
        get_time(state, arg, &o->since_text, &o->since);
        return 0;
    case OPT_UNTIL:
        get_time(state, arg, &o->until_text, &o->until);
        return 0;
    case OPT_COSIGNED:
        get_time(state, arg, &o->cosigned_text, &o->cosigned_since);
        return 0;
    case OPT_OWN:
        o->own = true;
        return 0;
    case OPT_JSON:
        o->json = true;
        return 0;
    case 'q':
        o->quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        take_argument(state, o, arg);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "what should it do: verify, prove, list, show, explain, open, sample, export, report, watch or recover?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const char doc[] =
    "Reads and checks the audit log of Sluis."
    "\v"
    "verify     checks the signature of the head, every entry, every tile, and bodies where given;\n"
    "           says what it did not check\n"
    "prove N    writes a proof file for entry N\n"
    "list       shows entries that the filters let through\n"
    "show N     prints the exact body of entry N\n"
    "explain N  says which rule decided and which conditions failed, in Dutch and English\n"
    "open N     says which question, item or case of your agency the digests of entry N are, by its store; itself\n"
    "           an entry of its own log (auditor)\n"
    "sample     draws entries at random, so that anybody draws the same with the same seed\n"
    "export     writes the entries that fit into a file, and says its digest; as a bundle into a folder, with\n"
    "           a proof of each, that you sign\n"
    "report     adds up the entries that fit: questions, answers, grounds; small counts are kept back\n"
    "watch      shows the entries that fit as they come, until it is stopped; ends with an alarm where the\n"
    "           log does not grow from what it was\n"
    "recover    reads the auditors' copy of bodies, with your agency's key, where the broker lost its own\n"
    "\n"
    "Examples:\n"
    "  sluis-audit verify --log tiles --audit-policy audit-policy --bodies bodies.jsonl\n"
    "  sluis-audit verify --audit-policy audit-policy --proof 17.tlog-proof\n"
    "  sluis-audit verify --log tiles --audit-policy audit-policy --old checkpoint.last-month\n"
    "  sluis-audit verify --log tiles --audit-policy audit-policy --cosigned-since 2026-11-28\n"
    "  sluis-audit list --bodies bodies.jsonl --event request.refused --since 2026-11-01\n"
    "  sluis-audit explain 17 --bodies bodies.jsonl --policy policy.yaml\n"
    "  sluis-audit open 17 --own --bodies /run/sluis/riec.sock\n"
    "  sluis-audit sample --bodies bodies.jsonl --event consent.accepted --n 25 --seed 'audit 2026-11 4711'\n"
    "  sluis-audit export --bodies bodies.jsonl --since 2026-01-01 --output 2026.csv\n"
    "  sluis-audit export --format bundle --log tiles --audit-policy audit-policy --bodies bodies.jsonl \\\n"
    "    --key jansen.key --certificate jansen.pem --output evidence\n"
    "  sluis-audit export --own --format ldv --bodies /run/sluis/riec.sock --output verwerkingen.jsonl\n"
    "  sluis-audit verify --bundle evidence --audit-policy audit-policy --certificate jansen.pem\n"
    "  sluis-audit report --bodies bodies.jsonl --since 2026-01-01 --until 2027-01-01 --format html -o 2026.html\n"
    "  sluis-audit watch --log tiles --audit-policy audit-policy --bodies /run/sluis/riec.sock --key jansen.key \\\n"
    "    --event request.refused\n"
    "\n"
    "Exit status: 0 all that was checked holds; 65 something does not; 64 wrong use; 66 a file is\n"
    "missing; 78 the audit policy file cannot be used.";

int options_fail(const char *what, int e, const struct errmsg *why)
{
    static const struct {
        enum err err;
        int status;
    } statuses[] = {
        {ERR_NOT_FOUND, EX_NOINPUT}, {ERR_IO, EX_IOERR},          {ERR_NO_SPACE, EX_IOERR},
        {ERR_NOMEM, EX_OSERR},       {ERR_CRYPTO, EX_OSERR},      {ERR_CONFIG, EX_CONFIG},
        {ERR_PERMISSION, EX_NOPERM}, {ERR_EXISTS, EX_CANTCREAT}, {ERR_UNREACHABLE, EX_UNAVAILABLE},
    };
    const char *detail = why != NULL && why->text[0] != '\0' ? why->text : err_text((enum err)e);
    fprintf(stderr, "sluis-audit: %s: %s\n", what, detail);
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        if (statuses[i].err == (enum err)e)
            return statuses[i].status;
    }
    return EX_DATAERR;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(const struct options *o);
        bool needs_index;
    } verbs[] = {
        {"verify", run_verify, false}, {"prove", run_prove, true},       {"list", run_list, false},
        {"show", run_show, true},      {"explain", run_explain, true}, {"sample", run_sample, false},
        {"export", run_export, false}, {"report", run_report, false},
        {"watch", run_watch, false},   {"recover", run_recover, false}, {"open", run_open, true},
    };
    static const struct argp argp = {option_table, parse_option, "VERB [INDEX]", doc, 0, 0, 0};
    struct options o = {.limit = 100, .to = OPTIONS_NO_INDEX, .until = INT64_MAX};
    argp_err_exit_status = EX_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    enum err e = secret_init();
    if (e != ERR_OK && e != ERR_PERMISSION)
        return options_fail("the secure heap", e, NULL);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (strcmp(o.verb, verbs[i].name) != 0)
            continue;
        if (verbs[i].needs_index == (o.index_text != NULL))
            return verbs[i].run(&o);
        fprintf(stderr, "sluis-audit: %s %s\n", o.verb,
                verbs[i].needs_index ? "needs the index of an entry" : "takes no argument");
        return EX_USAGE;
    }
    fprintf(stderr, "sluis-audit: no verb \"%s\"; see --help\n", o.verb);
    return EX_USAGE;
}
