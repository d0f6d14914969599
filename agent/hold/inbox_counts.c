#include "agent/hold/inbox_counts.h"

#include "agent/agent.h"

#define COUNT_ARENA_BYTES ((size_t)16 << 20)

void inbox_count(struct inbox_counts *n, const struct desk *d)
{
    n->open += d->item.state == ITEM_OPEN;
    n->late += d->is_late;
    n->overdue += d->is_overdue;
}

enum err inbox_count_for(struct agent *a, const struct roster_officer *officer,
                         struct inbox_counts *out)
{
    *out = (struct inbox_counts){0};
    if (officer == NULL)
        return ERR_OK;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(COUNT_ARENA_BYTES);
    struct item_iter it = {.rows = NULL};
    struct inbox_counts n = {0};
    struct errmsg why = {""};
    uint64_t number = 0;
    enum err bad = arena == NULL ? ERR_NOMEM : kv_read_begin(a->kv, &txn);
    if (bad == ERR_OK)
        bad = item_iter_all(a->store, txn, &it);
    while (bad == ERR_OK && (bad = item_iter_next(&it, &number)) == ERR_OK) {
        struct desk d;
        arena_reset(arena);
        bad = item_get(a->store, txn, number, arena, &d.item);
        if (bad == ERR_OK && d.item.state == ITEM_OPEN) {
            bad = desk_read(a, txn, number, arena, &d, &why);
            if (bad == ERR_OK && desk_seat(&d, officer) != SEAT_NONE)
                inbox_count(&n, &d);
        }
    }
    item_iter_end(&it);
    if (bad != ERR_NOT_FOUND)
        return bad;
    *out = n;
    return ERR_OK;
}

enum err inbox_put_counts(const struct inbox_counts *n, struct doc *out)
{
    struct doc_build b = doc_build_of(out);
    doc_put_int(&b, "open", n->open);
    doc_put_int(&b, "late", n->late);
    doc_put_int(&b, "overdue", n->overdue);
    return doc_build_done(&b);
}
