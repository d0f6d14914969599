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

bool reason_of_condition(struct bytes code, struct reason_text *out)
{
    enum condition c;
    if (condition_parse(code, &c) != ERR_OK)
        return false;
    *out = (struct reason_text){condition_nl(c), condition_en(c)};
    return true;
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
    policy_evaluate(policy, &b->rule, ROLE_BROKER, &facts, d);
    if (d->permit == (b->decision == AUDIT_DECISION_PERMIT))
        explain_decision(out, policy, d, lang);
    else
        e = errmsg_set(why, ERR_MISMATCH,
                       "judging the facts again gives the other decision: the policy file is not "
                       "that version, or the broker decided wrongly");
    free(d);
    return e;
}
