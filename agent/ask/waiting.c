/* Settlements that nobody could judge when they came, because the key of their epoch was not here or their purpose
 * was suspended: judged again, as at that time, once that is over. The broker has forgotten them. */
#include <stdlib.h>

#include "agent/ask/ask.h"
#include "proto/base/log.h"
#include "proto/host/writer.h"

#define ROWS_MOST 32 /* in one go; the rest when the timer comes */

struct retry {
    struct agent *agent;
    struct arena *arena; /* of the settlement and all that is made of it */
    struct arena *rows;
    struct mail_turn turn;
    struct result_place at;
    size_t waiting;  /* that still wait, of those that were looked at */
    bool is_at_end;
    bool is_partial; /* it began behind the first */
};

static void retry_free(struct retry *r)
{
    if (r == NULL)
        return;
    view_free(r->turn.view);
    arena_free(r->arena);
    arena_free(r->rows);
    free(r);
}
DEFINE_CLEANUP(struct retry, retry_free)

/* One may have come since they were gone through. */
static enum err end_waiting(struct retry *r, struct kv_txn *txn)
{
    const struct result_place first = {{0}};
    struct result_place at;
    struct result res;
    enum err bad = result_next_waiting(r->agent->store, txn, &first, r->rows, &at, &res);
    return bad == ERR_NOT_FOUND ? store_put_number(r->agent->store, txn, RESULTS_WAIT, 0) : bad;
}

/* In the place of what waited stands what came of it; the number is for the end. */
static enum err put_job(struct kv_txn *txn, void *arg)
{
    struct retry *r = arg;
    struct store *s = r->agent->store;
    if (r->is_at_end)
        return end_waiting(r, txn);
    enum err bad = result_del(s, txn, &r->at);
    if (bad == ERR_NOT_FOUND)
        return ERR_OK; /* its request was deleted meanwhile */
    return bad == ERR_OK && !r->turn.dropped ? ask_apply_settled(&r->turn, txn) : bad;
}

static void go_on(struct retry *r);
static void end(struct retry *r);

static void was_put(enum err result, void *arg)
{
    struct retry *r = arg;
    if (result != ERR_OK)
        log_warn("result.not_judged error=\"%s\"", err_text(result)); /* with the timer */
    if (result == ERR_OK && !r->is_at_end && ask_of(r->agent) != NULL)
        go_on(r);
    else
        end(r);
}

/* The next that waits, judged once more. ERR_NOT_FOUND: there is none. ERR_AGAIN: it still waits. */
static enum err judge_next(struct retry *r)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct errmsg why = {""};
    struct result res;
    enum err bad = kv_read_begin(r->agent->kv, &txn);
    if (bad == ERR_OK)
        bad = result_next_waiting(r->agent->store, txn, &r->at, r->rows, &r->at, &res);
    if (bad != ERR_OK)
        return bad;
    arena_reset(r->arena);
    r->turn = (struct mail_turn){.agent = r->agent,
                                 .view = r->turn.view,
                                 .arena = r->arena,
                                 .now_s = res.received_s,
                                 .content = arena_copy(r->arena, res.settled)};
    bad = r->turn.content.ptr == NULL ? ERR_NOMEM : ask_take_settled(&r->turn, true, &why);
    return bad == ERR_OK && ask_settled_waits(&r->turn) ? ERR_AGAIN : bad;
}

static void end(struct retry *r)
{
    struct ask *k = ask_of(r->agent);
    if (k != NULL)
        k->is_retrying = false;
    retry_free(r);
}

static void go_on(struct retry *r)
{
    enum err bad = ERR_AGAIN;
    while (bad == ERR_AGAIN && r->waiting < ROWS_MOST) {
        bad = judge_next(r);
        r->waiting += bad == ERR_AGAIN;
    }
    r->is_at_end = bad == ERR_NOT_FOUND;
    ask_of(r->agent)->retried = bad == ERR_AGAIN ? r->at : (struct result_place){{0}};
    if (bad == ERR_AGAIN || (r->is_at_end && (r->waiting > 0 || r->is_partial))) {
        end(r);
        return;
    }
    if (bad == ERR_OK || r->is_at_end)
        bad = writer_submit(r->agent->writer, WRITER_INTERACTIVE, put_job, was_put, r);
    if (bad == ERR_OK)
        return;
    log_warn("result.not_judged error=\"%s\"", err_text(bad)); /* with the timer */
    end(r);
}

void ask_retry(struct agent *a)
{
    CLEANUP(cleanup_retry_free) struct retry *r = NULL;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct ask *k = ask_of(a);
    uint64_t any = 0;
    if (k == NULL || k->is_retrying || kv_read_begin(a->kv, &txn) != ERR_OK ||
        store_get_number(a->store, txn, RESULTS_WAIT, &any) != ERR_OK || any == 0)
        return;
    r = calloc(1, sizeof *r);
    if (r == NULL)
        return;
    r->agent = a;
    r->at = k->retried;
    const struct result_place first = {{0}};
    r->is_partial = memcmp(r->at.key, first.key, sizeof first.key) != 0;
    r->arena = arena_new(ASK_ARENA_BYTES);
    r->rows = arena_new(ASK_ARENA_BYTES);
    if (r->arena == NULL || r->rows == NULL)
        return;
    r->turn.view = view_ref(a->view);
    k->is_retrying = true;
    go_on(take(r));
}
