/* What the requester may learn, and what everybody owes afterwards. */
#include "proto/policy/diff_internal.h"

/* ---- what the requester learns ---- */

static int openness_of(enum visibility v)
{
    switch (v) {
    case VISIBILITY_DIRECT:
        return 2;
    case VISIBILITY_HOLDER_FIRST:
        return 1;
    case VISIBILITY_NEVER:
    case VISIBILITY_NONE:
        break;
    }
    return 0;
}

static void compare_visibility(struct diff *d, enum visibility was, enum visibility is)
{
    if (was == is)
        return;
    bool more = openness_of(is) > openness_of(was);
    tell(d, ((struct mark){.effect = more ? EFFECT_MORE : EFFECT_LESS, .key = "hit_visibility"}),
         "een treffer is zichtbaar: was %s, wordt %s", "a hit is visible: was %s, becomes %s",
         visibility_id(was), visibility_id(is));
}

static void tell_outcome(struct diff *d, enum effect e, enum outcome was, enum outcome is)
{
    tell(d, ((struct mark){.effect = e, .key = "outcome"}),
         "wat de verzoeker kan weten: was %s, wordt %s",
         "what the requester may know: was %s, becomes %s", outcome_id(was), outcome_id(is));
}

/* Sealed tells least; that somebody is known, and why it is refused, are two different things to
 * tell. */
static void compare_outcome(struct diff *d, const struct rule_outcome *was,
                            const struct rule_outcome *is)
{
    if (was == NULL || is == NULL || was->kind == is->kind)
        return;
    if (is->kind != OUTCOME_SEALED)
        tell_outcome(d, EFFECT_MORE, was->kind, is->kind);
    if (was->kind != OUTCOME_SEALED)
        tell_outcome(d, EFFECT_LESS, was->kind, is->kind);
}

/* ---- refusing ---- */

static void tell_refusal(struct diff *d, const struct refusal_ground *g, enum when only)
{
    tell(d, ((struct mark){.effect = effect_of(only), .key = "refusal_grounds"}),
         only == IS ? "de bronhouder mag nu weigeren met %s"
                    : "de bronhouder mag niet meer weigeren met %s",
         only == IS ? "the holder may now refuse with %s"
                    : "the holder may no longer refuse with %s",
         g->code.s);
}

static void compare_refusal(struct diff *d, const struct refusal_ground *was,
                            const struct refusal_ground *is)
{
    bool hears = is->requester_may_know;
    if (was->requester_may_know != hears)
        tell(d,
             ((struct mark){.effect = hears ? EFFECT_MORE : EFFECT_LESS, .key = "refusal_grounds"}),
             hears ? "%s: de verzoeker mag deze weigeringsgrond nu horen"
                   : "%s: de verzoeker hoort deze weigeringsgrond niet meer",
             hears ? "%s: the requester may now hear this ground of refusal"
                   : "%s: the requester no longer hears this ground of refusal",
             is->code.s);
    if (!same_text(was->text.nl, is->text.nl) || !same_text(was->text.en, is->text.en))
        tell(d, ((struct mark){.effect = EFFECT_CHANGED, .key = "refusal_grounds"}),
             "%s: de tekst van deze weigeringsgrond is anders",
             "%s: the text of this ground of refusal differs", is->code.s);
}

static void compare_refusals(struct diff *d, enum when w)
{
    const struct rule *here = d->side[w].rule;
    const struct rule *there = d->side[other_of(w)].rule;
    for (uint32_t i = 0; i < here->refusal_grounds_count; i++) {
        const struct refusal_ground *g = &here->refusal_grounds[i];
        const struct refusal_ground *old = rule_refusal_ground(there, &g->code);
        if (old == NULL)
            tell_refusal(d, g, w);
        else if (w == IS)
            compare_refusal(d, old, g);
    }
}

/* ---- afterwards ---- */

static const struct flag own_task = {
    "question_use",
    EFFECT_MORE,
    {"de bronhouder mag vraag en treffer niet meer voor zijn eigen taak gebruiken",
     "de bronhouder mag vraag en treffer nu voor zijn eigen taak gebruiken"},
    {"the holder may no longer use question and hit for its own task",
     "the holder may now use question and hit for its own task"}};
static const struct flag passing_on = {
    "onward",
    EFFECT_MORE,
    {"wat is verstrekt, mag niet meer worden doorgegeven",
     "wat is verstrekt, mag nu na instemming van de bron worden doorgegeven"},
    {"what was released may no longer be passed on",
     "what was released may now be passed on with the consent of its source"}};
static const struct flag inform_partners = {
    "onward.inform_partners",
    EFFECT_LESS,
    {"partners hoeven niet meer te worden ingelicht", "partners moeten nu worden ingelicht"},
    {"partners need no longer be informed", "partners must now be informed"}};
static const struct flag required = {"feedback.required",
                                     EFFECT_LESS,
                                     {"de ontvanger hoeft de bron niets meer terug te melden",
                                      "de ontvanger moet de bron nu terugmelden"},
                                     {"the receiver no longer owes its source feedback",
                                      "the receiver now owes its source feedback"}};
static const struct flag human_check = {
    "feedback.human_check",
    EFFECT_LESS,
    {"een mens hoeft niet meer te toetsen voor gebruik", "een mens moet nu toetsen voor gebruik"},
    {"no person need check before use any more", "a person must now check before any use"}};
