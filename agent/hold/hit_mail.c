/* Hits of the mailbox: verified against the own record, then one item of the inbox for each record. */
#include <stdlib.h>

#include "agent/hold/compare.h"
#include "agent/hold/epoch.h"
#include "agent/hold/hit.h"
#include "agent/hold/hold.h"
#include "agent/hold/later.h"
#include "agent/hold/question.h"
#include "agent/own_key.h"
#include "pki/digest.h"
#include "pki/random.h"
#include "proto/base/join.h"
#include "proto/base/log.h"
#include "proto/base/when.h"
#include "proto/msg/batch.h"

#define APPLY_ARENA_BYTES ((size_t)16 << 20)

/* What came of one notice. */
enum hit_fate {
    FATE_DROPPED = 0, /* did not verify: nothing is learned */
    FATE_RAISED,
    FATE_FOLDED,
    FATE_KNOWN, /* this notice was there already */
    FATE_PROTECTED,
    FATE_LATE,  /* its deadline had passed when it came: nothing can be decided, and nothing is wrong */
    FATE_WAITS, /* nobody can judge it yet: it is kept for later */
};

struct hit_turn {
    struct hit hit;
    bool is_refused; /* before the store was asked */
    bool waits;      /* for its purpose */
    enum hit_fate fate;
    struct errmsg why;
};

static enum err prepare(struct mail_turn *t, struct errmsg *why)
{
    struct hit_turn *h = arena_alloc(t->arena, sizeof *h);
    if (h == NULL)
        return ERR_NOMEM;
    const struct hit_params p = {t->view, &t->agent->config->oin, t->now_s, t->arena};
    enum err bad = hit_open(&p, t->content, &h->hit, why);
    t->decoded = h;
    h->waits = bad == ERR_AGAIN;
    if (bad == ERR_OK || h->waits || h->hit.is_late)
        return ERR_OK;
    if (hold_is_trouble(bad))
        return bad;
    h->is_refused = true;
    if (why->text[0] == '\0')
        errmsg_set(why, bad, "%s", err_text(bad));
    h->why = *why;
    return ERR_OK;
}

static int by_value(const void *a, const void *b)
{
    const struct norm_ident *const *x = a;
    const struct norm_ident *const *y = b;
    if ((*x)->type != (*y)->type)
        return (*x)->type < (*y)->type ? -1 : 1;
    return bytes_cmp(ident_value(*x), ident_value(*y));
}

/* What tells whether two handles are the same record in another epoch: all that the source said, whatever
 * the order in which the epoch has its identifiers. It lies in a sealed value only. */
static enum err content_of(const struct record *r, struct arena *a, struct digest *out)
{
    CLEANUP(buf_free) struct buf b = buf_new((size_t)8 << 20);
    const struct norm_ident **order = arena_array(a, r->identifier_count, sizeof *order);
    if (order == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < r->identifier_count; i++)
        order[i] = &r->identifiers[i].ident;
    qsort(order, r->identifier_count, sizeof *order, by_value);
    join_part(&b, name_bytes(&r->category));
    for (size_t i = 0; i < r->field_count; i++) {
        join_part(&b, name_bytes(&r->fields[i].name));
        join_part(&b, r->fields[i].value);
    }
    for (size_t i = 0; i < r->identifier_count; i++) {
        join_str(&b, ident_type_id(order[i]->type));
        join_part(&b, ident_value(order[i]));
    }
    struct bytes all = buf_bytes(&b);
    enum err bad = buf_err(&b);
    return bad == ERR_OK ? digest_sha256(&all, 1, out) : bad;
}

/* The record, alive in the purpose and epoch of the question. */
static enum err find_record(const struct mail_turn *t, struct kv_txn *txn, const struct hit *h,
                            struct record *out, struct errmsg *why)
{
    enum err bad =
        records_by_handle(t->agent->records, txn, &h->notice.handle, t->arena, out);
    if (bad == ERR_NOT_FOUND)
        return errmsg_set(why, bad, "its handle is no record of this agency");
    if (bad != ERR_OK)
        return bad;
    if (!name_equal(&out->purpose, &h->header.purpose) || out->epoch != h->header.epoch)
        return errmsg_set(why, ERR_MISMATCH, "its record is of another purpose or epoch");
    if (out->withdrawn || (int64_t)out->expires_day <= when_day(t->now_s))
        return errmsg_set(why, ERR_STATE, "its record is not alive any more");
    return ERR_OK;
}

