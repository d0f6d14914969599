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
        {CONDITION_LIMIT_REQUEST, FACT_BIT(identifiers), 0, SOURCE_BASIS, NULL, limit_request},
        {CONDITION_LIMIT_AGENCY, FACT_BIT(requests_today_agency), 0, SOURCE_BASIS, NULL,
         limit_agency},
        {CONDITION_LIMIT_OFFICER, FACT_BIT(requests_today_officer), 0, SOURCE_BASIS, NULL,
         limit_officer},
        {CONDITION_LIMIT_CASE, FACT_BIT(unique_in_case), 0, SOURCE_BASIS, NULL, limit_case},
        {CONDITION_LIMIT_PERIOD, FACT_BIT(unique_in_period), 0, SOURCE_BASIS, NULL, limit_period},
        {CONDITION_CATEGORY, 0, FACT_BIT(category), SOURCE_BASIS, NULL, category},
        {CONDITION_AGE, 0, FACT_BIT(record_age_days), SOURCE_BASIS, NULL, age},
        {CONDITION_SHARE, 0, FACT_BIT(stock) | FACT_BIT(population), SOURCE_BASIS, NULL, share},
        {CONDITION_LIMIT_ADDITIONS, 0, FACT_BIT(additions_in_period), SOURCE_BASIS, NULL,
         limit_additions},
    };
    return (struct check_table){table, ARRAY_LEN(table)};
}
