/* Contributing anew: when an epoch becomes active, what this agency contributes in an older one is copied
 * into it from the own store, one data set at a time, in the background. An import that somebody orders goes
 * first: it ends the copying, which begins again later; once the batches of a copy are on their way it waits
 * for their end. */
#include <stdlib.h>

#include "agent/import/anew.h"
#include "agent/import/importer_internal.h"
#include "agent/session.h"
#include "pki/random.h"
#include "proto/base/log.h"
#include "proto/base/when.h"
#include "proto/host/clock.h"
#include "proto/host/loop.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"

#define AGAIN_FIRST_MS 30000
#define AGAIN_MOST_MS 3600000

static enum err begin_row(struct importer *im, const struct anew_job *job)
{
    arena_reset(im->arena);
    im->view = view_ref(im->agent->view);
    im->order = (struct import_order){.mode = IMPORT_MODE_FULL};
    im->row = (struct import_row){
        .state = IMPORT_SENDING,
        .origin = IMPORT_OF_STORE,
        .source = job->to.source,
        .mode = IMPORT_MODE_FULL,
        .policy_digest = *view_policy_digest(im->view),
        .started_s = agent_now_s(im->agent),
        .leg_count = 1,
    };
    int32_t today = when_day(im->row.started_s);
    im->row.today = today > 0 ? (uint32_t)today : 0;
    importer_begin(im);
    struct import_leg *leg = &im->row.legs[0];
    *leg = (struct import_leg){
        .purpose = job->to.purpose, .epoch = job->to.epoch, .from_set = job->from_set};
    return random_fill(leg->import_id.b, sizeof leg->import_id.b);
}

/* ---- copying ---- */

static void copy_on(struct importer *im);

/* True: somebody's import waits, and nothing lasts yet. */
static bool gives_way(struct importer *im)
{
    if (im->waiting != NULL && im->failed == ERR_OK)
        im->failed = ERR_CANCELLED;
    return im->failed != ERR_OK;
}

static enum err run_write(struct kv_txn *txn, void *arg)
{
    struct importer *im = arg;
    return copying_write(im->copying, txn);
}

static void written(enum err result, void *arg)
{
    struct importer *im = arg;
    im->is_busy = false;
    if (result == ERR_OK && gives_way(im))
        result = im->failed;
    if (result != ERR_OK) {
        importer_stop(im, result);
        return;
    }
    copying_wrote(im->copying);
    if (!im->is_copied) {
        copy_on(im);
        return;
    }
    im->row.legs[0].runs = copying_runs(im->copying);
    importer_count(im);
}

static enum err run_fill(void *arg)
{
    struct importer *im = arg;
    return copying_fill(im->copying, &im->is_copied);
}

static void filled(enum err result, void *arg)
{
    struct importer *im = arg;
    im->is_busy = false;
    if (result == ERR_OK && gives_way(im))
        result = im->failed;
    if (result == ERR_OK)
        result = writer_submit(im->agent->writer, WRITER_BULK, run_write, written, im);
    im->is_busy = result == ERR_OK;
    if (result != ERR_OK)
        importer_stop(im, result);
}

static void copy_on(struct importer *im)
{
    enum err bad = worker_submit(im->agent->workers, run_fill, filled, im);
    im->is_busy = bad == ERR_OK;
    if (bad != ERR_OK)
        importer_stop(im, bad);
}

/* ---- shape, rules ---- */

/* Of the rules under which it was contributed, those that the policy in force still has for it. */
static enum err keep_rules(struct importer *im, struct name_list rules)
{
    struct import_leg *leg = &im->row.legs[0];
    struct name *v = arena_array(im->arena, rules.count, sizeof *v);
    size_t n = 0;
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < rules.count; i++) {
        const struct rule *r = policy_rule(view_policy(im->view), &rules.v[i]);
        if (r != NULL && r->process == PROCESS_INDEX && name_equal(&r->purpose, &leg->purpose))
            v[n++] = rules.v[i];
    }
    leg->rules = (struct name_list){v, n};
    return n > 0 ? ERR_OK
                 : errmsg_set(&im->why, ERR_NOT_FOUND,
                              "no rule under which it was contributed is in force any more; import "
                              "it from its source under the rules of now");
}

static enum err open_copying(struct importer *im)
{
    struct import_leg *leg = &im->row.legs[0];
    CLEANUP(cleanup_admit_free) struct admit *admit = NULL;
    enum err bad = keep_rules(im, im->shape.rules);
    if (bad == ERR_OK)
        bad = importer_open_admit(im, leg, &admit);
    if (bad != ERR_OK)
        return bad;
    im->row.fields = im->shape.fields;
    im->row.categories = im->shape.categories;
    const struct policy *policy = view_policy(im->view);
    const struct field_terms terms = {policy, policy_party(policy, &im->agent->config->oin),
                                      &leg->purpose};
    const struct copying_params p = {
        .store = im->agent->store,
        .protected_list = im->agent->config->protected_list ? im->agent->protected_list : NULL,
        .data_set = leg->from_set,
        .today = im->row.today,
        .shape = {im->row.fields, leg->rules, im->row.categories},
        .terms = &terms,
    };
    return copying_new(&p, take(admit), &im->copying);
}

static enum err run_shape(void *arg)
{
    struct importer *im = arg;
    return copying_shape(im->agent->store, im->row.legs[0].from_set, im->arena, &im->shape);
}

