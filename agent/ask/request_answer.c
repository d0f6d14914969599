/* What the broker answered to a request, and whom that wakes. */
#include "agent/ask/run.h"
#include "agent/ask/standing_refused.h"
#include "proto/host/loop.h"

/* The run that waits for this header, and the letter. */
static struct ask_run *find_run(struct ask *k, struct bytes tag, struct run_letter **letter)
{
    for (struct ask_run *r = k->runs; r != NULL; r = r->next)
        for (size_t i = 0; i < r->letter_count; i++)
            if (bytes_equal(digest_bytes(&r->letters[i].composed.header_digest), tag)) {
                *letter = &r->letters[i];
                return r;
            }
    return NULL;
}

struct answer {
    const struct bytes *code; /* of a refusal; NULL: accepted */
    struct bytes refusal;
    int64_t at_s; /* accepted: by the broker's clock, however late its answer comes */
};

static enum err answered(struct agent *a, struct kv_txn *txn, struct bytes tag, const struct answer *by_broker)
{
    const struct bytes *code = by_broker->code;
    const enum ask_state state = code != NULL ? ASK_REFUSED : ASK_OPEN;
    const struct audit_fact by[] = {audit_fact_word("refused_by", "broker")};
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new((size_t)1 << 20);
    struct digest digest;
    struct asked_header row;
    if (arena == NULL || tag.len != sizeof digest.b)
        return ERR_NOMEM;
    memcpy(digest.b, tag.ptr, tag.len);
    enum err bad = asked_header_get(a->store, txn, &digest, arena, &row);
    if (bad == ERR_NOT_FOUND)
        return ERR_OK; /* its time to be kept is over */
    if (bad != ERR_OK || row.state == ASK_CLOSED)
        return bad;
    const struct own_touch touched = {touch_of_request(&row.request), TOUCH_GROUP_ALL, NULL};
    const struct own_entry e = {
        .event = state == ASK_REFUSED ? AUDIT_EVENT_REQUEST_REFUSED : AUDIT_EVENT_REQUEST_ACCEPTED,
        .peer = &row.holder,
        .request = &digest,
        .reasons = code,
        .reasons_count = code != NULL ? 1 : 0,
        .facts = by,
        .facts_count = code != NULL ? 1 : 0,
        .touched = &touched,
        .touched_count = 1,
    };
    bad = own_log_append(a, txn, &e);
    if (bad != ERR_OK)
        return bad;
    row.state = state;
    row.since_s = by_broker->at_s;
    row.refusal = by_broker->refusal;
    bad = asked_header_put(a->store, txn, &digest, &row);
    return bad == ERR_OK && state == ASK_REFUSED ? standing_refused(a, txn, &row.request) : bad;
}

static enum err on_accepted(struct agent *a, struct kv_txn *txn, struct bytes tag,
                            const struct accepted *reply, const struct promise *promise)
{
    (void)reply;
    const struct answer accepted = {.at_s = promise->committed_at_s};
    return answered(a, txn, tag, &accepted);
}

static enum err on_refused(struct agent *a, struct kv_txn *txn, struct bytes tag,
                           const struct refused *reply)
{
    CLEANUP(buf_free) struct buf text = buf_new(65536);
    buf_printf(&text, "%s", refusal_code_id(reply->code));
    if (reply->detail.len > 0) {
        buf_put_str(&text, ": ");
        buf_put(&text, reply->detail);
    }
    for (size_t i = 0; i < reply->condition_count; i++) {
        const struct refused_condition *c = &reply->conditions[i];
        buf_put_str(&text, i == 0 ? ": " : ", ");
        buf_put(&text, c->code);
        if (c->parameter.len > 0)
            buf_printf(&text, " (%.*s)", (int)c->parameter.len, (const char *)c->parameter.ptr);
    }
    enum err bad = buf_err(&text);
    const struct bytes code = bytes_str(refusal_code_id(reply->code));
    const struct answer refused = {&code, buf_bytes(&text), agent_now_s(a)};
    return bad == ERR_OK ? answered(a, txn, tag, &refused) : bad;
}

/* What was stored about a header, for the answer to the caller. */
static void take_state(struct ask_run *r, struct run_letter *h)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct asked_header row;
    if (kv_read_begin(r->agent->kv, &txn) != ERR_OK ||
        asked_header_get(r->agent->store, txn, &h->composed.header_digest, r->arena, &row) != ERR_OK)
        return;
    h->state = row.state;
    h->refusal = row.refusal;
}

static void on_done(struct agent *a, struct bytes tag, bool accepted)
{
    struct run_letter *h = NULL;
    struct ask_run *r = find_run(ask_of(a), tag, &h);
    if (r == NULL || h->is_answered)
        return;
    h->is_answered = true;
    h->state = accepted ? ASK_OPEN : ASK_REFUSED;
    r->answered++;
    if (!accepted)
        take_state(r, h);
    if (r->answered == r->letter_count && r->is_stored)
        loop_timer_after(r->patience, 0);
}

const struct outbox_owner ask_request_owner = {
    .kind = MSG_REQUEST,
    .on_accepted = on_accepted,
    .on_refused = on_refused,
    .on_done = on_done,
};
