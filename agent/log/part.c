/* The part as the agent sees it. Where the folder has no key for it, entries wait in the store until there is one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/bodies_ask.h"
#include "agent/keys.h"
#include "agent/log/cosigned_keys.h"
#include "agent/log/keeping.h"
#include "agent/log/own_bodies.h"
#include "agent/log/own_keys.h"
#include "agent/log/receipt_verb.h"
#include "agent/log/staff_names.h"
#include "agent/log/vouch.h"
#include "agent/log/witnessed.h"
#include "agent/own_log.h"
#include "agent/part.h"
#include "agent/store/store.h"
#include "pki/logbook/log_retention.h"
#include "proto/base/log.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"

#define DIR_SUFFIX "-log"
#define LOOK_MS 60000
#define DAY_S 86400

/* ---- what the keeper asks ---- */

static bool may_sign(void *arg)
{
    const struct log_keeping *k = arg;
    return !k->is_forked && agent_keys_log(k->agent->keys) != NULL && witnessed_may_sign(k->witnessed);
}

static size_t signers(void *arg, struct note_signer out[static LOG_KEEPER_SIGNERS])
{
    const struct log_keeping *k = arg;
    return own_keys_signers(k, out);
}

static bool shows_later(void *arg)
{
    const struct log_keeping *k = arg;
    return witnessed_shows_later(k->witnessed);
}

static enum err verify(void *arg, const struct note *note)
{
    const struct log_keeping *k = arg;
    return own_keys_verify(k, note);
}

static void went_well(void *arg, const struct log_signed_head *head)
{
    struct log_keeping *k = arg;
    if (k->has_failed)
        log_notice("own_log.published_again size=%llu", (unsigned long long)head->size);
    k->has_failed = false;
    log_retention_on_head(k->retention);
    witnessed_on_head(k->witnessed, head);
}

static void failed(void *arg)
{
    struct log_keeping *k = arg;
    k->has_failed = true;
}

static void forked(void *arg)
{
    struct log_keeping *k = arg;
    k->is_forked = true;
}

/* ---- protected persons, once a day ---- */

/* Which questions and hits they were would tell about whom: only the day and the number are told, on the next day. */
static enum err count_job(struct kv_txn *txn, void *arg)
{
    const struct log_keeping *k = arg;
    struct agent *a = k->agent;
    const uint64_t today = (uint64_t)(agent_now_s(a) / DAY_S);
    uint64_t day = 0;
    uint64_t met = 0;
    enum err bad = store_get_number(a->store, txn, OWN_LOG_MET_DAY, &day);
    if (bad == ERR_OK)
        bad = store_get_number(a->store, txn, OWN_LOG_MET, &met);
    if (bad != ERR_OK || day >= today)
        return bad;
    const struct own_entry e = {.event = AUDIT_EVENT_PROTECTED_MET, .count = met};
    if (met > 0)
        bad = own_log_append(a, txn, &e);
    if (bad == ERR_OK)
        bad = store_put_number(a->store, txn, OWN_LOG_MET, 0);
    return bad == ERR_OK ? store_put_number(a->store, txn, OWN_LOG_MET_DAY, today) : bad;
}

static void counted(enum err result, void *arg)
{
    struct log_keeping *k = arg;
    k->is_counting = false;
    if (result != ERR_OK)
        log_warn("own_log.count_not_written error=\"%s\"", err_text(result)); /* with the timer */
}

static void settle_keys(struct log_keeping *k)
{
    const enum err bad = own_keys_settle(k);
    if (bad != ERR_OK)
        log_err("own_log.keys_not_taken error=\"%s\": the keys of before sign on", err_text(bad)); /* with the timer */
}

static void look(void *arg)
{
    struct log_keeping *k = arg;
    settle_keys(k);
    if (!k->is_counting)
        k->is_counting = writer_submit(k->agent->writer, WRITER_BULK, count_job, counted, k) == ERR_OK;
}

/* ---- the end of bodies (decision 0412) ---- */

/* Without a roster that is valid now the clock may be wrong by years. */
static struct view *view_now(void *arg)
{
    const struct log_keeping *k = arg;
    return view_is_open(k->agent->view, agent_now_s(k->agent)) == ERR_OK ? view_ref(k->agent->view) : NULL;
}

static enum err tell_erased(void *arg, struct kv_txn *txn, int64_t now_s, size_t erased)
{
    const struct log_keeping *k = arg;
    (void)now_s;
    const struct audit_fact of = audit_fact_word("of", "own_log");
    const struct own_entry e = {
        .event = AUDIT_EVENT_RETENTION_DONE, .facts = &of, .facts_count = 1, .count = erased};
    return own_log_append(k->agent, txn, &e);
}

static void looked(void *arg, enum err result)
{
    (void)arg;
    if (result != ERR_OK)
        log_warn("own_log.retention error=\"%s\"", err_text(result)); /* with the next minute */
}

static enum err open_retention(struct log_keeping *k)
{
    struct agent *a = k->agent;
    const struct log_retention_params p = {
        .logbook = own_log_book(a->own_log),
        .loop = a->loop,
        .writer = a->writer,
        .clock = a->clock,
        .default_s = (int64_t)(a->config->own_log_retention_ms / 1000),
        .calls = {.view = view_now, .tell = tell_erased, .looked = looked},
        .arg = k,
    };
    return log_retention_new(&p, &k->retention);
}

/* ---- life ---- */

static enum err find_dir(struct log_keeping *k)
{
    const struct config_agent *c = k->agent->config;
    const char *base = c->own_log_dir != NULL ? c->own_log_dir : c->service.store;
    const size_t room = strlen(base) + sizeof DIR_SUFFIX;
    k->dir = malloc(room);
    if (k->dir == NULL)
        return ERR_NOMEM;
    snprintf(k->dir, room, "%s%s", base, c->own_log_dir != NULL ? "" : DIR_SUFFIX);
    return ERR_OK;
}

