/* The handler of requests. Everything that can be judged without the store is judged on the loop
 * thread; limits, policy and effect are one job on the store thread. Nothing is matched here: that
 * begins in a slot of its own after this has committed (matcher.c). */
#include "broker/request.h"

#include <stdlib.h>

#include "broker/epochs.h"
#include "broker/held.h"
#include "broker/limits.h"
#include "broker/matcher.h"
#include "broker/store/match_rows.h"
#include "pki/broker_half.h"
#include "pki/digest.h"
#include "pki/sign.h"
#include "proto/base/join.h"
#include "proto/host/crash.h"
#include "proto/log/merkle.h"
#include "proto/msg/leaf.h"
#include "proto/policy/process.h"

#define SUBJECT_BYTES (1 + 16)

/* One check in the order of docs/protocol.md. It refuses, or leaves the turn as it is. */
typedef enum err (*request_step)(struct turn *t, struct request_turn *r);

static void describe(struct turn *t, const struct request_turn *r)
{
    const struct request_header *h = &r->header;
    t->audit = (struct turn_audit){
        .event = AUDIT_EVENT_REQUEST_ACCEPTED,
        .peer = h->holder,
        .rule = h->rule,
        .rule_version = h->rule_version,
        .staff = h->case_worker,
        .request = r->id,
        .case_id = h->case_id,
        .key_version = h->epoch,
        /* A holder hears of what hit, never of what was asked. */
        .hidden_from_peer = true,
    };
}

static enum err decode(struct turn *t, struct request_turn *r)
{
    struct errmsg why = {""};
    enum err e = request_message_decode(t->envelope.body, t->arena, &r->message, &why);
    if (e == ERR_OK)
        e = request_header_decode(r->message.header, t->arena, &r->header, &why);
    if (e == ERR_NOMEM)
        return e;
    if (e != ERR_OK)
        return turn_refuse(t, REFUSED_MALFORMED, "%s", why.text);
    const struct request_header *h = &r->header;
    r->key = (struct ask_key){h->requester, h->request_id, h->holder, h->epoch};
    e = digest_sha256(&r->message.header, 1, &r->id);
    if (e == ERR_OK)
        describe(t, r);
    return e;
}

static enum err check_sender(struct turn *t, struct request_turn *r)
{
    if (!agency_id_equal(&r->header.requester, &t->sender->id))
        return turn_refuse(t, REFUSED_SENDER, "requester: it is not the sender");
    if (!name_equal(&r->header.deployment, &t->envelope.deployment))
        return turn_refuse(t, REFUSED_MALFORMED, "deployment: not that of the envelope");
    return ERR_OK;
}

/* The inner id took effect before: the same header gets the same answer, another is a conflict. */
static enum err check_repeated(struct turn *t, struct kv_txn *txn, const struct request_turn *r)
{
    struct ask_answer a;
    enum err e = ask_answer_get(t->broker->store, txn, &r->key, &a);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    if (!digest_equal(&a.header, &r->id))
        return turn_refuse(t, REFUSED_CONFLICT,
                           "request_id: it was used before with another header");
    return turn_repeat(t, a.promise, a.promise_signature);
}

static enum err look_for_repeated(struct turn *t, struct request_turn *r)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err e = kv_read_begin(t->broker->kv, &txn);
    return e == ERR_OK ? check_repeated(t, txn, r) : e;
}

static enum err check_holder(struct turn *t, struct request_turn *r)
{
    const struct bytes purpose = name_bytes(&r->header.purpose);
    r->holder = view_member(t->view, &r->header.holder, t->now_s);
    if (r->holder == NULL || r->holder->kind != MEMBER_AGENCY)
        return turn_refuse(t, REFUSED_NOT_FOUND, "holder: no agency on the roster");
    if (!name_list_has(r->holder->purposes, purpose))
        return turn_refuse(t, REFUSED_KEY, "purpose: the holder takes no part in it");
    if (!name_list_has(t->sender->purposes, purpose))
        return turn_refuse(t, REFUSED_KEY, "purpose: the requester takes no part in it");
    return ERR_OK;
}

