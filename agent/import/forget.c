#include "agent/import/forget.h"

#include <stdlib.h>

#include "agent/agent.h"
#include "agent/import/anew.h"
#include "agent/import/effect.h"
#include "agent/import/importer.h"
#include "agent/own_log.h"
#include "proto/base/log.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"
#include "proto/policy/process.h"
#include "proto/policy/term.h"

#define LOOK_MS 60000
#define SLACK_S 300 /* between the clocks of those who set and keep a deadline */
#define SLICE_ROWS 512u
#define SLICE_BATCHES 64u
#define ARENA_BYTES ((size_t)16 << 20)

/* What is to be done with a data set. */
enum forgetting {
    FORGET_NOTE,  /* its end was not known yet */
    FORGET_STRIP, /* what carries its epoch's key goes, what the source said stays */
    FORGET_ALL,
};

struct forget {
    struct agent *agent;
    struct loop_timer *timer;
    bool is_busy;
    /* under way */
    struct data_set_id id;
    uint32_t data_set;
    enum epoch_state state;
    enum forgetting what;
    int64_t now_s;
    uint32_t at;   /* the batch that is looked at */
    uint32_t last; /* of all */
    uint64_t batches;
    bool is_done;
};

/* ---- what is due ---- */

/* The latest deadline of a question that was asked when the epoch ended, for all that this agency knows. */
static int64_t last_deadline(const struct view *v, const struct name *purpose, int64_t ended_s)
{
    const struct policy *p = view_policy(v);
    int64_t last_s = ended_s;
    for (uint32_t i = 0; i < p->rules_count; i++) {
        const struct rule *r = &p->rules[i];
        if (!process_asks(r->process) || !name_equal(&r->purpose, purpose))
            continue;
        const int64_t end_s = term_end(p, &r->limits.deadline_max, ended_s);
        if (end_s > last_s)
            last_s = end_s;
    }
    return last_s + SLACK_S;
}

/* Whether a retired epoch has to wait: its end is not noted yet, or a deadline is open. ERR_STATE: it has. */
static enum err judge_retired(struct forget *f, struct kv_txn *txn, const struct data_set_id *id)
{
    int64_t ended_s = 0;
    enum err bad = data_set_ended(f->agent->store, txn, id, &ended_s);
    if (bad != ERR_OK)
        return bad;
    return f->now_s > last_deadline(f->agent->view, &id->purpose, ended_s) ? ERR_OK : ERR_STATE;
}

/* Nothing is answered any more under its epoch. ERR_OK: something is due; ERR_STATE: not. */
static enum err judge_ended(struct forget *f, struct kv_txn *txn, const struct data_set_id *id,
                            const struct data_set *set)
{
    bool is_needed = false;
    int64_t at_s = 0;
    enum err bad = anew_needs(f->agent, txn, id, set, &is_needed);
    f->what = is_needed ? FORGET_STRIP : FORGET_ALL;
    if (bad != ERR_OK || !is_needed)
        return bad;
    bad = data_set_bare(f->agent->store, txn, id, &at_s);
    return bad == ERR_OK ? ERR_STATE : bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* ERR_OK: f->what is due; ERR_STATE: nothing, or not yet. */
static enum err judge(struct forget *f, struct kv_txn *txn, const struct data_set_id *id,
                      const struct data_set *set)
{
    struct agent *a = f->agent;
    f->state = view_epoch_state(a->view, &id->purpose, id->epoch);
    f->what = FORGET_ALL;
    if (f->state <= EPOCH_ACTIVE || importer_uses(a->importer, set->no))
        return ERR_STATE;
    if (f->state == EPOCH_DESTROYED)
        return ERR_OK;
    enum err bad = f->state == EPOCH_RETIRED ? judge_retired(f, txn, id) : ERR_OK;
    if (bad == ERR_NOT_FOUND) {
        f->what = FORGET_NOTE;
        return ERR_OK;
    }
    return bad == ERR_OK ? judge_ended(f, txn, id, set) : bad;
}

/* The first data set that is due. ERR_NOT_FOUND. */
static enum err find_due(struct forget *f)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct data_set_id before;
    struct data_set set;
    uint64_t last = 0;
    f->now_s = agent_now_s(f->agent);
    enum err bad = kv_read_begin(f->agent->kv, &txn);
    if (bad == ERR_OK)
        bad = store_get_number(f->agent->store, txn, "batches", &last);
    if (bad == ERR_OK)
        bad = data_set_next(f->agent->store, txn, NULL, &f->id, &set);
    while (bad == ERR_OK && (bad = judge(f, txn, &f->id, &set)) == ERR_STATE) {
        before = f->id;
        bad = data_set_next(f->agent->store, txn, &before, &f->id, &set);
    }
    f->data_set = set.no;
    f->at = 1;
    f->last = (uint32_t)last;
    f->batches = 0;
    return bad;
}

/* ---- slices ---- */

static enum err drop_live(struct forget *f, struct kv_txn *txn, size_t *deleted)
{
    uint8_t room[4];
    struct buf prefix = buf_fixed(room, sizeof room);
    buf_put_u32(&prefix, f->data_set);
    return kv_del_prefix(txn, store_kv_table(f->agent->store, STORE_LIVE), buf_bytes(&prefix),
                         SLICE_ROWS, deleted);
}

