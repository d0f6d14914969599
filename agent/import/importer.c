/* Orders, reading and the difference. */
#include <stdlib.h>
#include <sysexits.h>

#include "agent/import/importer_internal.h"
#include "pki/digest.h"
#include "pki/random.h"
#include "pki/view/view.h"
#include "proto/base/join.h"
#include "proto/base/label.h"
#include "proto/base/log.h"
#include "proto/base/when.h"
#include "proto/host/loop.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"

#define ARENA_BYTES ((size_t)16 << 20)

/* ---- ends ---- */

void importer_finish(struct importer *im)
{
    struct call *c = im->call;
    struct doc *report = c != NULL ? importer_make_report(im) : NULL;
    bool stopped = im->failed != ERR_OK;
    const enum err failed = im->failed;
    const struct errmsg why = im->why;
    im->phase = PHASE_IDLE;
    im->call = NULL;
    im->failed = ERR_OK;
    im->is_stopping = false;
    reading_free(take(im->reading));
    view_free(take(im->view));
    if (c == NULL)
        return;
    if (stopped && failed != ERR_CANCELLED) {
        struct doc_build b = doc_build_of(report);
        doc_put_str(&b, "stopped", why.text[0] != '\0' ? why.text : err_text(failed));
        if (doc_build_done(&b) != ERR_OK) {
            doc_free(report);
            report = NULL;
        }
    }
    call_ok(c, report);
}

/* Stops before anything lasts. */
static void stop(struct importer *im, enum err e)
{
    if (im->failed == ERR_OK)
        im->failed = e;
    if (im->why.text[0] == '\0')
        errmsg_set(&im->why, e, "the import stopped: %s", err_text(e));
    log_warn("import.stopped source=%s error=\"%s\"", im->row.source.s, err_text(e));
    importer_clear(im);
}

/* ---- orders ---- */

