/* Conditions on the case and on what is asked. */
#include "proto/policy/checks.h"
#include "proto/policy/process.h"
#include "proto/policy/term.h"

static bool case_state(const struct question *q, struct failure *out)
{
    enum case_state state = q->facts->case_state.v;
    failure_detail(out, "%s", case_state_id(state));
    return q->rule->case_terms != NULL && state >= q->rule->case_terms->minimum_state &&
           state > CASE_NONE && state < CASE_CLOSED;
}

static bool no_check_wanted(const struct question *q)
{
    return q->rule->case_terms == NULL || q->rule->case_terms->checks_count == 0;
}

static bool checks(const struct question *q, struct failure *out)
{
    const struct case_terms *t = q->rule->case_terms;
    const struct fact_names *recorded = &q->facts->checks;
    uint32_t count = recorded->count < FACTS_NAMES_MAX ? recorded->count : FACTS_NAMES_MAX;
    bool ok = t != NULL;
    for (uint32_t i = 0; t != NULL && i < t->checks_count; i++) {
        if (name_is_in(recorded->v, count, &t->checks[i]))
            continue;
        failure_add_word(out, t->checks[i].s);
        ok = false;
    }
    return ok;
}

static bool no_necessity_wanted(const struct question *q)
{
    return q->rule->case_terms == NULL || q->rule->case_terms->necessity_min_chars == 0;
}

static bool necessity(const struct question *q, struct failure *out)
{
    if (q->rule->case_terms == NULL)
        return false;
    uint32_t least = q->rule->case_terms->necessity_min_chars;
    failure_detail(out, "%lld < %u", (long long)q->facts->necessity_chars.v, least);
    return q->facts->necessity_chars.v >= (int64_t)least;
}

static bool no_proportionality_wanted(const struct question *q)
{
    return q->rule->case_terms == NULL || !q->rule->case_terms->proportionality;
}

static bool proportionality(const struct question *q, struct failure *out)
{
    (void)out;
    return q->facts->proportionality.v;
}

static bool no_subsidiarity_wanted(const struct question *q)
{
    return q->rule->case_terms == NULL || !q->rule->case_terms->subsidiarity;
}

static bool subsidiarity(const struct question *q, struct failure *out)
{
    (void)out;
    return q->facts->subsidiarity.v;
}

static bool no_signal_wanted(const struct question *q)
{
    return q->rule->case_terms == NULL || !q->rule->case_terms->concrete_signal;
}

static bool concrete_signal(const struct question *q, struct failure *out)
{
    (void)out;
    return q->facts->concrete_signal.v;
}

static bool control_is_optional(const struct question *q)
{
    return q->rule->case_terms == NULL || q->rule->case_terms->control_data == CONTROL_OPTIONAL;
}

static bool control_data(const struct question *q, struct failure *out)
{
    if (q->rule->case_terms == NULL)
        return false;
    failure_detail(out, "%s", control_id(q->rule->case_terms->control_data));
    return q->facts->control_data.v == (q->rule->case_terms->control_data == CONTROL_REQUIRED);
}

static bool may_use(const struct question *q, enum ident_type type)
{
    const struct rule_identifier *id = rule_identifier(q->rule, type);
    const struct party *user = q->loading ? q->holder : q->requester;
    return id != NULL && user != NULL && selectors_match(id->parties, id->parties_count, user);
}

static bool identifiers(const struct question *q, struct failure *out)
{
    bool any = false;
    bool ok = true;
    for (unsigned t = 1; t < IDENT_TYPE_COUNT; t++) {
        if (q->facts->identifiers.v[t] == 0)
            continue;
        any = true;
        if (may_use(q, (enum ident_type)t))
            continue;
        failure_add_word(out, ident_type_id((enum ident_type)t));
        const struct rule_identifier *id = rule_identifier(q->rule, (enum ident_type)t);
        if (out != NULL && id != NULL && id->ground != NULL)
            out->cite = id->ground;
        ok = false;
    }
    if (!any)
        failure_detail(out, "0");
    return any && ok;
}

static bool version_of_norm(const struct question *q, struct failure *out)
{
    bool ok = true;
    for (unsigned t = 1; t < IDENT_TYPE_COUNT; t++) {
        const struct rule_identifier *id = rule_identifier(q->rule, (enum ident_type)t);
        if (q->facts->identifiers.v[t] == 0 || id == NULL ||
            q->facts->norm_versions.v[t] == id->norm_version)
            continue;
        failure_add_word(out, ident_type_id((enum ident_type)t));
        ok = false;
    }
    return ok;
}

static bool strength(const struct question *q, struct failure *out)
{
    failure_detail(out, "%lld", (long long)q->facts->weak_alone.v);
    return q->facts->weak_alone.v == 0;
}

