#include "broker/index/keeper.h"

#include <stdlib.h>

#include "broker/index/merge.h"
#include "proto/base/log.h"
#include "proto/base/when.h"
#include "proto/host/clock.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"

#define TICK_MS 60000
#define SLICE_MS 8
#define PURGE_BLOCKS 2000

struct discard {
    struct keeper *keeper;
    struct fresh f;
};

struct keeper {
    struct keeper_params p;
    struct loop_timer *timer;
    struct keeper_write *first; /* the first is under way */
    struct keeper_write **end;
    bool writing;
    bool tending; /* a tend job is under way; what follows belongs to it until its end */
    bool kicked;
    bool merging;
    bool finished;   /* its output stands in the list once the job is committed */
    bool abandoning; /* it failed: its output must go */
    bool busy;       /* the tend job found something to do */
    struct merge merge;
    int64_t now_s;
    uint32_t swept_day; /* all published lists were looked at on this day; 0: never */
    bool sweeping;      /* swept_to holds */
    struct list_id swept_to;
};

static void saw(struct keeper *k, enum err result)
{
    if (k->p.saw != NULL)
        k->p.saw(k->p.arg, result);
}

/* --- writing the runs of batches --- */

static enum err write_job(struct kv_txn *txn, void *arg)
{
    struct keeper *k = arg;
    return fresh_slice(k->p.index, txn, k->first->f);
}

static void write_end(struct keeper *k, enum err result)
{
    struct keeper_write *w = k->first;
    k->first = w->next;
    if (k->first == NULL)
        k->end = &k->first;
    k->writing = false;
    w->done(result, w->arg);
}

static void write_done(enum err result, void *arg);

/* The next slice; what the writer does not take ends, and the one behind it is tried. */
static void write_next(struct keeper *k)
{
    while (!k->writing && k->first != NULL) {
        k->writing = true;
        enum err e = writer_submit(k->p.writer, WRITER_BULK, write_job, write_done, k);
        if (e != ERR_OK)
            write_end(k, e);
    }
}

static void write_done(enum err result, void *arg)
{
    struct keeper *k = arg;
    saw(k, result);
    k->writing = false;
    if (result != ERR_OK || k->first->f->written == k->first->f->count)
        write_end(k, result);
    write_next(k);
}

void keeper_write(struct keeper *k, struct keeper_write *w)
{
    w->next = NULL;
    *k->end = w;
    k->end = &w->next;
    write_next(k);
}

static enum err discard_job(struct kv_txn *txn, void *arg)
{
    struct discard *d = arg;
    return fresh_discard(d->keeper->p.index, txn, &d->f);
}

static void discard_done(enum err result, void *arg)
{
    struct discard *d = arg;
    saw(d->keeper, result);
    keeper_kick(d->keeper);
    free(d);
}

/* Where this fails the next start discards it. */
void keeper_discard(struct keeper *k, const struct fresh *f)
{
    if (f->row.run.number == 0)
        return;
    struct discard *d = malloc(sizeof *d);
    if (d == NULL)
        return;
    *d = (struct discard){k, *f};
    if (writer_submit(k->p.writer, WRITER_BULK, discard_job, discard_done, d) != ERR_OK)
        free(d);
}

/* --- merging, deleting, expiry: store thread --- */

static enum err merge_on(struct keeper *k, struct kv_txn *txn)
{
    struct merge *m = &k->merge;
    if (!m->at_end)
        return merge_slice(k->p.index, txn, m, SLICE_MS);
    enum err e = merge_finish(k->p.index, txn, m);
    if (e == ERR_OK && m->expired > 0 && k->p.expired != NULL)
        e = k->p.expired(k->p.arg, txn, &m->list, m->expired, k->now_s);
    k->finished = e == ERR_OK;
    return e;
}

static uint32_t today(const struct keeper *k)
{
    return (uint32_t)when_day(k->now_s);
}

