/* One message from check 6 on (docs/protocol.md, "Envelope"), on the loop thread. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "broker/reply.h"
#include "broker/sessions.h"
#include "broker/store/known.h"
#include "broker/turn_internal.h"
#include "proto/base/log.h"
#include "proto/host/crash.h"
#include "proto/host/writer.h"
#include "proto/policy/explain.h"

#define DETAIL_MAX 320u
#define PARAMETER_MAX 200u
#define CONDITION_CODE_MAX 64u

struct turns *turns_new(const struct turns_params *p)
{
    struct turns *ts = calloc(1, sizeof *ts);
    if (ts != NULL)
        ts->p = *p;
    return ts;
}

void turns_free(struct turns *ts)
{
    if (ts == NULL)
        return;
    while (ts->first != NULL) {
        struct turn *t = ts->first;
        ts->first = t->private->next;
        turn_destroy(t);
    }
    free(ts);
}

size_t turns_pending(const struct turns *ts)
{
    return ts->count;
}

uint64_t turns_silent(const struct turns *ts)
{
    return ts->silent;
}

enum err turn_refuse(struct turn *t, enum refusal_code code, const char *fmt, ...)
{
    if (t->refusal.code != REFUSED_NONE)
        return ERR_OK;
    char text[DETAIL_MAX + 1];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    t->refusal.code = code;
    t->refusal.detail = arena_copy(t->arena, bytes_str(text));
    return t->refusal.detail.ptr == NULL ? ERR_NOMEM : ERR_OK;
}

/* Text of at most max bytes in the arena, cut at a character. */
static struct bytes cut_text(struct arena *a, struct bytes text, size_t max)
{
    size_t n = text.len < max ? text.len : max;
    while (n > 0 && n < text.len && (text.ptr[n] & 0xC0) == 0x80)
        n--;
    return arena_copy(a, bytes_of(text.ptr, n));
}

static enum err describe_failure(struct turn *t, const struct failure *f,
                                 struct refused_condition *out)
{
    CLEANUP(buf_free) struct buf cite = buf_new(4096);
    if (f->cite != NULL)
        explain_citation(&cite, view_policy(t->view), f->cite, LANGUAGE_NL);
    *out = (struct refused_condition){
        .code = cut_text(t->arena, bytes_str(condition_id(f->condition)), CONDITION_CODE_MAX),
        .parameter = cut_text(t->arena, bytes_str(f->detail), PARAMETER_MAX),
        .citation = cut_text(t->arena, buf_bytes(&cite), PARAMETER_MAX),
    };
    const bool is_full =
        out->code.ptr == NULL || out->parameter.ptr == NULL || out->citation.ptr == NULL;
    return is_full ? ERR_NOMEM : buf_err(&cite);
}

enum err turn_refuse_decision(struct turn *t, const struct decision *d)
{
    if (t->refusal.code != REFUSED_NONE)
        return ERR_OK;
    struct refused_condition *list =
        arena_array(t->arena, d->failures_count, sizeof *list);
    if (list == NULL)
        return ERR_NOMEM;
    size_t n = 0;
    enum err e = ERR_OK;
    for (uint32_t i = 0; e == ERR_OK && i < d->failures_count && n < REPLY_CONDITIONS_MAX; i++)
        e = describe_failure(t, &d->failures[i], &list[n++]);
    if (e != ERR_OK)
        return e;
    e = turn_refuse(t, REFUSED_POLICY, "the policy does not permit it: %u conditions",
                    d->failures_count);
    t->refusal.conditions = list;
    t->refusal.condition_count = n;
    return e;
}

enum err turn_repeat(struct turn *t, struct bytes promise, struct bytes promise_signature)
{
    t->promise = arena_copy(t->arena, promise);
    t->promise_signature = arena_copy(t->arena, promise_signature);
    t->repeated = true;
    return t->promise.ptr == NULL || t->promise_signature.ptr == NULL ? ERR_NOMEM : ERR_OK;
}

static void unlist(struct turn *t)
{
    struct turns *ts = t->private->turns;
    struct turn **at = &ts->first;
    while (*at != NULL && *at != t)
        at = &(*at)->private->next;
    if (*at == NULL)
        return;
    *at = t->private->next;
    ts->count--;
}

static void finish(struct turn *t, enum err result)
{
    const struct turn_handler *h = t->private->handler;
    if (t->private->prepared && h != NULL && h->done != NULL)
        h->done(t, result);
    unlist(t);
    turn_destroy(t);
}

