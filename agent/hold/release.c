#include "agent/hold/release.h"

#include "agent/hold/epoch.h"
#include "agent/hold/hit.h"
#include "agent/hold/hold.h"
#include "agent/hold/question.h"
#include "agent/hold/sweep.h"
#include "agent/own_key.h"
#include "agent/witness/witness.h"
#include "pki/digest.h"
#include "pki/seal.h"
#include "proto/base/log.h"
#include "proto/base/when.h"
#include "proto/host/crash.h"
#include "proto/log/merkle.h"
#include "proto/policy/duties.h"

/* All that a release is made of. */
struct source {
    struct consent consent; /* the first; the second says the same */
    int64_t asked_at_s;     /* issued_at of the header */
    struct record record;
    struct record_roots roots;
    struct record_batch batch;
    const struct policy *policy; /* that the header names; NULL: of a refusal */
    const struct rule *rule;     /* of that policy; NULL without one */
};

static enum err check_signer(const struct release_params *p, const struct signed_consent *s,
                             struct errmsg *why)
{
    struct consent c;
    enum err bad = consent_decode(s->consent, p->arena, &c, why);
    if (bad != ERR_OK)
        return bad;
    const struct roster_officer *o =
        view_officer(p->view, &s->fingerprint, &p->agent->config->oin, c.signed_at_s);
    if (o == NULL)
        return errmsg_set(why, ERR_PERMISSION, "an officer who signed is not on the roster now");
    if (!roster_officer_is(o, &c.function))
        return errmsg_set(why, ERR_PERMISSION, "who signed as %s is that no more", c.function.s);
    return ERR_OK;
}

/* Between the last signature and this moment the policy, an adoption, an officer or a function may have gone; the
 * broker would refuse as well, but it is not the broker's to be trusted with. */
enum err release_check_standing(const struct release_params *p, const struct hold_item *item,
                                const struct consent *c, const struct policy **policy,
                                struct errmsg *why)
{
    struct question_text q;
    *policy = NULL;
    struct decision *d = arena_alloc(p->arena, sizeof *d);
    if (d == NULL)
        return ERR_NOMEM;
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < item->consent_count; i++)
        bad = check_signer(p, &item->consents[i], why);
    if (bad == ERR_OK)
        bad = epoch_serves(p->view, &c->purpose, c->epoch, why);
    if (bad == ERR_OK)
        bad = question_open(item, p->arena, &q, why);
    if (bad != ERR_OK || c->decision == CONSENT_REFUSE)
        return bad;
    if (witness_stops_releases(p->agent))
        return errmsg_set(why, ERR_AGAIN, "no quorum of witnesses watches the audit log");
    bad = question_find_policy(p->view, &q, why);
    if (bad != ERR_OK || q.policy == NULL)
        return bad != ERR_OK ? bad : ERR_BEHIND;
    *policy = q.policy;
    question_judge(p->view, item, &q, p->now_s, d);
    return d->permit ? ERR_OK
                     : errmsg_set(why, ERR_PERMISSION, "the policy does not permit it now: %s (%s)",
                                  condition_id(d->failures[0].condition),
                                  condition_en(d->failures[0].condition));
}

