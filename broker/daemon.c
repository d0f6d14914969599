#include "broker/daemon.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker/audit.h"
#include "broker/backup.h"
#include "broker/control.h"
#include "broker/cosigners.h"
#include "broker/dispatch.h"
#include "broker/former_log.h"
#include "broker/health.h"
#include "broker/keys.h"
#include "broker/mailboxes.h"
#include "broker/publisher.h"
#include "broker/reconcile.h"
#include "broker/rekey.h"
#include "broker/retire.h"
#include "broker/sessions.h"
#include "broker/slots.h"
#include "broker/store/meta.h"
#include "broker/take_up.h"
#include "broker/trusted.h"
#include "broker/turns.h"
#include "broker/vaults.h"
#include "broker/wire.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/file_lock.h"
#include "proto/host/loop.h"
#include "proto/host/service.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"

#define STORE_LOCK "broker.lock"
#define CREDIT_AT_START 4u
#define DRAIN_LOOK_MS 20
#define DRAIN_MAX_MS 10000

struct daemon {
    struct broker broker;
    struct service *service;
    struct slots *slots;
    struct health *health;
    struct broker_control *control;
    struct loop_timer *draining;
    int64_t drain_until_ms;
    size_t parts_started;
    int lock; /* of the store, where is_locked */
    bool is_locked;
};

static bool is_alive(void *arg)
{
    const struct daemon *d = arg;
    return health_is_alive(&d->broker);
}

static void on_drain(void *arg)
{
    struct daemon *d = arg;
    const bool is_done =
        turns_pending(d->broker.turns) == 0 && !publisher_is_busy(d->broker.publisher);
    if (is_done || clock_mono_ms() > d->drain_until_ms)
        loop_quit(d->broker.loop);
}

static void on_stop(void *arg)
{
    struct daemon *d = arg;
    service_stopping("waiting for what is under way");
    log_notice("stopping turns=%zu", turns_pending(d->broker.turns));
    broker_close_gate(&d->broker, GATE_DRAINING);
    wire_pause(d->broker.wire);
    d->drain_until_ms = clock_mono_ms() + DRAIN_MAX_MS;
    loop_timer_every(d->draining, DRAIN_LOOK_MS);
}

static void reloaded(struct broker *b, bool is_new)
{
    rekey_reload(b);
    cosigners_reload(b->cosigners);
    service_ready(is_new ? "roster and policy reloaded" : "reload failed; the old ones stay");
}

static void on_reload(void *arg)
{
    struct daemon *d = arg;
    service_reloading();
    trusted_reload(&d->broker, reloaded);
}

/* Signals first: threads inherit the mask. */
static enum err open_loop(struct daemon *d, struct errmsg *why)
{
    enum err e = loop_new(&d->broker.loop);
    const struct service_calls calls = {
        .on_stop = on_stop, .on_reload = on_reload, .is_alive = is_alive, .arg = d};
    if (e == ERR_OK)
        e = service_new(d->broker.loop, &calls, &d->service);
    if (e == ERR_OK && (d->draining = loop_timer_new(d->broker.loop, on_drain, d)) == NULL)
        e = ERR_NOMEM;
    return e == ERR_OK ? e : errmsg_set(why, e, "loop: %s", err_text(e));
}

/* One process at a time works on a store: beside a broker that runs nothing is taken up, and no second one starts. */
static enum err lock_store(struct daemon *d, struct errmsg *why)
{
    char path[PATH_MAX];
    const char *dir = d->broker.config->service.store;
    const int n = snprintf(path, sizeof path, "%s/" STORE_LOCK, dir);
    if (n < 0 || (size_t)n >= sizeof path)
        return errmsg_set(why, ERR_TOO_LARGE, "%s: the path is too long", dir);
    const enum err e = file_lock(path, FILE_LOCK_TRY, &d->lock, why);
    d->is_locked = e == ERR_OK;
    return e == ERR_AGAIN ? errmsg_set(why, e, "%s: another process works on this store: stop that broker first", dir) : e;
}

static enum err open_store(struct daemon *d, struct errmsg *why)
{
    struct broker *b = &d->broker;
    const struct kv_params p = {.dir = b->config->service.store,
                                .map_bytes = b->config->service.map_size};
    enum err e = kv_open(&p, &b->kv, why);
    if (e == ERR_OK)
        e = lock_store(d, why);
    if (e == ERR_OK)
        e = store_new(b->kv, &b->store, why);
    const struct writer_params w = {.kv = b->kv, .loop = b->loop};
    if (e == ERR_OK && (e = writer_new(&w, &b->writer)) != ERR_OK)
        return errmsg_set(why, e, "store thread: %s", err_text(e));
    if (e == ERR_OK && (e = worker_new(b->loop, (unsigned)b->config->service.worker_threads, 256,
                                       &b->workers)) != ERR_OK)
        return errmsg_set(why, e, "workers: %s", err_text(e));
    return e;
}

