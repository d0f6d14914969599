#include "agent/import/forget.h"

#include <stdlib.h>

#include "agent/agent.h"
#include "agent/import/effect.h"
#include "agent/import/importer.h"
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

struct forget {
    struct agent *agent;
    struct loop_timer *timer;
    bool is_busy;
    /* under way */
    struct data_set_id id;
    uint32_t data_set;
    enum epoch_state state;
    bool is_only_noted; /* its end was not known yet: noted, and nothing goes */
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

/* ERR_OK: due, or to be noted; ERR_STATE: not, or not yet. */
static enum err judge(struct forget *f, struct kv_txn *txn, const struct data_set_id *id,
                      uint32_t data_set)
{
    struct agent *a = f->agent;
    int64_t ended_s = 0;
    f->state = view_epoch_state(a->view, &id->purpose, id->epoch);
    f->is_only_noted = false;
    if (f->state <= EPOCH_ACTIVE || importer_uses(a->importer, data_set))
        return ERR_STATE;
    if (f->state != EPOCH_RETIRED)
        return ERR_OK;
    enum err bad = data_set_ended(a->store, txn, id, &ended_s);
    f->is_only_noted = bad == ERR_NOT_FOUND;
    if (bad != ERR_OK)
        return bad == ERR_NOT_FOUND ? ERR_OK : bad;
    const bool is_over = f->now_s > last_deadline(a->view, &id->purpose, ended_s);
    return is_over && !importer_has_anew(a->importer) ? ERR_OK : ERR_STATE;
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
    while (bad == ERR_OK && (bad = judge(f, txn, &f->id, set.no)) == ERR_STATE) {
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
    bad = effect_purge(f->agent->store, txn, no, SLICE_ROWS, left);
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

static enum err run_slice(struct kv_txn *txn, void *arg)
{
    struct forget *f = arg;
    size_t deleted = 0;
    f->is_done = false;
    if (f->is_only_noted) {
        f->is_done = true;
        return data_set_put_ended(f->agent->store, txn, &f->id, f->now_s);
    }
    enum err bad = drop_live(f, txn, &deleted);
    if (bad != ERR_OK || deleted == SLICE_ROWS)
        return bad;
    if (f->at <= f->last)
        return drop_batches(f, txn);
    f->is_done = true;
    return data_set_forget(f->agent->store, txn, &f->id);
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
    if (!f->is_only_noted)
        log_notice("epoch.cleared source=%s purpose=%s epoch=%u state=%s batches=%llu",
                   f->id.source.s, f->id.purpose.s, f->id.epoch, epoch_state_id(f->state),
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
