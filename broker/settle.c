/* The handler of settlements: a holder's decision, checked against a match that this broker made
 * itself, logged and forwarded as far as the rule's outcome lets the requester see it. */
#include "broker/settle.h"

#include "broker/cosigners.h"
#include "broker/epochs.h"
#include "broker/mailbox.h"
#include "pki/digest.h"
#include "pki/sign.h"
#include "proto/base/join.h"
#include "proto/host/crash.h"
#include "proto/msg/mail.h"

/* One check in the order of docs/protocol.md; on the loop thread, then on the store thread. */
typedef enum err (*settle_step)(struct turn *t, struct settle_turn *s);
typedef enum err (*settle_store_step)(struct turn *t, struct kv_txn *txn, struct settle_turn *s);

static enum err refuse_malformed(struct turn *t, enum err e, const struct errmsg *why)
{
    return e == ERR_NOMEM ? e : turn_refuse(t, REFUSED_MALFORMED, "%s", why->text);
}

static enum err decode(struct turn *t, struct settle_turn *s)
{
    struct errmsg why = {""};
    enum err e = settle_decode(t->envelope.body, t->arena, &s->settle, &why);
    for (size_t i = 0; e == ERR_OK && i < s->settle.consent_count; i++)
        e = consent_decode(s->settle.consents[i].consent, t->arena, &s->consents[i], &why);
    if (e != ERR_OK)
        return refuse_malformed(t, e, &why);
    const struct consent *c = &s->consents[0];
    s->key = (struct match_key){.id = c->header_digest, .handle = c->handle, .group = c->group};
    t->audit.request = c->header_digest;
    t->audit.staff = c->staff;
    return ERR_OK;
}

static bool same_fields(const struct consent *a, const struct consent *b)
{
    bool same = a->field_count == b->field_count;
    for (size_t i = 0; same && i < a->field_count; i++)
        same = name_equal(&a->fields[i], &b->fields[i]);
    return same;
}

/* The first element, but for signer and time, in which two consents differ; NULL: none. */
static const char *difference(const struct consent *a, const struct consent *b)
{
    const struct {
        const char *element;
        bool same;
    } elements[] = {
        {"deployment", name_equal(&a->deployment, &b->deployment)},
        {"decision", a->decision == b->decision},
        {"code", bytes_equal(a->code, b->code)},
        {"header_digest", digest_equal(&a->header_digest, &b->header_digest)},
        {"requester", agency_id_equal(&a->requester, &b->requester)},
        {"requester_sealing", digest_equal(&a->requester_sealing, &b->requester_sealing)},
        {"rule", name_equal(&a->rule, &b->rule)},
        {"rule_version", a->rule_version == b->rule_version},
        {"policy_digest", digest_equal(&a->policy_digest, &b->policy_digest)},
        {"roster_serial", a->roster_serial == b->roster_serial},
        {"purpose", name_equal(&a->purpose, &b->purpose)},
        {"epoch", a->epoch == b->epoch},
        {"handle", memcmp(a->handle.b, b->handle.b, sizeof a->handle.b) == 0},
        {"group", a->group == b->group},
        {"record_leaf", digest_equal(&a->record_leaf, &b->record_leaf)},
        {"fields", same_fields(a, b)},
        {"not_after", a->not_after_s == b->not_after_s},
        {"nonce", memcmp(a->nonce.b, b->nonce.b, sizeof a->nonce.b) == 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(elements); i++)
        if (!elements[i].same)
            return elements[i].element;
    return NULL;
}

static enum err check_pair(struct turn *t, struct settle_turn *s)
{
    if (s->settle.consent_count < 2)
        return ERR_OK;
    const char *element = difference(&s->consents[0], &s->consents[1]);
    if (element != NULL)
        return turn_refuse(t, REFUSED_MALFORMED, "consents: they differ in %s", element);
    return ERR_OK;
}

static enum err digest_consents(struct turn *t, struct settle_turn *s)
{
    (void)t;
    CLEANUP(buf_free) struct buf b = buf_new((size_t)1 << 20);
    for (size_t i = 0; i < s->settle.consent_count; i++)
        join_part(&b, s->settle.consents[i].consent);
    const struct bytes all = buf_bytes(&b);
    enum err e = buf_err(&b);
    return e == ERR_OK ? digest_sha256(&all, 1, &s->consents_digest) : e;
}

static enum err find_request(struct turn *t, struct kv_txn *txn, struct settle_turn *s)
{
    enum err e = ask_read(t->broker->store, txn, &s->key.id, t->arena, &s->asked);
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    if (e == ERR_NOT_FOUND || !agency_id_equal(&s->asked.header.holder, &t->sender->id))
        return turn_refuse(t, REFUSED_NOT_FOUND,
                           "consent: header_digest: no request to this holder");
    const struct request_header *h = &s->asked.header;
    t->audit.peer = h->requester;
    t->audit.rule = h->rule;
    t->audit.rule_version = h->rule_version;
    t->audit.case_id = h->case_id;
    t->audit.key_version = h->epoch;
    t->audit.policy = h->policy_digest; /* the version under which it is decided */
    return ERR_OK;
}

/* Decided before: the same decision gets the same answer, another is a conflict. */
static enum err check_repeated(struct turn *t, struct kv_txn *txn, struct settle_turn *s)
{
    struct settlement d;
    enum err e = settlement_get(t->broker->store, txn, &s->key, &d);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    if (!digest_equal(&d.consents, &s->consents_digest))
        return turn_refuse(t, REFUSED_CONFLICT, "consent: this was decided otherwise before");
    return turn_repeat(t, d.promise, d.promise_signature);
}

static enum err look_for_repeated(struct turn *t, struct settle_turn *s)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err e = kv_read_begin(t->broker->kv, &txn);
    if (e == ERR_OK)
        e = find_request(t, txn, s);
    if (e != ERR_OK || t->refusal.code != REFUSED_NONE)
        return e;
    return check_repeated(t, txn, s);
}