static enum err open_records(struct daemon *d, struct errmsg *why)
{
    struct broker *b = &d->broker;
    uint32_t version = 0;
    enum err e = rekey_version(b, &version, why);
    if (e != ERR_OK)
        return e;
    e = vaults_new(b->keys->storage, version, &b->vaults);
    if (e != ERR_OK)
        return errmsg_set(why, e, "keys of the store: %s", err_text(e));
    const struct audit_params audit = {
        .store = b->store,
        .records = b->vaults->records,
        .deployment = b->config->deployment,
        .origin = b->config->origin,
        .publish_interval_ms = b->config->publish_interval_ms,
    };
    const struct mailboxes_params mail = {
        .store = b->store,
        .broker = b,
        .mail = b->vaults->mail,
        .max_messages = b->config->mailbox_messages,
        .max_bytes = b->config->mailbox_bytes,
    };
    e = audit_new(&audit, &b->audit);
    if (e == ERR_OK)
        e = mailboxes_new(&mail, &b->mailboxes);
    return e == ERR_OK ? e : errmsg_set(why, e, "keys of the store: %s", err_text(e));
}

static enum err start_parts(struct daemon *d, struct errmsg *why)
{
    for (size_t i = 0; i < dispatch_part_count; i++) {
        d->parts_started = i + 1;
        enum err e = dispatch_parts[i]->start(&d->broker, why);
        if (e != ERR_OK)
            return errmsg_wrap(why, e, "%s", dispatch_parts[i]->name);
    }
    return ERR_OK;
}

static enum err send_frame(void *arg, const struct peer_route *to, struct bytes frame)
{
    struct broker *b = arg;
    return wire_send(b->wire, to, frame);
}

static void take_message(struct broker *b, const struct wire_message *m)
{
    turns_receive(b->turns, m);
}

static enum err open_doors(struct daemon *d, struct errmsg *why)
{
    struct broker *b = &d->broker;
    const struct turns_params turns = {
        .broker = b,
        .handlers = dispatch_handlers,
        .handler_count = dispatch_count,
        .send = send_frame,
        .arg = b,
    };
    b->sessions = sessions_new();
    b->turns = turns_new(&turns);
    if (b->sessions == NULL || b->turns == NULL)
        return errmsg_set(why, ERR_NOMEM, "out of memory");
    enum err e = wire_new(b, take_message, &b->wire, why);
    if (e == ERR_OK)
        e = broker_control_new(b, &d->control, why);
    if (e == ERR_OK && (e = slots_new(b, &d->slots)) != ERR_OK)
        return errmsg_set(why, e, "slots: %s", err_text(e));
    if (e == ERR_OK && (e = health_new(b, &d->health)) != ERR_OK)
        return errmsg_set(why, e, "timers: %s", err_text(e));
    return e;
}

/* Keys, store, roster and policy: what its log needs. Configuration and clock are set. */
static enum err open_checked(struct daemon *d, trusted_check_fn check, struct errmsg *why)
{
    struct broker *b = &d->broker;
    const struct config_broker *config = b->config;
    b->credit = CREDIT_AT_START;
    enum err e = open_loop(d, why);
    if (e == ERR_OK)
        e = keys_load(&config->service, &b->keys, why);
    if (e == ERR_OK)
        e = open_store(d, why);
    if (e == ERR_OK)
        e = open_records(d, why);
    return e == ERR_OK ? trusted_start(b, check, why) : e;
}

static enum err open_base(struct daemon *d, const struct config_broker *config, const struct clock *clock, struct errmsg *why)
{
    d->broker.config = config;
    d->broker.clock = clock;
    return open_checked(d, NULL, why);
}

enum err daemon_new(const struct config_broker *config, const struct clock *clock,
                    struct daemon **out, struct errmsg *why)
{
    CLEANUP(cleanup_daemon_free) struct daemon *d = calloc(1, sizeof *d);
    if (d == NULL)
        return ERR_NOMEM;
    struct broker *b = &d->broker;
    enum err e = open_base(d, config, clock, why);
    if (e == ERR_OK)
        e = retire_check(b, why);
    if (e == ERR_OK)
        e = former_log_new(b, &b->former_log, why);
    if (e == ERR_OK)
        e = cosigners_new(b, &b->cosigners, why);
    if (e == ERR_OK)
        e = publisher_new(b, &b->publisher, why);
    if (e == ERR_OK && (e = reconcile_start(b)) != ERR_OK)
        return errmsg_set(why, e, "store: %s", err_text(e));
    if (e == ERR_OK)
        e = start_parts(d, why);
    if (e == ERR_OK)
        e = open_doors(d, why);
    if (e != ERR_OK)
        return e;
    *out = d;
    d = NULL;
    return ERR_OK;
}

