/* sluis requests, results: what was asked, and what came of it, for case workers. */
#include <string.h>

#include "agent/cli/cli.h"
#include "agent/cli/verbs.h"

#define CODE_MAX_BYTES ((size_t)128)

static const char requests_doc[] =
    "The requests of your organisation, with their state and how many results came.\v"
    "Examples:\n"
    "  sluis requests\n"
    "  sluis requests --json | jq -r '.requests[] | select(.state == \"open\") | .request'\n";

static error_t parse_none(int key, char *arg, struct argp_state *state)
{
    (void)arg;
    if (key == ARGP_KEY_ARG)
        argp_usage(state);
    return ARGP_ERR_UNKNOWN;
}

static const struct argp requests_argp = {NULL, parse_none, NULL, requests_doc, NULL, NULL, NULL};

int cli_requests(struct cli *c, int argc, char **argv)
{
    static const struct cli_column columns[] = {
        {"request", "request"},   {"rule", "rule"},       {"by", "staff"},
        {">subjects", "subjects"}, {">holders", "holders"}, {"state", "state"},
        {">results", "results"},  {"asked", "asked"},     {"closes", "closes"},
    };
    cli_parse(c, &requests_argp, argc, argv, NULL);
    struct cli_call call = {.verb = "requests"};
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    const struct doc *list = NULL;
    int code = cli_call(c, &call, &ok);
    if (code != 0 || cli_json(c, ok))
        return code;
    if (doc_get_array(ok, "requests", &list, NULL) != ERR_OK)
        return cli_error(c, EX_PROTOCOL, "the agent's answer cannot be read");
    if (doc_count(list) == 0) {
        cli_line(c, "Nothing was asked yet.");
        return 0;
    }
    return cli_table(c, list, columns, ARRAY_LEN(columns));
}

static const char results_doc[] =
    "What came of a request, for each subject and holder: open, released with its fields, known, not "
    "known, refused, or closed. A released field carries its proof: when the holder contributed the record "
    "and the entry of the audit log that says so; sluis-audit finds it there.\n"
    "No result is not the same as not known: see each holder's coverage.\v"
    "Examples:\n"
    "  sluis results 81c4\n"
    "  sluis results                 the newest request\n"
    "  sluis results 81c4 --json | jq '.rows[] | select(.status == \"released\") | .fields'\n";

static error_t parse_request(int key, char *arg, struct argp_state *state)
{
    const char **request = state->input;
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    if (*request != NULL)
        argp_usage(state);
    *request = arg;
    return 0;
}

static const struct argp results_argp = {NULL, parse_request, "[REQUEST]", results_doc, NULL, NULL,
                                         NULL};

static bool is_status(const struct doc *row, const char *status)
{
    struct bytes text;
    return doc_get_text(row, "status", 32, &text, NULL) == ERR_OK && bytes_is(text, status);
}

/* The fields of one release, under the name of their subject and holder. */
static int print_release(struct cli *c, const struct doc *row)
{
    static const struct cli_column columns[] = {{"field", "name"}, {"value", "value"}};
    const struct doc *fields = NULL;
    cli_line(c, "%s", "");
    cli_field(c, "subject", row, "subject");
    cli_field(c, "", row, "label");
    cli_field(c, "released by", row, "holder_name");
    cli_field(c, "function", row, "function");
    cli_field(c, "four eyes", row, "four_eyes");
    cli_field(c, "date", row, "date");
    cli_field(c, "handling", row, "handling");
    cli_lines(c, "plichten", row, "duties_nl");
    cli_lines(c, "duties", row, "duties_en");
    cli_field(c, "proof: contributed", row, "contributed");
    cli_field(c, "proof: log entry", row, "entry");
    if (doc_get_array(row, "fields", &fields, NULL) != ERR_OK)
        return cli_error(c, EX_PROTOCOL, "the agent's answer cannot be read");
    return cli_table(c, fields, columns, ARRAY_LEN(columns));
}

/* The ground of a refusal in words, where its rule lets the requester know it. */
static void print_refusal(struct cli *c, const struct doc *row)
{
    struct bytes ground;
    if (doc_get_text(row, "ground", CODE_MAX_BYTES, &ground, NULL) != ERR_OK)
        return;
    cli_line(c, "%s", "");
    cli_field(c, "subject", row, "subject");
    cli_field(c, "", row, "label");
    cli_field(c, "refused by", row, "holder_name");
    cli_field(c, "function", row, "function");
    cli_field(c, "date", row, "date");
    cli_field(c, "grond", row, "ground_nl");
    cli_field(c, "ground", row, "ground_en");
}

static int print_rows(struct cli *c, const struct doc *rows)
{
    static const struct cli_column columns[] = {
        {">subject", "subject"}, {"label", "label"},       {"holder", "holder_name"},
        {"status", "status"},    {"function", "function"}, {"ground", "ground"},
        {"date", "date"},        {"", "reason"},
    };
    int code = cli_table(c, rows, columns, ARRAY_LEN(columns));
    for (size_t i = 0; code == 0 && i < doc_count(rows); i++) {
        const struct doc *row = doc_at(rows, i);
        if (is_status(row, "released"))
            code = print_release(c, row);
        else if (is_status(row, "refused"))
            print_refusal(c, row);
    }
    return code;
}

static int print_results(struct cli *c, const struct doc *ok)
{
    static const struct cli_column coverage[] = {
        {"holder", "holder_name"},       {"state", "state"}, {"last full import", "last_full_import"},
        {"categories", "categories"}, {"types", "types"},
    };
    const struct doc *list = NULL;
    cli_field(c, "request", ok, "request");
    cli_field(c, "rule", ok, "rule");
    cli_field(c, "asked", ok, "asked");
    cli_field(c, "closes", ok, "closes");
    cli_line(c, "%s", "");
    int code = EX_PROTOCOL;
    if (doc_get_array(ok, "rows", &list, NULL) == ERR_OK)
        code = print_rows(c, list);
    cli_line(c, "%s", "");
    if (code == 0 && doc_get_array(ok, "coverage", &list, NULL) == ERR_OK)
        code = cli_table(c, list, coverage, ARRAY_LEN(coverage));
    cli_line(c, "%s", "");
    cli_field(c, "", ok, "note_nl");
    cli_field(c, "", ok, "note_en");
    return code;
}

int cli_results(struct cli *c, int argc, char **argv)
{
    const char *request = NULL;
    cli_parse(c, &results_argp, argc, argv, &request);
    struct doc *args = doc_new_object();
    struct doc_build b = doc_build_of(args);
    if (args != NULL && request != NULL)
        doc_put_str(&b, "request", request);
    if (args == NULL || doc_build_done(&b) != ERR_OK) {
        doc_free(args);
        return cli_error(c, EX_DATAERR, "an argument is not valid UTF-8");
    }
    struct cli_call call = {.verb = "results", .args = args};
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    int code = cli_call(c, &call, &ok);
    if (code != 0 || cli_json(c, ok))
        return code;
    return print_results(c, ok);
}
