#include "agent/hold/epoch.h"

#include "agent/agent.h"
#include "agent/hold/sweep.h"

#define ITEM_ARENA_BYTES ((size_t)1 << 20)

enum err epoch_serves(const struct view *v, const struct name *purpose, uint32_t epoch,
                      struct errmsg *why)
{
    const enum epoch_state state = view_epoch_state(v, purpose, epoch);
    if (state == EPOCH_ACTIVE || state == EPOCH_RETIRED)
        return ERR_OK;
    return errmsg_set(why, ERR_PERMISSION, "epoch %u of %s is %s: nothing is answered under it", epoch,
                      purpose->s, state == EPOCH_NONE ? "not known to be active"
                                                      : epoch_state_id(state));
}

static bool is_dead(const struct view *v, const struct name *purpose, uint32_t epoch)
{
    const enum epoch_state state = view_epoch_state(v, purpose, epoch);
    return state == EPOCH_COMPROMISED || state == EPOCH_DESTROYED;
}

static bool any_dead(const struct view *v)
{
    for (size_t i = 0; i < view_deal_count(v); i++)
        if (is_dead(v, &view_deal_at(v, i)->purpose, view_deal_at(v, i)->epoch))
            return true;
    return false;
}

struct ending {
    struct agent *a;
    const struct view *v;
    struct kv_txn *txn;
    unsigned closed;
};

static enum err end_item(struct ending *e, const struct hold_item *old, struct arena *arena)
{
    struct request_header h;
    if (old->emptied || (old->state != ITEM_OPEN && old->state != ITEM_DECIDED))
        return ERR_OK;
    enum err bad = request_header_decode(old->header, arena, &h, NULL);
    if (bad != ERR_OK || !is_dead(e->v, &h.purpose, h.epoch))
        return bad;
    struct hold_item item = *old;
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
    }
    item_iter_end(&it);
    *closed = e.closed;
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}
