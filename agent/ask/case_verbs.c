/* `case`: open, move, check, close, destroy, show. */
#include <stdlib.h>
#include <sysexits.h>

#include "agent/ask/ask.h"
#include "agent/ask/case_destroy.h"
#include "agent/ask/case_doc.h"
#include "agent/ask/case_judge.h"
#include "agent/ask/standing_end.h"
#include "agent/own_log.h"
#include "pki/random.h"
#include "pki/view/view.h"
#include "proto/base/text.h"
#include "proto/host/writer.h"

#define CASE_ARENA_BYTES ((size_t)4 << 20)
#define ACTION_MAX 16
#define DOC_ID_MAX 64

enum case_action {
    ACTION_NONE = 0,
    ACTION_OPEN,
    ACTION_MOVE,
    ACTION_CHECK,
    ACTION_CLOSE,
    ACTION_DESTROY,
    ACTION_SHOW,
};

/* A change on its way to the store thread. */
struct case_job {
    struct call *call;
    struct agent *agent;
    struct store *store;
    struct view *view; /* a reference: the policy that lets them */
    struct arena *arena;
    struct roster_officer officer;
    enum case_action action;
    char prefix[DOC_ID_MAX + 1];
    struct case_row row;
    struct case_move move;
    struct case_checked check;
    struct name intervention;
    struct name result;
    struct errmsg why;
};

static void job_free(struct case_job *j)
{
    if (j == NULL)
        return;
    view_free(j->view);
    arena_free(j->arena);
    free(j);
}
DEFINE_CLEANUP(struct case_job, job_free)

/* ---- store thread ---- */

static enum err move_case(struct case_job *j)
{
    enum err bad = case_may_move(view_policy(j->view), &j->row, j->move.state, &j->officer, &j->why);
    return bad == ERR_OK ? case_move_to(&j->row, &j->move, &j->why) : bad;
}

static enum err close_case(struct case_job *j)
{
    struct case_rules rules;
    enum err bad = case_may_move(view_policy(j->view), &j->row, CASE_CLOSED, &j->officer, &j->why);
    case_rules_of(j->view, &j->row, &rules);
    if (bad == ERR_OK)
        bad = case_may_close(&rules, &j->intervention, &j->result, &j->why);
    if (bad != ERR_OK)
        return bad;
    j->row.intervention = j->intervention;
    j->row.result = j->result;
    return case_move_to(&j->row, &j->move, &j->why);
}

static enum err destroy_case(struct case_job *j, struct kv_txn *txn)
{
    enum err bad =
        case_may_move(view_policy(j->view), &j->row, CASE_DESTROYED, &j->officer, &j->why);
    return bad == ERR_OK ? case_destroy(j->store, txn, &j->row, &j->move, &j->why) : bad;
}

static enum err change_found(struct case_job *j, struct kv_txn *txn)
{
    switch (j->action) {
    case ACTION_MOVE:
        return move_case(j);
    case ACTION_CHECK:
        return case_record(&j->row, &j->check, &j->why);
    case ACTION_CLOSE:
        return close_case(j);
    case ACTION_DESTROY:
        return destroy_case(j, txn);
    case ACTION_OPEN:
    case ACTION_SHOW:
    case ACTION_NONE:
        break;
    }
    return ERR_STATE;
}

/* The state that it is in now, or the check that was recorded in it. */
static enum err log_change(const struct case_job *j, struct kv_txn *txn)
{
    const bool is_check = j->action == ACTION_CHECK;
    const struct audit_fact facts[] = {audit_fact_word("state", case_state_id(case_row_state(&j->row))),
                                       audit_fact_word("check", is_check ? case_check_id(j->check.check) : "")};
    const struct own_entry e = {.event = AUDIT_EVENT_CASE_CHANGED,
                                .staff = &j->officer.staff,
                                .policy = view_policy_digest(j->view),
                                .case_id = &j->row.id,
                                .facts = facts,
                                .facts_count = is_check ? 2 : 1};
    return own_log_append(j->agent, txn, &e);
}

