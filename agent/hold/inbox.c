#include "agent/hold/inbox.h"

#include "agent/agent.h"

#define ITEM_ARENA_BYTES ((size_t)16 << 20)

static enum err look_at(struct agent *a, struct kv_txn *txn, uint64_t number, struct arena *arena,
                        const struct inbox_look *look)
{
    struct desk d;
    struct hold_item item;
    struct errmsg why = {""};
    enum err bad = item_get(a->store, txn, number, arena, &item);
    if (bad != ERR_OK || (!look->all && item.state != ITEM_OPEN))
        return bad;
    bad = desk_read(a, txn, number, arena, &d, &why);
    if (bad != ERR_OK)
        return bad;
    enum desk_seat seat = desk_seat(&d, look->officer);
    return seat != SEAT_NONE ? look->fn(look->arg, &d, seat) : ERR_OK;
}

enum err inbox_each(struct agent *a, const struct inbox_look *look)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(ITEM_ARENA_BYTES);
    struct item_iter it = {.rows = NULL};
    uint64_t number = 0;
    enum err bad = arena == NULL ? ERR_NOMEM : kv_read_begin(a->kv, &txn);
    if (bad == ERR_OK)
        bad = item_iter_all(a->store, txn, &it);
    while (bad == ERR_OK && (bad = item_iter_next(&it, &number)) == ERR_OK) {
        arena_reset(arena);
        bad = look_at(a, txn, number, arena, look);
    }
    item_iter_end(&it);
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

void inbox_count(struct inbox_counts *n, const struct desk *d)
{
    n->open += d->item.state == ITEM_OPEN;
    n->late += d->is_late;
    n->overdue += d->is_overdue;
}

static enum err count_one(void *arg, const struct desk *d, enum desk_seat seat)
{
    (void)seat;
    inbox_count(arg, d);
    return ERR_OK;
}

enum err inbox_count_for(struct agent *a, const struct roster_officer *officer,
                         struct inbox_counts *out)
{
    struct inbox_counts n = {0};
    const struct inbox_look look = {officer, false, count_one, &n};
    enum err bad = officer != NULL ? inbox_each(a, &look) : ERR_OK;
    if (bad == ERR_OK)
        *out = n;
    return bad;
}

enum err inbox_put_counts(const struct inbox_counts *n, struct doc *out)
{
    struct doc_build b = doc_build_of(out);
    doc_put_int(&b, "open", n->open);
    doc_put_int(&b, "late", n->late);
    doc_put_int(&b, "overdue", n->overdue);
    return doc_build_done(&b);
}