/* Everything that the record has to prove; fills the item as far as the record says it. */
static enum err prove(const struct mail_turn *t, struct hit_turn *h, const struct record *record,
                      struct hold_item *item)
{
    struct agency_half *half =
        agent_half(t->agent, &h->hit.header.purpose, h->hit.header.epoch, true);
    if (half == NULL)
        return errmsg_set(&h->why, ERR_AGAIN, "there is no key for its purpose and epoch");
    const struct inner *inners = NULL;
    struct record_roots roots;
    enum err bad = hit_inners(record, half, t->arena, &inners);
    if (bad == ERR_OK)
        bad = hit_prove(&h->hit, record, inners, item, &h->why);
    if (bad == ERR_OK)
        bad = record_roots_of(record, inners, t->arena, &roots);
    if (bad == ERR_OK)
        bad = content_of(record, t->arena, &item->content);
    if (bad == ERR_OK)
        item->record_leaf = roots.leaf;
    return bad;
}

/* As sealed to this certificate of ours, and signed with one of the requester's that counted when it asked. */
static enum err unseal_with(const struct mail_turn *t, struct hit_turn *h, struct bytes own_der,
                            struct bytes *exact, struct sealed_part *out)
{
    const struct request_header *asked = &h->hit.header;
    CLEANUP(cleanup_cert_free) struct cert *own = NULL;
    enum err bad = cert_parse(own_der, CERT_SEALING, &own, &h->why);
    const struct key *key = bad == ERR_OK ? agent_own_key(t->agent, own) : NULL;
    struct bytes der;
    struct view_signer by;
    if (bad != ERR_OK)
        return bad;
    bad = errmsg_set(&h->why, ERR_SIGNATURE, "its sealed part is for no key of this agency");
    for (size_t i = 0; key != NULL && bad == ERR_SIGNATURE &&
                       view_signing_cert_at(t->view, &asked->requester, i, &der, &by); i++) {
        CLEANUP(cleanup_cert_free) struct cert *signer = NULL;
        if (!view_signer_counts(&by, asked->issued_at_s))
            continue;
        bad = cert_parse(der, CERT_SIGNING, &signer, &h->why);
        const struct hit_keys keys = {key, own, signer};
        if (bad == ERR_OK)
            bad = hit_unseal(&h->hit, &keys, t->arena, exact, out, &h->why);
    }
    return bad;
}

/* The requester sealed to the certificate that its roster listed then: ours of now, or a former one. */
static enum err unseal(const struct mail_turn *t, struct hit_turn *h, struct bytes *exact,
                       struct sealed_part *out)
{
    const struct request_header *asked = &h->hit.header;
    const struct roster_member *self = roster_member_of(view_roster(t->view), &asked->holder);
    if (self == NULL || self->sealing.der.len == 0)
        return ERR_NOT_FOUND;
    enum err bad = unseal_with(t, h, self->sealing.der, exact, out);
    for (size_t i = 0; i < self->former.count && bad == ERR_SIGNATURE; i++) {
        const struct view_sealed to = {&self->id, &self->former.v[i].cert.fingerprint,
                                       asked->issued_at_s, t->now_s};
        const struct bytes der = view_sealing_cert(t->view, &to);
        if (der.len > 0)
            bad = unseal_with(t, h, der, exact, out);
    }
    return bad;
}

/* Opens what the requester says, compares it, and asks the policy. */
static enum err judge(const struct mail_turn *t, struct hit_turn *h, const struct record *record,
                      struct hold_item *item)
{
    struct question_text q = {.header = h->hit.header, .policy = h->hit.policy};
    enum err bad = unseal(t, h, &item->sealed, &q.sealed);
    if (bad != ERR_OK)
        return bad;
    item->control_name = compare_name(record, q.sealed.control_name);
    item->control_birth = compare_birth(record, q.sealed.control_birth_date);
    struct decision *d = arena_alloc(t->arena, sizeof *d);
    if (d == NULL)
        return ERR_NOMEM;
    question_judge(t->view, item, &q, t->now_s, d);
    if (!d->permit)
        return errmsg_set(&h->why, ERR_PERMISSION, "the policy does not permit it: %s",
                          condition_id(d->failures[0].condition));
    return ERR_OK;
}

