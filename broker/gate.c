#include "broker/gate.h"

#include "proto/policy/evaluate.h"

_Static_assert(IDENT_TYPE_COUNT <= 32, "sets of types are 32-bit masks");

enum strength gate_strength(const struct rule *r, enum ident_type type)
{
    const struct rule_identifier *id = rule_identifier(r, type);
    return id == NULL ? STRENGTH_NONE : id->strength;
}

bool gate_types_hit(const struct rule *r, uint32_t types)
{
    unsigned weak = 0;
    for (unsigned t = IDENT_NONE + 1; t < IDENT_TYPE_COUNT; t++) {
        if ((types & (1u << t)) == 0)
            continue;
        const enum strength s = gate_strength(r, (enum ident_type)t);
        if (s == STRENGTH_EXACT)
            return true;
        if (s == STRENGTH_WEAK)
            weak++;
    }
    return weak >= 2;
}

/* Groups that could never hit. */
static int64_t count_weak_alone(const struct gate_ask *ask, const struct rule *r)
{
    uint32_t types[REQUEST_GROUPS_MAX] = {0};
    for (size_t i = 0; i < ask->identifier_count; i++) {
        const struct request_identifier *id = &ask->identifiers[i];
        if (id->group < REQUEST_GROUPS_MAX)
            types[id->group] |= 1u << (unsigned)id->type;
    }
    int64_t n = 0;
    for (size_t g = 0; g < ask->group_count && g < REQUEST_GROUPS_MAX; g++)
        n += gate_types_hit(r, types[g]) ? 0 : 1;
    return n;
}

/* The officer's function that the rule admits; else any that the roster gives. Unknown: none. */
static struct fact_name function_of(const struct roster_officer *o, const struct rule *r)
{
    struct fact_name f = {.by = PROVENANCE_UNKNOWN};
    for (unsigned i = FUNCTION_NONE + 1; i < FUNCTION_COUNT; i++) {
        const enum officer_function has = (enum officer_function)i;
        struct name id;
        if (!roster_officer_has(o, has) ||
            name_parse(bytes_str(officer_function_id(has)), &id) != ERR_OK)
            continue;
        const bool admitted =
            r != NULL &&
            name_list_has((struct name_list){r->functions, r->functions_count}, name_bytes(&id));
        if (admitted || f.by == PROVENANCE_UNKNOWN)
            f = (struct fact_name){id, PROVENANCE_JUDGED};
        if (admitted)
            break;
    }
    return f;
}

#define JUDGED(value)                                                                              \
    {                                                                                              \
        .v = (value), .by = PROVENANCE_JUDGED                                                      \
    }

static void put_question(const struct gate_ask *ask, struct facts *out)
{
    const struct request_header *h = ask->header;
    const struct rule *r = policy_rule(view_policy(ask->view), &h->rule);
    const struct deal *deal = view_deal(ask->view, &h->purpose, h->epoch);
    out->identifiers.by = PROVENANCE_JUDGED;
    out->norm_versions.by = PROVENANCE_JUDGED;
    for (size_t i = 0; i < ask->identifier_count; i++) {
        const unsigned type = (unsigned)ask->identifiers[i].type;
        out->identifiers.v[type]++;
        out->norm_versions.v[type] = deal == NULL ? 0 : deal->norms[type];
    }
    out->weak_alone = (struct fact_int)JUDGED(r == NULL ? 0 : count_weak_alone(ask, r));
    out->function = function_of(ask->worker, r);
    out->fields.by = PROVENANCE_JUDGED;
    for (size_t i = 0; i < h->field_count && i < FACTS_NAMES_MAX; i++)
        out->fields.v[out->fields.count++] = h->fields[i];
}

static void put_words(const struct request_header *h, struct facts *out)
{
    enum process process = PROCESS_NONE;
    if (process_parse(name_bytes(&h->process), &process) == ERR_OK)
        out->process = (struct fact_process)JUDGED(process);
    enum case_state state = CASE_NONE;
    if (case_state_parse(name_bytes(&h->case_state), &state) == ERR_OK)
        out->case_state = (struct fact_case_state){state, PROVENANCE_ASSERTED};
}