static enum err copy_names(struct arena *a, struct name_list in, struct name_list *out)
{
    struct name *v = arena_array(a, in.count, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    if (in.count > 0)
        memcpy(v, in.v, in.count * sizeof *v);
    *out = (struct name_list){v, in.count};
    return ERR_OK;
}

static enum err add_leg(struct importer *im, const struct name *purpose)
{
    struct import_row *row = &im->row;
    uint32_t epoch = agent_epoch(im->agent, purpose);
    if (epoch == 0)
        return errmsg_set(&im->why, ERR_CONFIG,
                          "purpose %s: this agency has no key of it; ask its custodian for one",
                          purpose->s);
    if (row->leg_count == IMPORT_LEGS_MAX)
        return errmsg_set(&im->why, ERR_LIMIT, "at most %u purposes in one import",
                          IMPORT_LEGS_MAX);
    struct import_leg *leg = &row->legs[row->leg_count++];
    *leg = (struct import_leg){.purpose = *purpose, .epoch = epoch};
    return random_fill(leg->import_id.b, sizeof leg->import_id.b);
}

static struct import_leg *leg_of(struct importer *im, const struct name *purpose)
{
    for (uint32_t i = 0; i < im->row.leg_count; i++)
        if (name_equal(&im->row.legs[i].purpose, purpose))
            return &im->row.legs[i];
    return NULL;
}

static int name_cmp(const void *a, const void *b)
{
    const struct name *x = a;
    const struct name *y = b;
    return strcmp(x->s, y->s);
}

/* The mapping's rules, sorted, each in the leg of its purpose. */
static enum err divide_rules(struct importer *im, const struct mapping *m)
{
    struct name *all = arena_array(im->arena, m->rules_count, sizeof *all);
    if (all == NULL)
        return ERR_NOMEM;
    memcpy(all, m->rules, m->rules_count * sizeof *all);
    qsort(all, m->rules_count, sizeof *all, name_cmp);
    for (uint32_t i = 0; i < m->rules_count; i++) {
        const struct rule *rule = policy_rule(view_policy(im->view), &all[i]);
        if (rule == NULL)
            return errmsg_set(&im->why, ERR_NOT_FOUND,
                              "mapping: rule %s is not in the policy in force", all[i].s);
        enum err bad = leg_of(im, &rule->purpose) == NULL ? add_leg(im, &rule->purpose) : ERR_OK;
        if (bad != ERR_OK)
            return bad;
        struct import_leg *leg = leg_of(im, &rule->purpose);
        struct name *v = arena_array(im->arena, leg->rules.count + 1, sizeof *v);
        if (v == NULL)
            return ERR_NOMEM;
        if (leg->rules.count > 0)
            memcpy(v, leg->rules.v, leg->rules.count * sizeof *v);
        v[leg->rules.count] = all[i];
        leg->rules = (struct name_list){v, leg->rules.count + 1};
    }
    return im->row.leg_count > 0
               ? ERR_OK
               : errmsg_set(&im->why, ERR_CONFIG, "mapping: it names no index rule");
}

static enum err begin_row(struct importer *im, const struct import_order *o)
{
    arena_reset(im->arena);
    im->view = view_ref(im->agent->view);
    im->row = (struct import_row){
        .state = IMPORT_SENDING,
        .source = o->source,
        .mode = o->mode,
        .withdraws_lacking = o->mode == IMPORT_MODE_FULL || o->withdraw_all,
        .policy_digest = *view_policy_digest(im->view),
        .started_s = agent_now_s(im->agent),
    };
    int32_t today = when_day(im->row.started_s);
    im->row.today = today > 0 ? (uint32_t)today : 0;
    memset(im->totals, 0, sizeof im->totals);
    im->made_total = 0;
    im->failed = ERR_OK;
    im->why.text[0] = '\0';
    im->has_input = false;
    if (agent_member(im->agent) == NULL)
        return errmsg_set(&im->why, ERR_PERMISSION, "this agency is not on the roster in force");
    return ERR_OK;
}

/* The array is copied; the keys themselves live as long as the call. */
static enum err keep_keys(struct importer *im, const struct import_order *o)
{
    struct bytes *keys = arena_array(im->arena, o->key_count, sizeof *keys);
    if (keys == NULL)
        return ERR_NOMEM;
    if (o->key_count > 0)
        memcpy(keys, o->keys, o->key_count * sizeof *keys);
    im->order = *o;
    im->order.mapping = NULL;
    im->order.keys = keys;
    return ERR_OK;
}

/* A withdrawal looks at every purpose of this agency. */
static enum err withdrawal_legs(struct importer *im)
{
    const struct conf_names *purposes = &im->agent->config->purposes;
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < purposes->count; i++)
        if (agent_epoch(im->agent, &purposes->items[i]) != 0)
            bad = add_leg(im, &purposes->items[i]);
    if (bad == ERR_OK && im->row.leg_count == 0)
        bad = errmsg_set(&im->why, ERR_CONFIG, "this agency has the key of no purpose");
    return bad;
}

static enum err start_reading(struct importer *im, struct mapping *m)
{
    const struct reading_params p = {
        .store = im->agent->store,
        .protected_list =
            im->agent->config->protected_list ? im->agent->protected_list : NULL,
        .mapping = m,
    };
    enum err bad = reading_new(&p, &im->reading, &im->why);
    if (bad == ERR_OK)
        bad = copy_names(im->arena, im->reading->fields, &im->row.fields);
    if (bad == ERR_OK)
        bad = copy_names(im->arena, im->reading->categories, &im->row.categories);
    return bad;
}

/* ---- opening: data sets, and for each leg its rules and digests ---- */

