#include "proto/policy/evaluate.h"

#include "proto/policy/authority.h"
#include "proto/policy/checks.h"
#include "proto/policy/process.h"

void failure_add_word(struct failure *f, const char *word)
{
    if (f == NULL)
        return;
    size_t used = strnlen(f->detail, sizeof f->detail - 1);
    size_t len = strlen(word);
    if (used + 1 + len >= sizeof f->detail)
        return;
    if (used > 0)
        f->detail[used++] = ' ';
    memcpy(f->detail + used, word, len + 1);
}

bool decision_failed(const struct decision *d, enum condition c)
{
    for (uint32_t i = 0; i < d->failures_count; i++) {
        if (d->failures[i].condition == c)
            return true;
    }
    return false;
}

/* The first needed fact that is known less well than `least`, or FACT_COUNT. */
static enum fact_id lacking(const struct facts *f, uint64_t needs, enum provenance least)
{
    for (uint64_t left = needs; left != 0; left &= left - 1) {
        enum fact_id id = (enum fact_id)__builtin_ctzll(left);
        if (fact_provenance(f, id) < least)
            return id;
    }
    return FACT_COUNT;
}

static const struct citation *source_of(const struct question *q, enum source source)
{
    const struct rule *rule = q->rule;
    const struct gate *gate = rule != NULL ? question_gate(q) : NULL;
    const struct citation *basis = rule != NULL && rule->basis_count > 0 ? &rule->basis[0] : NULL;
    switch (source) {
    case SOURCE_GATE:
        return gate != NULL ? &gate->cite : basis;
    case SOURCE_LIFTS:
        return gate != NULL ? &gate->cite : NULL;
    case SOURCE_BASIS:
        return basis;
    case SOURCE_NONE:
        break;
    }
    return NULL;
}

static void add_failure(struct decision *out, const struct question *q, const struct check *c,
                        const struct failure *failure)
{
    struct failure *slot = &out->failures[out->failures_count++];
    *slot = *failure;
    slot->condition = c->condition;
    if (slot->cite == NULL)
        slot->cite = source_of(q, c->source);
}

/* Words cost more than the judgement, so they are made only for what fails. */
static bool holds(const struct question *q, const struct check *c, struct failure *failure)
{
    if (c->holds(q, NULL))
        return true;
    failure->fault = FAULT_BROKEN;
    return c->holds(q, failure);
}

/* A party that must see the facts of a condition fails it where it does not. */
static bool judge(const struct question *q, const struct check *c, uint64_t needs,
                  struct failure *failure)
{
    enum fact_id missing = lacking(q->facts, needs, PROVENANCE_JUDGED);
    if (missing != FACT_COUNT) {
        bool told = fact_provenance(q->facts, missing) == PROVENANCE_ASSERTED;
        failure->fault = told ? FAULT_ASSERTED : FAULT_UNKNOWN;
        failure_detail(failure, "%s", fact_name_of(missing));
        return false;
    }
    return holds(q, c, failure);
}

static void run_check(const struct question *q, const struct check *c, enum sight sight,
                      struct decision *out)
{
    struct failure failure = {.condition = c->condition};
    uint64_t needs = q->loading ? c->loading : c->asking;
    uint64_t bit = CONDITION_BIT(c->condition);
    bool moot = c->moot != NULL && c->moot(q);
    if (sight == SIGHT_JUDGES || moot) {
        out->judged |= bit;
        if (!moot && !judge(q, c, needs, &failure))
            add_failure(out, q, c, &failure);
        return;
    }
    if (sight == SIGHT_NONE || lacking(q->facts, needs, PROVENANCE_ASSERTED) != FACT_COUNT) {
        out->unseen |= bit;
        return;
    }
    out->asserted |= bit;
    if (!holds(q, c, &failure))
        add_failure(out, q, c, &failure);
}

static void run_table(const struct question *q, struct check_table t, enum role role,
                      struct decision *out)
{
    for (size_t i = 0; i < t.count; i++) {
        enum condition c = t.checks[i].condition;
        if (condition_applies(c, q->rule->process))
            run_check(q, &t.checks[i], condition_sight(c, q->rule->process, role), out);
    }
}

