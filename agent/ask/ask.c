/* The asking part: its tables of verbs, mail and answers, and its life. */
#include "agent/ask/ask.h"

#include <stdlib.h>

#include "agent/ask/alert.h"
#include "agent/ask/asked.h"
#include "agent/ask/case_destroy.h"
#include "agent/ask/counts.h"
#include "agent/ask/lost.h"
#include "agent/ask/standing_end.h"
#include "agent/ask/standing_show.h"
#include "agent/own_log.h"
#include "pki/mac.h"
#include "proto/base/label.h"
#include "proto/base/log.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"

#define SWEEP_MS 60000
#define SWEEP_ROWS 256
#define SWEEP_CASES 16
#define SWEEP_STANDING 256

/* Store thread: requests whose time to be kept is over, with all that came back. */
static enum err sweep_asked(struct store *s, struct kv_txn *txn, int64_t now_s, struct arena *arena,
                            size_t *gone)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err bad = store_iter(s, txn, STORE_ASK, bytes_of(NULL, 0), &it);
    struct store_row row;
    struct asked k;
    struct asked over;
    bool found = false;
    while (bad == ERR_OK && !found &&
           (bad = store_next(s, STORE_ASK, it, arena, &row)) == ERR_OK) {
        bad = asked_decode(row.plain, arena, &k);
        if (bad == ERR_OK && now_s > asked_end_s(&k)) {
            over = k;
            found = true;
        } else {
            arena_reset(arena);
        }
    }
    if (bad != ERR_OK && bad != ERR_NOT_FOUND)
        return bad;
    *gone = found;
    return found ? asked_delete(s, txn, &over) : ERR_OK;
}

/* Store thread: what retention took. */
static enum err log_retention(struct agent *a, struct kv_txn *txn, size_t requests, size_t cases)
{
    const struct audit_fact what[] = {audit_fact_count("requests", requests), audit_fact_count("cases", cases)};
    const struct own_entry e = {.event = AUDIT_EVENT_RETENTION_DONE,
                                .count = requests + cases,
                                .facts = what,
                                .facts_count = ARRAY_LEN(what)};
    return e.count > 0 ? own_log_append(a, txn, &e) : ERR_OK;
}

struct sweep {
    struct agent *agent;
    struct view *view;       /* a reference */
    struct case_id from;     /* cases behind this one */
    struct case_sweep cases; /* of the last run of the job */
    struct standing_id from_standing;
    struct standing_sweep standing; /* likewise */
};

static enum err sweep_job(struct kv_txn *txn, void *arg)
{
    struct sweep *w = arg;
    struct store *s = w->agent->store;
    int64_t now_s = agent_now_s(w->agent);
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(2 * ASKED_MAX_BYTES);
    if (arena == NULL)
        return ERR_NOMEM;
    w->cases = (struct case_sweep){s, view_policy(w->view), now_s, SWEEP_CASES, w->from, 0};
    w->standing = (struct standing_sweep){w->agent, w->view, now_s, SWEEP_STANDING, w->from_standing, 0, 0};
    size_t gone = 0;
    enum err bad = sweep_asked(s, txn, now_s, arena, &gone);
    if (bad == ERR_OK)
        bad = standing_sweep(&w->standing, txn);
    if (bad == ERR_OK)
        bad = case_destroy_due(&w->cases, txn);
    if (bad == ERR_OK)
        bad = log_retention(w->agent, txn, gone, w->cases.destroyed);
    if (bad == ERR_OK)
        bad = alert_prune(s, txn, now_s, SWEEP_ROWS);
    return bad == ERR_OK ? counts_prune(s, txn, now_s, SWEEP_ROWS) : bad;
}

static void note_standing(struct ask *k, const struct standing_sweep *w)
{
    static const struct standing_id end = {{0}};
    k->swept_standing = w->after;
    k->standing_counted += w->unread;
    if (!bytes_equal(BYTES_OF_ARRAY(w->after.b), BYTES_OF_ARRAY(end.b)))
        return;
    k->standing_unread = k->standing_counted;
    k->standing_counted = 0;
}

