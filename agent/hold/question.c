#include "agent/hold/question.h"

#include "agent/records.h"
#include "proto/ident/ident.h"
#include "proto/policy/masking.h"
#include "proto/policy/minor.h"
#include "proto/policy/term.h"

enum err question_open(const struct hold_item *item, struct arena *a, struct question_text *out,
                       struct errmsg *why)
{
    struct question_text q = {0};
    enum err bad = request_header_decode(item->header, a, &q.header, why);
    if (bad == ERR_OK && !item->emptied)
        bad = sealed_part_decode(item->sealed, a, &q.sealed, why);
    if (bad == ERR_OK)
        *out = q;
    return bad;
}

enum err question_find_policy(const struct view *view, struct question_text *q, struct errmsg *why)
{
    const struct request_header *h = &q->header;
    const struct view_asked asked = {&h->policy_digest, &h->rule, h->issued_at_s};
    q->policy = NULL;
    enum err bad = view_policy_for(view, &asked, &q->policy, why);
    return bad == ERR_NOMEM ? bad : ERR_OK;
}

bool question_is_overdue(const struct view *view, const struct hold_item *item,
                         const struct request_header *h, int64_t now_s)
{
    const struct view_asked asked = {&h->policy_digest, &h->rule, h->issued_at_s};
    const struct policy *p = NULL;
    if (view_policy_for(view, &asked, &p, NULL) != ERR_OK)
        return false;
    const struct party *self = policy_party(p, &h->holder);
    const struct rule *r = policy_rule(p, &h->rule);
    const struct consent_terms *terms = r != NULL && self != NULL ? rule_consent(r, self) : NULL;
    return terms != NULL && terms->duty == DUTY_SHALL &&
           now_s > term_of_decision(p, terms, item->arrived_s, h->deadline_s);
}

enum err question_function(const struct rule *rule, const struct roster_officer *officer,
                           struct name *out)
{
    for (uint32_t i = 0; i < rule->functions_count; i++) {
        if (roster_officer_is(officer, &rule->functions[i])) {
            *out = rule->functions[i];
            return ERR_OK;
        }
    }
    return ERR_PERMISSION;
}

bool question_is_strong(const struct rule *rule, const struct matched_place *matched, size_t count)
{
    bool two_types = false;
    for (size_t i = 0; i < count; i++) {
        const struct rule_identifier *id = rule_identifier(rule, matched[i].type);
        if (id == NULL)
            return false;
        if (id->strength == STRENGTH_EXACT)
            return true;
        two_types |= matched[i].type != matched[0].type;
    }
    return two_types;
}

bool question_is_masked(const struct rule *rule, const struct record_field *f)
{
    const struct rule_field *is = rule != NULL ? rule_field(rule, &f->name) : NULL;
    return is != NULL && masking_holds(is->masking, f->value);
}

/* Characters of UTF-8, as people count them in the requester's program too. */
static int64_t characters(struct bytes text)
{
    int64_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += (text.ptr[i] & 0xc0) != 0x80;
    return n;
}

#define JUDGED(value) {(value), PROVENANCE_JUDGED}

static void put_parties(const struct view *view, const struct request_header *h, struct facts *f)
{
    const struct roster *roster = view_roster(view);
    const struct roster_member *requester = roster_member_of(roster, &h->requester);
    const struct roster_member *holder = roster_member_of(roster, &h->holder);
    f->requester = (struct fact_oin)JUDGED(h->requester);
    f->holder = (struct fact_oin)JUDGED(h->holder);
    const struct agency_id *principal = request_header_principal(h);
    if (principal != NULL)
        f->on_behalf_of = (struct fact_oin)JUDGED(*principal);
    if (requester != NULL)
        f->requester_regime = (struct fact_regime)JUDGED(requester->regime);
    if (holder != NULL)
        f->holder_regime = (struct fact_regime)JUDGED(holder->regime);
    const struct view_asked asked = {&h->policy_digest, &h->rule, h->issued_at_s};
    f->adoption = (struct fact_adoption)JUDGED(view_adoption_under(view, &asked, &h->holder));
}

