#include "agent/import/resend.h"

#include <stdlib.h>

#include "agent/agent.h"
#include "agent/import/data_set.h"
#include "agent/import/importer.h"
#include "agent/import/resend_find.h"
#include "agent/import/resend_given.h"
#include "agent/import/sender.h"
#include "agent/message_ids.h"
#include "agent/outbox_run.h"
#include "agent/own_log.h"
#include "agent/receipts.h"
#include "agent/session.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/loop.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"
#include "proto/json/doc.h"
#include "proto/msg/reply.h"

#define AGAIN_MS 5000   /* after an answer that passes, or none */
#define LIFE_S 300      /* for the answer to one batch */
#define BODY_MAX ((size_t)64 << 10)
#define ARENA_BYTES ((size_t)1 << 20)

struct resend {
    struct agent *agent;
    struct loop_timer *timer;
    struct hello_chain ends[HELLO_CHAINS_MAX]; /* the broker's; each moves on with what it takes */
    size_t count;
    size_t at;    /* the chain at hand */
    bool is_busy; /* a job or a batch is under way */
    bool is_announced; /* a batch is, and is not answered yet */
    bool is_told; /* of the chain at hand the own log says that it is sent again */
    struct resend_batch batch;
    int64_t sent_s;      /* when it left, in the envelope at hand */
    struct buf body;     /* of its message */
    struct arena *reply; /* its answer, until it is kept */
    struct promise_bytes promise_bytes;
    struct promise promise;
    struct errmsg why;   /* of the job at hand */
    struct errmsg failure;
    struct resend_given given;
    uint64_t sent; /* since this process began */
};

static void look(struct resend *r);
static void on_lost(void *arg, uint32_t no, enum err why);

static void on_timer(void *arg)
{
    struct resend *r = arg;
    if (!r->is_busy && session_is_open(r->agent->session))
        look(r);
}

enum err resend_new(struct agent *a, struct resend **out)
{
    CLEANUP(cleanup_resend_free) struct resend *r = calloc(1, sizeof *r);
    if (r == NULL)
        return ERR_NOMEM;
    r->agent = a;
    r->body = buf_new(BODY_MAX);
    r->reply = arena_new(ARENA_BYTES);
    r->timer = loop_timer_new(a->loop, on_timer, r);
    if (r->reply == NULL || r->timer == NULL)
        return ERR_NOMEM;
    sender_watch(importer_sender(a->importer), on_lost, r);
    *out = take(r);
    return ERR_OK;
}

void resend_free(struct resend *r)
{
    if (r == NULL)
        return;
    sender_watch(importer_sender(r->agent->importer), NULL, NULL);
    loop_timer_free(r->timer);
    arena_free(r->reply);
    buf_free(&r->body);
    free(r);
}

/* ---- what hello says ---- */

enum err resend_hello(struct agent *a, struct arena *arena, struct hello *h)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct resend_ends ends = {.v = arena_array(arena, HELLO_CHAINS_MAX, sizeof *ends.v), .max = HELLO_CHAINS_MAX};
    if (ends.v == NULL)
        return ERR_NOMEM;
    enum err bad = kv_read_begin(a->kv, &txn);
    if (bad == ERR_OK)
        bad = resend_ends(a->store, txn, a->view, &ends);
    h->chains = ends.v;
    h->chain_count = ends.count;
    if (ends.left_out > 0)
        log_warn("resend.not_said chains=%zu: a broker that is restored lets none of their records answer", ends.left_out);
    return bad;
}

/* ---- one batch after the other ---- */

static struct hello_chain *end_at_hand(struct resend *r)
{
    return &r->ends[r->at];
}

static void later(struct resend *r)
{
    r->is_busy = false;
    loop_timer_after(r->timer, AGAIN_MS);
}

static struct resend_by judged_by(const struct view *v)
{
    return (struct resend_by){view_roster(v)->serial, *view_policy_digest(v), *view_states_digest(v)};
}

/* In an epoch that is over nobody has to do anything: what is asked now is asked in another. */
static void note_failure(struct resend *r, const struct hello_chain *end, const struct errmsg *why)
{
    if (view_epoch_state(r->agent->view, &end->purpose, end->epoch) == EPOCH_ACTIVE)
        r->failure = *why;
}

/* This chain stays as it is; the others go on. */
static void give_up(struct resend *r, const char *why)
{
    const struct hello_chain *end = end_at_hand(r);
    struct errmsg text;
    (void)errmsg_set(&text, ERR_STATE, "batch %llu of %s epoch %u: %s", (unsigned long long)end->sequence + 1,
                     end->purpose.s, end->epoch, why);
    log_err("resend.failed %s", text.text);
    const struct resend_by by = judged_by(r->agent->view);
    resend_give(&r->given, end, &by, clock_mono_ms(), &text);
    note_failure(r, end, &text);
    r->is_busy = false;
    r->is_told = false;
    r->at++;
    look(r);
}

