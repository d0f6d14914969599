#include "agent/agent.h"

#include <stdlib.h>

#include "agent/agent_run.h"
#include "agent/control_run.h"
#include "agent/endings.h"
#include "agent/keys.h"
#include "agent/log_origin.h"
#include "agent/message_ids.h"
#include "agent/outbox_run.h"
#include "agent/own_key.h"
#include "agent/own_log.h"
#include "agent/part.h"
#include "agent/pseudonym.h"
#include "agent/receipts.h"
#include "agent/rekey.h"
#include "agent/session.h"
#include "agent/space.h"
#include "agent/store/store.h"
#include "agent/trust.h"
#include "pki/agency_half.h"
#include "proto/base/label.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"

#define WORKER_QUEUE 256

int64_t agent_now_s(const struct agent *a)
{
    return clock_now_s(a->clock);
}

struct agency_half *agent_half(struct agent *a, const struct name *purpose, uint32_t epoch,
                               bool for_store)
{
    const struct purpose_key *p = agent_keys_find(a->keys, purpose, epoch);
    if (p == NULL)
        return NULL;
    return for_store ? p->for_store : p->for_loop;
}

size_t agent_epochs(const struct agent *a, const struct name *purpose,
                    uint32_t out[static VIEW_ACTIVE_MAX])
{
    uint32_t active[VIEW_ACTIVE_MAX];
    size_t n = 0;
    const size_t count = view_active_epochs(a->view, purpose, active);
    for (size_t i = 0; i < count; i++)
        if (agent_keys_find(a->keys, purpose, active[i]) != NULL)
            out[n++] = active[i];
    return n;
}

const struct roster_member *agent_member(const struct agent *a)
{
    return view_member(a->view, &a->config->oin, agent_now_s(a));
}

enum err agent_pseudonym(const struct agent *a, const struct name *staff, int64_t now_s,
                         struct name *out)
{
    CLEANUP(cleanup_secret_free) struct secret *key = NULL;
    enum err bad = store_derive(a->store, LABEL_PSEUDONYM, &key);
    return bad == ERR_OK ? pseudonym_of(key, staff, now_s, out) : bad;
}

static enum err open_store(struct agent *a, struct errmsg *why)
{
    const struct store_params p = {
        .dir = a->config->service.store,
        .map_bytes = a->config->service.map_size,
        .keys = agent_keys_storage(a->keys),
        .agency = &a->config->oin,
    };
    enum err bad = agent_store_open(&p, &a->store, why);
    if (bad != ERR_OK)
        return bad;
    a->kv = store_kv(a->store);
    const struct writer_params wp = {.kv = a->kv, .loop = a->loop};
    bad = writer_new(&wp, &a->writer);
    return bad == ERR_OK ? ERR_OK : errmsg_set(why, bad, "the store thread does not start");
}

static enum err keep_view(struct kv_txn *txn, void *arg)
{
    struct agent *a = arg;
    return agent_trust_keep(a->store, txn, a->view, agent_now_s(a));
}

static enum err load_view(struct agent *a, struct errmsg *why)
{
    enum err bad = agent_trust_new(a->config, &a->trust, why);
    if (bad == ERR_OK)
        bad = agent_trust_load(a->trust, a->store, agent_now_s(a), &a->view, why);
    if (bad != ERR_OK)
        return bad;
    view_log_faults(a->view);
    bad = writer_run(a->writer, keep_view, a);
    return bad == ERR_OK ? ERR_OK : errmsg_set(why, bad, "store: roster and policy cannot be kept");
}

static enum err free_half(struct kv_txn *txn, void *arg)
{
    struct agency_half **half = arg; /* the job may run twice */
    (void)txn;
    agency_half_free(take(*half));
    return ERR_OK;
}

/* Keys of epochs that are compromised or destroyed are wiped: the store thread's half by a job of its own,
 * behind all that may use it. */
