/* What ends with an epoch: open requests of one that is compromised or destroyed are closed without a
 * match, and of a destroyed one the index goes and this broker's half is wiped. In slices, each a job of
 * the store thread; begun anew at every start and with every view, and where nothing is left it costs
 * one look. What stops at once, before any of this, is the key (epochs_stop_keys). Also warns before an
 * epoch is too old. */
#include <stdlib.h>

#include "broker/audit.h"
#include "broker/broker.h"
#include "broker/close.h"
#include "broker/epochs.h"
#include "broker/index/index.h"
#include "broker/keys.h"
#include "broker/store/asks.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"

#define TICK_MS 1000
#define WARN_EVERY_S 86400
#define WARN_FIRST_S (INT64_C(14) * 86400)
#define WARN_LAST_S (INT64_C(3) * 86400)
#define SLICE_HEADERS 64u
#define SLICE_ARENA_BYTES ((size_t)8 << 20)

enum step {
    STEP_IDLE = 0,
    STEP_CLOSE, /* open headers, in order of their deadline */
    STEP_DROP,  /* destroyed epochs, one after another */
};

struct epoch_end {
    struct broker *broker;
    struct loop_timer *timer;
    struct arena *arena; /* store thread */
    bool working;
    bool again; /* from the start: another view is in force, or something failed */
    enum step step;
    struct view *view;        /* of this pass; a reference of its own */
    struct ask_task behind;   /* the last header that was looked at */
    bool has_behind;
    bool has_failed;          /* a header stays open: its requester's mailbox is full */
    size_t place;             /* of the destroyed epoch whose turn it is */
    size_t dropped;           /* of it, so far */
    struct index_epoch wiped; /* epoch 0: none; by the slice that ended */
    int64_t warn_at_s;
};

static const char *code_of(enum epoch_state state)
{
    return state == EPOCH_COMPROMISED ? "epoch_compromised"
           : state == EPOCH_DESTROYED ? "epoch_destroyed"
                                      : NULL;
}

/* ---- closing: store thread ---- */

static enum err close_one(struct epoch_end *x, struct kv_txn *txn, const struct digest *id,
                          int64_t now_s)
{
    struct ask_read read;
    arena_reset(x->arena);
    enum err e = ask_read(x->broker->store, txn, id, x->arena, &read);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    const enum epoch_state state = view_epoch_state(x->view, &read.header.purpose, read.header.epoch);
    const struct close_why why = {id, code_of(state)};
    if (why.code == NULL)
        return ERR_OK;
    e = close_stopped(x->broker, txn, x->arena, &why, now_s);
    x->has_failed |= e == ERR_LIMIT;
    return e == ERR_LIMIT ? ERR_OK : e;
}

static enum err close_slice(struct epoch_end *x, struct kv_txn *txn)
{
    struct ask_task tasks[SLICE_HEADERS];
    size_t n = 0;
    const int64_t now_s = clock_now_s(x->broker->clock);
    const struct ask_due_query q = {.what = ASK_DUE_CLOSE,
                                    .now_s = INT64_MAX,
                                    .after = x->has_behind ? &x->behind : NULL};
    enum err e = ask_tasks_due(x->broker->store, txn, &q, tasks, ARRAY_LEN(tasks), &n);
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        e = close_one(x, txn, &tasks[i].id, now_s);
    arena_reset(x->arena);
    if (e == ERR_OK && n > 0) {
        x->behind = tasks[n - 1];
        x->has_behind = true;
    }
    if (e == ERR_OK && n < ARRAY_LEN(tasks))
        x->step = STEP_DROP;
    return e;
}

/* ---- dropping: store thread ---- */

/* The i-th destroyed epoch of the view; NULL beyond the end. */
static const struct epoch_entry *destroyed_at(const struct view *v, size_t i, struct index_epoch *out)
{
    struct view_states s;
    for (size_t k = 0; view_states_at(v, k, &s); k++) {
        for (size_t n = 0; n < s.states->epoch_count; n++) {
            if (s.states->epochs[n].state != EPOCH_DESTROYED || i-- > 0)
                continue;
            *out = (struct index_epoch){s.states->purpose, s.states->epochs[n].epoch};
            return &s.states->epochs[n];
        }
    }
    return NULL;
}

static enum err note_dropped(struct epoch_end *x, struct kv_txn *txn, const struct index_epoch *of)
{
    const struct audit_fact purpose = audit_fact_text("purpose", name_bytes(&of->purpose));
    const struct turn_audit what = {.event = AUDIT_EVENT_RETENTION_DONE,
                                    .count = (uint32_t)x->dropped,
                                    .key_version = of->epoch,
                                    .more = &purpose,
                                    .more_count = 1};
    struct digest entry;
    return audit_append(x->broker->audit, txn, &what, NULL, NULL, clock_now_s(x->broker->clock),
                        &entry);
}

/* Nothing is served under it, and nothing of it goes before two officers have declared: what a custodian says alone can
 * be taken back by nobody. */
static void spare(struct epoch_end *x, const struct index_epoch *of)
{
    log_warn("epoch_end purpose=%s epoch=%u index=kept half=kept: its custodian says that it is destroyed, and no "
             "declaration of two officers came with it; have the word signed again with them ('epoch resign')",
             of->purpose.s, (unsigned)of->epoch);
    x->place++;
}

