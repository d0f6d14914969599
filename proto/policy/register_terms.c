/* A rule's card, middle: what becomes known, the case, who decides and within what bounds. */
#include "proto/policy/register_internal.h"

static void put_count(struct walk *w, const struct aggregate *a)
{
    buf_printf(&w->line,
               SAY(w, "Een aantal onder %u wordt niet gegeven", "A count below %u is not given"),
               a->k_min);
    buf_printf(&w->line, SAY(w, "; wat wel, is afgerond op %u.", "; what is, is rounded to %u."),
               a->rounding);
    if (a->secondary_suppression)
        buf_put_str(&w->line, SAY(w, " Ook waar het uit andere aantallen zou volgen, niet.",
                                  " Nor is one from which it would follow."));
    walk_pair(w, SAY(w, "Aantallen", "Counts"));
    if (a->epsilon_milli == 0)
        buf_put_str(&w->line, SAY(w, "geen", "none"));
    else
        buf_printf(&w->line,
                   SAY(w, "epsilon %u.%03u per vraag", "epsilon %u.%03u for each question"),
                   a->epsilon_milli / 1000, a->epsilon_milli % 1000);
    walk_pair(w, SAY(w, "Ruis", "Noise"));
    walk_names(w, a->dimensions, a->dimensions_count);
    walk_pair(w, SAY(w, "Uitgesplitst naar", "Broken down by"));
    buf_printf(&w->line,
               SAY(w, "%u bronhouders die aan een aantal bijdragen",
                   "%u holders that contribute to a count"),
               a->min_holders);
    walk_pair(w, SAY(w, "Ten minste", "At least"));
    buf_printf(&w->line,
               SAY(w, "%u per verzoeker, in de periode hieronder",
                   "%u for each requester, in the period below"),
               a->budget);
    walk_pair(w, SAY(w, "Vragen", "Questions"));
}

void register_learns(struct walk *w, const struct rule *r)
{
    if (r->process == PROCESS_INDEX)
        return;
    walk_section(w, SAY(w, "Wat de verzoeker hoogstens te weten komt",
                        "What the requester can learn at most"));
    if (r->outcome != NULL) {
        walk_pair_text(w, SAY(w, "Uitkomst", "Outcome"), say_outcome(r->outcome->kind, w->lang));
        walk_ground(w, SAY(w, "Grond daarvoor", "Ground of that"), r->outcome->ground);
    }
    walk_pair_text(w, SAY(w, "Wie het eerst van een treffer hoort", "Who hears of a hit first"),
                   say_visibility(r->hit_visibility, w->lang));
    if (r->joint != NULL) {
        buf_printf(&w->line,
                   SAY(w, "ten minste %u bronhouders kennen de persoon; anders hoort niemand iets",
                       "at least %u holders know the subject; else nobody is told anything"),
                   r->joint->min_holders);
        walk_pair(w, SAY(w, "Alleen als", "Only where"));
    }
    if (r->aggregate != NULL)
        put_count(w, r->aggregate);
}

void register_case(struct walk *w, const struct rule *r)
{
    const struct case_terms *c = r->case_terms;
    if (c == NULL)
        return;
    walk_section(w, SAY(w, "Welke casus erachter staat", "Which case must be behind it"));
    walk_pair_text(w, SAY(w, "De casus is minstens in", "The case is at least in"),
                   say_case_state(c->minimum_state, w->lang));
    buf_printf(&w->line,
               SAY(w, "in ten minste %u tekens onderbouwd", "stated in at least %u characters"),
               c->necessity_min_chars);
    walk_pair(w, SAY(w, "Noodzaak", "Necessity"));
    const char *must = SAY(w, "wordt onderbouwd", "is stated");
    const char *need_not = SAY(w, "hoeft niet te worden onderbouwd", "need not be stated");
    walk_pair_text(w, SAY(w, "Proportionaliteit", "Proportionality"),
                   c->proportionality ? must : need_not);
    walk_pair_text(w, SAY(w, "Subsidiariteit", "Subsidiarity"), c->subsidiarity ? must : need_not);
    walk_pair_text(w, SAY(w, "Concreet signaal", "Concrete signal"),
                   c->concrete_signal ? must : need_not);
    walk_pair_text(
        w, SAY(w, "Naam en geboortedatum ter vergelijking", "Name and date of birth, to compare"),
        say_control(c->control_data, w->lang));
    walk_checks(w, c->checks, c->checks_count);
    walk_pair(w, SAY(w, "Vooraf vastgelegde toetsen", "Checks recorded before"));
}

