/* What two persons are shown of a search, and the text for the subject. */
#include "agent/own_log.h"
#include "agent/subject/compartment.h"
#include "agent/subject/letter.h"
#include "agent/subject/subject_part.h"
#include "proto/base/when.h"

#define LETTER_MAX ((size_t)2 << 20)
#define DATE_CHARS 10 /* YYYY-MM-DD */

static void put_day(struct doc_build *b, const char *name, int64_t at_s)
{
    char text[WHEN_TEXT_SIZE];
    when_text(at_s, text);
    text[DATE_CHARS] = '\0';
    doc_put_str(b, name, text);
}

void search_put_head(const struct searching *searching, struct doc_build *b)
{
    const struct search *s = &searching->search;
    doc_put_hex(b, "search", BYTES_OF_ARRAY(s->id.b));
    doc_put_str(b, "state", s->state == SEARCH_CONFIRMED ? "confirmed" : "proposed");
    doc_put_str(b, "ground", search_ground_id(s->ground));
    doc_put_str(b, "reference", s->reference);
    put_day(b, "received", s->received_s);
    put_day(b, "answer_by", s->received_s + (int64_t)(searching->agent->config->answer_within_ms / 1000));
    doc_put_int(b, "identifiers", (int64_t)s->mark_count);
    doc_put_str(b, "asked_by", s->first.staff.s);
    doc_put_time(b, "asked", s->asked_s);
    if (s->second.staff.s[0] != '\0') {
        doc_put_str(b, "confirmed_by", s->second.staff.s);
        doc_put_time(b, "confirmed", s->confirmed_s);
    }
}

/* A compartment stays closed here too. */
static bool may_see(const struct searching *s, const struct search_who *who,
                    const struct touched *t)
{
    return t->what.thread.role != TOUCH_HELD ||
           compartment_admits(s->agent, &t->terms->rule, &t->terms->compartment, &who->staff);
}

/* One text, whoever of the two prints it. */
static bool is_for_both(const struct searching *s, const struct touched *t)
{
    return may_see(s, &s->search.first, t) && may_see(s, &s->search.second, t);
}

/* What the subject may hear of a row, as the two officers are told. */
static const char *tell_of(const struct searching *s, const struct touched *t, int64_t *until_s)
{
    const enum telling tell = tell_touch(t->terms, view_policy(s->view), s->now_s, until_s);
    if (t->is_perhaps)
        return telling_id(TELL_REVIEW);
    return tell == TELL_NOW && !is_for_both(s, t) ? "apart" : telling_id(tell);
}

static enum err append(struct doc *list, struct doc *d, const struct doc_build *b)
{
    const enum err bad = doc_build_done(b);
    if (bad == ERR_OK)
        return doc_append(list, d);
    doc_free(d);
    return bad;
}

static enum err add_row(const struct searching *s, const struct touched *t, struct doc *list)
{
    const struct policy *p = view_policy(s->view);
    const struct touch *w = &t->what;
    const struct party *party = w->peer.oin[0] != '\0' ? policy_party(p, &w->peer) : NULL;
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    int64_t until_s = 0;
    const char *tell = tell_of(s, t, &until_s);
    doc_put_time(&b, "at", w->at_s);
    doc_put_str(&b, "role", touch_role_id(w->thread.role));
    doc_put_str(&b, "rule", t->terms->rule.s);
    doc_put_int(&b, "rule_version", t->terms->rule_version);
    if (w->peer.oin[0] != '\0') {
        doc_put_str(&b, "agency", w->peer.oin);
        doc_put_str(&b, "agency_name", party != NULL ? party->name : w->peer.oin);
    }
    doc_put_str(&b, "event", audit_event_id(w->event));
    doc_put_str(&b, "event_nl", audit_event_nl(w->event));
    doc_put_str(&b, "event_en", audit_event_en(w->event));
    if (w->outcome[0] != '\0')
        doc_put_str(&b, "outcome", w->outcome);
    doc_put_hex(&b, "entry", digest_bytes(&w->entry));
    doc_put_str(&b, "whom", t->is_perhaps ? "perhaps_another" : "subject");
    doc_put_str(&b, "tell", tell);
    if (strcmp(tell, telling_id(TELL_LATER)) == 0)
        doc_put_time(&b, "until", until_s);
    return append(list, d, &b);
}

static enum err add_set(const struct held_set *h, struct doc *list)
{
    struct doc *rules = doc_new_array();
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    enum err bad = rules != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; bad == ERR_OK && i < h->rules.count; i++)
        bad = doc_append(rules, doc_new_text(name_bytes(&h->rules.v[i])));
    doc_put_str(&b, "source", h->set.source.s);
    doc_put_str(&b, "purpose", h->set.purpose.s);
    doc_put_int(&b, "epoch", h->set.epoch);
    doc_put_str(&b, "category", h->category.s);
    doc_put_int(&b, "records", (int64_t)h->records);
    doc_put_str(&b, "whom", h->is_perhaps ? "perhaps_another" : "subject");
    doc_put_doc(&b, "rules", rules);
    const enum err built = append(list, d, &b);
    return bad != ERR_OK ? bad : built;
}

