/* sluis standing: requests that are asked again, with a signature each time. */
#include <string.h>

#include "agent/cli/cli.h"
#include "agent/cli/verbs.h"
#include "proto/base/text.h"
#include "proto/base/when.h"

#define ID_TEXT_MAX 64
#define DEADLINE_MOST_S (366ll * 86400)

enum { OPT_ASK = 'a', OPT_END = 'e' };

struct standing_input {
    bool ask;
    bool end;
    const char *id;
};

static const char doc_text[] =
    "Standing requests: questions about one subject each that are asked again until a date ('sluis request "
    "--standing-until'). Without options: a list. 'due' says that one has to be asked again, and why: 'term', its days "
    "have gone; 'epoch', the keys of its purpose changed, and it has not been asked under the new ones; 'refused', the broker refused the last asking.\n"
    "--ask asks those that are due, or the one that is named: you sign each question, as with 'sluis request', and "
    "the policy is judged anew. A standing request ends by itself when its date has passed, its case closes, or "
    "the policy has its rule no more; --end ends it now. What it asks about is then deleted.\v"
    "Examples:\n"
    "  sluis standing\n"
    "  sluis standing --ask --key jansen.key\n"
    "  sluis standing --ask 81c4 --key jansen.key\n"
    "  sluis standing --end 81c4\n"
    "  sluis standing --json | jq -r '.standing[] | select(.due != \"\") | .standing'\n"
    "Exit codes: 77 where a condition of the policy fails, or the broker refuses, and others where the agent cannot ask "
    "one; those behind it are asked all the same. Where you answer no, the others are not asked.\n";