/* The record of the item, alive, with the leaf that was signed. */
static enum err load(const struct release_params *p, const struct hold_item *item, struct source *s,
                     struct errmsg *why)
{
    struct agent *a = p->agent;
    enum err bad = consent_decode(item->consents[0].consent, p->arena, &s->consent, why);
    if (bad != ERR_OK)
        return bad;
    bad = release_check_standing(p, item, &s->consent, &s->policy, why);
    if (bad != ERR_OK)
        return bad;
    struct question_text q;
    bad = question_open(item, p->arena, &q, why);
    if (bad != ERR_OK)
        return bad;
    s->asked_at_s = q.header.issued_at_s;
    s->rule = s->policy != NULL ? policy_rule(s->policy, &s->consent.rule) : NULL;
    bad = records_by_handle(a->records, p->txn, &item->handle, p->arena, &s->record);
    if (bad == ERR_NOT_FOUND)
        return errmsg_set(why, ERR_STATE, "the record is gone");
    if (bad == ERR_OK && (s->record.withdrawn || s->record.is_protected ||
                          (int64_t)s->record.expires_day <= when_day(p->now_s)))
        return errmsg_set(why, ERR_STATE, "the record was replaced, withdrawn or has expired");
    struct agency_half *half = agent_half(a, &s->consent.purpose, s->consent.epoch, true);
    if (bad == ERR_OK && half == NULL)
        return errmsg_set(why, ERR_STATE, "there is no key of the purpose and epoch any more");
    const struct inner *inners = NULL;
    if (bad == ERR_OK)
        bad = hit_inners(&s->record, half, p->arena, &inners);
    if (bad == ERR_OK)
        bad = record_roots_of(&s->record, inners, p->arena, &s->roots);
    if (bad == ERR_OK && !digest_equal(&s->roots.leaf, &s->consent.record_leaf))
        return errmsg_set(why, ERR_MISMATCH, "the record is not the one that was signed");
    if (bad == ERR_OK)
        bad = records_batch(a->records, p->txn, &s->record, p->arena, &s->batch);
    return bad == ERR_STATE ? ERR_AGAIN : bad;
}

/* The path of values[index], with its hashes in the arena. */
static enum err path_of(const struct digest *values, size_t count, size_t index, struct arena *a,
                        struct merkle_path *out)
{
    struct merkle_hashes *h = arena_alloc(a, sizeof *h);
    if (h == NULL)
        return ERR_NOMEM;
    enum err bad = merkle_path_make(digest_sha256, values, count, index, h);
    if (bad == ERR_OK)
        *out = merkle_path_of(index, count, h);
    return bad;
}

static enum err open_field(const struct source *s, const struct name *name, struct arena *a,
                           struct field_opening *out, struct errmsg *why)
{
    for (size_t i = 0; i < s->record.field_count; i++) {
        const struct record_field *f = &s->record.fields[i];
        if (!name_equal(&f->name, name))
            continue;
        if (!question_is_masked(s->rule, f))
            return errmsg_set(why, ERR_MISMATCH,
                              "field %s was loaded before its rule masked it: import it again",
                              name->s);
        *out = (struct field_opening){.name = f->name, .salt = f->salt, .value = f->value};
        return path_of(s->roots.field_digests, s->record.field_count, i, a, &out->path);
    }
    return ERR_MISMATCH;
}

static enum err open_fields(const struct source *s, struct arena *a, struct release_content *out,
                            struct errmsg *why)
{
    size_t count = s->consent.field_count;
    struct field_opening *fields = arena_array(a, count, sizeof *fields);
    enum err bad = fields == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < count; i++)
        bad = open_field(s, &s->consent.fields[i], a, &fields[i], why);
    out->fields = fields;
    out->field_count = count;
    return bad;
}

static enum err open_tokens(const struct source *s, const struct hold_item *item, struct arena *a,
                            struct release_content *out)
{
    struct token_opening *tokens = arena_array(a, item->matched_count, sizeof *tokens);
    enum err bad = tokens == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < item->matched_count; i++) {
        size_t place = item->matched[i].place;
        if (place >= s->record.identifier_count)
            return ERR_MISMATCH;
        tokens[i].type = s->record.identifiers[place].ident.type;
        tokens[i].salt = s->record.identifiers[place].salt;
        bad =
            path_of(s->roots.token_digests, s->record.identifier_count, place, a, &tokens[i].path);
    }
    out->tokens = tokens;
    out->token_count = item->matched_count;
    return bad;
}

static enum err consent_digests(const struct hold_item *item, struct release_content *out)
{
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < item->consent_count; i++)
        bad = digest_sha256(&item->consents[i].consent, 1, &out->consent_digests[i]);
    out->consent_count = item->consent_count;
    return bad;
}

