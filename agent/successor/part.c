/* The part as the agent sees it: it looks at each new roster, asks the broker how each of its heads grew to the last one,
 * and goes over in one transaction. Until then, and where it must not, nothing of the next log is cosigned or mirrored. */
#include <stdlib.h>
#include <string.h>

#include "agent/evidence.h"
#include "agent/log_origin.h"
#include "agent/mirror/mirror.h"
#include "agent/own_log.h"
#include "agent/part.h"
#include "agent/receipts.h"
#include "agent/session.h"
#include "agent/successor/successor.h"
#include "agent/witness/witness.h"
#include "pki/log_policy.h"
#include "proto/base/join.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/crash.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"
#include "proto/msg/cosign.h"

#define TICK_MS 250
#define LIFE_S 30
#define REPLY_ARENA_BYTES ((size_t)2 << 20)

static void note_trouble(struct successor *s, const struct errmsg *why)
{
    if (strcmp(s->trouble.text, why->text) != 0 && why->text[0] != '\0')
        log_err("log.not_followed reason=\"%s\"", why->text);
    s->trouble = *why;
}

static void refuse(struct successor *s, const char *what)
{
    const struct roster *r = view_roster(s->agent->view);
    const struct bytes from = log_origin_followed(s->agent);
    struct errmsg why;
    (void)errmsg_set(&why, ERR_MISMATCH, "the roster names the log %.*s; this agency stays with %.*s: %s", (int)r->log_origin.len,
                     (const char *)r->log_origin.ptr, (int)from.len, (const char *)from.ptr, what);
    note_trouble(s, &why);
}

/* The log that ended under the origin that this agency follows; NULL: it did not, by the roster, or nobody can tell where. */
static const struct roster_former_origin *last_of(struct successor *s)
{
    const struct roster_former_origin *f = roster_former_origin_of(view_roster(s->agent->view), log_origin_followed(s->agent));
    struct errmsg why = {""};
    if (f == NULL)
        refuse(s, "the roster does not say where that one ended; ask the registrar");
    else if (former_origin_check(f, &why) != ERR_OK)
        refuse(s, why.text[0] != '\0' ? why.text : "its last head cannot be read");
    else
        return f;
    return NULL;
}

/* ---- going over ---- */

/* Whether the store has the heads that were judged, and no newer ones. */
static enum err is_as_judged(struct successor *s, struct kv_txn *txn, bool *out)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(WITNESS_LINES_MAX + 2 * NOTE_MAX_BYTES);
    struct witness_row row = {0};
    uint64_t proved = 0;
    enum err bad = a != NULL ? witness_row_get(s->agent->store, txn, a, &row) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = store_get_number(s->agent->store, txn, "head_size", &proved);
    *out = row.state.size == s->judged[HEAD_COSIGNED].size && proved == s->judged[HEAD_PROVED].size;
    return bad;
}

static enum err say(struct successor *s, struct kv_txn *txn)
{
    const struct audit_fact facts[] = {audit_fact_text("from", log_origin_followed(s->agent)),
                                       audit_fact_bool("proved", !s->is_told), audit_fact_count("size", s->last_size)};
    const struct own_entry e = {.event = AUDIT_EVENT_LOG_FOLLOWED,
                                .staff = s->is_told ? &s->staff : NULL,
                                .facts = facts,
                                .facts_count = ARRAY_LEN(facts)};
    return own_log_append(s->agent, txn, &e);
}

static enum err go_job(struct kv_txn *txn, void *arg)
{
    struct successor *s = arg;
    struct store *store = s->agent->store;
    bool is_same = false;
    int64_t left_s = 0;
    enum err bad = is_as_judged(s, txn, &is_same);
    if (bad == ERR_OK && !is_same)
        return ERR_AGAIN;
    if (bad == ERR_OK)
        bad = log_origin_left_s(store, txn, buf_bytes(&s->next), &left_s);
    if (bad == ERR_OK && left_s > 0)
        return ERR_CONFLICT;
    if (bad == ERR_OK) /* nothing changes the origin before this job is done */
        bad = log_origin_put_left(store, txn, log_origin_followed(s->agent), buf_bytes(&s->before));
    if (bad == ERR_OK)
        bad = say(s, txn);
    if (bad == ERR_OK)
        bad = receipts_drop_head(s->agent->receipts, txn);
    if (bad == ERR_OK)
        bad = witness_row_drop(store, txn);
    if (bad == ERR_OK)
        bad = log_origin_put(store, txn, buf_bytes(&s->next));
    crash_point("successor.before_commit");
    return bad;
}

