/* Who may ask whom: what a rule gains and loses, party by party, and pair by pair where both
 * parties had a part in the rule already; and what changes for those who stay. */
#include "proto/policy/checks.h"
#include "proto/policy/diff_internal.h"

/* What parties do under a process, as sentences say it: lost, gained. */
struct verbs {
    const char *nl_ask[2];
    const char *en_ask[2];
    const char *nl_answer[2];
    const char *en_answer[2];
};

static const struct verbs asking = {
    {"mag niet meer vragen", "mag nu vragen"},
    {"may no longer ask", "may now ask"},
    {"wordt niet meer bevraagd", "mag nu worden bevraagd"},
    {"is no longer asked", "may now be asked"},
};
static const struct verbs receiving = {
    {"mag niet meer ontvangen", "mag nu ontvangen"},
    {"may no longer receive", "may now receive"},
    {"mag niet meer doorgeven", "mag nu doorgeven"},
    {"may no longer pass on", "may now pass on"},
};
static const struct verbs loading = {
    {"", ""},
    {"", ""},
    {"mag geen registraties meer laden", "mag nu registraties laden"},
    {"may no longer load records", "may now load records"},
};

static const struct verbs *verbs_of(const struct diff *d)
{
    const struct rule *r = d->side[d->side[IS].on ? IS : WAS].rule;
    switch (r->process) {
    case PROCESS_INDEX:
        return &loading;
    case PROCESS_SIGNAL:
    case PROCESS_EXPORT:
    case PROCESS_FEEDBACK:
        return &receiving;
    case PROCESS_NONE:
    case PROCESS_CASE_HIT:
    case PROCESS_CASE_RELEASE:
    case PROCESS_PHENOMENON:
    case PROCESS_JOINT_TARGET:
    case PROCESS_AREA_PROJECT:
    case PROCESS_BIBOB:
    case PROCESS_SUBJECT_REQUEST:
    case PROCESS_COUNT:
        break;
    }
    return &asking;
}

static void tell_requester(struct diff *d, const struct duo *p, enum when only)
{
    const struct verbs *v = verbs_of(d);
    struct mark m = {.effect = effect_of(only), .key = "requesters", .requester = p};
    diff_begin(d);
    buf_printf(&d->nl, "%s %s", duo_name(p), v->nl_ask[only]);
    buf_printf(&d->en, "%s %s", duo_name(p), v->en_ask[only]);
    diff_tell(d, m);
}

static void tell_holder(struct diff *d, const struct duo *p, enum when only)
{
    const struct verbs *v = verbs_of(d);
    struct mark m = {.effect = effect_of(only), .key = "holders", .holder = p};
    diff_begin(d);
    buf_printf(&d->nl, "%s %s", duo_name(p), v->nl_answer[only]);
    buf_printf(&d->en, "%s %s", duo_name(p), v->en_answer[only]);
    diff_tell(d, m);
}

static void tell_pair(struct diff *d, const struct duo *requester, const struct duo *holder,
                      enum when only)
{
    const struct verbs *v = verbs_of(d);
    bool asks = v == &asking;
    struct mark m = {
        .effect = effect_of(only), .key = "holders", .requester = requester, .holder = holder};
    diff_begin(d);
    buf_printf(&d->nl, "%s %s %s %s", duo_name(requester), v->nl_ask[only], asks ? "aan" : "van",
               duo_name(holder));
    buf_printf(&d->en, "%s %s %s%s", duo_name(requester), v->en_ask[only], asks ? "" : "from ",
               duo_name(holder));
    diff_tell(d, m);
}

/* A pair of which each had a part in the rule beside other parties. */
static void compare_pair(struct diff *d, uint32_t row, uint32_t column)
{
    const struct duo *requester = row_party(d, row);
    const struct duo *holder = column_party(d, column);
    bool was = pair_may(d, row, column, WAS);
    if (requester == NULL || was == pair_may(d, row, column, IS))
        return;
    enum when only = was ? WAS : IS;
    if (requester->asks[other_of(only)] && holder->holds[other_of(only)])
        tell_pair(d, requester, holder, only);
}

void diff_who(struct diff *d)
{
    for (uint32_t i = 0; i < d->parties_count; i++) {
        const struct duo *p = &d->parties[i];
        if (p->asks[WAS] != p->asks[IS])
            tell_requester(d, p, p->asks[WAS] ? WAS : IS);
        if (p->holds[WAS] != p->holds[IS])
            tell_holder(d, p, p->holds[WAS] ? WAS : IS);
    }
    for (uint32_t row = 0; row < d->rows_count; row++) {
        for (uint32_t column = 0; column < d->columns_count; column++)
            compare_pair(d, row, column);
    }
}

