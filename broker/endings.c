/* Warns before something ends: 14 days and 3 days before the end of a certificate that the roster lists, of the
 * roster key's certificate or of an epoch, an entry in the log and a line in the operator's, each once
 * (decision 0906). Looks again with every view and every minute; what was warned of is in the store. */
#include "broker/endings.h"

#include <stdlib.h>

#include "broker/audit.h"
#include "broker/store/ending_rows.h"
#include "pki/ending_doc.h"
#include "pki/view/view_endings.h"
#include "proto/base/log.h"
#include "proto/base/when.h"
#include "proto/host/clock.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"
#include "proto/json/doc.h"

#define TICK_MS 1000
#define LOOK_EVERY_S 60
#define KEEP_S (INT64_C(30) * 86400)
#define TOLD_MAX 64u /* warnings of one job; more come with the next */
#define FACTS_MAX 4u

/* A warning that was given. */
struct told {
    struct ending ending;
    int days;
};

struct endings {
    struct broker *broker;
    struct loop_timer *timer;
    struct view *view; /* of the look under way, or the last one; a reference of its own */
    int64_t now_s;
    int64_t next_s;
    bool working;
    struct kv_txn *txn; /* of the job, store thread */
    struct told told[TOLD_MAX];
    size_t count;
};

/* ---- store thread ---- */

/* Of an officer neither certificate nor second: both would say who it is. */
static enum err append(struct endings *x, const struct ending *e, int days)
{
    struct audit_hex room;
    struct audit_fact facts[FACTS_MAX] = {audit_fact_word("kind", ending_kind_id(e->kind)),
                                          audit_fact_int("days", days)};
    size_t n = 2;
    if (e->kind != ENDING_OFFICER)
        facts[n++] = audit_fact_int("ends_at", e->end_s);
    if (e->kind == ENDING_EPOCH)
        facts[n++] = audit_fact_text("purpose", name_bytes(&e->purpose));
    else if (e->kind != ENDING_OFFICER)
        facts[n++] = audit_fact_digest("fingerprint", &e->id, &room);
    const struct turn_audit what = {.event = AUDIT_EVENT_KEY_ENDING,
                                    .peer = e->oin,
                                    .key_version = e->epoch,
                                    .more = facts,
                                    .more_count = n};
    struct digest entry;
    return audit_append(x->broker->audit, x->txn, &what, NULL, NULL, x->now_s, &entry);
}

static enum err look_at(void *arg, const struct ending *e)
{
    struct endings *x = arg;
    struct ending_row row = {.days = (uint8_t)ending_warning_days(e, x->now_s), .end_s = e->end_s};
    bool is_new = false;
    if (row.days == 0 || x->count == TOLD_MAX)
        return ERR_OK;
    enum err err = ending_digest(e, &row.digest);
    if (err == ERR_OK)
        err = ending_row_put(x->broker->store, x->txn, &row, &is_new);
    if (err != ERR_OK || !is_new)
        return err;
    x->told[x->count++] = (struct told){*e, row.days};
    return append(x, e, row.days);
}

static enum err look_job(struct kv_txn *txn, void *arg)
{
    struct endings *x = arg;
    x->txn = txn;
    x->count = 0; /* a job may run again */
    enum err e = view_endings(x->view, look_at, x);
    return e == ERR_OK ? ending_rows_forget(x->broker->store, txn, x->now_s - KEEP_S) : e;
}

/* ---- loop thread ---- */

static void log_one(const struct told *t)
{
    const struct ending *e = &t->ending;
    char when[WHEN_TEXT_SIZE];
    when_text(e->end_s, when);
    if (e->kind == ENDING_EPOCH)
        log_warn("ending kind=epoch purpose=%s epoch=%u days=%d at=%s custodian=%s", e->purpose.s,
                 (unsigned)e->epoch, t->days, when, e->oin.oin);
    else
        log_warn("ending kind=%s of=%s%s%s days=%d at=%s", ending_kind_id(e->kind), e->oin.oin,
                 e->staff.s[0] != '\0' ? " staff=" : "", e->staff.s, t->days, when);
}

static void looked(enum err result, void *arg)
{
    struct endings *x = arg;
    x->working = false;
    broker_saw(x->broker, result);
    for (size_t i = 0; result == ERR_OK && i < x->count; i++)
        log_one(&x->told[i]);
    if (result == ERR_OK && x->count == TOLD_MAX)
        x->next_s = 0;
}

static void look(struct endings *x)
{
    struct broker *b = x->broker;
    const int64_t now_s = clock_now_s(b->clock);
    if (x->working || (x->view == b->view && now_s < x->next_s) || !broker_can_log(b))
        return;
    view_free(x->view);
    x->view = view_ref(b->view);
    x->now_s = now_s;
    x->next_s = now_s + LOOK_EVERY_S;
    x->working = writer_submit(b->writer, WRITER_BULK, look_job, looked, x) == ERR_OK;
    if (!x->working)
        x->next_s = 0;
}

static void on_tick(void *arg)
{
    struct endings *x = arg;
    look(x);
    loop_timer_after(x->timer, TICK_MS);
}

/* ---- status ---- */

struct telling {
    struct doc *list;
    int64_t now_s;
};

static enum err tell(void *arg, const struct ending *e)
{
    const struct telling *t = arg;
    return ending_grade(e, t->now_s) == 0 ? ERR_OK : doc_append(t->list, ending_doc(e, t->now_s));
}

struct doc *endings_doc(const struct broker *b)
{
    struct telling t = {doc_new_array(), clock_now_s(b->clock)};
    if (t.list != NULL && view_endings(b->view, tell, &t) == ERR_OK)
        return t.list;
    doc_free(t.list);
    return NULL;
}

/* ---- the part ---- */

static void free_endings(struct endings *x)
{
    if (x == NULL)
        return;
    loop_timer_free(x->timer);
    view_free(x->view);
    free(x);
}

static enum err start(struct broker *b, struct errmsg *why)
{
    struct endings *x = calloc(1, sizeof *x);
    if (x == NULL)
        return errmsg_set(why, ERR_NOMEM, "out of memory");
    b->endings = x;
    x->broker = b;
    x->timer = loop_timer_new(b->loop, on_tick, x);
    if (x->timer == NULL)
        return errmsg_set(why, ERR_NOMEM, "out of memory");
    loop_timer_after(x->timer, 0);
    return ERR_OK;
}

static void stop(struct broker *b)
{
    free_endings(b->endings);
    b->endings = NULL;
}

const struct broker_part endings_part = {.name = "endings", .start = start, .stop = stop};