static void gone(enum err result, void *arg)
{
    struct successor *s = arg;
    struct agent *a = s->agent;
    s->is_going = false;
    if (result == ERR_AGAIN)
        return; /* something newer came meanwhile: it is judged first */
    if (result == ERR_CONFLICT) {
        refuse(s, "it has left that log before, and follows none twice; ask the registrar");
        return;
    }
    if (result != ERR_OK) {
        log_err("log.not_followed error=\"%s\": it is tried again", err_text(result));
        return;
    }
    crash_point("successor.committed");
    log_notice("log.followed origin=\"%s\"", buf_text(&s->next));
    memset(s->shown, 0, sizeof s->shown);
    s->is_told = false;
    log_origin_take(a, buf_bytes(&s->next));
    receipts_begin_anew(a->receipts);
    if (a->witness != NULL)
        witness_begin_anew(a->witness);
    if (a->mirror != NULL)
        mirror_begin_anew(a->mirror);
    note_trouble(s, &(struct errmsg){""});
}

/* What stays of the log that is left: its last head, and the heads that this agency had of it. */
static void put_before(struct successor *s, const struct own_heads *own, const struct roster_former_origin *last)
{
    buf_reset(&s->before);
    s->last_size = last->size;
    join_u64(&s->before, (uint64_t)agent_now_s(s->agent));
    join_part(&s->before, last->head);
    for (size_t i = 0; i < HEAD_KINDS; i++)
        join_part(&s->before, buf_bytes(&own->v[i].note));
}

static void go(struct successor *s, const struct own_heads *own, const struct roster_former_origin *last)
{
    for (size_t i = 0; i < HEAD_KINDS; i++)
        s->judged[i] = (struct own_head){.size = own->v[i].size, .root = own->v[i].root};
    put_before(s, own, last);
    buf_reset(&s->next);
    buf_put(&s->next, view_roster(s->agent->view)->log_origin);
    enum err bad = buf_err(&s->before) == ERR_OK ? buf_err(&s->next) : buf_err(&s->before);
    if (bad == ERR_OK)
        bad = writer_submit(s->agent->writer, WRITER_INTERACTIVE, go_job, gone, s);
    s->is_going = bad == ERR_OK;
    if (bad != ERR_OK)
        log_warn("log.not_followed error=\"%s\": it is tried again", err_text(bad));
}

/* ---- judging ---- */

static void refuse_contradicted(struct successor *s)
{
    s->is_contradicted = true;
    s->is_told = false; /* whoever said it did not know */
    refuse(s, "a head that this agency verified is not in it as it ended; the evidence is kept: tell the auditor");
}

static void contradict(struct successor *s, const struct own_head *own, const struct roster_former_origin *last, struct bytes shown)
{
    const struct evidence found = {shown, buf_bytes(&own->note)};
    refuse_contradicted(s);
    contradiction_keep(s->agent, last, &found);
    if (s->agent->witness != NULL)
        witness_note_fork(s->agent->witness, "a head that this agency verified is not in the log as it ended");
}

/* Before this start, or under a roster of before. What cannot be read is taken for one, until it can. */
static bool was_contradicted(struct successor *s, const struct roster_former_origin *last)
{
    bool is_kept = false;
    const enum err bad = contradiction_has(s->agent, last, &is_kept);
    if (bad != ERR_OK)
        refuse(s, err_text(bad));
    else if (is_kept)
        refuse_contradicted(s);
    return bad != ERR_OK || is_kept;
}

static void on_reply(void *arg, const struct message_id *id, enum msg_kind kind, struct bytes body);