static enum err check_key(struct turn *t, struct request_turn *r)
{
    const struct request_header *h = &r->header;
    const struct deal *d = view_deal(t->view, &h->purpose, h->epoch);
    const struct epochs_ask ask = {&h->purpose, h->epoch, EPOCH_USE_ASK};
    epochs_check(t, &ask);
    if (t->refusal.code != REFUSED_NONE)
        return ERR_OK;
    if (d == NULL)
        return turn_refuse(t, REFUSED_KEY, "epoch: no statement of its custodian is in force");
    if (h->suite != SUITE_HK1 || d->suite != h->suite)
        return turn_refuse(t, REFUSED_KEY, "suite: not that of the epoch");
    if (broker_half_of(t->broker, &h->purpose, h->epoch, false) == NULL ||
        broker_held_key(t->broker, &h->purpose, h->epoch) == NULL)
        return epochs_refuse_no_half(t, &h->purpose, h->epoch);
    return ERR_OK;
}

/* A roster that was signed while the question was on its way takes nothing from it: whoever it leans on is judged
 * by the roster in force. */
static enum err check_serials(struct turn *t, struct request_turn *r)
{
    if (!digest_equal(&r->header.policy_digest, view_policy_digest(t->view)))
        return turn_refuse(t, REFUSED_POLICY, "policy_digest: not the policy in force");
    if (r->header.roster_serial > view_roster(t->view)->serial)
        return turn_refuse(t, REFUSED_POLICY, "roster_serial: newer than the roster in force");
    if (r->header.issued_at_s > t->now_s + REQUEST_SKEW_S)
        return turn_refuse(t, REFUSED_MALFORMED, "issued_at: ahead of the broker's clock");
    if (r->header.deadline_s <= t->now_s)
        return turn_refuse(t, REFUSED_DEADLINE, "deadline: it has passed");
    return ERR_OK;
}

static enum err refuse_signature(struct turn *t, enum err e, const char *whose)
{
    if (e == ERR_OK || e == ERR_NOMEM)
        return e;
    return turn_refuse(t, REFUSED_SIGNATURE, "%s: it does not verify", whose);
}

static enum err check_worker(struct turn *t, struct request_turn *r)
{
    const struct request_message *m = &r->message;
    r->worker = view_officer(t->view, &m->worker_fingerprint, &r->header.requester, t->now_s);
    r->worker_key = view_officer_key(t->view, &m->worker_fingerprint);
    if (r->worker == NULL || r->worker_key == NULL)
        return turn_refuse(t, REFUSED_SIGNATURE,
                           "worker_fingerprint: no person of the requester on the roster");
    enum err e = sign_verify(SIGN_REQUEST, r->worker_key, m->header, m->worker_signature);
    return refuse_signature(t, e, "worker_signature");
}

static enum err check_agency(struct turn *t, struct request_turn *r)
{
    const struct view_signed s = {SIGN_REQUEST, &r->header.requester, r->message.header,
                                  r->message.agency_signature};
    struct view_signer by;
    enum err e = view_verify(t->view, &s, &by);
    if (e == ERR_NOT_FOUND)
        return turn_refuse(t, REFUSED_SIGNATURE, "agency_signature: no key on the roster");
    if (e == ERR_OK && !view_signer_counts(&by, t->now_s))
        e = ERR_SIGNATURE;
    return refuse_signature(t, e, "agency_signature");
}

/* The subject tree as the message lays it out: leaves at their positions, padding in between. */
static enum err lay_leaves(struct turn *t, const struct request_message *m, struct digest *leaves,
                           bool *taken, size_t size)
{
    struct digest *sealed = arena_array(t->arena, m->group_count, sizeof *sealed);
    if (sealed == NULL)
        return ERR_NOMEM;
    enum err e = ERR_OK;
    for (size_t g = 0; e == ERR_OK && g < m->group_count; g++)
        e = digest_sha256(&m->sealed_parts[g], 1, &sealed[g]);
    for (size_t i = 0; e == ERR_OK && i < m->identifier_count; i++) {
        const struct request_identifier *id = &m->identifiers[i];
        struct subject_leaf_parts parts = {.salt = id->salt,
                                           .group = id->group,
                                           .type = id->type,
                                           .inner = id->inner,
                                           .sealed_digest = sealed[id->group]};
        e = leaf_subject(digest_sha256, &parts, &leaves[id->position]);
        taken[id->position] = true;
        secret_wipe(&parts.inner, sizeof parts.inner);
    }
    size_t next = 0;
    for (size_t i = 0; e == ERR_OK && i < size; i++)
        if (!taken[i])
            leaves[i] = m->padding[next++];
    return e;
}

