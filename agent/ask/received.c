/* What the mailbox brings to a requester: settlements and the end of a request. */
#include "agent/ask/ask.h"
#include "agent/ask/verify.h"
#include "agent/own_key.h"
#include "agent/own_log.h"
#include "pki/agency_half.h"
#include "pki/digest.h"
#include "pki/seal.h"
#include "proto/base/log.h"

#define HEADER_ARENA_BYTES ((size_t)1 << 20)
#define OWN_MAX 32 /* sealing keys that count at one time */

/* A settlement between its two steps. */
struct received {
    struct settled settled;
    struct digest key; /* under which the result stands: the consent's digest */
    struct result result;
    struct verified verified;
    enum err verdict;
    struct errmsg why;
};

/* Whether the error is this machine's, so that the item must come again. */
static bool is_ours(enum err e)
{
    return e == ERR_NOMEM || e == ERR_CRYPTO || e == ERR_IO || e == ERR_NO_SPACE || e == ERR_AGAIN;
}

/* Our sealing keys to which an answer to one question may come. */
struct own_keys {
    struct verify_own v[OWN_MAX];
    struct cert *certs[OWN_MAX];
    size_t count;
};

static void free_own(struct own_keys *k)
{
    for (size_t i = 0; i < k->count; i++)
        cert_free(k->certs[i]);
}

static enum err add_own(struct mail_turn *t, const struct view_sealed *to, struct own_keys *out)
{
    const struct bytes der = view_sealing_cert(t->view, to);
    struct cert *c = NULL;
    if (der.len == 0 || out->count == OWN_MAX)
        return ERR_OK;
    enum err bad = cert_parse(der, CERT_SEALING, &c, NULL);
    if (bad != ERR_OK)
        return bad;
    const struct key *key = agent_own_key(t->agent, c);
    if (key == NULL) {
        cert_free(c);
        return ERR_OK;
    }
    out->certs[out->count] = c;
    out->v[out->count++] = (struct verify_own){key, c};
    return ERR_OK;
}

static enum err find_own(struct mail_turn *t, const struct request_header *h, struct own_keys *out)
{
    const struct roster_member *self = agent_member(t->agent);
    if (self == NULL)
        return ERR_AGAIN; /* not on the roster now */
    struct view_sealed to = {&self->id, &self->sealing.fingerprint, h->issued_at_s, t->now_s};
    enum err bad = add_own(t, &to, out);
    for (size_t i = 0; i < self->former.count && bad == ERR_OK; i++) {
        to.fingerprint = &self->former.v[i].cert.fingerprint;
        bad = add_own(t, &to, out);
    }
    return bad;
}

/* Loads what was asked and verifies; every verdict but a failure of this machine is in r. */
static enum err judge(struct mail_turn *t, struct kv_txn *txn, struct received *r, bool has_waited)
{
    const struct settled *s = &r->settled;
    struct agent *a = t->agent;
    struct asked_header open;
    struct asked asked;
    struct request_header header;
    CLEANUP(free_own) struct own_keys own = {.count = 0};
    enum err bad = asked_header_get(a->store, txn, &s->header_digest, t->arena, &open);
    if (bad == ERR_OK)
        bad = asked_get(a->store, txn, &open.request, t->arena, &asked);
    if (bad == ERR_OK)
        bad = request_header_decode(open.header, t->arena, &header, &r->why);
    if (bad != ERR_OK)
        return bad;
    bad = find_own(t, &header, &own);
    struct verify v = {
        .view = t->view,
        .asked = &asked,
        .open = &open,
        .header_digest = s->header_digest,
        .self = a->config->oin,
        .half = agent_half(a, &header.purpose, header.epoch, false),
        .own = own.v,
        .own_count = own.count,
        .now_s = t->now_s,
        .has_waited = has_waited,
    };
    if (bad != ERR_OK)
        return bad;
    r->verdict = verify_settled(&v, s, t->arena, &r->verified, &r->why);
    return is_ours(r->verdict) && r->verdict != ERR_AGAIN ? r->verdict : ERR_OK;
}

