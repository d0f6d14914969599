/* sluis own-log: what touched one subject at this agency, for that subject's own request. Two
 * persons; identifiers come from a file or standard input and never from the command line, which
 * every user of the machine can read. */
#include <string.h>

#include "agent/cli/cli.h"
#include "agent/cli/verbs.h"
#include "proto/base/text.h"

#define SUBJECT_MAX_BYTES ((size_t)64 << 10)
#define LETTER_MAX_BYTES ((size_t)4 << 20)

enum {
    OPT_GROUND = 'g',
    OPT_REFERENCE = 'R',
    OPT_RECEIVED = 'd',
    OPT_SUBJECT = 'S',
    OPT_LETTER = 'l',
    OPT_PART = 'p',
    OPT_TEMPLATE = 0x200
};

struct own_log_input {
    const char *action;
    const char *search;
    const char *ground;
    const char *reference;
    const char *received;
    const char *subject;
    const char *letter; /* "nl", "en"; NULL: none */
    const char *part;
    bool template;
};

static const char doc_text[] =
    "What touched one subject at your organisation: its questions about the subject, questions of "
    "others that met a record of "
    "the subject, decisions, what was released and received, and which data sets hold the subject "
    "today. For a request of "
    "that subject, by two privacy officers: one proposes, another person names the same subject "
    "and confirms, and is shown "
    "what was found; both can look again for seven days. Each step is an entry of the own log. The "
    "broker is not asked and "
    "learns nothing.\n"
    "The identifiers come from a JSON file, or from standard input with '-': never from the "
    "command line, which other users of "
    "the machine can read. --template prints an example. The column 'tell' says what the subject "
    "may hear: now, later (until "
    "when), review (somebody has to look at it again), or apart (of a compartment that only one of "
    "the two may see: it is in no text, and who is listed tells it). 'about' says perhaps_another "
    "where what is shared, such as an account, does not say that it is this person: that is in no "
    "text either. --letter prints the text for the "
    "subject; where all is deferred it is "
    "the same text as where nothing was found.\v"
    "Examples:\n"
    "  sluis own-log --template > subject.json\n"
    "  sluis own-log ask --ground avg15 --reference AVG-2026-0017 --received 2026-11-02 --subject subject.json\n"
    "  sluis own-log confirm 7be1 --subject subject.json      (the second person)\n"
    "  sluis own-log show 7be1 --letter nl\n"
    "Exit codes: 65 where the two name different subjects, or the ground is not that of your "
    "organisation, 75 where the limit of "
    "a day is reached or there is too much for one text, 77 where the same person confirms.\n";

static const char template_text[] = "{\n"
                                    "  \"identifiers\": [\n"
                                    "    {\"type\": \"bsn\", \"value\": \"999990019\"}\n"
                                    "  ]\n"
                                    "}\n";

static const struct argp_option options[] = {
    {"ground", OPT_GROUND, "GROUND", 0, "ask: by which law the subject asks: avg15, wpg25 or wjsg",
     0},
    {"reference", OPT_REFERENCE, "CODE", 0, "ask: the code of the subject's request; names nobody",
     0},
    {"received", OPT_RECEIVED, "YYYY-MM-DD", 0, "ask: the day on which the request came in, from which the term runs", 0},
    {"subject", OPT_SUBJECT, "FILE", 0,
     "ask, confirm: JSON file with the identifiers; '-' is standard input", 0},
    {"letter", OPT_LETTER, "LANGUAGE", 0,
     "confirm, show: print the text for the subject, in nl or en, and nothing else", 0},
    {"part", OPT_PART, "N", 0, "show: the Nth part of a text that has several", 0},
    {"template", OPT_TEMPLATE, NULL, 0, "print an example of a file with identifiers", 0},
    {0},
};

static bool is(const struct own_log_input *in, const char *action)
{
    return in->action != NULL && strcmp(in->action, action) == 0;
}

