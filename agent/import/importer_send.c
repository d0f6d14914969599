/* From the difference to the effect: batches are made on a worker, stored with their announcement,
 * answered in order, and applied to what is contributed. Each arrow of that chain is a small job,
 * and importer_pump starts whatever may go on. */
#include <stdlib.h>

#include "agent/import/effect.h"
#include "agent/import/importer_internal.h"
#include "pki/view/view.h"
#include "proto/msg/reply.h"
#include "proto/base/log.h"
#include "proto/host/crash.h"
#include "proto/host/loop.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"

#define APPLY_SLICE 4096u
#define ARENA_BYTES ((size_t)16 << 20)
#define AGAIN_MS 5000

static struct import_leg *leg_at_hand(struct importer *im)
{
    return &im->row.legs[im->row.leg];
}

static void on_again(void *arg)
{
    importer_pump(arg);
}

/* A job could not run or failed: the same is tried again later. */
static void later(struct importer *im, const char *what, enum err e)
{
    log_warn("import.waits at=%s error=\"%s\"", what, err_text(e));
    if (im->again == NULL)
        im->again = loop_timer_new(im->agent->loop, on_again, im);
    if (im->again != NULL)
        loop_timer_after(im->again, AGAIN_MS);
}

/* Nothing more is made of the leg at hand. */
static bool is_over(const struct importer *im)
{
    return im->is_stopping || im->leaving != LEG_GOES_ON;
}

/* ---- making ---- */

static enum err new_maker(struct importer *im)
{
    const struct import_leg *leg = leg_at_hand(im);
    const struct maker_params p = {
        .difference = {.store = im->agent->store,
                       .leg = im->row.leg,
                       .runs = leg->runs,
                       .data_set = leg->data_set,
                       .is_full = im->row.withdraws_lacking,
                       .is_copy = im->row.origin == IMPORT_OF_STORE,
                       .today = im->row.today,
                       .after = leg->has_cursor ? &leg->cursor : NULL},
        .header = {.deployment = im->agent->config->deployment,
                   .agency = im->agent->config->oin,
                   .purpose = leg->purpose,
                   .epoch = leg->epoch,
                   .suite = SUITE_HK1,
                   .policy_digest = im->row.policy_digest,
                   .import_id = leg->import_id,
                   .mode = im->row.mode,
                   .issued_at_s = im->row.started_s},
        .shape = im->shape,
        .admit = im->admit,
        .half = im->half,
        .handles = im->handles,
        .signing = im->agent->signing,
        .head = leg->head,
        .next_batch = leg->next_batch,
        .has_ended_sets = im->retired_count > 0,
    };
    return maker_new(&p, &im->maker);
}

static enum err run_fill(void *arg)
{
    struct importer *im = arg;
    enum err bad = im->maker == NULL ? new_maker(im) : ERR_OK;
    return bad == ERR_OK ? maker_fill(im->maker, &im->filled) : bad;
}

static enum err run_make(void *arg)
{
    struct importer *im = arg;
    return maker_make(im->maker, take(im->making), &im->made);
}

/* A step that could not be made ends the import: what it needs is the store and nothing else. */
static void fail(struct importer *im, enum err e)
{
    if (im->why.text[0] == '\0')
        errmsg_set(&im->why, e, "the batches could not be made: %s", err_text(e));
    log_err("import.failed source=%s reason=\"%s\"", im->row.source.s, im->why.text);
    im->is_stopping = true;
}

static void filled(enum err result, void *arg)
{
    struct importer *im = arg;
    im->is_filling = false;
    if (result == ERR_OK)
        im->is_all_filled = im->filled->ended;
    else
        fail(im, result);
    importer_pump(im);
}

static void fill(struct importer *im)
{
    enum err bad = importer_open_leg(im);
    if (bad != ERR_OK) {
        fail(im, bad);
        return;
    }
    bad = worker_submit(im->agent->workers, run_fill, filled, im);
    im->is_filling = bad == ERR_OK;
    if (bad != ERR_OK)
        later(im, "fill", bad);
}

static void made(enum err result, void *arg)
{
    struct importer *im = arg;
    im->is_making = false;
    if (result != ERR_OK)
        fail(im, result);
    importer_pump(im);
}

