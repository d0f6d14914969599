#include "agent/endings.h"

#include <stdlib.h>

#include "agent/agent.h"
#include "agent/store/store.h"
#include "pki/ending_doc.h"
#include "pki/view/view_endings.h"
#include "proto/base/cursor.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/base/when.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"
#include "proto/json/doc.h"

#define TICK_MS 1000
#define LOOK_EVERY_S 60
#define KEEP_S (INT64_C(30) * 86400)
#define TOLD_MAX 32u /* of one job; more come with the next */
#define PREFIX "ending/"
#define KEY_SIZE (sizeof PREFIX + 2 * sizeof(struct digest))
#define ROW_ARENA_BYTES ((size_t)1 << 20)
#define DAYS_BITS 8 /* a row is the end in seconds, shifted, and the days of the warning */

struct told {
    struct ending ending;
    int days;
};

struct endings {
    struct agent *agent;
    struct loop_timer *timer;
    struct view *view; /* of the look under way, or the last one; a reference of its own */
    int64_t now_s;
    int64_t next_s;
    bool working;
    struct kv_txn *txn; /* of the job */
    struct told told[TOLD_MAX];
    size_t count;
};

static bool concerns(const struct agent *a, const struct view *v, const struct ending *e)
{
    const struct roster_member *m = roster_member_of(view_roster(v), &e->oin);
    const struct deal *d = view_deal(v, &e->purpose, e->epoch);
    switch (e->kind) {
    case ENDING_ROOT:
    case ENDING_ISSUER:
    case ENDING_ROSTER_KEY:
        return true;
    case ENDING_SIGNING:
    case ENDING_SEALING:
    case ENDING_TRANSPORT:
    case ENDING_OFFICER:
        return agency_id_equal(&e->oin, &a->config->oin) || (m != NULL && m->kind == MEMBER_BROKER);
    case ENDING_EPOCH:
        return d != NULL && deal_participant_of(d, &a->config->oin) != NULL;
    case ENDING_NONE:
    case ENDING_KIND_COUNT:
        break;
    }
    return false;
}

/* ---- store thread ---- */

static enum err key_of(const struct ending *e, char key[static KEY_SIZE])
{
    struct digest d;
    struct buf text = buf_fixed(key, KEY_SIZE - 1);
    enum err err = ending_digest(e, &d);
    if (err != ERR_OK)
        return err;
    memset(key, 0, KEY_SIZE);
    buf_put_str(&text, PREFIX);
    text_put_hex(&text, digest_bytes(&d));
    return buf_err(&text);
}

static enum err look_at(void *arg, const struct ending *e)
{
    struct endings *x = arg;
    struct store *s = x->agent->store;
    const int days = ending_warning_days(e, x->now_s);
    char key[KEY_SIZE];
    uint64_t row = 0;
    if (days == 0 || x->count == TOLD_MAX || !concerns(x->agent, x->view, e))
        return ERR_OK;
    enum err err = key_of(e, key);
    if (err == ERR_OK)
        err = store_get_number(s, x->txn, key, &row);
    if (err != ERR_OK || (row != 0 && (row & ((1u << DAYS_BITS) - 1)) <= (unsigned)days))
        return err;
    x->told[x->count++] = (struct told){*e, days};
    return store_put_number(s, x->txn, key, (uint64_t)e->end_s << DAYS_BITS | (unsigned)days);
}

/* Rows of what ended long ago. */
static enum err forget(struct endings *x)
{
    struct store *s = x->agent->store;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ROW_ARENA_BYTES);
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct store_row row;
    enum err e = a == NULL ? ERR_NOMEM : store_iter(s, x->txn, STORE_META, bytes_str(PREFIX), &it);
    while (e == ERR_OK && (e = store_next(s, STORE_META, it, a, &row)) == ERR_OK) {
        struct cursor c = cursor_of(row.plain);
        const uint64_t value = cursor_u64(&c);
        e = cursor_done(&c);
        if (e == ERR_OK && (int64_t)(value >> DAYS_BITS) < x->now_s - KEEP_S)
            e = kv_iter_del(it);
        arena_reset(a);
    }
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err look_job(struct kv_txn *txn, void *arg)
{
    struct endings *x = arg;
    x->txn = txn;
    x->count = 0; /* a job may run again */
    enum err e = view_endings(x->view, look_at, x);
    return e == ERR_OK ? forget(x) : e;
}

