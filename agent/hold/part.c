#include "agent/hold/hold.h"

#include <stdlib.h>

#include "agent/hold/inbox.h"
#include "agent/hold/later.h"
#include "agent/hold/standing.h"
#include "agent/hold/sweep.h"
#include "agent/part.h"
#include "proto/host/loop.h"

#define SWEEP_MS 1000

static void on_timer(void *arg)
{
    standing_again(arg);
    hold_sweep(arg);
    later_try(arg);
}

static void on_view(struct agent *a)
{
    standing_look(a);
    later_try(a);
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
    const enum err bad = standing_begin(a);
    if (bad != ERR_OK)
        return errmsg_set(why, bad, "inbox: whether what waits to leave may leave: %s", err_text(bad));
    loop_timer_every(h->timer, SWEEP_MS);
    hold_sweep(a);
    later_try(a);
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

static enum err put_status(const struct call *c, struct doc *whole)
{
    struct inbox_counts n = {0};
    enum err bad = inbox_count_for(call_agent(c), call_officer(c), &n);
    struct doc *d = bad == ERR_OK ? doc_new_object() : NULL;
    if (d == NULL)
        return bad != ERR_OK ? bad : ERR_NOMEM;
    bad = inbox_put_counts(&n, d);
    if (bad == ERR_OK)
        return doc_put(whole, "inbox", d);
    doc_free(d);
    return bad;
}

static bool has_staff(const struct agent *a, const struct name *compartment)
{
    const struct conf_groups *all = &a->config->compartments;
    for (size_t i = 0; i < all->count; i++)
        if (name_equal(&all->items[i].id, compartment))
            return true;
    return false;
}

/* A compartment of the policy for which the configuration lists nobody: its items are seen by nobody. */
static enum err alarm_compartments(const struct agent *a, struct doc *lines)
{
    const struct policy *p = view_policy(a->view);
    const struct party *self = policy_party(p, &a->config->oin);
    enum err bad = ERR_OK;
    for (uint32_t i = 0; self != NULL && bad == ERR_OK && i < p->rules_count; i++) {
        const struct consent_terms *t = rule_consent(&p->rules[i], self);
        if (t == NULL || t->compartment.s[0] == '\0' || has_staff(a, &t->compartment))
            continue;
        CLEANUP(buf_free) struct buf line = buf_new(512);
        buf_printf(&line, "rule %s puts its questions in compartment %s, and the configuration lists "
                          "nobody for it: they are seen by nobody; see the key compartments",
                   p->rules[i].id.s, t->compartment.s);
        bad = buf_err(&line);
        if (bad == ERR_OK)
            bad = doc_append(lines, doc_new_text(buf_bytes(&line)));
    }
    return bad;
}

static enum err alarm_overdue(const struct call *c, struct doc *lines)
{
    struct inbox_counts n = {0};
    enum err bad = inbox_count_for(call_agent(c), call_officer(c), &n);
    return bad == ERR_OK && n.overdue > 0
               ? add_line(lines, n.overdue, "questions that this organisation shall answer are "
                                            "overdue; the deputies see them in their inbox now")
               : bad;
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
    if (bad == ERR_OK)
        bad = alarm_overdue(c, lines);
    const struct hold *h = a->hold;
    if (bad == ERR_OK && h->standing.has_failed)
        bad = doc_append(lines, doc_new_text(bytes_str(
                                    "what was released and waits to be sent could not be judged under "
                                    "the policy and adoptions in force; it is tried again every second")));
    return bad == ERR_OK ? alarm_compartments(a, lines) : bad;
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
    .status = put_status,
    .on_view = on_view,
    .alarms = alarms,
};
