#include "agent/ask/case_destroy.h"

#include "agent/ask/asked.h"
#include "agent/ask/counts.h"
#include "agent/ask/keep.h"
#include "proto/base/when.h"

#define IDS_MAX ((size_t)8 << 20) /* of an arena for ids */

/* One case on its way out. */
struct work {
    struct store *store;
    struct kv_txn *txn;
    int64_t now_s;
    struct errmsg *why;
    struct arena *ids;
    struct request_id *v; /* its requests */
    size_t count;
    size_t room;
};

static enum err add_request(struct work *w, const struct request_id *id)
{
    if (w->count == w->room) {
        size_t room = w->room > 0 ? 2 * w->room : 16;
        struct request_id *more = arena_array(w->ids, room, sizeof *more);
        if (more == NULL)
            return ERR_NOMEM;
        if (w->count > 0)
            memcpy(more, w->v, w->count * sizeof *more);
        w->v = more;
        w->room = room;
    }
    w->v[w->count++] = *id;
    return ERR_OK;
}

static enum err find_requests(struct work *w, const struct case_id *id, struct arena *a)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err bad = store_iter(w->store, w->txn, STORE_ASK, bytes_of(NULL, 0), &it);
    struct store_row row;
    struct asked k;
    while (bad == ERR_OK && (bad = store_next(w->store, STORE_ASK, it, a, &row)) == ERR_OK) {
        bad = asked_decode(row.plain, a, &k);
        if (bad == ERR_OK && bytes_equal(BYTES_OF_ARRAY(k.case_id.b), BYTES_OF_ARRAY(id->b)))
            bad = add_request(w, &k.id);
        arena_reset(a);
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

typedef enum err (*request_fn)(struct work *w, const struct asked *k, struct arena *a);

static enum err each_request(struct work *w, struct arena *a, request_fn fn)
{
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < w->count; i++) {
        struct asked k;
        arena_reset(a);
        bad = asked_get(w->store, w->txn, &w->v[i], a, &k);
        if (bad == ERR_OK)
            bad = fn(w, &k, a);
    }
    return bad;
}

/* What may still come for it would find nothing any more and look like somebody else's. */
static enum err check_answered(struct work *w, const struct asked *k, struct arena *a)
{
    char until[WHEN_TEXT_SIZE];
    when_text(k->deadline_s, until);
    for (size_t i = 0; i < k->holder_count && w->now_s <= k->deadline_s + ASKED_LATE_S; i++) {
        struct asked_header h;
        enum err bad = asked_header_get(w->store, w->txn, &k->holders[i].header_digest, a, &h);
        if (bad != ERR_OK)
            return bad;
        if (h.state == ASK_QUEUED || h.state == ASK_OPEN)
            return errmsg_set(w->why, ERR_AGAIN, "a request of it is under way until %s", until);
    }
    return ERR_OK;
}

/* That it is kept longer two persons decided, with a reason. */
static enum err check_kept(struct work *w, const struct asked *k, struct arena *a)
{
    struct keep keep;
    char until[WHEN_TEXT_SIZE];
    const int64_t end_s = asked_end_s(k);
    enum err bad = keep_get(w->store, w->txn, &k->id, a, &keep);
    if (bad != ERR_OK)
        return bad == ERR_NOT_FOUND ? ERR_OK : bad;
    if (!keep_is_confirmed(&keep) || w->now_s > end_s)
        return ERR_OK;
    when_text(end_s, until);
    return errmsg_set(w->why, ERR_AGAIN, "a request of it is kept until %s by %s and %s", until,
                      keep.first.s, keep.second.s);
}

static enum err check_over(struct work *w, const struct asked *k, struct arena *a)
{
    enum err bad = check_answered(w, k, a);
    return bad == ERR_OK ? check_kept(w, k, a) : bad;
}

static enum err delete(struct work *w, const struct asked *k, struct arena *a)
{
    (void)a;
    return asked_delete(w->store, w->txn, k);
}

enum err case_destroy(struct store *s, struct kv_txn *txn, struct case_row *k,
                      const struct case_move *move, struct errmsg *why)
{
    CLEANUP(cleanup_arena_free) struct arena *ids = arena_new(IDS_MAX);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(2 * ASKED_MAX_BYTES);
    struct work w = {.store = s, .txn = txn, .now_s = move->at_s, .why = why, .ids = ids};
    if (ids == NULL || a == NULL)
        return ERR_NOMEM;
    if (case_row_state(k) != CASE_CLOSED)
        return errmsg_set(why, ERR_STATE, "only a closed case is destroyed; this one is in state %s",
                          case_state_id(case_row_state(k)));
    enum err bad = find_requests(&w, &k->id, a);
    if (bad == ERR_OK)
        bad = each_request(&w, a, check_over);
    if (bad == ERR_OK)
        bad = each_request(&w, a, delete);
    if (bad == ERR_OK)
        bad = counts_forget_case(s, txn, &k->id);
    if (bad == ERR_OK)
        bad = case_move_to(k, move, why);
    if (bad != ERR_OK)
        return bad;
    case_empty(k);
    return case_put(s, txn, k);
}

static enum err destroy_one(struct case_sweep *w, struct kv_txn *txn, const struct case_id *id)
{
    const struct case_move move = {.state = CASE_DESTROYED, .at_s = w->now_s};
    struct errmsg why = {""};
    struct case_row k;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(CASE_ROW_MAX_BYTES);
    enum err bad = a != NULL ? case_get(w->store, txn, id, a, &k) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = case_destroy(w->store, txn, &k, &move, &why);
    w->destroyed += bad == ERR_OK;
    return bad == ERR_AGAIN ? ERR_OK : bad;
}

/* Those behind w->after that are due, at most w->max; ERR_NOT_FOUND: there are no more. */
static enum err find_due(const struct case_sweep *w, struct kv_txn *txn, struct case_id *due,
                         size_t *count)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(2 * CASE_ROW_MAX_BYTES);
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err bad = a != NULL ? store_iter(w->store, txn, STORE_CASE, bytes_of(NULL, 0), &it)
                             : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = kv_iter_after(it, BYTES_OF_ARRAY(w->after.b));
    while (bad == ERR_OK && *count < w->max) {
        struct store_row row;
        struct case_row k;
        bad = store_next(w->store, STORE_CASE, it, a, &row);
        if (bad == ERR_OK)
            bad = case_decode(row.plain, &k);
        if (bad == ERR_OK && case_destroy_at_s(&k, w->policy) <= w->now_s)
            due[(*count)++] = k.id;
        arena_reset(a);
    }
    return bad;
}

enum err case_destroy_due(struct case_sweep *w, struct kv_txn *txn)
{
    CLEANUP(cleanup_arena_free) struct arena *ids =
        arena_new(w->max * sizeof(struct case_id) + 64);
    struct case_id *due = ids != NULL ? arena_array(ids, w->max, sizeof *due) : NULL;
    size_t count = 0;
    if (due == NULL)
        return ERR_NOMEM;
    enum err bad = find_due(w, txn, due, &count);
    w->after = bad == ERR_OK ? due[count - 1] : (struct case_id){{0}};
    if (bad == ERR_NOT_FOUND)
        bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < count; i++)
        bad = destroy_one(w, txn, &due[i]);
    return bad;
}
