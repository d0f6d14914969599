#include "agent/hold/decide.h"

#include "agent/agent.h"
#include "agent/hold/hold.h"
#include "agent/hold/question.h"
#include "agent/hold/release.h"
#include "agent/own_key.h"
#include "pki/sign.h"
#include "proto/host/crash.h"
#include "proto/policy/process.h"

#define APPLY_ARENA_BYTES ((size_t)8 << 20)

static enum err check_item(const struct desk *d, const struct wish *w, struct errmsg *why)
{
    const struct hold_item *i = &d->item;
    if (i->state != ITEM_OPEN)
        return errmsg_set(why, ERR_STATE, "item %llu is %s already", (unsigned long long)i->number,
                          item_state_id(i->state));
    if (i->emptied || d->now_s >= d->text.header.deadline_s)
        return errmsg_set(why, ERR_EXPIRED, "its deadline has passed; nothing can be decided");
    if (!d->stands)
        return errmsg_set(why, ERR_EXPIRED, "%s; nothing can be decided, and the requester has to ask again", d->fallen.text);
    if (i->claimed_by.s[0] != '\0' && i->consent_count == 0 &&
        !name_equal(&i->claimed_by, &w->officer->staff))
        return errmsg_set(why, ERR_CONFLICT, "%s claimed it; sluis claim takes it over",
                          i->claimed_by.s);
    return ERR_OK;
}

static enum err check_release(const struct desk *d, const struct wish *w, struct errmsg *why)
{
    if (!process_has_fields(d->rule->process))
        return errmsg_set(why, ERR_PERMISSION, "no field travels under this rule");
    if (!d->has_record)
        return errmsg_set(why, ERR_STATE, "the record was replaced, withdrawn or has expired");
    if (w->field_count == 0)
        return errmsg_set(why, ERR_NOT_FOUND, "name the fields to release");
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < w->field_count; i++)
        bad = desk_check_field(d, &w->fields[i], why);
    return bad;
}

static enum err check_wish(const struct desk *d, const struct wish *w, struct errmsg *why)
{
    struct name code;
    switch (w->decision) {
    case CONSENT_RELEASE:
        return check_release(d, w, why);
    case CONSENT_KNOWN:
        if (d->rule->outcome == NULL || d->rule->outcome->kind != OUTCOME_HIT_NO_HIT)
            return errmsg_set(why, ERR_PERMISSION, "nothing is confirmed under this rule");
        return d->has_record ? ERR_OK
                             : errmsg_set(why, ERR_STATE,
                                          "the record was replaced, withdrawn or "
                                          "has expired");
    case CONSENT_REFUSE:
        if (name_parse(w->code, &code) != ERR_OK || rule_refusal_ground(d->rule, &code) == NULL)
            return errmsg_set(why, ERR_UNKNOWN, "the rule has no such ground of refusal");
        return ERR_OK;
    case CONSENT_NONE:
        break;
    }
    return errmsg_set(why, ERR_UNKNOWN, "no such decision");
}

/* The policy is asked again at every decision; a refusal needs no permission to release. */
static enum err check_policy(const struct desk *d, const struct wish *w, struct errmsg *why)
{
    if (d->rule == NULL || d->terms == NULL)
        return errmsg_set(why, ERR_NOT_FOUND, "its rule is not in the policy");
    if (w->decision != CONSENT_REFUSE && !d->decision->permit)
        return errmsg_set(why, ERR_PERMISSION, "the policy does not permit it");
    return ERR_OK;
}

static bool needs_two(const struct desk *d, const struct wish *w)
{
    return w->decision != CONSENT_REFUSE && d->four_eyes;
}

enum err decide_same_words(struct bytes a, struct bytes b, struct arena *arena)
{
    struct consent first;
    struct consent second;
    CLEANUP(buf_free) struct buf again = buf_new((size_t)1 << 16);
    enum err bad = consent_decode(a, arena, &first, NULL);
    if (bad == ERR_OK)
        bad = consent_decode(b, arena, &second, NULL);
    if (bad != ERR_OK)
        return bad;
    second.staff = first.staff;
    second.function = first.function;
    second.signed_at_s = first.signed_at_s;
    bad = consent_encode(&second, &again);
    if (bad == ERR_OK && !bytes_equal(a, buf_bytes(&again)))
        bad = ERR_MISMATCH;
    return bad;
}