static void swept(enum err result, void *arg)
{
    struct sweep *w = arg;
    struct ask *k = ask_of(w->agent);
    if (result != ERR_OK)
        log_warn("ask.sweep error=\"%s\"", err_text(result));
    else if (w->cases.destroyed > 0)
        log_notice("case.destroyed count=%zu", w->cases.destroyed);
    if (result == ERR_OK && w->standing.ended > 0)
        log_notice("standing.ended count=%zu", w->standing.ended);
    if (result == ERR_OK && k != NULL) {
        k->swept = w->cases.after;
        note_standing(k, &w->standing);
    }
    view_free(w->view);
    free(w);
}

void ask_sweep(struct agent *a)
{
    const struct ask *k = ask_of(a);
    struct sweep *w = k != NULL ? calloc(1, sizeof *w) : NULL; /* NULL: the agent is stopping */
    if (w == NULL)
        return; /* the next one comes */
    w->agent = a;
    w->view = view_ref(a->view);
    w->from = k->swept;
    w->from_standing = k->swept_standing;
    enum err bad = writer_submit(a->writer, WRITER_BULK, sweep_job, swept, w);
    if (bad != ERR_OK)
        swept(bad, w);
}

static void on_timer(void *arg)
{
    ask_sweep(arg);
    ask_retry(arg);
}

static void stop(struct agent *a)
{
    struct ask *k = ask_of(a);
    if (k == NULL)
        return;
    a->ask = NULL;
    ask_runs_stop(k);
    loop_timer_free(k->sweep);
    mac_free(k->mac);
    free(k);
}

static enum err start(struct agent *a, struct errmsg *why)
{
    (void)why;
    CLEANUP(cleanup_secret_free) struct secret *key = NULL;
    struct ask *k = calloc(1, sizeof *k);
    if (k == NULL)
        return ERR_NOMEM;
    k->agent = a;
    a->ask = k;
    enum err bad = store_derive(a->store, LABEL_DISTINCT, &key);
    if (bad == ERR_OK)
        bad = mac_new(key, &k->mac);
    k->sweep = loop_timer_new(a->loop, on_timer, a);
    if (bad == ERR_OK && k->sweep == NULL)
        bad = ERR_NOMEM;
    if (bad == ERR_OK) {
        loop_timer_every(k->sweep, SWEEP_MS);
        standing_show_notice(a, &k->standing_by_epoch);
    }
    return bad;
}

static void on_view(struct agent *a)
{
    struct ask *k = ask_of(a);
    if (k != NULL)
        standing_show_notice(a, &k->standing_by_epoch);
    ask_retry(a);
}

static enum err alarms(const struct call *c, struct doc *lines)
{
    enum err bad = alert_lines(c, lines);
    if (bad == ERR_OK)
        bad = ask_lost_alarms(c, lines);
    return bad == ERR_OK ? standing_show_alarms(c, lines) : bad;
}

#define ASKS (1u << FUNCTION_CASE_WORKER | 1u << FUNCTION_PRIVACY_OFFICER)

/* Who may ask, see what is asked again, or move a case is for the policy; who is neither case worker nor privacy officer sees no results. */
static const struct verb verbs[] = {
    {"case", 0, ask_case},
    {"request", 0, ask_request},
    {"requests", ASKS, ask_requests},
    {"results", ASKS, ask_results},
    {"keep", ASKS, ask_keep},
    {"standing", 0, ask_standing},
    {NULL, 0, NULL},
};

const struct agent_part ask_part = {
    .name = "ask",
    .verbs = verbs,
    .mail = {&ask_settled_owner, &ask_closed_owner},
    .outbox = {&ask_request_owner},
    .start = start,
    .stop = stop,
    .on_view = on_view,
    .on_hello = ask_hear_restored,
    .status = standing_show_status,
    .alarms = alarms,
};
