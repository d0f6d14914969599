/* sluis request: one question to one or more holders. Identifiers come from a file or standard input and
 * never from the command line, which every user of the machine can read while the program runs. */
#include <string.h>

#include "agent/cli/cli.h"
#include "agent/cli/verbs.h"
#include "proto/base/text.h"
#include "proto/base/when.h"

#define SUBJECTS_MAX_BYTES ((size_t)8 << 20)
#define LIST_MAX 64
#define EVERY_MOST 100000

enum { OPT_RULE = 'r', OPT_CASE = 'k', OPT_HOLDER = 'o', OPT_FIELD = 'f', OPT_SUBJECTS = 'S',
       OPT_DEADLINE = 'd', OPT_BEHALF = 0x200, OPT_DRY, OPT_TEMPLATE, OPT_UNTIL, OPT_EVERY };

struct texts {
    const char *v[LIST_MAX];
    size_t count;
};

struct request_input {
    const char *rule;
    const char *dossier;
    const char *behalf;
    const char *subjects;
    const char *deadline;
    struct texts holders;
    struct texts fields;
    const char *until;
    const char *every;
    bool dry_run;
    bool template;
};

static const char doc_text[] =
    "Asks holders about subjects under one rule, in a case. The agent judges the policy first and says "
    "every condition that fails; then you sign one question for each holder, with --key.\n"
    "Subjects come from a JSON file, or from standard input with '-': never from the command line, which "
    "other users of the machine can read. --template prints an example.\v"
    "Examples:\n"
    "  sluis request --template > subjects.json\n"
    "  sluis request --rule riec.casus.verstrekking --case 3f9a --subjects subjects.json --dry-run\n"
    "  sluis request --rule riec.casus.verstrekking --case 3f9a --subjects subjects.json \\\n"
    "      --holder 00000099000000004000 --field openstaande_schuld --deadline 10m --key jansen.key\n"
    "  sluis request --rule riec.casus.verstrekking --case 3f9a --subjects one.json \\\n"
    "      --standing-until 2027-03-01 --every 14 --key jansen.key\n"
    "Exit codes: 77 where a condition of the policy fails, or the broker refuses.\n";

static const char template_text[] =
    "[\n"
    "  {\n"
    "    \"label\": \"how you call this subject; stays here\",\n"
    "    \"identifiers\": [\n"
    "      {\"type\": \"bsn\", \"value\": \"999990019\"},\n"
    "      {\"type\": \"naam_geboortedatum\", \"parts\": {\"geslachtsnaam\": \"Jansen\",\n"
    "        \"voornaam\": \"Piet\", \"geboortedatum\": \"1980-01-01\"}}\n"
    "    ],\n"
    "    \"necessity\": \"why this question, about this subject, now\",\n"
    "    \"proportionality\": \"why it weighs up\",\n"
    "    \"subsidiarity\": \"why nothing lighter will do\",\n"
    "    \"concrete_signal\": \"what points at this subject\",\n"
    "    \"control\": {\"name\": \"P. Jansen\", \"birth_date\": \"1980-01-01\"}\n"
    "  }\n"
    "]\n";

static const struct argp_option options[] = {
    {"rule", OPT_RULE, "RULE", 0, "the rule of the policy", 0},
    {"case", OPT_CASE, "CASE", 0, "the case: the first digits of its id", 0},
    {"subjects", OPT_SUBJECTS, "FILE", 0, "JSON file with the subjects; '-' is standard input", 0},
    {"holder", OPT_HOLDER, "OIN", 0, "a holder; again for more (default: all of the rule)", 0},
    {"field", OPT_FIELD, "NAME", 0, "a field; again for more (default: all of the rule)", 0},
    {"deadline", OPT_DEADLINE, "TIME", 0,
     "when it closes: YYYY-MM-DDTHH:MM:SSZ, or from now: 90s, 30m, 8h, 5d (default: the latest that the "
     "rule allows)", 0},
    {"on-behalf-of", OPT_BEHALF, "OIN", 0, "for whom, where a partnership asks for one of several", 0},
    {"standing-until", OPT_UNTIL, "DATE", 0,
     "ask it again until then (YYYY-MM-DD, at most 365 days), with --every; one subject; see sluis standing", 0},
    {"every", OPT_EVERY, "DAYS", 0, "with --standing-until: it is due again after so many days, and in a new epoch", 0},
    {"dry-run", OPT_DRY, NULL, 0,
     "say which conditions fail, what is left of the limits and when it closes; send nothing", 0},
    {"template", OPT_TEMPLATE, NULL, 0, "print an example of a file of subjects", 0},
    {0},
};

