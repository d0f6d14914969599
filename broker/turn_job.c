/* What happens to a message on the store thread: effect, audit entry and stored reply in one
 * transaction, or nothing. */
#include "broker/audit.h"
#include "broker/own_keys.h"
#include "broker/store/known.h"
#include "broker/turn_internal.h"
#include "proto/host/crash.h"

bool refusal_is_passing(enum refusal_code c)
{
    switch (c) {
    case REFUSED_EXPIRED:
    case REFUSED_BEHIND:
    case REFUSED_STATE:
    case REFUSED_CLOSED:
    case REFUSED_CREDIT:
    case REFUSED_SUSPENDED:
        return true;
    case REFUSED_NONE:
    case REFUSED_MALFORMED:
    case REFUSED_SIGNATURE:
    case REFUSED_SENDER:
    case REFUSED_VERSION:
    case REFUSED_CONFLICT:
    case REFUSED_POLICY:
    case REFUSED_KEY:
    case REFUSED_CHAIN:
    case REFUSED_ROOT:
    case REFUSED_NOT_FOUND:
    case REFUSED_LIMIT:
    case REFUSED_DEADLINE:
    case REFUSAL_CODE_COUNT:
        break;
    }
    return false;
}

enum err turn_set_answer(struct turn *t, enum msg_kind kind, struct bytes body)
{
    struct bytes copy = arena_copy(t->arena, body);
    if (copy.ptr == NULL)
        return ERR_NOMEM;
    t->private->answer_kind = kind;
    t->private->answer = copy;
    return ERR_OK;
}

enum err turn_set_refused(struct turn *t)
{
    struct refused r = t->refusal;
    r.roster_serial = view_roster(t->view)->serial;
    r.policy_serial = view_policy(t->view)->serial;
    r.promise = t->promise;
    r.promise_signature = t->promise_signature;
    CLEANUP(buf_free) struct buf body = buf_new((size_t)1 << 20);
    enum err e = refused_encode(&r, &body);
    return e == ERR_OK ? turn_set_answer(t, MSG_REFUSED, buf_bytes(&body)) : e;
}

static enum err set_accepted(struct turn *t)
{
    const struct accepted r = {.promise = t->promise,
                               .promise_signature = t->promise_signature,
                               .credit = t->broker->credit};
    CLEANUP(buf_free) struct buf body = buf_new((size_t)64 << 10);
    enum err e = accepted_encode(&r, &body);
    return e == ERR_OK ? turn_set_answer(t, MSG_ACCEPTED, buf_bytes(&body)) : e;
}

static enum err set_answer(struct turn *t)
{
    if (t->refusal.code != REFUSED_NONE)
        return turn_set_refused(t);
    if (t->reply_kind != MSG_NONE)
        return turn_set_answer(t, t->reply_kind, t->reply_body);
    return set_accepted(t);
}

/* The event under which a refused message of this kind stands in the log. */
static enum audit_event refused_event(const struct turn *t)
{
    if (t->refusal.code == REFUSED_CONFLICT)
        return AUDIT_EVENT_MESSAGE_CONFLICT;
    switch ((int)t->envelope.kind) {
    case MSG_BATCH:
    case MSG_BATCH_CHUNK:
        return AUDIT_EVENT_BATCH_REFUSED;
    case MSG_REQUEST:
        return AUDIT_EVENT_REQUEST_REFUSED;
    case MSG_SETTLE:
        return AUDIT_EVENT_CONSENT_REFUSED;
    default:
        return AUDIT_EVENT_MESSAGE_REFUSED;
    }
}

/* Adds the kind of message to what the handler says of it, and the code of a refusal. */
static enum err describe(struct turn *t, struct turn_audit *what)
{
    *what = t->audit;
    struct audit_fact *facts = arena_array(t->arena, what->more_count + 1, sizeof *facts);
    struct bytes *reasons = arena_array(t->arena, 2, sizeof *reasons);
    if (facts == NULL || reasons == NULL)
        return ERR_NOMEM;
    if (what->more_count > 0)
        memcpy(facts, what->more, what->more_count * sizeof *facts);
    facts[what->more_count] = audit_fact_word("message_kind", msg_kind_id(t->envelope.kind));
    what->more = facts;
    what->more_count++;
    if (digest_equal(&what->policy, &(struct digest){{0}}))
        what->policy = *view_policy_digest(t->view);
    if (t->refusal.code == REFUSED_NONE)
        return ERR_OK;
    what->event = refused_event(t);
    reasons[0] = bytes_str(refusal_code_id(t->refusal.code));
    what->reasons = reasons;
    what->reasons_count = 1;
    if (what->refused_for != NULL)
        reasons[what->reasons_count++] = bytes_str(what->refused_for);
    return ERR_OK;
}