static enum err drop_slice(struct epoch_end *x, struct kv_txn *txn)
{
    struct index_epoch of;
    bool more = false;
    bool is_declared = false;
    const struct epoch_entry *entry = destroyed_at(x->view, x->place, &of);
    if (entry == NULL) {
        x->step = STEP_IDLE;
        return ERR_OK;
    }
    enum err e = epochs_is_declared(x->broker, txn, entry, &is_declared);
    if (e == ERR_OK && !is_declared) {
        spare(x, &of);
        return ERR_OK;
    }
    if (e == ERR_OK)
        e = index_drop_epoch(x->broker->index, txn, &of, &x->dropped, &more);
    if (e != ERR_OK || more)
        return e;
    if (x->dropped > 0)
        e = note_dropped(x, txn, &of);
    if (e != ERR_OK)
        return e;
    keys_wipe_for_store(x->broker->keys, &of.purpose, of.epoch);
    x->wiped = of;
    x->dropped = 0;
    x->place++;
    return ERR_OK;
}

static enum err slice_job(struct kv_txn *txn, void *arg)
{
    struct epoch_end *x = arg;
    return x->step == STEP_CLOSE ? close_slice(x, txn) : drop_slice(x, txn);
}

/* ---- loop thread ---- */

/* Whether the view has anything that ended. */
static bool has_ended(const struct view *v)
{
    struct view_states s;
    for (size_t k = 0; view_states_at(v, k, &s); k++)
        for (size_t n = 0; n < s.states->epoch_count; n++)
            if (code_of(s.states->epochs[n].state) != NULL)
                return true;
    return false;
}

static void begin(struct epoch_end *x)
{
    x->again = false;
    x->has_behind = false;
    x->has_failed = false;
    x->place = 0;
    x->dropped = 0;
    view_free(x->view);
    x->view = view_ref(x->broker->view);
    x->step = has_ended(x->view) ? STEP_CLOSE : STEP_IDLE;
}

static void go_on(struct epoch_end *x);

static void slice_done(enum err result, void *arg)
{
    struct epoch_end *x = arg;
    x->working = false;
    broker_saw(x->broker, result);
    if (result != ERR_OK) {
        log_warn("epoch_end error=\"%s\": it is begun again", err_text(result));
        x->again = true; /* at the next tick */
        return;
    }
    if (x->wiped.epoch != 0) {
        keys_wipe_for_loop(x->broker->keys, &x->wiped.purpose, x->wiped.epoch);
        log_notice("epoch_end purpose=%s epoch=%u index=dropped half=wiped", x->wiped.purpose.s,
                   (unsigned)x->wiped.epoch);
        x->wiped.epoch = 0;
    }
    go_on(x);
}

static void go_on(struct epoch_end *x)
{
    if (x->working)
        return;
    if (x->again)
        begin(x);
    if (x->step == STEP_IDLE) {
        x->again = x->has_failed; /* at the next tick */
        return;
    }
    x->working = writer_submit(x->broker->writer, WRITER_BULK, slice_job, slice_done, x) == ERR_OK;
}

/* ---- age, and who left ---- */

static void warn_of_end(const struct broker *b, const struct deal *d, int64_t now_s)
{
    const struct agency_id *left = NULL;
    const int64_t left_s = view_epoch_end_s(b->view, &d->purpose, d->epoch, &left) - now_s;
    if (view_epoch_state(b->view, &d->purpose, d->epoch) != EPOCH_ACTIVE || left_s > WARN_FIRST_S)
        return;
    if (left_s <= 0)
        log_err("epoch purpose=%s epoch=%u %s=over: nothing new is accepted in it; deal and activate "
                "a new one",
                d->purpose.s, (unsigned)d->epoch, left != NULL ? "departure" : "age");
    else
        log_warn("epoch purpose=%s epoch=%u days_left=%lld%s%s: deal and activate a new one",
                 d->purpose.s, (unsigned)d->epoch, (long long)(left_s / 86400),
                 left_s <= WARN_LAST_S ? " urgent=true" : "", left != NULL ? " reason=departure" : "");
}

static void look_at_age(struct epoch_end *x)
{
    const int64_t now_s = clock_now_s(x->broker->clock);
    if (now_s < x->warn_at_s)
        return;
    x->warn_at_s = now_s + WARN_EVERY_S;
    for (size_t i = 0; i < view_deal_count(x->broker->view); i++)
        warn_of_end(x->broker, view_deal_at(x->broker->view, i), now_s);
}

static void on_tick(void *arg)
{
    struct epoch_end *x = arg;
    if (x->view != x->broker->view) {
        x->again = true;
        x->warn_at_s = 0;
    }
    look_at_age(x);
    if (broker_is_open(x->broker))
        go_on(x);
}

static void free_end(struct epoch_end *x)
{
    if (x == NULL)
        return;
    loop_timer_free(x->timer);
    view_free(x->view);
    arena_free(x->arena);
    free(x);
}
DEFINE_CLEANUP(struct epoch_end, free_end)

static enum err start(struct broker *b, struct errmsg *why)
{
    CLEANUP(cleanup_free_end) struct epoch_end *x = calloc(1, sizeof *x);
    if (x == NULL)
        return errmsg_set(why, ERR_NOMEM, "out of memory");
    x->broker = b;
    x->again = true;
    x->arena = arena_new(SLICE_ARENA_BYTES);
    x->timer = loop_timer_new(b->loop, on_tick, x);
    if (x->arena == NULL || x->timer == NULL)
        return errmsg_set(why, ERR_NOMEM, "out of memory");
    loop_timer_every(x->timer, TICK_MS);
    b->epoch_end = take(x);
    return ERR_OK;
}

static void stop(struct broker *b)
{
    free_end(b->epoch_end);
    b->epoch_end = NULL;
}

const struct broker_part epoch_end_part = {.name = "epoch_end", .start = start, .stop = stop};