enum err daemon_run(struct daemon *d, struct errmsg *why)
{
    struct broker *b = &d->broker;
    enum err e = wire_self_test(b->wire, why);
    if (e != ERR_OK)
        return e;
    e = service_confine(why);
    if (e == ERR_UNSUPPORTED)
        log_warn("confine supported=false: no system call filter in this kernel");
    else if (e != ERR_OK)
        return e;
    const struct turn_audit started = {.event = AUDIT_EVENT_DAEMON_STARTED};
    audit_note(b, &started, NULL);
    log_notice("ready endpoint=%s gate=%s", wire_endpoint(b->wire),
               broker_is_open(b) ? "open" : gate_state_id(broker_gate(b)));
    service_ready("serving");
    return loop_run(b->loop);
}

static enum err stopped_job(struct kv_txn *txn, void *arg)
{
    struct broker *b = arg;
    const struct turn_audit what = {.event = AUDIT_EVENT_DAEMON_STOPPED};
    struct digest entry;
    return audit_append(b->audit, txn, &what, NULL, NULL, clock_now_s(b->clock), &entry);
}

/* Nothing comes in any more; what was accepted by store thread and workers ends. */
static void close_doors(struct daemon *d)
{
    struct broker *b = &d->broker;
    broker_control_free(d->control);
    slots_free(d->slots);
    if (b->wire != NULL && writer_run(b->writer, stopped_job, b) != ERR_OK)
        log_warn("stop: the last entry could not be written");
    worker_free(b->workers);
    b->workers = NULL; /* a round of the publisher that comes back now ends here */
    writer_free(b->writer);
}

void daemon_free(struct daemon *d)
{
    if (d == NULL)
        return;
    struct broker *b = &d->broker;
    close_doors(d);
    while (d->parts_started > 0)
        dispatch_parts[--d->parts_started]->stop(b);
    health_free(d->health);
    publisher_free(b->publisher);
    cosigners_free(b->cosigners);
    former_log_free(b->former_log);
    turns_free(b->turns);
    wire_free(b->wire);
    sessions_free(b->sessions);
    reconcile_stop(b);
    mailboxes_free(b->mailboxes);
    audit_free(b->audit);
    vaults_free(b->vaults);
    trusted_stop(b);
    store_free(b->store);
    kv_free(b->kv);
    if (d->is_locked)
        close(d->lock);
    keys_free(b->keys);
    loop_timer_free(d->draining);
    service_free(d->service);
    loop_free(b->loop);
    free(d);
}

enum err daemon_backup(const struct config_broker *config, const char *dir, struct errmsg *why)
{
    CLEANUP(cleanup_kv_free) struct kv *kv = NULL;
    const struct kv_params p = {.dir = config->service.store,
                                .map_bytes = config->service.map_size};
    const int64_t now_s = clock_now_s(clock_system()); /* all of before is in it */
    enum err e = kv_open(&p, &kv, why);
    if (e == ERR_OK)
        e = backup_make(kv, dir, now_s, why);
    return e;
}

enum err daemon_take_up(const struct config_broker *config, const struct clock *clock,
                        const struct take_up_from *from, struct errmsg *why)
{
    CLEANUP(cleanup_daemon_free) struct daemon *d = calloc(1, sizeof *d);
    if (d == NULL)
        return ERR_NOMEM;
    const enum err e = open_base(d, config, clock, why);
    return e == ERR_OK ? take_up(&d->broker, from, why) : e;
}

enum err daemon_retire_log(const struct config_broker *config, const struct clock *clock, const char *successor,
                           struct errmsg *why)
{
    CLEANUP(cleanup_daemon_free) struct daemon *d = calloc(1, sizeof *d);
    if (d == NULL)
        return ERR_NOMEM;
    enum err e = open_base(d, config, clock, why);
    if (e == ERR_OK)
        e = retire_check(&d->broker, why);
    return e == ERR_OK ? retire_log(&d->broker, successor, why) : e;
}

enum err daemon_begin_log(const struct config_broker *config, const struct clock *clock, const char *archive,
                          struct errmsg *why)
{
    CLEANUP(cleanup_daemon_free) struct daemon *d = calloc(1, sizeof *d);
    if (d == NULL)
        return ERR_NOMEM;
    d->broker.config = config;
    d->broker.clock = clock;
    const enum err e = open_checked(d, retire_check_begin, why);
    return e == ERR_OK ? retire_begin(&d->broker, archive, why) : e;
}
