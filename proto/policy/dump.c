#include "proto/policy/dump.h"

/* Where lines go, and what stands before each. */
struct sink {
    struct buf *out;
    const char *prefix;
};

/* Control characters, backslash and quote are written as \xNN, so that one value is one line. */
static void put_quoted(struct buf *out, const char *text)
{
    buf_put_str(out, "\"");
    for (const char *c = text; *c != '\0'; c++) {
        unsigned char u = (unsigned char)*c;
        if (u < 0x20 || u == '"' || u == '\\' || u == 0x7f)
            buf_printf(out, "\\x%02x", u);
        else
            buf_put_u8(out, u);
    }
    buf_put_str(out, "\"");
}

static void put_text(const struct sink *s, const char *key, const char *text)
{
    buf_printf(s->out, "%s%s: ", s->prefix, key);
    if (text == NULL)
        buf_put_str(s->out, "-");
    else
        put_quoted(s->out, text);
    buf_put_str(s->out, "\n");
}

static void put_word(const struct sink *s, const char *key, const char *word)
{
    buf_printf(s->out, "%s%s: %s\n", s->prefix, key, word);
}

static void put_number(const struct sink *s, const char *key, uint64_t v)
{
    buf_printf(s->out, "%s%s: %llu\n", s->prefix, key, (unsigned long long)v);
}

static void put_flag(const struct sink *s, const char *key, bool v)
{
    put_word(s, key, v ? "true" : "false");
}

static void put_names(const struct sink *s, const char *key, const struct name *list, uint32_t n)
{
    buf_printf(s->out, "%s%s:", s->prefix, key);
    for (uint32_t i = 0; i < n; i++)
        buf_printf(s->out, " %s", list[i].s);
    buf_put_str(s->out, "\n");
}

static void put_selectors(const struct sink *s, const char *key, const struct selector *list,
                          uint32_t n)
{
    buf_printf(s->out, "%s%s:", s->prefix, key);
    for (uint32_t i = 0; i < n; i++)
        buf_printf(s->out, " %s", list[i].s.s);
    buf_put_str(s->out, "\n");
}

static void put_bilingual(const struct sink *s, const char *key, const struct bilingual *t)
{
    buf_printf(s->out, "%s%s: ", s->prefix, key);
    put_quoted(s->out, t->nl != NULL ? t->nl : "");
    buf_put_str(s->out, " / ");
    put_quoted(s->out, t->en != NULL ? t->en : "");
    buf_put_str(s->out, "\n");
}

static void put_cite(const struct sink *s, const char *key, const struct citation *c)
{
    if (c == NULL) {
        put_word(s, key, "-");
        return;
    }
    buf_printf(s->out, "%s%s: %s %s(%s) %s %s jci=", s->prefix, key, c->law.s, c->article,
               c->paragraph, c->verified_by.s, c->verified_on);
    put_quoted(s->out, c->jci != NULL ? c->jci : "");
    buf_put_str(s->out, "\n");
}

static void put_cites(const struct sink *s, const char *key, const struct citation *list,
                      uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        put_cite(s, key, &list[i]);
}

static void put_term(const struct sink *s, const char *key, const struct term *t)
{
    buf_printf(s->out, "%s%s: %u working days %u hours %u seconds\n", s->prefix, key,
               t->working_days, t->hours, t->seconds);
}

static void put_period(const struct sink *s, const struct period *p)
{
    buf_printf(s->out, "%svalid: %s .. %s\n", s->prefix, p->from, p->until);
}

static void put_gates(const struct sink *s, const struct rule *r)
{
    for (uint32_t i = 0; i < r->gates_count; i++) {
        put_word(s, "gate.holder", r->gates[i].holder.s.s);
        put_cite(s, "gate", &r->gates[i].cite);
        put_cites(s, "gate.with", r->gates[i].with, r->gates[i].with_count);
        if (r->gates[i].outcome_at_most != OUTCOME_NONE)
            put_word(s, "gate.outcome_at_most", outcome_id(r->gates[i].outcome_at_most));
    }
}

