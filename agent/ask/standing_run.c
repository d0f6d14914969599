#include "agent/ask/standing_run.h"

#include "agent/ask/standing_cover.h"
#include "pki/random.h"
#include "proto/base/when.h"

#define DAY_S INT64_C(86400)
#define DATE_CHARS 10

bool standing_run_is_again(const struct ask_run *r)
{
    return r->standing != NULL && r->standing->is_again;
}

static bool is_first(const struct ask_run *r)
{
    return r->standing != NULL && !r->standing->is_again;
}

const char *standing_run_why(const struct ask_run *r)
{
    if (r->standing == NULL)
        return "";
    return r->standing->is_again ? standing_due_id(r->standing->due) : "first";
}

/* ---- one that begins ---- */

static bool is_given(const struct doc *args, const char *list)
{
    const struct doc *d = NULL;
    return doc_get_array(args, list, &d, NULL) == ERR_OK && doc_count(d) > 0;
}

/* A day is all of it. */
static enum err read_until(const struct doc *d, int64_t *until_s, struct errmsg *why)
{
    struct bytes text;
    enum err bad = doc_get_text(d, "until", WHEN_TEXT_SIZE, &text, NULL);
    if (bad == ERR_OK)
        bad = when_parse(text, until_s);
    if (bad != ERR_OK)
        return errmsg_set(why, bad, "a standing request ends: 'until' is YYYY-MM-DD, or YYYY-MM-DDTHH:MM:SSZ");
    *until_s += text.len == DATE_CHARS ? DAY_S - 1 : 0;
    return ERR_OK;
}

