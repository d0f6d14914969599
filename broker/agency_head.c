/* agency_head: an agency offers the newest head of its own log, and the broker cosigns what only grew. It has no entry of
 * its own: keys that are new and what contradicts a log have one. */
#include "broker/agency_heads.h"
#include "broker/turn.h"
#include "proto/host/clock.h"
#include "proto/host/crash.h"
#include "proto/host/writer.h"

/* What the turn carries while the store thread judges. */
struct offering {
    struct turn *turn;
    struct agency_offer offer;
    struct agency_witness_name name;
    struct agency_verdict verdict;
};

static enum err put_witness(const struct note_signer *by, struct buf *out)
{
    struct vkey v;
    const enum err e = note_vkey(by, VKEY_COSIGNATURE_V1, &v);
    if (e != ERR_OK)
        return e;
    vkey_write(&v, out);
    return buf_err(out);
}

static enum err answer(struct turn *t, const struct note_signer *by, struct agency_head_reply r)
{
    CLEANUP(buf_free) struct buf witness = buf_new(AGENCY_HEAD_MAX_KEY_BYTES);
    CLEANUP(buf_free) struct buf body = buf_new(2 * AGENCY_HEAD_MAX_REQUEST_BYTES);
    enum err e = by->key != NULL ? put_witness(by, &witness) : ERR_OK;
    r.witness = buf_bytes(&witness);
    if (e == ERR_OK)
        e = agency_head_reply_encode(&r, &body);
    if (e != ERR_OK)
        return e;
    t->reply_kind = MSG_AGENCY_HEAD_REPLY;
    t->reply_body = arena_copy(t->arena, buf_bytes(&body));
    return t->reply_body.ptr == NULL ? ERR_NOMEM : ERR_OK;
}

static enum err judge_job(struct kv_txn *txn, void *arg)
{
    struct offering *o = arg;
    const enum err e = agency_judge(&o->offer, txn, &o->verdict);
    crash_point("agency_head.before_commit");
    return e;
}

/* Only what is durable leaves. */
static void judged(enum err result, void *arg)
{
    struct offering *o = arg;
    struct turn *t = o->turn;
    const struct agency_verdict *v = &o->verdict;
    broker_saw(t->broker, result);
    if (result == ERR_OK) {
        crash_point("agency_head.committed");
        agency_heads_saw(t->broker->agency_heads, &o->offer.agency, v);
        result = answer(t, &o->offer.witness,
                        (struct agency_head_reply){.status = (uint32_t)v->status, .lines = v->lines, .known = v->known});
    }
    if (result == ERR_OK)
        turn_continue(t);
    else
        turn_drop(t); /* the agency offers again */
}

static enum err hand_over(struct turn *t, const struct agency_head *head)
{
    struct offering *o = arena_alloc(t->arena, sizeof *o);
    const struct agency_vouch_reading r = {
        t->view, &t->broker->config->deployment, &t->envelope.sender, t->now_s, t->arena};
    if (o == NULL)
        return ERR_NOMEM;
    *o = (struct offering){.turn = t,
                           .offer = {.broker = t->broker,
                                     .agency = t->envelope.sender,
                                     .head = *head,
                                     .now_s = t->now_s,
                                     .arena = t->arena}};
    o->offer.witness = agency_heads_witness(t->broker, &o->name);
    enum err e = agency_vouch_read(&r, head->vouch, &o->offer.vouch);
    if (e == ERR_OK)
        e = writer_submit(t->broker->writer, WRITER_INTERACTIVE, judge_job, judged, o);
    return e == ERR_OK ? ERR_AGAIN : e;
}

static enum err prepare(struct turn *t, struct errmsg *why)
{
    struct agency_head head;
    struct agency_witness_name name;
    const struct note_signer by = agency_heads_witness(t->broker, &name);
    const enum err e = agency_head_decode(t->envelope.body, t->arena, &head, why);
    if (e == ERR_NOMEM)
        return e;
    if (e != ERR_OK)
        return turn_refuse(t, REFUSED_MALFORMED, "agency_head: %s", why->text);
    if (by.key == NULL)
        return answer(t, &by, (struct agency_head_reply){.status = AGENCY_HEAD_NO_WITNESS});
    if (!agency_heads_admit(t->broker->agency_heads, &t->envelope.sender, clock_mono_ms()))
        return answer(t, &by, (struct agency_head_reply){.status = AGENCY_HEAD_TOO_MANY});
    return hand_over(t, &head);
}

const struct turn_handler agency_head_handler = {
    .kind = MSG_AGENCY_HEAD,
    .prepare = prepare,
};