/* Once a day each published list is looked at. */
static enum err plan_sweep(struct keeper *k, struct kv_txn *txn)
{
    if (k->swept_day == today(k))
        return ERR_NOT_FOUND;
    enum err e =
        merge_plan_expiry(k->p.index, txn, today(k), k->sweeping ? &k->swept_to : NULL, &k->merge);
    k->sweeping = e == ERR_OK;
    if (e == ERR_OK)
        k->swept_to = k->merge.list;
    if (e == ERR_NOT_FOUND)
        k->swept_day = today(k);
    return e;
}

static enum err plan(struct keeper *k, struct kv_txn *txn)
{
    enum err e = merge_plan(k->p.index, txn, today(k), &k->merge);
    if (e == ERR_NOT_FOUND)
        e = plan_sweep(k, txn);
    k->merging = e == ERR_OK;
    k->busy = k->merging;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err tend_job(struct kv_txn *txn, void *arg)
{
    struct keeper *k = arg;
    k->busy = true;
    if (k->abandoning)
        return merge_abandon(k->p.index, txn, &k->merge);
    if (k->merging)
        return merge_on(k, txn);
    bool more = false;
    enum err e = run_purge(k->p.index, txn, PURGE_BLOCKS, &more);
    return e != ERR_OK || more ? e : plan(k, txn);
}

/* --- loop thread --- */

static void tend(struct keeper *k);

/* A merge that failed is begun anew later; inputs that are gone (an import was dropped) are no
 * fault. */
static void tend_failed(struct keeper *k, enum err e)
{
    if (e != ERR_STATE)
        log_warn("index.tend_failed error=\"%s\"", err_text(e));
    k->abandoning = k->abandoning || k->merging || k->merge.packed != NULL;
    merge_clear(&k->merge);
    k->merging = false;
    k->finished = false;
    k->sweeping = false;
}

static void tend_succeeded(struct keeper *k)
{
    k->abandoning = false;
    if (!k->finished)
        return;
    merge_clear(&k->merge);
    k->merging = false;
    k->finished = false;
}

static void tend_done(enum err result, void *arg)
{
    struct keeper *k = arg;
    saw(k, result == ERR_STATE ? ERR_OK : result);
    k->tending = false;
    if (result != ERR_OK)
        tend_failed(k, result);
    else
        tend_succeeded(k);
    bool again = result == ERR_OK || result == ERR_STATE ? k->busy : false;
    if (again || k->kicked) {
        k->kicked = false;
        tend(k);
    }
}

static void tend(struct keeper *k)
{
    if (k->tending) {
        k->kicked = true;
        return;
    }
    k->now_s = clock_now_s(k->p.clock);
    k->tending = writer_submit(k->p.writer, WRITER_BULK, tend_job, tend_done, k) == ERR_OK;
}

void keeper_kick(struct keeper *k)
{
    tend(k);
}

bool keeper_is_idle(const struct keeper *k)
{
    return !k->tending && !k->writing && k->first == NULL;
}

static void tick(void *arg)
{
    tend(arg);
}

static enum err clean_up(struct kv_txn *txn, void *arg)
{
    struct keeper *k = arg;
    enum err e = run_doom_unfinished(k->p.index, txn);
    return e == ERR_OK ? list_count(k->p.index, txn) : e;
}

enum err keeper_new(const struct keeper_params *p, struct keeper **out)
{
    CLEANUP(cleanup_keeper_free) struct keeper *k = calloc(1, sizeof *k);
    if (k == NULL)
        return ERR_NOMEM;
    k->p = *p;
    k->end = &k->first;
    k->timer = loop_timer_new(p->loop, tick, k);
    if (k->timer == NULL)
        return ERR_NOMEM;
    enum err e = writer_run(p->writer, clean_up, k);
    if (e != ERR_OK)
        return e;
    loop_timer_every(k->timer, TICK_MS);
    *out = take(k);
    tend(*out);
    return ERR_OK;
}

void keeper_free(struct keeper *k)
{
    if (k == NULL)
        return;
    loop_timer_free(k->timer);
    merge_clear(&k->merge);
    free(k);
}
