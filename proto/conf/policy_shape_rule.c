/* The rules of a policy file: references, and what each process needs and may not have. */
#include <stdio.h>

#include "proto/base/when.h"
#include "proto/conf/policy_shape.h"
#include "proto/policy/authority.h"
#include "proto/policy/process.h"
#include "proto/policy/term.h"

static enum err fail_at(const struct shape *s, const char *key, enum err e, const char *text)
{
    return shape_fail(s, (struct place){.key = key}, e, text);
}

static enum err shape_identity(const struct shape *s, struct rule *r)
{
    enum err e = shape_name(s, &r->id, (struct place){.key = "id"});
    if (e == ERR_OK && r->version == 0)
        e = fail_at(s, "version", ERR_RANGE, "versions start at 1");
    if (e == ERR_OK && r->replaces >= r->version)
        e = fail_at(s, "replaces", ERR_RANGE, "a rule replaces an earlier version of itself");
    if (e == ERR_OK)
        e = shape_period(s, &r->valid);
    if (e == ERR_OK)
        e = shape_optional_name(s, &r->region, (struct place){.key = "region"});
    if (e == ERR_OK && policy_purpose(s->policy, &r->purpose) == NULL)
        e = fail_at(s, "purpose", ERR_UNKNOWN, "the table 'purposes' has no such purpose");
    return e;
}

static enum err shape_law_terms(const struct shape *s, const struct rule *r)
{
    enum err e = ERR_OK;
    for (uint32_t i = 0; e == ERR_OK && i < r->basis_count; i++)
        e = shape_citation(s, &r->basis[i], (struct place){"basis", i, "law"});
    for (uint32_t i = 0; e == ERR_OK && i < r->gates_count; i++) {
        const struct gate *g = &r->gates[i];
        e = shape_selectors(s, &g->holder, 1, "gates");
        if (e == ERR_OK)
            e = shape_citation(s, &g->cite, (struct place){"gates", i, "law"});
        for (uint32_t k = 0; e == ERR_OK && k < g->with_count; k++)
            e = shape_citation(s, &g->with[k], (struct place){"gates", i, "with"});
    }
    for (uint32_t i = 0; e == ERR_OK && i < r->regime_count; i++)
        e = shape_selectors(s, &r->regime[i].party, 1, "regime");
    return e;
}

static enum err shape_parties(const struct shape *s, const struct rule *r)
{
    enum err e = shape_selectors(s, r->requesters, r->requesters_count, "requesters");
    if (e == ERR_OK)
        e = shape_selectors(s, r->holders, r->holders_count, "holders");
    if (e == ERR_OK)
        e = shape_selectors(s, r->excluded, r->excluded_count, "excluded");
    if (e == ERR_OK)
        e = shape_functions(s, r->functions, r->functions_count,
                            (struct place){.key = "functions"});
    return e;
}

static enum err shape_identifier(const struct shape *s, const struct rule *r, uint32_t i)
{
    const struct rule_identifier *id = &r->identifiers[i];
    struct place at = {"identifiers", i, NULL};
    if (rule_identifier(r, id->type) != id)
        return shape_fail(s, at, ERR_DUPLICATE, "this type stands twice");
    if (id->norm_version == 0)
        return shape_fail(s, at, ERR_RANGE, "norm versions start at 1");
    if (id->type == IDENT_BSN && id->ground == NULL)
        return shape_fail(s, at, ERR_NOT_FOUND,
                          "a BSN needs a ground: the law that allows its use");
    if (id->type != IDENT_BSN && id->ground != NULL)
        return shape_fail(s, at, ERR_INVALID, "only a BSN has a ground of its own");
    enum err e = id->ground != NULL ? shape_citation(s, id->ground, at) : ERR_OK;
    for (uint32_t k = 0; e == ERR_OK && k < id->parties_count; k++)
        e = shape_selectors(s, &id->parties[k], 1, "identifiers");
    return e;
}

static enum err shape_field(const struct shape *s, const struct rule *r, uint32_t i)
{
    const struct rule_field *f = &r->fields[i];
    struct place at = {"fields", i, NULL};
    enum err e = shape_name(s, &f->name, at);
    if (e == ERR_OK && rule_field(r, &f->name) != f)
        e = shape_fail(s, at, ERR_DUPLICATE, "this field stands twice");
    if (e == ERR_OK && policy_category(s->policy, &f->category) == NULL)
        e = shape_fail(s, at, ERR_UNKNOWN, "the table 'categories' has no such category");
    if (e == ERR_OK)
        e = shape_selectors(s, f->holders, f->holders_count, "fields");
    return e;
}