static void add_text(struct argp_state *state, struct texts *t, const char *text)
{
    if (t->count == LIST_MAX)
        argp_error(state, "too many");
    else
        t->v[t->count++] = text;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request_input *in = state->input;
    switch (key) {
    case OPT_RULE: in->rule = arg; return 0;
    case OPT_CASE: in->dossier = arg; return 0;
    case OPT_HOLDER: add_text(state, &in->holders, arg); return 0;
    case OPT_FIELD: add_text(state, &in->fields, arg); return 0;
    case OPT_SUBJECTS: in->subjects = arg; return 0;
    case OPT_DEADLINE: in->deadline = arg; return 0;
    case OPT_BEHALF: in->behalf = arg; return 0;
    case OPT_UNTIL: in->until = arg; return 0;
    case OPT_EVERY: in->every = arg; return 0;
    case OPT_DRY: in->dry_run = true; return 0;
    case OPT_TEMPLATE: in->template = true; return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s': subjects are given with --subjects FILE", arg);
        return 0;
    case ARGP_KEY_END:
        if (!in->template && (in->rule == NULL || in->dossier == NULL || in->subjects == NULL))
            argp_error(state, "needs --rule, --case and --subjects");
        if ((in->until != NULL) != (in->every != NULL))
            argp_error(state, "--standing-until DATE and --every DAYS go together");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {options, parse, NULL, doc_text, NULL, NULL, NULL};

/* "90s", "30m", "8h", "5d" as seconds; 0 for anything else. */
static int64_t duration_of(const char *text)
{
    static const struct {
        char unit;
        uint64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    size_t n = strlen(text);
    uint64_t v = 0;
    for (size_t i = 0; n > 1 && i < ARRAY_LEN(units); i++)
        if (text[n - 1] == units[i].unit &&
            text_get_u64(bytes_of(text, n - 1), 100000000, &v) == ERR_OK)
            return (int64_t)(v * units[i].seconds);
    return 0;
}

static struct doc *texts_doc(const struct texts *t)
{
    CLEANUP(cleanup_doc_free) struct doc *list = doc_new_array();
    for (size_t i = 0; list != NULL && i < t->count; i++)
        if (doc_append(list, doc_new_text(bytes_str(t->v[i]))) != ERR_OK)
            return NULL;
    return take(list);
}

/* The file: an array, or an object with "subjects". */
static enum err read_subjects(const char *path, struct doc **out, struct errmsg *why)
{
    CLEANUP(buf_free) struct buf text = buf_new(SUBJECTS_MAX_BYTES);
    CLEANUP(cleanup_doc_free) struct doc *file = NULL;
    const struct doc *list = NULL;
    enum err bad = cli_read(path, &text, why);
    if (bad == ERR_OK && (bad = doc_parse(buf_bytes(&text), SUBJECTS_MAX_BYTES, &file, why)) != ERR_OK)
        errmsg_wrap(why, bad, "%s", path);
    if (bad != ERR_OK)
        return bad;
    if (doc_is_array(file)) {
        *out = take(file);
        return ERR_OK;
    }
    if (doc_get_array(file, "subjects", &list, NULL) != ERR_OK)
        return errmsg_set(why, ERR_INVALID, "%s: not a list of subjects; see --template", path);
    *out = doc_copy(list);
    return *out != NULL ? ERR_OK : ERR_NOMEM;
}

/* Until when it is asked again, and how often. */
static void put_standing(const struct request_input *in, struct doc_build *b)
{
    struct doc *d = doc_new_object();
    struct doc_build s = doc_build_of(d);
    uint64_t days = 0;
    if (text_get_u64(bytes_str(in->every), EVERY_MOST, &days) != ERR_OK)
        days = 0; /* the agent says what it has to be */
    doc_put_str(&s, "until", in->until);
    doc_put_int(&s, "every_days", (int64_t)days);
    if (doc_build_done(&s) != ERR_OK)
        doc_free(take(d));
    doc_put_doc(b, "standing", d);
}

static enum err make_args(const struct request_input *in, struct doc **out, struct errmsg *why)
{
    struct doc *subjects = NULL;
    enum err bad = read_subjects(in->subjects, &subjects, why);
    if (bad != ERR_OK)
        return bad;
    CLEANUP(cleanup_doc_free) struct doc *args = doc_new_object();
    struct doc_build b = doc_build_of(args);
    doc_put_doc(&b, "subjects", subjects);
    doc_put_str(&b, "rule", in->rule);
    doc_put_str(&b, "case", in->dossier);
    doc_put_bool(&b, "dry_run", in->dry_run);
    if (in->behalf != NULL)
        doc_put_str(&b, "on_behalf_of", in->behalf);
    if (in->holders.count > 0)
        doc_put_doc(&b, "holders", texts_doc(&in->holders));
    if (in->fields.count > 0)
        doc_put_doc(&b, "fields", texts_doc(&in->fields));
    int64_t seconds = in->deadline != NULL ? duration_of(in->deadline) : 0;
    if (seconds > 0)
        doc_put_int(&b, "deadline_s", seconds);
    else if (in->deadline != NULL)
        doc_put_str(&b, "deadline", in->deadline);
    if (in->until != NULL)
        put_standing(in, &b);
    bad = doc_build_done(&b);
    if (bad == ERR_OK)
        *out = take(args);
    return bad == ERR_OK ? ERR_OK : errmsg_set(why, bad, "an argument is not valid UTF-8");
}

static bool has_text(const struct texts *t, const char *text)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->v[i], text) == 0)
            return true;
    return false;
}

