/* `case`: open, move, close, show. */
#include <stdlib.h>
#include <sysexits.h>

#include "agent/ask/ask.h"
#include "agent/ask/case.h"
#include "pki/random.h"
#include "proto/host/writer.h"

#define CASE_ARENA_BYTES ((size_t)4 << 20)
#define ACTION_MAX 16
#define DOC_ID_MAX 64

enum case_action {
    ACTION_NONE = 0,
    ACTION_OPEN,
    ACTION_MOVE,
    ACTION_CLOSE,
    ACTION_SHOW,
};

/* A change on its way to the store thread. */
struct case_job {
    struct call *call;
    struct store *store;
    struct arena *arena;
    enum case_action action;
    char prefix[DOC_ID_MAX + 1];
    struct case_row row;
    struct case_move move;
    struct errmsg why;
};

static void put_move(struct doc *list, const struct case_move *m, enum err *bad)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "state", case_state_id(m->state));
    doc_put_text(&b, "staff", name_bytes(&m->staff));
    doc_put_time(&b, "at", m->at_s);
    enum err e = doc_append(list, d);
    if (*bad == ERR_OK)
        *bad = b.err != ERR_OK ? b.err : e;
}

/* One case; NULL without memory. */
static struct doc *case_doc(const struct case_row *k, bool with_moves)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_hex(&b, "case", BYTES_OF_ARRAY(k->id.b));
    doc_put_text(&b, "title", k->title);
    doc_put_str(&b, "state", case_state_id(case_row_state(k)));
    doc_put_time(&b, "since", k->moves[k->move_count - 1].at_s);
    doc_put_time(&b, "opened", k->moves[0].at_s);
    doc_put_text(&b, "staff", name_bytes(&k->moves[0].staff));
    struct doc *moves = with_moves ? doc_new_array() : NULL;
    enum err bad = ERR_OK;
    for (size_t i = 0; moves != NULL && i < k->move_count; i++)
        put_move(moves, &k->moves[i], &bad);
    if (with_moves)
        doc_put_doc(&b, "history", moves);
    if (bad == ERR_OK && doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

static void job_free(struct case_job *j)
{
    if (j == NULL)
        return;
    arena_free(j->arena);
    free(j);
}
DEFINE_CLEANUP(struct case_job, job_free)

static enum err change_case(struct kv_txn *txn, void *arg)
{
    struct case_job *j = arg;
    if (j->action != ACTION_OPEN) {
        enum err bad = case_find(j->store, txn, bytes_str(j->prefix), j->arena, &j->row, &j->why);
        if (bad == ERR_OK)
            bad = case_move_to(&j->row, &j->move, &j->why);
        if (bad != ERR_OK)
            return bad;
    }
    return case_put(j->store, txn, &j->row);
}

static void case_changed(enum err result, void *arg)
{
    struct case_job *j = arg;
    if (result == ERR_OK)
        call_ok(j->call, case_doc(&j->row, true));
    else
        call_error(j->call, result, &j->why);
    job_free(j);
}

static enum err read_state(const struct doc *args, bool is_needed, struct case_move *move,
                           struct errmsg *why)
{
    struct bytes text;
    enum err bad = doc_get_text(args, "state", NAME_MAX_BYTES, &text, why);
    if (bad == ERR_NOT_FOUND && !is_needed)
        return ERR_OK;
    if (bad != ERR_OK)
        return errmsg_wrap(why, bad, "case");
    bad = case_state_parse(text, &move->state);
    if (bad != ERR_OK || move->state == CASE_CLOSED || move->state == CASE_DESTROYED)
        return errmsg_set(why, ERR_UNKNOWN,
                          "a case can be in state signal, exploration, work_up_1, work_up_2, "
                          "work_up_3, case or intervention; 'case close' ends it");
    return ERR_OK;
}

static enum err read_open(const struct doc *args, struct case_job *j)
{
    struct bytes title;
    enum err bad = doc_get_text(args, "title", CASE_TITLE_MAX, &title, &j->why);
    if (bad != ERR_OK)
        return errmsg_wrap(&j->why, bad, "case open");
    for (size_t i = 0; i < title.len; i++)
        if (title.ptr[i] < 0x20 || title.ptr[i] == 0x7f)
            return errmsg_set(&j->why, ERR_INVALID, "a title is one line of text");
    j->row.title = arena_copy(j->arena, title);
    j->move.state = CASE_SIGNAL;
    bad = read_state(args, false, &j->move, &j->why);
    j->row.moves[0] = j->move;
    j->row.move_count = 1;
    if (bad == ERR_OK)
        bad = j->row.title.ptr != NULL ? random_fill(j->row.id.b, sizeof j->row.id.b) : ERR_NOMEM;
    return bad;
}

static enum err read_prefix(const struct doc *args, struct case_job *j)
{
    struct bytes text;
    enum err bad = doc_get_text(args, "case", DOC_ID_MAX, &text, &j->why);
    if (bad != ERR_OK)
        return errmsg_set(&j->why, bad, "say which case: the first hex digits of its id");
    memcpy(j->prefix, text.ptr, text.len);
    return ERR_OK;
}

static enum err read_change(const struct doc *args, struct case_job *j)
{
    if (j->action == ACTION_OPEN)
        return read_open(args, j);
    enum err bad = read_prefix(args, j);
    if (bad == ERR_OK && j->action == ACTION_MOVE)
        bad = read_state(args, true, &j->move, &j->why);
    if (j->action == ACTION_CLOSE)
        j->move.state = CASE_CLOSED;
    return bad;
}

static void start_change(struct call *c, enum case_action action, const struct doc *args)
{
    struct agent *a = call_agent(c);
    CLEANUP(cleanup_job_free) struct case_job *j = calloc(1, sizeof *j);
    if (j != NULL)
        j->arena = arena_new(CASE_ARENA_BYTES);
    if (j == NULL || j->arena == NULL) {
        call_error(c, ERR_NOMEM, NULL);
        return;
    }
    j->call = c;
    j->store = a->store;
    j->action = action;
    j->move.staff = *call_staff(c);
    j->move.at_s = agent_now_s(a);
    enum err bad = read_change(args, j);
    if (bad == ERR_OK)
        bad = writer_submit(a->writer, WRITER_INTERACTIVE, change_case, case_changed, j);
    if (bad == ERR_OK)
        j = NULL;
    else
        call_error(c, bad, &j->why);
}

static enum err list_cases(struct agent *a, struct kv_txn *txn, struct arena *arena,
                           struct doc *list)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err bad = store_iter(a->store, txn, STORE_CASE, bytes_of(NULL, 0), &it);
    struct store_row row;
    while (bad == ERR_OK && (bad = store_next(a->store, STORE_CASE, it, arena, &row)) == ERR_OK) {
        struct case_row k;
        bad = case_decode(row.plain, &k);
        if (bad == ERR_OK)
            bad = doc_append(list, case_doc(&k, false));
        arena_reset(arena);
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* One case where the call names one, else all. */
static enum err show_cases(struct call *c, const struct doc *args, struct doc **ok,
                           struct errmsg *why)
{
    struct agent *a = call_agent(c);
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(CASE_ARENA_BYTES);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err bad = arena != NULL ? kv_read_begin(a->kv, &txn) : ERR_NOMEM;
    if (bad != ERR_OK)
        return bad;
    struct bytes text;
    struct case_row row;
    if (doc_has(args, "case")) {
        bad = doc_get_text(args, "case", DOC_ID_MAX, &text, why);
        if (bad == ERR_OK)
            bad = case_find(a->store, txn, text, arena, &row, why);
        *ok = bad == ERR_OK ? case_doc(&row, true) : NULL;
        return bad;
    }
    struct doc *list = doc_new_array();
    bad = list != NULL ? list_cases(a, txn, arena, list) : ERR_NOMEM;
    struct doc *all = doc_new_object();
    struct doc_build b = doc_build_of(all);
    doc_put_doc(&b, "cases", list);
    if (bad == ERR_OK)
        bad = doc_build_done(&b);
    if (bad == ERR_OK)
        *ok = all;
    else
        doc_free(all);
    return bad;
}

void ask_case(struct call *c, const struct doc *args)
{
    static const char *const words[] = {
        [ACTION_OPEN] = "open", [ACTION_MOVE] = "move", [ACTION_CLOSE] = "close",
        [ACTION_SHOW] = "show"};
    struct errmsg why = {""};
    struct bytes text = {0};
    enum case_action action = ACTION_NONE;
    if (doc_get_text(args, "action", ACTION_MAX, &text, NULL) == ERR_OK)
        for (int i = ACTION_OPEN; i <= ACTION_SHOW; i++)
            if (bytes_is(text, words[i]))
                action = (enum case_action)i;
    if (action == ACTION_NONE) {
        call_fail(c, ERR_UNKNOWN, EX_USAGE, "case: say open, move, close or show");
        return;
    }
    if (action != ACTION_SHOW) {
        start_change(c, action, args);
        return;
    }
    struct doc *ok = NULL;
    enum err bad = show_cases(c, args, &ok, &why);
    if (bad == ERR_OK)
        call_ok(c, ok);
    else
        call_error(c, bad, &why);
}