static enum err shape_data(const struct shape *s, const struct rule *r)
{
    enum err e = ERR_OK;
    for (uint32_t i = 0; e == ERR_OK && i < r->identifiers_count; i++)
        e = shape_identifier(s, r, i);
    for (uint32_t i = 0; e == ERR_OK && i < r->fields_count; i++)
        e = shape_field(s, r, i);
    for (uint32_t i = 0; e == ERR_OK && i < r->refusal_grounds_count; i++) {
        struct place at = {"refusal_grounds", i, NULL};
        e = shape_name(s, &r->refusal_grounds[i].code, at);
        if (e == ERR_OK &&
            rule_refusal_ground(r, &r->refusal_grounds[i].code) != &r->refusal_grounds[i])
            e = shape_fail(s, at, ERR_DUPLICATE, "this code stands twice");
    }
    return e;
}

enum err shape_term(const struct shape *s, const struct term *t, struct place at)
{
    if ((t->working_days != 0) + (t->hours != 0) + (t->seconds != 0) != 1)
        return shape_fail(s, at, ERR_INVALID,
                          "a term counts in working_days, in hours or in seconds");
    if (t->working_days > TERM_WORKING_DAYS_MAX)
        return shape_fail(s, at, ERR_RANGE, "a term has at most 260 working days");
    if (t->seconds != 0 && !s->policy->demonstration)
        return shape_fail(s, at, ERR_INVALID, "a term in seconds loads in demonstration mode only");
    return ERR_OK;
}

static enum err shape_urgent_term(const struct shape *s, const struct consent_terms *c,
                                  struct place at)
{
    enum err e = shape_term(s, c->urgent_term, at);
    if (e == ERR_OK && term_may_exceed(c->urgent_term, &c->term))
        e = shape_fail(s, at, ERR_RANGE, "it is longer than the ordinary term");
    return e;
}

/* The prosecutor stands beside the functions, never among them; a standing consent has its day. */
static enum err shape_consent_kind(const struct shape *s, const struct consent_terms *c,
                                   struct place at)
{
    int64_t since = 0;
    for (uint32_t i = 0; c->kind == CONSENT_KIND_PROSECUTOR && i < c->functions_count; i++)
        if (authority_is_prosecutor(&c->functions[i]))
            return shape_fail(s, at, ERR_INVALID, "functions name who decides beside the prosecutor");
    for (uint32_t i = 0; c->kind == CONSENT_KIND_PROSECUTOR && i < c->deputies_count; i++)
        if (authority_is_prosecutor(&c->deputies[i]))
            return shape_fail(s, at, ERR_INVALID, "deputies name who decides beside the prosecutor");
    if ((c->kind == CONSENT_KIND_STANDING) != (c->standing_since[0] != '\0'))
        return shape_fail(s, at, ERR_INVALID,
                          "standing_since is the day of a standing consent, and of no other kind");
    if (c->standing_since[0] != '\0' &&
        (strlen(c->standing_since) != 10 ||
         when_parse(bytes_str(c->standing_since), &since) != ERR_OK))
        return shape_fail(s, at, ERR_INVALID, "standing_since is YYYY-MM-DD");
    return ERR_OK;
}

static enum err shape_consent(const struct shape *s, const struct rule *r)
{
    enum err e = ERR_OK;
    for (uint32_t i = 0; e == ERR_OK && i < r->consent_count; i++) {
        const struct consent_terms *c = &r->consent[i];
        struct place at = {"consent", i, NULL};
        e = shape_selectors(s, &c->holder, 1, "consent");
        if (e == ERR_OK)
            e = shape_functions(s, c->functions, c->functions_count, at);
        if (e == ERR_OK)
            e = shape_functions(s, c->deputies, c->deputies_count, at);
        if (e == ERR_OK)
            e = shape_term(s, &c->term, (struct place){"consent", i, "term"});
        if (e == ERR_OK)
            e = shape_consent_kind(s, c, at);
        if (e == ERR_OK)
            e = shape_optional_name(s, &c->compartment,
                                    (struct place){"consent", i, "compartment"});
        if (e == ERR_OK && c->duty == DUTY_SHALL && c->deputies_count == 0)
            e = shape_fail(s, at, ERR_NOT_FOUND, "under shall an overdue item goes to deputies");
        if (e == ERR_OK && c->urgent_term != NULL)
            e = shape_urgent_term(s, c, (struct place){"consent", i, "urgent_term"});
    }
    return e;
}