static void make(struct importer *im)
{
    im->making = take(im->filled);
    enum err bad = worker_submit(im->agent->workers, run_make, made, im);
    im->is_making = bad == ERR_OK;
    if (bad == ERR_OK)
        return;
    im->filled = take(im->making);
    later(im, "make", bad);
}

/* ---- storing ---- */

static enum err announce(struct importer *im, struct kv_txn *txn, const struct made_batch *b)
{
    uint8_t room[4];
    struct buf tag = buf_fixed(room, sizeof room);
    struct outbox_id id;
    CLEANUP(buf_free) struct buf body = buf_new((size_t)64 << 10);
    buf_put_u32(&tag, b->no);
    enum err bad = made_batch_message(b, &body);
    if (bad == ERR_OK)
        bad = made_batch_put(b, im->agent->store, txn);
    return bad == ERR_OK ? outbox_put(im->agent->outbox, txn, MSG_BATCH, buf_bytes(&body),
                                      buf_bytes(&tag), &id)
                         : bad;
}

/* What is out, and not in this epoch: gone where it could be copied from. */
static enum err put_outs(struct importer *im, struct kv_txn *txn, const struct outs *outs)
{
    const struct effect_slice of = {
        .today = im->row.today, .retired = im->retired, .retired_count = im->retired_count};
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < outs->count; i++)
        bad = effect_out(im->agent->store, txn, &outs->v[i], &of);
    return bad;
}

static enum err store_made(struct kv_txn *txn, void *arg)
{
    struct importer *im = arg;
    const struct import_leg *leg = leg_at_hand(im);
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < im->storing->count; i++)
        bad = announce(im, txn, im->storing->batches[i]);
    if (bad == ERR_OK)
        bad = put_outs(im, txn, &im->storing->outs);
    crash_point("import.before_row");
    if (bad == ERR_OK)
        bad = store_put_number(im->agent->store, txn, "batches", leg->next_batch - 1);
    return bad == ERR_OK ? import_row_put(im->agent->store, txn, &im->row) : bad;
}

static void stored(enum err result, void *arg)
{
    struct importer *im = arg;
    im->is_storing = false;
    if (result != ERR_OK) {
        *leg_at_hand(im) = im->before;
        later(im, "store", result);
        return;
    }
    crash_point("import.stored");
    for (size_t i = 0; i < im->storing->count; i++)
        sender_keep(im->sender, im->storing->batches[i]->no, take(im->storing->batches[i]->wire));
    made_step_free(take(im->storing));
    importer_pump(im);
}

static void add_counts(struct make_counts *to, const struct make_counts *more)
{
    to->added += more->added;
    to->replaced += more->replaced;
    to->withdrawn += more->withdrawn;
    to->unchanged += more->unchanged;
    to->kept_out += more->kept_out;
    to->aged += more->aged;
    to->duplicates += more->duplicates;
    to->tokens_added += more->tokens_added;
}

static void store_step(struct importer *im)
{
    struct import_leg *leg = leg_at_hand(im);
    const struct made_step *s = im->storing;
    im->before = *leg;
    leg->is_made = s->ended;
    leg->has_cursor = s->has_cursor;
    leg->cursor = s->cursor;
    leg->head = s->head;
    leg->next_batch = s->next_batch;
    leg->counts = im->base;
    add_counts(&leg->counts, &s->counts);
    enum err bad = writer_submit(im->agent->writer, WRITER_BULK, store_made, stored, im);
    im->is_storing = bad == ERR_OK;
    if (bad != ERR_OK) {
        *leg = im->before;
        later(im, "store", bad);
    }
}

/* ---- answers ---- */

/* Nothing is contributed in an epoch that is no longer active, and what is of a suspended purpose holds up no
 * other: it is contributed by the next import. What was made of the leg already is refused or takes effect. */
static void leave_leg(struct importer *im, enum leg_left why)
{
    const struct import_leg *leg = leg_at_hand(im);
    log_warn("import.leg_left purpose=%s epoch=%u reason=\"%s\"", leg->purpose.s, leg->epoch,
             why == LEG_SUSPENDED ? "the purpose is suspended" : "the epoch is not active any more");
    im->leaving = why;
}

