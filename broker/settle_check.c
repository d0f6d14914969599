/* What a consent must say, held against header, roster and policy. */
#include "broker/gate.h"
#include "broker/settle.h"
#include "proto/policy/authority.h"
#include "proto/policy/process.h"

bool settle_is_forwarded(const struct rule *rule, const struct consent *consent)
{
    const enum outcome outcome = rule->outcome != NULL ? rule->outcome->kind : OUTCOME_NONE;
    switch (consent->decision) {
    case CONSENT_RELEASE:
        return true;
    case CONSENT_KNOWN:
        return outcome == OUTCOME_HIT_NO_HIT;
    case CONSENT_REFUSE:
        return outcome == OUTCOME_REASONED && rule_tells_ground(rule, consent->code);
    case CONSENT_NONE:
        break;
    }
    return false;
}

static enum err refuse_element(struct turn *t, const char *element)
{
    return turn_refuse(t, REFUSED_MALFORMED, "consent: %s: not that of the request", element);
}

enum err settle_check_bound(struct turn *t, struct settle_turn *s)
{
    const struct request_header *h = &s->asked.header;
    const struct consent *c = &s->consents[0];
    if (!name_equal(&c->deployment, &h->deployment))
        return refuse_element(t, "deployment");
    if (!agency_id_equal(&c->requester, &h->requester))
        return refuse_element(t, "requester");
    if (!name_equal(&c->rule, &h->rule))
        return refuse_element(t, "rule");
    if (c->rule_version != h->rule_version)
        return refuse_element(t, "rule_version");
    if (!digest_equal(&c->policy_digest, &h->policy_digest))
        return refuse_element(t, "policy_digest");
    if (c->roster_serial != h->roster_serial)
        return refuse_element(t, "roster_serial");
    if (!name_equal(&c->purpose, &h->purpose))
        return refuse_element(t, "purpose");
    if (c->epoch != h->epoch)
        return refuse_element(t, "epoch");
    if (c->not_after_s != h->deadline_s)
        return refuse_element(t, "not_after");
    return ERR_OK;
}

enum err settle_check_times(struct turn *t, struct settle_turn *s)
{
    for (size_t i = 0; i < s->settle.consent_count; i++) {
        const int64_t at_s = s->consents[i].signed_at_s;
        if (at_s > t->now_s + SETTLE_SKEW_S)
            return turn_refuse(t, REFUSED_MALFORMED,
                               "consent: signed_at: ahead of the broker's clock");
        if (at_s < s->asked.header.issued_at_s - SETTLE_SKEW_S)
            return turn_refuse(t, REFUSED_MALFORMED,
                               "consent: signed_at: before the request was issued");
    }
    return ERR_OK;
}

enum err settle_check_rule(struct turn *t, struct settle_turn *s)
{
    struct gate_standing standing;
    enum err e = gate_standing_rule(t->view, &s->asked.header, t->now_s, &standing);
    if (e != ERR_OK)
        return e;
    s->rule = standing.rule;
    t->audit.refused_for = standing.reason;
    if (s->rule == NULL || s->rule->outcome == NULL)
        return turn_refuse(t, REFUSED_POLICY, "rule: it no longer stands: %s", standing.why.text);
    s->policy = standing.policy;
    s->holder = policy_party(s->policy, &s->asked.header.holder);
    return ERR_OK;
}

enum err settle_check_sealing(struct turn *t, struct settle_turn *s)
{
    const struct request_header *h = &s->asked.header;
    const struct view_sealed to = {&h->requester, &s->consents[0].requester_sealing, h->issued_at_s,
                                   t->now_s};
    if (view_member(t->view, &h->requester, t->now_s) == NULL ||
        view_sealing_cert(t->view, &to).len == 0)
        return turn_refuse(t, REFUSED_KEY,
                           "consent: requester_sealing: not the certificate on the roster");
    return ERR_OK;
}

/* The function that the consent names is one that the rule lets decide and the roster gives. */
static bool may_decide(const struct authority *q, const struct roster_officer *o,
                       const struct consent *c)
{
    return authority_admits(q, &c->function, c->signed_at_s) &&
           roster_officer_is(o, &c->function);
}

enum err settle_check_officers(struct turn *t, struct settle_turn *s)
{
    const struct request_header *h = &s->asked.header;
    const struct consent_terms *terms = rule_consent(s->rule, s->holder);
    if (terms == NULL)
        return turn_refuse(t, REFUSED_POLICY, "rule: it names nobody who decides here");
    const struct authority q = {s->policy, terms, h->issued_at_s, h->deadline_s};
    for (size_t i = 0; i < s->settle.consent_count; i++)
        if (!may_decide(&q, s->officers[i], &s->consents[i]))
            return turn_refuse(t, REFUSED_POLICY,
                               "consent: function: no authority to decide under this rule");
    if (s->settle.consent_count < 2)
        return authority_needs_two(terms, s->consents[0].decision)
                   ? turn_refuse(t, REFUSED_POLICY, "consents: this rule wants two persons")
                   : ERR_OK;
    if (name_equal(&s->officers[0]->person, &s->officers[1]->person))
        return turn_refuse(t, REFUSED_POLICY, "consents: both are of one person");
    if (!authority_pairs(terms, &s->consents[0].function, &s->consents[1].function))
        return turn_refuse(t, REFUSED_POLICY,
                           "consents: this rule wants an officer and the prosecutor");
    return ERR_OK;
}

static enum err check_release(struct turn *t, const struct settle_turn *s)
{
    if (!process_has_fields(s->rule->process))
        return turn_refuse(t, REFUSED_POLICY, "decision: under this rule no field travels");
    if (s->settle.release.len == 0)
        return turn_refuse(t, REFUSED_MALFORMED, "release: it is missing");
    return ERR_OK;
}

static enum err check_refusal(struct turn *t, const struct settle_turn *s)
{
    struct name code;
    if (name_parse(s->consents[0].code, &code) != ERR_OK ||
        rule_refusal_ground(s->rule, &code) == NULL)
        return turn_refuse(t, REFUSED_POLICY, "consent: code: no ground of this rule");
    return ERR_OK;
}

enum err settle_check_decision(struct turn *t, struct settle_turn *s)
{
    const enum consent_decision d = s->consents[0].decision;
    if (d != CONSENT_RELEASE && s->settle.release.len > 0)
        return turn_refuse(t, REFUSED_MALFORMED, "release: the decision is another");
    switch (d) {
    case CONSENT_RELEASE:
        return check_release(t, s);
    case CONSENT_KNOWN:
        if (s->rule->outcome->kind != OUTCOME_HIT_NO_HIT)
            return turn_refuse(t, REFUSED_POLICY, "decision: known is no outcome of this rule");
        return ERR_OK;
    case CONSENT_REFUSE:
        return check_refusal(t, s);
    case CONSENT_NONE:
        break;
    }
    return turn_refuse(t, REFUSED_MALFORMED, "consent: decision: unknown");
}

enum err settle_check_fields(struct turn *t, struct settle_turn *s)
{
    const struct request_header *h = &s->asked.header;
    const struct consent *c = &s->consents[0];
    for (size_t i = 0; i < c->field_count; i++) {
        const struct name *f = &c->fields[i];
        if (!name_list_has((struct name_list){h->fields, h->field_count}, name_bytes(f)))
            return turn_refuse(t, REFUSED_POLICY, "consent: field %s: it was not asked", f->s);
        if (!rule_field_allowed(s->rule, f, s->holder))
            return turn_refuse(t, REFUSED_POLICY,
                               "consent: field %s: the rule does not let this holder release it",
                               f->s);
    }
    return ERR_OK;
}
