/* Conditions on who asks whom, for what. */
#include "proto/policy/checks.h"

static bool process(const struct question *q, struct failure *out)
{
    failure_detail(out, "%s != %s", process_id(q->facts->process.v), process_id(q->rule->process));
    return q->facts->process.v == q->rule->process;
}

static bool purpose(const struct question *q, struct failure *out)
{
    failure_detail(out, "%s != %s", q->facts->purpose.v.s, q->rule->purpose.s);
    return q->purpose != NULL && name_equal(&q->facts->purpose.v, &q->rule->purpose);
}

static bool is_party_now(const struct question *q, const struct party *party)
{
    const struct period *v = &party->valid;
    return v->until_s == 0 || (q->facts->now.v >= v->from_s && q->facts->now.v < v->until_s);
}

static bool takes_part(const struct question *q, const struct party *party)
{
    return party != NULL && q->purpose != NULL && is_party_now(q, party) &&
           selectors_match(q->purpose->participants, q->purpose->participants_count, party);
}

static bool participant(const struct question *q, struct failure *out)
{
    bool ok = true;
    if (!q->loading && !takes_part(q, q->requester)) {
        failure_add_word(out, q->facts->requester.v.oin);
        ok = false;
    }
    if (!takes_part(q, q->holder)) {
        failure_add_word(out, q->facts->holder.v.oin);
        ok = false;
    }
    return ok;
}

static bool requester(const struct question *q, struct failure *out)
{
    failure_detail(out, "%s", q->facts->requester.v.oin);
    return q->requester != NULL &&
           selectors_match(q->rule->requesters, q->rule->requesters_count, q->requester);
}

/* Under a release somebody at the holder must be named to decide. */
static bool holder(const struct question *q, struct failure *out)
{
    failure_detail(out, "%s", q->facts->holder.v.oin);
    if (q->holder == NULL || !selectors_match(q->rule->holders, q->rule->holders_count, q->holder))
        return false;
    return q->loading || rule_consent(q->rule, q->holder) != NULL;
}

static bool other_party(const struct question *q, struct failure *out)
{
    (void)out;
    return !agency_id_equal(&q->facts->requester.v, &q->facts->holder.v);
}

static bool is_excluded(const struct question *q, const struct party *party)
{
    return party != NULL && selectors_match(q->rule->excluded, q->rule->excluded_count, party);
}

static bool excluded(const struct question *q, struct failure *out)
{
    bool ok = true;
    if (!q->loading && is_excluded(q, q->requester)) {
        failure_add_word(out, q->facts->requester.v.oin);
        ok = false;
    }
    if (is_excluded(q, q->holder)) {
        failure_add_word(out, q->facts->holder.v.oin);
        ok = false;
    }
    return ok;
}

/* An organisation with legal personality asks for itself, and then names nobody. */
static bool asks_for_itself(const struct question *q)
{
    return q->requester != NULL && q->requester->on_behalf_of_count == 0 &&
           q->facts->on_behalf_of.by == PROVENANCE_UNKNOWN;
}

static bool on_behalf_of(const struct question *q, struct failure *out)
{
    const struct agency_id *named = &q->facts->on_behalf_of.v;
    failure_detail(out, "%s", named->oin);
    if (q->requester == NULL)
        return false;
    const struct party *principal = policy_party(q->policy, named);
    if (principal == NULL || is_excluded(q, principal))
        return false;
    for (uint32_t i = 0; i < q->requester->on_behalf_of_count; i++) {
        if (agency_id_equal(&q->requester->on_behalf_of[i], named))
            return true;
    }
    return false;
}

static bool function(const struct question *q, struct failure *out)
{
    failure_detail(out, "%s", q->facts->function.v.s);
    for (uint32_t i = 0; i < q->rule->functions_count; i++) {
        if (name_equal(&q->rule->functions[i], &q->facts->function.v))
            return true;
    }
    return false;
}

static bool every_region(const struct question *q)
{
    return q->rule->region.s[0] == '\0';
}

static bool region(const struct question *q, struct failure *out)
{
    if (q->requester == NULL)
        return false;
    bool none = q->requester->region.s[0] == '\0';
    failure_detail(out, "%s != %s", none ? "-" : q->requester->region.s, q->rule->region.s);
    return name_equal(&q->requester->region, &q->rule->region);
}

#define NOW FACT_BIT(now)
#define REQUESTER FACT_BIT(requester)
#define HOLDER FACT_BIT(holder)
#define PURPOSE FACT_BIT(purpose)
#define FUNCTION FACT_BIT(function)

struct check_table checks_of_parties(void)
{
    static const struct check table[] = {
        {CONDITION_PROCESS, FACT_BIT(process), FACT_BIT(process), SOURCE_BASIS, NULL, process},
        {CONDITION_PURPOSE, PURPOSE, PURPOSE, SOURCE_BASIS, NULL, purpose},
        {CONDITION_PARTICIPANT, REQUESTER | HOLDER | PURPOSE | NOW, HOLDER | PURPOSE | NOW,
         SOURCE_BASIS, NULL, participant},
        {CONDITION_REQUESTER, REQUESTER, 0, SOURCE_BASIS, NULL, requester},
        {CONDITION_HOLDER, HOLDER, HOLDER, SOURCE_GATE, NULL, holder},
        {CONDITION_OTHER_PARTY, REQUESTER | HOLDER, 0, SOURCE_NONE, NULL, other_party},
        {CONDITION_EXCLUDED, REQUESTER | HOLDER, HOLDER, SOURCE_BASIS, NULL, excluded},
        {CONDITION_ON_BEHALF_OF, REQUESTER | FACT_BIT(on_behalf_of), 0, SOURCE_BASIS,
         asks_for_itself, on_behalf_of},
        {CONDITION_FUNCTION, FUNCTION, 0, SOURCE_BASIS, NULL, function},
        {CONDITION_REGION, REQUESTER, 0, SOURCE_BASIS, every_region, region},
    };
    return (struct check_table){table, ARRAY_LEN(table)};
}
