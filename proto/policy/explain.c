#include "proto/policy/explain.h"

#include "proto/policy/duties.h"
#include "proto/policy/term.h"

/* One of two texts, by language; a macro, so that formats stay literals for the compiler. */
#define SAY(lang, nl, en) ((lang) == LANGUAGE_NL ? (nl) : (en))

void explain_citation(struct buf *out, const struct policy *p, const struct citation *c,
                      enum language lang)
{
    const struct law *law = policy_law(p, &c->law);
    buf_put_str(out, law != NULL ? law->title : c->law.s);
    buf_printf(out, "%s%s", " art. ", c->article);
    if (c->paragraph[0] != '\0')
        buf_printf(out, "%s%s", SAY(lang, " lid ", " paragraph "), c->paragraph);
    if (law != NULL)
        buf_printf(out, " (%s)", law->source);
    if (!citation_is_verified(c))
        buf_put_str(out, SAY(lang, " [door niemand geverifieerd]", " [verified by nobody]"));
}

void explain_failure(struct buf *out, const struct policy *p, const struct failure *f,
                     enum language lang)
{
    buf_put_str(out, SAY(lang, condition_nl(f->condition), condition_en(f->condition)));
    switch (f->fault) {
    case FAULT_BROKEN:
        if (f->detail[0] != '\0')
            buf_printf(out, " (%s)", f->detail);
        break;
    case FAULT_UNKNOWN:
        buf_printf(out, SAY(lang, " (%s is niet bekend)", " (%s is not known)"), f->detail);
        break;
    case FAULT_ASSERTED:
        buf_printf(out, SAY(lang, " (%s is alleen beweerd)", " (%s is only asserted)"), f->detail);
        break;
    case FAULT_NONE:
        break;
    }
    if (f->cite != NULL) {
        buf_put_str(out, "; ");
        explain_citation(out, p, f->cite, lang);
    }
}

static const char *who_decides(enum consent_kind kind, enum language lang)
{
    switch (kind) {
    case CONSENT_KIND_OFFICER:
        return SAY(lang, "een functionaris", "one officer");
    case CONSENT_KIND_FOUR_EYES:
        return SAY(lang, "twee functionarissen", "two officers");
    case CONSENT_KIND_PROSECUTOR:
        return SAY(lang, "een functionaris en de officier van justitie",
                   "one officer and the public prosecutor");
    case CONSENT_KIND_STANDING:
        return SAY(lang, "een functionaris, met een vaste instemming voor zich",
                   "one officer, who is shown a standing consent");
    case CONSENT_KIND_NONE:
        break;
    }
    return "?";
}

static void explain_consent(struct buf *out, const struct decision *d, enum language lang)
{
    const struct consent_terms *c = d->obligations.consent;
    buf_printf(out,
               SAY(lang, "  instemming van de bronhouder: %s, binnen ",
                   "  consent of the holder: %s, within "),
               who_decides(c->kind, lang));
    term_text(&c->term, lang == LANGUAGE_NL, out);
    if (c->urgent_term != NULL) {
        buf_put_str(out, SAY(lang, ", met spoed ", ", urgently "));
        term_text(c->urgent_term, lang == LANGUAGE_NL, out);
    }
    buf_printf(out, "; %s\n",
               SAY(lang, c->duty == DUTY_SHALL ? "de bronhouder moet beslissen" : "niet verplicht",
                   c->duty == DUTY_SHALL ? "the holder shall supply" : "the holder may supply"));
}

/* How a count is made less exact, and how often one may ask. */
static void explain_aggregate(struct buf *out, const struct aggregate *a, enum language lang)
{
    buf_printf(out,
               SAY(lang, "  alleen aantallen: kleiner dan %u wordt onderdrukt, afgerond op %u",
                   "  counts only: below %u suppressed, rounded to %u"),
               a->k_min, a->rounding);
    if (a->secondary_suppression)
        buf_put_str(out, SAY(lang, ", ook waar het uit andere volgt",
                             ", also where it follows from others"));
    if (a->epsilon_milli > 0)
        buf_printf(out, SAY(lang, ", ruis van epsilon %u.%03u", ", noise of epsilon %u.%03u"),
                   a->epsilon_milli / 1000, a->epsilon_milli % 1000);
    buf_printf(out,
               SAY(lang,
                   "\n  ten minste %u bronhouders dragen bij; hoogstens %u vragen per periode\n",
                   "\n  at least %u holders contribute; at most %u questions in a period\n"),
               a->min_holders, a->budget);
    buf_put_str(out, SAY(lang, "  uitgesplitst naar:", "  broken down by:"));
    for (uint32_t i = 0; i < a->dimensions_count; i++)
        buf_printf(out, " %s", a->dimensions[i].s);
    buf_put_str(out, a->dimensions_count == 0 ? SAY(lang, " niets\n", " nothing\n") : "\n");
}