static enum err make_sets(struct kv_txn *txn, void *arg)
{
    struct importer *im = arg;
    struct store *s = im->agent->store;
    enum err bad = ERR_OK;
    for (uint32_t i = 0; bad == ERR_OK && i < im->row.leg_count; i++) {
        struct import_leg *leg = &im->row.legs[i];
        const struct data_set_id id = {im->row.source, leg->purpose, leg->epoch};
        bad = data_set_make(s, txn, &id, &leg->data_set);
    }
    return bad;
}

/* What decides on a version besides what the source says: names of fields, rules and their versions,
 * categories. */
static enum err put_context(const struct importer *im, const struct import_leg *leg,
                            struct buf *out)
{
    const struct record_shape shape = {im->row.fields, leg->rules, im->row.categories};
    shape_encode(&shape, out);
    for (size_t i = 0; i < leg->rules.count; i++) {
        const struct rule *rule = policy_rule(view_policy(im->view), &leg->rules.v[i]);
        if (rule == NULL)
            return ERR_NOT_FOUND;
        join_u32(out, rule->version);
    }
    return buf_err(out);
}

static enum err open_hash(struct importer *im, const struct import_leg *leg,
                          struct live_hash **out)
{
    CLEANUP(cleanup_secret_free) struct secret *key = NULL;
    CLEANUP(buf_free) struct buf context = buf_new((size_t)1 << 20);
    enum err bad = store_derive(im->agent->store, LABEL_STORE_LIVE, &key);
    if (bad == ERR_OK)
        bad = put_context(im, leg, &context);
    return bad == ERR_OK ? live_hash_new(key, leg->data_set, buf_bytes(&context), out) : bad;
}

static enum err open_admit(struct importer *im, const struct import_leg *leg, struct admit **out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct admit_params p = {
        .view = im->view,
        .holder = im->agent->config->oin,
        .purpose = leg->purpose,
        .rules = leg->rules.v,
        .rule_count = leg->rules.count,
        .now_s = im->row.started_s,
    };
    const struct chain_id id = {leg->purpose, leg->epoch};
    CLEANUP(cleanup_admit_free) struct admit *a = NULL;
    enum err bad = admit_new(&p, &a, &im->why);
    if (bad == ERR_OK)
        bad = kv_read_begin(im->agent->kv, &txn);
    uint32_t days = bad == ERR_OK ? admit_period_days(a) : 1;
    uint32_t from = im->row.today >= days ? im->row.today - days + 1 : 0;
    if (bad == ERR_OK)
        bad = additions_count(im->agent->store, txn, &id, from, &p.additions);
    admit_free(take(a));
    return bad == ERR_OK ? admit_new(&p, out, &im->why) : bad;
}

static enum err open_reading_leg(struct importer *im, const struct import_leg *leg)
{
    CLEANUP(cleanup_admit_free) struct admit *admit = NULL;
    CLEANUP(cleanup_live_hash_free) struct live_hash *hash = NULL;
    enum err bad = open_admit(im, leg, &admit);
    if (bad == ERR_OK)
        bad = open_hash(im, leg, &hash);
    return bad == ERR_OK ? reading_add_leg(im->reading, take(admit), take(hash)) : bad;
}

static void read_on(struct importer *im);
static void count(struct importer *im);
static bool on_data(struct call *c, void *arg, struct bytes data, bool end);

/* The keys of a withdrawal, as a run of their own for each leg. */
struct key_run {
    struct importer *im;
    struct stage_window *windows[IMPORT_LEGS_MAX];
    uint32_t count;
};

static void key_run_free(struct key_run *k)
{
    if (k == NULL)
        return;
    for (uint32_t i = 0; i < k->count; i++)
        stage_window_free(k->windows[i]);
    free(k);
}
DEFINE_CLEANUP(struct key_run, key_run_free)