/* Nothing leaves a holder while nobody watches the log in which it would stand. A refusal tells nobody anything. */
static enum err check_watched(struct turn *t, struct settle_turn *s)
{
    if (s->consents[0].decision == CONSENT_REFUSE || cosigners_age(t->broker->cosigners) != QUORUM_STOPPED)
        return ERR_OK;
    return turn_refuse(t, REFUSED_CLOSED, "for 72 hours no quorum of witnesses has cosigned the audit log");
}

static enum err check_signature(struct turn *t, struct settle_turn *s, size_t i)
{
    const struct signed_consent *c = &s->settle.consents[i];
    const struct key *key = view_officer_key(t->view, &c->fingerprint);
    s->officers[i] = view_officer(t->view, &c->fingerprint, &t->sender->id, t->now_s);
    if (s->officers[i] == NULL || key == NULL)
        return turn_refuse(t, REFUSED_SIGNATURE,
                           "fingerprint: no person of the holder on the roster");
    enum err e = sign_verify(SIGN_CONSENT, key, c->consent, c->signature);
    if (e == ERR_OK || e == ERR_NOMEM)
        return e;
    return turn_refuse(t, REFUSED_SIGNATURE, "consent: its signature does not verify");
}

/* What was asked under a retired epoch goes on; under one that is stopped, nothing does. */
static enum err check_epoch(struct turn *t, struct settle_turn *s)
{
    const struct request_header *h = &s->asked.header;
    const struct epochs_ask ask = {&h->purpose, h->epoch, EPOCH_USE_SETTLE};
    epochs_check(t, &ask);
    return ERR_OK;
}

static enum err check_signatures(struct turn *t, struct settle_turn *s)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < s->settle.consent_count; i++)
        e = check_signature(t, s, i);
    return e;
}

static enum err prepare(struct turn *t, struct errmsg *why)
{
    static const settle_step steps[] = {
        decode, check_pair, digest_consents, look_for_repeated, check_watched, check_epoch, check_signatures,
    };
    (void)why;
    struct settle_turn *s = arena_alloc(t->arena, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    t->decoded = s;
    t->audit.event = AUDIT_EVENT_CONSENT_ACCEPTED;
    t->audit.hidden_from_peer = true; /* until the outcome says otherwise */
    enum err e = ERR_OK;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        e = steps[i](t, s);
        if (e != ERR_OK || t->refusal.code != REFUSED_NONE || t->repeated)
            break;
    }
    return e;
}

static enum err check_open(struct turn *t, struct settle_turn *s)
{
    if (s->asked.ask.state == ASK_CLOSED || t->now_s >= s->asked.header.deadline_s)
        return turn_refuse(t, REFUSED_DEADLINE, "request: its deadline has passed");
    return ERR_OK;
}

