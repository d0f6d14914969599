/* Reading and the difference: until something lasts. */
#include <stdlib.h>

#include "agent/import/forget.h"
#include "agent/import/importer_internal.h"
#include "pki/view/view.h"
#include "proto/base/log.h"
#include "proto/host/loop.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"

#define ARENA_BYTES ((size_t)16 << 20)

/* ---- ends ---- */

/* The source is as good as it was: the same import can succeed later. */
static bool is_of_machine(enum err e)
{
    return e == ERR_NO_SPACE || e == ERR_IO || e == ERR_NOMEM || e == ERR_AGAIN || e == ERR_CRYPTO ||
           e == ERR_CLOSED || e == ERR_BEHIND;
}

static bool is_failed_copy(const struct importer *im)
{
    return im->row.origin == IMPORT_OF_STORE && im->failed != ERR_CANCELLED &&
           (im->failed != ERR_OK || im->row.state == IMPORT_FAILED);
}

/* How a copy ended, for when the next begins. */
static void note_copy(struct importer *im)
{
    copying_free(take(im->copying));
    if (is_failed_copy(im)) {
        importer_anew_failed(im);
    } else if (im->row.origin == IMPORT_OF_STORE && im->failed == ERR_OK) {
        im->anew_again_ms = 0;
        im->anew_why.text[0] = '\0';
    }
}

void importer_finish(struct importer *im)
{
    struct call *c = im->call;
    note_copy(im);
    struct doc *report = c != NULL ? importer_make_report(im) : NULL;
    bool stopped = im->failed != ERR_OK;
    const enum err failed = im->failed;
    const struct errmsg why = im->why;
    im->phase = PHASE_IDLE;
    im->call = NULL;
    im->failed = ERR_OK;
    im->is_stopping = false;
    if (im->agent->forget != NULL)
        forget_look(im->agent->forget); /* an epoch may have all of it now */
    reading_free(take(im->reading));
    view_free(take(im->view));
    importer_next(im);
    if (c == NULL)
        return;
    if (stopped && failed != ERR_CANCELLED) {
        struct doc_build b = doc_build_of(report);
        doc_put_str(&b, "stopped", why.text[0] != '\0' ? why.text : err_text(failed));
        doc_put_bool(&b, "of_machine", is_of_machine(failed));
        if (doc_build_done(&b) != ERR_OK) {
            doc_free(report);
            report = NULL;
        }
    }
    call_ok(c, report);
}

/* Stops before anything lasts. */
void importer_stop(struct importer *im, enum err e)
{
    if (im->failed == ERR_OK)
        im->failed = e;
    if (im->why.text[0] == '\0')
        errmsg_set(&im->why, e, "the import stopped: %s", err_text(e));
    log_warn("import.stopped source=%s error=\"%s\"", im->row.source.s, err_text(e));
    importer_clear(im);
}

/* ---- reading ---- */

static enum err run_reading(void *arg)
{
    struct importer *im = arg;
    return reading_run(im->reading, &im->step);
}

static void read_on(struct importer *im);
static void hand_on(struct importer *im);

/* While the other job still uses what was read, the failure waits for its end. */
static void stop_reading(struct importer *im, enum err e)
{
    if (im->failed == ERR_OK)
        im->failed = e;
    if (!im->is_busy && !im->is_writing)
        importer_stop(im, e);
}

static enum err write_windows(struct kv_txn *txn, void *arg)
{
    struct importer *im = arg;
    return reading_write(im->reading, txn);
}

static void windows_written(enum err result, void *arg)
{
    struct importer *im = arg;
    im->is_writing = false;
    if (result == ERR_OK)
        result = im->failed; /* reading failed, or the caller went away meanwhile */
    if (result != ERR_OK) {
        stop_reading(im, result);
        return;
    }
    reading_wrote(im->reading);
    if (im->is_stalled)
        hand_on(im);
    else if (!im->is_busy && im->step == READING_END)
        importer_count(im);
}

static enum err digest_windows(void *arg)
{
    struct importer *im = arg;
    return reading_digest(im->reading);
}

static void windows_digested(enum err result, void *arg)
{
    struct importer *im = arg;
    if (result == ERR_OK)
        result = im->failed;
    if (result == ERR_OK)
        result = writer_submit(im->agent->writer, WRITER_BULK, write_windows, windows_written, im);
    if (result == ERR_OK)
        return;
    im->is_writing = false;
    stop_reading(im, result);
}