static enum err keep_job(struct kv_txn *txn, void *arg)
{
    struct resend *r = arg;
    const struct audit_fact facts[] = {audit_fact_int("batch", r->batch.no), audit_fact_bool("again", true)};
    const struct own_entry e = {
        .event = AUDIT_EVENT_BATCH_ACCEPTED, .facts = facts, .facts_count = ARRAY_LEN(facts)};
    enum err bad = receipts_put(r->agent->receipts, txn, &r->promise_bytes, &r->promise);
    if (bad == ERR_OK)
        bad = resend_note_sent(r->agent->store, txn, end_at_hand(r));
    return bad == ERR_OK ? own_log_append(r->agent, txn, &e) : bad;
}

static void kept(enum err result, void *arg)
{
    struct resend *r = arg;
    if (result != ERR_OK)
        log_warn("resend.promise_not_kept error=\"%s\"", err_text(result));
    struct hello_chain *end = end_at_hand(r);
    end->sequence++;
    end->digest = r->batch.digest;
    r->sent++;
    r->is_busy = false;
    look(r);
}

/* The promise may name an earlier envelope, in which the batch was accepted when the answer was lost, perhaps before this process
 * began. When that one left nobody knows any more, but the earliest time at which it can have. */
static enum err check_promise(struct resend *r, const struct message_id *id, struct errmsg *why)
{
    const bool is_current = memcmp(r->promise.message_id.b, id->b, sizeof id->b) == 0;
    bool is_own = is_current;
    enum err bad = is_current ? ERR_OK : message_ids_know(r->agent->message_ids, &r->promise.message_id, &is_own);
    if (bad == ERR_OK && !is_own)
        bad = errmsg_set(why, ERR_MISMATCH, "promise: for a message that this agency did not send");
    if (bad == ERR_OK)
        bad = receipts_check_log(r->agent->receipts, &r->promise, is_current ? r->sent_s : r->batch.sent_s, why);
    if (bad == ERR_OK && !is_current)
        log_info("resend.accepted_before batch=%u: the answer to an earlier envelope was lost", r->batch.no);
    return bad;
}

static enum err read_accepted(struct resend *r, const struct message_id *id, struct bytes body, struct errmsg *why)
{
    struct accepted a;
    arena_reset(r->reply);
    const struct bytes copy = arena_copy(r->reply, body);
    enum err bad = copy.ptr != NULL ? accepted_decode(copy, r->reply, &a, why) : ERR_NOMEM;
    if (bad != ERR_OK)
        return bad;
    r->promise_bytes = (struct promise_bytes){a.promise, a.promise_signature};
    bad = receipts_check(r->agent->view, &r->promise_bytes, r->reply, &r->promise, why);
    return bad == ERR_OK ? check_promise(r, id, why) : bad;
}

/* Whether the broker has it its next hello says. */
static void take_accepted(struct resend *r, const struct message_id *id, struct bytes body)
{
    struct errmsg why = {""};
    struct errmsg text;
    enum err bad = read_accepted(r, id, body, &why);
    if (bad != ERR_OK && !resend_may_pass(bad)) {
        (void)errmsg_set(&text, bad, "the broker's answer does not hold: %s", why.text[0] != '\0' ? why.text : err_text(bad));
        give_up(r, text.text);
        return;
    }
    if (bad == ERR_OK)
        bad = writer_submit(r->agent->writer, WRITER_INTERACTIVE, keep_job, kept, r);
    if (bad == ERR_OK)
        return;
    log_warn("resend.answer_not_kept error=\"%s\"", err_text(bad));
    later(r);
}

static bool is_passing(enum refusal_code code)
{
    return code == REFUSED_BEHIND || code == REFUSED_EXPIRED || code == REFUSED_STATE || code == REFUSED_CLOSED ||
           code == REFUSED_CREDIT;
}

static void take_refused(struct resend *r, struct bytes body)
{
    struct errmsg text = {""};
    struct refused f;
    arena_reset(r->reply);
    const struct bytes copy = arena_copy(r->reply, body);
    const enum err bad = copy.ptr != NULL ? refused_decode(copy, r->reply, &f, NULL) : ERR_NOMEM;
    if (bad != ERR_OK || is_passing(f.code)) {
        later(r);
        return;
    }
    (void)errmsg_set(&text, ERR_PERMISSION, "the broker refused it: %s %.*s", refusal_code_id(f.code), (int)f.detail.len,
                     f.detail.len > 0 ? (const char *)f.detail.ptr : "");
    give_up(r, text.text);
}

static void on_reply(void *arg, const struct message_id *id, enum msg_kind kind, struct bytes body)
{
    struct resend *r = arg;
    r->is_announced = false;
    sender_forget(importer_sender(r->agent->importer), r->batch.no);
    if (kind == MSG_ACCEPTED)
        take_accepted(r, id, body);
    else if (kind == MSG_REFUSED)
        take_refused(r, body);
    else
        later(r);
}

/* Nobody answers a batch that does not come. */
static void on_lost(void *arg, uint32_t no, enum err why)
{
    struct resend *r = arg;
    if (!r->is_announced || no != r->batch.no)
        return; /* an import's */
    r->is_announced = false;
    session_forget(r->agent->session, r);
    if (resend_may_pass(why))
        later(r);
    else
        give_up(r, RESEND_DAMAGED);
}

