/* Conditions on counters, and on records that enter. */
#include "proto/policy/checks.h"

/* A counter includes what is judged, so it may reach the limit. */
static bool at_most(struct failure *out, int64_t has, uint32_t most)
{
    failure_detail(out, "%lld > %u", (long long)has, most);
    return has >= 0 && has <= (int64_t)most;
}

static bool limit_request(const struct question *q, struct failure *out)
{
    int64_t n = 0;
    for (unsigned t = 1; t < IDENT_TYPE_COUNT; t++)
        n += q->facts->identifiers.v[t];
    return at_most(out, n, q->rule->limits.identifiers_per_request);
}

static bool limit_agency(const struct question *q, struct failure *out)
{
    return at_most(out, q->facts->requests_today_agency.v, q->rule->limits.requests_per_day_agency);
}

static bool limit_officer(const struct question *q, struct failure *out)
{
    return at_most(out, q->facts->requests_today_officer.v,
                   q->rule->limits.requests_per_day_officer);
}

static bool limit_case(const struct question *q, struct failure *out)
{
    return at_most(out, q->facts->unique_in_case.v, q->rule->limits.unique_per_case);
}

static bool limit_period(const struct question *q, struct failure *out)
{
    return at_most(out, q->facts->unique_in_period.v, q->rule->limits.unique_per_period);
}

/* The rule neither counts nor asks for a number of holders. */
static bool any_number_of_holders(const struct question *q)
{
    return q->rule->aggregate == NULL && q->rule->joint == NULL;
}

static bool min_holders(const struct question *q, struct failure *out)
{
    uint32_t least = 0;
    if (q->rule->joint != NULL)
        least = q->rule->joint->min_holders;
    if (q->rule->aggregate != NULL)
        least = q->rule->aggregate->min_holders;
    failure_detail(out, "%lld < %u", (long long)q->facts->holders_asked.v, least);
    return q->facts->holders_asked.v >= (int64_t)least;
}

static bool set_size(const struct question *q, struct failure *out)
{
    uint32_t least = q->rule->limits.min_set_size;
    failure_detail(out, "%lld < %u", (long long)q->facts->set_size.v, least);
    return q->facts->set_size.v >= (int64_t)least;
}

static bool budget(const struct question *q, struct failure *out)
{
    const struct aggregate *a = q->rule->aggregate;
    return a != NULL && at_most(out, q->facts->budget_used.v, a->budget);
}

static bool no_list_wanted(const struct question *q)
{
    return q->rule->index == NULL || !q->rule->index->suppression;
}

static bool suppression(const struct question *q, struct failure *out)
{
    (void)out;
    return q->facts->suppression_checked.v;
}

static bool category(const struct question *q, struct failure *out)
{
    failure_detail(out, "%s", q->facts->category.v.s);
    const struct index_terms *terms = q->rule->index;
    for (uint32_t i = 0; terms != NULL && i < terms->categories_count; i++) {
        if (name_equal(&terms->categories[i], &q->facts->category.v))
            return true;
    }
    return false;
}

/* A record is admitted on days 0 to max_age_days - 1 after it entered. */
static bool age(const struct question *q, struct failure *out)
{
    const struct index_terms *terms = q->rule->index;
    if (terms == NULL)
        return false;
    int64_t days = q->facts->record_age_days.v;
    failure_detail(out, "%lld >= %u", (long long)days, terms->max_age_days);
    return days >= 0 && days < (int64_t)terms->max_age_days;
}

static bool share(const struct question *q, struct failure *out)
{
    const struct index_terms *terms = q->rule->index;
    int64_t stock = q->facts->stock.v;
    int64_t population = q->facts->population.v;
    int64_t has = 0;
    int64_t most = 0;
    if (terms == NULL || stock < 0 || population <= 0 ||
        __builtin_mul_overflow(stock, 1000, &has) ||
        __builtin_mul_overflow(population, (int64_t)terms->max_share_permille, &most))
        return false;
    failure_detail(out, "%lld / %lld > %u per mille", (long long)stock, (long long)population,
                   terms->max_share_permille);
    return has <= most;
}

static bool limit_additions(const struct question *q, struct failure *out)
{
    return at_most(out, q->facts->additions_in_period.v, q->rule->limits.additions_per_period);
}

struct check_table checks_of_counters(void)
{
    static const struct check table[] = {
        {CONDITION_LIMIT_REQUEST, FACT_BIT(identifiers), 0, SOURCE_BASIS, question_counts,
         limit_request},
        {CONDITION_LIMIT_AGENCY, FACT_BIT(requests_today_agency), 0, SOURCE_BASIS, NULL,
         limit_agency},
        {CONDITION_LIMIT_OFFICER, FACT_BIT(requests_today_officer), 0, SOURCE_BASIS, NULL,
         limit_officer},
        {CONDITION_LIMIT_CASE, FACT_BIT(unique_in_case), 0, SOURCE_BASIS, question_needs_no_case,
         limit_case},
        {CONDITION_LIMIT_PERIOD, FACT_BIT(unique_in_period), 0, SOURCE_BASIS, question_counts,
         limit_period},
        {CONDITION_MIN_HOLDERS, FACT_BIT(holders_asked), 0, SOURCE_BASIS, any_number_of_holders,
         min_holders},
        {CONDITION_SET_SIZE, FACT_BIT(set_size), 0, SOURCE_BASIS, question_names, set_size},
        {CONDITION_BUDGET, FACT_BIT(budget_used), 0, SOURCE_BASIS, question_names, budget},
        {CONDITION_CATEGORY, 0, FACT_BIT(category), SOURCE_BASIS, NULL, category},
        {CONDITION_AGE, 0, FACT_BIT(record_age_days), SOURCE_BASIS, NULL, age},
        {CONDITION_SHARE, 0, FACT_BIT(stock) | FACT_BIT(population), SOURCE_BASIS, NULL, share},
        {CONDITION_LIMIT_ADDITIONS, 0, FACT_BIT(additions_in_period), SOURCE_BASIS, NULL,
         limit_additions},
        {CONDITION_SUPPRESSION, 0, FACT_BIT(suppression_checked), SOURCE_BASIS, no_list_wanted,
         suppression},
    };
    return (struct check_table){table, ARRAY_LEN(table)};
}