static void shaped(enum err result, void *arg)
{
    struct importer *im = arg;
    im->is_busy = false;
    if (result == ERR_OK && gives_way(im))
        result = im->failed;
    if (result == ERR_OK)
        result = open_copying(im);
    if (result != ERR_OK) {
        importer_stop(im, result);
        return;
    }
    im->phase = PHASE_READING;
    copy_on(im);
}

void importer_copy(struct importer *im)
{
    enum err bad = worker_submit(im->agent->workers, run_shape, shaped, im);
    im->is_busy = bad == ERR_OK;
    if (bad != ERR_OK)
        importer_stop(im, bad);
}

/* ---- when ---- */

static void on_again(void *arg)
{
    importer_look_anew(arg);
}

/* After a failure: soon, then ever later, until policy, epochs or session change. */
void importer_anew_failed(struct importer *im)
{
    im->anew_why = im->why;
    im->anew_stuck = (struct data_set_id){im->row.source, im->row.legs[0].purpose, im->row.legs[0].epoch};
    im->anew_again_ms = im->anew_again_ms == 0 ? AGAIN_FIRST_MS : 2 * im->anew_again_ms;
    if (im->anew_again_ms > AGAIN_MOST_MS)
        im->anew_again_ms = AGAIN_MOST_MS;
    im->anew_at_ms = clock_mono_ms() + im->anew_again_ms;
    if (im->anew_why.text[0] == '\0')
        errmsg_set(&im->anew_why, ERR_STATE, "its epoch ended meanwhile");
    log_err("anew.failed source=%s purpose=%s epoch=%u again_s=%lld reason=\"%s\"", im->row.source.s,
            im->row.legs[0].purpose.s, im->row.legs[0].epoch, (long long)im->anew_again_ms / 1000,
            im->anew_why.text);
}

bool importer_uses(const struct importer *im, uint32_t data_set)
{
    for (uint32_t i = 0; im->phase != PHASE_IDLE && i < im->row.leg_count; i++)
        if (im->row.legs[i].data_set == data_set || im->row.legs[i].from_set == data_set)
            return true;
    return false;
}

const char *importer_anew_failure(const struct importer *im)
{
    return im->anew_why.text;
}

void importer_plan_anew(struct importer *im, int ms)
{
    if (im->anew_timer == NULL)
        im->anew_timer = loop_timer_new(im->agent->loop, on_again, im);
    if (im->anew_timer != NULL)
        loop_timer_after(im->anew_timer, ms);
}

static enum err find_job(struct importer *im, struct anew_job *job)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err bad = kv_read_begin(im->agent->kv, &txn);
    if (bad == ERR_OK)
        bad = anew_find(im->agent, txn, &im->anew_stuck, job, &im->anew_left);
    if (bad == ERR_OK && im->anew_left == 0)
        bad = ERR_NOT_FOUND;
    return bad;
}

void importer_look_anew(struct importer *im)
{
    struct anew_job job;
    const int64_t wait_ms = im->anew_at_ms - clock_mono_ms();
    if (im->phase != PHASE_IDLE || !session_is_open(im->agent->session))
        return; /* looks again when that changes */
    if (wait_ms > 0) {
        importer_plan_anew(im, (int)wait_ms);
        return;
    }
    enum err bad = find_job(im, &job);
    if (bad == ERR_NOT_FOUND)
        return;
    if (bad == ERR_OK)
        bad = begin_row(im, &job);
    if (bad == ERR_OK)
        bad = importer_make_sets(im);
    if (bad != ERR_OK) {
        log_warn("anew.not_begun error=\"%s\"", err_text(bad));
        view_free(take(im->view));
        importer_plan_anew(im, AGAIN_FIRST_MS);
        return;
    }
    log_notice("anew.begins source=%s purpose=%s epoch=%u", job.to.source.s, job.to.purpose.s,
               job.to.epoch);
    im->phase = PHASE_OPENING;
}

void importer_hurry_anew(struct importer *im)
{
    im->anew_at_ms = 0;
    im->anew_again_ms = 0;
    importer_plan_anew(im, 0);
}

/* ---- who waits ---- */

/* The keys of an order are its caller's until it answered, their list is not. */
struct import_wait {
    struct call *call;
    struct import_order order;
    struct bytes keys[];
};

void import_wait_free(struct import_wait *w)
{
    if (w == NULL)
        return;
    mapping_free(w->order.mapping);
    free(w);
}

enum err importer_wait(struct importer *im, struct call *c, struct import_order *order)
{
    struct import_wait *w = calloc(1, sizeof *w + order->key_count * sizeof *w->keys);
    if (w == NULL)
        return ERR_NOMEM;
    w->call = c;
    w->order = *order;
    order->mapping = NULL;
    if (order->key_count > 0)
        memcpy(w->keys, order->keys, order->key_count * sizeof *w->keys);
    w->order.keys = w->keys;
    im->waiting = w;
    return ERR_OK;
}

void importer_next(struct importer *im)
{
    struct import_wait *w = take(im->waiting);
    if (w == NULL) {
        importer_plan_anew(im, 0);
        return;
    }
    importer_start(im, w->call, &w->order);
    w->order.mapping = NULL;
    import_wait_free(w);
}

void importer_tell_waiting(struct importer *im, uint64_t done)
{
    if (im->waiting != NULL)
        call_progress(im->waiting->call, "records into the new epoch first", done, im->made_total);
}