static enum err check_root(struct turn *t, struct request_turn *r, struct digest *leaves,
                           size_t size)
{
    bool *taken = arena_array(t->arena, size, sizeof *taken);
    struct digest root;
    if (taken == NULL)
        return ERR_NOMEM;
    enum err e = lay_leaves(t, &r->message, leaves, taken, size);
    if (e == ERR_OK)
        e = merkle_root(digest_sha256, leaves, size, &root);
    if (e != ERR_OK)
        return e;
    if (!digest_equal(&root, &r->header.subject_root))
        return turn_refuse(t, REFUSED_ROOT, "subject_root: not the root of what was sent");
    return ERR_OK;
}

static enum err make_tokens(struct turn *t, const struct request_turn *r, struct token *out)
{
    const struct request_message *m = &r->message;
    struct broker_half *half =
        broker_half_of(t->broker, &r->header.purpose, r->header.epoch, false);
    enum err e = half == NULL ? ERR_NOT_FOUND : ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < m->identifier_count; i++)
        e = broker_half_token(half, m->identifiers[i].type, &m->identifiers[i].inner, &out[i]);
    return e;
}

static int compare_subjects(const void *a, const void *b)
{
    return bytes_cmp(*(const struct bytes *)a, *(const struct bytes *)b);
}

/* What the limits on identifiers count: each type and token once. */
static enum err list_subjects(struct turn *t, struct request_turn *r, const struct token *tokens)
{
    const struct request_message *m = &r->message;
    struct bytes *list = arena_array(t->arena, m->identifier_count, sizeof *list);
    uint8_t *store = arena_array(t->arena, m->identifier_count, SUBJECT_BYTES);
    if (list == NULL || store == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < m->identifier_count; i++) {
        uint8_t *at = store + i * SUBJECT_BYTES;
        at[0] = (uint8_t)m->identifiers[i].type;
        memcpy(at + 1, tokens[i].b, sizeof tokens[i].b);
        list[i] = bytes_of(at, SUBJECT_BYTES);
    }
    qsort(list, m->identifier_count, sizeof *list, compare_subjects);
    size_t n = 0;
    for (size_t i = 0; i < m->identifier_count; i++)
        if (n == 0 || !bytes_equal(list[n - 1], list[i]))
            list[n++] = list[i];
    r->subjects = list;
    r->subject_count = n;
    return ERR_OK;
}

static enum err seal_question(struct turn *t, struct request_turn *r, const struct held_question *q)
{
    CLEANUP(buf_free) struct buf plain = buf_new(HELD_MAX_BYTES);
    CLEANUP(buf_free) struct buf sealed = buf_new(HELD_MAX_BYTES);
    const struct held_place at = {
        .key = broker_held_key(t->broker, &r->header.purpose, r->header.epoch),
        .epoch = r->header.epoch,
        .header = &r->id,
    };
    enum err e = held_question_encode(q, &plain);
    if (e == ERR_OK)
        e = held_seal(&at, buf_bytes(&plain), &sealed);
    secret_wipe(plain.ptr, plain.len);
    if (e != ERR_OK)
        return e;
    r->held = arena_copy(t->arena, buf_bytes(&sealed));
    return r->held.ptr == NULL ? ERR_NOMEM : ERR_OK;
}

/* Root, tokens, and what the matcher will need, sealed. The inner values end with the turn, whose
 * arena is wiped; nothing after this reads them. */
static enum err take_subjects(struct turn *t, struct request_turn *r)
{
    const struct request_message *m = &r->message;
    const size_t size = m->identifier_count + m->padding_count;
    struct digest *leaves = arena_array(t->arena, size, sizeof *leaves);
    struct token *tokens = arena_array(t->arena, m->identifier_count, sizeof *tokens);
    struct held_identifier *ids = arena_array(t->arena, m->identifier_count, sizeof *ids);
    if (leaves == NULL || tokens == NULL || ids == NULL)
        return ERR_NOMEM;
    enum err e = check_root(t, r, leaves, size);
    if (e != ERR_OK || t->refusal.code != REFUSED_NONE)
        return e;
    e = make_tokens(t, r, tokens);
    if (e == ERR_OK)
        e = list_subjects(t, r, tokens);
    for (size_t i = 0; i < m->identifier_count; i++)
        ids[i] =
            (struct held_identifier){m->identifiers[i].group, m->identifiers[i].position,
                                     m->identifiers[i].type, m->identifiers[i].salt, tokens[i]};
    const struct held_question q = {
        .identifiers = ids,
        .identifier_count = m->identifier_count,
        .leaves = leaves,
        .leaf_count = size,
        .sealed_parts = m->sealed_parts,
        .group_count = m->group_count,
    };
    return e == ERR_OK ? seal_question(t, r, &q) : e;
}

