/* sluis-policy: the jurist's program. Reads policy files, never data. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "pki/cli/policy/cli.h"
#include "pki/secret.h"
#include "proto/base/text.h"
#include "proto/base/when.h"
#include "proto/host/clock.h"
#include "proto/host/file.h"

#define OUT_MAX_BYTES ((size_t)256 << 20)

static const char doc[] =
    "Checks, tests, explains, signs and adopts policy files: who may ask whom, on which legal "
    "basis.\n"
    "\n"
    "  check FILE           what to change before signing, with path and line\n"
    "  test FILE            run the tests that the file carries\n"
    "  explain FILE RULE    one decision in words (--role, --facts; --at for another time)\n"
    "  show FILE [RULE]     the register: the policy, or one rule, in words for people (--html)\n"
    "  dump FILE [RULE]     the policy, or one rule, compiled: stable text, for review\n"
    "  diff OLD NEW         who may do more under the newer file, and who less: from the rules,\n"
    "                       over all parties, functions, fields ..., not from the text\n"
    "  sign FILE            a detached CMS signature (--key, --certificate, --output)\n"
    "  verify FILE          signed by both? (--signature, --certificate)\n"
    "  adopt FILE           a holder's adoption (--key, --certificate, --serial, --output)\n"
    "\v"
    "Examples:\n"
    "  sluis-policy check policy.yaml\n"
    "  sluis-policy test --json policy.yaml\n"
    "  sluis-policy explain policy.yaml riec.casus.verstrekking --role holder --facts facts.yaml\n"
    "  sluis-policy show policy.yaml riec.casus.verstrekking\n"
    "  sluis-policy show policy.yaml --language en --html --output register.html\n"
    "  sluis-policy dump policy.yaml index.uwv\n"
    "  sluis-policy diff policy-2025.yaml policy-2026.yaml\n"
    "      Regel riec.casus.verstrekking (versie 2, was 1)\n"
    "        MEER    UWV: mag nu verstrekken: werkgever [rules[riec.casus.verstrekking].fields]\n"
    "        MINDER  personen of zaken per casus: was 100, wordt 50 [...]\n"
    "  sluis-policy diff --json --language en policy-2025.yaml policy-2026.yaml\n"
    "  sluis-policy sign policy.yaml --key owner.key --certificate owner.pem \\\n"
    "      --passphrase-file owner.pass --output owner.p7s\n"
    "  sluis-policy verify policy.yaml --signature owner.p7s --signature jurist.p7s \\\n"
    "      --certificate owner.pem --certificate jurist.pem\n"
    "  sluis-policy adopt policy.yaml --key officer.key --certificate officer.pem --serial 1 \\\n"
    "      --output uwv-1.adoption\n"
    "A stock tool reads the signature as well:\n"
    "  openssl cms -verify -binary -inform DER -in owner.p7s -content policy.yaml -CAfile "
    "owner.pem \\\n"
    "      -purpose any\n"
    "\n"
    "Exit codes: 0 good, or a difference told; 64 usage; 65 the file does not load, has errors or "
    "a test fails; 66 no "
    "such\n"
    "file; 73 the result cannot be written, or is there already; 74 input or output error; 77 no "
    "permission.";

enum {
    OPT_JSON = 1000,
    OPT_LANG,
    OPT_HTML,
    OPT_AT,
    OPT_FACTS,
    OPT_ROLE,
    OPT_KEY,
    OPT_PASSPHRASE,
    OPT_CERTIFICATE,
    OPT_SIGNATURE,
    OPT_OUTPUT,
    OPT_RULE,
    OPT_SERIAL,
    OPT_WITHDRAW,
    OPT_EVIDENCE
};

static const struct argp_option rows[] = {
    {"json", OPT_JSON, NULL, 0, "output as JSON", 0},
    {"language", OPT_LANG, "nl|en", 0, "show, explain, diff: the language (nl)", 0},
    {"html", OPT_HTML, NULL, 0, "show: one self-contained HTML file", 0},
    {"at", OPT_AT, "TIME", 0, "judge as if it were this date or UTC time", 0},
    {"facts", OPT_FACTS, "FILE", 0, "explain: facts by name, YAML or JSON", 0},
    {"role", OPT_ROLE, "ROLE", 0, "explain: requester, broker or holder", 0},
    {"key", OPT_KEY, "FILE", 0, "sign, adopt: the key file", 0},
    {"passphrase-file", OPT_PASSPHRASE, "FILE", 0, "opens the key (else asked on standard input)",
     0},
    {"certificate", OPT_CERTIFICATE, "FILE", 0,
     "certificate of the key, or of a pinned signer (PEM)", 0},
    {"signature", OPT_SIGNATURE, "FILE", 0, "verify: a signature; give each", 0},
    {"output", OPT_OUTPUT, "FILE", 0, "show, sign, adopt: where the result goes; never overwritten",
     0},
    {"rule", OPT_RULE, "ID", 0, "adopt: only this rule; may be given more than once", 0},
    {"serial", OPT_SERIAL, "N", 0, "adopt: one more than that of this holder's last", 0},
    {"withdraw", OPT_WITHDRAW, NULL, 0, "adopt: withdraw instead", 0},
    {"evidence", OPT_EVIDENCE, "FILE", 0,
     "adopt: also FILE, what was signed, and FILE.p7s, the detached CMS signature", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static void add_to(struct argp_state *state, const char **list, size_t *count, const char *arg)
{
    if (*count >= CLI_LIST_MAX)
        argp_error(state, "too many of one option: %s", arg);
    else
        list[(*count)++] = arg;
}

static void parse_serial(struct argp_state *state, struct options *o, const char *arg)
{
    if (text_get_u64(bytes_str(arg), INT64_MAX, &o->serial) != ERR_OK || o->serial == 0)
        argp_error(state, "--serial is a number above 0, not '%s'", arg);
}

/* The options of sign, verify and adopt. */
static error_t parse_signing(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case OPT_KEY:
        o->key = arg;
        return 0;
    case OPT_PASSPHRASE:
        o->passphrase_file = arg;
        return 0;
    case OPT_CERTIFICATE:
        add_to(state, o->certificates, &o->certificates_count, arg);
        return 0;
    case OPT_SIGNATURE:
        add_to(state, o->signatures, &o->signatures_count, arg);
        return 0;
    case OPT_OUTPUT:
        o->output = arg;
        return 0;
    case OPT_RULE:
        add_to(state, o->rules, &o->rules_count, arg);
        return 0;
    case OPT_SERIAL:
        parse_serial(state, o, arg);
        return 0;
    case OPT_EVIDENCE:
        o->evidence = arg;
        return 0;
    case OPT_WITHDRAW:
        o->withdraw = true;
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static void parse_argument(struct argp_state *state, struct options *o, const char *arg)
{
    if (o->verb == NULL)
        o->verb = arg;
    else if (o->file == NULL)
        o->file = arg;
    else if (o->argument == NULL)
        o->argument = arg;
    else
        argp_error(state, "too many arguments: %s", arg);
}

static void parse_language(struct argp_state *state, struct options *o, const char *arg)
{
    if (strcmp(arg, "nl") == 0)
        o->language = LANGUAGE_NL;
    else if (strcmp(arg, "en") == 0)
        o->language = LANGUAGE_EN;
    else
        argp_error(state, "--language is nl or en, not '%s'", arg);
}

static void parse_time(struct argp_state *state, struct options *o, const char *arg)
{
    o->has_at = true;
    if (when_parse(bytes_str(arg), &o->at_s) != ERR_OK)
        argp_error(state, "--at is YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ, not '%s'", arg);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case OPT_JSON:
        o->json = true;
        return 0;
    case OPT_LANG:
        parse_language(state, o, arg);
        return 0;
    case OPT_HTML:
        o->html = true;
        return 0;
    case OPT_AT:
        parse_time(state, o, arg);
        return 0;
    case OPT_FACTS:
        o->facts = arg;
        return 0;
    case OPT_ROLE:
        if (role_parse(bytes_str(arg), &o->role) != ERR_OK)
            argp_error(state, "--role is requester, broker or holder, not '%s'", arg);
        return 0;
    case ARGP_KEY_ARG:
        parse_argument(state, o, arg);
        return 0;
    case ARGP_KEY_END:
        if (o->verb == NULL || o->file == NULL)
            argp_error(state, "give a verb and a policy file");
        return 0;
    }
    return parse_signing(key, arg, state);
}

