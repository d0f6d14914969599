#include "agent/subject/letter.h"

#include "proto/base/when.h"

#define DAY_S INT64_C(86400)

const char *telling_id(enum telling t)
{
    switch (t) {
    case TELL_NOW:
        return "now";
    case TELL_LATER:
        return "later";
    case TELL_REVIEW:
        return "review";
    }
    return "?";
}

static bool informs(const struct rule *r)
{
    return r != NULL && r->subject != NULL && r->subject->inform == INFORM_INFORM;
}

enum telling tell_touch(const struct touch_terms *t, const struct policy *p, int64_t now_s,
                        int64_t *until_s)
{
    const struct rule *r = policy_rule(p, &t->rule);
    if (!t->is_deferred && informs(r))
        return TELL_NOW;
    uint32_t days = t->review_days;
    if (r != NULL && r->subject != NULL && r->subject->review_days > days)
        days = r->subject->review_days;
    const int64_t until = t->began_s + (int64_t)days * DAY_S;
    if (r == NULL || now_s >= until)
        return TELL_REVIEW;
    *until_s = until;
    return TELL_LATER;
}

static const char *say(enum language lang, const char *nl, const char *en)
{
    return lang == LANGUAGE_NL ? nl : en;
}

static void put_day(struct buf *out, int64_t at_s)
{
    char text[WHEN_TEXT_SIZE];
    when_text(at_s, text);
    buf_put(out, bytes_of(text, 10)); /* YYYY-MM-DD */
}

static const char *name_of(const struct policy *p, const struct agency_id *id)
{
    const struct party *party = policy_party(p, id);
    return party != NULL ? party->name : id->oin;
}

/* What one entry tells the subject; NULL: nothing that concerns the subject outside this agency.
 * The name of the other agency stands in the place of %s. */
static const char *sentence(const struct touch *t, enum language lang)
{
    if (t->thread.role == TOUCH_ASKED && t->event == AUDIT_EVENT_REQUEST_SENT)
        return say(lang, "wij vroegen %s naar gegevens over u.", "we asked %s about you.");
    if (t->thread.role == TOUCH_ASKED && t->event == AUDIT_EVENT_RELEASE_RECEIVED &&
        strcmp(t->outcome, "released") == 0)
        return say(lang, "wij ontvingen gegevens over u van %s.",
                   "we received data about you from %s.");
    if (t->thread.role == TOUCH_ASKED && t->event == AUDIT_EVENT_RELEASE_RECEIVED &&
        strcmp(t->outcome, "known") == 0)
        return say(lang, "%s bevestigde ons dat u daar bekend bent.",
                   "%s confirmed to us that you are known there.");
    if (t->thread.role == TOUCH_HELD && t->event == AUDIT_EVENT_ITEM_RAISED)
        return say(lang, "%s vroeg ons naar gegevens over u.", "%s asked us about you.");
    if (t->thread.role == TOUCH_HELD && t->event == AUDIT_EVENT_CONSENT_ACCEPTED &&
        strcmp(t->outcome, "release") == 0)
        return say(lang, "wij verstrekten gegevens over u aan %s.",
                   "we released data about you to %s.");
    if (t->thread.role == TOUCH_HELD && t->event == AUDIT_EVENT_CONSENT_ACCEPTED &&
        strcmp(t->outcome, "known") == 0)
        return say(lang, "wij bevestigden aan %s dat u bij ons bekend bent.",
                   "we confirmed to %s that you are known to us.");
    return NULL;
}

/* Replaces %s by the name, which is text of the policy and no format. */
static void put_named(struct buf *out, const char *with, const char *name)
{
    const char *at = strstr(with, "%s");
    if (at == NULL) {
        buf_put_str(out, with);
        return;
    }
    buf_put(out, bytes_of(with, (size_t)(at - with)));
    buf_put_str(out, name);
    buf_put_str(out, at + 2);
}