static void put_blocks(const struct sink *s, const struct rule *r)
{
    if (r->question_use != NULL) {
        put_flag(s, "question_use.own_task", r->question_use->own_task);
        put_cite(s, "question_use.ground", r->question_use->ground);
    }
    if (r->minors != NULL) {
        put_flag(s, "minors.excluded", r->minors->excluded);
        put_cite(s, "minors.ground", r->minors->ground);
    }
    if (r->export != NULL) {
        put_names(s, "export.destinations", r->export->destinations, r->export->destinations_count);
        put_names(s, "export.rules", r->export->rules, r->export->rules_count);
        put_cite(s, "export.assurance", r->export->assurance);
    }
    if (r->joint != NULL)
        put_number(s, "joint.min_holders", r->joint->min_holders);
    if (r->onward != NULL)
        buf_printf(s->out, "%sonward: %s inform_partners=%s\n", s->prefix,
                   onward_id(r->onward->kind), r->onward->inform_partners ? "true" : "false");
}

static void put_scope(const struct sink *s, const struct rule *r)
{
    put_names(s, "aims", r->aims, r->aims_count);
    put_names(s, "phenomena", r->phenomena, r->phenomena_count);
    put_names(s, "areas", r->areas, r->areas_count);
    const struct aggregate *a = r->aggregate;
    if (a == NULL)
        return;
    buf_printf(s->out,
               "%saggregate: k_min=%u rounding=%u budget=%u min_holders=%u epsilon_milli=%u\n",
               s->prefix, a->k_min, a->rounding, a->budget, a->min_holders, a->epsilon_milli);
    put_flag(s, "aggregate.secondary_suppression", a->secondary_suppression);
    put_names(s, "aggregate.dimensions", a->dimensions, a->dimensions_count);
}

static void put_duties(const struct sink *s, const struct rule *r)
{
    if (r->handling != NULL)
        buf_printf(s->out, "%shandling: %s %s %s %s\n", s->prefix, r->handling->classification.s,
                   r->handling->code.s, r->handling->source.s, r->handling->content.s);
    if (r->subject != NULL) {
        put_word(s, "subject.inform", inform_id(r->subject->inform));
        put_cite(s, "subject.ground", r->subject->ground);
        put_number(s, "subject.review_days", r->subject->review_days);
        put_text(s, "subject.contact", r->subject->contact);
    }
    if (r->feedback != NULL) {
        put_flag(s, "feedback.required", r->feedback->required);
        put_flag(s, "feedback.human_check", r->feedback->human_check);
        put_term(s, "feedback.term", &r->feedback->term);
    }
}

static void put_law_terms(const struct sink *s, const struct rule *r)
{
    put_cites(s, "basis", r->basis, r->basis_count);
    put_gates(s, r);
    for (uint32_t i = 0; i < r->regime_count; i++)
        buf_printf(s->out, "%sregime: %s %s\n", s->prefix, r->regime[i].party.s.s,
                   regime_id(r->regime[i].regime));
    if (r->gdpr == NULL)
        return;
    put_text(s, "gdpr.lawfulness", r->gdpr->lawfulness);
    put_text(s, "gdpr.special", r->gdpr->special);
    put_text(s, "gdpr.criminal", r->gdpr->criminal);
    put_text(s, "gdpr.compatibility", r->gdpr->compatibility);
    put_text(s, "gdpr.dpia", r->gdpr->dpia);
    put_text(s, "gdpr.advice", r->gdpr->advice);
    put_text(s, "gdpr.register", r->gdpr->register_entry);
}

static void put_parties(const struct sink *s, const struct rule *r)
{
    put_selectors(s, "requesters", r->requesters, r->requesters_count);
    put_selectors(s, "holders", r->holders, r->holders_count);
    put_names(s, "functions", r->functions, r->functions_count);
    put_selectors(s, "excluded", r->excluded, r->excluded_count);
    if (r->index == NULL)
        return;
    put_names(s, "index.categories", r->index->categories, r->index->categories_count);
    put_bilingual(s, "index.ground", &r->index->ground);
    put_number(s, "index.max_share_permille", r->index->max_share_permille);
    put_number(s, "index.max_age_days", r->index->max_age_days);
    put_flag(s, "index.suppression", r->index->suppression);
}

static void put_data(const struct sink *s, const struct rule *r)
{
    for (uint32_t i = 0; i < r->identifiers_count; i++) {
        const struct rule_identifier *id = &r->identifiers[i];
        buf_printf(s->out, "%sidentifier: %s %u %s\n", s->prefix, ident_type_id(id->type),
                   id->norm_version, strength_id(id->strength));
        put_selectors(s, "identifier.parties", id->parties, id->parties_count);
        put_cite(s, "identifier.ground", id->ground);
    }
    for (uint32_t i = 0; i < r->fields_count; i++) {
        const struct rule_field *f = &r->fields[i];
        buf_printf(s->out, "%sfield: %s %s %s %s\n", s->prefix, f->name.s, f->category.s,
                   sensitivity_id(f->sensitivity), masking_id(f->masking));
        put_selectors(s, "field.holders", f->holders, f->holders_count);
    }
}