static void explain_counting(struct buf *out, const struct obligations *o, enum language lang)
{
    if (o->aggregate != NULL)
        explain_aggregate(out, o->aggregate, lang);
    if (o->joint != NULL)
        buf_printf(out,
                   SAY(lang, "  alleen als ten minste %u bronhouders het onderwerp kennen\n",
                       "  only where at least %u holders know the subject\n"),
                   o->joint->min_holders);
}

/* What the rule lays on the holder, each line indented. */
static void explain_duties(struct buf *out, const struct policy *p, const struct decision *d,
                           enum language lang)
{
    CLEANUP(buf_free) struct buf text = buf_new((size_t)1 << 14);
    duties_text(&text, p, d->rule, BEARER_HOLDER, lang);
    struct bytes left = buf_bytes(&text);
    while (left.len > 0) {
        const uint8_t *end = memchr(left.ptr, '\n', left.len);
        const size_t n = end != NULL ? (size_t)(end - left.ptr) + 1 : left.len;
        buf_put_str(out, "  ");
        buf_put(out, bytes_of(left.ptr, n));
        left = bytes_of(left.ptr + n, left.len - n);
    }
}

static void explain_obligations(struct buf *out, const struct policy *p, const struct decision *d,
                                enum language lang)
{
    const struct obligations *o = &d->obligations;
    if (o->consent == NULL) {
        buf_printf(out, SAY(lang, "  vervalt na %u dagen\n", "  expires after %u days\n"),
                   o->max_age_days);
        return;
    }
    explain_consent(out, d, lang);
    buf_printf(out,
               SAY(lang, "  uitkomst voor de verzoeker: %s; treffer: %s\n",
                   "  outcome for the requester: %s; hit: %s\n"),
               outcome_id(o->outcome), visibility_id(o->visibility));
    buf_put_str(out, SAY(lang, "  velden:", "  fields:"));
    for (uint32_t i = 0; i < o->fields_count; i++)
        buf_printf(out, " %s", o->fields[i].s);
    buf_put_str(out, o->fields_count == 0 ? SAY(lang, " geen\n", " none\n") : "\n");
    buf_printf(out,
               SAY(lang, "  bewaren: treffer %u, verstrekking %u, casus %u dagen\n",
                   "  keep: hit %u, release %u, case %u days\n"),
               o->retention->hit, o->retention->release, o->retention->case_file);
    explain_counting(out, o, lang);
    explain_duties(out, p, d, lang);
}

/* The conditions of a set, by id. */
static void put_set(struct buf *out, const char *label, uint64_t set)
{
    if (set == 0)
        return;
    buf_put_str(out, label);
    for (uint64_t left = set; left != 0; left &= left - 1)
        buf_printf(out, " %s", condition_id((enum condition)__builtin_ctzll(left)));
    buf_put_str(out, "\n");
}

void explain_decision(struct buf *out, const struct policy *p, const struct decision *d,
                      enum language lang)
{
    buf_printf(out, "%s: %s", role_id(d->role),
               SAY(lang, d->permit ? "toegestaan" : "geweigerd", d->permit ? "permit" : "deny"));
    if (d->rule != NULL)
        buf_printf(out, SAY(lang, " onder regel %s versie %u", " under rule %s version %u"),
                   d->rule->id.s, d->rule->version);
    buf_put_str(out, "\n");
    for (uint32_t i = 0; i < d->failures_count; i++) {
        buf_printf(out, "  %s: ", condition_id(d->failures[i].condition));
        explain_failure(out, p, &d->failures[i], lang);
        buf_put_str(out, "\n");
    }
    if (d->permit)
        explain_obligations(out, p, d, lang);
    put_set(out, SAY(lang, "  alleen beweerd:", "  only asserted:"), d->asserted);
    put_set(out, SAY(lang, "  niet te zien:", "  not seen:"), d->unseen);
}

static void put_line(struct buf *out, const struct policy *p, const struct citation *c,
                     enum language lang)
{
    explain_citation(out, p, c, lang);
    buf_put_str(out, "\n");
}

void explain_basis(struct buf *out, const struct policy *p, const struct rule *r,
                   const struct party *holder, enum language lang)
{
    for (uint32_t i = 0; i < r->basis_count; i++)
        put_line(out, p, &r->basis[i], lang);
    for (uint32_t i = 0; i < r->gates_count; i++) {
        const struct gate *g = &r->gates[i];
        if (holder != NULL && !selector_matches(&g->holder, holder))
            continue;
        put_line(out, p, &g->cite, lang);
        for (uint32_t k = 0; k < g->with_count; k++)
            put_line(out, p, &g->with[k], lang);
    }
}
