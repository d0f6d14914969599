#include "broker/close.h"

#include "broker/audit.h"
#include "broker/index/index.h"
#include "broker/limits.h"
#include "broker/mailbox.h"
#include "broker/store/asks.h"
#include "broker/store/match_rows.h"
#include "pki/sign.h"
#include "proto/base/when.h"
#include "proto/host/crash.h"

#define FORGET_BATCH 256u
#define MAILS_MAX 4096u
#define HEADER_ARENA_BYTES ((size_t)1 << 20)

struct closing {
    struct broker *broker;
    struct kv_txn *txn;
    struct arena *arena;
    const struct digest *id;
    const char *code; /* why before its deadline; NULL: it has passed */
    int64_t now_s;
    struct ask_read read;
};

/* The holder's coverage says what "no result" can mean; it is the same whatever was asked. Where batches of the holder are
 * awaited it means nothing, and the coverage is empty: that depends on the holder's chain alone. That a question was never
 * matched says more: where the holder's mailbox is full, only one that has hits waits. */
static enum err find_coverage(const struct closing *c, const struct index_query *q, struct index_coverage *out)
{
    bool awaited = false;
    const enum err e = index_is_awaited(c->broker->index, c->txn, q, &awaited);
    *out = (struct index_coverage){.last_full_import_s = 0};
    if (e != ERR_OK || awaited)
        return e;
    return index_coverage(c->broker->index, c->txn, q, c->arena, out);
}

static enum err make_closed(struct closing *c, struct buf *out)
{
    const struct index_query q = {
        .purpose = c->read.header.purpose,
        .epoch = c->read.header.epoch,
        .holder = c->read.header.holder,
        .today = (uint32_t)when_day(c->now_s),
    };
    struct index_coverage covers;
    enum err e = find_coverage(c, &q, &covers);
    if (e != ERR_OK)
        return e;
    struct closed closed = {
        .deployment = c->read.header.deployment,
        .request_id = c->read.header.request_id,
        .header_digest = *c->id,
        .holder = c->read.header.holder,
        .closed_at_s = c->now_s,
        .last_full_import_s = covers.last_full_import_s,
        .categories = covers.categories,
        .category_count = covers.category_count,
    };
    memcpy(closed.types, covers.types, sizeof closed.types);
    CLEANUP(buf_free) struct buf document = buf_new((size_t)1 << 20);
    struct signature s;
    e = closed_encode(&closed, &document);
    if (e == ERR_OK)
        e = sign_document(SIGN_CLOSED, broker_signing_key(c->broker), buf_bytes(&document), &s);
    if (e != ERR_OK)
        return e;
    const struct signed_closed message = {.closed = buf_bytes(&document),
                                          .signature = signature_bytes(&s)};
    return signed_closed_encode(&message, out);
}

/* Notices that the holder has not fetched yet come too late. */
static enum err withdraw_notices(struct closing *c)
{
    uint64_t *mails = arena_array(c->arena, MAILS_MAX, sizeof *mails);
    size_t n = 0;
    if (mails == NULL)
        return ERR_NOMEM;
    enum err e = match_row_mails(c->broker->store, c->txn, c->id, mails, MAILS_MAX, &n);
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        e = mailbox_withdraw(c->broker->mailboxes, c->txn, &c->read.header.holder, mails[i]);
        if (e == ERR_NOT_FOUND)
            e = ERR_OK;
    }
    return e;
}

/* A holder's full mailbox must not delay the close, or the requester would learn of a hit by the
 * hour: the holder's agent knows the deadline and ends its item by itself. */
static enum err tell_holder(struct closing *c, struct bytes closed)
{
    if (c->read.ask.hits == 0)
        return ERR_OK;
    enum err e = withdraw_notices(c);
    if (e == ERR_OK)
        e = mailbox_put(c->broker->mailboxes, c->txn, &c->read.header.holder, MAIL_ENDED, closed,
                        NULL);
    return e == ERR_LIMIT ? ERR_OK : e;
}

