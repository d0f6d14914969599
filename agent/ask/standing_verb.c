/* `standing`: lists standing requests, asks one again that is due, ends one. Nothing that it shows is of the words of
 * a request: they are others where the subject is protected, and who sees them would see that. */
#include <stdlib.h>
#include <sysexits.h>

#include "agent/ask/ask.h"
#include "agent/ask/standing_end.h"
#include "agent/ask/standing_run.h"
#include "agent/ask/standing_show.h"
#include "proto/base/when.h"
#include "proto/host/writer.h"

#define ID_TEXT_MAX 64
#define ACTION_MAX 16
#define LIST_ARENA_BYTES (4 * STANDING_WORDS_MAX)

/* ---- one of them ---- */

/* What a caller looks for. */
struct finding {
    const struct call *call;
    struct kv_txn *txn;
    struct arena *arena;
    struct errmsg *why;
};

/* *is_over: its date, case or rule is, and no sweep has come by yet. One whose case cannot be read can be ended. */
static enum err look_over(const struct call *c, struct kv_txn *txn, const struct standing_row *k, bool *is_over)
{
    const struct agent *a = call_agent(c);
    enum case_state state = CASE_NONE;
    enum err bad = standing_case_state(a->store, txn, k, &state);
    if (standing_is_damage(bad))
        return ERR_OK;
    if (bad == ERR_OK)
        *is_over = standing_end_now(k, a->view, &a->config->oin, state, agent_now_s(a)) != STANDING_GOES_ON;
    return bad;
}

/* The row that the call names, where the caller may see it and it has not ended. */
static enum err find(const struct finding *f, const struct doc *args, struct standing_row *out)
{
    struct bytes text;
    bool is_over = false;
    enum err bad = doc_get_text(args, "standing", ID_TEXT_MAX, &text, NULL);
    if (bad != ERR_OK)
        return errmsg_set(f->why, bad, "say which standing request: the first hex digits of its id");
    bad = standing_row_find(call_agent(f->call)->store, f->txn, text, f->arena, out, f->why);
    if (bad == ERR_OK && !standing_show_to(f->call, out))
        return errmsg_set(f->why, ERR_NOT_FOUND, "no standing request begins with that");
    if (bad == ERR_OK)
        bad = look_over(f->call, f->txn, out, &is_over);
    return is_over ? errmsg_set(f->why, ERR_STATE, "it has ended: its date, its case or its rule is over") : bad;
}

/* ---- asking ---- */

static struct doc *holders_doc(const struct standing_words *w)
{
    CLEANUP(cleanup_doc_free) struct doc *list = doc_new_array();
    for (size_t i = 0; list != NULL && i < w->holder_count; i++)
        if (doc_append(list, doc_new_text(agency_id_bytes(&w->holders[i]))) != ERR_OK)
            return NULL;
    return take(list);
}

static struct doc *fields_doc(const struct standing_words *w)
{
    CLEANUP(cleanup_doc_free) struct doc *list = doc_new_array();
    for (size_t i = 0; list != NULL && i < w->fields.count; i++)
        if (doc_append(list, doc_new_text(name_bytes(&w->fields.v[i]))) != ERR_OK)
            return NULL;
    return take(list);
}

/* What it asks, as the call of `request` said it; without the subject. */
static void put_asked(const struct standing_row *k, const struct standing_words *w, struct doc_build *b)
{
    doc_put_str(b, "rule", k->rule.s);
    doc_put_hex(b, "case", BYTES_OF_ARRAY(k->case_id.b));
    doc_put_str(b, "on_behalf_of", w->on_behalf_of.oin);
    if (w->holder_count > 0)
        doc_put_doc(b, "holders", holders_doc(w));
    if (w->fields.count > 0)
        doc_put_doc(b, "fields", fields_doc(w));
    if (w->term_s > 0)
        doc_put_int(b, "deadline_s", w->term_s);
}

static enum err check_due(const struct agent *a, const struct standing_row *k, enum standing_due *due, struct errmsg *why)
{
    const int64_t next_s = standing_next_s(k);
    char text[WHEN_TEXT_SIZE];
    *due = standing_show_due(a, k);
    if (*due != STANDING_NOT_DUE)
        return ERR_OK;
    when_text(next_s, text);
    return next_s == STANDING_NEVER
               ? errmsg_set(why, ERR_STATE, "it ends before it is due by its days; another epoch would make it due")
               : errmsg_set(why, ERR_STATE, "it is due from %s, or at once in another epoch", text);
}

