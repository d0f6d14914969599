/* How much: limits, deadlines, retention, counting, loading. */
#include "proto/policy/diff_internal.h"

#define LIMIT(member, grows, nl, en)                                                               \
    {                                                                                              \
        "limits." #member, offsetof(struct limits, member), grows, nl, en                          \
    }
#define KEPT(key, member, nl, en)                                                                  \
    {                                                                                              \
        "retention." key, offsetof(struct retention, member), EFFECT_MORE, nl, en                  \
    }
#define COUNT(member, grows, nl, en)                                                               \
    {                                                                                              \
        "aggregate." #member, offsetof(struct aggregate, member), grows, nl, en                    \
    }
#define INDEX(member, nl, en)                                                                      \
    {                                                                                              \
        "index." #member, offsetof(struct index_terms, member), EFFECT_MORE, nl, en                \
    }

static const struct number limits[] = {
    LIMIT(identifiers_per_request, EFFECT_MORE, "identificerende gegevens per verzoek",
          "identifiers per request"),
    LIMIT(requests_per_day_agency, EFFECT_MORE, "verzoeken per dag van een organisatie",
          "requests per day of one organisation"),
    LIMIT(requests_per_day_officer, EFFECT_MORE, "verzoeken per dag van een medewerker",
          "requests per day of one officer"),
    LIMIT(unique_per_period, EFFECT_MORE, "personen of zaken per periode", "subjects per period"),
    LIMIT(period_days, EFFECT_LESS, "dagen van de periode waarover wordt geteld",
          "days of the period that is counted over"),
    LIMIT(hits_per_request, EFFECT_MORE, "treffers per verzoek", "hits per request"),
    LIMIT(additions_per_period, EFFECT_MORE, "toevoegingen per periode", "additions per period"),
    LIMIT(min_set_size, EFFECT_LESS, "kleinste verzameling die wordt geteld",
          "smallest set that is counted"),
};
/* Bounds nothing in a rule without a case. */
static const struct number case_limit[] = {
    LIMIT(unique_per_case, EFFECT_MORE, "personen of zaken per casus", "subjects per case"),
};
static const struct number kept[] = {
    KEPT("no_hit", no_hit, "dagen dat geen treffer wordt bewaard", "days that no hit is kept"),
    KEPT("hit", hit, "dagen dat een treffer wordt bewaard", "days that a hit is kept"),
    KEPT("release", release, "dagen dat een verstrekking wordt bewaard",
         "days that a release is kept"),
    KEPT("case", case_file, "dagen dat een casus wordt bewaard", "days that a case is kept"),
    KEPT("log", log, "dagen dat het logboek wordt bewaard", "days that the log is kept"),
    KEPT("extension", extension, "dagen waarmee bewaren kan worden verlengd",
         "days by which keeping can be extended"),
};
static const struct number counts[] = {
    COUNT(k_min, EFFECT_LESS, "kleinste aantal dat wordt getoond", "smallest count that is shown"),
    COUNT(rounding, EFFECT_LESS, "afronding op veelvouden van", "rounding to multiples of"),
    COUNT(budget, EFFECT_MORE, "tellingen per periode", "counts per period"),
    COUNT(min_holders, EFFECT_LESS, "bronhouders die ten minste meetellen",
          "holders that contribute at least"),
};
static const struct number joint[] = {
    {"joint.min_holders", offsetof(struct joint_terms, min_holders), EFFECT_LESS,
     "bronhouders die ten minste worden bevraagd", "holders that are asked at least"},
};
static const struct number index_numbers[] = {
    INDEX(max_share_permille, "promille van het bestand dat wordt geladen",
          "per mille of the population that is loaded"),
    INDEX(max_age_days, "dagen dat een registratie meedoet", "days that a record takes part"),
};

static const struct flag destroy = {
    "retention.destroy_at_close",
    EFFECT_LESS,
    {"bij sluiting van de casus wordt niet meer vernietigd",
     "bij sluiting van de casus wordt nu vernietigd"},
    {"closing the case no longer destroys", "closing the case now destroys"}};