static enum err shape_deadlines(const struct shape *s, const struct limits *l)
{
    enum err e = shape_term(s, &l->deadline_min, (struct place){.key = "limits.deadline_min"});
    if (e == ERR_OK)
        e = shape_term(s, &l->deadline_max, (struct place){.key = "limits.deadline_max"});
    if (e == ERR_OK && term_may_exceed(&l->deadline_min, &l->deadline_max))
        e = fail_at(s, "limits", ERR_RANGE, "deadline_min is longer than deadline_max");
    return e;
}

static enum err shape_outcome(const struct shape *s, const struct rule *r)
{
    const struct rule_outcome *o = r->outcome;
    const enum outcome must = process_outcome(r->process);
    if (o->kind != OUTCOME_SEALED && o->ground == NULL)
        return fail_at(s, "outcome", ERR_NOT_FOUND, "an outcome that tells needs its ground");
    if (must != OUTCOME_NONE && o->kind != must)
        return fail_at(s, "outcome", ERR_INVALID,
                       must == OUTCOME_SEALED ? "under this process the outcome is sealed"
                                              : "under this process the outcome is hit_no_hit");
    if (r->hit_visibility == VISIBILITY_DIRECT && o->kind != OUTCOME_HIT_NO_HIT)
        return fail_at(s, "hit_visibility", ERR_INVALID, "direct goes with the outcome hit_no_hit");
    if ((r->hit_visibility == VISIBILITY_NEVER) != rule_counts(r))
        return fail_at(s, "hit_visibility", ERR_INVALID, "never goes with the block aggregate");
    return o->ground != NULL ? shape_citation(s, o->ground, (struct place){.key = "outcome.ground"})
                             : ERR_OK;
}

/* Limits that speak of persons stand in every rule that names them, and in no other. */
static bool limits_fit(const struct rule *r)
{
    const struct limits *l = &r->limits;
    if (l->requests_per_day_agency == 0 || l->requests_per_day_officer == 0 || l->period_days == 0)
        return false;
    if (rule_counts(r))
        return l->identifiers_per_request + l->unique_per_case + l->unique_per_period +
                       l->hits_per_request ==
                   0 &&
               l->min_set_size > 0;
    return l->identifiers_per_request > 0 && l->unique_per_period > 0 && l->hits_per_request > 0 &&
           (l->unique_per_case > 0) == (r->case_terms != NULL) && l->min_set_size == 0;
}

static enum err shape_ask_limits(const struct shape *s, const struct rule *r)
{
    if (!limits_fit(r))
        return fail_at(
            s, "limits", ERR_RANGE,
            rule_counts(r)
                ? "a rule that counts has requests_per_day_agency, "
                  "requests_per_day_officer, period_days and min_set_size, and no limit "
                  "on persons"
                : "every limit on asking stands here and is at least 1; "
                  "unique_per_case with a case, min_set_size only in a rule that counts");
    if (r->limits.additions_per_period != 0)
        return fail_at(s, "limits", ERR_INVALID, "additions_per_period is for process index");
    if (r->retention.hit == 0 || r->retention.release == 0 || r->retention.case_file == 0)
        return fail_at(s, "retention", ERR_RANGE, "hit, release and case are kept at least a day");
    return shape_deadlines(s, &r->limits);
}

/* Who names persons lists identifiers and, where fields travel, fields. */
static enum err shape_named(const struct shape *s, const struct rule *r)
{
    if (rule_counts(r))
        return r->identifiers_count + r->fields_count == 0
                   ? ERR_OK
                   : fail_at(s, "aggregate", ERR_INVALID,
                             "a rule that counts has no identifiers and no fields");
    if (r->identifiers_count == 0)
        return fail_at(s, "identifiers", ERR_NOT_FOUND, "the identifiers that may be used");
    if (!process_has_fields(r->process) && r->fields_count > 0)
        return fail_at(s, "fields", ERR_INVALID, "no field travels under this process");
    if (process_has_fields(r->process) && r->fields_count == 0)
        return fail_at(s, "fields", ERR_NOT_FOUND, "under this process the fields are listed");
    return ERR_OK;
}

