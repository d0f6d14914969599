/* Conditions on the file, the rule and the law behind it. */
#include "proto/policy/checks.h"

static bool within(const struct period *period, int64_t now)
{
    return now >= period->from_s && now < period->until_s;
}

static bool policy_valid(const struct question *q, struct failure *out)
{
    failure_detail(out, "%s .. %s", q->policy->valid.from, q->policy->valid.until);
    return within(&q->policy->valid, q->facts->now.v);
}

static bool rule_known(const struct question *q, struct failure *out)
{
    (void)out;
    return q->rule != NULL;
}

static bool rule_version(const struct question *q, struct failure *out)
{
    failure_detail(out, "%lld != %u", (long long)q->facts->rule_version.v, q->rule->version);
    return q->facts->rule_version.v == (int64_t)q->rule->version;
}

static bool status(const struct question *q, struct failure *out)
{
    failure_detail(out, "%s", rule_status_id(q->rule->status));
    return q->rule->status == RULE_STATUS_ADOPTED;
}

static bool rule_valid(const struct question *q, struct failure *out)
{
    failure_detail(out, "%s .. %s", q->rule->valid.from, q->rule->valid.until);
    return within(&q->rule->valid, q->facts->now.v);
}

static bool adoption(const struct question *q, struct failure *out)
{
    failure_detail(out, "%s", adoption_id(q->facts->adoption.v));
    return q->facts->adoption.v == ADOPTION_ADOPTED;
}

/* A covenant or protocol is followed, but is no ground by itself. */
static bool basis(const struct question *q, struct failure *out)
{
    (void)out;
    for (uint32_t i = 0; i < q->rule->basis_count; i++) {
        const struct law *law = policy_law(q->policy, &q->rule->basis[i].law);
        if (law != NULL && !law->non_binding)
            return true;
    }
    return false;
}

/* The first citation of the list that nobody verified, or NULL. */
static const struct citation *unverified(const struct citation *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!citation_is_verified(&list[i]))
            return &list[i];
    }
    return NULL;
}

static const struct citation *unverified_in_rule(const struct question *q)
{
    const struct rule *r = q->rule;
    const struct citation *found = unverified(r->basis, r->basis_count);
    const struct gate *gate = question_gate(q);
    if (found == NULL && gate != NULL)
        found = unverified(&gate->cite, 1);
    if (found == NULL && gate != NULL)
        found = unverified(gate->with, gate->with_count);
    const struct citation *one[RULE_GROUNDS_MAX];
    uint32_t count = rule_grounds(r, one);
    for (uint32_t i = 0; found == NULL && i < count; i++)
        found = unverified(one[i], 1);
    return found;
}

static bool is_demonstration(const struct question *q)
{
    return q->policy->demonstration;
}

static bool verified(const struct question *q, struct failure *out)
{
    const struct citation *found = unverified_in_rule(q);
    if (out != NULL)
        out->cite = found;
    return found == NULL;
}

const struct gate *question_gate(const struct question *q)
{
    return q->holder != NULL ? rule_gate(q->rule, q->holder) : NULL;
}

/* What the requester may learn is bounded by the gate too: a hit and a reason are disclosures
 * (docs/decisions/0504-a-gate-bounds-the-outcome.md). */
static bool gate(const struct question *q, struct failure *out)
{
    if (q->holder == NULL)
        return false;
    failure_detail(out, "%s", q->holder->sector_law.s);
    const struct gate *g = question_gate(q);
    if (g == NULL)
        return q->holder->sector_law.s[0] == '\0';
    if (q->rule->outcome == NULL || q->rule->outcome->kind <= gate_outcome(g))
        return true;
    failure_detail(out, "%s > %s", outcome_id(q->rule->outcome->kind),
                   outcome_id(gate_outcome(g)));
    return false;
}

