/* sluis consent, refuse, known: an officer's decision on an item. The program shows the item, compares
 * the bytes that the agent wants signed with what was shown and asked, and only then signs. */
#include "agent/cli/inbox_item.h"
#include "agent/cli/verbs.h"
#include "proto/base/text.h"
#include "proto/base/when.h"

/* What the officer asked on the command line, and the item as it was shown. */
struct decision_input {
    enum consent_decision decision;
    int64_t item;
    const char *code;
    const char *fields[CONSENT_FIELDS_MAX];
    size_t field_count;
    const struct doc *shown;
};

static bool asked_for(const struct decision_input *in, const struct name *field)
{
    for (size_t i = 0; i < in->field_count; i++)
        if (strcmp(in->fields[i], field->s) == 0)
            return true;
    return false;
}

static bool hex_is(const struct doc *shown, const char *key, struct bytes raw)
{
    struct bytes text;
    CLEANUP(buf_free) struct buf hex = buf_new(256);
    text_put_hex(&hex, raw);
    return doc_get_text(shown, key, 128, &text, NULL) == ERR_OK &&
           bytes_equal(text, buf_bytes(&hex));
}

static bool text_is(const struct doc *shown, const char *key, const char *value)
{
    struct bytes text;
    return doc_get_text(shown, key, 256, &text, NULL) == ERR_OK && bytes_is(text, value);
}

static bool int_is(const struct doc *shown, const char *key, uint64_t value)
{
    int64_t n = -1;
    return doc_get_int(shown, key, 0, INT64_MAX, &n, NULL) == ERR_OK && (uint64_t)n == value;
}

/* That the consent binds what was shown: every element but who signs, which function that is and when. */
static enum err check_item(const struct decision_input *in, const struct consent *s,
                           struct errmsg *why)
{
    const struct doc *d = in->shown;
    char end[WHEN_TEXT_SIZE];
    when_text(s->not_after_s, end);
    const struct {
        bool same;
        const char *says;
    } elements[] = {
        {int_is(d, "group", s->group), "it is about another subject of the question"},
        {hex_is(d, "nonce", BYTES_OF_ARRAY(s->nonce.b)) &&
             hex_is(d, "header_digest", digest_bytes(&s->header_digest)),
         "it is about another item"},
        {hex_is(d, "handle", BYTES_OF_ARRAY(s->handle.b)) &&
             hex_is(d, "record_leaf", digest_bytes(&s->record_leaf)),
         "it is about another record"},
        {text_is(d, "requester", s->requester.oin) &&
             hex_is(d, "requester_sealing", digest_bytes(&s->requester_sealing)),
         "it names another requester"},
        {text_is(d, "rule", s->rule.s) && int_is(d, "asked_version", s->rule_version) &&
             text_is(d, "purpose", s->purpose.s) && int_is(d, "epoch", s->epoch),
         "it names another rule or purpose"},
        {text_is(d, "deployment", s->deployment.s) &&
             hex_is(d, "policy_digest", digest_bytes(&s->policy_digest)) &&
             int_is(d, "roster_serial", s->roster_serial),
         "it stands under another policy or roster"},
        {text_is(d, "deadline", end), "it holds until another time than the deadline"},
        {cli_is_now(s->signed_at_s), "it says that you sign at another time than now"},
    };
    for (size_t i = 0; i < ARRAY_LEN(elements); i++)
        if (!elements[i].same)
            return errmsg_set(why, ERR_MISMATCH, "%s; where a roster, a policy or an epoch came while you looked, look again",
                              elements[i].says);
    return ERR_OK;
}

static enum err check(void *arg, const struct cli_document *d, struct errmsg *why)
{
    const struct decision_input *in = arg;
    const struct consent *s = d->consent;
    if (s == NULL)
        return errmsg_set(why, ERR_MISMATCH, "it is no decision");
    if (s->decision != in->decision)
        return errmsg_set(why, ERR_MISMATCH, "it says %s", consent_decision_id(s->decision));
    if (in->code != NULL ? !bytes_is(s->code, in->code) : s->code.len > 0)
        return errmsg_set(why, ERR_MISMATCH, "it has another ground");
    for (size_t i = 0; i < s->field_count; i++)
        if (!asked_for(in, &s->fields[i]))
            return errmsg_set(why, ERR_MISMATCH, "it releases %s too", s->fields[i].s);
    if (s->field_count != in->field_count)
        return errmsg_set(why, ERR_MISMATCH, "it releases fewer fields");
    return check_item(in, s, why);
}