static void drop_ended_keys(struct agent *a)
{
    for (size_t i = 0; i < agent_keys_purposes(a->keys); i++) {
        const struct purpose_key *p = agent_keys_purpose(a->keys, i);
        const enum epoch_state state = view_epoch_state(a->view, &p->purpose, p->epoch);
        if (state != EPOCH_COMPROMISED && state != EPOCH_DESTROYED)
            continue;
        struct agency_half *half = agent_keys_drop(a->keys, i);
        if (half == NULL)
            continue;
        log_warn("key.wiped purpose=%s epoch=%u state=%s next=\"destroy the key file %s and its copies: "
                 "sluis-pki epoch destroy\"",
                 p->purpose.s, p->epoch, epoch_state_id(state), p->file != NULL ? p->file : "");
        enum err bad = writer_run(a->writer, free_half, &half);
        if (bad != ERR_OK)
            log_err("key.not_wiped purpose=%s epoch=%u error=\"%s\" next=\"restart this agent\"",
                    p->purpose.s, p->epoch, err_text(bad));
    }
}

/* The keys in the folder are the ones that the roster names, or wait for it. */
static enum err check_keys(struct agent *a, struct errmsg *why)
{
    if (agent_member(a) == NULL || view_signing_key(a->view, &a->config->oin) == NULL)
        return errmsg_set(why, ERR_CERT, "the roster does not name %s, or its certificate has ended; "
                                         "the registrar can tell why",
                          a->config->oin.oin);
    enum err bad = agent_keys_tidy(a->keys, why);
    return bad == ERR_OK ? agent_take_keys(a, a->view, why) : bad;
}

static enum err start_parts(struct agent *a, struct errmsg *why)
{
    enum err bad = ERR_OK;
    for (const struct agent_part *const *p = a->parts; *p != NULL && bad == ERR_OK; p++) {
        if ((*p)->start != NULL)
            bad = (*p)->start(a, why);
        if (bad != ERR_OK)
            errmsg_wrap(why, bad, "%s", (*p)->name);
    }
    return bad;
}

static enum err make_core(struct agent *a, struct errmsg *why)
{
    enum err bad = worker_new(a->loop, (unsigned)a->config->service.worker_threads, WORKER_QUEUE,
                              &a->workers);
    if (bad == ERR_OK)
        bad = message_ids_new(a->store, &a->message_ids);
    if (bad == ERR_OK)
        bad = own_log_new(a, &a->own_log, why);
    if (bad == ERR_OK)
        bad = log_origin_new(a, &a->log_origin, why);
    if (bad == ERR_OK)
        bad = receipts_new(a, &a->receipts, why);
    if (bad == ERR_OK)
        bad = session_new(a, &a->session);
    if (bad == ERR_OK)
        bad = outbox_new(a, &a->outbox);
    if (bad == ERR_OK)
        bad = space_new(a, &a->space);
    if (bad == ERR_OK)
        bad = endings_new(a, &a->endings);
    if (bad == ERR_OK)
        bad = rekey_new(a, &a->rekey, why);
    return bad;
}

enum err agent_new(const struct agent_params *p, struct agent **out, struct errmsg *why)
{
    CLEANUP(cleanup_agent_free) struct agent *a = calloc(1, sizeof *a);
    if (a == NULL)
        return ERR_NOMEM;
    a->config = p->config;
    a->parts = p->parts;
    a->loop = p->loop;
    a->clock = p->clock;
    enum err bad = agent_keys_load(&a->config->service, &a->keys, why);
    if (bad != ERR_OK)
        return bad;
    a->signing = agent_keys_signing(a->keys);
    a->sealing = agent_keys_sealing(a->keys);
    bad = open_store(a, why);
    if (bad == ERR_OK)
        bad = load_view(a, why);
    if (bad == ERR_OK)
        drop_ended_keys(a);
    if (bad == ERR_OK)
        bad = check_keys(a, why);
    if (bad == ERR_OK)
        bad = make_core(a, why);
    if (bad == ERR_OK)
        bad = start_parts(a, why);
    if (bad == ERR_OK)
        bad = agent_control_new(a, &a->control, why);
    if (bad == ERR_OK)
        *out = take(a);
    return bad;
}

enum err agent_start(struct agent *a, struct errmsg *why)
{
    enum err bad = session_start(a->session, why);
    if (bad == ERR_OK)
        outbox_start(a->outbox);
    return bad;
}

/* Whatever is made under the new view is made with the keys that it lists. Where that fails the old keys stay, and
 * what they sign counts for a while. */
