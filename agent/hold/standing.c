#include "agent/hold/standing.h"

#include <stdlib.h>

#include "agent/hold/epoch.h"
#include "agent/hold/hold.h"
#include "agent/hold/release.h"
#include "agent/hold/sweep.h"
#include "agent/outbox_rows.h"
#include "agent/witness/witness.h"
#include "proto/base/cursor.h"
#include "proto/base/log.h"
#include "proto/host/writer.h"

#define LOOK_ARENA_BYTES ((size_t)8 << 20)

struct standing_job {
    struct agent *agent;
    struct view *view;
    unsigned stopped;
    unsigned ended; /* with their epoch */
};

/* Perhaps: its frame is stored before it is sent, and a message of an earlier frame may have arrived too. */
static bool was_sent(const struct outbox_head *entry)
{
    return entry->has_frame || entry->old_count > 0;
}

/* One that was never sent goes over to the other epoch that found the record, where its own has ended. */
static enum err stop_unsent(struct standing_job *j, const struct release_params *p,
                            const struct outbox_head *entry, const struct hold_item *old)
{
    struct hold_item item;
    if (was_sent(entry))
        return ERR_NOT_FOUND;
    enum err bad = epoch_go_over(j->view, old, p->arena, &item);
    if (bad == ERR_OK)
        bad = outbox_drop(j->agent->outbox, p->txn, entry->id);
    if (bad == ERR_OK)
        bad = release_log_stopped(p, old, "epoch_ended");
    return bad == ERR_OK ? item_put(j->agent->store, p->txn, &item, old) : bad;
}

/* Nobody can tell now whether it may leave. One that was never sent is made again when somebody can; one that was sent
 * may have arrived, and the broker judges it. */
static enum err take_back(struct standing_job *j, const struct release_params *p,
                          const struct outbox_head *entry, const struct hold_item *old)
{
    struct hold_item item = *old;
    if (was_sent(entry))
        return ERR_OK;
    item.state = ITEM_DECIDED;
    item.due_s = p->now_s + RELEASE_WAIT_S;
    enum err bad = outbox_drop(j->agent->outbox, p->txn, entry->id);
    if (bad == ERR_OK)
        bad = release_log_stopped(p, old, "waits");
    return bad == ERR_OK ? item_put(j->agent->store, p->txn, &item, old) : bad;
}

/* One that was sent may have arrived: the broker judges it by its own view, and nobody here can tell. */
static enum err stop_item(struct standing_job *j, const struct release_params *p,
                          const struct outbox_head *entry, const struct hold_item *old,
                          const struct errmsg *why)
{
    struct hold_item item = *old;
    CLEANUP(buf_free) struct buf text = buf_new(1024);
    buf_printf(&text, "%s: %s", was_sent(entry) ? "held back" : "stopped before it left", why->text);
    if (was_sent(entry))
        buf_put_str(&text, "; it was on its way to the broker already, whose log tells whether it "
                           "arrived in time");
    item.state = ITEM_FAILED;
    item.refusal = buf_bytes(&text);
    enum err bad = buf_err(&text);
    if (bad == ERR_OK)
        bad = outbox_drop(j->agent->outbox, p->txn, entry->id);
    if (bad == ERR_OK)
        bad = release_log_stopped(p, old, was_sent(entry) ? "may_have_left" : "stands_no_more");
    if (bad == ERR_OK)
        bad = sweep_close(j->agent, p->txn, &item, old);
    if (bad == ERR_OK)
        log_warn("hold.stopped item=%llu why=\"%s\"", (unsigned long long)old->number, why->text);
    j->stopped += bad == ERR_OK;
    return bad;
}