static enum err delete_held(struct closing *c)
{
    struct store *s = c->broker->store;
    const struct request_header *h = &c->read.header;
    const struct ask_task match = {ASK_DUE_MATCH, c->read.ask.accepted_at_s, *c->id};
    const struct ask_task close = {ASK_DUE_CLOSE, h->deadline_s, *c->id};
    enum err e = held_row_del(s, c->txn, c->id);
    if (e == ERR_OK)
        e = match_row_del_all(s, c->txn, c->id);
    if (e == ERR_OK)
        e = ask_task_del(s, c->txn, &match);
    if (e == ERR_OK)
        e = ask_task_del(s, c->txn, &close);
    crash_point("close.deleted");
    return e;
}

/* The row stays as long as the rule says for what came of it. */
static enum err keep_on(struct closing *c)
{
    const struct ask *a = &c->read.ask;
    uint32_t days = a->hits == 0 ? a->keep_no_hit_days : a->keep_hit_days;
    if (a->released > 0)
        days = a->keep_release_days;
    const struct ask_task forget = {ASK_DUE_FORGET, c->now_s + (int64_t)days * LIMIT_DAY_S, *c->id};
    c->read.ask.state = ASK_CLOSED;
    enum err e = ask_put(c->broker->store, c->txn, c->id, &c->read.ask);
    return e == ERR_OK ? ask_task_put(c->broker->store, c->txn, &forget) : e;
}

static enum err append_entry(const struct closing *c)
{
    const struct bytes code = bytes_str(c->code != NULL ? c->code : "");
    const struct turn_audit what = {
        .event = AUDIT_EVENT_REQUEST_CLOSED,
        .peer = c->read.header.requester,
        .rule = c->read.header.rule,
        .rule_version = c->read.header.rule_version,
        .request = *c->id,
        .case_id = c->read.header.case_id,
        .key_version = c->read.header.epoch,
        .policy = c->read.header.policy_digest,
        .reasons = &code,
        .reasons_count = c->code != NULL,
    };
    struct digest entry;
    return audit_append(c->broker->audit, c->txn, &what, NULL, NULL, c->now_s, &entry);
}

static enum err close_one(struct closing *c)
{
    struct broker *b = c->broker;
    enum err e = ask_read(b->store, c->txn, c->id, c->arena, &c->read);
    if (e == ERR_NOT_FOUND)
        return ERR_OK;
    if (e == ERR_OK && (c->read.ask.state == ASK_CLOSED ||
                        (c->code == NULL && c->now_s < c->read.header.deadline_s)))
        return ERR_OK;
    CLEANUP(buf_free) struct buf closed = buf_new((size_t)1 << 20);
    if (e == ERR_OK)
        e = make_closed(c, &closed);
    if (e == ERR_OK)
        e = mailbox_put(b->mailboxes, c->txn, &c->read.header.requester, MAIL_CLOSED,
                        buf_bytes(&closed), NULL);
    if (e == ERR_OK)
        e = append_entry(c);
    if (e == ERR_OK)
        e = tell_holder(c, buf_bytes(&closed));
    if (e == ERR_OK)
        e = delete_held(c);
    return e == ERR_OK ? keep_on(c) : e;
}

enum err close_header(struct broker *b, struct kv_txn *txn, struct arena *a,
                      const struct digest *id, int64_t now_s)
{
    struct closing c = {.broker = b, .txn = txn, .arena = a, .id = id, .now_s = now_s};
    return close_one(&c);
}

enum err close_stopped(struct broker *b, struct kv_txn *txn, struct arena *a,
                       const struct close_why *why, int64_t now_s)
{
    struct closing c = {
        .broker = b, .txn = txn, .arena = a, .id = why->id, .code = why->code, .now_s = now_s};
    return close_one(&c);
}