/* The broker may know before this agent that an epoch ended. */
static bool has_other_epoch(const struct importer *im)
{
    const struct import_leg *leg = &im->row.legs[im->row.leg];
    for (uint32_t i = 0; i < im->row.leg_count; i++)
        if (i != im->row.leg && name_equal(&im->row.legs[i].purpose, &leg->purpose))
            return true;
    return false;
}

void importer_note_refusal(struct importer *im, const struct refused *reply)
{
    im->refused_code = reply->code;
    errmsg_set(&im->refusal, ERR_PERMISSION, "the broker refused a batch: %s: %.*s%s%.*s",
               refusal_code_id(reply->code), (int)reply->detail.len,
               reply->detail.len > 0 ? (const char *)reply->detail.ptr : "",
               reply->condition_count > 0 ? "; " : "",
               reply->condition_count > 0 ? (int)reply->conditions[0].code.len : 0,
               reply->condition_count > 0 ? (const char *)reply->conditions[0].code.ptr : "");
}

uint64_t importer_made(const struct importer *im)
{
    struct make_counts sum = {0};
    for (uint32_t i = 0; i < im->row.leg_count; i++)
        add_counts(&sum, &im->row.legs[i].counts);
    return sum.added + sum.replaced + sum.withdrawn;
}

static void tell_progress(struct importer *im)
{
    const uint64_t done = importer_made(im);
    if (im->call != NULL)
        call_progress(im->call, "records", done, im->made_total);
    importer_tell_waiting(im, done);
}

static void take_refusal(struct importer *im)
{
    if (im->refused_code == REFUSED_SUSPENDED) {
        leave_leg(im, LEG_SUSPENDED);
    } else if (im->refused_code == REFUSED_KEY && has_other_epoch(im)) {
        leave_leg(im, LEG_EPOCH_ENDED);
    } else {
        im->why = im->refusal;
        fail(im, ERR_PERMISSION);
    }
}

void importer_answered(struct importer *im, uint32_t batch, bool is_accepted)
{
    sender_forget(im->sender, batch);
    if (im->phase != PHASE_SENDING || batch != im->answered)
        return;
    im->answered++;
    im->is_refused |= !is_accepted;
    if (!is_accepted && !is_over(im))
        take_refusal(im);
    tell_progress(im);
    importer_pump(im);
}

/* ---- effects ---- */

static enum err run_apply(struct kv_txn *txn, void *arg)
{
    struct importer *im = arg;
    enum err bad = effect_apply(im->agent->store, txn, &im->slice);
    crash_point("import.apply");
    return bad;
}

static void ran_apply(enum err result, void *arg)
{
    struct importer *im = arg;
    im->is_applying = false;
    if (result == ERR_STATE) /* refused, or of a full import that was: there is no effect */
        im->slice.done = true;
    else if (result != ERR_OK) {
        im->slice = (struct effect_slice){.no = 0};
        later(im, "apply", result);
        return;
    }
    if (im->slice.done) {
        im->applied++;
        im->slice.no = 0;
    }
    importer_pump(im);
}

static void apply(struct importer *im)
{
    if (im->slice.no != im->applied)
        im->slice = (struct effect_slice){.no = im->applied,
                                          .today = im->row.today,
                                          .retired = im->retired,
                                          .retired_count = im->retired_count};
    im->slice.count = APPLY_SLICE;
    enum err bad = writer_submit(im->agent->writer, WRITER_BULK, run_apply, ran_apply, im);
    im->is_applying = bad == ERR_OK;
    if (bad != ERR_OK)
        later(im, "apply", bad);
}

/* The effect of a full import is in only once its end batch is: at the broker when it has accepted that one, so here
 * too, whatever stopped the import meanwhile. */
static bool may_apply(const struct importer *im, const struct import_leg *leg)
{
    if (im->row.mode == IMPORT_MODE_DELTA)
        return im->applied < im->answered;
    return !im->is_refused && leg->is_made && im->answered == leg->next_batch &&
           im->applied < leg->next_batch;
}

