#include "proto/policy/duties.h"

#include "proto/policy/term.h"

#define SAY(lang, nl, en) ((lang) == LANGUAGE_NL ? (nl) : (en))

static void put_ground(struct buf *out, const struct policy *p, const struct citation *c,
                       enum language lang)
{
    if (c == NULL)
        return;
    buf_put_str(out, ": ");
    explain_citation(out, p, c, lang);
}

static void put_question_use(struct buf *out, const struct policy *p, const struct rule *r,
                             enum language lang)
{
    const struct question_use *u = r->question_use;
    const bool may = u != NULL && u->own_task;
    buf_put_str(out,
                may ? SAY(lang, "vraag en treffer mogen voor de eigen taak worden gebruikt",
                          "question and hit may be used for the own task")
                    : SAY(lang, "vraag en treffer mogen niet voor de eigen taak worden gebruikt",
                          "question and hit may not be used for the own task"));
    if (may)
        put_ground(out, p, u->ground, lang);
    buf_put_str(out, "\n");
}

void duties_handling(struct buf *out, const struct rule *r)
{
    buf_printf(out, "%s/%u", r->id.s, r->version);
    const struct handling *h = r->handling;
    if (h != NULL)
        buf_printf(out, " %s %s %s%s", h->classification.s, h->code.s, h->source.s, h->content.s);
}

static void put_handling(struct buf *out, const struct handling *h, enum language lang)
{
    buf_printf(out,
               SAY(lang, "rubricering %s, afhandelcode %s, bron %s, inhoud %s\n",
                   "classification %s, handling code %s, source %s, content %s\n"),
               h->classification.s, h->code.s, h->source.s, h->content.s);
}

static void put_onward(struct buf *out, const struct onward_terms *o, enum language lang)
{
    buf_put_str(out, o->kind == ONWARD_FORBIDDEN
                         ? SAY(lang, "doorgeven is verboden", "passing it on is forbidden")
                         : SAY(lang, "doorgeven alleen na instemming van de bron",
                               "passing it on only after consent of its source"));
    if (o->inform_partners)
        buf_put_str(out, SAY(lang, "; de partners worden geinformeerd", "; partners are informed"));
    buf_put_str(out, "\n");
}

static void put_subject(struct buf *out, const struct policy *p, const struct subject_terms *t,
                        enum language lang)
{
    if (t->inform == INFORM_INFORM)
        buf_put_str(out, SAY(lang, "de betrokkene wordt geinformeerd", "the subject is informed"));
    else
        buf_printf(out,
                   SAY(lang,
                       "het informeren van de betrokkene is uitgesteld, opnieuw te bezien na "
                       "%u dagen",
                       "informing the subject is deferred, looked at again after %u days"),
                   t->review_days);
    put_ground(out, p, t->ground, lang);
    buf_printf(out, "; contact: %s\n", t->contact);
}

static void put_feedback(struct buf *out, const struct feedback_terms *f, enum language lang)
{
    buf_put_str(out, f->required ? SAY(lang, "terugmelding aan de bron is verplicht binnen ",
                                       "feedback to the source is required within ")
                                 : SAY(lang, "terugmelding aan de bron kan binnen ",
                                       "feedback to the source is possible within "));
    term_text(&f->term, lang == LANGUAGE_NL, out);
    if (f->human_check)
        buf_put_str(out, SAY(lang, "; een mens controleert voor elk gebruik",
                             "; a person checks before any use"));
    buf_put_str(out, "\n");
}

void duties_text(struct buf *out, const struct policy *p, const struct rule *r,
                 enum duty_bearer bearer, enum language lang)
{
    if (bearer == BEARER_HOLDER)
        put_question_use(out, p, r, lang);
    if (r->handling != NULL)
        put_handling(out, r->handling, lang);
    if (r->onward != NULL)
        put_onward(out, r->onward, lang);
    if (r->subject != NULL)
        put_subject(out, p, r->subject, lang);
    if (r->feedback != NULL)
        put_feedback(out, r->feedback, lang);
}
