#include "agent/ask/judge.h"

#define JUDGED(value) {(value), PROVENANCE_JUDGED}

struct name ask_function(const struct rule *rule, const struct roster_officer *officer)
{
    struct name first = {""};
    for (uint32_t i = 0; i < rule->functions_count; i++)
        if (roster_officer_is(officer, &rule->functions[i]))
            return rule->functions[i];
    for (int f = FUNCTION_AUDITOR; f < FUNCTION_COUNT; f++)
        if (roster_officer_has(officer, (enum officer_function)f) &&
            name_parse(bytes_str(officer_function_id((enum officer_function)f)), &first) == ERR_OK)
            return first;
    return first;
}

static void put_parties(const struct ask_question *q, const struct agency_id *holder,
                        struct facts *f)
{
    const struct roster *roster = view_roster(q->view);
    const struct roster_member *requester = roster_member_of(roster, &q->requester);
    const struct roster_member *other = roster_member_of(roster, holder);
    f->requester = (struct fact_oin)JUDGED(q->requester);
    f->holder = (struct fact_oin)JUDGED(*holder);
    if (!agency_id_equal(&q->on_behalf_of, &q->requester))
        f->on_behalf_of = (struct fact_oin)JUDGED(q->on_behalf_of);
    if (requester != NULL)
        f->requester_regime = (struct fact_regime)JUDGED(requester->regime);
    if (other != NULL)
        f->holder_regime = (struct fact_regime)JUDGED(other->regime);
    f->adoption = (struct fact_adoption)JUDGED(view_adoption(q->view, holder, &q->rule->id));
}

static void put_counts(const struct counts *n, struct facts *f)
{
    f->requests_today_agency = (struct fact_int)JUDGED(n->requests_today_agency);
    f->requests_today_officer = (struct fact_int)JUDGED(n->requests_today_officer);
    f->unique_in_case = (struct fact_int)JUDGED(n->unique_in_case);
    f->unique_in_period = (struct fact_int)JUDGED(n->unique_in_period);
}

void ask_facts(const struct ask_question *q, const struct agency_id *holder, struct facts *out)
{
    struct facts f = q->subjects;
    f.now = (struct fact_int)JUDGED(q->now_s);
    f.rule_version = (struct fact_int)JUDGED((int64_t)q->rule->version);
    f.process = (struct fact_process)JUDGED(q->rule->process);
    f.purpose = (struct fact_name)JUDGED(q->rule->purpose);
    f.function = (struct fact_name)JUDGED(ask_function(q->rule, q->officer));
    f.case_state = (struct fact_case_state)JUDGED(q->case_state);
    f.issued_at = (struct fact_int)JUDGED(q->now_s);
    f.deadline = (struct fact_int)JUDGED(q->deadline_s);
    f.checks.by = PROVENANCE_JUDGED;
    for (size_t i = 0; i < q->checks.count; i++)
        if (facts_add_check(&f, &q->checks.v[i]) != ERR_OK)
            f.checks.by = PROVENANCE_UNKNOWN;
    put_parties(q, holder, &f);
    put_counts(&q->counts, &f);
    f.fields.by = PROVENANCE_JUDGED;
    for (size_t i = 0; i < q->fields.count; i++)
        if (facts_add_field(&f, &q->fields.v[i]) != ERR_OK)
            f.fields.by = PROVENANCE_UNKNOWN;
    *out = f;
}

void ask_judge(const struct ask_question *q, const struct agency_id *holder, struct decision *out)
{
    struct facts f;
    ask_facts(q, holder, &f);
    policy_evaluate(view_policy(q->view), &q->rule->id, ROLE_REQUESTER, &f, out);
}

void ask_merge(struct decision *into, const struct decision *from)
{
    into->permit = into->permit && from->permit;
    for (uint32_t i = 0; i < from->failures_count; i++)
        if (!decision_failed(into, from->failures[i].condition) &&
            into->failures_count < CONDITION_COUNT)
            into->failures[into->failures_count++] = from->failures[i];
}
