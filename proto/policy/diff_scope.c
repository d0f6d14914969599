/* When a rule may be used, by which functions, in which cases, and what a question may be about. */
#include "proto/policy/diff_internal.h"

#define NAMES(rule, list) ((struct names){(rule)->list, (rule)->list##_count})

/* ---- time ---- */

/* The words of the file for the moment from which both file and rule are valid, or until which. */
static const char *from_text(const struct side *s)
{
    const struct period *file = &s->policy->valid;
    const struct period *rule = &s->rule->valid;
    return file->from_s > rule->from_s ? file->from : rule->from;
}

static const char *until_text(const struct side *s)
{
    const struct period *file = &s->policy->valid;
    const struct period *rule = &s->rule->valid;
    return file->until_s < rule->until_s ? file->until : rule->until;
}

/* What the newer file loses before its own beginning takes nothing away: it is in force by then. */
static void compare_time(struct diff *d)
{
    const struct side *was = &d->side[WAS];
    const struct side *is = &d->side[IS];
    struct span in_force = {is->policy->valid.from_s, INT64_MAX};
    struct mark more = {.effect = EFFECT_MORE, .key = "valid"};
    struct mark less = {.effect = EFFECT_LESS,
                        .key = "valid",
                        .harmless = !span_exceeds(span_meet(was->span, in_force), is->span)};
    if (was->span.from != is->span.from)
        tell(d, is->span.from < was->span.from ? more : less, "geldig vanaf %s, was vanaf %s",
             "valid from %s, was from %s", from_text(is), from_text(was));
    if (was->span.until != is->span.until)
        tell(d, is->span.until > was->span.until ? more : less, "geldig tot %s, was tot %s",
             "valid until %s, was until %s", until_text(is), until_text(was));
}

/* ---- the case ---- */

static const struct flag duties[] = {
    {"case.proportionality",
     EFFECT_LESS,
     {"proportionaliteit hoeft niet meer te worden onderbouwd",
      "proportionaliteit moet nu worden onderbouwd"},
     {"proportionality need no longer be stated", "proportionality must now be stated"}},
    {"case.subsidiarity",
     EFFECT_LESS,
     {"subsidiariteit hoeft niet meer te worden onderbouwd",
      "subsidiariteit moet nu worden onderbouwd"},
     {"subsidiarity need no longer be stated", "subsidiarity must now be stated"}},
    {"case.concrete_signal",
     EFFECT_LESS,
     {"een concreet signaal is niet meer nodig", "een concreet signaal is nu nodig"},
     {"a concrete signal is no longer needed", "a concrete signal is now needed"}},
};

static const struct number necessity[] = {
    {"case.necessity_min_chars", offsetof(struct case_terms, necessity_min_chars), EFFECT_LESS,
     "tekens van de noodzaakmotivering, ten minste", "characters of the necessity text, at least"},
};

static void compare_state(struct diff *d, enum case_state was, enum case_state is)
{
    if (was == is)
        return;
    tell(d,
         ((struct mark){.effect = is < was ? EFFECT_MORE : EFFECT_LESS,
                        .key = "case.minimum_state"}),
         "vragen mag vanaf casusstatus %s, was vanaf %s",
         "asking is allowed from case state %s, was from %s", case_state_id(is),
         case_state_id(was));
}

/* With control data, and without: each allowed or not. */
static bool control_allows(enum control c, bool with)
{
    return c == CONTROL_OPTIONAL || (c == CONTROL_REQUIRED) == with;
}

static void compare_control(struct diff *d, enum control was, enum control is)
{
    static const struct flag flags[2] = {
        {"case.control_data",
         EFFECT_MORE,
         {"een vraag zonder controlegegevens mag niet meer",
          "een vraag zonder controlegegevens mag nu"},
         {"a question without control data is no longer allowed",
          "a question without control data is now allowed"}},
        {"case.control_data",
         EFFECT_MORE,
         {"een vraag met controlegegevens mag niet meer", "een vraag met controlegegevens mag nu"},
         {"a question with control data is no longer allowed",
          "a question with control data is now allowed"}},
    };
    for (int with = 0; with < 2; with++)
        diff_flag(d, control_allows(was, with == 1), control_allows(is, with == 1), &flags[with]);
}

static const struct list checks = {"case.checks",
                                   EFFECT_LESS,
                                   "toets",
                                   "check",
                                   {"is niet meer nodig", "is nu nodig"},
                                   {"is no longer needed", "is now needed"}};