/* The second of two: another person, the same words. */
static enum err check_first(const struct desk *d, const struct wish *w, const struct draft *draft,
                            struct errmsg *why)
{
    const struct roster_former *former = NULL;
    const struct roster_officer *first =
        roster_officer_with(view_roster(d->view), &d->item.consents[0].fingerprint, &former);
    if (first == NULL || name_equal(&first->person, &w->officer->person))
        return errmsg_set(why, ERR_PERMISSION, "the second signature must be another person's");
    CLEANUP(buf_free) struct buf bytes = buf_new((size_t)1 << 16);
    enum err bad = consent_encode(&draft->consent, &bytes);
    if (bad == ERR_OK)
        bad = decide_same_words(d->item.consents[0].consent, buf_bytes(&bytes), d->arena);
    if (bad == ERR_MISMATCH)
        return errmsg_set(why, bad,
                          "the first signature is for another decision or other fields; "
                          "sluis show tells which");
    return bad;
}

static enum err compose(const struct desk *d, const struct wish *w, struct consent *out,
                        struct errmsg *why)
{
    const struct request_header *h = &d->text.header;
    const struct digest *sealing = desk_sealing(d);
    if (sealing == NULL)
        return errmsg_set(why, ERR_NOT_FOUND, "the roster has no sealing certificate of %s",
                          h->requester.oin);
    *out = (struct consent){
        .deployment = h->deployment,
        .decision = w->decision,
        .code = w->decision == CONSENT_REFUSE ? w->code : bytes_of(NULL, 0),
        .header_digest = d->item.header_digest,
        .requester = h->requester,
        .requester_sealing = *sealing,
        .rule = h->rule,
        .rule_version = h->rule_version,
        .policy_digest = h->policy_digest,
        .roster_serial = h->roster_serial,
        .purpose = h->purpose,
        .epoch = h->epoch,
        .handle = d->item.handle,
        .record_leaf = d->item.record_leaf,
        .fields = w->decision == CONSENT_RELEASE ? w->fields : NULL,
        .field_count = w->decision == CONSENT_RELEASE ? w->field_count : 0,
        .staff = *w->staff,
        .signed_at_s = d->now_s,
        .not_after_s = h->deadline_s,
        .nonce = d->item.nonce,
        .group = d->item.group,
    };
    return desk_function(d, w->officer, w->decision, &out->function, why);
}

enum err decide_draft(const struct desk *d, const struct wish *w, struct draft *out,
                      struct errmsg *why)
{
    struct draft draft = {.completes = true};
    enum err bad = check_item(d, w, why);
    if (bad == ERR_OK)
        bad = check_policy(d, w, why);
    if (bad == ERR_OK)
        bad = check_wish(d, w, why);
    if (bad == ERR_OK)
        bad = compose(d, w, &draft.consent, why);
    if (bad != ERR_OK)
        return bad;
    if (!needs_two(d, w)) {
        draft.replaces_first = true;
    } else if (!desk_first_stands(d)) {
        draft.replaces_first = true;
        draft.completes = false;
    } else {
        bad = check_first(d, w, &draft, why);
    }
    if (bad == ERR_OK)
        *out = draft;
    return bad;
}

enum err decide_check_signature(struct decide_job *job, struct errmsg *why)
{
    const struct agent *a = job->agent;
    struct signed_consent *s = &job->signed_consent;
    const struct officer_signed by = {SIGN_CONSENT, &job->staff, s->consent, s->signature};
    if (roster_officer_of(view_roster(job->view), &a->config->oin, &job->staff) == NULL)
        return errmsg_set(why, ERR_PERMISSION, "you are not on the roster any more");
    enum err bad = agent_officer_signed(a, job->view, &by, &s->fingerprint);
    if (bad == ERR_SIGNATURE)
        return errmsg_set(why, bad,
                          "the signature is not by the key of your certificate on the "
                          "roster; use --key with that key");
    return bad;
}