static void take_keys(struct agent *a)
{
    struct errmsg why = {""};
    enum err bad = agent_take_keys(a, a->view, &why);
    if (bad != ERR_OK)
        log_err("key.not_taken reason=\"%s\" next=\"sluis-pki renew, or ask the registrar\"",
                why.text[0] != '\0' ? why.text : err_text(bad));
}

static void tell_parts(struct agent *a)
{
    drop_ended_keys(a);
    log_origin_see(a);
    for (const struct agent_part *const *p = a->parts; *p != NULL; p++)
        if ((*p)->on_view != NULL)
            (*p)->on_view(a);
    session_on_view(a->session);
}

void agent_set_view(struct agent *a, struct view *v)
{
    struct view *old = a->view;
    a->view = v;
    log_notice("view.new roster=%llu policy=%llu", (unsigned long long)view_roster(v)->serial,
               (unsigned long long)view_policy(v)->serial);
    view_log_faults(v);
    take_keys(a);
    tell_parts(a);
    view_free(old);
}

static enum err reload_trust(struct agent *a, struct errmsg *why)
{
    CLEANUP(cleanup_view_free) struct view *v = NULL;
    enum err bad = agent_trust_load(a->trust, a->store, agent_now_s(a), &v, why);
    if (bad != ERR_OK || agent_trust_same(v, a->view))
        return bad;
    struct view *old = a->view;
    a->view = v;
    bad = writer_run(a->writer, keep_view, a);
    a->view = old;
    if (bad == ERR_OK)
        agent_set_view(a, take(v));
    return bad;
}

static void tell_of_keys(struct agent *a)
{
    for (const struct agent_part *const *p = a->parts; *p != NULL; p++)
        if ((*p)->on_keys != NULL)
            (*p)->on_keys(a);
}

/* Keys come first: what another view says of an epoch is acted on with its key. */
enum err agent_reload(struct agent *a, struct errmsg *why)
{
    size_t added = 0;
    struct errmsg trust_why = {""};
    const struct view *before = a->view;
    enum err keys = agent_keys_reload(a->keys, &a->config->service, &added, why);
    if (added > 0)
        log_notice("keys.added purpose_keys=%zu", added);
    if (keys == ERR_OK)
        tell_of_keys(a);
    if (keys == ERR_OK)
        keys = rekey_reload(a->rekey, why);
    enum err trust = reload_trust(a, &trust_why);
    if (added > 0 && a->view == before)
        tell_parts(a);
    if (keys != ERR_OK && trust != ERR_OK)
        log_err("reload.failed keeps=old reason=\"%s\"", trust_why.text);
    if (keys == ERR_OK)
        *why = trust_why;
    return keys != ERR_OK ? keys : trust;
}

void agent_drain(struct agent *a)
{
    agent_control_drain(a->control);
}

static void stop_parts(struct agent *a)
{
    size_t n = 0;
    while (a->parts[n] != NULL)
        n++;
    while (n-- > 0)
        if (a->parts[n]->stop != NULL)
            a->parts[n]->stop(a);
}

void agent_free(struct agent *a)
{
    if (a == NULL)
        return;
    if (a->control != NULL)
        agent_control_stop(a->control);
    if (a->outbox != NULL)
        outbox_stop(a->outbox);
    if (a->log_keeping != NULL && own_log_say(a, AUDIT_EVENT_DAEMON_STOPPED) != ERR_OK)
        log_warn("stop: the last entry could not be written");
    worker_free(a->workers);
    a->workers = NULL; /* what the store ends now goes on to no worker */
    writer_free(a->writer);
    session_free(a->session);
    if (a->view != NULL)
        stop_parts(a);
    agent_control_free(a->control);
    outbox_free(a->outbox);
    space_free(a->space);
    endings_free(a->endings);
    rekey_free(a->rekey);
    receipts_free(a->receipts);
    log_origin_free(a->log_origin);
    message_ids_free(a->message_ids);
    own_log_free(a->own_log);
    view_free(a->view);
    agent_trust_free(a->trust);
    agent_store_free(a->store);
    agent_keys_free(a->keys);
    free(a);
}