/* A question in two epochs is one to the subject. */
static bool is_said_already(const struct letter *l, size_t i)
{
    const struct touch *t = &l->touches->v[i].what;
    for (size_t k = 0; k < i; k++) {
        const struct touch *o = &l->touches->v[k].what;
        if (!l->touches->v[k].is_perhaps && o->event == t->event &&
            o->thread.role == t->thread.role &&
            bytes_equal(BYTES_OF_ARRAY(o->thread.id), BYTES_OF_ARRAY(t->thread.id)) &&
            agency_id_equal(&o->peer, &t->peer) && strcmp(o->outcome, t->outcome) == 0)
            return true;
    }
    return false;
}

static void put_why(const struct letter *l, const struct name *rule, enum language lang,
                    struct buf *out)
{
    const struct rule *r = policy_rule(l->policy, rule);
    const char *text = r == NULL ? NULL : say(lang, r->text.citizen.nl, r->text.citizen.en);
    if (text != NULL && text[0] != '\0') {
        buf_put_str(out, "  ");
        buf_put_str(out, text);
        buf_put_str(out, "\n");
    }
    if (r != NULL && r->subject != NULL && r->subject->contact != NULL &&
        r->subject->contact[0] != '\0') {
        buf_put_str(out, say(lang, "  Aanspreekpunt: ", "  Contact: "));
        buf_put_str(out, r->subject->contact);
        buf_put_str(out, "\n");
    }
}

static size_t put_touches(const struct letter *l, enum language lang, struct buf *out)
{
    size_t said = 0;
    for (size_t i = 0; i < l->touches->count; i++) {
        const struct touched *t = &l->touches->v[i];
        const char *text = sentence(&t->what, lang);
        int64_t until_s = 0;
        if (text == NULL || t->is_perhaps ||
            tell_touch(t->terms, l->policy, l->now_s, &until_s) != TELL_NOW ||
            is_said_already(l, i))
            continue;
        buf_put_str(out, "- ");
        put_day(out, t->what.at_s);
        buf_put_str(out, ": ");
        put_named(out, text, name_of(l->policy, &t->what.peer));
        buf_put_str(out, "\n");
        put_why(l, &t->terms->rule, lang, out);
        said++;
    }
    return said;
}

/* The same last words in every letter: what was told before does not say whether it was all. */
static void put_end(enum language lang, struct buf *out)
{
    buf_put_str(out, say(lang,
                         "Meer kunnen wij u op dit moment niet meedelen. Daaruit volgt niet dat er "
                         "meer is, en ook niet dat er niets meer is:\n"
                         "wat nu niet mag worden meegedeeld, melden wij niet, en dat iets niet mag "
                         "worden meegedeeld melden wij ook niet.\n",
                         "We cannot tell you more at this moment. It does not follow that there is "
                         "more, nor that there is nothing more:\n"
                         "what may not be told now we do not tell, and neither do we tell that "
                         "something may not be told.\n"));
}

enum err letter_write(const struct letter *l, enum language lang, struct buf *out)
{
    CLEANUP(buf_free) struct buf told = buf_new((size_t)1 << 20);
    const size_t said = put_touches(l, lang, &told);
    buf_put(out, l->agency);
    buf_put_str(out, "\n");
    put_day(out, l->now_s);
    buf_put_str(out, say(lang, "\nKenmerk: ", "\nReference: "));
    buf_put_str(out, l->reference);
    buf_put_str(out, say(lang,
                         "\n\nU vroeg welke gegevens over u wij via Sluis hebben gevraagd, "
                         "ontvangen of verstrekt.\n\n",
                         "\n\nYou asked which data about you we have asked for, received or "
                         "released through Sluis.\n\n"));
    if (said > 0) {
        buf_put_str(out, say(lang, "Dit delen wij u mee:\n\n", "This we can tell you:\n\n"));
        buf_put(out, buf_bytes(&told));
        buf_put_str(out, "\n");
    }
    put_end(lang, out);
    const enum err bad = buf_err(&told);
    return bad == ERR_OK ? buf_err(out) : bad;
}