static const struct argp_option options[] = {
    {"ask", OPT_ASK, NULL, 0, "ask again what is due, with your signature", 0},
    {"end", OPT_END, NULL, 0, "end the one that is named", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct standing_input *in = state->input;
    switch (key) {
    case OPT_ASK: in->ask = true; return 0;
    case OPT_END: in->end = true; return 0;
    case ARGP_KEY_ARG:
        if (in->id != NULL)
            argp_usage(state);
        in->id = arg;
        return 0;
    case ARGP_KEY_END:
        if ((in->ask && in->end) || (in->end && in->id == NULL) || (in->id != NULL && !in->ask && !in->end))
            argp_error(state, "say --ask, --ask ID or --end ID");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {options, parse, "[ID]", doc_text, NULL, NULL, NULL};

static struct doc *make_args(const char *action, struct bytes id)
{
    struct doc *args = doc_new_object();
    struct doc_build b = doc_build_of(args);
    doc_put_str(&b, "action", action);
    if (id.len > 0)
        doc_put_text(&b, "standing", id);
    if (doc_build_done(&b) == ERR_OK)
        return args;
    doc_free(args);
    return NULL;
}

/* ---- what is signed ---- */

/* Whether a list of the row names it; a row without that list leaves it to the rule. */
static bool names(const struct doc *row, const char *key, const char *text)
{
    const struct doc *list = NULL;
    struct bytes item;
    if (!doc_has(row, key))
        return true;
    if (doc_get_array(row, key, &list, NULL) != ERR_OK)
        return false;
    for (size_t i = 0; i < doc_count(list); i++)
        if (doc_text_of(doc_at(list, i), NAME_MAX_BYTES, &item) == ERR_OK && bytes_is(item, text))
            return true;
    return false;
}

static bool says(const struct doc *row, const char *key, const char *text)
{
    struct bytes is;
    return doc_get_text(row, key, NAME_MAX_BYTES, &is, NULL) == ERR_OK && bytes_is(is, text);
}

static bool is_case(const struct doc *row, const struct case_id *id)
{
    char room[2 * sizeof id->b + 1] = "";
    struct buf hex = buf_fixed(room, sizeof room - 1);
    text_put_hex(&hex, BYTES_OF_ARRAY(id->b));
    return says(row, "case", room);
}

/* What is signed is what the list shows, now. Which subject lies under the root of the tree is the word of the agency's
 * own agent. */
static enum err check(void *arg, const struct cli_document *d, struct errmsg *why)
{
    const struct doc *row = arg;
    const struct request_header *h = d->request;
    int64_t seconds = 0;
    if (h == NULL)
        return errmsg_set(why, ERR_MISMATCH, "it is no request");
    if (!says(row, "rule", h->rule.s))
        return errmsg_set(why, ERR_MISMATCH, "it names rule %s", h->rule.s);
    if (!is_case(row, &h->case_id))
        return errmsg_set(why, ERR_MISMATCH, "it names another case");
    if (!says(row, "on_behalf_of", h->on_behalf_of.oin))
        return errmsg_set(why, ERR_MISMATCH, "it is on behalf of %s", h->on_behalf_of.oin);
    if (!names(row, "holders", h->holder.oin))
        return errmsg_set(why, ERR_MISMATCH, "it asks %s too", h->holder.oin);
    for (size_t i = 0; i < h->field_count; i++)
        if (!names(row, "fields", h->fields[i].s))
            return errmsg_set(why, ERR_MISMATCH, "it asks field %s too", h->fields[i].s);
    if (!cli_is_now(h->issued_at_s))
        return errmsg_set(why, ERR_MISMATCH, "it says that you ask at another time than now");
    if (doc_has(row, "deadline_s") && (doc_get_int(row, "deadline_s", 1, DEADLINE_MOST_S, &seconds, NULL) != ERR_OK ||
                                       h->deadline_s - h->issued_at_s != seconds))
        return errmsg_set(why, ERR_MISMATCH, "it has another deadline");
    return ERR_OK;
}

/* ---- the three forms ---- */

struct list_answer {
    struct doc *ok;         /* the caller's */
    const struct doc *rows; /* of it */
    bool more;              /* than these */
};

/* id: its first digits, or NULL. */
static int read_list(struct cli *c, bool only_due, const char *id, struct list_answer *out)
{
    const struct bytes prefix = id != NULL ? bytes_str(id) : bytes_of(NULL, 0);
    struct cli_call call = {.verb = "standing", .args = make_args("list", prefix)};
    if (call.args == NULL)
        return cli_error(c, EX_DATAERR, "an argument is not valid UTF-8");
    struct doc_build b = doc_build_of(call.args);
    doc_put_bool(&b, "due", only_due);
    int code = cli_call(c, &call, &out->ok);
    if (code == 0 && (doc_get_array(out->ok, "standing", &out->rows, NULL) != ERR_OK ||
                      doc_get_bool(out->ok, "more", &out->more, NULL) != ERR_OK))
        code = cli_error(c, EX_PROTOCOL, "the agent's answer cannot be read");
    return code;
}

static int print_list(struct cli *c)
{
    static const struct cli_column columns[] = {
        {"standing", "standing"}, {"case", "case"},     {"label", "label"}, {"rule", "rule"}, {">every", "every_days"},
        {"until", "until"},       {"last asked", "asked"}, {"by", "asked_by"}, {"next", "next"}, {"due", "due"},
    };
    struct list_answer l = {.ok = NULL};
    int code = read_list(c, false, NULL, &l);
    CLEANUP(cleanup_doc_free) struct doc *ok = l.ok;
    if (code != 0 || cli_json(c, ok))
        return code;
    if (doc_count(l.rows) == 0) {
        cli_line(c, "No request stands; 'sluis request --standing-until DATE --every DAYS' begins one.");
        return 0;
    }
    code = cli_table(c, l.rows, columns, ARRAY_LEN(columns));
    if (l.more)
        cli_line(c, "Only the first %zu are shown.", doc_count(l.rows));
    return code;
}

static int print_asked(struct cli *c, const struct doc *ok)
{
    static const struct cli_column columns[] = {
        {"holder", "holder"}, {"", "name"}, {"state", "state"}, {"", "detail"},
    };
    const struct doc *list = NULL;
    cli_field(c, "request", ok, "request");
    cli_field(c, "closes", ok, "closes");
    cli_field(c, "asked again from", ok, "next");
    if (doc_get_array(ok, "holders", &list, NULL) != ERR_OK)
        return cli_error(c, EX_PROTOCOL, "the agent's answer cannot be read");
    return cli_table(c, list, columns, ARRAY_LEN(columns));
}

/* What came of the calls so far. */
struct asking {
    struct doc *answers; /* for --json */
    bool is_answered;    /* the last call: the connection takes another */
};

static int ask_one(struct cli *c, const struct doc *row, struct asking *a)
{
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    CLEANUP(cleanup_doc_free) struct doc *arg = doc_copy(row);
    struct bytes id;
    a->is_answered = false;
    if (arg == NULL || doc_get_text(row, "standing", ID_TEXT_MAX, &id, NULL) != ERR_OK)
        return cli_error(c, EX_PROTOCOL, "the agent's answer cannot be read");
    struct cli_call call = {.verb = "standing", .args = make_args("ask", id), .check = check, .arg = arg};
    if (!c->json) {
        cli_field(c, "standing", row, "standing");
        cli_field(c, "label", row, "label");
        cli_field(c, "due", row, "due");
    }
    int code = call.args != NULL ? cli_call(c, &call, &ok) : cli_error(c, EX_OSERR, "out of memory");
    a->is_answered = call.is_answered;
    if (code != 0)
        return code;
    if (!c->json)
        return print_asked(c, ok);
    return doc_append(a->answers, doc_copy(ok)) == ERR_OK ? 0 : cli_error(c, EX_OSERR, "out of memory");
}

static bool is_named(const struct doc *row, const char *prefix)
{
    struct bytes id;
    return doc_get_text(row, "standing", ID_TEXT_MAX, &id, NULL) == ERR_OK && strlen(prefix) <= id.len &&
           strncasecmp(prefix, (const char *)id.ptr, strlen(prefix)) == 0;
}

/* What the agent answered, also where it refused, leaves the others; what a person did not sign, and what is not what was
 * shown, ends it: the agent waits for a signature then, and takes no other call. */
static int ask_rows(struct cli *c, const struct doc *rows, struct asking *a)
{
    int worst = 0;
    for (size_t i = 0; i < doc_count(rows); i++) {
        const int code = ask_one(c, doc_at(rows, i), a);
        worst = worst == 0 ? code : worst;
        if (code != 0 && !a->is_answered)
            return code;
    }
    return worst;
}

/* 0: exactly the one that is named. */
static int check_named(struct cli *c, const char *id, const struct doc *rows)
{
    if (doc_count(rows) == 0)
        return cli_error(c, EX_NOINPUT, "no standing request that is due begins with %s; see 'sluis standing'", id);
    if (doc_count(rows) > 1)
        return cli_error(c, EX_DATAERR, "several standing requests that are due begin with %s; give more digits", id);
    return is_named(doc_at(rows, 0), id) ? 0 : cli_error(c, EX_PROTOCOL, "the agent's answer is about another one");
}

static void print_end(struct cli *c, const struct list_answer *l)
{
    if (c->json)
        return;
    if (doc_count(l->rows) == 0)
        cli_line(c, "No standing request is due.");
    if (l->more)
        cli_line(c, "These were the first %zu; more are due: do it again.", doc_count(l->rows));
}

static int ask(struct cli *c, const struct standing_input *in)
{
    CLEANUP(cleanup_doc_free) struct doc *whole = doc_new_object();
    CLEANUP(cleanup_doc_free) struct doc *answers = doc_new_array();
    struct list_answer l = {.ok = NULL};
    struct asking a = {.answers = answers, .is_answered = false};
    if (whole == NULL || answers == NULL)
        return cli_error(c, EX_OSERR, "out of memory");
    int code = read_list(c, true, in->id, &l);
    CLEANUP(cleanup_doc_free) struct doc *ok = l.ok;
    if (code == 0 && in->id != NULL)
        code = check_named(c, in->id, l.rows);
    if (code != 0)
        return code;
    code = ask_rows(c, l.rows, &a);
    if (code == 0 || a.is_answered)
        print_end(c, &l);
    const bool is_told = code == 0 || doc_count(answers) > 0;
    struct doc_build b = doc_build_of(whole);
    doc_put_doc(&b, "asked", take(answers));
    doc_put_bool(&b, "more", l.more);
    if (doc_build_done(&b) != ERR_OK)
        return cli_error(c, EX_OSERR, "out of memory");
    if (is_told)
        (void)cli_json(c, whole);
    return code;
}

static int end(struct cli *c, const char *id)
{
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    struct cli_call call = {.verb = "standing", .args = make_args("end", bytes_str(id))};
    if (call.args == NULL)
        return cli_error(c, EX_DATAERR, "an argument is not valid UTF-8");
    int code = cli_call(c, &call, &ok);
    if (code == 0 && !cli_json(c, ok))
        cli_line(c, "It has ended; what it asked about is deleted. What came back stays, see 'sluis requests'.");
    return code;
}

int cli_standing(struct cli *c, int argc, char **argv)
{
    struct standing_input in = {.id = NULL};
    cli_parse(c, &argp, argc, argv, &in);
    if (in.ask)
        return ask(c, &in);
    return in.end ? end(c, in.id) : print_list(c);
}