/* A lost answer is asked for again with the same bytes. */
static void send_answer(struct turn *t)
{
    if (t->private->answer_kind == MSG_NONE)
        return;
    const struct turns_params *p = &t->private->turns->p;
    const struct reply_to to = {.agency = &t->envelope.sender,
                                .in_reply_to = &t->envelope.id,
                                .known_roster = t->envelope.roster_serial};
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    enum err e = reply_seal(t->broker, &to, t->private->answer_kind, t->private->answer, &frame);
    if (e == ERR_OK)
        e = p->send(p->arg, &t->route, buf_bytes(&frame));
    if (e == ERR_UNREACHABLE)
        sessions_end(t->broker->sessions, &t->envelope.sender);
    else if (e != ERR_OK)
        log_warn("reply agency=%s error=\"%s\"", t->envelope.sender.oin, err_text(e));
}

static void log_refusal(const struct turn *t)
{
    if (t->refusal.code == REFUSED_NONE)
        return;
    const char *more = t->audit.refused_for;
    log_info("refused agency=%s kind=%s code=%s%s%s", t->envelope.sender.oin,
             msg_kind_id(t->envelope.kind), refusal_code_id(t->refusal.code),
             more != NULL ? " reason=" : "", more != NULL ? more : "");
}

static void job_done(enum err result, void *arg)
{
    struct turn *t = arg;
    broker_saw(t->broker, result);
    if (result == ERR_OK) {
        crash_point("turn.committed");
        log_refusal(t);
        send_answer(t);
    }
    finish(t, result);
}

static void answer_without_entry(struct turn *t)
{
    enum err e = ERR_OK;
    if (t->refusal.code != REFUSED_NONE)
        e = turn_set_refused(t);
    else if (!t->no_reply && t->reply_kind != MSG_NONE)
        e = turn_set_answer(t, t->reply_kind, t->reply_body);
    if (e == ERR_OK)
        send_answer(t);
    finish(t, e);
}

void turn_continue(struct turn *t)
{
    const struct turn_handler *h = t->private->handler;
    const bool is_refused = t->refusal.code != REFUSED_NONE;
    t->private->held = false;
    const bool has_job = is_refused || (h != NULL && h->apply != NULL);
    if (!has_job || (is_refused && !broker_can_log(t->broker))) {
        answer_without_entry(t);
        return;
    }
    enum err e = writer_submit(t->broker->writer, WRITER_INTERACTIVE, turn_job, job_done, t);
    if (e != ERR_OK)
        finish(t, e); /* no room: the agent repeats */
}

void turn_drop(struct turn *t)
{
    finish(t, ERR_CANCELLED);
}

static void refuse_now(struct turn *t, enum refusal_code code, const char *detail)
{
    if (turn_refuse(t, code, "%s", detail) != ERR_OK) {
        finish(t, ERR_NOMEM);
        return;
    }
    turn_continue(t);
}

static const struct turn_handler *handler_of(const struct turns *ts, enum msg_kind kind)
{
    for (size_t i = 0; i < ts->p.handler_count; i++)
        if (ts->p.handlers[i]->kind == kind)
            return ts->p.handlers[i];
    return NULL;
}

/* What check 6 found. */
enum known_state { KNOWN_NEW, KNOWN_ANSWERED, KNOWN_CONFLICT, KNOWN_FAILED };

static enum known_state look_up(struct turn *t)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct known k;
    enum err e = kv_read_begin(t->broker->kv, &txn);
    if (e == ERR_OK)
        e = known_find(t->broker->store, txn, &t->envelope.sender, &t->envelope.id, &k);
    if (e == ERR_NOT_FOUND)
        return KNOWN_NEW;
    if (e != ERR_OK)
        return KNOWN_FAILED;
    if (!digest_equal(&k.envelope, &t->envelope_digest))
        return KNOWN_CONFLICT;
    return turn_set_answer(t, k.reply_kind, k.reply_body) == ERR_OK ? KNOWN_ANSWERED
                                                                    : KNOWN_FAILED;
}

/* The same id under way: its answer will come by itself. */
static const struct turn *under_way(const struct turns *ts, const struct turn *t, size_t *of_sender)
{
    const struct turn *same = NULL;
    *of_sender = 0;
    for (const struct turn *o = ts->first; o != NULL; o = o->private->next) {
        if (o == t || !agency_id_equal(&o->envelope.sender, &t->envelope.sender))
            continue;
        ++*of_sender;
        if (bytes_equal(BYTES_OF_ARRAY(o->envelope.id.b), BYTES_OF_ARRAY(t->envelope.id.b)))
            same = o;
    }
    return same;
}