/* ---- loop thread ---- */

static void describe(const struct ending *e, struct buf *out)
{
    if (e->kind == ENDING_EPOCH)
        buf_printf(out, "epoch %u of %s", (unsigned)e->epoch, e->purpose.s);
    else
        buf_printf(out, "the %s certificate of %s%s%s", ending_kind_id(e->kind), e->oin.oin,
                   e->staff.s[0] != '\0' ? " " : "", e->staff.s);
}

static void log_one(const struct told *t)
{
    char storage[256] = "";
    char when[WHEN_TEXT_SIZE];
    struct buf what = buf_fixed(storage, sizeof storage - 1);
    describe(&t->ending, &what);
    when_text(t->ending.end_s, when);
    log_warn("ending kind=%s what=\"%s\" days=%d at=%s", ending_kind_id(t->ending.kind), storage,
             t->days, when);
}

static void looked(enum err result, void *arg)
{
    struct endings *x = arg;
    x->working = false;
    if (result != ERR_OK) {
        log_warn("ending.not_noted error=\"%s\": looked at again", err_text(result));
        return;
    }
    for (size_t i = 0; i < x->count; i++)
        log_one(&x->told[i]);
    if (x->count == TOLD_MAX)
        x->next_s = 0;
}

static void look(struct endings *x)
{
    struct agent *a = x->agent;
    const int64_t now_s = agent_now_s(a);
    if (x->working || (x->view == a->view && now_s < x->next_s))
        return;
    view_free(x->view);
    x->view = view_ref(a->view);
    x->now_s = now_s;
    x->next_s = now_s + LOOK_EVERY_S;
    x->working = writer_submit(a->writer, WRITER_BULK, look_job, looked, x) == ERR_OK;
}

static void on_tick(void *arg)
{
    struct endings *x = arg;
    look(x);
    loop_timer_after(x->timer, TICK_MS);
}

enum err endings_new(struct agent *a, struct endings **out)
{
    CLEANUP(cleanup_endings_free) struct endings *x = calloc(1, sizeof *x);
    if (x == NULL)
        return ERR_NOMEM;
    x->agent = a;
    x->timer = loop_timer_new(a->loop, on_tick, x);
    if (x->timer == NULL)
        return ERR_NOMEM;
    loop_timer_after(x->timer, 0);
    *out = take(x);
    return ERR_OK;
}

void endings_free(struct endings *x)
{
    if (x == NULL)
        return;
    loop_timer_free(x->timer);
    view_free(x->view);
    free(x);
}

/* ---- status ---- */

struct telling {
    const struct agent *agent;
    struct doc *list;
    int64_t now_s;
};

static enum err tell(void *arg, const struct ending *e)
{
    const struct telling *t = arg;
    if (ending_grade(e, t->now_s) == 0 || !concerns(t->agent, t->agent->view, e))
        return ERR_OK;
    return doc_append(t->list, ending_doc(e, t->now_s));
}

struct doc *endings_doc(const struct agent *a)
{
    struct telling t = {a, doc_new_array(), agent_now_s(a)};
    if (t.list != NULL && view_endings(a->view, tell, &t) == ERR_OK)
        return t.list;
    doc_free(t.list);
    return NULL;
}

static enum err add_alarm(void *arg, const struct ending *e)
{
    const struct telling *t = arg;
    char storage[320] = "";
    char when[WHEN_TEXT_SIZE];
    struct buf line = buf_fixed(storage, sizeof storage);
    if (ending_grade(e, t->now_s) < 2 || !concerns(t->agent, t->agent->view, e))
        return ERR_OK;
    when_text(e->end_s, when);
    describe(e, &line);
    buf_printf(&line, e->end_s <= t->now_s ? " ended at %s" : " ends at %s", when);
    return buf_err(&line) == ERR_OK ? doc_append(t->list, doc_new_text(buf_bytes(&line)))
                                    : buf_err(&line);
}

enum err endings_alarms(const struct agent *a, struct doc *list)
{
    struct telling t = {a, list, agent_now_s(a)};
    return view_endings(a->view, add_alarm, &t);
}