/* What is full goes to the store, and reading goes on into what is empty. */
static void hand_on(struct importer *im)
{
    im->is_stalled = im->is_writing;
    if (im->is_stalled)
        return;
    enum err bad = reading_hand_over(im->reading);
    if (bad == ERR_OK)
        bad = worker_submit(im->agent->workers, digest_windows, windows_digested, im);
    im->is_writing = bad == ERR_OK;
    if (bad != ERR_OK)
        stop_reading(im, bad);
    else if (im->step == READING_FULL)
        read_on(im);
}

static void reading_ran(enum err result, void *arg)
{
    struct importer *im = arg;
    im->is_busy = false;
    if (result == ERR_OK)
        result = im->failed;
    if (result != ERR_OK) {
        if (im->failed == ERR_OK)
            im->why = im->reading->why;
        stop_reading(im, result);
        return;
    }
    if (im->call != NULL)
        call_progress(im->call, "rows", row_reader_counts(im->reading->reader)->rows, 0);
    if (im->step == READING_MORE) {
        call_resume(im->call);
        return;
    }
    hand_on(im);
}

static void read_on(struct importer *im)
{
    enum err bad = worker_submit(im->agent->workers, run_reading, reading_ran, im);
    im->is_busy = bad == ERR_OK;
    if (bad != ERR_OK)
        stop_reading(im, bad);
}

static bool on_data(struct call *c, void *arg, struct bytes data, bool end)
{
    struct importer *im = arg;
    if (end && call_is_gone(c)) {
        /* What came so far is not the whole: nothing of it counts. */
        errmsg_set(&im->why, ERR_CANCELLED, "the caller went away");
        stop_reading(im, ERR_CANCELLED);
        return false;
    }
    if (im->phase != PHASE_READING || im->is_busy)
        return false;
    enum err bad = end && data.len > 0 ? ERR_INVALID : reading_feed(im->reading, data);
    if (bad == ERR_OK)
        read_on(im);
    else
        stop_reading(im, bad);
    return false;
}

void importer_read(struct importer *im)
{
    im->phase = PHASE_READING;
    im->is_stalled = false;
    call_receive(im->call, on_data, im);
}

/* ---- the difference ---- */

static void on_duplicate(void *ctx, uint32_t row)
{
    struct importer *im = ctx;
    const struct reject reject = {.row = row,
                                  .column = im->reading->p.mapping->record_key,
                                  .reason = row_reason_id(ROW_REASON_DUPLICATE_KEY),
                                  .scope = REJECT_ROW};
    reading_reject(im->reading, &reject);
}

static enum err run_count(void *arg)
{
    struct importer *im = arg;
    enum err bad = ERR_OK;
    for (uint32_t i = 0; bad == ERR_OK && i < im->row.leg_count; i++) {
        const struct import_leg *leg = &im->row.legs[i];
        const struct count_params p = {
            .difference = {.store = im->agent->store,
                           .leg = i,
                           .runs = leg->runs,
                           .data_set = leg->data_set,
                           .is_full = im->row.withdraws_lacking,
                           .is_copy = im->row.origin == IMPORT_OF_STORE,
                           .today = im->row.today},
            .duplicate = i == 0 && im->reading != NULL ? on_duplicate : NULL,
            .ctx = im,
        };
        bad = maker_count(&p, &im->totals[i]);
    }
    return bad;
}

/* A leg whose purpose an earlier leg has too, in another epoch. */
static bool is_other_epoch(const struct importer *im, uint32_t leg)
{
    for (uint32_t i = 0; i < leg; i++)
        if (name_equal(&im->row.legs[i].purpose, &im->row.legs[leg].purpose))
            return true;
    return false;
}

/* A full import that would take away more than was agreed asks first. A record counts once for each
 * purpose, in however many epochs it is contributed: by the leg that loses most. */