static uint32_t fields_asked(const struct question *q)
{
    uint32_t n = q->facts->fields.count;
    return n < FACTS_NAMES_MAX ? n : FACTS_NAMES_MAX;
}

/* Where no field travels, none may be asked for. */
static bool fields(const struct question *q, struct failure *out)
{
    bool ok = true;
    for (uint32_t i = 0; i < fields_asked(q); i++) {
        if (rule_field(q->rule, &q->facts->fields.v[i]) == NULL) {
            failure_add_word(out, q->facts->fields.v[i].s);
            ok = false;
        }
    }
    if (fields_asked(q) > 0 && !process_has_fields(q->rule->process))
        ok = false;
    return ok;
}

static bool field_left(const struct question *q, struct failure *out)
{
    if (q->holder == NULL)
        return false;
    for (uint32_t i = 0; i < fields_asked(q); i++) {
        if (rule_field_allowed(q->rule, &q->facts->fields.v[i], q->holder))
            return true;
    }
    failure_detail(out, "%s", q->holder->oin.oin);
    return false;
}

static bool visibility(const struct question *q, struct failure *out)
{
    failure_detail(out, "%s", visibility_id(q->rule->hit_visibility));
    switch (q->rule->hit_visibility) {
    case VISIBILITY_HOLDER_FIRST:
    case VISIBILITY_NEVER:
        return true;
    case VISIBILITY_DIRECT:
        return q->holder != NULL && q->holder->sector_law.s[0] == '\0' &&
               q->holder->regime == REGIME_AVG && q->rule->outcome != NULL &&
               q->rule->outcome->kind == OUTCOME_HIT_NO_HIT;
    case VISIBILITY_NONE:
        break;
    }
    return false;
}

static bool deadline(const struct question *q, struct failure *out)
{
    const struct facts *f = q->facts;
    int64_t from = f->issued_at.v;
    int64_t least = term_end(q->policy, &q->rule->limits.deadline_min, from);
    int64_t most = term_end(q->policy, &q->rule->limits.deadline_max, from);
    int64_t span = 0;
    if (most == INT64_MIN || __builtin_sub_overflow(f->deadline.v, from, &span))
        return false;
    failure_detail(out, "%lld s, %lld .. %lld s", (long long)span, (long long)(least - from),
                   (long long)(most - from));
    return f->deadline.v > f->now.v && f->deadline.v >= least && f->deadline.v <= most;
}

#define TYPES FACT_BIT(identifiers)
#define NORMS (TYPES | FACT_BIT(norm_versions))
#define TIMES (FACT_BIT(now) | FACT_BIT(issued_at) | FACT_BIT(deadline))
#define FIELDS FACT_BIT(fields)
#define REQUESTER FACT_BIT(requester)
#define HOLDER FACT_BIT(holder)

struct check_table checks_of_request(void)
{
    static const struct check table[] = {
        {CONDITION_CASE_STATE, FACT_BIT(case_state), 0, SOURCE_BASIS, question_needs_no_case,
         case_state},
        {CONDITION_CHECKS, FACT_BIT(checks), 0, SOURCE_BASIS, no_check_wanted, checks},
        {CONDITION_NECESSITY, FACT_BIT(necessity_chars), 0, SOURCE_BASIS, no_necessity_wanted,
         necessity},
        {CONDITION_PROPORTIONALITY, FACT_BIT(proportionality), 0, SOURCE_BASIS,
         no_proportionality_wanted, proportionality},
        {CONDITION_SUBSIDIARITY, FACT_BIT(subsidiarity), 0, SOURCE_BASIS, no_subsidiarity_wanted,
         subsidiarity},
        {CONDITION_CONCRETE_SIGNAL, FACT_BIT(concrete_signal), 0, SOURCE_BASIS, no_signal_wanted,
         concrete_signal},
        {CONDITION_CONTROL_DATA, FACT_BIT(control_data), 0, SOURCE_BASIS, control_is_optional,
         control_data},
        {CONDITION_IDENTIFIERS, TYPES | REQUESTER, TYPES | HOLDER, SOURCE_BASIS, question_counts,
         identifiers},
        {CONDITION_NORM_VERSION, NORMS, NORMS, SOURCE_NONE, question_counts, version_of_norm},
        {CONDITION_STRENGTH, FACT_BIT(weak_alone), 0, SOURCE_NONE, question_counts, strength},
        {CONDITION_FIELDS, FIELDS, 0, SOURCE_GATE, NULL, fields},
        {CONDITION_FIELD_LEFT, FIELDS | HOLDER, 0, SOURCE_GATE, question_counts, field_left},
        {CONDITION_VISIBILITY, HOLDER, 0, SOURCE_GATE, NULL, visibility},
        {CONDITION_DEADLINE, TIMES, 0, SOURCE_NONE, NULL, deadline},
    };
    return (struct check_table){table, ARRAY_LEN(table)};
}
