/* The table "What each condition looks at" of docs/policy.md. */
#include "tests/support/policy_reference_rows.h"

typedef const struct reference_question *question;

bool reference_asks(const struct rule *r)
{
    return r->process != PROCESS_INDEX;
}

bool reference_has_fields(const struct rule *r)
{
    switch (r->process) {
    case PROCESS_CASE_RELEASE:
    case PROCESS_BIBOB:
    case PROCESS_SIGNAL:
    case PROCESS_EXPORT:
    case PROCESS_FEEDBACK:
    case PROCESS_SUBJECT_REQUEST:
        return true;
    case PROCESS_AREA_PROJECT:
        return r->aggregate == NULL;
    case PROCESS_NONE:
    case PROCESS_CASE_HIT:
    case PROCESS_INDEX:
    case PROCESS_PHENOMENON:
    case PROCESS_JOINT_TARGET:
    case PROCESS_COUNT:
        break;
    }
    return false;
}

static bool every(question q)
{
    (void)q;
    return true;
}

static bool in_service(question q)
{
    return !q->policy->demonstration;
}

static bool asking(question q)
{
    return reference_asks(q->rule);
}

static bool loading(question q)
{
    return !reference_asks(q->rule);
}

static bool naming(question q)
{
    return q->rule->aggregate == NULL;
}

static bool asking_naming(question q)
{
    return asking(q) && naming(q);
}

static bool counting(question q)
{
    return q->rule->aggregate != NULL;
}

static bool with_fields(question q)
{
    return reference_has_fields(q->rule);
}

static bool with_case(question q)
{
    return q->rule->case_terms != NULL;
}

/* An organisation with legal personality that names nobody asks for itself. */
static bool for_others(question q)
{
    return asking(q) && (q->requester == NULL || q->requester->on_behalf_of_count > 0 ||
                         q->facts->on_behalf_of.by != PROVENANCE_UNKNOWN);
}

static bool with_region(question q)
{
    return asking(q) && q->rule->region.s[0] != '\0';
}

static bool with_checks(question q)
{
    return with_case(q) && q->rule->case_terms->checks_count > 0;
}

static bool with_length(question q)
{
    return with_case(q) && q->rule->case_terms->necessity_min_chars > 0;
}

static bool with_proportionality(question q)
{
    return with_case(q) && q->rule->case_terms->proportionality;
}

static bool with_subsidiarity(question q)
{
    return with_case(q) && q->rule->case_terms->subsidiarity;
}

static bool with_signal(question q)
{
    return with_case(q) && q->rule->case_terms->concrete_signal;
}

static bool with_control(question q)
{
    return with_case(q) && q->rule->case_terms->control_data != CONTROL_OPTIONAL;
}

static bool with_aims(question q)
{
    return asking(q) && q->rule->aims_count > 0;
}

static bool with_phenomena(question q)
{
    return asking(q) && q->rule->phenomena_count > 0;
}

static bool without_minors(question q)
{
    return asking(q) && q->rule->minors != NULL && q->rule->minors->excluded;
}

static bool area_project(question q)
{
    return q->rule->process == PROCESS_AREA_PROJECT;
}

static bool export(question q)
{
    return q->rule->process == PROCESS_EXPORT;
}

static bool several_holders(question q)
{
    return q->rule->aggregate != NULL || q->rule->joint != NULL;
}

static bool with_suppression(question q)
{
    return loading(q) && q->rule->index->suppression;
}

#define F(name) (1ull << (unsigned)FACT_##name)
#define BOTH_PARTIES (F(requester) | F(holder))

/* Looked at alike in every process, and while asking only. */
#define ALIKE(id, sight, text, part, facts)                                                        \
    {                                                                                              \
#id, sight, text, part, facts, facts, reference_##id                                       \
    }
#define ASKED(id, sight, text, part, facts)                                                        \
    {                                                                                              \
#id, sight, text, part, facts, 0, reference_##id                                           \
    }
#define LOADED(id, sight, text, part, facts)                                                       \
    {                                                                                              \
#id, sight, text, part, 0, facts, reference_##id                                           \
    }
#define ROW(id, sight, text, part, asked, loaded)                                                  \
    {                                                                                              \
#id, sight, text, part, asked, loaded, reference_##id                                      \
    }