/* All of it was made, and has taken effect on both sides. */
static bool is_in_effect(const struct importer *im, const struct import_leg *leg)
{
    return im->leaving == LEG_GOES_ON && !im->is_refused && im->storing == NULL && leg->is_made &&
           im->applied == leg->next_batch;
}

/* ---- the end of a leg, and of all ---- */

/* The leg that ended was a full import, and all of it is in effect. */
static bool is_complete(const struct importer *im, const struct import_leg *leg)
{
    return im->row.mode == IMPORT_MODE_FULL && leg->left == LEG_GOES_ON;
}

static enum err put_end(struct kv_txn *txn, void *arg)
{
    struct importer *im = arg;
    const struct import_leg *ended = im->row.leg > 0 ? &im->row.legs[im->row.leg - 1] : NULL;
    enum err bad = import_row_put(im->agent->store, txn, &im->row);
    if (bad == ERR_OK && im->row.state != IMPORT_SENDING)
        bad = importer_log_ended(im, txn);
    if (bad != ERR_OK || ended == NULL || !is_complete(im, ended))
        return bad;
    const struct data_set_id id = {im->row.source, ended->purpose, ended->epoch};
    return data_set_put_complete(im->agent->store, txn, &id, im->row.ended_s);
}

static void end_put(enum err result, void *arg)
{
    struct importer *im = arg;
    im->is_ending = false;
    if (result != ERR_OK) {
        im->row.state = IMPORT_SENDING;
        later(im, "end", result);
        return;
    }
    if (im->row.state == IMPORT_SENDING) {
        result = importer_find_leg(im);
        if (result != ERR_OK)
            fail(im, result);
        importer_pump(im);
        return;
    }
    log_notice("import.%s source=%s", im->row.state == IMPORT_DONE ? "done" : "failed",
               im->row.source.s);
    importer_clear(im);
}

static void put_state(struct importer *im)
{
    im->row.ended_s = agent_now_s(im->agent);
    enum err bad = writer_submit(im->agent->writer, WRITER_BULK, put_end, end_put, im);
    im->is_ending = bad == ERR_OK;
    if (bad != ERR_OK)
        later(im, "end", bad);
}

void importer_say_suspended(const struct name *purpose, struct errmsg *out)
{
    (void)errmsg_set(out, ERR_CLOSED,
                     "purpose %s is suspended: nothing of it was contributed or withdrawn since, all else "
                     "is in effect. Do it again once its custodian's word is in place or, where a restored broker cannot get "
                     "batches again, in its next epoch",
                     purpose->s);
}

static void set_failure(struct importer *im)
{
    im->row.state = IMPORT_FAILED;
    im->row.failure = arena_copy(im->arena, bytes_str(im->why.text));
    if (im->row.failure.ptr == NULL)
        im->row.failure.len = 0;
}

/* Everything is in effect where it can be. Where no epoch was left to contribute in, or a purpose is suspended, it
 * failed: somebody has to know. */
static void end_all(struct importer *im)
{
    uint32_t left = 0;
    const struct import_leg *suspended = NULL;
    for (uint32_t i = 0; i < im->row.leg_count; i++) {
        left += im->row.legs[i].left != LEG_GOES_ON;
        if (im->row.legs[i].left == LEG_SUSPENDED)
            suspended = &im->row.legs[i];
    }
    im->row.state = IMPORT_DONE;
    if (im->row.failure.len > 0)
        (void)errmsg_set(&im->why, ERR_CLOSED, "%.*s", (int)im->row.failure.len,
                         (const char *)im->row.failure.ptr); /* left out from the start */
    else if (suspended != NULL)
        importer_say_suspended(&suspended->purpose, &im->why);
    else if (left > 0 && left == im->row.leg_count)
        errmsg_set(&im->why, ERR_STATE,
                   "every epoch that it was made for ended while it was under way");
    else
        return;
    set_failure(im);
}

static void next_leg(struct importer *im)
{
    const uint32_t next_batch = leg_at_hand(im)->next_batch;
    leg_at_hand(im)->left = im->leaving;
    importer_close_leg(im);
    im->row.leg++;
    if (im->row.leg < im->row.leg_count) {
        leg_at_hand(im)->first_batch = next_batch;
        leg_at_hand(im)->next_batch = next_batch;
    } else {
        end_all(im);
    }
    put_state(im);
}