/* The rule under which it may be used and its words on handling, for the receiver. */
static enum err handling_text(const struct rule *rule, struct arena *a, struct bytes *out)
{
    CLEANUP(buf_free) struct buf b = buf_new(200);
    duties_handling(&b, rule);
    *out = arena_copy(a, buf_bytes(&b));
    return out->ptr != NULL ? buf_err(&b) : ERR_NOMEM;
}

static enum err fill_content(const struct release_params *p, const struct source *s,
                             const struct hold_item *item, struct release_content *r,
                             struct errmsg *why)
{
    const struct consent *c = &s->consent;
    *r = (struct release_content){
        .deployment = c->deployment,
        .holder = p->agent->config->oin,
        .recipient = c->requester,
        .recipient_sealing = c->requester_sealing,
        .header_digest = c->header_digest,
        .handle = c->handle,
        .record_leaf = c->record_leaf,
        .group = item->group,
        .released_at_s = p->now_s,
        .rules = s->record.rules.rules,
        .rule_count = s->record.rules.count,
        .category = s->record.category,
        .expires_day = s->record.expires_day,
        .field_root = s->roots.field_root,
        .token_root = s->roots.token_root,
        .batch_header = s->batch.header,
        .batch_signature = s->batch.signature,
        .batch_promise = s->batch.promise,
        .batch_promise_signature = s->batch.promise_signature,
        .leaf_path = s->batch.leaf_path,
    };
    enum err bad = s->rule != NULL ? handling_text(s->rule, p->arena, &r->handling) : ERR_BEHIND;
    if (bad == ERR_OK)
        bad = consent_digests(item, r);
    if (bad == ERR_OK)
        bad = open_fields(s, p->arena, r, why);
    return bad == ERR_OK ? open_tokens(s, item, p->arena, r) : bad;
}

/* Seals content to the certificate that the officer signed for, and to no other. */
static enum err seal_content(const struct release_params *p, const struct source *s,
                             struct bytes content, struct buf *out, struct errmsg *why)
{
    CLEANUP(cleanup_cert_free) struct cert *to = NULL;
    CLEANUP(cleanup_cert_free) struct cert *own = NULL;
    const struct view_sealed sealed = {&s->consent.requester, &s->consent.requester_sealing,
                                       s->asked_at_s, p->now_s};
    const struct bytes der = view_sealing_cert(p->view, &sealed);
    if (der.len == 0)
        return errmsg_set(why, ERR_MISMATCH, "the requester has another sealing certificate now");
    enum err bad = cert_parse(der, CERT_SEALING, &to, NULL);
    if (bad == ERR_OK)
        bad = hold_member_cert(p->view, &p->agent->config->oin, CERT_SIGNING, &own);
    const struct key *signing = bad == ERR_OK ? agent_own_key(p->agent, own) : NULL;
    if (signing == NULL)
        return errmsg_set(why, ERR_MISMATCH, "the roster lacks a certificate of this party");
    const struct cert *recipients[] = {to};
    const struct seal_params sp = {signing, own, recipients, 1, 0};
    return seal(&sp, content, out);
}

static enum err make_release(const struct release_params *p, const struct source *s,
                             const struct hold_item *item, struct buf *out, struct errmsg *why)
{
    struct release_content r;
    CLEANUP(buf_free) struct buf content = buf_new(SEAL_MAX_CONTENT);
    enum err bad = fill_content(p, s, item, &r, why);
    if (bad == ERR_OK)
        bad = release_content_encode(&r, &content);
    if (bad == ERR_OK)
        bad = seal_content(p, s, buf_bytes(&content), out, why);
    return bad;
}

