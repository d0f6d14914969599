#include "pki/cli/audit/explain.h"

#include <stdlib.h>

#include "proto/base/text.h"
#include "proto/base/when.h"
#include "proto/policy/evaluate.h"

/* Both languages of a label. */
struct label {
    const char *nl;
    const char *en;
};

static const char *in(struct label l, enum language lang)
{
    return lang == LANGUAGE_NL ? l.nl : l.en;
}

/* Of refusals that are no condition of the evaluator. */
static const struct {
    const char *code;
    struct reason_text text;
} codes[] = {
    {"malformed", {"het bericht klopt niet naar vorm of inhoud", "the message is not well formed"}},
    {"signature", {"een handtekening klopt niet", "a signature does not verify"}},
    {"sender", {"de afzender is niet wie het bericht noemt", "the sender is not who the message names"}},
    {"version", {"een andere versie van het protocol", "another version of the protocol"}},
    {"expired", {"het bericht is verlopen", "the message has expired"}},
    {"behind", {"de afzender loopt achter met deelnemerslijst of grondslagenbestand",
                "the sender lags behind with roster or policy"}},
    {"conflict", {"hetzelfde kenmerk met andere inhoud", "the same id with other content"}},
    {"policy", {"het grondslagenbestand staat het niet toe", "the policy does not permit it"}},
    {"key", {"een andere sleutel, of geen deelname aan het doel",
             "another key, or no part in the purpose"}},
    {"chain", {"de reeks van aanleveringen sluit niet aan", "the chain of batches does not follow"}},
    {"root", {"de inhoud hoort niet bij wat is ondertekend", "the content is not what was signed"}},
    {"not_found", {"waar het over gaat is hier niet bekend", "what it is about is not known here"}},
    {"limit", {"een grens is bereikt", "a limit was reached"}},
    {"closed", {"de dienst is gesloten", "the service is closed"}},
    {"state", {"dit kan nu niet", "not possible in this state"}},
    {"credit", {"te veel berichten tegelijk", "too many messages at once"}},
    {"narrowed", {"de regel is na de vraag beperkt", "the rule was narrowed after the question"}},
    {"withdrawn", {"de regel, of de vaststelling ervan door de bronhouder, is na de vraag ingetrokken",
                   "the rule, or its adoption by the holder, was withdrawn after the question"}},
    {"policy_unknown", {"de vraag noemt een versie die toen niet gold",
                        "the question names a version that was not in force then"}},
};

bool reason_of_code(struct bytes code, struct reason_text *out)
{
    enum condition c;
    if (condition_parse(code, &c) == ERR_OK) {
        *out = (struct reason_text){condition_nl(c), condition_en(c)};
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (!bytes_equal(code, bytes_str(codes[i].code)))
            continue;
        *out = codes[i].text;
        return true;
    }
    return false;
}

static void put_line(struct buf *out, struct label l, enum language lang, struct bytes value)
{
    if (value.len == 0)
        return;
    buf_printf(out, "  %-22s ", in(l, lang));
    buf_put(out, value);
    buf_put_u8(out, '\n');
}

static void put_rule(const struct audit_body *b, enum language lang, struct buf *out)
{
    static const struct label rule = {"regel", "rule"};
    static const struct label version = {"versie", "version"};
    static const struct label policy = {"grondslagenbestand", "policy file"};
    if (b->rule.s[0] == '\0')
        return;
    buf_printf(out, "  %-22s %s", in(rule, lang), b->rule.s);
    if (b->rule_version != 0)
        buf_printf(out, ", %s %u", in(version, lang), b->rule_version);
    buf_put_u8(out, '\n');
    if (!b->has_policy_digest)
        return;
    buf_printf(out, "  %-22s ", in(policy, lang));
    text_put_hex(out, digest_bytes(&b->policy_digest));
    buf_put_u8(out, '\n');
}

static void put_reasons(const struct audit_body *b, reason_fn reasons, enum language lang,
                        struct buf *out)
{
    static const struct label unknown = {"(onbekende code)", "(unknown code)"};
    for (size_t i = 0; i < b->reasons_count; i++) {
        struct reason_text text = {unknown.nl, unknown.en};
        (void)reasons(b->reasons[i], &text);
        buf_put_str(out, "    - ");
        buf_put(out, b->reasons[i]);
        buf_printf(out, ": %s\n", lang == LANGUAGE_NL ? text.nl : text.en);
    }
}