/* The item is still the one that was drafted for. */
static enum err check_unchanged(struct decide_job *job, const struct hold_item *item,
                                const struct request_header *h)
{
    if (agent_now_s(job->agent) >= h->deadline_s)
        return errmsg_set(&job->why, ERR_EXPIRED, "its deadline has passed; nothing is decided");
    if (item->state != ITEM_OPEN || item->emptied)
        return errmsg_set(&job->why, ERR_CONFLICT, "it was decided or ended in the meantime; look again");
    if (!bytes_equal(BYTES_OF_ARRAY(item->nonce.b), BYTES_OF_ARRAY(job->nonce.b)))
        return errmsg_set(&job->why, ERR_CONFLICT,
                          "the same question came in a newer epoch in the meantime, where nobody has signed; look again");
    if (item->consent_count != job->first_count)
        return errmsg_set(&job->why, ERR_CONFLICT, "somebody else signed in the meantime; look again");
    return ERR_OK;
}

static void add_signature(const struct decide_job *job, struct hold_item *item)
{
    if (job->replaces_first)
        item->consent_count = 0;
    item->consents[item->consent_count++] = job->signed_consent;
}

/* Who signed which decision, and whether it is complete with that. */
static enum err log_signed(const struct decide_job *job, struct kv_txn *txn, struct arena *a,
                           const struct hold_item *item)
{
    struct request_header h;
    struct consent c;
    enum err bad = request_header_decode(item->header, a, &h, NULL);
    if (bad == ERR_OK)
        bad = consent_decode(job->signed_consent.consent, a, &c, NULL);
    if (bad != ERR_OK)
        return bad;
    const struct audit_fact facts[] = {audit_fact_word("decision", consent_decision_id(c.decision)),
                                       audit_fact_bool("complete", job->completes),
                                       audit_fact_word("state", item_state_id(item->state)),
                                       audit_fact_bool("overdue", question_is_overdue(job->view, item, &h,
                                                                                      c.signed_at_s))};
    struct own_entry e = hold_entry_of(&h, &item->header_digest, AUDIT_EVENT_DECISION_SIGNED, &job->staff);
    e.facts = facts;
    e.facts_count = ARRAY_LEN(facts);
    e.reasons = &c.code;
    e.reasons_count = c.code.len > 0 ? 1 : 0;
    e.count = c.field_count;
    const struct own_touch touched = hold_touch_of(item->number, consent_decision_id(c.decision));
    e.touched = &touched;
    e.touched_count = 1;
    return own_log_append(job->agent, txn, &e);
}

enum err decide_apply(struct kv_txn *txn, struct decide_job *job)
{
    struct agent *agent = job->agent;
    struct hold_item old;
    struct request_header h;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(APPLY_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    enum err bad = item_get(agent->store, txn, job->number, a, &old);
    if (bad == ERR_OK)
        bad = request_header_decode(old.header, a, &h, &job->why);
    if (bad == ERR_OK)
        bad = check_unchanged(job, &old, &h);
    if (bad != ERR_OK)
        return bad;
    struct hold_item item = old;
    add_signature(job, &item);
    const struct release_params p = {agent, job->view, txn, a, agent_now_s(agent)};
    bad =
        job->completes ? release_finish(&p, &item, &old) : item_put(agent->store, txn, &item, &old);
    if (bad == ERR_OK)
        bad = log_signed(job, txn, a, &item);
    job->state = item.state;
    if (job->completes && item.state == ITEM_OPEN)
        errmsg_set(&job->why, ERR_OK, "its epoch ended in the meantime; the same question stands in the "
                                      "newer one and has no signature yet: look again and decide");
    if (item.state == ITEM_FAILED)
        errmsg_set(&job->why, ERR_OK, "%.*s", (int)item.refusal.len,
                   (const char *)item.refusal.ptr);
    crash_point("hold.decided");
    return bad;
}
