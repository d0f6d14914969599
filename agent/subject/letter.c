#include "agent/subject/letter.h"

#include <stdlib.h>

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

bool letter_tells(const struct policy *p, int64_t now_s, const struct touched *t)
{
    int64_t until_s = 0;
    return !t->is_perhaps && sentence(&t->what, LANGUAGE_NL) != NULL && tell_touch(t->terms, p, now_s, &until_s) == TELL_NOW;
}

/* ---- which lines ---- */

struct line {
    const struct touched *t;
    size_t at; /* in the list */
};

static int by_what(const struct touch *x, const struct touch *y)
{
    if (x->event != y->event)
        return x->event < y->event ? -1 : 1;
    if (x->thread.role != y->thread.role)
        return x->thread.role < y->thread.role ? -1 : 1;
    int order = bytes_cmp(BYTES_OF_ARRAY(x->thread.id), BYTES_OF_ARRAY(y->thread.id));
    if (order == 0)
        order = strcmp(x->peer.oin, y->peer.oin);
    return order != 0 ? order : strcmp(x->outcome, y->outcome);
}

static int by_what_first(const void *a, const void *b)
{
    const struct line *x = a;
    const struct line *y = b;
    const int order = by_what(&x->t->what, &y->t->what);
    return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

static int by_place(const void *a, const void *b)
{
    const struct line *x = a;
    const struct line *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

/* A question in two epochs is one to the subject: of what says the same the first stays. */
static size_t drop_repeats(struct line *v, size_t count)
{
    size_t n = 0;
    qsort(v, count, sizeof *v, by_what_first);
    for (size_t i = 0; i < count; i++)
        if (n == 0 || by_what(&v[n - 1].t->what, &v[i].t->what) != 0)
            v[n++] = v[i];
    qsort(v, n, sizeof *v, by_place);
    return n;
}

/* The caller frees *out. */
static enum err lines_of(const struct letter *l, struct line **out, size_t *count)
{
    const struct touch_list *all = l->touches;
    struct line *v = calloc(all->count + 1, sizeof *v);
    size_t n = 0;
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < all->count; i++)
        if (letter_tells(l->policy, l->now_s, &all->v[i]))
            v[n++] = (struct line){&all->v[i], i};
    *count = drop_repeats(v, n);
    *out = v;
    return ERR_OK;
}

/* ---- text ---- */

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

static void put_line(const struct letter *l, const struct touched *t, enum language lang, struct buf *out)
{
    buf_put_str(out, "- ");
    put_day(out, t->what.at_s);
    buf_put_str(out, ": ");
    put_named(out, sentence(&t->what, lang), name_of(l->policy, &t->what.peer));
    buf_put_str(out, "\n");
    put_why(l, &t->terms->rule, lang, out);
}

static unsigned parts_of(size_t lines)
{
    return lines > LETTER_LINES ? (unsigned)((lines + LETTER_LINES - 1) / LETTER_LINES) : 1;
}

/* Only where it takes more than one. */
static void put_part(const struct letter *l, unsigned parts, enum language lang, struct buf *out)
{
    if (parts > 1)
        buf_printf(out, "%s %u %s %u\n\n", say(lang, "Deel", "Part"), l->part, say(lang, "van", "of"), parts);
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

static void put_letter(const struct letter *l, const struct line *v, size_t count, enum language lang,
                       struct buf *out)
{
    const size_t from = (size_t)(l->part - 1) * LETTER_LINES;
    const size_t to = count - from > LETTER_LINES ? from + LETTER_LINES : count;
    const unsigned parts = parts_of(count);
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
    put_part(l, parts, lang, out);
    if (count > 0) {
        buf_put_str(out, say(lang, "Dit delen wij u mee:\n\n", "This we can tell you:\n\n"));
        for (size_t i = from; i < to; i++)
            put_line(l, v[i].t, lang, out);
        buf_put_str(out, "\n");
    }
    put_end(lang, out);
}

enum err letter_write(const struct letter *l, enum language lang, struct buf *out, unsigned *parts)
{
    struct line *v = NULL;
    size_t count = 0;
    const enum err bad = lines_of(l, &v, &count);
    if (bad != ERR_OK)
        return bad;
    const bool is_part = l->part >= 1 && l->part <= parts_of(count);
    if (is_part)
        put_letter(l, v, count, lang, out);
    free(v);
    if (!is_part)
        return ERR_RANGE;
    *parts = parts_of(count);
    return buf_err(out);
}
