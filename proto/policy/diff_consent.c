/* How a holder decides: who, how many, in which time. */
#include "proto/policy/diff_internal.h"

static const struct list deciders = {"consent",
                                     EFFECT_MORE,
                                     "functie",
                                     "function",
                                     {"beslist niet meer", "mag nu beslissen"},
                                     {"no longer decides", "may now decide"}};
static const struct list deputies = {
    "consent",
    EFFECT_MORE,
    "vervanger",
    "deputy",
    {"beslist niet meer na de termijn", "mag nu beslissen na de termijn"},
    {"no longer decides after the term", "may now decide after the term"}};

/* How little it takes to release: two signatures are less than one; two officers, and an officer
 * with the prosecutor, cannot be compared. */
static int ease_of(enum consent_kind k)
{
    switch (k) {
    case CONSENT_KIND_STANDING:
        return 2;
    case CONSENT_KIND_OFFICER:
        return 1;
    case CONSENT_KIND_FOUR_EYES:
    case CONSENT_KIND_PROSECUTOR:
    case CONSENT_KIND_NONE:
        break;
    }
    return 0;
}

static void tell_kind(struct diff *d, const struct duo *holder, enum effect e,
                      const struct consent_terms *const terms[2])
{
    tell(d, ((struct mark){.effect = e, .key = "consent", .holder = holder}),
         "%s: wie instemt was %s, wordt %s", "%s: who consents was %s, becomes %s",
         duo_name(holder), consent_kind_id(terms[WAS]->kind), consent_kind_id(terms[IS]->kind));
}

static void compare_kind(struct diff *d, const struct duo *holder,
                         const struct consent_terms *const terms[2])
{
    int was = ease_of(terms[WAS]->kind);
    int is = ease_of(terms[IS]->kind);
    if (terms[WAS]->kind == terms[IS]->kind)
        return;
    if (is >= was)
        tell_kind(d, holder, EFFECT_MORE, terms);
    if (was >= is)
        tell_kind(d, holder, EFFECT_LESS, terms);
}

/* The requester gains where the holder must decide. */
static void compare_duty(struct diff *d, const struct duo *holder, enum duty was, enum duty is)
{
    if (was == is)
        return;
    bool shall = is == DUTY_SHALL;
    tell(d,
         ((struct mark){
             .effect = shall ? EFFECT_MORE : EFFECT_LESS, .key = "consent", .holder = holder}),
         shall ? "%s: moet nu beslissen" : "%s: hoeft niet meer te beslissen",
         shall ? "%s: must now decide" : "%s: need no longer decide", duo_name(holder));
}

static void compare_urgent(struct diff *d, const struct duo *holder,
                           const struct consent_terms *const terms[2])
{
    const struct term *was = terms[WAS]->urgent_term;
    const struct term *is = terms[IS]->urgent_term;
    struct terms t = {.v = {was, is},
                      .key = "consent",
                      .grows = EFFECT_MORE,
                      .nl = "spoedtermijn van de beslissing",
                      .en = "urgent term of the decision",
                      .holder = holder};
    if (was != NULL && is != NULL)
        diff_terms(d, &t);
    if ((was == NULL) == (is == NULL))
        return;
    tell(d,
         ((struct mark){
             .effect = is == NULL ? EFFECT_MORE : EFFECT_LESS, .key = "consent", .holder = holder}),
         is == NULL ? "%s: er is geen spoedtermijn meer" : "%s: er is nu een spoedtermijn",
         is == NULL ? "%s: there is no urgent term any more" : "%s: there is now an urgent term",
         duo_name(holder));
}

/* Whom a compartment holds, the holder's own agent knows: each is a closed circle of its own. */
static void compare_compartment(struct diff *d, const struct duo *holder, const struct name *was,
                                const struct name *is)
{
    if (name_equal(was, is))
        return;
    struct mark m = {.effect = EFFECT_LESS, .key = "consent", .holder = holder};
    if (is->s[0] != '\0')
        tell(d, m, "%s: alleen wie in compartiment %s zit, ziet en beslist het nu",
             "%s: only who is in compartment %s now sees and decides it", duo_name(holder), is->s);
    m.effect = EFFECT_MORE;
    if (was->s[0] != '\0')
        tell(d, m, "%s: is niet meer beperkt tot compartiment %s",
             "%s: is no longer limited to compartment %s", duo_name(holder), was->s);
}

static void compare_consent(struct diff *d, const struct duo *holder,
                            const struct consent_terms *const terms[2])
{
    const struct consent_terms *was = terms[WAS];
    const struct consent_terms *is = terms[IS];
    struct terms t = {.v = {&was->term, &is->term},
                      .key = "consent",
                      .grows = EFFECT_MORE,
                      .nl = "termijn van de beslissing",
                      .en = "term of the decision",
                      .holder = holder};
    compare_kind(d, holder, terms);
    compare_duty(d, holder, was->duty, is->duty);
    diff_names(d, &deciders, (struct names){was->functions, was->functions_count},
               (struct names){is->functions, is->functions_count}, holder);
    diff_names(d, &deputies, (struct names){was->deputies, was->deputies_count},
               (struct names){is->deputies, is->deputies_count}, holder);
    diff_terms(d, &t);
    compare_urgent(d, holder, terms);
    compare_compartment(d, holder, &was->compartment, &is->compartment);
    if (!same_text(was->standing_since, is->standing_since))
        tell(d, ((struct mark){.effect = EFFECT_CHANGED, .key = "consent", .holder = holder}),
             "%s: vaste instemming was sinds %s, wordt sinds %s",
             "%s: standing consent was since %s, becomes since %s", duo_name(holder),
             was->standing_since[0] != '\0' ? was->standing_since : "-",
             is->standing_since[0] != '\0' ? is->standing_since : "-");
}

void diff_consent(struct diff *d)
{
    for (uint32_t i = 0; i < d->parties_count; i++) {
        const struct duo *holder = &d->parties[i];
        if (!holder->holds[WAS] || !holder->holds[IS])
            continue;
        const struct consent_terms *terms[2] = {rule_consent(d->side[WAS].rule, holder->in[WAS]),
                                                rule_consent(d->side[IS].rule, holder->in[IS])};
        if (terms[WAS] != NULL && terms[IS] != NULL)
            compare_consent(d, holder, terms);
    }
}