static enum err judge(struct turn *t, struct kv_txn *txn, struct settle_turn *s)
{
    static const settle_step steps[] = {
        check_open,           settle_check_bound,    settle_check_times,    settle_check_rule,
        settle_check_sealing, settle_check_officers, settle_check_decision, settle_check_fields,
    };
    static const settle_store_step store_steps[] = {
        settle_check_awaited,
        settle_check_match,
        settle_check_batch,
        settle_check_live,
    };
    enum err e = ERR_OK;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        if ((e = steps[i](t, s)) != ERR_OK || t->refusal.code != REFUSED_NONE)
            return e;
    for (size_t i = 0; i < ARRAY_LEN(store_steps); i++)
        if ((e = store_steps[i](t, txn, s)) != ERR_OK || t->refusal.code != REFUSED_NONE)
            return e;
    return e;
}

static enum audit_event event_of(enum consent_decision d)
{
    switch (d) {
    case CONSENT_RELEASE:
        return AUDIT_EVENT_RELEASE_FORWARDED;
    case CONSENT_KNOWN:
        return AUDIT_EVENT_CONFIRMATION_FORWARDED;
    case CONSENT_REFUSE:
        return AUDIT_EVENT_DECISION_REFUSAL;
    case CONSENT_NONE:
        break;
    }
    return AUDIT_EVENT_CONSENT_ACCEPTED;
}

/* The requester's compliance officer reads of it what the requester may know, and no more. */
static enum err describe(struct turn *t, const struct settle_turn *s, bool forwarded)
{
    const struct consent *c = &s->consents[0];
    struct audit_fact *facts = arena_array(t->arena, 2, sizeof *facts);
    if (facts == NULL)
        return ERR_NOMEM;
    facts[0] = audit_fact_word("consent_decision", consent_decision_id(c->decision));
    facts[1] = audit_fact_count("consent_persons", s->settle.consent_count);
    t->audit.event = event_of(c->decision);
    t->audit.more = facts;
    t->audit.more_count = 2;
    t->audit.hidden_from_peer = !forwarded;
    if (c->decision == CONSENT_REFUSE) {
        t->audit.reasons = &c->code;
        t->audit.reasons_count = 1;
    }
    return ERR_OK;
}

static enum err forward(struct turn *t, struct kv_txn *txn, const struct settle_turn *s)
{
    struct settled m = {
        .header_digest = s->key.id,
        .consent_count = s->settle.consent_count,
        .release = s->settle.release,
    };
    for (size_t i = 0; i < s->settle.consent_count; i++)
        m.consents[i] = s->settle.consents[i];
    CLEANUP(buf_free) struct buf content = buf_new((size_t)2 << 20);
    enum err e = settled_encode(&m, &content);
    if (e == ERR_OK)
        e = mailbox_put(t->broker->mailboxes, txn, &s->asked.header.requester, MAIL_SETTLED,
                        buf_bytes(&content), NULL);
    crash_point("settle.forwarded");
    return e;
}

static enum err take_effect(struct turn *t, struct kv_txn *txn, struct settle_turn *s)
{
    const enum consent_decision d = s->consents[0].decision;
    const bool forwarded = settle_is_forwarded(s->rule, &s->consents[0]);
    enum err e = describe(t, s, forwarded);
    if (e == ERR_OK && forwarded)
        e = forward(t, txn, s);
    if (e != ERR_OK || d != CONSENT_RELEASE)
        return e;
    s->asked.ask.released++;
    return ask_put(t->broker->store, txn, &s->key.id, &s->asked.ask);
}

static enum err apply(struct turn *t, struct kv_txn *txn)
{
    struct settle_turn *s = t->decoded;
    if (t->repeated)
        return ERR_OK;
    /* Read again: another transaction may have matched, closed or settled it since. */
    enum err e = find_request(t, txn, s);
    if (e == ERR_OK && t->refusal.code == REFUSED_NONE)
        e = check_repeated(t, txn, s);
    if (e != ERR_OK || t->repeated || t->refusal.code != REFUSED_NONE)
        return e;
    e = judge(t, txn, s);
    if (e != ERR_OK || t->refusal.code != REFUSED_NONE)
        return e;
    return take_effect(t, txn, s);
}

static enum err record(struct turn *t, struct kv_txn *txn)
{
    const struct settle_turn *s = t->decoded;
    const struct settlement d = {
        .decision = s->consents[0].decision,
        .consents = s->consents_digest,
        .promise = t->promise,
        .promise_signature = t->promise_signature,
    };
    return settlement_put(t->broker->store, txn, &s->key, &d);
}

const struct turn_handler settle_handler = {
    .kind = MSG_SETTLE,
    .prepare = prepare,
    .apply = apply,
    .record = record,
};