enum err release_settlement(const struct release_params *p, const struct hold_item *item,
                            struct buf *out, struct errmsg *why)
{
    struct source s;
    CLEANUP(buf_free) struct buf sealed = buf_new(SEAL_MAX_BYTES);
    enum err bad = load(p, item, &s, why);
    if (bad == ERR_OK && s.consent.decision == CONSENT_RELEASE)
        bad = make_release(p, &s, item, &sealed, why);
    if (bad != ERR_OK)
        return bad;
    struct settle settle = {
        .consent_count = item->consent_count,
        .batch_id = s.record.batch,
        .leaf_path = s.batch.leaf_path,
        .release = buf_bytes(&sealed),
    };
    memcpy(settle.consents, item->consents, sizeof settle.consents);
    return settle_encode(&settle, out);
}

enum err release_log_stopped(const struct release_params *p, const struct hold_item *item, const char *why)
{
    struct request_header h;
    const struct audit_fact facts[] = {audit_fact_word("why", why)};
    enum err bad = request_header_decode(item->header, p->arena, &h, NULL);
    if (bad != ERR_OK)
        return bad;
    struct own_entry e = hold_entry_of(&h, &item->header_digest, AUDIT_EVENT_DECISION_STOPPED, NULL);
    const struct own_touch touched = hold_touch_of(item->number, why);
    e.facts = facts;
    e.facts_count = ARRAY_LEN(facts);
    e.touched = &touched;
    e.touched_count = 1;
    return own_log_append(p->agent, p->txn, &e);
}

/* Writes what became of it. A settlement that can never be made ends the item; one whose epoch has ended
 * leaves it to the other epoch that found the record. */
static enum err give_up(const struct release_params *p, struct hold_item *item,
                        const struct hold_item *old, const struct errmsg *why)
{
    struct hold_item over;
    enum err bad = epoch_go_over(p->view, item, p->arena, &over);
    const bool goes_over = bad == ERR_OK;
    if (bad == ERR_OK || bad == ERR_NOT_FOUND)
        bad = release_log_stopped(p, item, goes_over ? "epoch_ended" : "stands_no_more");
    if (bad == ERR_OK && goes_over) {
        *item = over;
        return item_put(p->agent->store, p->txn, item, old);
    }
    if (bad != ERR_OK)
        return bad;
    item->state = ITEM_FAILED;
    item->refusal = arena_copy(p->arena, bytes_str(why->text));
    log_warn("hold.not_settled item=%llu why=\"%s\"", (unsigned long long)item->number, why->text);
    return sweep_close(p->agent, p->txn, item, old);
}

enum err release_finish(const struct release_params *p, struct hold_item *item,
                        const struct hold_item *old)
{
    struct errmsg why = {""};
    struct request_header header;
    CLEANUP(buf_free) struct buf body = buf_new(FRAME_MAX_BYTES);
    enum err bad = request_header_decode(item->header, p->arena, &header, &why);
    if (bad == ERR_OK)
        bad = release_settlement(p, item, &body, &why);
    if (bad == ERR_AGAIN) {
        item->state = ITEM_DECIDED;
        item->due_s = p->now_s + RELEASE_WAIT_S;
        return item_put(p->agent->store, p->txn, item, old);
    }
    if (bad != ERR_OK && hold_is_trouble(bad))
        return bad;
    if (bad != ERR_OK) {
        if (why.text[0] == '\0')
            errmsg_set(&why, bad, "%s", err_text(bad));
        return give_up(p, item, old, &why);
    }
    uint8_t room[8];
    struct buf tag = buf_fixed(room, sizeof room);
    buf_put_u64(&tag, item->number);
    struct outbox_id id;
    bad = outbox_put(p->agent->outbox, p->txn, MSG_SETTLE, buf_bytes(&body), buf_bytes(&tag), &id);
    item->state = ITEM_SENT;
    item->due_s = header.deadline_s;
    if (bad == ERR_OK)
        bad = item_put(p->agent->store, p->txn, item, old);
    crash_point("hold.released");
    return bad;
}