struct verb {
    const char *word;
    verb_fn fn;
    bool second; /* a rule or another file may follow the file */
};

static const struct verb *verb_of(const char *word)
{
    static const struct verb verbs[] = {
        {"check", verb_check, false},    {"test", verb_test, false},
        {"explain", verb_explain, true}, {"show", verb_show, true},
        {"dump", verb_dump, true},       {"diff", verb_diff, true},
        {"sign", verb_sign, false},      {"verify", verb_verify, false},
        {"adopt", verb_adopt, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (strcmp(verbs[i].word, word) == 0)
            return &verbs[i];
    }
    return NULL;
}

static enum err load(struct cli *c, struct errmsg *why)
{
    enum err e = file_read(c->options->file, FILE_ANY, &c->text, why);
    if (e == ERR_OK)
        e = cli_data_error(policy_file_load(buf_bytes(&c->text), c->options->file, &c->file, why));
    if (e == ERR_OK)
        c->policy = policy_file_policy(c->file);
    return e;
}

static int run(struct cli *c, verb_fn verb)
{
    struct errmsg why = {.text = ""};
    enum err e = load(c, &why);
    if (e != ERR_OK)
        return cli_fail(e, &why);
    int code = verb(c);
    if (buf_err(&c->out) != ERR_OK)
        return cli_fail(buf_err(&c->out), &why);
    struct bytes out = buf_bytes(&c->out);
    if (out.len > 0 && (fwrite(out.ptr, 1, out.len, stdout) != out.len || fflush(stdout) != 0))
        return cli_complain(EX_IOERR, "cannot write to standard output", "");
    return code;
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        .options = rows, .parser = parse_option, .args_doc = "VERB FILE [RULE | FILE]", .doc = doc};
    struct options o = {.language = LANGUAGE_NL};
    argp_err_exit_status = EX_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    const struct verb *verb = verb_of(o.verb);
    if (verb == NULL)
        return cli_complain(EX_USAGE, "no such verb; see --help: ", o.verb);
    if (o.argument != NULL && !verb->second)
        return cli_complain(EX_USAGE, "only a policy file follows this verb, and not also ",
                            o.argument);
    struct cli c = {.options = &o,
                    .now_s = o.has_at ? o.at_s : clock_now_s(clock_system()),
                    .text = buf_new(POLICY_MAX_BYTES),
                    .out = buf_new(OUT_MAX_BYTES)};
    if (secret_init() != ERR_OK)
        return cli_complain(EX_OSERR, "no locked memory for keys", "");
    int code = run(&c, verb->fn);
    policy_file_free(c.file);
    buf_free(&c.text);
    buf_free(&c.out);
    return code;
}