static enum err put_letter(const struct letter *l, enum language lang, const char *key,
                           struct doc_build *b, unsigned *parts)
{
    CLEANUP(buf_free) struct buf text = buf_new(LETTER_MAX);
    const enum err bad = letter_write(l, lang, &text, parts);
    if (bad == ERR_OK)
        doc_put_text(b, key, buf_bytes(&text));
    return bad;
}

static enum err put_letters(struct searching *s, struct doc_build *b)
{
    unsigned parts = 1;
    const struct roster_member *self =
        roster_member_of(view_roster(s->view), &s->agent->config->oin);
    const struct letter l = {
        .agency = self != NULL ? self->name : agency_id_bytes(&s->agent->config->oin),
        .reference = s->search.reference,
        .now_s = s->now_s,
        .policy = view_policy(s->view),
        .touches = &s->told,
        .part = s->part,
    };
    enum err bad = put_letter(&l, LANGUAGE_NL, "letter_nl", b, &parts);
    if (bad == ERR_RANGE)
        return errmsg_set(&s->why, bad, "the text for the subject has no part %u", s->part);
    if (bad == ERR_OK)
        bad = put_letter(&l, LANGUAGE_EN, "letter_en", b, &parts);
    doc_put_int(b, "letter_part", s->part);
    doc_put_int(b, "letter_parts", parts);
    return bad;
}

static bool is_shown(void *arg, const struct touched *t)
{
    const struct searching *s = arg;
    return may_see(s, &s->who, t);
}

/* What a rule defers takes no room, so that how much of it there is changes nothing that is told. */
static bool is_told(void *arg, const struct touched *t)
{
    const struct searching *s = arg;
    return letter_tells(view_policy(s->view), s->now_s, t) && is_for_both(s, t);
}

enum err search_find_begin(struct searching *s)
{
    s->wanted[0] = (struct touch_wanted){is_shown, s, SEARCH_ROWS_MAX, &s->shown};
    s->wanted[1] = (struct touch_wanted){is_told, s, SEARCH_TOLD_MAX, &s->told};
    const struct touch_find_params p = {
        .store = s->agent->store,
        .sought = {s->search.marks, s->search.mark_count},
        .a = s->arena,
        .wanted = s->wanted,
        .wanted_count = ARRAY_LEN(s->wanted),
    };
    return touch_find_new(&p, &s->finding);
}

enum err search_find_step(struct searching *s)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    const enum err bad = kv_read_begin(s->agent->kv, &txn);
    return bad == ERR_OK ? touch_find_step(s->finding, txn) : bad;
}

static enum err get_since(const struct searching *s, uint64_t *out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    const enum err bad = kv_read_begin(s->agent->kv, &txn);
    return bad == ERR_OK ? store_get_number(s->agent->store, txn, TOUCH_SINCE, out) : bad;
}

static enum err put_lists(const struct searching *s, const struct touch_list *touches,
                          struct doc_build *b)
{
    size_t count = 0;
    const struct held_set *sets = held_sets(s->held, &count);
    struct doc *rows = doc_new_array();
    struct doc *held = doc_new_array();
    enum err bad = rows != NULL && held != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; bad == ERR_OK && i < touches->count; i++)
        bad = add_row(s, &touches->v[i], rows);
    for (size_t i = 0; bad == ERR_OK && i < count; i++)
        bad = add_set(&sets[i], held);
    doc_put_doc(b, "rows", rows);
    doc_put_doc(b, "data_sets", held);
    return bad;
}

enum err search_answer(struct searching *s, struct doc **out)
{
    CLEANUP(cleanup_doc_free) struct doc *d = doc_new_object();
    uint64_t since_s = 0;
    enum err bad = d != NULL ? get_since(s, &since_s) : ERR_NOMEM;
    if (bad != ERR_OK)
        return bad;
    struct doc_build b = doc_build_of(d);
    search_put_head(s, &b);
    doc_put_time(&b, "complete_since", (int64_t)since_s);
    doc_put_bool(&b, "is_cut", s->shown.is_cut);
    bad = put_lists(s, &s->shown, &b);
    if (bad == ERR_OK && !s->told.is_cut) /* else it would leave out what it cannot say */
        bad = put_letters(s, &b);
    if (bad == ERR_OK)
        bad = doc_build_done(&b);
    if (bad == ERR_OK)
        *out = take(d);
    return bad;
}