static void send_batch(struct resend *r)
{
    const struct hello_chain *end = end_at_hand(r);
    const struct session_ask ask = {
        .kind = MSG_BATCH, .body = buf_bytes(&r->body), .life_s = LIFE_S, .on_reply = on_reply, .arg = r};
    if (agent_half(r->agent, &end->purpose, end->epoch, false) == NULL) {
        give_up(r, "the key of its epoch is gone");
        return;
    }
    r->sent_s = agent_now_s(r->agent);
    const enum err bad = session_ask(r->agent->session, &ask, NULL);
    if (bad != ERR_OK) {
        later(r);
        return;
    }
    log_info("resend.batch purpose=%s epoch=%u sequence=%llu", end->purpose.s, end->epoch,
             (unsigned long long)end->sequence + 1);
    r->is_announced = true;
    sender_start(importer_sender(r->agent->importer), r->batch.no);
}

/* The own log says it before anything leaves. */
static enum err tell_job(struct kv_txn *txn, void *arg)
{
    const struct resend *r = arg;
    const struct hello_chain *end = &r->ends[r->at];
    const struct chain_id id = {end->purpose, end->epoch};
    struct chain_head own;
    const enum err bad = chain_head_get(r->agent->store, txn, &id, &own);
    if (bad != ERR_OK)
        return bad;
    const struct audit_fact facts[] = {audit_fact_word("purpose", end->purpose.s), audit_fact_count("epoch", end->epoch),
                                       audit_fact_count("from", end->sequence + 1), audit_fact_count("to", own.sequence)};
    const struct own_entry e = {.event = AUDIT_EVENT_RECORDS_AWAITED, .facts = facts, .facts_count = ARRAY_LEN(facts)};
    return own_log_append(r->agent, txn, &e);
}

static void told(enum err result, void *arg)
{
    struct resend *r = arg;
    r->is_told = result == ERR_OK;
    if (r->is_told)
        send_batch(r);
    else
        later(r);
}

static void tell_or_send(struct resend *r)
{
    if (r->is_told)
        send_batch(r);
    else if (writer_submit(r->agent->writer, WRITER_INTERACTIVE, tell_job, told, r) != ERR_OK)
        later(r);
}

static enum err find_job(void *arg)
{
    struct resend *r = arg;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    const enum err bad = kv_read_begin(r->agent->kv, &txn);
    return bad == ERR_OK ? resend_find(r->agent->store, txn, end_at_hand(r), &r->batch, &r->body, &r->why) : bad;
}

static void found(enum err result, void *arg)
{
    struct resend *r = arg;
    if (result == ERR_OK) {
        tell_or_send(r);
    } else if (result == ERR_NOT_FOUND) {
        const struct hello_chain *end = end_at_hand(r);
        log_notice("resend.whole purpose=%s epoch=%u sequence=%llu", end->purpose.s, end->epoch,
                   (unsigned long long)end->sequence);
        r->is_busy = false;
        r->is_told = false;
        r->at++;
        look(r);
    } else if (resend_may_pass(result)) {
        log_warn("resend.not_read error=\"%s\"", err_text(result));
        later(r);
    } else {
        give_up(r, r->why.text[0] != '\0' ? r->why.text : RESEND_DAMAGED);
    }
}

static void look(struct resend *r)
{
    if (!resend_is_under_way(r)) {
        if (r->count > 0)
            outbox_on_served(r->agent->outbox);
        return;
    }
    buf_reset(&r->body);
    r->why.text[0] = '\0';
    r->is_busy = worker_submit(r->agent->workers, find_job, found, r) == ERR_OK;
    if (!r->is_busy)
        later(r);
}

void resend_hear(struct resend *r, const struct hello_reply *reply)
{
    if (r->is_busy)
        return; /* what it says is what is under way; the next hello says what is left */
    const struct resend_by by = judged_by(r->agent->view);
    r->count = r->at = 0;
    r->failure.text[0] = '\0';
    for (size_t i = 0; i < reply->lacking_count; i++) {
        const struct hello_chain *end = &reply->lacking[i];
        const struct errmsg *why = resend_given_why(&r->given, end, &by, clock_mono_ms());
        if (why != NULL)
            note_failure(r, end, why);
        else
            r->ends[r->count++] = *end;
    }
    if (reply->state == SESSION_OPEN) /* before that, that it was restored may not be noted yet */
        look(r);
}

bool resend_is_under_way(const struct resend *r)
{
    return r->at < r->count;
}

/* ---- what people see ---- */

const char *resend_failure(const struct resend *r)
{
    return r->failure.text;
}

struct doc *resend_doc(const struct resend *r)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_int(&b, "chains", (int64_t)(r->count - r->at));
    doc_put_int(&b, "sent", (int64_t)r->sent);
    if (r->at < r->count) {
        doc_put_str(&b, "purpose", r->ends[r->at].purpose.s);
        doc_put_int(&b, "epoch", r->ends[r->at].epoch);
        doc_put_int(&b, "broker_has", (int64_t)r->ends[r->at].sequence);
    }
    if (r->failure.text[0] != '\0')
        doc_put_str(&b, "failure", r->failure.text);
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}
