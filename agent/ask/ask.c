/* The asking part: its tables of verbs, mail and answers, and its life. */
#include "agent/ask/ask.h"

#include <stdlib.h>

#include "agent/ask/asked.h"
#include "agent/ask/case_destroy.h"
#include "agent/ask/counts.h"
#include "pki/mac.h"
#include "proto/base/cursor.h"
#include "proto/base/label.h"
#include "proto/base/log.h"
#include "proto/base/when.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"

#define SWEEP_MS 60000
#define SWEEP_ROWS 256
#define SWEEP_CASES 16
#define ALERT_DAYS 30
#define ALERTS_MAX 20
#define DAY_S 86400ll

/* Keys of STORE_ASK_ALERT: u64 time | request id -> staff. */
enum err ask_alert_put(struct store *s, struct kv_txn *txn, const struct request_id *request,
                       const struct name *staff, int64_t now_s)
{
    uint8_t room[24];
    struct buf key = buf_fixed(room, sizeof room);
    buf_put_u64(&key, (uint64_t)now_s);
    buf_put(&key, BYTES_OF_ARRAY(request->b));
    return store_put(s, txn, STORE_ASK_ALERT, buf_bytes(&key), name_bytes(staff));
}

static enum err add_alert(const struct store_row *row, struct doc *lines)
{
    char at[WHEN_TEXT_SIZE];
    char room[128];
    struct cursor key = cursor_of(row->key);
    struct buf line = buf_fixed(room, sizeof room);
    when_text((int64_t)cursor_u64(&key), at);
    buf_printf(&line, "protected: %.*s asked about a protected person at %s", (int)row->plain.len,
               (const char *)row->plain.ptr, at);
    enum err bad = buf_err(&line);
    return bad == ERR_OK ? doc_append(lines, doc_new_text(buf_bytes(&line))) : bad;
}

enum err ask_alerts(const struct call *c, struct doc *lines)
{
    if (!call_has(c, FUNCTION_SECURITY_OFFICER))
        return ERR_OK;
    struct agent *a = call_agent(c);
    uint8_t room[8];
    struct buf from = buf_fixed(room, sizeof room);
    buf_put_u64(&from, (uint64_t)(agent_now_s(a) - ALERT_DAYS * DAY_S));
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new((size_t)1 << 16);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err bad = arena != NULL ? kv_read_begin(a->kv, &txn) : ERR_NOMEM;
    if (bad != ERR_OK)
        return bad;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    bad = store_iter(a->store, txn, STORE_ASK_ALERT, bytes_of(NULL, 0), &it);
    if (bad == ERR_OK)
        bad = kv_iter_seek(it, buf_bytes(&from));
    struct store_row row;
    for (size_t n = 0; n < ALERTS_MAX && bad == ERR_OK; n++) {
        bad = store_next(a->store, STORE_ASK_ALERT, it, arena, &row);
        if (bad == ERR_OK)
            bad = add_alert(&row, lines);
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* Store thread: requests whose time to be kept is over, with all that came back. */
static enum err sweep_asked(struct store *s, struct kv_txn *txn, int64_t now_s, struct arena *arena)
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
        if (bad == ERR_OK && now_s > k.deadline_s + (int64_t)k.keep_days * DAY_S) {
            over = k;
            found = true;
        } else {
            arena_reset(arena);
        }
    }
    if (bad != ERR_OK && bad != ERR_NOT_FOUND)
        return bad;
    return found ? asked_delete(s, txn, &over) : ERR_OK;
}

struct sweep {
    struct agent *agent;
    size_t destroyed; /* cases */
};

static enum err sweep_job(struct kv_txn *txn, void *arg)
{
    struct sweep *w = arg;
    struct store *s = w->agent->store;
    int64_t now_s = agent_now_s(w->agent);
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(2 * ASKED_MAX_BYTES);
    if (arena == NULL)
        return ERR_NOMEM;
    w->destroyed = 0;
    enum err bad = sweep_asked(s, txn, now_s, arena);
    if (bad == ERR_OK)
        bad = case_destroy_due(s, txn, now_s, SWEEP_CASES, &w->destroyed);
    return bad == ERR_OK ? counts_prune(s, txn, now_s, SWEEP_ROWS) : bad;
}

static void swept(enum err result, void *arg)
{
    struct sweep *w = arg;
    if (result != ERR_OK)
        log_warn("ask.sweep error=\"%s\"", err_text(result));
    else if (w->destroyed > 0)
        log_notice("case.destroyed count=%zu", w->destroyed);
    free(w);
}

void ask_sweep(struct agent *a)
{
    struct sweep *w = calloc(1, sizeof *w);
    if (w == NULL)
        return; /* the next one comes */
    w->agent = a;
    enum err bad = writer_submit(a->writer, WRITER_BULK, sweep_job, swept, w);
    if (bad != ERR_OK)
        swept(bad, w);
}

static void on_timer(void *arg)
{
    ask_sweep(arg);
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
    mac_free(k->job_mac);
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
    if (bad == ERR_OK)
        bad = mac_new(key, &k->job_mac);
    k->sweep = loop_timer_new(a->loop, on_timer, a);
    if (bad == ERR_OK && k->sweep == NULL)
        bad = ERR_NOMEM;
    if (bad == ERR_OK)
        loop_timer_every(k->sweep, SWEEP_MS);
    return bad;
}

#define ASKS (1u << FUNCTION_CASE_WORKER | 1u << FUNCTION_PRIVACY_OFFICER)

/* Who may ask or move a case is for the policy; who is neither case worker nor privacy officer sees no results. */
static const struct verb verbs[] = {
    {"case", 0, ask_case},
    {"request", 0, ask_request},
    {"requests", ASKS, ask_requests},
    {"results", ASKS, ask_results},
    {"keep", ASKS, ask_keep},
    {NULL, 0, NULL},
};

const struct agent_part ask_part = {
    .name = "ask",
    .verbs = verbs,
    .mail = {&ask_settled_owner, &ask_closed_owner},
    .outbox = {&ask_request_owner},
    .start = start,
    .stop = stop,
    .alarms = ask_alerts,
};
