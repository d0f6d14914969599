/* Answers to what the outbox sent: final ones go to the store, with the end of their entry; others make it go
 * again. */
#include <stdlib.h>

#include "agent/outbox_internal.h"
#include "agent/receipts.h"
#include "agent/session.h"
#include "agent/store/store.h"
#include "agent/trust.h"
#include "proto/base/log.h"
#include "proto/host/crash.h"
#include "proto/host/writer.h"

#define CLOCK_SLACK_S 300
#define REPLY_ARENA_BYTES ((size_t)1 << 20)

/* An answer on its way into the store. */
struct settling {
    struct outbox *outbox;
    struct entry *entry;
    struct arena *arena;
    const struct outbox_owner *owner;
    bool is_accepted;
    bool has_promise;
    struct accepted accepted;
    struct refused refused;
    struct promise_bytes promise_bytes;
    struct promise promise;
};

static void settling_free(struct settling *s)
{
    if (s == NULL)
        return;
    arena_free(s->arena);
    free(s);
}
DEFINE_CLEANUP(struct settling, settling_free)

/* A promise is a witness of time, as far as this host's clock does not contradict it. */
static enum err mark_time(struct agent *a, struct kv_txn *txn, int64_t committed_s)
{
    if (committed_s > agent_now_s(a) + CLOCK_SLACK_S)
        return ERR_OK;
    return agent_trust_raise_time(a->store, txn, committed_s);
}

static enum err apply_answer(struct kv_txn *txn, void *arg)
{
    struct settling *s = arg;
    struct agent *a = s->outbox->agent;
    struct bytes tag = outbox_tag(&s->entry->head);
    enum err bad = outbox_rows_remove(a->store, txn, s->entry->head.id);
    if (bad == ERR_NOT_FOUND)
        return ERR_OK; /* dropped by its owner: no effect any more */
    if (bad == ERR_OK && s->has_promise)
        bad = receipts_put(a->receipts, txn, &s->promise_bytes, &s->promise);
    if (bad == ERR_OK && s->has_promise)
        bad = mark_time(a, txn, s->promise.committed_at_s);
    if (bad == ERR_OK && s->owner != NULL && s->is_accepted)
        bad = s->owner->on_accepted(a, txn, tag, &s->accepted, &s->promise);
    if (bad == ERR_OK && s->owner != NULL && !s->is_accepted)
        bad = s->owner->on_refused(a, txn, tag, &s->refused);
    crash_point("outbox.before_commit");
    return bad;
}

static void answered(enum err result, void *arg)
{
    CLEANUP(cleanup_settling_free) struct settling *s = arg;
    struct outbox *o = s->outbox;
    if (result != ERR_OK) {
        log_warn("outbox.answer_not_stored kind=%s error=\"%s\"", msg_kind_id(s->entry->head.kind),
                 err_text(result));
        s->entry->state = ENTRY_SENT;
        outbox_back_off(o, s->entry);
        return;
    }
    crash_point("outbox.after_commit");
    const struct outbox_head head = s->entry->head;
    outbox_forget(o, s->entry);
    if (s->owner != NULL && s->owner->on_done != NULL)
        s->owner->on_done(o->agent, outbox_tag(&head), s->is_accepted);
    outbox_pump(o);
}

/* Whether sending it again, in a new envelope, can help. */
static bool is_mended_by_repeating(const struct settling *s)
{
    const enum refusal_code code = s->refused.code;
    const struct outbox_owner *owner = s->owner;
    if (code == REFUSED_SUSPENDED)
        return owner == NULL || owner->ends_when_suspended == NULL || !owner->ends_when_suspended(s->outbox->agent);
    return code == REFUSED_BEHIND || code == REFUSED_EXPIRED || code == REFUSED_STATE ||
           code == REFUSED_CLOSED || code == REFUSED_CREDIT;
}

static void send_anew(struct outbox *o, struct entry *e, enum refusal_code code)
{
    log_info("outbox.again kind=%s refused=%s", msg_kind_id(e->head.kind), refusal_code_id(code));
    e->is_stale = true;
    e->state = ENTRY_WAITING;
    outbox_back_off(o, e);
}

