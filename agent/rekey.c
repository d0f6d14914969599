#include "agent/rekey.h"

#include <stdlib.h>

#include "agent/agent.h"
#include "agent/keys.h"
#include "agent/store/store_rewrap.h"
#include "proto/base/log.h"
#include "proto/host/crash.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"

#define LOOK_MS 1000

struct rekey {
    struct agent *agent;
    struct loop_timer *timer;
    struct rewrap state;
    bool is_taken; /* the store seals under the target */
    bool is_working;
    struct errmsg trouble;
    /* Of a job: the store thread's until it is done. */
    struct rewrap next;
    const char *table;
};

static void go_on(struct rekey *r);

/* ---- beginning ---- */

struct beginning {
    struct agent *agent;
    struct rewrap state;
    bool begun;
};

static enum err begin_job(struct kv_txn *txn, void *arg)
{
    struct beginning *b = arg;
    return store_rewrap_begin(b->agent->store, txn, agent_keys_storage(b->agent->keys),
                              agent_now_s(b->agent), &b->state, &b->begun);
}

static enum err lacking(const struct rekey *r, const struct rewrap *state, struct errmsg *why)
{
    return errmsg_set(why, ERR_NOT_FOUND,
                      "%s: version %u of the storage key is not there any more, and values lie under it; put "
                      "its file back (a backup of the keys has it)",
                      r->agent->config->service.keys,
                      rewrap_lacks(state, agent_keys_storage(r->agent->keys)));
}

/* The store says what the target is, and only then anything is sealed under it. */
static enum err begin(struct rekey *r, struct errmsg *why)
{
    struct beginning b = {.agent = r->agent};
    enum err bad = writer_run(r->agent->writer, begin_job, &b);
    if (bad == ERR_NOT_FOUND)
        return lacking(r, &b.state, why);
    if (b.begun)
        crash_point("rewrap.begun");
    r->is_taken &= bad != ERR_OK; /* where nothing was written, all is as before */
    if (bad == ERR_OK)
        bad = store_rewrap_take(r->agent->store, agent_keys_storage(r->agent->keys), b.state.target);
    if (bad != ERR_OK)
        return errmsg_set(why, bad, "the storage key cannot be taken: %s", err_text(bad));
    if (b.begun)
        log_notice("storage_key.rewrap begun=true version=%u values=%llu", b.state.target,
                   (unsigned long long)b.state.total);
    r->state = b.state;
    r->is_taken = true;
    return ERR_OK;
}

/* ---- steps ---- */

static enum err step_job(struct kv_txn *txn, void *arg)
{
    struct rekey *r = arg;
    enum err bad = store_rewrap_step(r->agent->store, txn, agent_now_s(r->agent), &r->next, &r->table);
    crash_point("rewrap.step");
    return bad;
}

static void stepped(enum err result, void *arg)
{
    struct rekey *r = arg;
    r->is_working = false;
    crash_point("rewrap.stepped");
    if (result != ERR_OK) { /* begun again at the next look */
        if (r->trouble.text[0] == '\0')
            log_err("storage_key.rewrap table=%s error=\"%s\"", r->table, err_text(result));
        (void)errmsg_set(&r->trouble, result,
                         "a value of table %s cannot be sealed under the new storage key: %s", r->table,
                         err_text(result));
        return;
    }
    r->trouble.text[0] = '\0';
    if (r->next.target == r->state.target)
        r->state = r->next;
    if (r->state.state == REWRAP_DONE)
        log_notice("storage_key.rewrap done=true version=%u renewed=%llu next=\"sluis-pki rotate --key "
                   "storage --retire N for each older version\"",
                   r->state.target, (unsigned long long)r->state.renewed);
    go_on(r);
}

static void go_on(struct rekey *r)
{
    if (r->is_working || !r->is_taken || r->state.state != REWRAP_UNDER_WAY)
        return;
    r->is_working = writer_submit(r->agent->writer, WRITER_BULK, step_job, stepped, r) == ERR_OK;
}

static void look(void *arg)
{
    go_on(arg);
}

/* ---- life ---- */

enum err rekey_new(struct agent *a, struct rekey **out, struct errmsg *why)
{
    CLEANUP(cleanup_rekey_free) struct rekey *r = calloc(1, sizeof *r);
    if (r == NULL)
        return ERR_NOMEM;
    r->agent = a;
    r->timer = loop_timer_new(a->loop, look, r);
    if (r->timer == NULL)
        return ERR_NOMEM;
    enum err bad = begin(r, why);
    if (bad != ERR_OK)
        return bad;
    loop_timer_every(r->timer, LOOK_MS);
    *out = take(r);
    return ERR_OK;
}

void rekey_free(struct rekey *r)
{
    if (r == NULL)
        return;
    loop_timer_free(r->timer);
    free(r);
}

enum err rekey_reload(struct rekey *r, struct errmsg *why)
{
    struct errmsg own = {""};
    enum err bad = begin(r, &own);
    r->trouble = own; /* "" where it went well */
    if (bad != ERR_OK && why != NULL)
        *why = own;
    go_on(r);
    return bad;
}

const struct rewrap *rekey_state(const struct rekey *r)
{
    return &r->state;
}

const char *rekey_trouble(const struct rekey *r)
{
    return r->trouble.text;
}
