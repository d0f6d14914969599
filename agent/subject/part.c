/* The part that answers data subjects: its verbs, and retention of its index and searches. */
#include <stdlib.h>

#include "agent/own_log.h"
#include "agent/part.h"
#include "agent/subject/subject_part.h"
#include "proto/base/log.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"

#define SWEEP_MS 60000
#define SWEEP_THREADS 64
#define SWEEP_SEARCHES 64

struct sweeping {
    struct agent *agent;
    size_t threads;
    size_t searches;
};

static enum err sweep_job(struct kv_txn *txn, void *arg)
{
    struct sweeping *w = arg;
    struct agent *a = w->agent;
    const int64_t now_s = agent_now_s(a);
    enum err bad = touch_prune(own_log_index(a->own_log), txn, now_s, SWEEP_THREADS, &w->threads);
    if (bad == ERR_OK)
        bad = search_prune(a->store, txn, now_s, SWEEP_SEARCHES, &w->searches);
    const struct audit_fact what[] = {audit_fact_count("touched", w->threads),
                                      audit_fact_count("searches", w->searches)};
    const struct own_entry e = {.event = AUDIT_EVENT_RETENTION_DONE,
                                .count = w->threads + w->searches,
                                .facts = what,
                                .facts_count = ARRAY_LEN(what)};
    return bad == ERR_OK && e.count > 0 ? own_log_append(a, txn, &e) : bad;
}

static void swept(enum err result, void *arg)
{
    struct sweeping *w = arg;
    struct answering *p = w->agent->answering;
    if (p != NULL)
        p->is_sweeping = false;
    if (result != ERR_OK)
        log_warn("subject.sweep error=\"%s\"", err_text(result));
    free(w);
}

static void sweep(void *arg)
{
    struct answering *p = arg;
    struct sweeping *w = NULL;
    /* Without a roster that is valid now the clock may be wrong by years. */
    if (!p->is_sweeping && view_is_open(p->agent->view, agent_now_s(p->agent)) == ERR_OK)
        w = calloc(1, sizeof *w);
    if (w == NULL)
        return; /* the next one comes */
    w->agent = p->agent;
    p->is_sweeping = writer_submit(p->agent->writer, WRITER_BULK, sweep_job, swept, w) == ERR_OK;
    if (!p->is_sweeping)
        free(w);
}

/* What happened before this moment is not in the index, and each answer says so. */
static enum err since_job(struct kv_txn *txn, void *arg)
{
    struct agent *a = arg;
    uint64_t since_s = 0;
    enum err bad = store_get_number(a->store, txn, TOUCH_SINCE, &since_s);
    return bad == ERR_OK && since_s == 0
               ? store_put_number(a->store, txn, TOUCH_SINCE, (uint64_t)agent_now_s(a))
               : bad;
}

static enum err start(struct agent *a, struct errmsg *why)
{
    struct answering *p = calloc(1, sizeof *p);
    if (p == NULL)
        return ERR_NOMEM;
    p->agent = a;
    a->answering = p; /* stop frees it */
    p->sweep = loop_timer_new(a->loop, sweep, p);
    const enum err bad = p->sweep != NULL ? writer_run(a->writer, since_job, a) : ERR_NOMEM;
    if (bad != ERR_OK)
        return errmsg_set(why, bad,
                          "since when the index of subjects is whole cannot be stored: %s",
                          err_text(bad));
    loop_timer_every(p->sweep, SWEEP_MS);
    sweep(p);
    return ERR_OK;
}

static void stop(struct agent *a)
{
    struct answering *p = a->answering;
    if (p == NULL)
        return;
    a->answering = NULL;
    searches_stop(p);
    openings_stop(p);
    loop_timer_free(p->sweep);
    free(p);
}

#define ANSWERS (1u << FUNCTION_PRIVACY_OFFICER)

static const struct verb verbs[] = {
    {"search_ask", ANSWERS, search_verb_ask},      {"search_confirm", ANSWERS, search_verb_confirm},
    {"search_show", ANSWERS, search_verb_show},    {"open", 1u << FUNCTION_AUDITOR, open_verb},
    {"own_ldv", 1u << FUNCTION_AUDITOR, ldv_verb}, {NULL, 0, NULL},
};

const struct agent_part subject_part = {
    .name = "subject",
    .verbs = verbs,
    .start = start,
    .stop = stop,
};