static void allow_fields(const struct question *q, struct obligations *out)
{
    const struct fact_names *asked = &q->facts->fields;
    for (uint32_t i = 0; i < asked->count && i < FACTS_NAMES_MAX; i++) {
        if (rule_field_allowed(q->rule, &asked->v[i], q->holder))
            out->fields[out->fields_count++] = asked->v[i];
    }
}

static void oblige(const struct question *q, struct obligations *out)
{
    const struct rule *r = q->rule;
    out->retention = &r->retention;
    out->limits = &r->limits;
    for (uint32_t i = 0; i < r->identifiers_count; i++)
        out->strength[r->identifiers[i].type] = r->identifiers[i].strength;
    if (q->loading) {
        out->max_age_days = r->index->max_age_days;
        return;
    }
    out->outcome = r->outcome->kind;
    out->visibility = r->hit_visibility;
    out->control_data = r->case_terms != NULL ? r->case_terms->control_data : CONTROL_NONE;
    out->consent = rule_consent(r, q->holder);
    out->four_eyes = authority_needs_two(out->consent, CONSENT_RELEASE);
    out->question_use = r->question_use;
    out->aggregate = r->aggregate;
    out->joint = r->joint;
    out->handling = r->handling;
    out->onward = r->onward;
    out->subject = r->subject;
    out->feedback = r->feedback;
    allow_fields(q, out);
}

/* A role without a part in the process, and a rule without its blocks, are denied here, so that
 * nothing below meets them. */
static bool has_part(const struct question *q, enum role role)
{
    if (condition_sight(CONDITION_PROCESS, q->rule->process, role) != SIGHT_JUDGES)
        return false;
    if (q->loading)
        return q->rule->index != NULL;
    const struct rule *r = q->rule;
    const bool joins = r->process == PROCESS_JOINT_TARGET;
    const bool exports = r->process == PROCESS_EXPORT;
    return r->outcome != NULL && (r->case_terms != NULL || !process_needs_case(r->process)) &&
           (r->aggregate != NULL ? process_may_count(r->process)
                                 : !process_must_count(r->process)) &&
           (r->joint != NULL) == joins && (r->export != NULL) == exports;
}

static void judge_rule(const struct question *q, enum role role, struct decision *out)
{
    run_table(q, checks_of_rule(), role, out);
    run_table(q, checks_of_parties(), role, out);
    run_table(q, checks_of_request(), role, out);
    run_table(q, checks_of_scope(), role, out);
    run_table(q, checks_of_counters(), role, out);
    out->permit = out->failures_count == 0;
    if (out->permit)
        oblige(q, &out->obligations);
}

static void deny(struct decision *out, enum condition c, const char *detail)
{
    struct failure *f = &out->failures[out->failures_count++];
    f->condition = c;
    f->fault = FAULT_BROKEN;
    failure_detail(f, "%s", detail);
    out->judged |= CONDITION_BIT(c);
}

void policy_evaluate(const struct policy *p, const struct name *rule_id, enum role role,
                     const struct facts *f, struct decision *out)
{
    memset(out, 0, sizeof *out);
    out->role = role;
    struct question q = {
        .policy = p,
        .rule = policy_rule(p, rule_id),
        .facts = f,
        .requester =
            f->requester.by != PROVENANCE_UNKNOWN ? policy_party(p, &f->requester.v) : NULL,
        .holder = f->holder.by != PROVENANCE_UNKNOWN ? policy_party(p, &f->holder.v) : NULL,
    };
    out->rule = q.rule;
    if (q.rule == NULL) {
        deny(out, CONDITION_RULE_KNOWN, rule_id->s);
        return;
    }
    q.loading = q.rule->process == PROCESS_INDEX;
    if (q.loading)
        q.requester = NULL; /* whatever the facts say: nobody asks */
    q.purpose = policy_purpose(p, &q.rule->purpose);
    if (!has_part(&q, role)) {
        deny(out, CONDITION_PROCESS, role_id(role));
        return;
    }
    judge_rule(&q, role, out);
}