/* Nothing helps but that the purpose is served again, which hello tells; others go past it. */
static void wait_for_purpose(struct outbox *o, struct entry *e)
{
    log_info("outbox.waits kind=%s refused=suspended", msg_kind_id(e->head.kind));
    e->is_stale = true;
    e->state = ENTRY_WAITING;
    o->suspended += !e->is_suspended;
    e->is_suspended = true;
}

static void send_passing(struct settling *s)
{
    if (s->refused.code == REFUSED_SUSPENDED)
        wait_for_purpose(s->outbox, s->entry);
    else
        send_anew(s->outbox, s->entry, s->refused.code);
}

static enum err take_promise(struct settling *s, struct bytes promise, struct bytes signature,
                             struct errmsg *why)
{
    s->promise_bytes = (struct promise_bytes){promise, signature};
    enum err bad = receipts_check(s->outbox->agent->view, &s->promise_bytes, s->arena, &s->promise,
                                  why);
    if (bad == ERR_OK)
        bad = receipts_check_log(s->outbox->agent->receipts, &s->promise, s->entry->head.created_s, why);
    if (bad == ERR_OK && !outbox_head_knows(&s->entry->head, &s->promise.message_id))
        bad = errmsg_set(why, ERR_MISMATCH, "promise: for another message");
    s->has_promise = bad == ERR_OK;
    return bad;
}

static enum err read_answer(struct settling *s, const struct envelope *reply, struct errmsg *why)
{
    struct bytes body = arena_copy(s->arena, reply->body);
    if (body.ptr == NULL)
        return ERR_NOMEM;
    if (reply->kind == MSG_ACCEPTED) {
        s->is_accepted = true;
        enum err bad = accepted_decode(body, s->arena, &s->accepted, why);
        return bad == ERR_OK ? take_promise(s, s->accepted.promise, s->accepted.promise_signature,
                                            why)
                             : bad;
    }
    enum err bad = refused_decode(body, s->arena, &s->refused, why);
    if (bad == ERR_OK && s->refused.promise.len > 0)
        bad = take_promise(s, s->refused.promise, s->refused.promise_signature, why);
    return bad;
}

static struct entry *entry_of(struct outbox *o, const struct message_id *id)
{
    for (struct entry *e = o->first; e != NULL; e = e->next)
        if (outbox_head_knows(&e->head, id))
            return e;
    return NULL;
}

/* Final answers go to the store; others make the entry go again. */
static enum err handle_answer(struct settling *s, const struct envelope *reply, bool *is_taken)
{
    struct errmsg why = {""};
    enum err bad = read_answer(s, reply, &why);
    if (bad != ERR_OK) {
        log_err("outbox.bad_answer kind=%s reason=\"%s\"", msg_kind_id(s->entry->head.kind),
                why.text[0] != '\0' ? why.text : err_text(bad));
        s->outbox->info.bad_promise = true;
        return bad;
    }
    if (s->is_accepted)
        session_set_credit(s->outbox->agent->session, s->accepted.credit);
    bool is_current = bytes_equal(BYTES_OF_ARRAY(s->entry->head.message.b),
                                  BYTES_OF_ARRAY(reply->in_reply_to.b));
    if (!s->is_accepted && is_mended_by_repeating(s)) {
        if (is_current)
            send_passing(s);
        return ERR_OK;
    }
    bad = writer_submit(s->outbox->agent->writer, WRITER_INTERACTIVE, apply_answer, answered, s);
    *is_taken = bad == ERR_OK;
    if (*is_taken)
        s->entry->state = ENTRY_SETTLING;
    return bad;
}

bool outbox_on_reply(struct outbox *o, const struct envelope *reply)
{
    struct entry *e = entry_of(o, &reply->in_reply_to);
    if (e == NULL)
        return false;
    if (o->is_stopped || e->state == ENTRY_SETTLING || e->state == ENTRY_WRAPPING)
        return true;
    CLEANUP(cleanup_settling_free) struct settling *s = calloc(1, sizeof *s);
    if (s == NULL)
        return true;
    s->outbox = o;
    s->entry = e;
    s->owner = outbox_owner_of(o, e->head.kind);
    s->arena = arena_new(REPLY_ARENA_BYTES);
    bool is_taken = false;
    enum err bad = s->arena != NULL ? handle_answer(s, reply, &is_taken) : ERR_NOMEM;
    if (bad != ERR_OK)
        log_warn("outbox.answer_dropped error=\"%s\"", err_text(bad));
    if (is_taken)
        s = NULL;
    return true;
}