static bool same_handle(const struct handle *a, const struct handle *b)
{
    return bytes_equal(BYTES_OF_ARRAY(a->b), BYTES_OF_ARRAY(b->b));
}

/* Whether other is the item of this notice: of the same question and handle, or the same record in another
 * epoch. In one epoch two handles are two records, however alike; so an item stands for one of each. */
static bool is_item_of(const struct hold_item *other, const struct request_header *others,
                       const struct hold_item *item, const struct request_header *h)
{
    if (other->group != item->group || !agency_id_equal(&others->requester, &h->requester))
        return false;
    if (same_handle(&other->handle, &item->handle))
        return true;
    if (item_has_twin(other))
        return same_handle(&other->twin.handle, &item->handle);
    return others->epoch != h->epoch && digest_equal(&other->content, &item->content);
}

/* An item of the same request about the same subject and record, in this epoch or another; t has an
 * arena for this alone. ERR_NOT_FOUND. */
static enum err find_twin(const struct mail_turn *t, struct kv_txn *txn,
                          const struct hold_item *item, const struct request_header *h,
                          struct hold_item *out)
{
    struct item_iter it = {.rows = NULL};
    struct request_header others;
    uint64_t number = 0;
    enum err bad = item_iter_request(t->agent->store, txn, &h->request_id, &it);
    while (bad == ERR_OK && (bad = item_iter_next(&it, &number)) == ERR_OK) {
        arena_reset(t->arena);
        bad = item_get(t->agent->store, txn, number, t->arena, out);
        if (bad == ERR_OK)
            bad = request_header_decode(out->header, t->arena, &others, NULL);
        if (bad == ERR_OK && is_item_of(out, &others, item, h))
            break;
        bad = hold_pass_over(number, bad);
    }
    item_iter_end(&it);
    return bad;
}

/* With a nonce of its own, and without what was signed for the other. */
static enum err turn_over(const struct hold_item *item, const struct hold_item *old,
                          struct hold_item *out)
{
    *out = *item;
    out->number = old->number;
    out->arrived_s = old->arrived_s;
    out->claimed_by = old->claimed_by;
    out->folded = old->folded;
    epoch_twin_of(old, &out->twin);
    return random_fill(out->nonce.b, sizeof out->nonce.b);
}

/* Whether the item goes over to the epoch of the notice: to a newer one, which outlives it, as long as nobody
 * has signed; to any where its own has ended, and the item perhaps with it. */
static enum err goes_over(const struct mail_turn *t, const struct hold_item *old,
                          const struct request_header *h, bool *out)
{
    struct request_header others;
    enum err bad = request_header_decode(old->header, t->arena, &others, NULL);
    if (bad != ERR_OK)
        return bad;
    const bool waits = old->state == ITEM_OPEN && !old->emptied;
    *out = epoch_has_ended(t->view, &others.purpose, others.epoch)
               ? waits || old->state == ITEM_DECIDED || old->state == ITEM_ENDED
               : waits && others.epoch < h->epoch && old->consent_count == 0;
    return ERR_OK;
}

/* That a question came about the record of an item; folded: the item was there, of another epoch. */
static enum err log_raised(const struct mail_turn *t, struct kv_txn *txn, const struct hit_turn *h,
                           uint64_t number, bool folded)
{
    const struct own_touch touched = hold_touch_of(number, NULL);
    const struct audit_fact fact = audit_fact_bool("folded", true);
    struct own_entry e =
        hold_entry_of(&h->hit.header, &h->hit.header_digest, AUDIT_EVENT_ITEM_RAISED, NULL);
    e.touched = &touched;
    e.touched_count = 1;
    e.facts = &fact;
    e.facts_count = folded;
    return own_log_append(t->agent, txn, &e);
}