/* Bad by itself: it would be as bad the next time. */
static enum err drop(struct mail_turn *t, const char *what, const char *reason)
{
    log_warn("mail.dropped kind=%s reason=\"%s\"", what, reason);
    t->dropped = true;
    return ERR_OK;
}

/* What stands for it from now on. */
static enum err make_result(const struct mail_turn *t, struct received *r)
{
    const struct bytes whole = t->content;
    r->result = (struct result){.received_s = t->now_s, .settled = t->content};
    if (r->verdict == ERR_OK) {
        r->result.kind = r->verified.kind;
        r->result.content = r->verified.content;
        r->key = r->verified.consent_digest;
        return ERR_OK;
    }
    const bool waits = r->verdict == ERR_AGAIN;
    r->result.kind = waits ? RESULT_WAITS : RESULT_REJECTED;
    r->result.reason = bytes_str(r->why.text[0] != '\0' ? r->why.text : err_text(r->verdict));
    log_warn("result.%s reason=\"%.*s\"", result_kind_id(r->result.kind),
             (int)r->result.reason.len, (const char *)r->result.reason.ptr);
    return digest_sha256(waits ? &whole : &r->settled.consents[0].consent, 1, &r->key);
}

enum err ask_take_settled(struct mail_turn *t, bool has_waited, struct errmsg *why)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct received *r = arena_alloc(t->arena, sizeof *r);
    if (r == NULL)
        return ERR_NOMEM;
    enum err bad = settled_decode(t->content, t->arena, &r->settled, why);
    if (bad != ERR_OK)
        return is_ours(bad) ? bad : drop(t, "settled", why->text);
    bad = kv_read_begin(t->agent->kv, &txn);
    if (bad == ERR_OK)
        bad = judge(t, txn, r, has_waited);
    if (bad == ERR_NOT_FOUND)
        return drop(t, "settled", "no request of ours");
    if (is_ours(bad)) {
        *why = r->why;
        return bad;
    }
    if (bad != ERR_OK)
        r->verdict = bad;
    t->decoded = r;
    return make_result(t, r);
}

bool ask_settled_waits(const struct mail_turn *t)
{
    const struct received *r = t->decoded;
    return !t->dropped && r->result.kind == RESULT_WAITS;
}

static enum err prepare_settled(struct mail_turn *t, struct errmsg *why)
{
    return ask_take_settled(t, false, why);
}

/* Whose it is: one that cannot be read is of all who were asked about, as the results show it. */
static uint32_t group_of(const struct received *r, struct arena *a)
{
    struct consent c;
    return consent_decode(r->settled.consents[0].consent, a, &c, NULL) == ERR_OK ? c.group : TOUCH_GROUP_ALL;
}

/* What came, from whom, and what it was found to be. */
static enum err log_result(struct mail_turn *t, struct kv_txn *txn, const struct received *r)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(HEADER_ARENA_BYTES);
    const struct audit_fact found[] = {audit_fact_word("result", result_kind_id(r->result.kind))};
    struct asked_header open;
    if (a == NULL)
        return ERR_NOMEM;
    enum err bad = asked_header_get(t->agent->store, txn, &r->settled.header_digest, a, &open);
    if (bad != ERR_OK)
        return bad == ERR_NOT_FOUND ? ERR_OK : bad; /* its request was deleted meanwhile */
    const struct own_touch touched = {touch_of_request(&open.request), group_of(r, a), result_kind_id(r->result.kind)};
    const struct own_entry e = {.event = AUDIT_EVENT_RELEASE_RECEIVED,
                                .peer = &open.holder,
                                .request = &r->settled.header_digest,
                                .facts = found,
                                .facts_count = ARRAY_LEN(found),
                                .touched = &touched,
                                .touched_count = 1};
    return own_log_append(t->agent, txn, &e);
}