/* The run knows all that the call of `request` would say. */
static enum err prepare(struct ask_run *r, const struct doc *args, struct doc **request)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct standing_row k;
    struct standing_words w;
    enum standing_due due = STANDING_NOT_DUE;
    enum err bad = kv_read_begin(r->agent->kv, &txn);
    if (bad == ERR_OK)
        bad = find(&(struct finding){r->call, txn, r->arena, &r->why}, args, &k);
    if (bad == ERR_OK)
        bad = check_due(r->agent, &k, &due, &r->why);
    if (bad == ERR_OK)
        bad = standing_words_get(r->agent->store, txn, &k.id, r->arena, &w);
    if (due != STANDING_NOT_DUE && standing_is_damage(bad))
        return errmsg_set(&r->why, ERR_STATE, "what it asks cannot be read; end it, and begin it anew");
    if (bad == ERR_OK)
        bad = standing_run_again(r, &k, &w, due);
    if (bad != ERR_OK)
        return bad;
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    put_asked(&k, &w, &b);
    bad = doc_build_done(&b);
    if (bad == ERR_OK)
        *request = d;
    else
        doc_free(d);
    return bad;
}

static void ask(struct call *c, const struct doc *args)
{
    CLEANUP(cleanup_doc_free) struct doc *request = NULL;
    struct ask_run *r = run_new(c);
    if (r == NULL) {
        call_error(c, ERR_NOMEM, NULL);
        return;
    }
    enum err bad = prepare(r, args, &request);
    if (bad == ERR_OK)
        run_start(r, request);
    else
        run_fail(r, bad);
}

/* ---- listing ---- */

static void put_times(const struct agent *a, const struct standing_row *k, struct doc_build *b)
{
    const int64_t next_s = standing_next_s(k);
    doc_put_time(b, "begun", k->begun_s);
    doc_put_str(b, "begun_by", k->begun_by.s);
    doc_put_time(b, "until", k->until_s);
    doc_put_int(b, "every_days", k->every_days);
    doc_put_int(b, "askings", k->askings);
    doc_put_hex(b, "request", BYTES_OF_ARRAY(k->request.b));
    doc_put_time(b, "asked", k->asked_s);
    doc_put_str(b, "asked_by", k->asked_by.s);
    if (next_s != STANDING_NEVER)
        doc_put_time(b, "next", next_s);
    doc_put_str(b, "due", standing_due_id(standing_show_due(a, k)));
}

static enum err add_row(const struct agent *a, struct kv_txn *txn, const struct standing_row *k, struct arena *arena,
                        struct doc *list)
{
    struct standing_words w = {.term_s = 0};
    enum err bad = standing_words_get(a->store, txn, &k->id, arena, &w);
    const bool is_damaged = standing_is_damage(bad);
    if (bad != ERR_OK && !is_damaged)
        return bad;
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_hex(&b, "standing", BYTES_OF_ARRAY(k->id.b));
    doc_put_text(&b, "label", k->label);
    put_asked(k, &w, &b);
    if (is_damaged)
        doc_put_bool(&b, "damaged", true);
    put_times(a, k, &b);
    bad = doc_build_done(&b);
    if (bad == ERR_OK)
        return doc_append(list, d);
    doc_free(d);
    return bad;
}

struct listing {
    const struct call *call;
    struct kv_txn *txn;
    struct arena *arena;
    bool only_due;
    bool more; /* than ASK_PAGE_MAX */
    struct doc *list;
};

static enum err consider(struct listing *l, const struct standing_row *k)
{
    const struct agent *a = call_agent(l->call);
    bool is_over = false;
    if (!standing_show_to(l->call, k) || (l->only_due && standing_show_due(a, k) == STANDING_NOT_DUE))
        return ERR_OK;
    enum err bad = look_over(l->call, l->txn, k, &is_over);
    if (bad != ERR_OK || is_over)
        return bad;
    l->more = doc_count(l->list) == ASK_PAGE_MAX;
    return l->more ? ERR_OK : add_row(a, l->txn, k, l->arena, l->list);
}