/* The answer stays as long as the row: an id that could come again after the close would make another
 * question, and count as none. */
static enum err forget_answer(struct store *s, struct kv_txn *txn, const struct digest *id)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(HEADER_ARENA_BYTES);
    struct ask_read read;
    if (a == NULL)
        return ERR_NOMEM;
    enum err e = ask_read(s, txn, id, a, &read);
    if (e != ERR_OK)
        return e;
    const struct request_header *h = &read.header;
    const struct ask_key key = {h->requester, h->request_id, h->holder, h->epoch};
    e = ask_answer_del(s, txn, &key);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err forget_header(const struct close_retention *r, struct kv_txn *txn,
                              const struct ask_task *t)
{
    struct store *s = r->broker->store;
    enum err e = settlement_del_all(s, txn, &t->id);
    if (e == ERR_OK)
        e = forget_answer(s, txn, &t->id);
    if (e == ERR_OK)
        e = ask_del(s, txn, &t->id);
    if (e == ERR_OK || e == ERR_NOT_FOUND)
        e = ask_task_del(s, txn, t);
    return e;
}

static enum err forget_headers(const struct close_retention *r, struct kv_txn *txn,
                               size_t *forgotten)
{
    struct ask_task due[FORGET_BATCH];
    const size_t max = r->max < FORGET_BATCH ? r->max : FORGET_BATCH;
    const struct ask_due_query q = {.what = ASK_DUE_FORGET, .now_s = r->now_s};
    size_t n = 0;
    enum err e = ask_tasks_due(r->broker->store, txn, &q, due, max, &n);
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        e = forget_header(r, txn, &due[i]);
    if (e == ERR_OK)
        *forgotten += n;
    return e;
}

static int64_t window_days(const struct rule *r, enum limit_kind kind)
{
    if (kind == LIMIT_SUBJECTS_CASE)
        return r->retention.case_file;
    return kind == LIMIT_SUBJECTS_PERIOD ? r->limits.period_days : 1;
}

/* The longest window that a rule counts over in any version that is kept: what one version forgets, one
 * that is announced, or an older one that still judges, would not find. */
static int64_t longest_window_s(const struct view *v, enum limit_kind kind)
{
    const struct policy *p = NULL;
    int64_t days = 1;
    for (size_t i = 0; (p = view_version_at(v, i)) != NULL; i++) {
        for (uint32_t k = 0; k < p->rules_count; k++) {
            const int64_t has = window_days(&p->rules[k], kind);
            days = has > days ? has : days;
        }
    }
    const int64_t s = days * LIMIT_DAY_S;
    return s < LIMIT_WINDOW_MAX_S ? s : LIMIT_WINDOW_MAX_S;
}

static enum err forget_counters(const struct close_retention *r, struct kv_txn *txn,
                                size_t *forgotten)
{
    enum err e = ERR_OK;
    for (int k = LIMIT_NONE + 1; e == ERR_OK && k < LIMIT_KIND_COUNT; k++) {
        const enum limit_kind kind = (enum limit_kind)k;
        const struct limit_expiry x = {
            .kind = kind,
            .window_s = longest_window_s(r->view, kind),
            .now_s = r->now_s,
            .max = r->max,
        };
        size_t n = 0;
        e = limits_expire(r->limits, txn, &x, &n);
        *forgotten += n;
    }
    return e;
}

enum err close_forget(const struct close_retention *r, struct kv_txn *txn)
{
    size_t n = 0;
    enum err e = forget_headers(r, txn, &n);
    if (e == ERR_OK)
        e = forget_counters(r, txn, &n);
    if (e != ERR_OK || n == 0)
        return e;
    const struct turn_audit what = {
        .event = AUDIT_EVENT_RETENTION_DONE,
        .count = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX,
    };
    struct digest entry;
    return audit_append(r->broker->audit, txn, &what, NULL, NULL, r->now_s, &entry);
}