enum err ask_apply_settled(struct mail_turn *t, struct kv_txn *txn)
{
    const struct received *r = t->decoded;
    struct store *s = t->agent->store;
    bool stands = false;
    enum err bad = result_stands(s, txn, &r->settled.header_digest, &r->key, &stands);
    if (bad == ERR_OK && stands && r->verdict == ERR_OK)
        return ERR_OK; /* it came again, from a broker that did not know that it had come */
    if (bad == ERR_OK)
        bad = log_result(t, txn, r);
    if (bad == ERR_OK)
        bad = result_put(s, txn, &r->settled.header_digest, &r->key, &r->result);
    if (bad == ERR_OK && r->result.kind == RESULT_WAITS)
        bad = store_put_number(s, txn, RESULTS_WAIT, 1);
    return bad == ERR_OK && r->result.kind == RESULT_REJECTED ? store_count(s, txn, MAIL_REFUSED)
                                                              : bad;
}

const struct mail_owner ask_settled_owner = {
    .kind = MAIL_SETTLED,
    .prepare = prepare_settled,
    .apply = ask_apply_settled,
};

/* The end of a request. */
struct ended {
    struct signed_closed in;
    struct closed closed;
};

static enum err prepare_closed(struct mail_turn *t, struct errmsg *why)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct ended *e = arena_alloc(t->arena, sizeof *e);
    struct asked_header open;
    if (e == NULL)
        return ERR_NOMEM;
    enum err bad = signed_closed_decode(t->content, t->arena, &e->in, why);
    if (bad == ERR_OK)
        bad = closed_decode(e->in.closed, t->arena, &e->closed, why);
    if (bad != ERR_OK)
        return is_ours(bad) ? bad : drop(t, "closed", why->text);
    bad = kv_read_begin(t->agent->kv, &txn);
    if (bad == ERR_OK)
        bad = asked_header_get(t->agent->store, txn, &e->closed.header_digest, t->arena, &open);
    if (bad == ERR_NOT_FOUND)
        return drop(t, "closed", "no request of ours");
    if (bad != ERR_OK)
        return bad;
    t->decoded = e;
    const struct verify v = {.view = t->view, .open = &open, .now_s = t->now_s};
    bad = verify_closed(&v, &e->in, t->arena, &e->closed, why);
    return bad == ERR_OK || is_ours(bad) ? bad : drop(t, "closed", why->text);
}

static enum err apply_closed(struct mail_turn *t, struct kv_txn *txn)
{
    const struct ended *e = t->decoded;
    struct asked_header row;
    enum err bad =
        asked_header_get(t->agent->store, txn, &e->closed.header_digest, t->arena, &row);
    if (bad == ERR_NOT_FOUND)
        return ERR_OK;
    uint64_t answers = 0;
    if (bad == ERR_OK)
        bad = result_answers(t->agent->store, txn, &e->closed.header_digest, &answers);
    if (bad != ERR_OK)
        return bad;
    const struct audit_fact came[] = {audit_fact_count("answers", answers)};
    const struct own_touch touched = {touch_of_request(&row.request), TOUCH_GROUP_ALL, NULL};
    const struct own_entry entry = {.event = AUDIT_EVENT_REQUEST_CLOSED,
                                    .peer = &row.holder,
                                    .request = &e->closed.header_digest,
                                    .facts = came,
                                    .facts_count = ARRAY_LEN(came),
                                    .touched = &touched,
                                    .touched_count = 1};
    bad = own_log_append(t->agent, txn, &entry);
    if (bad != ERR_OK)
        return bad;
    row.state = ASK_CLOSED;
    row.since_s = e->closed.closed_at_s;
    row.closed = e->in.closed;
    return asked_header_put(t->agent->store, txn, &e->closed.header_digest, &row);
}

const struct mail_owner ask_closed_owner = {
    .kind = MAIL_CLOSED,
    .prepare = prepare_closed,
    .apply = apply_closed,
};