static bool may_send(const struct turn *t)
{
    const struct turn_handler *h = t->private->handler;
    const unsigned senders = h == NULL || h->senders == 0 ? 1u << MEMBER_AGENCY : h->senders;
    return (senders & 1u << t->sender->kind) != 0;
}

/* 7 time, 8 serials, 9 session and who may send it. REFUSED_NONE: go on. */
static enum refusal_code check_standing(const struct turn *t, const char **detail)
{
    const struct envelope *e = &t->envelope;
    const struct turn_handler *h = t->private->handler;
    const uint64_t roster = view_roster(t->view)->serial;
    const uint64_t policy = view_policy(t->view)->serial;
    const bool may_repair = h != NULL && h->in_repair;
    if (e->expires_at_s <= t->now_s) {
        *detail = "expires_at: it has passed by the broker's clock";
        return REFUSED_EXPIRED;
    }
    if (!may_repair && (e->roster_serial < roster || e->policy_serial < policy)) {
        *detail = "roster_serial, policy_serial: older than in force; fetch them first";
        return REFUSED_BEHIND;
    }
    if (!may_repair && (e->roster_serial > roster || e->policy_serial > policy)) {
        *detail = "roster_serial, policy_serial: newer than the broker's; its operator installs "
                  "them first";
        return REFUSED_CLOSED;
    }
    const enum session_state s =
        session_state_at(t->broker->sessions, &e->sender, &t->route);
    if (e->kind != MSG_HELLO && s == SESSION_NONE) {
        *detail = "session: say hello first";
        return REFUSED_STATE;
    }
    if (!may_repair && s != SESSION_OPEN) {
        *detail = "session: only hello and fetch are answered until the difference is repaired";
        return REFUSED_STATE;
    }
    if (!may_repair && !broker_is_open(t->broker)) {
        *detail = gate_state_id(broker_gate(t->broker));
        return REFUSED_CLOSED;
    }
    if (h == NULL) {
        *detail = "kind: not one that the broker takes";
        return REFUSED_MALFORMED;
    }
    if (!may_send(t)) {
        *detail = "kind: not one that this kind of member sends";
        return REFUSED_SENDER;
    }
    return REFUSED_NONE;
}

/* 10 body: the handler's. */
static void prepare(struct turn *t)
{
    struct errmsg why = {""};
    t->private->prepared = true;
    t->private->held = true;
    enum err e = t->private->handler->prepare(t, &why);
    if (e == ERR_AGAIN)
        return; /* the handler holds it, or has gone on already */
    if (e != ERR_OK) {
        log_err("turn kind=%s error=\"%s\" detail=\"%s\"", msg_kind_id(t->envelope.kind),
                err_text(e), why.text);
        finish(t, e);
        return;
    }
    turn_continue(t);
}

/* 6: true where the message goes on. */
static bool check_id(struct turns *ts, struct turn *t)
{
    size_t of_sender = 0;
    const struct turn *same = under_way(ts, t, &of_sender);
    if (same == NULL && of_sender >= TURNS_MAX_EACH) {
        finish(t, ERR_LIMIT); /* more than its share: it repeats */
        return false;
    }
    if (same != NULL && digest_equal(&same->envelope_digest, &t->envelope_digest)) {
        finish(t, ERR_EXISTS);
        return false;
    }
    const enum known_state k = same != NULL ? KNOWN_CONFLICT : look_up(t);
    switch (k) {
    case KNOWN_NEW:
        return true;
    case KNOWN_ANSWERED:
        send_answer(t);
        finish(t, ERR_OK);
        return false;
    case KNOWN_CONFLICT:
        t->private->conflict = true;
        refuse_now(t, REFUSED_CONFLICT, "message_id: it was used before with other content");
        return false;
    case KNOWN_FAILED:
        break;
    }
    finish(t, ERR_IO);
    return false;
}

void turns_receive(struct turns *ts, const struct wire_message *m)
{
    if (ts->count >= TURNS_MAX)
        return; /* its sender repeats */
    struct turn *t = turn_admit(ts, m);
    if (t == NULL)
        return;
    t->private->handler = handler_of(ts, t->envelope.kind);
    t->private->next = ts->first;
    ts->first = t;
    ts->count++;
    if (!check_id(ts, t))
        return;
    const char *detail = "";
    const enum refusal_code code = check_standing(t, &detail);
    if (code != REFUSED_NONE)
        refuse_now(t, code, detail);
    else
        prepare(t);
}
