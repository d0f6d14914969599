/* The verb `keep`: what came back of a request is kept longer, by two persons. */
#include <stdlib.h>

#include "agent/ask/ask.h"
#include "agent/ask/keep.h"
#include "agent/ask/prefix.h"
#include "agent/own_log.h"
#include "proto/host/writer.h"

#define KEEP_ARENA_BYTES (2 * ASKED_MAX_BYTES)
#define ID_TEXT_MAX 64
#define DAYS_MOST 36500

struct keep_job {
    struct call *call;
    struct agent *agent;
    struct view *view; /* a reference */
    struct arena *arena;
    char prefix[ID_TEXT_MAX + 1];
    struct keep_word word;
    struct asked asked;
    struct keep keep;
    struct errmsg why;
};

static void job_free(struct keep_job *j)
{
    if (j == NULL)
        return;
    view_free(j->view);
    arena_free(j->arena);
    free(j);
}
DEFINE_CLEANUP(struct keep_job, job_free)

/* What the rule allows; a rule that is gone allows nothing more. */
static uint32_t most_days(const struct keep_job *j)
{
    const struct rule *r = policy_rule(view_policy(j->view), &j->asked.rule);
    uint32_t most = 0;
    if (r == NULL ||
        __builtin_add_overflow(r->retention.release, r->retention.extension, &most))
        return 0;
    return most;
}

static enum err apply(struct kv_txn *txn, void *arg)
{
    struct keep_job *j = arg;
    struct store *s = j->agent->store;
    struct request_id id;
    const struct prefix_search q = {store_kv_table(s, STORE_ASK), "request", bytes_str(j->prefix)};
    enum err bad = prefix_find(&q, txn, id.b, &j->why);
    if (bad == ERR_OK)
        bad = asked_get(s, txn, &id, j->arena, &j->asked);
    if (bad != ERR_OK)
        return bad;
    j->word.most_days = most_days(j);
    bad = keep_say(s, txn, &j->asked, &j->word, j->arena, &j->keep, &j->why);
    const struct audit_fact what[] = {audit_fact_count("days", j->keep.days),
                                      audit_fact_bool("confirmed", keep_is_confirmed(&j->keep))};
    const struct own_touch touched = {touch_of_request(&j->asked.id), TOUCH_GROUP_ALL, NULL};
    const struct own_entry e = {.event = AUDIT_EVENT_REQUEST_KEPT,
                                .staff = &j->word.staff,
                                .rule = &j->asked.rule,
                                .rule_version = j->asked.rule_version,
                                .request = j->asked.holder_count > 0 ? &j->asked.holders[0].header_digest : NULL,
                                .case_id = &j->asked.case_id,
                                .facts = what,
                                .facts_count = ARRAY_LEN(what),
                                .touched = &touched,
                                .touched_count = 1};
    return bad == ERR_OK ? own_log_append(j->agent, txn, &e) : bad;
}

static struct doc *keep_doc(const struct keep_job *j)
{
    struct doc *d = doc_new_object();
    if (d == NULL)
        return NULL;
    struct doc_build b = doc_build_of(d);
    doc_put_hex(&b, "request", BYTES_OF_ARRAY(j->asked.id.b));
    doc_put_str(&b, "state", keep_is_confirmed(&j->keep) ? "extended" : "proposed");
    doc_put_int(&b, "days", j->keep.days);
    doc_put_text(&b, "reason", j->keep.reason);
    doc_put_str(&b, "proposed_by", j->keep.first.s);
    if (keep_is_confirmed(&j->keep))
        doc_put_str(&b, "confirmed_by", j->keep.second.s);
    doc_put_int(&b, "kept_days", j->asked.keep_days);
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

static void done(enum err result, void *arg)
{
    CLEANUP(cleanup_job_free) struct keep_job *j = arg;
    if (result == ERR_OK)
        call_ok(j->call, keep_doc(j));
    else
        call_error(j->call, result, &j->why);
}

/* An optional text of one line, in the arena. */
static enum err read_reason(const struct doc *args, struct keep_job *j)
{
    struct bytes text;
    if (!doc_has(args, "reason"))
        return ERR_OK;
    enum err bad = doc_get_text(args, "reason", KEEP_REASON_MAX, &text, &j->why);
    for (size_t i = 0; bad == ERR_OK && i < text.len; i++)
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return errmsg_set(&j->why, ERR_INVALID, "a reason is one line of text");
    if (bad == ERR_OK)
        j->word.reason = arena_copy(j->arena, text);
    return bad == ERR_OK && text.len > 0 && j->word.reason.ptr == NULL ? ERR_NOMEM : bad;
}

static enum err read_args(const struct doc *args, struct keep_job *j)
{
    struct bytes text;
    int64_t days = 0;
    enum err bad = doc_get_text(args, "request", ID_TEXT_MAX, &text, &j->why);
    if (bad != ERR_OK)
        return errmsg_set(&j->why, bad, "say which request: the first hex digits of its id");
    memcpy(j->prefix, text.ptr, text.len);
    bad = doc_get_int(args, "days", 1, DAYS_MOST, &days, &j->why);
    if (bad != ERR_OK)
        return errmsg_set(&j->why, bad, "say for how many days");
    j->word.days = (uint32_t)days;
    return read_reason(args, j);
}

void ask_keep(struct call *c, const struct doc *args)
{
    struct agent *a = call_agent(c);
    const struct roster_officer *officer = call_officer(c);
    CLEANUP(cleanup_job_free) struct keep_job *j = calloc(1, sizeof *j);
    if (j != NULL)
        j->arena = arena_new(KEEP_ARENA_BYTES);
    if (j == NULL || j->arena == NULL || officer == NULL) {
        call_error(c, officer == NULL ? ERR_PERMISSION : ERR_NOMEM, NULL);
        return;
    }
    j->call = c;
    j->agent = a;
    j->view = view_ref(a->view);
    j->word.staff = *call_staff(c);
    j->word.person = officer->person;
    j->word.now_s = agent_now_s(a);
    enum err bad = read_args(args, j);
    if (bad == ERR_OK)
        bad = writer_submit(a->writer, WRITER_INTERACTIVE, apply, done, j);
    if (bad == ERR_OK)
        j = NULL;
    else
        call_error(c, bad, &j->why);
}
