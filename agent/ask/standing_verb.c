/* `standing`: lists standing requests, asks one again that is due, ends one. Nothing that it shows is of the words of
 * a request: they are others where the subject is protected, and who sees them would see that. */
#include <stdlib.h>
#include <sysexits.h>

#include "agent/ask/ask.h"
#include "agent/ask/standing_end.h"
#include "agent/ask/standing_list.h"
#include "agent/ask/standing_run.h"
#include "agent/ask/standing_show.h"
#include "proto/base/when.h"
#include "proto/host/writer.h"

#define ID_TEXT_MAX 64
#define ACTION_MAX 16

/* ---- one of them ---- */

/* What a caller looks for. */
struct finding {
    const struct call *call;
    struct kv_txn *txn;
    struct arena *arena;
    struct errmsg *why;
};

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
        bad = standing_look_over(f->call, f->txn, out, &is_over);
    return is_over ? errmsg_set(f->why, ERR_STATE, "it has ended: its date, its case or its rule is over") : bad;
}

/* ---- asking ---- */

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
    standing_put_asked(&k, &w, &b);
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
    } actions[] = {{"list", standing_list}, {"ask", ask}, {"end", end}};
    struct bytes text = bytes_of(NULL, 0);
    if (doc_get_text(args, "action", ACTION_MAX, &text, NULL) == ERR_OK)
        for (size_t i = 0; i < ARRAY_LEN(actions); i++)
            if (bytes_is(text, actions[i].word)) {
                actions[i].handler(c, args);
                return;
            }
    call_fail(c, ERR_UNKNOWN, EX_USAGE, "standing: say list, ask or end");
}