/* ---- what changes for a party that stays ---- */

static enum regime regime_of(const struct side *s, const struct party *party)
{
    for (uint32_t i = 0; i < s->rule->regime_count; i++) {
        if (selector_matches(&s->rule->regime[i].party, party))
            return s->rule->regime[i].regime;
    }
    return REGIME_NONE;
}

/* The roster decides under which regime a party is, so each of the two is gained or lost. */
static void compare_regime(struct diff *d, const struct duo *p)
{
    enum regime was = regime_of(&d->side[WAS], p->in[WAS]);
    enum regime is = regime_of(&d->side[IS], p->in[IS]);
    if (was == is)
        return;
    tell(d, ((struct mark){.effect = EFFECT_MORE, .key = "regime"}),
         "%s: onder het regime %s nu wel", "%s: under the regime %s from now on", duo_name(p),
         regime_id(is));
    tell(d, ((struct mark){.effect = EFFECT_LESS, .key = "regime"}),
         "%s: onder het regime %s niet meer", "%s: under the regime %s no longer", duo_name(p),
         regime_id(was));
}

static bool speaks_for(const struct side *s, const struct party *p, const struct agency_id *oin)
{
    const struct party *other = policy_party(s->policy, oin);
    if (other == NULL || selectors_match(s->rule->excluded, s->rule->excluded_count, other))
        return false;
    for (uint32_t i = 0; i < p->on_behalf_of_count; i++) {
        if (agency_id_equal(&p->on_behalf_of[i], oin))
            return true;
    }
    return false;
}

static void tell_behalf(struct diff *d, const struct duo *p, enum when only, const char *whom)
{
    bool own = whom == NULL;
    struct mark m = {.effect = effect_of(only), .key = "requesters", .requester = p};
    diff_begin(d);
    buf_printf(&d->nl, "%s: vraagt %s %s%s", duo_name(p), only == IS ? "nu" : "niet meer",
               own ? "voor zichzelf" : "namens ", own ? "" : whom);
    buf_printf(&d->en, "%s: %s %s%s", duo_name(p), only == IS ? "now asks" : "no longer asks",
               own ? "for itself" : "on behalf of ", own ? "" : whom);
    diff_tell(d, m);
}

static void compare_behalf(struct diff *d, const struct duo *p, enum when w)
{
    const struct party *here = p->in[w];
    const struct party *there = p->in[other_of(w)];
    if (here->on_behalf_of_count == 0 && there->on_behalf_of_count > 0)
        tell_behalf(d, p, w, NULL);
    for (uint32_t i = 0; i < here->on_behalf_of_count; i++) {
        const struct agency_id *oin = &here->on_behalf_of[i];
        if (speaks_for(&d->side[w], here, oin) && !speaks_for(&d->side[other_of(w)], there, oin))
            tell_behalf(d, p, w, policy_party(d->side[w].policy, oin)->name);
    }
}

static struct span party_span(const struct party *p)
{
    return p->valid.until_s == 0 ? (struct span){INT64_MIN, INT64_MAX}
                                 : (struct span){p->valid.from_s, p->valid.until_s};
}

/* Moments at which the party is one in file w, and the rule valid, but not in the other file. */
static void compare_party_time(struct diff *d, const struct duo *p, enum when w)
{
    struct span here = span_meet(party_span(p->in[w]), d->side[w].span);
    struct span there = party_span(p->in[other_of(w)]);
    struct span in_force = {d->side[IS].policy->valid.from_s, INT64_MAX};
    if (!span_exceeds(here, there))
        return;
    const struct period *v = &p->in[IS]->valid;
    bool always = v->until_s == 0;
    struct mark m = {.effect = effect_of(w),
                     .key = "parties",
                     .harmless = !span_exceeds(span_meet(here, in_force), there)};
    tell(d, m, "%s: is nu partij van %s tot %s", "%s: is now a party from %s until %s", duo_name(p),
         always ? "-" : v->from, always ? "-" : v->until);
}

void diff_party_terms(struct diff *d)
{
    for (uint32_t i = 0; i < d->parties_count; i++) {
        const struct duo *p = &d->parties[i];
        bool asks = p->asks[WAS] && p->asks[IS];
        if (!asks && !(p->holds[WAS] && p->holds[IS]))
            continue;
        compare_regime(d, p);
        for (int w = WAS; w <= IS; w++) {
            compare_party_time(d, p, (enum when)w);
            if (asks)
                compare_behalf(d, p, (enum when)w);
        }
    }
}