/* Of one batch; *left: more of it is there. */
static enum err drop_batch(struct forget *f, struct kv_txn *txn, uint32_t no, bool *left)
{
    uint8_t key[BATCH_KEY_BYTES];
    size_t deleted = 0;
    *left = true;
    enum err bad = kv_del_prefix(txn, store_kv_table(f->agent->store, STORE_GONE),
                                 batch_key(no, key), SLICE_ROWS, &deleted);
    if (bad != ERR_OK || deleted == SLICE_ROWS)
        return bad;
    bad = f->what == FORGET_STRIP ? effect_bare(f->agent->store, txn, no, SLICE_ROWS, left)
                                  : effect_purge(f->agent->store, txn, no, SLICE_ROWS, left);
    f->batches += bad == ERR_OK && !*left;
    return bad;
}

/* The next batches, of which those of the data set go. */
static enum err drop_batches(struct forget *f, struct kv_txn *txn)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ARENA_BYTES);
    enum err bad = a != NULL ? ERR_OK : ERR_NOMEM;
    bool left = false;
    for (size_t i = 0; bad == ERR_OK && !left && i < SLICE_BATCHES && f->at <= f->last; i++) {
        struct batch_row row;
        arena_reset(a);
        bad = batch_row_get(f->agent->store, txn, f->at, a, &row);
        if (bad == ERR_OK && row.data_set == f->data_set)
            bad = drop_batch(f, txn, f->at, &left);
        if (bad == ERR_NOT_FOUND)
            bad = ERR_OK;
        if (bad == ERR_OK && !left)
            f->at++;
    }
    return bad;
}

/* Nothing is left of it to do but this. */
static enum err finish(struct forget *f, struct kv_txn *txn)
{
    struct store *s = f->agent->store;
    f->is_done = true;
    const struct audit_fact what[] = {audit_fact_word("purpose", f->id.purpose.s),
                                      audit_fact_count("epoch", f->id.epoch),
                                      audit_fact_word("left", f->what == FORGET_STRIP ? "records" : "nothing")};
    const struct own_entry e = {.event = AUDIT_EVENT_RETENTION_DONE,
                                .count = f->batches,
                                .facts = what,
                                .facts_count = ARRAY_LEN(what)};
    enum err bad = own_log_append(f->agent, txn, &e);
    if (bad != ERR_OK)
        return bad;
    return f->what == FORGET_STRIP ? data_set_put_bare(s, txn, &f->id, f->now_s)
                                   : data_set_forget(s, txn, &f->id);
}

static enum err run_slice(struct kv_txn *txn, void *arg)
{
    struct forget *f = arg;
    size_t deleted = 0;
    f->is_done = f->what == FORGET_NOTE;
    if (f->what == FORGET_NOTE)
        return data_set_put_ended(f->agent->store, txn, &f->id, f->now_s);
    enum err bad = f->what == FORGET_ALL ? drop_live(f, txn, &deleted) : ERR_OK;
    if (bad != ERR_OK || deleted == SLICE_ROWS)
        return bad;
    return f->at <= f->last ? drop_batches(f, txn) : finish(f, txn);
}

static void go_on(struct forget *f);

static void ran_slice(enum err result, void *arg)
{
    struct forget *f = arg;
    f->is_busy = false;
    if (result != ERR_OK) {
        log_warn("epoch.not_cleared purpose=%s epoch=%u error=\"%s\"", f->id.purpose.s, f->id.epoch,
                 err_text(result));
        return; /* the next look begins again with what is left */
    }
    if (!f->is_done) {
        go_on(f);
        return;
    }
    if (f->what != FORGET_NOTE)
        log_notice("epoch.%s source=%s purpose=%s epoch=%u state=%s batches=%llu",
                   f->what == FORGET_STRIP ? "stripped" : "cleared", f->id.source.s, f->id.purpose.s, f->id.epoch, epoch_state_id(f->state),
                   (unsigned long long)f->batches);
    forget_look(f);
}

static void go_on(struct forget *f)
{
    enum err bad = writer_submit(f->agent->writer, WRITER_BULK, run_slice, ran_slice, f);
    f->is_busy = bad == ERR_OK;
    if (bad != ERR_OK)
        log_warn("epoch.not_cleared error=\"%s\"", err_text(bad));
}

/* ---- life ---- */

void forget_look(struct forget *f)
{
    if (f->is_busy)
        return;
    enum err bad = find_due(f);
    if (bad == ERR_OK)
        go_on(f);
    else if (bad != ERR_NOT_FOUND)
        log_warn("epoch.not_cleared error=\"%s\"", err_text(bad));
}

static void on_timer(void *arg)
{
    forget_look(arg);
}

enum err forget_new(struct agent *a, struct forget **out)
{
    CLEANUP(cleanup_forget_free) struct forget *f = calloc(1, sizeof *f);
    if (f == NULL)
        return ERR_NOMEM;
    f->agent = a;
    f->timer = loop_timer_new(a->loop, on_timer, f);
    if (f->timer == NULL)
        return ERR_NOMEM;
    loop_timer_every(f->timer, LOOK_MS);
    *out = take(f);
    return ERR_OK;
}

void forget_free(struct forget *f)
{
    if (f == NULL)
        return;
    loop_timer_free(f->timer);
    free(f);
}