/* ---- who decides ---- */

static void put_terms(struct walk *w, const struct consent_terms *c)
{
    walk_term(w, &c->term);
    if (c->urgent_term != NULL) {
        buf_put_str(&w->line, SAY(w, "; als de vraag eerder sluit: ",
                                  "; where the question closes earlier: "));
        walk_term(w, c->urgent_term);
    }
    walk_cell(w);
}

static void put_decider(struct walk *w, const struct consent_terms *c)
{
    buf_printf(&w->line, "%s (", say_consent(c->kind, w->lang));
    walk_functions(w, c->functions, c->functions_count);
    buf_put_str(&w->line, ")");
    if (c->standing_since[0] != '\0')
        buf_printf(&w->line, SAY(w, "; vaste instemming sinds %s", "; standing consent since %s"),
                   c->standing_since);
    if (c->compartment.s[0] != '\0')
        buf_printf(
            &w->line,
            SAY(w, "; alleen wie in compartiment %s zit", "; only whoever is in compartment %s"),
            c->compartment.s);
    walk_cell(w);
}

static void put_silence(struct walk *w, const struct rule *r)
{
    bool shall = false;
    bool deputies = false;
    for (uint32_t i = 0; i < r->consent_count; i++) {
        shall = shall || r->consent[i].duty == DUTY_SHALL;
        deputies = deputies || r->consent[i].deputies_count > 0;
    }
    buf_put_str(&w->line,
                SAY(w, "Zwijgen is nooit een verstrekking: wat niet is beslist, gaat niet mee.",
                    "Silence is never a release: what is not decided does not travel."));
    if (deputies)
        buf_put_str(
            &w->line,
            SAY(w, " Na de termijn zien ook de plaatsvervangers de vraag, en mogen zij beslissen.",
                " Once the term is over, the deputies see the question too and may decide it."));
    if (shall)
        buf_put_str(&w->line,
                    SAY(w,
                        " Waar de bronhouder tot verstrekking verplicht is, geldt de vraag dan "
                        "als te laat en wordt zij apart geteld.",
                        " Where the holder shall supply, the question is then overdue and "
                        "counted apart."));
    walk_paragraph(w);
}

void register_consent(struct walk *w, const struct rule *r)
{
    const char *const heads[] = {SAY(w, "Bronhouder", "Holder"),
                                 SAY(w, "Wie beslist", "Who decides"), SAY(w, "Plicht", "Duty"),
                                 SAY(w, "Binnen", "Within"),
                                 SAY(w, "Plaatsvervangers", "Deputies")};
    if (r->consent_count == 0)
        return;
    walk_section(w, SAY(w, "Instemming van de bronhouder", "Consent of the holder"));
    page_table(w->page, heads, ARRAY_LEN(heads));
    for (uint32_t i = 0; i < r->consent_count; i++) {
        const struct consent_terms *c = &r->consent[i];
        walk_selectors(w, &c->holder, 1);
        walk_cell(w);
        put_decider(w, c);
        walk_cell_text(w, say_duty(c->duty, w->lang));
        put_terms(w, c);
        walk_functions(w, c->deputies, c->deputies_count);
        walk_cell(w);
    }
    put_silence(w, r);
}

/* ---- bounds ---- */

static void put_limit(struct walk *w, const char *label, uint32_t n)
{
    if (n == 0)
        return;
    buf_printf(&w->line, "%u", n);
    walk_pair(w, label);
}

static bool has_term(const struct term *t)
{
    return t->working_days + t->hours + t->seconds > 0;
}

static void put_deadline(struct walk *w, const char *label, const struct term *t)
{
    if (!has_term(t))
        return;
    walk_term(w, t);
    walk_pair(w, label);
}

