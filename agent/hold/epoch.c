#include "agent/hold/epoch.h"

#include "agent/agent.h"
#include "agent/hold/hold.h"
#include "agent/hold/question.h"
#include "agent/hold/release.h"
#include "agent/hold/sweep.h"
#include "agent/own_log.h"
#include "pki/random.h"
#include "proto/base/log.h"

#define ITEM_ARENA_BYTES ((size_t)1 << 20)

enum err epoch_serves(const struct view *v, const struct name *purpose, uint32_t epoch,
                      struct errmsg *why)
{
    const enum epoch_state state = view_epoch_state(v, purpose, epoch);
    if (view_epochs_suspended(v, purpose) != NULL)
        return errmsg_set(why, ERR_AGAIN, "purpose %s is suspended here", purpose->s);
    if (state == EPOCH_ACTIVE || state == EPOCH_RETIRED)
        return view_deal(v, purpose, epoch) != NULL
                   ? ERR_OK
                   : errmsg_set(why, ERR_AGAIN, "the custodian's statement of epoch %u of %s does not hold here",
                                epoch, purpose->s);
    return errmsg_set(why, ERR_PERMISSION, "epoch %u of %s is %s: nothing is answered under it", epoch,
                      purpose->s, state == EPOCH_NONE ? "not known to be active"
                                                      : epoch_state_id(state));
}

enum err epoch_could_be_asked(const struct view *v, const struct request_header *h, struct errmsg *why)
{
    const struct agency_id *left = NULL;
    const int64_t end_s = view_epoch_end_s(v, &h->purpose, h->epoch, &left);
    if (h->issued_at_s < end_s)
        return ERR_OK;
    return errmsg_set(why, ERR_EXPIRED, "asked in epoch %u of %s after its end: %s", h->epoch, h->purpose.s,
                      left == NULL ? "it is older than the policy lets it live"
                                   : "an agency that holds its key has left the purpose");
}

bool epoch_has_ended(const struct view *v, const struct name *purpose, uint32_t epoch)
{
    const enum epoch_state state = view_epoch_state(v, purpose, epoch);
    return state == EPOCH_COMPROMISED || state == EPOCH_DESTROYED;
}

/* By the custodians' words: an epoch may have ended whose statement is not here any more. */
static bool any_dead(const struct view *v)
{
    struct view_states said;
    for (size_t i = 0; view_states_at(v, i, &said); i++)
        for (size_t n = 0; n < said.states->epoch_count; n++)
            if (epoch_has_ended(v, &said.states->purpose, said.states->epochs[n].epoch))
                return true;
    return false;
}

struct ending {
    struct agent *a;
    const struct view *v;
    struct kv_txn *txn;
    unsigned closed;
};

void epoch_twin_of(const struct hold_item *item, struct item_twin *out)
{
    out->handle = item->handle;
    out->header_digest = item->header_digest;
    out->header = item->header;
    out->record_leaf = item->record_leaf;
    memcpy(out->matched, item->matched, sizeof out->matched);
    out->matched_count = item->matched_count;
}

/* Of an epoch that has ended no more is kept than by which its notice is known. */
static void take_place(const struct hold_item *old, struct hold_item *out)
{
    *out = *old;
    out->header = old->twin.header;
    out->header_digest = old->twin.header_digest;
    out->handle = old->twin.handle;
    out->record_leaf = old->twin.record_leaf;
    memcpy(out->matched, old->twin.matched, sizeof out->matched);
    out->matched_count = old->twin.matched_count;
    epoch_twin_of(old, &out->twin);
    out->twin.header = bytes_of(NULL, 0);
    out->twin.matched_count = 0;
}

enum err epoch_go_over(const struct view *v, const struct hold_item *old, struct arena *a,
                       struct hold_item *out)
{
    struct request_header own;
    struct request_header to;
    if (old->emptied || old->twin.header.len == 0)
        return ERR_NOT_FOUND;
    enum err bad = request_header_decode(old->header, a, &own, NULL);
    if (bad == ERR_OK)
        bad = request_header_decode(old->twin.header, a, &to, NULL);
    if (bad != ERR_OK)
        return bad;
    if (!epoch_has_ended(v, &own.purpose, own.epoch) ||
        epoch_serves(v, &to.purpose, to.epoch, NULL) != ERR_OK)
        return ERR_NOT_FOUND;
    take_place(old, out);
    out->state = ITEM_OPEN;
    out->consent_count = 0;
    out->due_s = to.deadline_s;
    log_notice("hold.went_over item=%llu epoch=%u", (unsigned long long)old->number, to.epoch);
    return random_fill(out->nonce.b, sizeof out->nonce.b);
}

/* Before the item is changed: what was signed does not leave, or the question ends undecided. A question that goes over
 * without a signature has lost nothing. */
static enum err log_ending(const struct ending *e, const struct hold_item *old, const struct request_header *h,
                           struct arena *arena, bool goes_over)
{
    const struct release_params p = {e->a, e->v, e->txn, arena, agent_now_s(e->a)};
    if (old->consent_count > 0)
        return release_log_stopped(&p, old, "epoch_ended");
    const struct audit_fact late[] = {audit_fact_count("overdue", question_is_overdue(e->v, old, h, p.now_s))};
    const struct own_touch touched = hold_touch_of(old->number, NULL);
    struct own_entry closed = hold_entry_of(h, &old->header_digest, AUDIT_EVENT_ITEM_CLOSED, NULL);
    closed.count = 1;
    closed.facts = late;
    closed.facts_count = ARRAY_LEN(late);
    closed.touched = &touched;
    closed.touched_count = 1;
    return goes_over ? ERR_OK : own_log_append(e->a, e->txn, &closed);
}

static enum err end_item(struct ending *e, const struct hold_item *old, struct arena *arena)
{
    struct request_header h;
    if (old->emptied || (old->state != ITEM_OPEN && old->state != ITEM_DECIDED))
        return ERR_OK;
    enum err bad = request_header_decode(old->header, arena, &h, NULL);
    if (bad != ERR_OK || !epoch_has_ended(e->v, &h.purpose, h.epoch))
        return bad;
    struct hold_item item = *old;
    enum err over = epoch_go_over(e->v, old, arena, &item);
    if (over != ERR_OK && over != ERR_NOT_FOUND)
        return over;
    bad = log_ending(e, old, &h, arena, over == ERR_OK);
    if (bad == ERR_OK && over == ERR_OK)
        bad = item_put(e->a->store, e->txn, &item, old);
    if (bad != ERR_OK || over == ERR_OK)
        return bad;
    item.state = ITEM_ENDED;
    bad = sweep_close(e->a, e->txn, &item, old);
    e->closed += bad == ERR_OK;
    return bad;
}

enum err epoch_end_items(struct agent *a, const struct view *v, struct kv_txn *txn, unsigned *closed)
{
    *closed = 0;
    if (!any_dead(v))
        return ERR_OK;
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(ITEM_ARENA_BYTES);
    struct item_iter it = {.rows = NULL};
    struct ending e = {a, v, txn, 0};
    uint64_t number = 0;
    if (arena == NULL)
        return ERR_NOMEM;
    enum err bad = item_iter_all(a->store, txn, &it);
    while (bad == ERR_OK && (bad = item_iter_next(&it, &number)) == ERR_OK) {
        struct hold_item old;
        arena_reset(arena);
        bad = item_get(a->store, txn, number, arena, &old);
        if (bad == ERR_OK)
            bad = end_item(&e, &old, arena);
        bad = hold_pass_over(number, bad);
    }
    item_iter_end(&it);
    *closed = e.closed;
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}