static enum err shape_asking(const struct shape *s, const struct rule *r)
{
    if (r->index != NULL)
        return fail_at(s, "index", ERR_INVALID, "only a rule of process index has this block");
    if (r->requesters_count == 0 || r->functions_count == 0)
        return fail_at(s, "requesters", ERR_NOT_FOUND, "who may ask: requesters and functions");
    if (r->outcome == NULL || r->consent_count == 0 || r->refusal_grounds_count == 0 ||
        r->hit_visibility == VISIBILITY_NONE)
        return fail_at(s, NULL, ERR_NOT_FOUND,
                       "asking needs outcome, hit_visibility, consent and refusal_grounds");
    if (r->case_terms == NULL && process_needs_case(r->process))
        return fail_at(s, "case", ERR_NOT_FOUND, "this process has a case behind it");
    enum err e = shape_named(s, r);
    if (e == ERR_OK)
        e = shape_outcome(s, r);
    if (e == ERR_OK)
        e = shape_consent(s, r);
    return e == ERR_OK ? shape_ask_limits(s, r) : e;
}

static enum err shape_index_terms(const struct shape *s, const struct index_terms *t)
{
    for (uint32_t i = 0; i < t->categories_count; i++) {
        if (policy_category(s->policy, &t->categories[i]) == NULL)
            return fail_at(s, "index.categories", ERR_UNKNOWN,
                           "the table 'categories' has no such category");
    }
    if (t->max_share_permille == 0 || t->max_share_permille > 1000 || t->max_age_days == 0)
        return fail_at(s, "index", ERR_RANGE,
                       "max_share_permille is 1 to 1000, max_age_days at least 1");
    return ERR_OK;
}

static bool has_term(const struct term *t)
{
    return t->working_days + t->hours + t->seconds > 0;
}

static enum err shape_loading(const struct shape *s, const struct rule *r)
{
    const struct limits *l = &r->limits;
    const struct retention *t = &r->retention;
    if (r->index == NULL)
        return fail_at(s, "index", ERR_NOT_FOUND, "a rule of process index has this block");
    if (r->requesters_count + r->functions_count + r->fields_count + r->consent_count +
                r->refusal_grounds_count >
            0 ||
        r->outcome != NULL || r->case_terms != NULL || r->hit_visibility != VISIBILITY_NONE ||
        r->question_use != NULL || r->minors != NULL || r->handling != NULL || r->onward != NULL ||
        r->subject != NULL || r->feedback != NULL)
        return fail_at(
            s, NULL, ERR_INVALID,
            "a rule of process index asks nothing: no requesters, functions, fields, "
            "hit_visibility, outcome, case, consent, refusal_grounds, question_use, minors, "
            "handling, onward, subject, feedback");
    if (r->identifiers_count == 0)
        return fail_at(s, "identifiers", ERR_NOT_FOUND, "the identifiers that are loaded");
    if (l->additions_per_period == 0 || l->period_days == 0)
        return fail_at(s, "limits", ERR_RANGE,
                       "additions_per_period and period_days are at least 1");
    if (l->identifiers_per_request + l->requests_per_day_agency + l->requests_per_day_officer +
                l->unique_per_case + l->unique_per_period + l->hits_per_request + l->min_set_size >
            0 ||
        has_term(&l->deadline_min) || has_term(&l->deadline_max))
        return fail_at(s, "limits", ERR_INVALID, "a rule of process index has no limits on asking");
    if (t->no_hit + t->hit + t->release + t->case_file + t->extension > 0 || t->destroy_at_close)
        return fail_at(s, "retention", ERR_INVALID, "a rule of process index keeps only its log");
    return shape_index_terms(s, r->index);
}

enum err shape_rule(struct shape *s, struct rule *r)
{
    enum err e = shape_identity(s, r);
    if (e == ERR_OK)
        e = shape_law_terms(s, r);
    if (e == ERR_OK)
        e = shape_parties(s, r);
    if (e == ERR_OK)
        e = shape_data(s, r);
    if (e == ERR_OK)
        e = shape_blocks(s, r);
    if (e == ERR_OK && r->retention.log == 0)
        e = fail_at(s, "retention.log", ERR_RANGE, "the log is kept at least a day");
    if (e == ERR_OK)
        e = r->process == PROCESS_INDEX ? shape_loading(s, r) : shape_asking(s, r);
    return e;
}