static enum err prepare(struct turn *t, struct errmsg *why)
{
    static const request_step steps[] = {
        decode,        check_sender, look_for_repeated, check_holder,  check_key,
        check_serials, check_worker, check_agency,      take_subjects,
    };
    (void)why;
    struct request_turn *r = arena_alloc(t->arena, sizeof *r);
    if (r == NULL)
        return ERR_NOMEM;
    t->decoded = r;
    t->audit.event = AUDIT_EVENT_REQUEST_ACCEPTED;
    t->audit.hidden_from_peer = true;
    enum err e = ERR_OK;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        e = steps[i](t, r);
        if (e != ERR_OK || t->refusal.code != REFUSED_NONE || t->repeated)
            break;
    }
    return e;
}

/* The four counters of a request, and what each counts. */
struct counter {
    struct limit_query query;
    uint64_t *shown;
    uint8_t scope[512];
};

static void put_common(struct buf *b, const struct request_header *h)
{
    join_part(b, agency_id_bytes(&h->requester));
    join_part(b, name_bytes(&h->rule));
}

static void put_domain(struct buf *b, const struct request_header *h)
{
    join_part(b, name_bytes(&h->purpose));
    join_u32(b, h->epoch);
}

static int64_t days_s(uint32_t days)
{
    const int64_t s = (int64_t)(days > 0 ? days : 1) * LIMIT_DAY_S;
    return s < LIMIT_WINDOW_MAX_S ? s : LIMIT_WINDOW_MAX_S;
}

static void set_query(struct counter *c, struct limit_query q, const struct buf *scope)
{
    c->query = q;
    c->query.scope = buf_bytes(scope);
}

/* Requests count by their id, so that headers for several holders and epochs count once.
 * Identifiers count within an epoch: tokens of two cannot be compared. */
static void set_counters(const struct turn *t, struct request_turn *r, const struct rule *rule,
                         const struct bytes *request, struct counter c[static 4])
{
    const struct request_header *h = &r->header;
    struct buf scope = buf_fixed(c[0].scope, sizeof c[0].scope);
    put_common(&scope, h);
    struct limit_query q = {
        LIMIT_REQUESTS_AGENCY, bytes_str(""), LIMIT_DAY_S, t->now_s, request, 1};
    set_query(&c[0], q, &scope);
    scope = buf_fixed(c[1].scope, sizeof c[1].scope);
    put_common(&scope, h);
    join_part(&scope, name_bytes(&r->worker->person));
    q.kind = LIMIT_REQUESTS_OFFICER;
    set_query(&c[1], q, &scope);
    scope = buf_fixed(c[2].scope, sizeof c[2].scope);
    put_common(&scope, h);
    put_domain(&scope, h);
    join_part(&scope, BYTES_OF_ARRAY(h->case_id.b));
    q = (struct limit_query){
        LIMIT_SUBJECTS_CASE, bytes_str(""),   days_s(rule->retention.case_file), t->now_s,
        r->subjects,         r->subject_count};
    set_query(&c[2], q, &scope);
    scope = buf_fixed(c[3].scope, sizeof c[3].scope);
    put_common(&scope, h);
    put_domain(&scope, h);
    q.kind = LIMIT_SUBJECTS_PERIOD;
    q.window_s = days_s(rule->limits.period_days);
    set_query(&c[3], q, &scope);
    c[0].shown = &r->counts.requests_agency;
    c[1].shown = &r->counts.requests_officer;
    c[2].shown = &r->counts.subjects_case;
    c[3].shown = &r->counts.subjects_period;
}

/* As the header says it was issued, and, where that lies back, as if it had been issued when it came: whoever
 * dates a question back, or was kept waiting, leaves the holder no less than the rule's deadline_min. */