static const struct number review[] = {
    {"subject.review_days", offsetof(struct subject_terms, review_days), EFFECT_MORE,
     "dagen totdat uitstel van het informeren opnieuw wordt bezien",
     "days until deferring is looked at again"},
};

static bool has_own_task(const struct rule *r)
{
    return r->question_use != NULL && r->question_use->own_task;
}

static bool passes_on(const struct rule *r)
{
    return r->onward != NULL && r->onward->kind == ONWARD_AFTER_CONSENT;
}

static bool informs_partners(const struct rule *r)
{
    return r->onward != NULL && r->onward->inform_partners;
}

static enum inform inform_of(const struct rule *r)
{
    return r->subject != NULL ? r->subject->inform : INFORM_NONE;
}

/* Nothing is owed, later, or at once. */
static int owed(enum inform i)
{
    switch (i) {
    case INFORM_INFORM:
        return 2;
    case INFORM_DEFER:
        return 1;
    case INFORM_NONE:
        break;
    }
    return 0;
}

static void compare_subject(struct diff *d, const struct rule *was, const struct rule *is)
{
    enum inform a = inform_of(was);
    enum inform b = inform_of(is);
    if (a != b)
        tell(d,
             ((struct mark){.effect = owed(b) < owed(a) ? EFFECT_MORE : EFFECT_LESS,
                            .key = "subject"}),
             "de betrokkene informeren: was %s, wordt %s",
             "informing the subject: was %s, becomes %s", a != INFORM_NONE ? inform_id(a) : "-",
             b != INFORM_NONE ? inform_id(b) : "-");
    if (was->subject == NULL || is->subject == NULL)
        return;
    if (a == b && a == INFORM_DEFER)
        diff_numbers(d, was->subject, is->subject, review, ARRAY_LEN(review));
    if (!same_text(was->subject->contact, is->subject->contact))
        tell_plain(d, (struct mark){.effect = EFFECT_CHANGED, .key = "subject.contact"},
                   "waar een burger terecht kan, is anders", "where a citizen turns to differs");
}

static void compare_feedback(struct diff *d, const struct feedback_terms *was,
                             const struct feedback_terms *is)
{
    diff_flag(d, was != NULL && was->required, is != NULL && is->required, &required);
    diff_flag(d, was != NULL && was->human_check, is != NULL && is->human_check, &human_check);
    if (was == NULL || is == NULL)
        return;
    struct terms t = {.v = {&was->term, &is->term},
                      .key = "feedback.term",
                      .grows = EFFECT_MORE,
                      .nl = "termijn van de terugmelding",
                      .en = "term of the feedback"};
    diff_terms(d, &t);
}

/* ---- handling ---- */

static int secrecy_of(const struct handling *h)
{
    static const char *const classes[] = {"open", "internal", "dep_vertrouwelijk", "confidentieel",
                                          "geheim"};
    for (size_t i = 0; h != NULL && i < ARRAY_LEN(classes); i++) {
        if (strcmp(h->classification.s, classes[i]) == 0)
            return (int)i;
    }
    return -1;
}

/* A handling code means what the partners agreed: one cannot be compared with another. */
static void compare_code(struct diff *d, const struct handling *was, const struct handling *is)
{
    if (!name_equal(&was->code, &is->code))
        tell(d, ((struct mark){.effect = EFFECT_CHANGED, .key = "handling.code", .narrows = true}),
             "behandelcode was %s, wordt %s", "handling code was %s, becomes %s", was->code.s,
             is->code.s);
    if (!name_equal(&was->source, &is->source) || !name_equal(&was->content, &is->content))
        tell(d, ((struct mark){.effect = EFFECT_CHANGED, .key = "handling"}),
             "betrouwbaarheid was %s%s, wordt %s%s", "reliability was %s%s, becomes %s%s",
             was->source.s, was->content.s, is->source.s, is->content.s);
}

static void compare_handling(struct diff *d, const struct handling *was, const struct handling *is)
{
    int a = secrecy_of(was);
    int b = secrecy_of(is);
    if (a != b)
        tell(d,
             ((struct mark){.effect = b < a ? EFFECT_MORE : EFFECT_LESS,
                            .key = "handling.classification"}),
             "rubricering was %s, wordt %s", "classification was %s, becomes %s",
             was != NULL ? was->classification.s : "-", is != NULL ? is->classification.s : "-");
    if (was != NULL && is != NULL)
        compare_code(d, was, is);
}

void diff_duties(struct diff *d)
{
    const struct rule *was = d->side[WAS].rule;
    const struct rule *is = d->side[IS].rule;
    compare_visibility(d, was->hit_visibility, is->hit_visibility);
    compare_outcome(d, was->outcome, is->outcome);
    compare_refusals(d, IS);
    compare_refusals(d, WAS);
    diff_flag(d, has_own_task(was), has_own_task(is), &own_task);
    diff_flag(d, passes_on(was), passes_on(is), &passing_on);
    diff_flag(d, informs_partners(was), informs_partners(is), &inform_partners);
    compare_subject(d, was, is);
    compare_feedback(d, was->feedback, is->feedback);
    compare_handling(d, was->handling, is->handling);
    diff_closing(d);
}