/* The state of the case is the requester's word; an unknown word of it stays unknown. */
static void put_header(const struct request_header *h, struct facts *f)
{
    enum process process = PROCESS_NONE;
    enum case_state state = CASE_NONE;
    f->rule_version = (struct fact_int)JUDGED((int64_t)h->rule_version);
    f->purpose = (struct fact_name)JUDGED(h->purpose);
    f->issued_at = (struct fact_int)JUDGED(h->issued_at_s);
    f->deadline = (struct fact_int)JUDGED(h->deadline_s);
    if (process_parse(name_bytes(&h->process), &process) == ERR_OK)
        f->process = (struct fact_process)JUDGED(process);
    if (case_state_parse(name_bytes(&h->case_state), &state) == ERR_OK)
        f->case_state = (struct fact_case_state){state, PROVENANCE_ASSERTED};
    f->fields.by = PROVENANCE_JUDGED;
    for (size_t i = 0; i < h->field_count; i++)
        if (facts_add_field(f, &h->fields[i]) != ERR_OK)
            f->fields.by = PROVENANCE_UNKNOWN;
}

static struct fact_name id_of(const struct name *n)
{
    return (struct fact_name){*n, n->s[0] != '\0' ? PROVENANCE_JUDGED : PROVENANCE_UNKNOWN};
}

/* The date of birth is the requester's word: where the own record says another, nobody knows the age. */
static void put_case(const struct sealed_part *p, const struct hold_item *item, int64_t now_s,
                     struct facts *f)
{
    f->aim = id_of(&p->aim);
    f->phenomenon = id_of(&p->phenomenon);
    f->minor = minor_of(p->control_birth_date, now_s);
    if (item->control_birth == COMPARED_DIFFERS)
        f->minor.by = PROVENANCE_UNKNOWN;
    f->necessity_chars = (struct fact_int)JUDGED(characters(p->necessity));
    f->proportionality = (struct fact_bool)JUDGED(p->proportionality.len > 0);
    f->subsidiarity = (struct fact_bool)JUDGED(p->subsidiarity.len > 0);
    f->concrete_signal = (struct fact_bool)JUDGED(p->concrete_signal.len > 0);
    /* Recorded at the requester: its word, like the state of the case. */
    f->checks.by = PROVENANCE_ASSERTED;
    for (size_t i = 0; i < p->check_count; i++)
        if (facts_add_check(f, &p->checks[i]) != ERR_OK)
            f->checks.by = PROVENANCE_UNKNOWN;
    f->control_data =
        (struct fact_bool)JUDGED(p->control_name.len > 0 || p->control_birth_date.len > 0);
}

static void put_identifiers(const struct rule *rule, const struct hold_item *item, struct facts *f)
{
    bool weak = rule == NULL || !question_is_strong(rule, item->matched, item->matched_count);
    for (size_t i = 0; i < item->matched_count; i++) {
        enum ident_type type = item->matched[i].type;
        if (facts_add_identifiers(f, type, 1, ident_norm_version(type)) != ERR_OK)
            weak = true;
    }
    f->identifiers.by = PROVENANCE_JUDGED;
    f->norm_versions.by = PROVENANCE_JUDGED;
    f->weak_alone = (struct fact_int)JUDGED(weak ? 1 : 0);
}

void question_judge(const struct view *view, const struct hold_item *item,
                    const struct question_text *q, int64_t now_s, struct decision *out)
{
    const struct policy *policy = q->policy != NULL ? q->policy : view_policy(view);
    struct facts f = {0};
    f.now = (struct fact_int)JUDGED(now_s);
    f.function = (struct fact_name)JUDGED(item->function);
    put_parties(view, &q->header, &f);
    put_header(&q->header, &f);
    put_case(&q->sealed, item, now_s, &f);
    put_identifiers(policy_rule(policy, &q->header.rule), item, &f);
    policy_evaluate(policy, &q->header.rule, ROLE_HOLDER, &f, out);
}