void register_limits(struct walk *w, const struct rule *r)
{
    const struct limits *l = &r->limits;
    walk_section(w, SAY(w, "Grenzen", "Limits"));
    put_limit(w, SAY(w, "Kenmerken in één vraag", "Identifiers in one request"),
              l->identifiers_per_request);
    put_limit(w, SAY(w, "Vragen per dag, organisatie", "Requests a day, organisation"),
              l->requests_per_day_agency);
    put_limit(w, SAY(w, "Vragen per dag, functionaris", "Requests a day, officer"),
              l->requests_per_day_officer);
    put_limit(w, SAY(w, "Personen in één casus", "Subjects in one case"), l->unique_per_case);
    put_limit(w, SAY(w, "Personen in een periode", "Subjects in a period"), l->unique_per_period);
    put_limit(w, SAY(w, "Nieuw opgenomen in een periode", "Newly loaded in a period"),
              l->additions_per_period);
    if (l->period_days > 0) {
        walk_days(w, l->period_days);
        walk_pair(w, SAY(w, "Een periode is", "A period is"));
    }
    put_limit(w,
              SAY(w, "Treffers per vraag aan één bronhouder; wat erboven ligt blijft verborgen",
                  "Hits of a request to one holder; what is above stays hidden"),
              l->hits_per_request);
    put_limit(w, SAY(w, "Kleinste groep die wordt geteld", "Smallest set that is counted"),
              l->min_set_size);
    put_deadline(w, SAY(w, "Een vraag staat minstens open", "A request is open at least"),
                 &l->deadline_min);
    put_deadline(w, SAY(w, "Een vraag staat hoogstens open", "A request is open at most"),
                 &l->deadline_max);
}

static void put_kept(struct walk *w, const char *label, uint32_t days)
{
    walk_days(w, days);
    walk_pair(w, label);
}

void register_retention(struct walk *w, const struct rule *r)
{
    const struct retention *t = &r->retention;
    walk_section(w, SAY(w, "Hoe lang het wordt bewaard", "How long it is kept"));
    if (r->process != PROCESS_INDEX) {
        put_kept(w, SAY(w, "Dat er niets is gevonden", "That nothing was found"), t->no_hit);
        put_kept(w, SAY(w, "Een treffer", "A hit"), t->hit);
        put_kept(w, SAY(w, "Wat is verstrekt", "What was released"), t->release);
        put_kept(w, SAY(w, "De casus", "The case"), t->case_file);
    }
    put_kept(w, SAY(w, "Het logboek", "The log"), t->log);
    if (r->process == PROCESS_INDEX)
        return;
    walk_yes_no(w, t->destroy_at_close);
    walk_pair(w, SAY(w, "Vernietigd zodra de casus sluit", "Destroyed as soon as the case closes"));
    if (t->extension == 0)
        buf_put_str(&w->line, SAY(w, "kan niet", "is not possible"));
    else
        buf_printf(&w->line,
                   SAY(w,
                       "hoogstens %u dagen, als twee functionarissen daartoe met reden besluiten",
                       "at most %u days, by a decision of two officers with a reason"),
                   t->extension);
    walk_pair(w, SAY(w, "Langer bewaren", "To keep it longer"));
}

void register_refusals(struct walk *w, const struct rule *r)
{
    const char *const heads[] = {
        "Code", SAY(w, "Weigeringsgrond", "Ground of refusal"),
        SAY(w, "De verzoeker mag die kennen", "The requester may know it")};
    if (r->refusal_grounds_count == 0)
        return;
    walk_section(w, SAY(w, "Waarom een bronhouder kan weigeren", "Why a holder can refuse"));
    page_table(w->page, heads, ARRAY_LEN(heads));
    for (uint32_t i = 0; i < r->refusal_grounds_count; i++) {
        const struct refusal_ground *g = &r->refusal_grounds[i];
        walk_cell_text(w, g->code.s);
        walk_bilingual(w, &g->text);
        walk_cell(w);
        walk_yes_no(w, g->requester_may_know);
        walk_cell(w);
    }
}