static enum err open_keeper(struct log_keeping *k, struct errmsg *why)
{
    struct agent *a = k->agent;
    const struct log_keeper_params p = {
        .logbook = own_log_book(a->own_log),
        .kv = a->kv,
        .loop = a->loop,
        .writer = a->writer,
        .workers = &a->workers,
        .clock = a->clock,
        .origin = own_log_origin(a->own_log),
        .dir = k->dir,
        .publish_interval_ms = a->config->own_log_interval_ms,
        .starts_behind = true,
        .calls = {.may_sign = may_sign,
                  .signers = signers,
                  .verify = verify,
                  .shows_later = shows_later,
                  .went_well = went_well,
                  .failed = failed,
                  .forked = forked},
        .arg = k,
    };
    return log_keeper_new(&p, &k->keeper, why);
}

static enum err start(struct agent *a, struct errmsg *why)
{
    struct log_keeping *k = calloc(1, sizeof *k);
    if (k == NULL)
        return ERR_NOMEM;
    a->log_keeping = k; /* stop frees it */
    k->agent = a;
    k->daily = loop_timer_new(a->loop, look, k);
    enum err bad = k->daily != NULL ? find_dir(k) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = witnessed_new(k, &k->witnessed, why);
    if (bad == ERR_OK)
        bad = own_keys_read(k);
    if (bad == ERR_OK)
        bad = cosigned_keys_read(k);
    if (bad == ERR_OK)
        bad = open_keeper(k, why);
    if (bad == ERR_OK)
        bad = witnessed_start(k->witnessed);
    if (bad == ERR_OK && (bad = own_log_say(a, AUDIT_EVENT_DAEMON_STARTED)) != ERR_OK)
        errmsg_set(why, bad, "its first entry cannot be written: %s", err_text(bad));
    if (bad == ERR_OK)
        bad = own_keys_settle(k);
    if (bad == ERR_OK)
        bad = open_retention(k);
    if (bad != ERR_OK)
        return bad;
    if (agent_keys_log(a->keys) == NULL)
        log_err("own_log.no_key next=\"sluis-pki log makes it; then restart this agent\"");
    loop_timer_every(k->daily, LOOK_MS);
    look(k);
    return ERR_OK;
}

static void on_open(struct agent *a)
{
    witnessed_offer(a->log_keeping->witnessed);
}

static void on_keys(struct agent *a)
{
    settle_keys(a->log_keeping);
}

static void stop(struct agent *a)
{
    struct log_keeping *k = a->log_keeping;
    if (k == NULL)
        return;
    log_retention_free(k->retention);
    log_keeper_free(k->keeper);
    witnessed_free(k->witnessed);
    loop_timer_free(k->daily);
    free(k->dir);
    free(k);
    a->log_keeping = NULL;
}

/* ---- status ---- */

static const char *state_of(const struct log_keeping *k)
{
    if (k->is_forked)
        return "forked";
    if (agent_keys_log(k->agent->keys) == NULL)
        return "no key";
    return k->has_failed ? "not published" : "ok";
}

static enum err status(const struct call *c, struct doc *whole)
{
    const struct log_keeping *k = call_agent(c)->log_keeping;
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "origin", own_log_origin(k->agent->own_log));
    doc_put_str(&b, "dir", k->dir);
    doc_put_int(&b, "size", (int64_t)log_keeper_size(k->keeper));
    doc_put_str(&b, "state", state_of(k));
    own_keys_put(k, &b);
    witnessed_put(k->witnessed, &b);
    const enum err bad = doc_build_done(&b);
    if (bad == ERR_OK)
        return doc_put(whole, "own_log", d);
    doc_free(d);
    return bad;
}

static enum err add_line(struct doc *lines, const char *text)
{
    return doc_append(lines, doc_new_text(bytes_str(text)));
}

static enum err alarms(const struct call *c, struct doc *lines)
{
    const struct log_keeping *k = call_agent(c)->log_keeping;
    enum err bad = own_bodies_alarms(k, lines);
    if (bad == ERR_OK)
        bad = witnessed_alarms(k->witnessed, lines);
    if (bad != ERR_OK)
        return bad;
    if (k->is_forked && !witnessed_is_forked(k->witnessed))
        return add_line(lines, "this agency's own log goes further in its folder than in its store, which is an old copy: no "
                               "head is signed; tell the auditor");
    if (agent_keys_log(k->agent->keys) == NULL)
        return add_line(lines, "this agency's own log has no key: its entries wait unpublished; sluis-pki log makes it, then "
                               "restart the agent");
    return k->has_failed ? add_line(lines, "this agency's own log cannot be published now; its entries wait in the store")
                         : ERR_OK;
}

static const struct verb verbs[] = {
    {"own_bodies", BODIES_READERS, own_bodies_verb},
    {"own_exported", BODIES_READERS, own_exported_verb},
    {"own_filler_key", 1u << FUNCTION_AUDITOR | 1u << FUNCTION_COMPLIANCE_OFFICER, own_filler_key_verb},
    {"receipt", BODIES_READERS, receipt_verb},
    {"staff_names", BODIES_READERS, staff_names_verb},
    {"vouch", 1u << FUNCTION_SECURITY_OFFICER, vouch_verb},
    {NULL, 0, NULL},
};

const struct agent_part log_part = {
    .name = "log",
    .verbs = verbs,
    .start = start,
    .stop = stop,
    .on_keys = on_keys,
    .on_open = on_open,
    .status = status,
    .alarms = alarms,
};