static void compare_case(struct diff *d, const struct case_terms *was, const struct case_terms *is)
{
    static const struct flag block = {"case",
                                      EFFECT_LESS,
                                      {"er is geen casus meer nodig", "er is nu een casus nodig"},
                                      {"a case is no longer needed", "a case is now needed"}};
    diff_flag(d, was != NULL, is != NULL, &block);
    if (was == NULL || is == NULL)
        return;
    compare_state(d, was->minimum_state, is->minimum_state);
    diff_numbers(d, was, is, necessity, ARRAY_LEN(necessity));
    diff_flag(d, was->proportionality, is->proportionality, &duties[0]);
    diff_flag(d, was->subsidiarity, is->subsidiarity, &duties[1]);
    diff_flag(d, was->concrete_signal, is->concrete_signal, &duties[2]);
    compare_control(d, was->control_data, is->control_data);
    diff_names(d, &checks, NAMES(was, checks), NAMES(is, checks), NULL);
}

/* ---- what it is about ---- */

#define MAY_NL                                                                                     \
    {                                                                                              \
        "mag niet meer", "mag nu"                                                                  \
    }
#define MAY_EN                                                                                     \
    {                                                                                              \
        "no longer allowed", "now allowed"                                                         \
    }

static const struct list functions = {"functions",
                                      EFFECT_MORE,
                                      "functie",
                                      "function",
                                      {"mag niet meer vragen", "mag nu vragen"},
                                      {"may no longer ask", "may now ask"}};
static const struct list aims = {"aims", EFFECT_MORE, "oogmerk", "aim", MAY_NL, MAY_EN};
static const struct list phenomena = {"phenomena",  EFFECT_MORE, "fenomeen",
                                      "phenomenon", MAY_NL,      MAY_EN};
static const struct list areas = {"areas", EFFECT_MORE, "gebied", "area", MAY_NL, MAY_EN};
static const struct list destinations = {"export.destinations", EFFECT_MORE, "buitenlandse partner",
                                         "foreign partner",     MAY_NL,      MAY_EN};
static const struct flag minors = {
    "minors",
    EFFECT_LESS,
    {"over minderjarigen mag nu worden gevraagd", "minderjarigen zijn nu uitgesloten"},
    {"minors may now be asked about", "minors are now excluded"}};

static bool excludes_minors(const struct rule *r)
{
    return r->minors != NULL && r->minors->excluded;
}

/* A rule whose releases may leave: named, and itself allowing it. */
static bool may_leave(const struct side *s, const struct name *id)
{
    const struct export_terms *t = s->rule->export;
    const struct rule *from = policy_rule(s->policy, id);
    return t != NULL && names_have((struct names){t->rules, t->rules_count}, id) && from != NULL &&
           from->onward != NULL && from->onward->kind == ONWARD_AFTER_CONSENT;
}

static void compare_origins(struct diff *d, enum when w)
{
    const struct export_terms *t = d->side[w].rule->export;
    for (uint32_t i = 0; t != NULL && i < t->rules_count; i++) {
        if (!may_leave(&d->side[w], &t->rules[i]) || may_leave(&d->side[other_of(w)], &t->rules[i]))
            continue;
        tell(d, ((struct mark){.effect = effect_of(w), .key = "export.rules"}),
             w == IS ? "wat onder regel %s is verstrekt, mag nu naar het buitenland"
                     : "wat onder regel %s is verstrekt, mag niet meer naar het buitenland",
             w == IS ? "what was released under rule %s may now go abroad"
                     : "what was released under rule %s may no longer go abroad",
             t->rules[i].s);
    }
}

static struct names destinations_of(const struct rule *r)
{
    return r->export != NULL ? NAMES(r->export, destinations) : (struct names){NULL, 0};
}

void diff_functions(struct diff *d)
{
    struct names of[2] = {{NULL, 0}, {NULL, 0}};
    for (int w = WAS; w <= IS; w++) {
        if (d->side[w].rule != NULL)
            of[w] = NAMES(d->side[w].rule, functions);
    }
    diff_names(d, &functions, of[WAS], of[IS], NULL);
}

void diff_scope(struct diff *d)
{
    const struct rule *was = d->side[WAS].rule;
    const struct rule *is = d->side[IS].rule;
    compare_time(d);
    compare_case(d, was->case_terms, is->case_terms);
    diff_open_names(d, &aims, NAMES(was, aims), NAMES(is, aims));
    diff_open_names(d, &phenomena, NAMES(was, phenomena), NAMES(is, phenomena));
    diff_names(d, &areas, NAMES(was, areas), NAMES(is, areas), NULL);
    diff_flag(d, excludes_minors(was), excludes_minors(is), &minors);
    diff_names(d, &destinations, destinations_of(was), destinations_of(is), NULL);
    compare_origins(d, IS);
    compare_origins(d, WAS);
}