static void ask(struct successor *s, size_t kind, const struct own_head *own)
{
    struct agent *a = s->agent;
    CLEANUP(buf_free) struct buf body = buf_new(COSIGN_MAX_ORIGIN_BYTES + 96);
    const struct cosign c = {.size = own->size, .former = log_origin_followed(a)};
    enum err bad = cosign_encode(&c, &body);
    const struct session_ask question = {MSG_COSIGN, buf_bytes(&body), LIFE_S, on_reply, s};
    s->asked_ms = clock_mono_ms();
    s->asked_kind = kind;
    s->asked.size = own->size;
    s->asked.root = own->root;
    buf_reset(&s->asked.note);
    buf_put(&s->asked.note, buf_bytes(&own->note));
    if (bad == ERR_OK)
        bad = session_ask(a->session, &question, NULL);
    s->is_asking = bad == ERR_OK;
    if (bad != ERR_OK && bad != ERR_STATE && bad != ERR_LIMIT)
        log_warn("log.not_asked error=\"%s\"", err_text(bad));
}

/* The first head that stands in the way: it is asked about, or contradicts. True: none does. */
static bool all_in_log(struct successor *s, const struct own_heads *own, const struct roster_former_origin *last)
{
    for (size_t i = 0; i < HEAD_KINDS; i++) {
        const struct own_head *h = &own->v[i];
        const enum head_verdict v = own_head_compare(h, last);
        if (v == HEAD_IN_LOG || (v == HEAD_SMALLER && s->shown[i] == h->size) || (v != HEAD_OTHER && s->is_told))
            continue;
        if (v == HEAD_OTHER)
            contradict(s, h, last, last->head);
        else if (v == HEAD_BEHIND)
            refuse(s, "this agency verified a greater head of it than the last one by the roster; ask the registrar");
        else if (session_is_open(s->agent->session))
            ask(s, i, h);
        return false;
    }
    return true;
}

static bool is_waiting(const struct successor *s)
{
    const struct agent *a = s->agent;
    return s->is_asking || s->is_going || s->is_contradicted || (a->mirror != NULL && mirror_is_busy(a->mirror)) ||
           (a->witness != NULL && a->witness->is_judging);
}

static void look(struct successor *s)
{
    CLEANUP(own_heads_free) struct own_heads own = {.v = {{.size = 0}}};
    struct errmsg why = {""};
    if (log_origin_is_current(s->agent)) {
        s->is_contradicted = false;
        note_trouble(s, &why);
        return;
    }
    const struct roster_former_origin *last = is_waiting(s) ? NULL : last_of(s);
    if (last == NULL || was_contradicted(s, last))
        return;
    const enum err bad = own_heads_read(s->agent, &own, &why);
    if (bad != ERR_OK)
        refuse(s, why.text[0] != '\0' ? why.text : err_text(bad));
    else if (all_in_log(s, &own, last))
        go(s, &own, last);
}

static void take_request(struct successor *s, struct bytes request)
{
    struct head_shown shown = {HEAD_SMALLER, false};
    const struct roster_former_origin *last = last_of(s);
    if (last == NULL)
        return;
    const enum err bad = request.len > 0 ? own_head_judge(&s->asked, last, request, &shown) : ERR_OK;
    if (bad != ERR_OK)
        log_warn("log.not_judged error=\"%s\"", err_text(bad));
    else if (shown.verdict == HEAD_OTHER)
        contradict(s, &s->asked, last, request);
    else if (shown.verdict == HEAD_SMALLER)
        refuse(s, "the broker does not show that its last head grew from the one that this agency verified");
    else
        s->shown[s->asked_kind] = s->asked.size;
    if (shown.verdict == HEAD_IN_LOG)
        look(s);
}

static void on_reply(void *arg, const struct message_id *id, enum msg_kind kind, struct bytes body)
{
    struct successor *s = arg;
    struct errmsg why = {""};
    struct cosign_reply r;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(REPLY_ARENA_BYTES);
    (void)id;
    s->is_asking = false;
    if (kind != MSG_COSIGN_REPLY || log_origin_is_current(s->agent))
        return;
    const enum err bad = a != NULL ? cosign_reply_decode(body, a, &r, &why) : ERR_NOMEM;
    if (bad == ERR_OK)
        take_request(s, r.request);
    else
        log_warn("log.answer_refused reason=\"%s\"", why.text[0] != '\0' ? why.text : err_text(bad));
}