static const struct reference_row rows[] = {
    ALIKE(policy_valid, "JJJJJ", "every rule", every, F(now)),
    ALIKE(rule_known, "JJJJJ", "every rule", every, 0),
    ALIKE(rule_version, "JJJJJ", "every rule", every, F(rule_version)),
    ALIKE(status, "JJJJJ", "every rule", every, 0),
    ALIKE(rule_valid, "JJJJJ", "every rule", every, F(now)),
    ALIKE(adoption, "JJJJJ", "every rule", every, F(adoption)),
    ALIKE(basis, "JJJJJ", "every rule", every, 0),
    ALIKE(verified, "JJJJJ", "every rule, unless `demonstration`", in_service, F(holder)),
    ALIKE(gate, "JJJJJ", "every rule", every, F(holder)),
    ROW(regime, "JJJJJ", "every rule", every, BOTH_PARTIES | F(requester_regime) | F(holder_regime),
        F(holder) | F(holder_regime)),
    ROW(gdpr, "JJJJJ", "every rule", every, BOTH_PARTIES | F(fields), F(holder)),
    ALIKE(process, "JJJJJ", "every rule", every, F(process)),
    ALIKE(purpose, "JJJJJ", "every rule", every, F(purpose)),
    ROW(participant, "JJJJJ", "every rule", every, BOTH_PARTIES | F(purpose) | F(now),
        F(holder) | F(purpose) | F(now)),
    ASKED(requester, "JJJ  ", "asking", asking, F(requester)),
    ALIKE(holder, "JJJJJ", "every rule", every, F(holder)),
    ASKED(other_party, "JJJ  ", "asking", asking, BOTH_PARTIES),
    ROW(excluded, "JJJJJ", "every rule", every, BOTH_PARTIES, F(holder)),
    ASKED(on_behalf_of, "JJJ  ", "asking, unless a requester without `on_behalf_of` names nobody",
          for_others, F(requester) | F(on_behalf_of)),
    ASKED(function, "JJJ  ", "asking", asking, F(function)),
    ASKED(region, "JJJ  ", "`region`", with_region, F(requester)),
    ASKED(case_state, "J-t  ", "`case`", with_case, F(case_state)),
    ASKED(checks, "J-t  ", "`case`, with `checks`", with_checks, F(checks)),
    ASKED(necessity, "J-J  ", "`case`, `necessity_min_chars` above 0", with_length,
          F(necessity_chars)),
    ASKED(proportionality, "J-J  ", "`case`, `proportionality: true`", with_proportionality,
          F(proportionality)),
    ASKED(subsidiarity, "J-J  ", "`case`, `subsidiarity: true`", with_subsidiarity,
          F(subsidiarity)),
    ASKED(concrete_signal, "J-J  ", "`case`, `concrete_signal: true`", with_signal,
          F(concrete_signal)),
    ASKED(control_data, "J-J  ", "`case`, `control_data` not `optional`", with_control,
          F(control_data)),
    ROW(identifiers, "JJJJJ", "unless it counts", naming, F(identifiers) | F(requester),
        F(identifiers) | F(holder)),
    ALIKE(norm_version, "JJJJJ", "unless it counts", naming, F(identifiers) | F(norm_versions)),
    ASKED(strength, "JJJ  ", "asking, unless it counts", asking_naming, F(weak_alone)),
    ASKED(fields, "JJJ  ", "asking", asking, F(fields)),
    ASKED(field_left, "JJJ  ", "fields travel", with_fields, F(fields) | F(holder)),
    ASKED(visibility, "JJJ  ", "asking", asking, F(holder)),
    ASKED(deadline, "JJJ  ", "asking", asking, F(now) | F(issued_at) | F(deadline)),
    ASKED(aim, "J-J  ", "`aims`", with_aims, F(aim)),
    ASKED(minors, "J-J  ", "`minors`, `excluded: true`", without_minors, F(minor)),
    ASKED(phenomenon, "J-J  ", "`phenomena`", with_phenomena, F(phenomenon)),
    ASKED(area, "J-J  ", "`area_project`", area_project, F(area)),
    ASKED(destination, "J-J  ", "`export`", export, F(destination)),
    ASKED(origin, "J-J  ", "`export`", export, F(origin_rule)),
    ASKED(dimensions, "JJJ  ", "it counts", counting, F(dimensions)),
    ASKED(limit_request, "JJ-  ", "asking, unless it counts", asking_naming, F(identifiers)),
    ASKED(limit_agency, "JJ-  ", "asking", asking, F(requests_today_agency)),
    ASKED(limit_officer, "JJ-  ", "asking", asking, F(requests_today_officer)),
    ASKED(limit_case, "JJ-  ", "`case`", with_case, F(unique_in_case)),
    ASKED(limit_period, "JJ-  ", "asking, unless it counts", asking_naming, F(unique_in_period)),
    ASKED(min_holders, "JJ-  ", "it counts, or `joint`", several_holders, F(holders_asked)),
    ASKED(set_size, "-JJ  ", "it counts", counting, F(set_size)),
    ASKED(budget, "-J-  ", "it counts", counting, F(budget_used)),
    LOADED(category, "   JJ", "loading", loading, F(category)),
    LOADED(age, "   JJ", "loading", loading, F(record_age_days)),
    LOADED(share, "   JJ", "loading", loading, F(stock) | F(population)),
    LOADED(limit_additions, "   JJ", "loading", loading, F(additions_in_period)),
    LOADED(suppression, "   J-", "loading, `suppression: true`", with_suppression,
           F(suppression_checked)),
};

const struct reference_row *reference_rows(uint32_t *count)
{
    *count = (uint32_t)(sizeof rows / sizeof rows[0]);
    return rows;
}
