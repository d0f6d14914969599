/* The life of a case: who moves it, which checks come first, and what closing asks for. None of it touches
 * a question that is under way, but for the checks and codes of a rule. */
#include "proto/policy/case_rules.h"
#include "proto/policy/diff_internal.h"

static const char *from_id(enum case_state s)
{
    return s == CASE_NONE ? "new" : case_state_id(s);
}

static struct mark mark_of(enum effect e)
{
    return (struct mark){.effect = e, .key = "case_moves", .harmless = true};
}

static void tell_move(struct diff *d, const struct policy_move *m, enum when only)
{
    tell(d, mark_of(effect_of(only)),
         only == IS ? "een casus van %s naar %s brengen: mag nu"
                    : "een casus van %s naar %s brengen: mag niet meer",
         only == IS ? "to bring a case from %s to %s: now allowed"
                    : "to bring a case from %s to %s: no longer allowed",
         from_id(m->from), case_state_id(m->to));
}

static void tell_function(struct diff *d, const struct policy_move *m, const struct name *n,
                          enum when only)
{
    tell(d, mark_of(effect_of(only)),
         only == IS ? "een casus van %s naar %s brengen: functie %s mag nu"
                    : "een casus van %s naar %s brengen: functie %s mag niet meer",
         only == IS ? "to bring a case from %s to %s: function %s now may"
                    : "to bring a case from %s to %s: function %s no longer may",
         from_id(m->from), case_state_id(m->to), n->s);
}

static void tell_check(struct diff *d, const struct policy_move *m, const struct name *n,
                       enum when only)
{
    tell(d, mark_of(opposite_of(effect_of(only))),
         only == IS ? "een casus van %s naar %s brengen: toets %s is nu nodig"
                    : "een casus van %s naar %s brengen: toets %s is niet meer nodig",
         only == IS ? "to bring a case from %s to %s: check %s is now needed"
                    : "to bring a case from %s to %s: check %s is no longer needed",
         from_id(m->from), case_state_id(m->to), n->s);
}

static void compare_move(struct diff *d, const struct policy_move *m,
                         const struct policy_move *other, enum when w)
{
    for (uint32_t i = 0; i < m->functions_count; i++)
        if (!name_is_in(other->functions, other->functions_count, &m->functions[i]))
            tell_function(d, m, &m->functions[i], w);
    for (uint32_t i = 0; i < m->checks_count; i++)
        if (!name_is_in(other->checks, other->checks_count, &m->checks[i]))
            tell_check(d, m, &m->checks[i], w);
}

void diff_case_moves(struct diff *d, enum when w)
{
    const struct policy *here = d->side[w].policy;
    for (uint32_t i = 0; i < here->case_moves_count; i++) {
        const struct policy_move *m = &here->case_moves[i];
        const struct policy_move *other =
            policy_move_of(d->side[other_of(w)].policy, m->from, m->to);
        if (other == NULL)
            tell_move(d, m, w);
        else
            compare_move(d, m, other, w);
    }
}

/* ---- closing ---- */

static const struct flag required = {
    "closing.required",
    EFFECT_LESS,
    {"een casus sluiten mag zonder interventie en resultaat",
     "een casus sluiten vraagt nu een interventie en een resultaat"},
    {"a case may be closed without intervention and result",
     "closing a case now asks for an intervention and a result"},
};
static const struct list interventions = {
    "closing.interventions", EFFECT_MORE, "interventie", "intervention",
    {"kan niet meer", "kan nu"}, {"no longer possible", "now possible"}};
static const struct list results = {
    "closing.results", EFFECT_MORE, "resultaat", "result",
    {"kan niet meer", "kan nu"}, {"no longer possible", "now possible"}};

void diff_closing(struct diff *d)
{
    static const struct closing_terms none;
    const struct closing_terms *was = d->side[WAS].rule->closing;
    const struct closing_terms *is = d->side[IS].rule->closing;
    was = was != NULL ? was : &none;
    is = is != NULL ? is : &none;
    diff_flag(d, was->required, is->required, &required);
    diff_names(d, &interventions, (struct names){was->interventions, was->interventions_count},
               (struct names){is->interventions, is->interventions_count}, NULL);
    diff_names(d, &results, (struct names){was->results, was->results_count},
               (struct names){is->results, is->results_count}, NULL);
}