/* Of the roster, of the rule and of the party's own entry: gdpr goes by the last. */
static bool regime_is(const struct question *q, const struct party *party, enum regime regime)
{
    for (uint32_t i = 0; party != NULL && i < q->rule->regime_count; i++) {
        if (selector_matches(&q->rule->regime[i].party, party))
            return q->rule->regime[i].regime == regime && party->regime == regime;
    }
    return false;
}

static bool regime(const struct question *q, struct failure *out)
{
    const struct facts *f = q->facts;
    if (!q->loading && !regime_is(q, q->requester, f->requester_regime.v)) {
        failure_detail(out, "%s %s", f->requester.v.oin, regime_id(f->requester_regime.v));
        return false;
    }
    failure_detail(out, "%s %s", f->holder.v.oin, regime_id(f->holder_regime.v));
    return regime_is(q, q->holder, f->holder_regime.v);
}

/* The ground for the sensitivity of one field, or NULL where there is none. */
static const char *ground_for(const struct gdpr *g, enum sensitivity s)
{
    switch (s) {
    case SENSITIVITY_ORDINARY:
        return g->lawfulness;
    case SENSITIVITY_SPECIAL:
        return g->special;
    case SENSITIVITY_CRIMINAL:
        return g->criminal;
    case SENSITIVITY_NONE:
        break;
    }
    return NULL;
}

static bool under_avg(const struct party *party)
{
    return party != NULL && party->regime == REGIME_AVG;
}

static bool gdpr(const struct question *q, struct failure *out)
{
    if (!under_avg(q->requester) && !under_avg(q->holder))
        return true;
    const struct gdpr *g = q->rule->gdpr;
    if (g == NULL || g->lawfulness == NULL)
        return false;
    if (q->loading)
        return true;
    bool ok = true;
    for (uint32_t i = 0; i < q->facts->fields.count && i < FACTS_NAMES_MAX; i++) {
        const struct rule_field *field = rule_field(q->rule, &q->facts->fields.v[i]);
        if (field != NULL && ground_for(g, field->sensitivity) == NULL) {
            failure_add_word(out, field->name.s);
            ok = false;
        }
    }
    return ok;
}

#define NOW FACT_BIT(now)
#define PARTIES (FACT_BIT(requester) | FACT_BIT(holder))
#define REGIMES (FACT_BIT(requester_regime) | FACT_BIT(holder_regime))

struct check_table checks_of_rule(void)
{
    static const struct check table[] = {
        {CONDITION_POLICY_VALID, NOW, NOW, SOURCE_NONE, NULL, policy_valid},
        {CONDITION_RULE_KNOWN, 0, 0, SOURCE_NONE, NULL, rule_known},
        {CONDITION_RULE_VERSION, FACT_BIT(rule_version), FACT_BIT(rule_version), SOURCE_NONE, NULL,
         rule_version},
        {CONDITION_STATUS, 0, 0, SOURCE_NONE, NULL, status},
        {CONDITION_RULE_VALID, NOW, NOW, SOURCE_NONE, NULL, rule_valid},
        {CONDITION_ADOPTION, FACT_BIT(adoption), FACT_BIT(adoption), SOURCE_GATE, NULL, adoption},
        {CONDITION_BASIS, 0, 0, SOURCE_NONE, NULL, basis},
        {CONDITION_VERIFIED, FACT_BIT(holder), FACT_BIT(holder), SOURCE_NONE, is_demonstration,
         verified},
        {CONDITION_GATE, FACT_BIT(holder), FACT_BIT(holder), SOURCE_LIFTS, NULL, gate},
        {CONDITION_REGIME, PARTIES | REGIMES, FACT_BIT(holder) | FACT_BIT(holder_regime),
         SOURCE_BASIS, NULL, regime},
        {CONDITION_GDPR, PARTIES | FACT_BIT(fields), FACT_BIT(holder), SOURCE_BASIS, NULL, gdpr},
    };
    return (struct check_table){table, ARRAY_LEN(table)};
}