static enum err look_at(struct standing_job *j, const struct release_params *p,
                        const struct outbox_head *entry)
{
    struct cursor c = cursor_of(outbox_tag(entry));
    const uint64_t number = cursor_u64(&c);
    struct hold_item item;
    struct consent consent;
    const struct policy *policy = NULL;
    struct errmsg why = {""};
    enum err bad = cursor_done(&c);
    if (bad == ERR_OK)
        bad = item_get(j->agent->store, p->txn, number, p->arena, &item);
    if (bad != ERR_OK || item.state != ITEM_SENT)
        return bad == ERR_NOT_FOUND ? ERR_OK : bad;
    bad = consent_decode(item.consents[0].consent, p->arena, &consent, &why);
    if (bad != ERR_OK || item.emptied)
        return bad;
    bad = release_check_standing(p, &item, &consent, &policy, &why);
    if (bad == ERR_AGAIN)
        return take_back(j, p, entry, &item);
    if (bad == ERR_OK || hold_is_trouble(bad))
        return bad;
    bad = stop_unsent(j, p, entry, &item);
    return bad == ERR_NOT_FOUND ? stop_item(j, p, entry, &item, &why) : bad;
}

static enum err look_job(struct kv_txn *txn, void *arg)
{
    struct standing_job *j = arg;
    struct outbox_head entry;
    struct outbox_id last = {0};
    j->stopped = 0;
    enum err bad = ERR_OK;
    while (bad == ERR_OK &&
           (bad = outbox_rows_after(j->agent->store, txn, last, &entry)) == ERR_OK) {
        CLEANUP(cleanup_arena_free) struct arena *a = arena_new(LOOK_ARENA_BYTES);
        const struct release_params p = {j->agent, j->view, txn, a, agent_now_s(j->agent)};
        last = entry.id;
        if (a == NULL)
            return ERR_NOMEM;
        if (entry.kind == MSG_SETTLE)
            bad = look_at(j, &p, &entry);
    }
    return bad == ERR_NOT_FOUND ? epoch_end_items(j->agent, j->view, txn, &j->ended) : bad;
}

static void note_failure(struct hold *h, enum err result)
{
    if (!h->standing.has_failed) /* the broker, and the requester, judge it once more */
        log_err("hold.standing_not_judged error=\"%s\": it is tried again", err_text(result));
    h->standing.has_failed = true;
    h->standing.is_due = true;
}

static void looked(enum err result, void *arg)
{
    struct standing_job *j = arg;
    struct hold *h = j->agent->hold;
    if (h != NULL) {
        h->standing.is_under_way = false;
        if (result != ERR_OK)
            note_failure(h, result);
        else
            h->standing.has_failed = false;
    }
    if (result == ERR_OK && j->ended > 0)
        log_notice("hold.ended_with_epoch items=%u", j->ended);
    view_free(j->view);
    free(j);
}

static enum err begin(struct agent *a)
{
    struct standing_job *j = calloc(1, sizeof *j);
    if (j == NULL)
        return ERR_NOMEM;
    *j = (struct standing_job){.agent = a, .view = view_ref(a->view)};
    enum err bad = writer_submit(a->writer, WRITER_INTERACTIVE, look_job, looked, j);
    if (bad == ERR_OK)
        return ERR_OK;
    view_free(j->view);
    free(j);
    return bad;
}

enum err standing_begin(struct agent *a)
{
    struct standing_job j = {.agent = a, .view = a->view};
    const enum err bad = writer_run(a->writer, look_job, &j);
    if (bad == ERR_OK && j.ended > 0)
        log_notice("hold.ended_with_epoch items=%u", j.ended);
    return bad;
}

/* When the witnesses are gone for too long, what was decided and has not left must not leave any more. */
static void look_at_watch(struct agent *a)
{
    struct hold *h = a->hold;
    const bool is_unwatched = witness_stops_releases(a);
    h->standing.is_due |= is_unwatched && !h->standing.is_unwatched;
    h->standing.is_unwatched = is_unwatched;
}

void standing_again(struct agent *a)
{
    struct hold *h = a->hold;
    look_at_watch(a);
    if (!h->standing.is_due || h->standing.is_under_way)
        return;
    h->standing.is_due = false;
    h->standing.is_under_way = true;
    enum err bad = begin(a);
    if (bad == ERR_OK)
        return;
    h->standing.is_under_way = false;
    note_failure(h, bad);
}

void standing_look(struct agent *a)
{
    struct hold *h = a->hold;
    h->standing.is_due = true;
    standing_again(a);
}
