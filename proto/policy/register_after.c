/* A rule's card, last: whom it protects, and what holder and receiver owe afterwards. */
#include "proto/policy/register_internal.h"

static void put_minors(struct walk *w, const struct minors_terms *m)
{
    const char *label = SAY(w, "Minderjarigen", "Minors");
    if (m == NULL) {
        walk_pair_text(w, label,
                       SAY(w, "de regel zegt er niets over", "the rule says nothing of them"));
        return;
    }
    walk_pair_text(w, label,
                   m->excluded ? SAY(w, "uitgesloten: naar hen wordt niet gevraagd",
                                     "excluded: they are not asked about")
                               : SAY(w, "naar hen mag worden gevraagd", "they may be asked about"));
    walk_ground(w, NULL, m->ground);
}

static void put_question_use(struct walk *w, const struct question_use *u)
{
    const bool may = u != NULL && u->own_task;
    walk_pair_text(w,
                   SAY(w, "Vraag en treffer voor de eigen taak van de bronhouder",
                       "Question and hit for the holder's own task"),
                   may ? SAY(w, "mag", "allowed") : SAY(w, "mag niet", "not allowed"));
    if (may)
        walk_ground(w, NULL, u->ground);
}

static void put_handling(struct walk *w, const struct handling *h)
{
    if (h == NULL)
        return;
    buf_printf(
        &w->line,
        SAY(w,
            "rubricering %s; afhandelcode %s; betrouwbaarheid van de bron %s (a tot en met f), "
            "van de inhoud %s (1 tot en met 6). Dit staat op elke afdruk.",
            "classification %s; handling code %s; reliability of the source %s (a to f), of the "
            "content %s (1 to 6). It stands on every print."),
        h->classification.s, h->code.s, h->source.s, h->content.s);
    walk_pair(w, SAY(w, "Behandeling van wat is verstrekt", "Handling of what was released"));
}

static void put_onward(struct walk *w, const struct onward_terms *o)
{
    const char *label = SAY(w, "Doorgeven", "Passing it on");
    if (o == NULL) {
        walk_pair_text(w, label,
                       SAY(w, "de regel zegt er niets over", "the rule says nothing of it"));
        return;
    }
    walk_pair_text(w, label,
                   o->kind == ONWARD_FORBIDDEN ? SAY(w, "verboden", "forbidden")
                                               : SAY(w, "alleen na instemming van de bron",
                                                     "only after consent of its source"));
    if (o->inform_partners)
        walk_pair_text(w, NULL, SAY(w, "de partners horen ervan", "the partners are told of it"));
}

static void put_subject(struct walk *w, const struct subject_terms *t)
{
    const char *label = SAY(w, "Wat de betrokkene hoort", "What the subject is told");
    if (t == NULL) {
        walk_pair_text(w, label,
                       SAY(w, "de regel zegt er niets over", "the rule says nothing of it"));
        return;
    }
    if (t->inform == INFORM_INFORM) {
        walk_pair_text(w, label, SAY(w, "dat er is verstrekt", "that there was a release"));
    } else {
        buf_put_str(&w->line, SAY(w, "later; opnieuw bezien na ", "later; looked at again after "));
        walk_days(w, t->review_days);
        walk_pair(w, label);
    }
    walk_ground(w, SAY(w, "Grond voor het uitstel", "Ground of deferring"), t->ground);
    walk_pair_text(w, SAY(w, "Waar een burger terecht kan", "Where a citizen turns to"),
                   t->contact);
}

static void put_feedback(struct walk *w, const struct feedback_terms *f)
{
    if (f == NULL)
        return;
    buf_put_str(&w->line, f->required ? SAY(w, "verplicht, binnen ", "required, within ")
                                      : SAY(w, "mogelijk, binnen ", "possible, within "));
    walk_term(w, &f->term);
    walk_pair(w, SAY(w, "Terugmelding aan de bron", "Feedback to the source"));
    walk_yes_no(w, f->human_check);
    walk_pair(w, SAY(w, "Een mens controleert voor elk gebruik", "A person checks before any use"));
}

static void put_export(struct walk *w, const struct export_terms *t)
{
    if (t == NULL)
        return;
    walk_names(w, t->destinations, t->destinations_count);
    walk_pair(w, SAY(w, "Naar welke buitenlandse partner", "To which foreign partner"));
    walk_names(w, t->rules, t->rules_count);
    walk_pair(w,
              SAY(w, "Wat onder deze regels is verstrekt", "What was released under these rules"));
    if (t->assurance == NULL)
        walk_pair_text(w, SAY(w, "Waarborg voor een derde land", "Assurance for a third country"),
                       SAY(w, "geen genoemd", "none named"));
    walk_ground(w, SAY(w, "Waarborg voor een derde land", "Assurance for a third country"),
                t->assurance);
}

static void put_closing(struct walk *w, const struct closing_terms *t)
{
    if (t == NULL)
        return;
    walk_pair_text(w, SAY(w, "Bij het sluiten van de casus", "When the case is closed"),
                   t->required ? SAY(w, "interventie en resultaat worden vastgelegd",
                                     "intervention and result are recorded")
                               : SAY(w, "interventie en resultaat kunnen worden vastgelegd",
                                     "intervention and result may be recorded"));
    walk_names(w, t->interventions, t->interventions_count);
    walk_pair(w, SAY(w, "Interventies", "Interventions"));
    walk_names(w, t->results, t->results_count);
    walk_pair(w, SAY(w, "Resultaten", "Results"));
}

void register_after(struct walk *w, const struct rule *r)
{
    if (r->process == PROCESS_INDEX)
        return;
    walk_section(
        w, SAY(w, "Bescherming, en wat daarna geldt", "Protection, and what holds afterwards"));
    put_minors(w, r->minors);
    put_question_use(w, r->question_use);
    put_handling(w, r->handling);
    put_onward(w, r->onward);
    put_subject(w, r->subject);
    put_feedback(w, r->feedback);
    put_export(w, r->export);
    put_closing(w, r->closing);
}