static bool is_case(const char *prefix, const struct case_id *id)
{
    char room[2 * sizeof id->b + 1] = "";
    struct buf hex = buf_fixed(room, sizeof room - 1);
    text_put_hex(&hex, BYTES_OF_ARRAY(id->b));
    return strncasecmp(prefix, room, strlen(prefix)) == 0;
}

/* What is signed is what was asked, now: rule, case, holder, fields, deadline. Which subjects lie under the root
 * of the tree is the word of the agency's own agent. */
static enum err check(void *arg, const struct cli_document *d, struct errmsg *why)
{
    const struct request_input *in = arg;
    const struct request_header *h = d->request;
    int64_t end = 0;
    if (h == NULL)
        return errmsg_set(why, ERR_MISMATCH, "it is no request");
    if (strcmp(h->rule.s, in->rule) != 0)
        return errmsg_set(why, ERR_MISMATCH, "it names rule %s", h->rule.s);
    if (!is_case(in->dossier, &h->case_id))
        return errmsg_set(why, ERR_MISMATCH, "it names another case");
    if (in->holders.count > 0 && !has_text(&in->holders, h->holder.oin))
        return errmsg_set(why, ERR_MISMATCH, "it asks %s too", h->holder.oin);
    if (in->behalf != NULL && strcmp(in->behalf, h->on_behalf_of.oin) != 0)
        return errmsg_set(why, ERR_MISMATCH, "it is on behalf of %s", h->on_behalf_of.oin);
    for (size_t i = 0; in->fields.count > 0 && i < h->field_count; i++)
        if (!has_text(&in->fields, h->fields[i].s))
            return errmsg_set(why, ERR_MISMATCH, "it asks field %s too", h->fields[i].s);
    if (!cli_is_now(h->issued_at_s))
        return errmsg_set(why, ERR_MISMATCH, "it says that you ask at another time than now");
    if (in->deadline == NULL)
        return ERR_OK;
    int64_t seconds = duration_of(in->deadline);
    if (seconds > 0 ? h->deadline_s - h->issued_at_s != seconds
                    : when_parse(bytes_str(in->deadline), &end) != ERR_OK || end != h->deadline_s)
        return errmsg_set(why, ERR_MISMATCH, "it has another deadline");
    return ERR_OK;
}