/* One record is one decision, whichever epoch came first: what was signed stays as it is. */
static enum err fold(const struct mail_turn *t, struct kv_txn *txn, struct hit_turn *h,
                     const struct hold_item *item, const struct hold_item *old)
{
    bool known = digest_equal(&old->header_digest, &item->header_digest) ||
                 digest_equal(&old->twin.header_digest, &item->header_digest);
    bool over = false;
    h->fate = known ? FATE_KNOWN : FATE_FOLDED;
    if (known)
        return ERR_OK;
    struct hold_item more = *old;
    enum err bad = goes_over(t, old, &h->hit.header, &over);
    if (bad == ERR_OK && over)
        bad = turn_over(item, old, &more);
    else if (!same_handle(&old->handle, &item->handle))
        epoch_twin_of(item, &more.twin);
    if (more.emptied)
        item_empty(&more);
    more.folded++;
    if (bad == ERR_OK)
        bad = item_put(t->agent->store, txn, &more, old);
    return bad == ERR_OK ? log_raised(t, txn, h, old->number, true) : bad;
}

/* The thread of this item in the index: the record's subject, by all that the record knows it by. */
static enum err begin_touch(const struct mail_turn *t, struct kv_txn *txn, const struct hit *h,
                            const struct hold_item *item, const struct record *record)
{
    const size_t count = record->identifier_count;
    struct norm_ident *ids = arena_array(t->arena, count, sizeof *ids);
    struct touch_named *named = arena_array(t->arena, count, sizeof *named);
    if (ids == NULL || named == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        ids[i] = record->identifiers[i].ident;
    struct touch_start start = {
        .thread = touch_of_item(item->number),
        .terms = own_log_terms(h->rule, &h->header.policy_digest, t->now_s, h->header.deadline_s),
        .named = named,
        .count = count,
    };
    start.terms.compartment = item->compartment;
    const enum err bad = own_log_marks(t->agent, ids, count, 0, named);
    return bad == ERR_OK ? own_log_begin_touch(t->agent, txn, &start) : bad;
}

static enum err raise_item(const struct mail_turn *t, struct kv_txn *txn, struct hit_turn *h,
                           struct hold_item *item, const struct record *record)
{
    CLEANUP(cleanup_arena_free) struct arena *scratch = arena_new(APPLY_ARENA_BYTES);
    if (scratch == NULL)
        return ERR_NOMEM;
    struct hold_item twin;
    struct mail_turn search = *t;
    search.arena = scratch;
    enum err bad = find_twin(&search, txn, item, &h->hit.header, &twin);
    if (bad == ERR_OK)
        return fold(t, txn, h, item, &twin);
    if (bad == ERR_NOT_FOUND)
        bad = random_fill(item->nonce.b, sizeof item->nonce.b);
    if (bad == ERR_OK)
        bad = item_next_number(t->agent->store, txn, &item->number);
    if (bad == ERR_OK)
        bad = item_put(t->agent->store, txn, item, NULL);
    if (bad == ERR_OK)
        bad = item_link(t->agent->store, txn, &h->hit.header.request_id, item->number);
    if (bad == ERR_OK)
        bad = begin_touch(t, txn, &h->hit, item, record);
    if (bad == ERR_OK)
        bad = log_raised(t, txn, h, item->number, false);
    if (bad == ERR_OK)
        h->fate = FATE_RAISED;
    return bad;
}

/* The security officer hears that it happened, and nobody hears about whom. */
static enum err note_protected(const struct mail_turn *t, struct kv_txn *txn, struct hit_turn *h)
{
    h->fate = FATE_PROTECTED;
    enum err bad = store_count(t->agent->store, txn, OWN_LOG_MET);
    return bad == ERR_OK ? store_count(t->agent->store, txn, HOLD_PROTECTED_MET) : bad;
}

static void begin_item(const struct mail_turn *t, const struct hit *h, struct hold_item *item)
{
    const struct party *self = policy_party(h->policy, &h->header.holder);
    const struct consent_terms *terms = self != NULL ? rule_consent(h->rule, self) : NULL;
    *item = (struct hold_item){
        .state = ITEM_OPEN,
        .compartment = terms != NULL ? terms->compartment : (struct name){""},
        .arrived_s = t->now_s,
        .due_s = h->header.deadline_s,
        .keep_hit = h->rule->retention.hit,
        .keep_release = h->rule->retention.release,
        .function = h->function,
        .header = h->notice.header,
        .header_digest = h->header_digest,
        .group = h->notice.group,
        .handle = h->notice.handle,
        .control_name = COMPARED_ABSENT,
        .control_birth = COMPARED_ABSENT,
    };
}

/* In an arena of its own, so that many hits in one delivery do not add up. */
static enum err apply_verified(const struct mail_turn *turn, struct kv_txn *txn,
                               struct hit_turn *h)
{
    CLEANUP(cleanup_arena_free) struct arena *scratch = arena_new(APPLY_ARENA_BYTES);
    if (scratch == NULL)
        return ERR_NOMEM;
    struct mail_turn own = *turn;
    const struct mail_turn *t = &own;
    own.arena = scratch;
    struct record record;
    struct hold_item item;
    begin_item(t, &h->hit, &item);
    enum err bad = find_record(t, txn, &h->hit, &record, &h->why);
    if (bad == ERR_OK)
        bad = prove(t, h, &record, &item);
    if (bad == ERR_OK && record.is_protected)
        return note_protected(t, txn, h);
    if (bad == ERR_OK)
        bad = judge(t, h, &record, &item);
    return bad == ERR_OK ? raise_item(t, txn, h, &item, &record) : bad;
}

/* Only of a record that is here: whoever brings notices could else fill the store with them. */
static enum err keep_for_later(const struct mail_turn *t, struct kv_txn *txn, struct hit_turn *h)
{
    CLEANUP(cleanup_arena_free) struct arena *scratch = arena_new(APPLY_ARENA_BYTES);
    struct mail_turn own = *t;
    struct record record;
    if (scratch == NULL)
        return ERR_NOMEM;
    own.arena = scratch;
    const enum err bad = find_record(&own, txn, &h->hit, &record, &h->why);
    if (bad != ERR_OK)
        return bad;
    const struct later_notice n = {&h->hit.header_digest, h->hit.notice.group, &h->hit.notice.handle, t->content};
    h->fate = FATE_WAITS;
    return later_put(t->agent, txn, &n);
}

bool hold_hit_waits(const struct mail_turn *t)
{
    const struct hit_turn *h = t->decoded;
    return h->waits;
}

bool hold_hit_is_kept(const struct mail_turn *t)
{
    const struct hit_turn *h = t->decoded;
    return h->fate == FATE_WAITS;
}

/* A notice that does not verify has no effect but that it is counted; trouble of this machine is an
 * error, and it comes again. */
static enum err apply(struct mail_turn *t, struct kv_txn *txn)
{
    struct hit_turn *h = t->decoded;
    enum err bad = h->waits ? ERR_AGAIN : ERR_OK;
    h->fate = h->hit.is_late ? FATE_LATE : FATE_DROPPED;
    if (h->hit.is_late)
        return ERR_OK;
    if (!h->is_refused && !h->waits) {
        h->why = (struct errmsg){""};
        bad = apply_verified(t, txn, h);
    }
    if (bad == ERR_AGAIN) {
        bad = keep_for_later(t, txn, h);
        if (h->fate == FATE_WAITS)
            return bad;
    }
    if (!h->is_refused && (bad == ERR_OK || hold_is_trouble(bad)))
        return bad;
    if (h->why.text[0] == '\0')
        errmsg_set(&h->why, bad, "%s", err_text(bad));
    return store_count(t->agent->store, txn, MAIL_REFUSED);
}

static const char *fate_id(enum hit_fate f)
{
    switch (f) {
    case FATE_DROPPED: return "dropped";
    case FATE_RAISED: return "raised";
    case FATE_FOLDED: return "folded";
    case FATE_KNOWN: return "known";
    case FATE_PROTECTED: return "protected";
    case FATE_LATE: return "late";
    case FATE_WAITS: return "waits";
    }
    return "?";
}

static void on_done(struct mail_turn *t)
{
    const struct hit_turn *h = t->decoded;
    const unsigned long long sequence = t->sequence;
    t->dropped = h->fate == FATE_DROPPED;
    if (t->dropped)
        log_warn("hit.dropped sequence=%llu why=\"%s\"", sequence, h->why.text);
    else if (h->fate != FATE_PROTECTED && h->fate != FATE_WAITS) /* a line for each that waits would tell of the protected */
        log_info("hit.%s sequence=%llu", fate_id(h->fate), sequence);
}

const struct mail_owner hold_hit_owner = {
    .kind = MAIL_HIT,
    .prepare = prepare,
    .apply = apply,
    .on_done = on_done,
};