static enum err list_rows(struct listing *l)
{
    struct standing_walk walk = {.store = call_agent(l->call)->store, .txn = l->txn};
    struct standing_row k;
    enum err bad = ERR_OK;
    while (bad == ERR_OK && !l->more && (bad = standing_row_next(&walk, l->arena, &k)) == ERR_OK)
        bad = consider(l, &k);
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

static void list(struct call *c, const struct doc *args)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(LIST_ARENA_BYTES);
    struct listing l = {.call = c, .arena = arena, .list = doc_new_array()};
    enum err bad = arena != NULL && l.list != NULL ? kv_read_begin(call_agent(c)->kv, &txn) : ERR_NOMEM;
    l.txn = txn;
    if (bad == ERR_OK && doc_has(args, "due"))
        bad = doc_get_bool(args, "due", &l.only_due, NULL);
    if (bad == ERR_OK)
        bad = list_rows(&l);
    struct doc *ok = doc_new_object();
    struct doc_build b = doc_build_of(ok);
    doc_put_doc(&b, "standing", l.list);
    doc_put_bool(&b, "more", l.more);
    if (bad == ERR_OK)
        bad = doc_build_done(&b);
    if (bad == ERR_OK) {
        call_ok(c, ok);
        return;
    }
    doc_free(ok);
    call_error(c, bad, NULL);
}

/* ---- ending ---- */

struct end_job {
    struct call *call;
    struct view *view; /* a reference */
    struct name staff;
    struct standing_id id;
    struct errmsg why;
};

static void job_free(struct end_job *j)
{
    if (j == NULL)
        return;
    view_free(j->view);
    free(j);
}
DEFINE_CLEANUP(struct end_job, job_free)

static enum err apply_end(struct kv_txn *txn, void *arg)
{
    struct end_job *j = arg;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 16);
    struct standing_row k;
    const struct standing_ending e = {call_agent(j->call), j->view, STANDING_END_OFFICER, &j->staff};
    enum err bad = a != NULL ? standing_row_get(e.agent->store, txn, &j->id, a, &k) : ERR_NOMEM;
    if (bad == ERR_NOT_FOUND)
        return errmsg_set(&j->why, ERR_STATE, "it has ended meanwhile");
    return bad == ERR_OK ? standing_end(&e, txn, &k) : bad;
}

static void ended(enum err result, void *arg)
{
    CLEANUP(cleanup_job_free) struct end_job *j = arg;
    if (result != ERR_OK) {
        call_error(j->call, result, &j->why);
        return;
    }
    struct doc *ok = doc_new_object();
    struct doc_build b = doc_build_of(ok);
    doc_put_hex(&b, "standing", BYTES_OF_ARRAY(j->id.b));
    doc_put_str(&b, "ended", standing_end_id(STANDING_END_OFFICER));
    if (doc_build_done(&b) != ERR_OK) {
        doc_free(ok);
        ok = NULL;
    }
    call_ok(j->call, ok);
}

static void end(struct call *c, const struct doc *args)
{
    struct agent *agent = call_agent(c);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 17);
    CLEANUP(cleanup_job_free) struct end_job *j = calloc(1, sizeof *j);
    struct standing_row k = {.askings = 0};
    if (j == NULL || a == NULL) {
        call_error(c, ERR_NOMEM, NULL);
        return;
    }
    enum err bad = kv_read_begin(agent->kv, &txn);
    if (bad == ERR_OK)
        bad = find(&(struct finding){c, txn, a, &j->why}, args, &k);
    if (bad == ERR_OK) {
        j->call = c;
        j->view = view_ref(agent->view);
        j->staff = *call_staff(c);
        j->id = k.id;
        bad = writer_submit(agent->writer, WRITER_INTERACTIVE, apply_end, ended, j);
    }
    if (bad == ERR_OK)
        j = NULL;
    else
        call_error(c, bad, &j->why);
}

void ask_standing(struct call *c, const struct doc *args)
{
    static const struct {
        const char *word;
        void (*handler)(struct call *c, const struct doc *args);
    } actions[] = {{"list", list}, {"ask", ask}, {"end", end}};
    struct bytes text = bytes_of(NULL, 0);
    if (doc_get_text(args, "action", ACTION_MAX, &text, NULL) == ERR_OK)
        for (size_t i = 0; i < ARRAY_LEN(actions); i++)
            if (bytes_is(text, actions[i].word)) {
                actions[i].handler(c, args);
                return;
            }
    call_fail(c, ERR_UNKNOWN, EX_USAGE, "standing: say list, ask or end");
}