static enum err fill_keys(struct key_run *k, uint32_t i)
{
    struct importer *im = k->im;
    CLEANUP(cleanup_live_hash_free) struct live_hash *hash = NULL;
    k->windows[i] = stage_window_new();
    k->count = i + 1;
    if (k->windows[i] == NULL)
        return ERR_NOMEM;
    enum err bad = open_hash(im, &im->row.legs[i], &hash);
    for (size_t n = 0; bad == ERR_OK && n < im->order.key_count; n++) {
        struct stage_row row = {.row = (uint32_t)n + 1, .mark = STAGE_OUT};
        bad = live_hash_key(hash, im->order.keys[n], &row.key);
        if (bad == ERR_OK)
            bad = stage_window_add(k->windows[i], &row, bytes_of(NULL, 0));
    }
    stage_window_sort(k->windows[i]);
    return bad;
}

static enum err write_keys(struct kv_txn *txn, void *arg)
{
    struct key_run *k = arg;
    enum err bad = ERR_OK;
    for (uint32_t i = 0; bad == ERR_OK && i < k->count; i++)
        bad = stage_window_write(k->windows[i], k->im->agent->store, txn, (struct stage_run){i, 0});
    return bad;
}

static void keys_written(enum err result, void *arg)
{
    CLEANUP(cleanup_key_run_free) struct key_run *k = arg;
    struct importer *im = k->im;
    for (uint32_t i = 0; i < im->row.leg_count; i++)
        im->row.legs[i].runs = im->order.key_count > 0 ? 1 : 0;
    if (result != ERR_OK)
        stop(im, result);
    else
        count(im);
}

static enum err stage_keys(struct importer *im)
{
    CLEANUP(cleanup_key_run_free) struct key_run *k = calloc(1, sizeof *k);
    if (k == NULL)
        return ERR_NOMEM;
    k->im = im;
    enum err bad = ERR_OK;
    for (uint32_t i = 0; bad == ERR_OK && i < im->row.leg_count; i++)
        bad = fill_keys(k, i);
    if (bad == ERR_OK)
        bad = writer_submit(im->agent->writer, WRITER_BULK, write_keys, keys_written, k);
    if (bad == ERR_OK)
        k = NULL;
    return bad;
}

static void sets_made(enum err result, void *arg)
{
    struct importer *im = arg;
    enum err bad = result;
    for (uint32_t i = 0; bad == ERR_OK && im->reading != NULL && i < im->row.leg_count; i++)
        bad = open_reading_leg(im, &im->row.legs[i]);
    if (bad == ERR_OK && im->reading == NULL)
        bad = stage_keys(im);
    if (bad != ERR_OK) {
        stop(im, bad);
        return;
    }
    if (im->reading == NULL)
        return;
    im->phase = PHASE_READING;
    call_receive(im->call, on_data, im);
}

void importer_start(struct importer *im, struct call *c, struct import_order *order)
{
    CLEANUP(cleanup_mapping_free) struct mapping *m = take(order->mapping);
    if (im->phase != PHASE_IDLE) {
        call_fail(c, ERR_STATE, EX_TEMPFAIL,
                  "an import of %s is under way (see `sluis import --status`); try again when it "
                  "has ended",
                  im->row.source.s);
        return;
    }
    enum err bad = begin_row(im, order);
    if (bad == ERR_OK)
        bad = keep_keys(im, order);
    if (bad == ERR_OK)
        bad = m != NULL ? divide_rules(im, m) : withdrawal_legs(im);
    if (bad == ERR_OK && m != NULL)
        bad = start_reading(im, take(m));
    if (bad == ERR_OK)
        bad = writer_submit(im->agent->writer, WRITER_BULK, make_sets, sets_made, im);
    if (bad != ERR_OK) {
        const struct errmsg why = im->why;
        im->failed = ERR_OK;
        im->phase = PHASE_IDLE;
        reading_free(take(im->reading));
        view_free(take(im->view));
        call_error(c, bad, &why);
        return;
    }
    im->phase = PHASE_OPENING;
    im->call = c;
}

/* ---- reading ---- */

static enum err run_reading(void *arg)
{
    struct importer *im = arg;
    return reading_run(im->reading, &im->step);
}

