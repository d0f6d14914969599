#include "agent/ask/lost.h"

#include <stdlib.h>

#include "agent/ask/ask.h"
#include "agent/ask/standing_refused.h"
#include "agent/own_log.h"
#include "proto/base/log.h"
#include "proto/host/writer.h"

#define ARENA_BYTES ((size_t)1 << 20)

static enum err close_one(struct agent *a, struct kv_txn *txn, const struct digest *digest, struct asked_header *row)
{
    static const char lost[] = "the broker was restored from a copy of before it, and does not know this question: ask it again";
    const struct audit_fact facts[] = {audit_fact_bool("lost", true)};
    const struct own_touch touched = {touch_of_request(&row->request), TOUCH_GROUP_ALL, NULL};
    const struct own_entry e = {.event = AUDIT_EVENT_REQUEST_CLOSED,
                                .peer = &row->holder,
                                .request = digest,
                                .facts = facts,
                                .facts_count = ARRAY_LEN(facts),
                                .touched = &touched,
                                .touched_count = 1};
    enum err bad = own_log_append(a, txn, &e);
    if (bad != ERR_OK)
        return bad;
    row->state = ASK_CLOSED;
    row->since_s = agent_now_s(a);
    row->refusal = bytes_str(lost);
    bad = asked_header_put(a->store, txn, digest, row);
    return bad == ERR_OK ? standing_lost(a, txn, &row->request) : bad;
}

enum err ask_close_lost(struct agent *a, struct kv_txn *txn, int64_t copied_s)
{
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(ARENA_BYTES);
    const int64_t after_s = copied_s + (int64_t)(a->config->trust.max_clock_skew_ms / 1000);
    struct digest at = {{0}};
    struct digest before;
    struct asked_header row;
    enum err bad = arena != NULL ? ERR_OK : ERR_NOMEM;
    while (bad == ERR_OK) {
        before = at;
        arena_reset(arena);
        bad = asked_header_next(a->store, txn, &before, arena, &at, &row);
        if (bad == ERR_OK && row.state == ASK_OPEN && row.since_s > after_s)
            bad = close_one(a, txn, &at, &row);
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

static enum err close_job(struct kv_txn *txn, void *arg)
{
    struct ask *k = arg;
    return ask_close_lost(k->agent, txn, k->copied_s);
}

static void closed(enum err result, void *arg)
{
    struct ask *k = arg;
    if (result == ERR_OK)
        return;
    log_warn("ask.lost_not_closed error=\"%s\"", err_text(result));
    k->copied_s = 0; /* with the next hello */
}

void ask_hear_restored(struct agent *a, const struct hello_reply *r)
{
    struct ask *k = ask_of(a);
    if (r->state == SESSION_OPEN)
        k->copied_s = 0; /* the next time it is another restore, perhaps of the same copy */
    if (r->state != SESSION_RECONCILE || r->copied_s == 0 || r->copied_s == k->copied_s)
        return;
    k->copied_s = r->copied_s;
    if (writer_submit(a->writer, WRITER_INTERACTIVE, close_job, closed, k) != ERR_OK)
        k->copied_s = 0;
}
