#include "broker/health.h"

#include <stdlib.h>

#include "broker/audit.h"
#include "broker/cosigners.h"
#include "broker/store/known.h"
#include "broker/store/meta.h"
#include "broker/trusted.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"

#define LOOK_EVERY_MS 1000
#define CLEAN_EVERY_MS 60000
#define CLOCK_SLACK_S 300
#define FORGET_EACH 512u
#define HEARTBEAT_MAX_MS 15000

struct health {
    struct broker *broker;
    struct loop_timer *look;
    struct loop_timer *clean;
    int64_t latest_s; /* the highest time seen */
    bool probing;
    bool cleaning;
    size_t forgotten;
};

/* A small write that proves that there is space again. */
static enum err probe_job(struct kv_txn *txn, void *arg)
{
    const struct health *h = arg;
    return meta_put(h->broker->store, txn, "probe", bytes_str("space"));
}

static void probed(enum err result, void *arg)
{
    struct health *h = arg;
    h->probing = false;
    if (result == ERR_OK)
        broker_clear_gate(h->broker, GATE_NO_SPACE);
}

static void look_at_space(struct health *h)
{
    if ((h->broker->closed & (1u << GATE_NO_SPACE)) == 0 || h->probing ||
        !kv_has_room(h->broker->kv))
        return;
    h->probing =
        writer_submit(h->broker->writer, WRITER_INTERACTIVE, probe_job, probed, h) == ERR_OK;
}

static void look_at_time(struct health *h, int64_t now_s)
{
    if (now_s > h->latest_s)
        h->latest_s = now_s;
    if (now_s < h->latest_s - CLOCK_SLACK_S)
        broker_close_gate(h->broker, GATE_CLOCK);
    else
        broker_clear_gate(h->broker, GATE_CLOCK);
}

static void on_look(void *arg)
{
    struct health *h = arg;
    const int64_t now_s = clock_now_s(h->broker->clock);
    look_at_time(h, now_s);
    if (view_is_open(h->broker->view, now_s) != ERR_OK)
        broker_close_gate(h->broker, GATE_ROSTER);
    else
        broker_clear_gate(h->broker, GATE_ROSTER);
    look_at_space(h);
    cosigners_look(h->broker->cosigners);
    trusted_look(h->broker, now_s);
}

static enum err clean_job(struct kv_txn *txn, void *arg)
{
    struct health *h = arg;
    const int64_t now_s = clock_now_s(h->broker->clock);
    enum err e = known_expire(h->broker->store, txn, now_s, FORGET_EACH, &h->forgotten);
    if (e != ERR_OK || h->forgotten == 0)
        return e;
    const struct turn_audit what = {.event = AUDIT_EVENT_RETENTION_DONE,
                                    .count = (uint32_t)h->forgotten};
    struct digest entry;
    return audit_append(h->broker->audit, txn, &what, NULL, NULL, now_s, &entry);
}

static void cleaned(enum err result, void *arg)
{
    struct health *h = arg;
    h->cleaning = false;
    broker_saw(h->broker, result);
    if (result == ERR_OK && h->forgotten == FORGET_EACH)
        health_clean(h);
}

void health_clean(struct health *h)
{
    if (!h->cleaning)
        h->cleaning =
            writer_submit(h->broker->writer, WRITER_BULK, clean_job, cleaned, h) == ERR_OK;
}

static void on_clean(void *arg)
{
    struct health *h = arg;
    unsigned readers = 0;
    if (kv_reader_check(h->broker->kv, &readers) == ERR_OK && readers > 0)
        log_notice("store dead_readers=%u", readers);
    health_clean(h);
}

enum err health_new(struct broker *b, struct health **out)
{
    CLEANUP(cleanup_health_free) struct health *h = calloc(1, sizeof *h);
    if (h == NULL)
        return ERR_NOMEM;
    h->broker = b;
    h->latest_s = clock_now_s(b->clock);
    h->look = loop_timer_new(b->loop, on_look, h);
    h->clean = loop_timer_new(b->loop, on_clean, h);
    if (h->look == NULL || h->clean == NULL)
        return ERR_NOMEM;
    loop_timer_every(h->look, LOOK_EVERY_MS);
    loop_timer_every(h->clean, CLEAN_EVERY_MS);
    *out = h;
    h = NULL;
    return ERR_OK;
}

void health_free(struct health *h)
{
    if (h == NULL)
        return;
    loop_timer_free(h->look);
    loop_timer_free(h->clean);
    free(h);
}

bool health_is_alive(const struct broker *b)
{
    return clock_mono_ms() - writer_heartbeat_ms(b->writer) < HEARTBEAT_MAX_MS;
}
