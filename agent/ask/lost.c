#include "agent/ask/lost.h"

#include <stdlib.h>

#include "agent/ask/ask.h"
#include "agent/ask/standing_refused.h"
#include "agent/own_log.h"
#include "proto/base/buf.h"
#include "proto/base/log.h"
#include "proto/base/when.h"
#include "proto/host/writer.h"
#include "proto/json/doc.h"

#define ARENA_BYTES ((size_t)1 << 20)
#define SHOWN_S (INT64_C(31) * 86400)

/* Numbers of the store: the copy of which the broker's word closed questions last, how many, and when. */
#define COPIED "restored_copied"
#define CLOSED "restored_closed"
#define CLOSED_S "restored_closed_s"

struct losing {
    struct agent *agent;
    struct kv_txn *txn;
    int64_t copied_s;
    uint64_t closed;
};

static enum err close_one(struct losing *l, const struct digest *digest, struct asked_header *row)
{
    struct agent *a = l->agent;
    struct kv_txn *txn = l->txn;
    static const char lost[] = "the broker was restored from a copy of before it, and does not know this question: ask it again";
    const struct audit_fact facts[] = {audit_fact_bool("lost", true), audit_fact_int("copied", l->copied_s)};
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
    l->closed++;
    return bad == ERR_OK ? standing_lost(a, txn, &row->request) : bad;
}

static enum err close_all(struct losing *l)
{
    struct agent *a = l->agent;
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(ARENA_BYTES);
    const int64_t after_s = l->copied_s + (int64_t)(a->config->trust.max_clock_skew_ms / 1000);
    struct digest at = {{0}};
    struct digest before;
    struct asked_header row;
    enum err bad = arena != NULL ? ERR_OK : ERR_NOMEM;
    while (bad == ERR_OK) {
        before = at;
        arena_reset(arena);
        bad = asked_header_next(a->store, l->txn, &before, arena, &at, &row);
        if (bad == ERR_OK && row.state == ASK_OPEN && row.since_s > after_s)
            bad = close_one(l, &at, &row);
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* Of the same copy once more, after a restart here or there, the questions add up. A word that closed none hides no other. */
static enum err note_closed(const struct losing *l)
{
    struct store *s = l->agent->store;
    uint64_t copied = 0;
    uint64_t closed = 0;
    enum err bad = store_get_number(s, l->txn, COPIED, &copied);
    if (bad == ERR_OK && copied == (uint64_t)l->copied_s)
        bad = store_get_number(s, l->txn, CLOSED, &closed);
    if (bad == ERR_OK)
        bad = store_put_number(s, l->txn, COPIED, (uint64_t)l->copied_s);
    if (bad == ERR_OK)
        bad = store_put_number(s, l->txn, CLOSED, closed + l->closed);
    return bad == ERR_OK ? store_put_number(s, l->txn, CLOSED_S, (uint64_t)agent_now_s(l->agent)) : bad;
}

enum err ask_close_lost(struct agent *a, struct kv_txn *txn, int64_t copied_s)
{
    struct losing l = {.agent = a, .txn = txn, .copied_s = copied_s};
    enum err bad = store_put_number(a->store, txn, STORE_RESTORED_HEARD, (uint64_t)agent_now_s(a));
    if (bad == ERR_OK && copied_s != 0)
        bad = close_all(&l);
    return bad == ERR_OK && l.closed > 0 ? note_closed(&l) : bad;
}

/* A broker that says so often, or of other copies, closes what is open each time: people see it where it did. */
enum err ask_lost_line(struct agent *a, struct kv_txn *txn, struct buf *out)
{
    char when[WHEN_TEXT_SIZE];
    char copy[WHEN_TEXT_SIZE];
    uint64_t copied = 0;
    uint64_t closed = 0;
    uint64_t at_s = 0;
    enum err bad = store_get_number(a->store, txn, COPIED, &copied);
    if (bad == ERR_OK)
        bad = store_get_number(a->store, txn, CLOSED_S, &at_s);
    if (bad == ERR_OK)
        bad = store_get_number(a->store, txn, CLOSED, &closed);
    if (bad != ERR_OK || at_s == 0 || agent_now_s(a) > (int64_t)at_s + SHOWN_S)
        return bad;
    when_text((int64_t)at_s, when);
    when_text((int64_t)copied, copy);
    buf_printf(out, "the broker said at %s that it was restored from a copy of %s; open questions that were closed as lost: %llu",
               when, copy, (unsigned long long)closed);
    return buf_err(out);
}

enum err ask_lost_alarms(const struct call *c, struct doc *lines)
{
    char room[256];
    struct buf line = buf_fixed(room, sizeof room);
    struct agent *a = call_agent(c);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err bad = kv_read_begin(a->kv, &txn);
    if (bad == ERR_OK)
        bad = ask_lost_line(a, txn, &line);
    return bad == ERR_OK && line.len > 0 ? doc_append(lines, doc_new_text(buf_bytes(&line))) : bad;
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
    k->heard_restored = false; /* with the next hello */
}

void ask_hear_restored(struct agent *a, const struct hello_reply *r)
{
    struct ask *k = ask_of(a);
    if (r->state == SESSION_OPEN)
        k->heard_restored = false; /* the next time it is another restore, perhaps of the same copy */
    if (r->state != SESSION_RECONCILE || (k->heard_restored && r->copied_s == k->copied_s))
        return;
    k->heard_restored = true;
    k->copied_s = r->copied_s;
    if (writer_submit(a->writer, WRITER_INTERACTIVE, close_job, closed, k) != ERR_OK)
        k->heard_restored = false;
}