static enum err check_withdrawals(struct importer *im)
{
    const uint64_t percent = im->agent->config->max_withdraw_percent;
    uint64_t withdrawn = 0;
    uint64_t stock = 0;
    uint64_t of_purpose = 0;
    bool over = false;
    for (uint32_t i = 0; i < im->row.leg_count; i++) {
        const struct make_totals *t = &im->totals[i];
        const uint64_t most = is_other_epoch(im, i) ? of_purpose : 0;
        of_purpose = t->counts.withdrawn > most ? t->counts.withdrawn : most;
        withdrawn += of_purpose - most;
        stock += is_other_epoch(im, i) ? 0 : t->stock;
        over |= t->counts.withdrawn * 100 > t->stock * percent;
    }
    if (im->order.has_confirmed && im->order.confirmed == withdrawn)
        return ERR_OK;
    if (!im->order.has_confirmed && (!over || im->reading == NULL || withdrawn == 0))
        return ERR_OK;
    return errmsg_set(&im->why, ERR_LIMIT,
                      "this would withdraw %llu of %llu records, more than %llu%%; nothing was "
                      "sent. If that is right, repeat with --confirm-withdraw %llu",
                      (unsigned long long)withdrawn, (unsigned long long)stock,
                      (unsigned long long)percent, (unsigned long long)withdrawn);
}

/* Early refusal of what the broker would refuse by the numbers. */
static enum err check_totals(struct importer *im)
{
    for (uint32_t i = 0; im->reading != NULL && i < im->row.leg_count; i++) {
        const struct make_counts *n = &im->totals[i].counts;
        const struct chain_id id = {im->row.legs[i].purpose, im->row.legs[i].epoch};
        CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
        uint64_t before = 0;
        struct admit *admit = im->reading->legs[i].admit;
        uint32_t days = admit_period_days(admit);
        enum err bad = kv_read_begin(im->agent->kv, &txn);
        if (bad == ERR_OK)
            bad = additions_count(im->agent->store, txn, &id,
                                  im->row.today >= days ? im->row.today - days + 1 : 0, &before);
        struct decision *d = bad == ERR_OK ? calloc(1, sizeof *d) : NULL;
        if (d == NULL)
            return bad == ERR_OK ? ERR_NOMEM : bad;
        uint64_t stock = im->totals[i].stock + n->added - n->withdrawn;
        if (!admit_totals(admit, stock, before + n->tokens_added, d))
            bad = errmsg_set(&im->why, ERR_PERMISSION, "purpose %s: the policy does not allow this "
                                                       "import: %s (%s)",
                             id.purpose.s, condition_en(d->failures[0].condition),
                             d->failures[0].detail);
        free(d);
        if (bad != ERR_OK)
            return bad;
    }
    return ERR_OK;
}

static enum err check_cut(struct importer *im)
{
    const struct row_counts *counts =
        im->reading != NULL ? row_reader_counts(im->reading->reader) : NULL;
    if (counts == NULL || !counts->is_cut_off)
        return ERR_OK;
    return errmsg_set(&im->why, ERR_TRUNCATED, "the source ends early or its trailer disagrees; "
                                               "nothing was sent. Export it again");
}

static enum err put_row(struct kv_txn *txn, void *arg)
{
    struct importer *im = arg;
    enum err bad = importer_log_begun(im, txn);
    return bad == ERR_OK ? import_row_put(im->agent->store, txn, &im->row) : bad;
}

/* From here on it lasts. */
static void row_lasts(enum err result, void *arg)
{
    struct importer *im = arg;
    im->is_busy = false;
    if (result == ERR_OK)
        result = importer_find_leg(im);
    if (result != ERR_OK) {
        importer_stop(im, result);
        return;
    }
    im->phase = PHASE_SENDING;
    importer_pump(im);
}

static enum err begin_legs(struct importer *im)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(buf_free) struct buf report = buf_new((size_t)1 << 20);
    uint64_t last = 0;
    enum err bad = kv_read_begin(im->agent->kv, &txn);
    if (bad == ERR_OK)
        bad = store_get_number(im->agent->store, txn, "batches", &last);
    for (uint32_t i = 0; bad == ERR_OK && i < im->row.leg_count; i++) {
        struct import_leg *leg = &im->row.legs[i];
        const struct chain_id id = {leg->purpose, leg->epoch};
        bad = chain_head_get(im->agent->store, txn, &id, &leg->head);
        leg->first_batch = leg->next_batch = (uint32_t)last + 1;
    }
    if (bad == ERR_OK)
        bad = importer_reading_report(im, &report);
    if (bad == ERR_OK)
        im->row.report = arena_copy(im->arena, buf_bytes(&report));
    return bad == ERR_OK && im->row.report.ptr == NULL ? ERR_NOMEM : bad;
}