static void on_tick(void *arg)
{
    struct successor *s = arg;
    struct session_info session;
    if (log_origin_is_current(s->agent) || s->agent->session == NULL)
        return;
    session_info(s->agent->session, &session);
    if (clock_mono_ms() - s->asked_ms >= (int64_t)session.publish_interval_ms)
        look(s);
}

/* ---- the verb `follow` ---- */

/* Where nothing is left by which the end of the log could be shown, a person decides: what is not in it by what this agency
 * itself knows is not left for that. */
static void follow_verb(struct call *c, const struct doc *args)
{
    struct successor *s = call_agent(c)->successor;
    struct errmsg why = {""};
    const struct roster_former_origin *last = NULL;
    enum err bad = ERR_OK;
    (void)args;
    if (log_origin_is_current(s->agent) || s->is_going) /* the job reads who told it */
        bad = errmsg_set(&why, ERR_STATE, "this agency follows the log that the roster names, or is about to");
    else if (s->is_contradicted || (last = last_of(s)) == NULL || was_contradicted(s, last))
        bad = errmsg_set(&why, ERR_STATE, "%s", s->trouble.text);
    if (bad != ERR_OK) {
        call_error(c, bad, &why);
        return;
    }
    s->is_told = true;
    s->staff = *call_staff(c);
    look(s);
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_text(&b, "origin", view_roster(s->agent->view)->log_origin);
    if (doc_build_done(&b) == ERR_OK) {
        call_ok(c, d);
        return;
    }
    doc_free(d);
    call_ok(c, NULL);
}

static const struct verb verbs[] = {
    {"follow", 1u << FUNCTION_SECURITY_OFFICER, follow_verb},
    {NULL, 0, NULL},
};

/* ---- life ---- */

static void on_view(struct agent *a)
{
    struct successor *s = a->successor;
    const struct roster_former_origin *f = roster_former_origin_of(view_roster(a->view), log_origin_followed(a));
    const struct witness_state end = f != NULL ? (struct witness_state){f->size, f->root} : (struct witness_state){.size = 0};
    if (end.size != s->end.size || !digest_equal(&end.root, &s->end.root)) { /* the registrar says now that it ended elsewhere */
        memset(s->shown, 0, sizeof s->shown);
        s->is_contradicted = false;
    }
    s->end = end;
    look(s);
}

static void successor_free(struct successor *s)
{
    if (s == NULL)
        return;
    loop_timer_free(s->tick);
    buf_free(&s->asked.note);
    buf_free(&s->before);
    buf_free(&s->next);
    free(s);
}

static enum err start(struct agent *a, struct errmsg *why)
{
    struct successor *s = calloc(1, sizeof *s);
    (void)why;
    if (s == NULL)
        return ERR_NOMEM;
    a->successor = s;
    s->agent = a;
    s->asked.note = buf_new(NOTE_MAX_BYTES);
    s->before = buf_new((HEAD_KINDS + 1) * (size_t)NOTE_MAX_BYTES);
    s->next = buf_new(NOTE_MAX_NAME + 1);
    s->tick = loop_timer_new(a->loop, on_tick, s);
    if (s->tick == NULL)
        return ERR_NOMEM;
    loop_timer_every(s->tick, TICK_MS);
    return ERR_OK;
}

static void stop(struct agent *a)
{
    successor_free(a->successor);
    a->successor = NULL;
}

static enum err alarms(const struct call *c, struct doc *lines)
{
    const struct successor *s = call_agent(c)->successor;
    return s->trouble.text[0] != '\0' ? doc_append(lines, doc_new_text(bytes_str(s->trouble.text))) : ERR_OK;
}

const struct agent_part successor_part = {
    .name = "successor",
    .verbs = verbs,
    .start = start,
    .stop = stop,
    .on_view = on_view,
    .alarms = alarms,
};
