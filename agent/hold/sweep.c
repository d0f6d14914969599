#include "agent/hold/sweep.h"

#include <stdlib.h>

#include "agent/hold/hold.h"
#include "agent/hold/question.h"
#include "agent/hold/release.h"
#include "proto/base/log.h"
#include "proto/host/writer.h"

#define DAY_S INT64_C(86400)
#define SWEEP_ITEMS 16
#define SWEEP_ARENA_BYTES ((size_t)8 << 20)

/* Whether a release left this agency, or may have. */
static bool was_released(const struct hold_item *item)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 17);
    struct consent c;
    return item->consent_count > 0 && item->state != ITEM_ENDED && a != NULL &&
           consent_decode(item->consents[0].consent, a, &c, NULL) == ERR_OK &&
           c.decision == CONSENT_RELEASE;
}

enum err sweep_close(struct agent *a, struct kv_txn *txn, struct hold_item *item,
                     const struct hold_item *old)
{
    uint32_t days = was_released(item) ? item->keep_release : item->keep_hit;
    item_empty(item);
    item->due_s = agent_now_s(a) + (int64_t)days * DAY_S;
    return item_put(a->store, txn, item, old);
}

/* One sweep: at most SWEEP_ITEMS, so that others get their turn. */
struct sweep {
    struct agent *agent;
    struct view *view;
    unsigned closed;
    unsigned overdue; /* of those */
    unsigned deleted;
    struct own_touch ended[SWEEP_ITEMS]; /* the closed ones */
};

static enum err delete_item(struct sweep *w, struct kv_txn *txn, struct arena *a,
                            const struct hold_item *item)
{
    struct request_header h;
    enum err bad = request_header_decode(item->header, a, &h, NULL);
    if (bad == ERR_OK)
        bad = item_delete(w->agent->store, txn, item, &h.request_id);
    w->deleted += bad == ERR_OK;
    return bad;
}

static enum err visit(struct sweep *w, struct kv_txn *txn, struct arena *a, int64_t now_s,
                      const struct hold_item *old)
{
    struct request_header h;
    struct hold_item item = *old;
    if (old->emptied)
        return delete_item(w, txn, a, old);
    enum err bad = request_header_decode(old->header, a, &h, NULL);
    if (bad != ERR_OK)
        return bad;
    if (old->state == ITEM_DECIDED && now_s < h.deadline_s) {
        const struct release_params p = {w->agent, w->view, txn, a, now_s};
        return release_finish(&p, &item, old);
    }
    if (old->state == ITEM_OPEN || old->state == ITEM_DECIDED) {
        item.state = ITEM_ENDED;
        w->ended[w->closed++] = hold_touch_of(item.number, NULL);
        w->overdue += old->state == ITEM_OPEN && question_is_overdue(w->view, old, &h, now_s);
    }
    return sweep_close(w->agent, txn, &item, old);
}

static enum err sweep_job(struct kv_txn *txn, void *arg)
{
    struct sweep *w = arg;
    int64_t now_s = agent_now_s(w->agent);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(SWEEP_ARENA_BYTES);
    enum err bad = a == NULL ? ERR_NOMEM : ERR_OK;
    w->closed = w->overdue = w->deleted = 0;
    for (unsigned i = 0; i < SWEEP_ITEMS && bad == ERR_OK; i++) {
        uint64_t number = 0;
        struct hold_item item;
        arena_reset(a);
        bad = item_first_due(w->agent->store, txn, now_s, &number);
        if (bad == ERR_OK)
            bad = item_get(w->agent->store, txn, number, a, &item);
        if (bad == ERR_OK)
            bad = visit(w, txn, a, now_s, &item);
        else if (bad == ERR_NOT_FOUND)
            return ERR_OK;
    }
    return bad;
}

/* What ended undecided, and what retention took. */
static enum err log_swept(struct sweep *w, struct kv_txn *txn)
{
    const struct audit_fact late[] = {audit_fact_count("overdue", w->overdue)};
    const struct own_entry closed = {.event = AUDIT_EVENT_ITEM_CLOSED,
                                     .count = w->closed,
                                     .facts = late,
                                     .facts_count = ARRAY_LEN(late),
                                     .touched = w->ended,
                                     .touched_count = w->closed};
    const struct audit_fact what[] = {audit_fact_count("items", w->deleted)};
    const struct own_entry gone = {.event = AUDIT_EVENT_RETENTION_DONE,
                                   .count = w->deleted,
                                   .facts = what,
                                   .facts_count = ARRAY_LEN(what)};
    enum err bad = w->closed > 0 ? own_log_append(w->agent, txn, &closed) : ERR_OK;
    return bad == ERR_OK && w->deleted > 0 ? own_log_append(w->agent, txn, &gone) : bad;
}

static enum err sweep_and_log(struct kv_txn *txn, void *arg)
{
    enum err bad = sweep_job(txn, arg);
    return bad == ERR_OK ? log_swept(arg, txn) : bad;
}

static void sweep_done(enum err result, void *arg)
{
    struct sweep *w = arg;
    struct hold *h = w->agent->hold;
    if (h != NULL)
        h->sweeping = false;
    if (result != ERR_OK)
        log_warn("hold.sweep_failed error=\"%s\"", err_text(result));
    else if (w->closed + w->deleted > 0)
        log_info("hold.swept closed=%u deleted=%u", w->closed, w->deleted);
    view_free(w->view);
    free(w);
}

void hold_sweep(struct agent *a)
{
    struct hold *h = a->hold;
    if (h->sweeping)
        return;
    struct sweep *w = calloc(1, sizeof *w);
    if (w == NULL)
        return;
    w->agent = a;
    w->view = view_ref(a->view);
    if (writer_submit(a->writer, WRITER_BULK, sweep_and_log, sweep_done, w) != ERR_OK) {
        view_free(w->view);
        free(w);
        return;
    }
    h->sweeping = true;
}