void explain_body(const struct audit_body *b, reason_fn reasons, enum language lang,
                  struct buf *out)
{
    static const struct label decisions[AUDIT_DECISION_COUNT] = {
        [AUDIT_DECISION_NONE] = {"", ""},
        [AUDIT_DECISION_PERMIT] = {"toegestaan", "permitted"},
        [AUDIT_DECISION_DENY] = {"geweigerd; niet voldaan is aan:", "denied; what failed:"},
    };
    char ts[WHEN_TEXT_SIZE];
    when_text(b->ts, ts);
    buf_printf(out, "%s\n",
               lang == LANGUAGE_NL ? audit_event_nl(b->event) : audit_event_en(b->event));
    put_line(out, (struct label){"tijdstip", "time"}, lang, bytes_str(ts));
    put_line(out, (struct label){"door", "by"}, lang, bytes_str(b->actor.oin));
    put_line(out, (struct label){"medewerker", "officer"}, lang, b->staff);
    put_line(out, (struct label){"andere partij", "other party"}, lang, bytes_str(b->peer.oin));
    put_rule(b, lang, out);
    put_line(out, (struct label){"besluit", "decision"}, lang,
             bytes_str(in(decisions[b->decision], lang)));
    put_reasons(b, reasons, lang, out);
}

static uint64_t conditions_of(const struct audit_body *b)
{
    uint64_t set = 0;
    for (size_t i = 0; i < b->reasons_count; i++) {
        enum condition c;
        if (condition_parse(b->reasons[i], &c) == ERR_OK)
            set |= CONDITION_BIT(c);
    }
    return set;
}

static uint64_t conditions_failed(const struct decision *d)
{
    uint64_t set = 0;
    for (uint32_t i = 0; i < d->failures_count; i++)
        set |= CONDITION_BIT(d->failures[i].condition);
    return set;
}

static void put_conditions(struct buf *out, const char *where, uint64_t set)
{
    if (set == 0)
        return;
    buf_printf(out, "; %s:", where);
    for (unsigned c = CONDITION_NONE + 1; c < CONDITION_COUNT; c++)
        if ((set & CONDITION_BIT(c)) != 0)
            buf_printf(out, " %s", condition_id((enum condition)c));
}

/* The verdict, and each failed condition. What a broker refused for besides, after a permit, is no condition. */
static enum err compare(const struct audit_body *b, const struct decision *d, struct errmsg *why)
{
    const uint64_t then = conditions_of(b);
    const uint64_t now = conditions_failed(d);
    if (d->permit == (b->decision == AUDIT_DECISION_PERMIT) && then == now)
        return ERR_OK;
    CLEANUP(buf_free) struct buf text = buf_new(2048);
    buf_printf(&text, "judging the facts again gives %s, the entry says %s",
               d->permit ? "permit" : "deny",
               b->decision == AUDIT_DECISION_PERMIT ? "permit" : "deny");
    put_conditions(&text, "failed in the entry alone", then & ~now);
    put_conditions(&text, "failed now alone", now & ~then);
    buf_put_str(&text, "; the policy file is not that version, or it was decided wrongly");
    return buf_err(&text) != ERR_OK ? buf_err(&text)
                                    : errmsg_set(why, ERR_MISMATCH, "%s", buf_text(&text));
}

/* As whom it was judged: an agency's own log says so. */
static enum role role_of(const struct audit_body *b)
{
    for (size_t i = 0; i < b->facts_count; i++)
        if (bytes_is(b->facts[i].name, "role") && b->facts[i].by == PROVENANCE_UNKNOWN &&
            bytes_is(b->facts[i].text, "requester"))
            return ROLE_REQUESTER;
    return ROLE_BROKER;
}

enum err explain_replay(const struct audit_body *b, const struct policy *policy,
                        enum language lang, struct buf *out, struct errmsg *why)
{
    struct facts facts = {0};
    enum err e = audit_body_get_facts(b, &facts, why);
    if (e != ERR_OK)
        return e;
    struct decision *d = calloc(1, sizeof *d);
    if (d == NULL)
        return ERR_NOMEM;
    policy_evaluate(policy, &b->rule, role_of(b), &facts, d);
    e = compare(b, d, why);
    if (e == ERR_OK)
        explain_decision(out, policy, d, lang);
    free(d);
    return e;
}