static bool has_ended(const struct importer *im, const struct import_leg *leg)
{
    return view_epoch_state(im->agent->view, &leg->purpose, leg->epoch) > EPOCH_ACTIVE;
}

static void drop_made(struct importer *im)
{
    made_step_free(take(im->made));
    made_step_free(take(im->storing));
}

static void drop_leg(struct importer *im)
{
    drop_made(im);
    next_leg(im);
}

static void end_failed(struct importer *im)
{
    importer_close_leg(im);
    drop_made(im);
    if (im->why.text[0] == '\0')
        errmsg_set(&im->why, ERR_STATE, "a batch of it was refused before this agent began anew; its log "
                                        "says why");
    set_failure(im);
    put_state(im);
}

/* One step ahead of the one that is made, and so many of the answers. */
static bool may_fill(const struct importer *im, const struct import_leg *leg)
{
    return !im->is_filling && im->filled == NULL && !im->is_all_filled && !is_over(im) &&
           !leg->is_made && leg->next_batch - im->answered < AHEAD_MOST;
}

static bool may_make(const struct importer *im)
{
    return !im->is_filling && im->filled != NULL && !im->is_making && im->made == NULL &&
           !is_over(im);
}

/* Marked complete by put_end, as every full leg that ended. */
void importer_end_empty(struct importer *im)
{
    im->phase = PHASE_SENDING;
    im->row.leg = im->row.leg_count;
    im->row.state = IMPORT_DONE;
    put_state(im);
}

/* Nothing runs that uses what belongs to the leg. */
static bool is_idle(const struct importer *im)
{
    return !im->is_filling && !im->is_making && !im->is_storing && !im->is_applying;
}

/* The key is needed no more, however long the answers take: it does not outlive what the agent wipes. */
static bool is_key_done(const struct importer *im, const struct import_leg *leg)
{
    return !im->is_filling && !im->is_making &&
           (is_over(im) || leg->is_made || (im->is_all_filled && im->filled == NULL));
}

void importer_pump(struct importer *im)
{
    if (im->phase != PHASE_SENDING || im->is_ending)
        return;
    if (im->row.leg >= im->row.leg_count) {
        end_all(im);
        put_state(im);
        return;
    }
    struct import_leg *leg = leg_at_hand(im);
    if (!is_over(im) && has_ended(im, leg))
        leave_leg(im, LEG_EPOCH_ENDED);
    else if (!is_over(im) && view_epochs_suspended(im->agent->view, &leg->purpose) != NULL)
        leave_leg(im, LEG_SUSPENDED);
    if (is_key_done(im, leg))
        importer_drop_key(im);
    /* What a job makes is looked at when the job is over. */
    if (im->storing == NULL && !im->is_making)
        im->storing = take(im->made);
    if (im->storing != NULL && !im->is_storing && !is_over(im))
        store_step(im);
    if (may_make(im))
        make(im);
    if (may_fill(im, leg))
        fill(im);
    if (!im->is_applying && may_apply(im, leg))
        apply(im);
    if (!is_idle(im))
        return;
    if (is_in_effect(im, leg))
        next_leg(im);
    else if (im->is_stopping && im->answered == leg->next_batch && !may_apply(im, leg))
        end_failed(im);
    else if (im->leaving != LEG_GOES_ON && im->answered == leg->next_batch && !may_apply(im, leg))
        drop_leg(im);
}

/* ---- events ---- */

void importer_on_view(struct importer *im)
{
    importer_hurry_anew(im);
    if (im->phase != PHASE_SENDING)
        return;
    if (!digest_equal(view_policy_digest(im->agent->view), &im->row.policy_digest) &&
        !im->is_stopping)
        fail(im, errmsg_set(&im->why, ERR_BEHIND,
                            "another policy came in force while the import was under way; import "
                            "again, so that its rules are asked"));
    importer_pump(im);
}

void importer_on_open(struct importer *im)
{
    importer_hurry_anew(im);
    importer_pump(im);
}