static enum err write_entry(struct turn *t, struct kv_txn *txn)
{
    struct turn_audit what;
    enum err e = describe(t, &what);
    if (e == ERR_OK)
        e = audit_append(t->broker->audit, txn, &what, &t->sender->id, &t->envelope.id, t->now_s,
                         &t->entry);
    CLEANUP(buf_free) struct buf promise = buf_new(4096);
    CLEANUP(buf_free) struct buf signature = buf_new(256);
    const struct own_keys keys = {t->broker->keys, t->view};
    const struct audit_promised promised = {.entry = &t->entry,
                                            .message = &t->envelope.id,
                                            .now_s = t->now_s,
                                            .by = own_signing_for(&keys, t->envelope.roster_serial)};
    if (e == ERR_OK)
        e = audit_promise(t->broker->audit, &promised, &promise, &signature);
    if (e != ERR_OK)
        return e;
    t->promise = arena_copy(t->arena, buf_bytes(&promise));
    t->promise_signature = arena_copy(t->arena, buf_bytes(&signature));
    return t->promise.ptr == NULL || t->promise_signature.ptr == NULL ? ERR_NOMEM : ERR_OK;
}

/* Another transaction may have stored the id since the loop looked. */
static enum err check_known(struct turn *t, struct kv_txn *txn, bool *is_answered)
{
    struct known k;
    enum err e = known_find(t->broker->store, txn, &t->envelope.sender, &t->envelope.id, &k);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    if (digest_equal(&k.envelope, &t->envelope_digest)) {
        *is_answered = true;
        t->repeated = true;
        return turn_set_answer(t, k.reply_kind, k.reply_body);
    }
    t->private->conflict = true;
    return turn_refuse(t, REFUSED_CONFLICT, "message_id: it was used before with other content");
}

static bool is_stored(const struct turn *t)
{
    const struct turn_handler *h = t->private->handler;
    return h != NULL && h->apply != NULL && h->recorded == TURN_LOGGED && !t->private->conflict &&
           !refusal_is_passing(t->refusal.code);
}

static enum err store_reply(struct turn *t, struct kv_txn *txn)
{
    const struct known k = {.envelope = t->envelope_digest,
                            .reply_kind = t->private->answer_kind,
                            .reply_body = t->private->answer};
    return known_put(t->broker->store, txn, &t->envelope, &k);
}

static enum err take_effect(struct turn *t, struct kv_txn *txn)
{
    const struct turn_handler *h = t->private->handler;
    if (t->refusal.code != REFUSED_NONE || h == NULL || h->apply == NULL)
        return ERR_OK;
    enum err e = h->apply(t, txn);
    crash_point("turn.applied");
    return e;
}

enum err turn_job(struct kv_txn *txn, void *arg)
{
    struct turn *t = arg;
    const struct turn_handler *h = t->private->handler;
    bool is_answered = false;
    enum err e = check_known(t, txn, &is_answered);
    if (e != ERR_OK || is_answered)
        return e;
    e = take_effect(t, txn);
    const bool is_refused = t->refusal.code != REFUSED_NONE;
    if (e != ERR_OK || (!is_refused && h != NULL && h->recorded == TURN_QUIET))
        return e;
    if (!t->repeated || is_refused)
        e = write_entry(t, txn);
    if (e == ERR_OK && !is_refused && !t->repeated && h != NULL && h->record != NULL)
        e = h->record(t, txn);
    if (e == ERR_OK)
        e = set_answer(t);
    if (e == ERR_OK && is_stored(t))
        e = store_reply(t, txn);
    crash_point("turn.recorded");
    return e;
}