static void put_case_terms(const struct sink *s, const struct rule *r)
{
    put_word(s, "hit_visibility", visibility_id(r->hit_visibility));
    if (r->outcome != NULL) {
        put_word(s, "outcome", outcome_id(r->outcome->kind));
        put_cite(s, "outcome.ground", r->outcome->ground);
    }
    if (r->case_terms == NULL)
        return;
    put_word(s, "case.minimum_state", case_state_id(r->case_terms->minimum_state));
    put_number(s, "case.necessity_min_chars", r->case_terms->necessity_min_chars);
    put_flag(s, "case.proportionality", r->case_terms->proportionality);
    put_flag(s, "case.subsidiarity", r->case_terms->subsidiarity);
    put_flag(s, "case.concrete_signal", r->case_terms->concrete_signal);
    put_word(s, "case.control_data", control_id(r->case_terms->control_data));
    put_names(s, "case.checks", r->case_terms->checks, r->case_terms->checks_count);
}

static void put_closing(const struct sink *s, const struct closing_terms *c)
{
    if (c == NULL)
        return;
    put_flag(s, "closing.required", c->required);
    put_names(s, "closing.interventions", c->interventions, c->interventions_count);
    put_names(s, "closing.results", c->results, c->results_count);
}

static void put_consent(const struct sink *s, const struct rule *r)
{
    for (uint32_t i = 0; i < r->consent_count; i++) {
        const struct consent_terms *c = &r->consent[i];
        buf_printf(s->out, "%sconsent: %s %s %s\n", s->prefix, c->holder.s.s,
                   consent_kind_id(c->kind), duty_id(c->duty));
        put_names(s, "consent.functions", c->functions, c->functions_count);
        put_names(s, "consent.deputies", c->deputies, c->deputies_count);
        put_term(s, "consent.term", &c->term);
        if (c->urgent_term != NULL)
            put_term(s, "consent.urgent_term", c->urgent_term);
        if (c->standing_since[0] != '\0')
            put_word(s, "consent.standing_since", c->standing_since);
        if (c->compartment.s[0] != '\0')
            put_word(s, "consent.compartment", c->compartment.s);
    }
    for (uint32_t i = 0; i < r->refusal_grounds_count; i++) {
        const struct refusal_ground *g = &r->refusal_grounds[i];
        put_word(s, "refusal", g->code.s);
        put_flag(s, "refusal.requester_may_know", g->requester_may_know);
        put_bilingual(s, "refusal.text", &g->text);
    }
}

static void put_bounds(const struct sink *s, const struct rule *r)
{
    const struct limits *l = &r->limits;
    put_number(s, "limits.identifiers_per_request", l->identifiers_per_request);
    put_number(s, "limits.requests_per_day_agency", l->requests_per_day_agency);
    put_number(s, "limits.requests_per_day_officer", l->requests_per_day_officer);
    put_number(s, "limits.unique_per_case", l->unique_per_case);
    put_number(s, "limits.unique_per_period", l->unique_per_period);
    put_number(s, "limits.period_days", l->period_days);
    put_number(s, "limits.hits_per_request", l->hits_per_request);
    put_number(s, "limits.additions_per_period", l->additions_per_period);
    put_number(s, "limits.min_set_size", l->min_set_size);
    put_term(s, "limits.deadline_min", &l->deadline_min);
    put_term(s, "limits.deadline_max", &l->deadline_max);
    put_number(s, "retention.no_hit", r->retention.no_hit);
    put_number(s, "retention.hit", r->retention.hit);
    put_number(s, "retention.release", r->retention.release);
    put_number(s, "retention.case", r->retention.case_file);
    put_number(s, "retention.log", r->retention.log);
    put_flag(s, "retention.destroy_at_close", r->retention.destroy_at_close);
    put_number(s, "retention.extension", r->retention.extension);
}

void dump_rule(struct buf *out, const struct rule *r, const char *prefix)
{
    struct sink s = {out, prefix};
    put_word(&s, "rule", r->id.s);
    put_number(&s, "version", r->version);
    put_word(&s, "status", rule_status_id(r->status));
    put_period(&s, &r->valid);
    put_number(&s, "replaces", r->replaces);
    put_word(&s, "partnership", partnership_id(r->partnership));
    put_word(&s, "region", r->region.s);
    put_word(&s, "purpose", r->purpose.s);
    put_word(&s, "process", process_id(r->process));
    put_law_terms(&s, r);
    put_parties(&s, r);
    put_blocks(&s, r);
    put_scope(&s, r);
    put_data(&s, r);
    put_case_terms(&s, r);
    put_consent(&s, r);
    put_bounds(&s, r);
    put_closing(&s, r->closing);
    put_duties(&s, r);
    put_bilingual(&s, "text.citizen", &r->text.citizen);
    put_bilingual(&s, "text.officer", &r->text.officer);
}

