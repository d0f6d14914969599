#include "agent/hold/hold.h"

#include <stdlib.h>

#include "agent/hold/sweep.h"
#include "agent/part.h"
#include "proto/host/loop.h"

#define SWEEP_MS 1000

static void on_timer(void *arg)
{
    hold_sweep(arg);
}

static enum err start(struct agent *a, struct errmsg *why)
{
    struct hold *h = calloc(1, sizeof *h);
    if (h == NULL)
        return errmsg_set(why, ERR_NOMEM, "inbox");
    h->timer = loop_timer_new(a->loop, on_timer, a);
    if (h->timer == NULL) {
        free(h);
        return errmsg_set(why, ERR_NOMEM, "inbox");
    }
    a->hold = h;
    loop_timer_every(h->timer, SWEEP_MS);
    hold_sweep(a);
    return ERR_OK;
}

static void stop(struct agent *a)
{
    struct hold *h = a->hold;
    if (h == NULL)
        return;
    loop_timer_free(h->timer);
    free(h);
    a->hold = NULL;
}

static enum err add_line(struct doc *lines, uint64_t count, const char *text)
{
    CLEANUP(buf_free) struct buf line = buf_new(512);
    buf_printf(&line, "%llu %s", (unsigned long long)count, text);
    enum err bad = buf_err(&line);
    return bad == ERR_OK ? doc_append(lines, doc_new_text(buf_bytes(&line))) : bad;
}

/* Whom a question about a protected person concerns, nobody is told; that there was one, the security
 * officer alone. */
static enum err alarms(const struct call *c, struct doc *lines)
{
    struct agent *a = call_agent(c);
    uint64_t met = 0;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err bad = kv_read_begin(a->kv, &txn);
    if (bad == ERR_OK)
        bad = store_get_number(a->store, txn, HOLD_PROTECTED_MET, &met);
    if (bad == ERR_OK && met > 0 && call_has(c, FUNCTION_SECURITY_OFFICER))
        bad = add_line(lines, met, "questions met a protected record; no item was raised");
    return bad;
}

static const struct verb verbs[] = {
    {"inbox", 0, hold_verb_inbox},
    {"item", 0, hold_verb_item},
    {"claim", 0, hold_verb_claim},
    {"decide", 0, hold_verb_decide},
    {NULL, 0, NULL},
};

const struct agent_part hold_part = {
    .name = "hold",
    .verbs = verbs,
    .mail = {&hold_hit_owner, &hold_ended_owner},
    .outbox = {&hold_settle_owner},
    .start = start,
    .stop = stop,
    .alarms = alarms,
};