static struct doc *make_args(const struct decision_input *in)
{
    struct doc *args = doc_new_object();
    struct doc *fields = doc_new_array();
    struct doc_build b = doc_build_of(args);
    enum err bad = args == NULL || fields == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < in->field_count; i++)
        bad = doc_append(fields, doc_new_text(bytes_str(in->fields[i])));
    if (bad == ERR_OK) {
        doc_put_int(&b, "item", in->item);
        doc_put_str(&b, "decision", consent_decision_id(in->decision));
        if (in->code != NULL)
            doc_put_str(&b, "code", in->code);
        doc_put_doc(&b, "fields", take(fields));
        bad = doc_build_done(&b);
    }
    if (bad == ERR_OK)
        return args;
    doc_free(fields);
    doc_free(args);
    return NULL;
}

static int print_result(struct cli *c, const struct doc *ok)
{
    bool complete = false;
    if (doc_get_bool(ok, "complete", &complete, NULL) != ERR_OK)
        return cli_error(c, EX_PROTOCOL, "the agent's answer cannot be read");
    cli_line(c, "%s", complete ? "Decided."
                               : "Signed. Nothing is released: this needs another person's "
                                 "signature too.");
    cli_field(c, "state", ok, "state");
    return 0;
}

static int decide(struct cli *c, struct decision_input *in)
{
    CLEANUP(cleanup_doc_free) struct doc *item = NULL;
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    int code = inbox_item_get(c, in->item, &item);
    if (code != 0)
        return code;
    in->shown = item;
    if (!c->json && !c->yes)
        inbox_item_print(c, item);
    struct cli_call call = {.verb = "decide", .args = make_args(in), .check = check, .arg = in};
    if (call.args == NULL)
        return cli_error(c, EX_OSERR, "out of memory");
    code = cli_call(c, &call, &ok);
    if (code != 0 || cli_json(c, ok))
        return code;
    return print_result(c, ok);
}

static error_t parse_decision(int key, char *arg, struct argp_state *state)
{
    struct decision_input *in = state->input;
    switch (key) {
    case 'f':
        if (in->field_count == CONSENT_FIELDS_MAX)
            argp_error(state, "at most %u fields", CONSENT_FIELDS_MAX);
        in->fields[in->field_count++] = arg;
        return 0;
    case 'x': in->code = arg; return 0;
    case ARGP_KEY_ARG:
        if (in->item != 0 || !inbox_item_number(arg, &in->item))
            argp_error(state, "'%s' is not the number of an item", arg);
        return 0;
    case ARGP_KEY_NO_ARGS: argp_usage(state); return ARGP_ERR_UNKNOWN;
    case ARGP_KEY_END:
        if (in->decision == CONSENT_RELEASE && in->field_count == 0)
            argp_error(state, "name each field to release with --field");
        if (in->decision == CONSENT_REFUSE && in->code == NULL)
            argp_error(state, "name the ground with --code; sluis show lists them");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option consent_options[] = {
    {"field", 'f', "NAME", 0, "a field to release; once for each", 0},
    {0},
};

static const struct argp consent_argp = {
    consent_options, parse_decision, "ITEM",
    "Releases fields of one record for one question, with your signature. Where the rule wants two "
    "persons, the first signature releases nothing.\v"
    "Examples:\n"
    "  sluis consent 12 --field openstaande_schuld --field invorderingsfase --key a.jansen.key\n"
    "  sluis consent 12 --field soort_uitkering --key b.smit.key --passphrase-file p --yes\n",
    NULL, NULL, NULL};

int cli_consent(struct cli *c, int argc, char **argv)
{
    struct decision_input in = {.decision = CONSENT_RELEASE};
    cli_parse(c, &consent_argp, argc, argv, &in);
    return decide(c, &in);
}

static const struct argp_option refuse_options[] = {
    {"code", 'x', "CODE", 0, "the ground; sluis show lists those of the rule", 0},
    {0},
};

static const struct argp refuse_argp = {
    refuse_options, parse_decision, "ITEM",
    "Refuses, with a ground of the rule. Whether the requester hears of it is for the rule to say.\v"
    "Examples:\n"
    "  sluis refuse 12 --code niet_noodzakelijk --key a.jansen.key\n",
    NULL, NULL, NULL};

int cli_refuse(struct cli *c, int argc, char **argv)
{
    struct decision_input in = {.decision = CONSENT_REFUSE};
    cli_parse(c, &refuse_argp, argc, argv, &in);
    return decide(c, &in);
}

static const struct argp known_argp = {
    NULL, parse_decision, "ITEM",
    "Confirms that your organisation knows the subject, under a rule that asks no more than that.\v"
    "Examples:\n"
    "  sluis known 12 --key a.jansen.key\n",
    NULL, NULL, NULL};

int cli_known(struct cli *c, int argc, char **argv)
{
    struct decision_input in = {.decision = CONSENT_KNOWN};
    cli_parse(c, &known_argp, argc, argv, &in);
    return decide(c, &in);
}