static void decide(struct request_turn *r, const struct gate_ask *ask)
{
    gate_facts(ask, &r->facts);
    const int64_t issued_s = r->facts.issued_at.v;
    if (issued_s < ask->now_s - REQUEST_SKEW_S) {
        r->facts.issued_at.v = ask->now_s - REQUEST_SKEW_S;
        gate_decide(ask, &r->facts, &r->decision);
        if (!r->decision.permit)
            return;
        r->facts.issued_at.v = issued_s;
    }
    gate_decide(ask, &r->facts, &r->decision);
}

/* Judges with the counters as they would stand; permitted: they do. */
static enum err judge(struct turn *t, struct kv_txn *txn, struct request_turn *r)
{
    const struct rule *rule = policy_rule(view_policy(t->view), &r->header.rule);
    struct limits_book *book = matcher_limits(t->broker->matcher);
    const struct bytes request = BYTES_OF_ARRAY(r->header.request_id.b);
    struct counter c[4];
    enum err e = ERR_OK;
    if (rule != NULL)
        set_counters(t, r, rule, &request, c);
    for (size_t i = 0; rule != NULL && e == ERR_OK && i < ARRAY_LEN(c); i++)
        e = limits_count(book, txn, &c[i].query, c[i].shown);
    if (e != ERR_OK)
        return e;
    const struct gate_ask ask = {
        .view = t->view,
        .header = &r->header,
        .identifiers = r->message.identifiers,
        .identifier_count = r->message.identifier_count,
        .group_count = r->message.group_count,
        .requester = t->sender,
        .holder = r->holder,
        .worker = r->worker,
        .counts = &r->counts,
        .now_s = t->now_s,
    };
    decide(r, &ask);
    t->audit.facts = &r->facts;
    t->audit.decision = &r->decision;
    if (!r->decision.permit)
        return turn_refuse_decision(t, &r->decision);
    if (!process_is_served(r->decision.rule->process))
        return turn_refuse(t, REFUSED_STATE, "rule: this version carries out no %s",
                           process_id(r->decision.rule->process));
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(c); i++)
        e = limits_add(book, txn, &c[i].query);
    return e;
}

static enum err put_tasks(struct turn *t, struct kv_txn *txn, const struct request_turn *r)
{
    const struct ask_task tasks[] = {
        {ASK_DUE_MATCH, t->now_s, r->id},
        {ASK_DUE_CLOSE, r->header.deadline_s, r->id},
    };
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(tasks); i++)
        e = ask_task_put(t->broker->store, txn, &tasks[i]);
    return e;
}

static enum err take_effect(struct turn *t, struct kv_txn *txn, const struct request_turn *r)
{
    const struct retention *keep = r->decision.obligations.retention;
    const struct ask a = {
        .state = ASK_WAITING,
        .accepted_at_s = t->now_s,
        .keep_no_hit_days = keep->no_hit,
        .keep_hit_days = keep->hit,
        .keep_release_days = keep->release,
        .header = r->message.header,
        .worker_signature = r->message.worker_signature,
        .worker_fingerprint = r->message.worker_fingerprint,
        .agency_signature = r->message.agency_signature,
    };
    enum err e = ask_put(t->broker->store, txn, &r->id, &a);
    if (e == ERR_OK)
        e = held_row_put(t->broker->store, txn, &r->id, r->held);
    crash_point("request.held");
    return e == ERR_OK ? put_tasks(t, txn, r) : e;
}

static enum err apply(struct turn *t, struct kv_txn *txn)
{
    struct request_turn *r = t->decoded;
    if (t->repeated)
        return ERR_OK;
    enum err e = check_repeated(t, txn, r);
    if (e != ERR_OK || t->repeated || t->refusal.code != REFUSED_NONE)
        return e;
    e = judge(t, txn, r);
    if (e != ERR_OK || t->refusal.code != REFUSED_NONE)
        return e;
    return take_effect(t, txn, r);
}

static enum err record(struct turn *t, struct kv_txn *txn)
{
    const struct request_turn *r = t->decoded;
    const struct ask_answer a = {
        .header = r->id, .promise = t->promise, .promise_signature = t->promise_signature};
    return ask_answer_put(t->broker->store, txn, &r->key, &a);
}

const struct turn_handler request_handler = {
    .kind = MSG_REQUEST,
    .prepare = prepare,
    .apply = apply,
    .record = record,
};