static enum err write_windows(struct kv_txn *txn, void *arg)
{
    struct importer *im = arg;
    return reading_write(im->reading, txn);
}

static void windows_written(enum err result, void *arg)
{
    struct importer *im = arg;
    im->is_busy = false;
    if (result == ERR_OK)
        result = im->failed; /* the caller went away meanwhile */
    if (result != ERR_OK) {
        stop(im, result);
        return;
    }
    reading_wrote(im->reading);
    if (im->step == READING_END)
        count(im);
    else
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
        stop(im, result);
        return;
    }
    if (im->call != NULL)
        call_progress(im->call, "rows", row_reader_counts(im->reading->reader)->rows, 0);
    if (im->step == READING_MORE) {
        call_resume(im->call);
        return;
    }
    result = writer_submit(im->agent->writer, WRITER_BULK, write_windows, windows_written, im);
    im->is_busy = result == ERR_OK;
    if (result != ERR_OK)
        stop(im, result);
}

static void read_on(struct importer *im)
{
    enum err bad = worker_submit(im->agent->workers, run_reading, reading_ran, im);
    im->is_busy = bad == ERR_OK;
    if (bad != ERR_OK)
        stop(im, bad);
}

static bool on_data(struct call *c, void *arg, struct bytes data, bool end)
{
    struct importer *im = arg;
    if (end && call_is_gone(c)) {
        /* What came so far is not the whole: nothing of it counts. */
        errmsg_set(&im->why, ERR_CANCELLED, "the caller went away");
        im->failed = ERR_CANCELLED;
        if (!im->is_busy)
            stop(im, ERR_CANCELLED);
        return false;
    }
    if (im->phase != PHASE_READING || im->is_busy)
        return false;
    enum err bad = end && data.len > 0 ? ERR_INVALID : reading_feed(im->reading, data);
    if (bad == ERR_OK)
        read_on(im);
    else
        stop(im, bad);
    return false;
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
                           .today = im->row.today},
            .duplicate = i == 0 && im->reading != NULL ? on_duplicate : NULL,
            .ctx = im,
        };
        bad = maker_count(&p, &im->totals[i]);
    }
    return bad;
}

/* A full import that would take away more than was agreed asks first. */
static enum err check_withdrawals(struct importer *im)
{
    const uint64_t percent = im->agent->config->max_withdraw_percent;
    uint64_t withdrawn = 0;
    uint64_t stock = 0;
    bool over = false;
    for (uint32_t i = 0; i < im->row.leg_count; i++) {
        const struct make_totals *t = &im->totals[i];
        withdrawn += t->counts.withdrawn;
        stock += t->stock;
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
    return import_row_put(im->agent->store, txn, &im->row);
}

/* From here on it lasts. */
static void row_lasts(enum err result, void *arg)
{
    struct importer *im = arg;
    im->is_busy = false;
    if (result == ERR_OK)
        result = importer_find_leg(im);
    if (result != ERR_OK) {
        stop(im, result);
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
        if (im->reading != NULL)
            leg->runs = im->reading->legs[i].runs;
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
    if (result == ERR_OK)
        result = writer_submit(im->agent->writer, WRITER_BULK, put_row, row_lasts, im);
    im->is_busy = result == ERR_OK;
    if (result != ERR_OK)
        stop(im, result);
}

static void count(struct importer *im)
{
    im->phase = PHASE_COUNTING;
    enum err bad = worker_submit(im->agent->workers, run_count, counted, im);
    im->is_busy = bad == ERR_OK;
    if (bad != ERR_OK)
        stop(im, bad);
}

/* ---- life ---- */

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
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    if (bad == ERR_OK)
        bad = kv_read_begin(a->kv, &txn);
    if (bad == ERR_OK)
        bad = import_row_get(a->store, txn, im->arena, &im->row);
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
    made_step_free(im->made);
    loop_timer_free(im->again);
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
