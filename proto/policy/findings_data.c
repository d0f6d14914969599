/* Findings on identifiers, fields and counts, and on how long data are kept. */
#include "proto/policy/findings_internal.h"
#include "proto/policy/law.h"

#define FIVE_YEARS_DAYS 1826
#define K_LEAST 10

/* ---- BSN ---- */

static bool used_by_private(const struct search_for *s, const struct rule_identifier *id)
{
    for (uint32_t i = 0; i < s->acting_count; i++) {
        const struct party *p = s->acting[i].party;
        if (p->is_private && selectors_match(id->parties, id->parties_count, p))
            return true;
    }
    return false;
}

static void check_bsn(const struct search_for *s, const struct rule *r, uint32_t i)
{
    const struct rule_identifier *id = &r->identifiers[i];
    if (id->type != IDENT_BSN || id->ground == NULL)
        return;
    const struct law *law = policy_law(s->policy, &id->ground->law);
    const char *refused = law != NULL ? law_bsn_refused(law, used_by_private(s, id)) : NULL;
    if (refused != NULL)
        report(s, at_item(r, "identifiers", i), SEVERITY_ERROR, "bsn-ground",
               "'%s' is no ground for the BSN here: %s", law->id.s, refused);
}

/* ---- fields, by the holder that may release them ---- */

static const struct rule_field *field_of(const struct rule *r, const struct party *holder,
                                         enum sensitivity what)
{
    for (uint32_t i = 0; i < r->fields_count; i++) {
        if (r->fields[i].sensitivity == what && field_is_of(&r->fields[i], holder))
            return &r->fields[i];
    }
    return NULL;
}

static bool is_standing(const struct consent_terms *c)
{
    return c != NULL && c->kind == CONSENT_KIND_STANDING;
}

static void check_standing(const struct search_for *s, const struct rule *r, const struct party *h)
{
    const struct rule_field *f = field_of(r, h, SENSITIVITY_CRIMINAL);
    if (f == NULL)
        f = field_of(r, h, SENSITIVITY_SPECIAL);
    if (!is_standing(rule_consent(r, h)))
        return;
    if (h->sector_law.s[0] != '\0' || h->regime != REGIME_AVG)
        report(s, at_key(r, "consent"), SEVERITY_ERROR, "standing-secrecy",
               "holder %s is under secrecy: no standing consent", h->oin.oin);
    if (f != NULL)
        report(s, at_key(r, "consent"), SEVERITY_ERROR, "standing-sensitive",
               "field '%s' of holder %s is %s data: no standing consent", f->name.s, h->oin.oin,
               sensitivity_id(f->sensitivity));
}

/* In the last step of the work-up, data of Wpg 9 and 10 may be among them: the prosecutor decides
 * too. Before it, the author of the rule says that they are none. */
static void check_prosecutor(const struct search_for *s, const struct rule *r,
                             const struct party *h)
{
    const struct consent_terms *c = rule_consent(r, h);
    const struct rule_field *f = field_of(r, h, SENSITIVITY_CRIMINAL);
    if (h->regime != REGIME_WPG || f == NULL || c == NULL || c->kind == CONSENT_KIND_PROSECUTOR)
        return;
    const bool late = r->case_terms != NULL && r->case_terms->minimum_state >= CASE_WORK_UP_3;
    report(s, at_key(r, "consent"), late ? SEVERITY_ERROR : SEVERITY_WARNING, "prosecutor-missing",
           late
               ? "field '%s' of holder %s is criminal data in the third step: consent is prosecutor"
               : "field '%s' of holder %s is criminal data: without prosecutor none of Wpg 9 or 10",
           f->name.s, h->oin.oin);
}

/* ---- how long ---- */

static uint32_t longer(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* The longest that anything but the log is kept; index: that a record stays. */
static uint32_t longest(const struct rule *r)
{
    const struct retention *t = &r->retention;
    if (r->index != NULL)
        return r->index->max_age_days;
    return longer(longer(t->no_hit, t->hit), longer(t->release, t->case_file));
}

static const char *retention_key(const struct rule *r)
{
    return r->index != NULL ? "index.max_age_days" : "retention";
}

static void check_cap(const struct search_for *s, const struct rule *r, const struct party *h)
{
    const uint64_t days = (uint64_t)longest(r) + r->retention.extension;
    if (h->retention_cap_days != 0 && days > h->retention_cap_days)
        report(s, at_key(r, retention_key(r)), SEVERITY_ERROR, "retention-cap",
               "kept up to %llu days, extension included; holder %s allows %u",
               (unsigned long long)days, h->oin.oin, h->retention_cap_days);
}

static void check_retention(const struct search_for *s, const struct rule *r)
{
    if (longest(r) > FIVE_YEARS_DAYS)
        report(s, at_key(r, retention_key(r)), SEVERITY_ERROR, "retention-long",
               "kept longer than five years");
}

void findings_of_data(const struct search_for *s, const struct rule *r)
{
    for (uint32_t i = 0; i < r->identifiers_count; i++)
        check_bsn(s, r, i);
    if (r->aggregate != NULL && r->aggregate->k_min < K_LEAST)
        report(s, at_key(r, "aggregate.k_min"), SEVERITY_ERROR, "aggregate-k",
               "cells of fewer than %d would be told", K_LEAST);
    check_retention(s, r);
    for (uint32_t i = 0; i < s->acting_count; i++) {
        if (!s->acting[i].holds)
            continue;
        check_standing(s, r, s->acting[i].party);
        check_prosecutor(s, r, s->acting[i].party);
        check_cap(s, r, s->acting[i].party);
    }
}