static void check_input(const struct own_log_input *in, struct argp_state *state)
{
    const bool ask = is(in, "ask");
    if (in->template)
        return;
    if (!ask && !is(in, "confirm") && !is(in, "show"))
        argp_usage(state);
    if (ask != (in->search == NULL))
        argp_usage(state);
    if (ask != (in->ground != NULL) || ask != (in->reference != NULL) || ask != (in->received != NULL))
        argp_error(state, "'ask', and nothing else, has --ground, --reference and --received");
    if (is(in, "show") != (in->subject == NULL))
        argp_error(state, "'ask' and 'confirm' have --subject");
    if (in->letter != NULL &&
        (ask || (strcmp(in->letter, "nl") != 0 && strcmp(in->letter, "en") != 0)))
        argp_error(state, "--letter is nl or en, of 'confirm' and 'show'");
    if (in->part != NULL && (!is(in, "show") || in->letter == NULL))
        argp_error(state, "--part is of 'show' with --letter");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct own_log_input *in = state->input;
    switch (key) {
    case OPT_GROUND:
        in->ground = arg;
        return 0;
    case OPT_REFERENCE:
        in->reference = arg;
        return 0;
    case OPT_RECEIVED:
        in->received = arg;
        return 0;
    case OPT_SUBJECT:
        in->subject = arg;
        return 0;
    case OPT_LETTER:
        in->letter = arg;
        return 0;
    case OPT_PART:
        in->part = arg;
        return 0;
    case OPT_TEMPLATE:
        in->template = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0)
            in->action = arg;
        else if (state->arg_num == 1)
            in->search = arg;
        else
            argp_usage(state);
        return 0;
    case ARGP_KEY_END:
        check_input(in, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {options, parse, "ask\nconfirm SEARCH\nshow SEARCH", doc_text, NULL,
                                 NULL,    NULL};

/* {"identifiers": …} of the file, without whatever else stands there. */
static enum err read_subject(const char *path, struct doc **out, struct errmsg *why)
{
    CLEANUP(buf_free) struct buf text = buf_new(SUBJECT_MAX_BYTES);
    CLEANUP(cleanup_doc_free) struct doc *file = NULL;
    CLEANUP(cleanup_doc_free) struct doc *subject = doc_new_object();
    const struct doc *list = NULL;
    enum err bad = cli_read(path, &text, why);
    if (bad == ERR_OK &&
        (bad = doc_parse(buf_bytes(&text), SUBJECT_MAX_BYTES, &file, why)) != ERR_OK)
        errmsg_wrap(why, bad, "%s", path);
    if (bad != ERR_OK)
        return bad;
    if (!doc_is_object(file) || doc_get_array(file, "identifiers", &list, NULL) != ERR_OK)
        return errmsg_set(why, ERR_INVALID, "%s: no list of identifiers; see --template", path);
    bad = subject != NULL ? doc_put(subject, "identifiers", doc_copy(list)) : ERR_NOMEM;
    if (bad == ERR_OK)
        *out = take(subject);
    return bad;
}

static enum err put_part(struct doc_build *b, const char *text)
{
    uint64_t n = 0;
    const enum err bad = text_get_u64(bytes_str(text), UINT32_MAX, &n);
    doc_put_int(b, "part", (int64_t)n);
    return bad == ERR_OK && n == 0 ? ERR_RANGE : bad;
}

static enum err make_args(const struct own_log_input *in, struct doc **out, struct errmsg *why)
{
    CLEANUP(cleanup_doc_free) struct doc *args = doc_new_object();
    struct doc_build b = doc_build_of(args);
    struct doc *subject = NULL;
    enum err bad = in->subject != NULL ? read_subject(in->subject, &subject, why) : ERR_OK;
    if (bad != ERR_OK)
        return bad;
    if (subject != NULL)
        doc_put_doc(&b, "subject", subject);
    if (in->search != NULL)
        doc_put_str(&b, "search", in->search);
    if (in->ground != NULL)
        doc_put_str(&b, "ground", in->ground);
    if (in->reference != NULL)
        doc_put_str(&b, "reference", in->reference);
    if (in->received != NULL)
        doc_put_str(&b, "received", in->received);
    if (in->part != NULL && (bad = put_part(&b, in->part)) != ERR_OK)
        return errmsg_set(why, bad, "--part is a number from 1");
    bad = doc_build_done(&b);
    if (bad == ERR_OK)
        *out = take(args);
    return bad == ERR_OK ? ERR_OK : errmsg_set(why, bad, "an argument is not valid UTF-8");
}

/* Line by line, so that no control character of a text reaches the terminal. */
static int print_letter(struct cli *c, const struct doc *ok, const char *language)
{
    struct bytes text;
    int64_t part = 1;
    int64_t parts = 1;
    if (!doc_has(ok, "letter_nl"))
        return cli_error(c, EX_TEMPFAIL,
                         "there is more than a text for the subject can hold: it would leave things out");
    if (doc_get_int(ok, "letter_parts", 1, INT64_MAX, &parts, NULL) == ERR_OK && parts > 1 &&
        doc_get_int(ok, "letter_part", 1, parts, &part, NULL) == ERR_OK && part < parts)
        fprintf(c->err, "part %lld of %lld; the next one: show, with --letter %s --part %lld\n", (long long)part,
                (long long)parts, language, (long long)part + 1);
    if (doc_get_text(ok, strcmp(language, "nl") == 0 ? "letter_nl" : "letter_en", LETTER_MAX_BYTES,
                     &text, NULL) != ERR_OK)
        return cli_error(c, EX_PROTOCOL, "the agent's answer has no text for the subject");
    while (text.len > 0) {
        const uint8_t *end = memchr(text.ptr, '\n', text.len);
        const size_t n = end != NULL ? (size_t)(end - text.ptr) : text.len;
        cli_line(c, "%.*s", (int)n, (const char *)text.ptr);
        text = end != NULL ? bytes_of(end + 1, text.len - n - 1) : bytes_of(NULL, 0);
    }
    return 0;
}

static int print_list(struct cli *c, const struct doc *ok, const char *key,
                      const struct cli_column *columns, size_t count)
{
    const struct doc *rows = NULL;
    if (doc_get_array(ok, key, &rows, NULL) != ERR_OK || doc_count(rows) == 0)
        return 0;
    cli_line(c, "%s", "");
    return cli_table(c, rows, columns, count);
}

static int print_answer(struct cli *c, const struct doc *ok)
{
    static const struct cli_column rows[] = {
        {"at", "at"},       {"as", "role"},  {"rule", "rule"},  {"other agency", "agency_name"},
        {"event", "event"}, {"", "outcome"}, {"about", "whom"}, {"tell", "tell"},
        {"until", "until"},
    };
    static const struct cli_column sets[] = {
        {"source", "source"},     {"purpose", "purpose"},  {">epoch", "epoch"},
        {"category", "category"}, {">records", "records"}, {"about", "whom"},
        {"rules", "rules"},
    };
    static const char *const heads[][2] = {
        {"search", "search"},
        {"state", "state"},
        {"ground", "ground"},
        {"reference", "reference"},
        {"received", "received"},
        {"answer by", "answer_by"},
        {"asked by", "asked_by"},
        {"confirmed by", "confirmed_by"},
        {"complete since", "complete_since"},
    };
    bool is_cut = false;
    for (size_t i = 0; i < ARRAY_LEN(heads); i++)
        cli_field(c, heads[i][0], ok, heads[i][1]);
    if (!doc_has(ok, "rows")) {
        cli_line(c,
                 "Another privacy officer confirms it, within seven days, with the same subject.");
        return 0;
    }
    int code = print_list(c, ok, "rows", rows, ARRAY_LEN(rows));
    if (code == 0)
        code = print_list(c, ok, "data_sets", sets, ARRAY_LEN(sets));
    if (doc_get_bool(ok, "is_cut", &is_cut, NULL) == ERR_OK && is_cut)
        cli_line(c, "There is more than can be shown.");
    return code;
}

int cli_own_log(struct cli *c, int argc, char **argv)
{
    struct own_log_input in = {0};
    struct errmsg why = {""};
    char verb[32];
    cli_parse(c, &argp, argc, argv, &in);
    if (in.template) {
        fputs(template_text, c->out);
        return 0;
    }
    struct doc *args = NULL;
    const enum err bad = make_args(&in, &args, &why);
    if (bad != ERR_OK)
        return cli_error(c, cli_exit_of(bad), "%s", why.text[0] != '\0' ? why.text : err_text(bad));
    snprintf(verb, sizeof verb, "search_%s", in.action);
    struct cli_call call = {.verb = verb, .args = args};
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    const int code = cli_call(c, &call, &ok);
    if (code != 0)
        return code;
    if (in.letter != NULL)
        return print_letter(c, ok, in.letter);
    return cli_json(c, ok) ? 0 : print_answer(c, ok);
}