static int print_conditions(struct cli *c, const struct doc *holder)
{
    static const struct cli_column columns[] = {
        {"condition", "code"}, {"", "nl"}, {"", "en"}, {"detail", "detail"}, {"source", "citation"},
    };
    const struct doc *list = NULL;
    if (doc_get_array(holder, "conditions", &list, NULL) != ERR_OK || doc_count(list) == 0)
        return 0;
    return cli_table(c, list, columns, ARRAY_LEN(columns));
}

static int print_dry_run(struct cli *c, const struct doc *ok)
{
    static const struct cli_column holders[] = {
        {"holder", "holder"}, {"", "name"}, {"allowed", "permit"}, {"fields", "fields"},
    };
    static const struct cli_column limits[] = {
        {"limit", "limit"}, {">with this", "with_this"}, {">most", "most"}, {">left", "left"},
    };
    const struct doc *list = NULL;
    int code = 0;
    cli_field(c, "closes", ok, "closes");
    cli_field(c, "outcome", ok, "outcome");
    if (doc_get_array(ok, "holders", &list, NULL) == ERR_OK) {
        code = cli_table(c, list, holders, ARRAY_LEN(holders));
        for (size_t i = 0; code == 0 && i < doc_count(list); i++)
            code = print_conditions(c, doc_at(list, i));
    }
    if (code == 0 && doc_get_array(ok, "limits", &list, NULL) == ERR_OK)
        code = cli_table(c, list, limits, ARRAY_LEN(limits));
    cli_line(c, "Nothing was sent.");
    return code;
}

static int print_answer(struct cli *c, const struct doc *ok)
{
    static const struct cli_column columns[] = {
        {"holder", "holder"}, {"", "name"}, {"state", "state"}, {"", "detail"},
    };
    const struct doc *list = NULL;
    cli_field(c, "request", ok, "request");
    cli_field(c, "closes", ok, "closes");
    cli_field(c, "standing", ok, "standing");
    cli_field(c, "until", ok, "until");
    cli_field(c, "asked again from", ok, "next");
    if (doc_get_array(ok, "holders", &list, NULL) != ERR_OK)
        return cli_error(c, EX_PROTOCOL, "the agent's answer cannot be read");
    return cli_table(c, list, columns, ARRAY_LEN(columns));
}

int cli_request(struct cli *c, int argc, char **argv)
{
    struct request_input in = {0};
    struct errmsg why = {""};
    cli_parse(c, &argp, argc, argv, &in);
    if (in.template) {
        fputs(template_text, c->out);
        return 0;
    }
    struct doc *args = NULL;
    enum err bad = make_args(&in, &args, &why);
    if (bad != ERR_OK)
        return cli_error(c, cli_exit_of(bad), "%s", why.text[0] != '\0' ? why.text : err_text(bad));
    struct cli_call call = {.verb = "request", .args = args, .check = check, .arg = &in};
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    bool permit = true;
    int code = cli_call(c, &call, &ok);
    if (code != 0)
        return code;
    if (in.dry_run && doc_get_bool(ok, "permit", &permit, NULL) != ERR_OK)
        permit = false;
    if (!cli_json(c, ok))
        code = in.dry_run ? print_dry_run(c, ok) : print_answer(c, ok);
    return code == 0 && !permit ? EX_NOPERM : code;
}