static void put_party(const struct sink *s, const struct party *p)
{
    put_word(s, "party", p->oin.oin);
    put_text(s, "party.name", p->name);
    put_names(s, "party.classes", p->classes, p->classes_count);
    put_word(s, "party.regime", regime_id(p->regime));
    put_word(s, "party.sector_law", p->sector_law.s);
    put_word(s, "party.region", p->region.s);
    if (p->valid.until_s != 0)
        buf_printf(s->out, "%sparty.valid: %s .. %s\n", s->prefix, p->valid.from, p->valid.until);
    put_flag(s, "party.private", p->is_private);
    put_number(s, "party.retention_cap_days", p->retention_cap_days);
    for (uint32_t i = 0; i < p->on_behalf_of_count; i++)
        put_word(s, "party.on_behalf_of", p->on_behalf_of[i].oin);
}

static void put_moves(const struct sink *s, const struct policy *p)
{
    for (uint32_t i = 0; i < p->case_moves_count; i++) {
        const struct policy_move *m = &p->case_moves[i];
        buf_printf(s->out, "%scase_move: %s %s\n", s->prefix,
                   m->from == CASE_NONE ? "new" : case_state_id(m->from), case_state_id(m->to));
        put_names(s, "case_move.functions", m->functions, m->functions_count);
        put_names(s, "case_move.checks", m->checks, m->checks_count);
    }
}

static void put_tables(const struct sink *s, const struct policy *p)
{
    put_moves(s, p);
    for (uint32_t i = 0; i < p->closed_days_count; i++)
        put_word(s, "closed_day", p->closed_days[i].date);
    for (uint32_t i = 0; i < p->laws_count; i++) {
        put_word(s, "law", p->laws[i].id.s);
        put_text(s, "law.title", p->laws[i].title);
        put_text(s, "law.source", p->laws[i].source);
        put_flag(s, "law.secrecy", p->laws[i].secrecy);
        put_flag(s, "law.non_binding", p->laws[i].non_binding);
    }
    for (uint32_t i = 0; i < p->parties_count; i++)
        put_party(s, &p->parties[p->party_order[i]]);
    for (uint32_t i = 0; i < p->purposes_count; i++) {
        const struct purpose *u = &p->purposes[i];
        put_word(s, "purpose", u->id.s);
        put_bilingual(s, "purpose.text", &u->text);
        put_number(s, "purpose.epoch_days", u->epoch_days);
        if (u->departure_days > 0)
            put_number(s, "purpose.departure_days", u->departure_days);
        put_selectors(s, "purpose.participants", u->participants, u->participants_count);
        put_word(s, "purpose.custodian", u->custodian.oin);
        put_names(s, "purpose.partnerships", u->partnerships, u->partnerships_count);
    }
    for (uint32_t i = 0; i < p->categories_count; i++) {
        buf_printf(s->out, "%scategory: %s %u\n", s->prefix, p->categories[i].id.s,
                   p->categories[i].number);
        put_bilingual(s, "category.text", &p->categories[i].text);
    }
}

void dump_policy(struct buf *out, const struct policy *p)
{
    struct sink s = {out, ""};
    put_number(&s, "schema", p->schema);
    put_word(&s, "deployment", p->deployment.s);
    put_flag(&s, "demonstration", p->demonstration);
    put_number(&s, "serial", p->serial);
    put_period(&s, &p->valid);
    for (uint32_t i = 0; i < p->signers_count; i++) {
        put_word(&s, "signer", p->signers[i].id.s);
        put_word(&s, "signer.function", p->signers[i].function.s);
        put_text(&s, "signer.organisation", p->signers[i].organisation);
    }
    for (uint32_t i = 0; i < p->advice_count; i++)
        buf_printf(out, "advice: %s %s %s\n", p->advice[i].body.s, p->advice[i].reference,
                   p->advice[i].digest);
    put_tables(&s, p);
    for (uint32_t i = 0; i < p->rules_count; i++) {
        buf_put_str(out, "\n");
        dump_rule(out, &p->rules[p->rule_order[i]], "");
    }
}
