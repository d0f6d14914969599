#include "broker/publisher.h"

#include <stdlib.h>

#include "broker/audit.h"
#include "broker/cosigners.h"
#include "broker/log_copy.h"
#include "broker/own_keys.h"
#include "broker/proofs.h"
#include "broker/retire.h"
#include "broker/store/meta.h"
#include "pki/logbook/log_keeper.h"
#include "pki/logbook/log_retention.h"
#include "pki/logbook/logbook.h"
#include "proto/host/clock.h"

_Static_assert(OWN_LOGS_MAX == LOG_KEEPER_SIGNERS, "who signs a head");

struct publisher {
    struct broker *broker;
    struct log_keeper *keeper;
};

/* A restored or forked log signs nothing new: agents may hold heads that it does not know. One that has
 * no room waits for it. */
static bool may_sign(void *arg)
{
    const struct publisher *p = arg;
    if ((p->broker->closed & (1u << GATE_NO_SPACE | 1u << GATE_RECONCILE | 1u << GATE_FORKED)) != 0)
        return false;
    log_copy_begin(p->broker->log_copy);
    return true;
}

/* What a checkpoint covers is in the auditors' copy before anybody sees the checkpoint. */
static enum err on_files(void *arg, struct kv_txn *txn, uint64_t to, struct errmsg *why)
{
    const struct publisher *p = arg;
    return log_copy_write(p->broker->log_copy, txn, to, why);
}

static size_t signers(void *arg, struct note_signer out[static LOG_KEEPER_SIGNERS])
{
    const struct publisher *p = arg;
    const struct own_keys keys = {p->broker->keys, p->broker->view};
    return own_logs(&keys, bytes_str(p->broker->config->origin), out);
}

static enum err verify(void *arg, const struct note *note)
{
    const struct publisher *p = arg;
    return own_logs_verify(p->broker->view, note);
}

static bool shows_later(void *arg)
{
    const struct publisher *p = arg;
    return cosigners_wanted(p->broker->cosigners);
}

static enum err on_block(void *arg, struct kv_txn *txn)
{
    const struct publisher *p = arg;
    return meta_raise_time(p->broker->store, txn, clock_now_s(p->broker->clock));
}

static enum err on_published(void *arg, struct kv_txn *txn, const struct log_published *head)
{
    const struct publisher *p = arg;
    const enum err e = log_copy_commit(p->broker->log_copy, txn);
    return e == ERR_OK ? proofs_deliver(p->broker, txn, head) : e;
}

static void saw(void *arg, enum err result)
{
    const struct publisher *p = arg;
    broker_saw(p->broker, result);
}

static void went_well(void *arg, const struct log_signed_head *head)
{
    const struct publisher *p = arg;
    broker_clear_gate(p->broker, GATE_LOG);
    log_copy_committed(p->broker->log_copy);
    log_retention_on_head(p->broker->log_retention);
    cosigners_on_head(p->broker->cosigners, head->size, head->note);
}

static void failed(void *arg)
{
    const struct publisher *p = arg;
    broker_close_gate(p->broker, GATE_LOG);
}

static void forked(void *arg)
{
    const struct publisher *p = arg;
    broker_close_gate(p->broker, GATE_FORKED);
}

enum err publisher_new(struct broker *b, struct publisher **out, struct errmsg *why)
{
    CLEANUP(cleanup_publisher_free) struct publisher *p = calloc(1, sizeof *p);
    if (p == NULL)
        return ERR_NOMEM;
    p->broker = b;
    enum err e = log_copy_new(b, &b->log_copy, why);
    if (e != ERR_OK)
        return e;
    log_copy_begin(b->log_copy);
    const struct roster *r = view_roster(b->view);
    struct logbook_predecessor predecessor;
    const struct log_keeper_params of = {
        .logbook = audit_logbook(b->audit),
        .kv = b->kv,
        .loop = b->loop,
        .writer = b->writer,
        .workers = &b->workers,
        .clock = b->clock,
        .origin = b->config->origin,
        .dir = b->config->tiles,
        .publish_interval_ms = b->config->publish_interval_ms,
        .ceremony = r->has_ceremony ? &r->ceremony : NULL,
        .predecessor = retire_predecessor(r, &predecessor),
        .calls = {may_sign, signers, verify, shows_later, on_block, on_published, saw, went_well, failed, forked, on_files},
        .arg = p,
    };
    e = log_keeper_new(&of, &p->keeper, why);
    if (e != ERR_OK)
        return e;
    log_copy_committed(b->log_copy); /* what a stop left unpublished, if anything, has been */
    *out = p;
    p = NULL;
    return ERR_OK;
}

void publisher_free(struct publisher *p)
{
    if (p == NULL)
        return;
    log_keeper_free(p->keeper);
    log_copy_free(take(p->broker->log_copy));
    free(p);
}

void publisher_tick(struct publisher *p)
{
    log_keeper_tick(p->keeper);
}

bool publisher_is_busy(const struct publisher *p)
{
    return log_keeper_is_busy(p->keeper);
}

uint64_t publisher_size(const struct publisher *p)
{
    return log_keeper_size(p->keeper);
}

enum err publisher_contains(struct publisher *p, struct bytes note)
{
    return log_keeper_contains(p->keeper, note);
}