enum err standing_run_wish(struct ask_run *r, const struct doc *args)
{
    const struct doc *d = NULL;
    int64_t days = 0;
    if (r->standing != NULL || !doc_has(args, "standing"))
        return ERR_OK;
    struct standing_run *s = arena_alloc(r->arena, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    enum err bad = doc_get_object(args, "standing", &d, &r->why);
    if (bad == ERR_OK)
        bad = read_until(d, &s->row.until_s, &r->why);
    if (bad != ERR_OK)
        return bad;
    bad = doc_get_int(d, "every_days", 1, STANDING_DAYS_MAX, &days, NULL);
    if (bad != ERR_OK)
        return errmsg_set(&r->why, bad, "a standing request is asked again after 1 to %u days: 'every_days'", STANDING_DAYS_MAX);
    s->row.every_days = (uint32_t)days;
    s->has_holders = is_given(args, "holders");
    s->has_fields = is_given(args, "fields");
    s->has_term = doc_has(args, "deadline") || doc_has(args, "deadline_s");
    r->standing = s;
    return random_fill(s->row.id.b, sizeof s->row.id.b);
}

enum err standing_run_note(struct ask_run *r)
{
    if (!is_first(r))
        return ERR_OK;
    if (r->subjects.count != 1)
        return errmsg_set(&r->why, ERR_RANGE, "a standing request is about one subject, each on its own ground; this "
                          "is about %zu", r->subjects.count);
    struct standing_run *s = r->standing;
    const struct subject *about = &r->subjects.v[0];
    const struct standing_times times = {r->question.now_s, s->row.until_s};
    return standing_birth_date(about->control_birth_date, &times, r->arena, &s->birth_date);
}

static enum err keep_marks(struct ask_run *r, struct standing_words *w)
{
    w->marks = arena_array(r->arena, w->subject.identifier_count, sizeof *w->marks);
    if (w->marks == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < w->subject.identifier_count; i++)
        w->marks[i] = (struct standing_mark){.norm_version = ident_norm_version(w->subject.identifiers[i].type),
                                             .touched = r->named[i].mark,
                                             .counted = r->counted[i],
                                             .listed = r->listed[i]};
    return ERR_OK;
}

static enum err keep_words(struct ask_run *r)
{
    struct standing_run *s = r->standing;
    struct agency_id *holders = arena_array(r->arena, r->holder_count, sizeof *holders);
    if (holders == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < r->holder_count; i++)
        holders[i] = r->holders[i].oin;
    s->words = (struct standing_words){
        .on_behalf_of = r->question.on_behalf_of,
        .holders = holders,
        .holder_count = s->has_holders ? r->holder_count : 0,
        .fields = s->has_fields ? r->question.fields : (struct name_list){NULL, 0},
        .term_s = s->has_term ? r->question.deadline_s - r->question.now_s : 0,
        .subject = r->subjects.v[0],
    };
    if (r->covered > 0)
        s->words.subject.control_birth_date = s->birth_date;
    return keep_marks(r, &s->words);
}

enum err standing_run_keep(struct ask_run *r, struct kv_txn *txn)
{
    if (!is_first(r))
        return ERR_OK;
    const int64_t until_s = r->standing->row.until_s;
    if (until_s <= r->question.deadline_s)
        return errmsg_set(&r->why, ERR_RANGE, "it would end before its first question closes; give a later date, or an "
                                              "earlier deadline");
    if (until_s > r->question.now_s + (int64_t)STANDING_DAYS_MAX * DAY_S)
        return errmsg_set(&r->why, ERR_RANGE, "a standing request stands for at most %u days", STANDING_DAYS_MAX);
    enum err bad = standing_row_room(r->agent->store, txn, &r->why);
    return bad == ERR_OK ? keep_words(r) : bad;
}

/* ---- one that is asked again ---- */

enum err standing_run_again(struct ask_run *r, const struct standing_row *row, const struct standing_words *words,
                            enum standing_due due)
{
    struct standing_run *s = arena_alloc(r->arena, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    *s = (struct standing_run){.is_again = true, .row = *row, .words = *words, .due = due};
    for (size_t i = 0; i < words->subject.identifier_count; i++)
        if (words->marks[i].norm_version != ident_norm_version(words->subject.identifiers[i].type))
            return errmsg_set(&r->why, ERR_VERSION, "an identifier of it was normalised by rules of an older program; end it, "
                                                    "and begin it anew");
    r->standing = s;
    return ERR_OK;
}

enum err standing_run_subject(struct ask_run *r)
{
    struct standing_run *s = r->standing;
    s->words.subject.label = s->row.label;
    r->subjects = (struct subject_list){&s->words.subject, 1, s->words.subject.identifier_count};
    return ERR_OK;
}

enum err standing_run_named(struct ask_run *r)
{
    const struct standing_words *w = &r->standing->words;
    for (size_t i = 0; i < w->subject.identifier_count; i++)
        r->named[i] = (struct touch_named){w->marks[i].touched, 0, w->subject.identifiers[i].type};
    return ERR_OK;
}

void standing_run_given(struct ask_run *r)
{
    const struct standing_words *w = &r->standing->words;
    for (size_t i = 0; i < w->subject.identifier_count; i++) {
        r->counted[i] = w->marks[i].counted;
        r->listed[i] = w->marks[i].listed;
    }
}

enum err standing_run_cover(struct ask_run *r, struct kv_txn *txn)
{
    struct standing_run *s = r->standing;
    struct standing_covering c = {.list = r->agent->protected_list,
                                  .times = {r->question.now_s, s->row.until_s},
                                  .arena = r->arena};
    enum err bad = standing_cover(&c, txn, &s->words);
    r->covered = c.hit;
    r->is_covered[0] = c.hit;
    s->is_covered_now = c.changed;
    return bad;
}

/* ---- the transaction of the request ---- */

/* The row as this request leaves it. */
static void note_asking(struct ask_run *r)
{
    struct standing_row *k = &r->standing->after;
    *k = r->standing->row;
    k->rule_version = r->question.rule->version;
    k->asked_by = r->staff;
    k->askings = r->standing->row.askings + 1;
    k->request = r->id;
    k->asked_s = r->question.now_s;
    k->deadline_s = r->question.deadline_s;
    k->epoch_count = r->epoch_count;
    k->refused_count = 0;
    memcpy(k->epochs, r->epochs, sizeof k->epochs);
}

static enum err log_begun(const struct ask_run *r, struct kv_txn *txn)
{
    const struct standing_row *k = &r->standing->row;
    const struct audit_fact facts[] = {audit_fact_count("every_days", k->every_days),
                                       audit_fact_int("until", k->until_s)};
    const struct own_touch touched = {touch_of_request(&r->id), TOUCH_GROUP_ALL, NULL};
    struct own_entry e = run_entry(r, AUDIT_EVENT_STANDING_BEGUN);
    e.request = &r->letters[0].composed.header_digest;
    e.facts = facts;
    e.facts_count = ARRAY_LEN(facts);
    e.touched = &touched;
    e.touched_count = 1;
    return own_log_append(r->agent, txn, &e);
}

static enum err store_first(struct ask_run *r, struct kv_txn *txn)
{
    struct standing_run *s = r->standing;
    struct store *store = r->agent->store;
    enum err bad = standing_row_room(store, txn, &r->why);
    if (bad != ERR_OK)
        return bad;
    s->row.case_id = r->dossier.id;
    s->row.rule = r->question.rule->id;
    s->row.purpose = r->question.rule->purpose;
    s->row.begun_by = r->staff;
    s->row.label = r->subjects.v[0].label;
    s->row.begun_s = r->question.now_s;
    note_asking(r);
    bad = standing_row_put(store, txn, &s->after);
    if (bad == ERR_OK)
        bad = standing_words_put(store, txn, &s->row.id, &s->words);
    return bad == ERR_OK ? log_begun(r, txn) : bad;
}

/* The words are written only where they had to be covered: a sweep may have done so since they were read. */
static enum err store_again(struct ask_run *r, struct kv_txn *txn)
{
    struct standing_run *s = r->standing;
    struct store *store = r->agent->store;
    struct standing_row now;
    enum err bad = standing_row_get(store, txn, &s->row.id, r->arena, &now);
    if (bad == ERR_NOT_FOUND)
        return errmsg_set(&r->why, ERR_STATE, "the standing request has ended meanwhile");
    if (bad == ERR_OK && now.askings != s->row.askings)
        return errmsg_set(&r->why, ERR_STATE, "somebody asked it meanwhile");
    if (bad != ERR_OK)
        return bad;
    note_asking(r);
    bad = standing_row_put(store, txn, &s->after);
    return bad == ERR_OK && s->is_covered_now ? standing_words_put(store, txn, &s->row.id, &s->words) : bad;
}

enum err standing_run_store(struct ask_run *r, struct kv_txn *txn)
{
    if (r->standing == NULL)
        return ERR_OK;
    return r->standing->is_again ? store_again(r, txn) : store_first(r, txn);
}

void standing_run_doc(const struct ask_run *r, struct doc_build *b)
{
    if (r->standing == NULL)
        return;
    const struct standing_row *k = &r->standing->after;
    const int64_t next_s = standing_next_s(k);
    doc_put_hex(b, "standing", BYTES_OF_ARRAY(k->id.b));
    doc_put_time(b, "until", k->until_s);
    if (next_s != STANDING_NEVER)
        doc_put_time(b, "next", next_s);
}