static enum err change_case(struct kv_txn *txn, void *arg)
{
    struct case_job *j = arg;
    enum err bad = ERR_OK;
    if (j->action != ACTION_OPEN)
        bad = case_find(j->store, txn, bytes_str(j->prefix), j->arena, &j->row, &j->why);
    if (bad == ERR_OK && j->action != ACTION_OPEN)
        bad = change_found(j, txn);
    if (bad == ERR_OK && j->action == ACTION_CLOSE) {
        const struct standing_ending e = {j->agent, j->view, STANDING_END_CASE, &j->officer.staff};
        bad = standing_end_of_case(&e, txn, &j->row.id);
    }
    if (bad == ERR_OK)
        bad = log_change(j, txn);
    return bad == ERR_OK ? case_put(j->store, txn, &j->row) : bad;
}

/* ---- loop thread ---- */

static void case_changed(enum err result, void *arg)
{
    struct case_job *j = arg;
    struct agent *a = call_agent(j->call);
    if (result == ERR_OK)
        call_ok(j->call, case_doc(&j->row, view_policy(j->view)));
    else
        call_error(j->call, result, &j->why);
    if (result == ERR_OK && j->action == ACTION_CLOSE)
        ask_sweep(a); /* a rule may want it destroyed at once */
    job_free(j);
}

static enum err read_state(const struct doc *args, bool is_needed, struct case_move *move,
                           struct errmsg *why)
{
    struct bytes text;
    if (!is_needed && !doc_has(args, "state"))
        return ERR_OK;
    enum err bad = doc_get_text(args, "state", NAME_MAX_BYTES, &text, why);
    if (bad != ERR_OK)
        return errmsg_wrap(why, bad, "case");
    bad = case_state_parse(text, &move->state);
    if (bad != ERR_OK || move->state == CASE_CLOSED || move->state == CASE_DESTROYED)
        return errmsg_set(why, ERR_UNKNOWN,
                          "a case can be in state signal, exploration, work_up_1, work_up_2, "
                          "work_up_3, case or intervention; 'case close' and 'case destroy' end it");
    return ERR_OK;
}

static bool is_one_line(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return false;
    return true;
}

static enum err read_open(const struct doc *args, struct case_job *j)
{
    struct bytes title;
    enum err bad = doc_get_text(args, "title", CASE_TITLE_MAX, &title, &j->why);
    if (bad != ERR_OK)
        return errmsg_wrap(&j->why, bad, "case open");
    if (!is_one_line(title))
        return errmsg_set(&j->why, ERR_INVALID, "a title is one line of text");
    j->row.title = arena_copy(j->arena, title);
    j->move.state = CASE_SIGNAL;
    bad = read_state(args, false, &j->move, &j->why);
    if (bad == ERR_OK)
        bad = case_may_move(view_policy(j->view), NULL, j->move.state, &j->officer, &j->why);
    j->row.moves[0] = j->move;
    j->row.move_count = 1;
    if (bad == ERR_OK)
        bad = j->row.title.ptr != NULL ? random_fill(j->row.id.b, sizeof j->row.id.b) : ERR_NOMEM;
    return bad;
}