void gate_facts(const struct gate_ask *ask, struct facts *out)
{
    const struct request_header *h = ask->header;
    memset(out, 0, sizeof *out);
    out->now = (struct fact_int)JUDGED(ask->now_s);
    out->rule_version = (struct fact_int)JUDGED(h->rule_version);
    out->purpose = (struct fact_name)JUDGED(h->purpose);
    out->requester = (struct fact_oin)JUDGED(h->requester);
    out->requester_regime = (struct fact_regime)JUDGED(ask->requester->regime);
    out->holder = (struct fact_oin)JUDGED(h->holder);
    out->holder_regime = (struct fact_regime)JUDGED(ask->holder->regime);
    const struct agency_id *principal = request_header_principal(h);
    if (principal != NULL)
        out->on_behalf_of = (struct fact_oin)JUDGED(*principal);
    out->adoption = (struct fact_adoption)JUDGED(view_adoption(ask->view, &h->holder, &h->rule));
    out->issued_at = (struct fact_int)JUDGED(h->issued_at_s);
    out->deadline = (struct fact_int)JUDGED(h->deadline_s);
    const struct gate_counts *n = ask->counts;
    out->requests_today_agency = (struct fact_int)JUDGED((int64_t)n->requests_agency);
    out->requests_today_officer = (struct fact_int)JUDGED((int64_t)n->requests_officer);
    out->unique_in_case = (struct fact_int)JUDGED((int64_t)n->subjects_case);
    out->unique_in_period = (struct fact_int)JUDGED((int64_t)n->subjects_period);
    put_words(h, out);
    put_question(ask, out);
}

void gate_decide(const struct gate_ask *ask, const struct facts *facts, struct decision *out)
{
    policy_evaluate(view_policy(ask->view), &ask->header->rule, ROLE_BROKER, facts, out);
}

static bool is_within(const struct period *p, int64_t now_s)
{
    return now_s >= p->from_s && now_s < p->until_s;
}

static enum condition find_broken(const struct view *v, const struct policy *p,
                                  const struct view_asked *asked,
                                  const struct request_header *h, int64_t now_s)
{
    const struct rule *r = policy_rule(p, &h->rule);
    const struct party *requester = policy_party(p, &h->requester);
    const struct party *holder = policy_party(p, &h->holder);
    if (!is_within(&p->valid, now_s))
        return CONDITION_POLICY_VALID;
    if (r == NULL)
        return CONDITION_RULE_KNOWN;
    if (r->version != h->rule_version)
        return CONDITION_RULE_VERSION;
    if (r->status != RULE_STATUS_ADOPTED)
        return CONDITION_STATUS;
    if (!is_within(&r->valid, now_s))
        return CONDITION_RULE_VALID;
    if (requester == NULL || view_member(v, &h->requester, now_s) == NULL ||
        !selectors_match(r->requesters, r->requesters_count, requester))
        return CONDITION_REQUESTER;
    if (holder == NULL || view_member(v, &h->holder, now_s) == NULL ||
        !selectors_match(r->holders, r->holders_count, holder))
        return CONDITION_HOLDER;
    if (selectors_match(r->excluded, r->excluded_count, requester) ||
        selectors_match(r->excluded, r->excluded_count, holder))
        return CONDITION_EXCLUDED;
    if (view_adoption_under(v, asked, &h->holder) != ADOPTION_ADOPTED)
        return CONDITION_ADOPTION;
    return CONDITION_NONE;
}

/* A rule that is gone from the policy in force, or not adopted there, was withdrawn; else it was narrowed, in
 * that policy or in one before it. */
static const char *reason_of(const struct view *v, const struct request_header *h, enum err e)
{
    if (e != ERR_BEHIND)
        return "policy_unknown";
    const struct rule *now = policy_rule(view_policy(v), &h->rule);
    return now != NULL && now->status == RULE_STATUS_ADOPTED ? "narrowed" : "withdrawn";
}

enum err gate_standing_rule(const struct view *v, const struct request_header *h, int64_t now_s,
                            struct gate_standing *out)
{
    const struct view_asked asked = {&h->policy_digest, &h->rule, h->issued_at_s};
    *out = (struct gate_standing){.rule = NULL};
    enum err e = view_policy_for(v, &asked, &out->policy, &out->why);
    if (e == ERR_NOMEM)
        return e;
    if (e != ERR_OK) {
        out->reason = reason_of(v, h, e);
        return ERR_OK;
    }
    const enum condition c = find_broken(v, out->policy, &asked, h, now_s);
    if (c == CONDITION_NONE) {
        out->rule = policy_rule(out->policy, &h->rule);
        return ERR_OK;
    }
    const bool withdrawn = c == CONDITION_ADOPTION &&
                           view_adoption_under(v, &asked, &h->holder) == ADOPTION_WITHDRAWN;
    out->reason = withdrawn ? "withdrawn" : condition_id(c);
    (void)errmsg_set(&out->why, ERR_PERMISSION, "%s (%s)", condition_id(c), condition_en(c));
    return ERR_OK;
}