static const struct flag secondary = {
    "aggregate.secondary_suppression",
    EFFECT_LESS,
    {"aantallen waaruit een weggelaten aantal volgt, worden nu getoond",
     "aantallen waaruit een weggelaten aantal volgt, worden nu ook weggelaten"},
    {"counts from which a suppressed one follows are now shown",
     "counts from which a suppressed one follows are now suppressed too"}};
static const struct flag suppression = {
    "index.suppression",
    EFFECT_LESS,
    {"de lijst van beschermde personen hoeft niet meer te worden nagegaan",
     "de lijst van beschermde personen moet nu worden nagegaan"},
    {"the list of protected persons need no longer be consulted",
     "the list of protected persons must now be consulted"}};
static const struct list dimensions = {"aggregate.dimensions",
                                       EFFECT_MORE,
                                       "uitsplitsing",
                                       "breakdown",
                                       {"mag niet meer", "mag nu"},
                                       {"no longer allowed", "now allowed"}};
static const struct list categories = {"index.categories",
                                       EFFECT_MORE,
                                       "categorie",
                                       "category",
                                       {"wordt niet meer geladen", "wordt nu geladen"},
                                       {"is no longer loaded", "is now loaded"}};

/* No noise tells most; else a larger epsilon is less noise. */
static void compare_noise(struct diff *d, uint32_t was, uint32_t is)
{
    if (was == is)
        return;
    bool more = is == 0 || (was != 0 && is > was);
    tell(d,
         ((struct mark){.effect = more ? EFFECT_MORE : EFFECT_LESS,
                        .key = "aggregate.epsilon_milli"}),
         "ruis, epsilon in duizendsten (0 is geen): was %u, wordt %u",
         "noise, epsilon in thousandths (0 is none): was %u, becomes %u", was, is);
}

static void compare_counting(struct diff *d, const struct aggregate *was,
                             const struct aggregate *is)
{
    if (was == NULL || is == NULL)
        return;
    diff_numbers(d, was, is, counts, ARRAY_LEN(counts));
    compare_noise(d, was->epsilon_milli, is->epsilon_milli);
    diff_flag(d, was->secondary_suppression, is->secondary_suppression, &secondary);
    diff_names(d, &dimensions, (struct names){was->dimensions, was->dimensions_count},
               (struct names){is->dimensions, is->dimensions_count}, NULL);
}

static void compare_loading(struct diff *d, const struct index_terms *was,
                            const struct index_terms *is)
{
    if (was == NULL || is == NULL)
        return;
    diff_numbers(d, was, is, index_numbers, ARRAY_LEN(index_numbers));
    diff_flag(d, was->suppression, is->suppression, &suppression);
    diff_names(d, &categories, (struct names){was->categories, was->categories_count},
               (struct names){is->categories, is->categories_count}, NULL);
}

static void compare_deadlines(struct diff *d, const struct limits *was, const struct limits *is)
{
    struct terms least = {.v = {&was->deadline_min, &is->deadline_min},
                          .key = "limits.deadline_min",
                          .grows = EFFECT_LESS,
                          .nl = "kortste termijn van een vraag",
                          .en = "shortest deadline of a question"};
    struct terms most = {.v = {&was->deadline_max, &is->deadline_max},
                         .key = "limits.deadline_max",
                         .grows = EFFECT_MORE,
                         .nl = "langste termijn van een vraag",
                         .en = "longest deadline of a question"};
    diff_terms(d, &least);
    diff_terms(d, &most);
}

void diff_bounds(struct diff *d)
{
    const struct rule *was = d->side[WAS].rule;
    const struct rule *is = d->side[IS].rule;
    diff_numbers(d, &was->limits, &is->limits, limits, ARRAY_LEN(limits));
    if (was->case_terms != NULL && is->case_terms != NULL)
        diff_numbers(d, &was->limits, &is->limits, case_limit, ARRAY_LEN(case_limit));
    compare_deadlines(d, &was->limits, &is->limits);
    diff_numbers(d, &was->retention, &is->retention, kept, ARRAY_LEN(kept));
    diff_flag(d, was->retention.destroy_at_close, is->retention.destroy_at_close, &destroy);
    compare_counting(d, was->aggregate, is->aggregate);
    if (was->joint != NULL && is->joint != NULL)
        diff_numbers(d, was->joint, is->joint, joint, ARRAY_LEN(joint));
    compare_loading(d, was->index, is->index);
}