static void counted(enum err result, void *arg)
{
    struct importer *im = arg;
    im->is_busy = false;
    if (im->failed != ERR_OK)
        result = im->failed;
    if (result == ERR_OK)
        result = check_cut(im);
    if (result == ERR_OK)
        result = check_withdrawals(im);
    if (result == ERR_OK)
        result = check_totals(im);
    if (result == ERR_OK)
        result = begin_legs(im);
    for (uint32_t i = 0; i < im->row.leg_count; i++) {
        const struct make_counts *n = &im->totals[i].counts;
        im->made_total += n->added + n->replaced + n->withdrawn;
    }
    if (result == ERR_OK && im->row.origin == IMPORT_OF_STORE && im->made_total == 0) {
        importer_end_empty(im);
        return;
    }
    if (result == ERR_OK)
        result = writer_submit(im->agent->writer, WRITER_BULK, put_row, row_lasts, im);
    im->is_busy = result == ERR_OK;
    if (result != ERR_OK)
        importer_stop(im, result);
}

void importer_count(struct importer *im)
{
    im->phase = PHASE_COUNTING;
    for (uint32_t i = 0; im->reading != NULL && i < im->row.leg_count; i++)
        im->row.legs[i].runs = im->reading->legs[i].runs;
    enum err bad = worker_submit(im->agent->workers, run_count, counted, im);
    im->is_busy = bad == ERR_OK;
    if (bad != ERR_OK)
        importer_stop(im, bad);
}

/* ---- life ---- */

/* The row of what is under way, of whichever origin; else of the latest that was ordered. */
static enum err read_row(struct importer *im)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct agent *a = im->agent;
    enum err bad = kv_read_begin(a->kv, &txn);
    if (bad == ERR_OK)
        bad = import_row_get(a->store, txn, IMPORT_OF_STORE, im->arena, &im->row);
    if (bad == ERR_OK && im->row.state == IMPORT_SENDING)
        return ERR_OK;
    if (bad != ERR_OK && bad != ERR_NOT_FOUND)
        return bad;
    arena_reset(im->arena);
    im->row = (struct import_row){.origin = IMPORT_OF_SOURCE};
    return import_row_get(a->store, txn, IMPORT_OF_SOURCE, im->arena, &im->row);
}

enum err importer_new(struct agent *a, struct importer **out, struct errmsg *why)
{
    CLEANUP(cleanup_importer_free) struct importer *im = calloc(1, sizeof *im);
    if (im == NULL)
        return ERR_NOMEM;
    im->agent = a;
    im->arena = arena_new(ARENA_BYTES);
    if (im->arena == NULL)
        return ERR_NOMEM;
    enum err bad = sender_new(a, &im->sender);
    if (bad == ERR_OK)
        bad = read_row(im);
    if (bad == ERR_OK && im->row.state == IMPORT_SENDING) {
        im->view = view_ref(a->view);
        bad = importer_find_leg(im);
        im->phase = PHASE_SENDING;
    } else if (bad == ERR_OK || bad == ERR_NOT_FOUND) {
        /* A source that was being read when the daemon ended is read again by whoever asks. */
        bad = ERR_OK;
        importer_clear(im);
    }
    if (bad != ERR_OK)
        return errmsg_set(why, bad, "store: the import under way cannot be read");
    *out = take(im);
    if ((*out)->phase == PHASE_SENDING)
        importer_on_view(*out);
    return ERR_OK;
}

void importer_free(struct importer *im)
{
    if (im == NULL)
        return;
    importer_close_leg(im);
    filled_step_free(im->making);
    made_step_free(im->made);
    made_step_free(im->storing);
    loop_timer_free(im->again);
    loop_timer_free(im->anew_timer);
    copying_free(im->copying);
    import_wait_free(im->waiting);
    reading_free(im->reading);
    sender_free(im->sender);
    view_free(im->view);
    arena_free(im->arena);
    free(im);
}

struct sender *importer_sender(struct importer *im)
{
    return im->sender;
}