static enum err read_check(const struct doc *args, struct case_job *j)
{
    struct bytes text;
    struct bytes by = bytes_of(NULL, 0);
    struct bytes reason;
    enum err bad = doc_get_text(args, "check", NAME_MAX_BYTES, &text, NULL);
    if (bad != ERR_OK || case_check_parse(text, &j->check.check) != ERR_OK)
        return errmsg_set(&j->why, ERR_UNKNOWN, "a check is check_1, check_2a or check_2b");
    if (doc_has(args, "by"))
        bad = doc_get_text(args, "by", CASE_BY_MAX, &by, &j->why);
    if (bad == ERR_OK && !is_one_line(by))
        bad = errmsg_set(&j->why, ERR_INVALID, "who made the check is one line of text");
    if (bad != ERR_OK)
        return bad;
    bad = doc_get_text(args, "reason", CASE_REASON_MAX, &reason, NULL);
    if (bad != ERR_OK || reason.len == 0)
        return errmsg_set(&j->why, ERR_NOT_FOUND,
                          "a check needs its reason, at most %d bytes of text", CASE_REASON_MAX);
    j->check.by = arena_copy(j->arena, by);
    j->check.reason = arena_copy(j->arena, reason);
    return j->check.reason.ptr != NULL && j->check.by.len == by.len ? ERR_OK : ERR_NOMEM;
}

static enum err read_code(const struct doc *args, const char *key, struct name *out,
                          struct errmsg *why)
{
    struct bytes text;
    if (!doc_has(args, key))
        return ERR_OK;
    enum err bad = doc_get_text(args, key, NAME_MAX_BYTES, &text, why);
    if (bad == ERR_OK && name_parse(text, out) != ERR_OK)
        bad = errmsg_set(why, ERR_INVALID, "%s is a code of the rule: a-z, 0-9, '.', '_', '-'", key);
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
    if (bad == ERR_OK && j->action == ACTION_CHECK)
        bad = read_check(args, j);
    if (j->action == ACTION_CLOSE)
        j->move.state = CASE_CLOSED;
    if (j->action == ACTION_DESTROY)
        j->move.state = CASE_DESTROYED;
    if (bad == ERR_OK && j->action == ACTION_CLOSE)
        bad = read_code(args, "intervention", &j->intervention, &j->why);
    return bad == ERR_OK && j->action == ACTION_CLOSE ? read_code(args, "result", &j->result, &j->why)
                                                      : bad;
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
    j->agent = a;
    j->store = a->store;
    j->view = view_ref(a->view);
    j->officer = *call_officer(c);
    j->action = action;
    j->check.staff = j->move.staff = *call_staff(c);
    j->check.at_s = j->move.at_s = agent_now_s(a);
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
            bad = doc_append(list, case_row_doc(&k));
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
        *ok = bad == ERR_OK ? case_doc(&row, view_policy(a->view)) : NULL;
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

static enum case_action read_action(const struct doc *args)
{
    static const char *const words[] = {
        [ACTION_OPEN] = "open",   [ACTION_MOVE] = "move",       [ACTION_CHECK] = "check",
        [ACTION_CLOSE] = "close", [ACTION_DESTROY] = "destroy", [ACTION_SHOW] = "show"};
    struct bytes text = {0};
    if (doc_get_text(args, "action", ACTION_MAX, &text, NULL) == ERR_OK)
        for (int i = ACTION_OPEN; i <= ACTION_SHOW; i++)
            if (bytes_is(text, words[i]))
                return (enum case_action)i;
    return ACTION_NONE;
}

/* Who works with cases: case workers, privacy officers, and whom the policy lets move one. */
static bool may_see(const struct call *c)
{
    const struct roster_officer *o = call_officer(c);
    return o != NULL &&
           (roster_officer_has(o, FUNCTION_CASE_WORKER) ||
            roster_officer_has(o, FUNCTION_PRIVACY_OFFICER) ||
            case_concerns(view_policy(call_agent(c)->view), o));
}

void ask_case(struct call *c, const struct doc *args)
{
    struct errmsg why = {""};
    enum case_action action = read_action(args);
    if (action == ACTION_NONE) {
        call_fail(c, ERR_UNKNOWN, EX_USAGE, "case: say open, move, check, close, destroy or show");
        return;
    }
    if (!may_see(c)) {
        call_fail(c, ERR_PERMISSION, EX_NOPERM,
                  "cases are for case_worker, privacy_officer and whom the policy lets move one");
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
