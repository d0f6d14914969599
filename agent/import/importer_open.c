/* Orders: which purposes an import goes to, their data sets, rules and digests. */
#include <stdlib.h>
#include <sysexits.h>

#include "agent/import/importer_internal.h"
#include "pki/random.h"
#include "pki/view/view.h"
#include "proto/base/join.h"
#include "proto/base/label.h"
#include "proto/base/when.h"
#include "proto/host/writer.h"

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

static enum err add_leg(struct importer *im, const struct name *purpose, uint32_t epoch)
{
    struct import_row *row = &im->row;
    if (row->leg_count == IMPORT_LEGS_MAX)
        return errmsg_set(&im->why, ERR_LIMIT, "at most %u purposes and epochs in one import",
                          IMPORT_LEGS_MAX);
    struct import_leg *leg = &row->legs[row->leg_count++];
    *leg = (struct import_leg){.purpose = *purpose, .epoch = epoch};
    return random_fill(leg->import_id.b, sizeof leg->import_id.b);
}

/* What is of a suspended purpose is left out, and said so at the end; all else goes on. */
static enum err leave_out(struct importer *im, const struct name *purpose)
{
    struct errmsg text = {""};
    importer_say_suspended(purpose, &text);
    if (im->row.failure.len == 0)
        im->row.failure = arena_copy(im->arena, bytes_str(text.text));
    return im->row.failure.ptr != NULL ? ERR_OK : ERR_NOMEM;
}

static enum err no_leg(struct importer *im, const char *otherwise)
{
    if (im->row.failure.len == 0)
        return errmsg_set(&im->why, ERR_CONFIG, "%s", otherwise);
    return errmsg_set(&im->why, ERR_CLOSED, "%.*s", (int)im->row.failure.len,
                      (const char *)im->row.failure.ptr);
}

/* A leg for each active epoch: while two overlap, both are kept up to date. */
static enum err add_legs(struct importer *im, const struct name *purpose)
{
    uint32_t epochs[VIEW_ACTIVE_MAX];
    const size_t count = agent_epochs(im->agent, purpose, epochs);
    enum err bad = ERR_OK;
    if (view_epochs_suspended(im->agent->view, purpose) != NULL)
        return leave_out(im, purpose);
    if (count == 0)
        return errmsg_set(&im->why, ERR_CONFIG,
                          "purpose %s: this agency has the key of no active epoch; ask its "
                          "custodian for one",
                          purpose->s);
    for (size_t i = 0; bad == ERR_OK && i < count; i++)
        bad = add_leg(im, purpose, epochs[i]);
    return bad;
}

static bool has_leg(const struct importer *im, const struct name *purpose)
{
    for (uint32_t i = 0; i < im->row.leg_count; i++)
        if (name_equal(&im->row.legs[i].purpose, purpose))
            return true;
    return false;
}

static enum err append_rule(struct importer *im, struct import_leg *leg, const struct name *rule)
{
    struct name *v = arena_array(im->arena, leg->rules.count + 1, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    if (leg->rules.count > 0)
        memcpy(v, leg->rules.v, leg->rules.count * sizeof *v);
    v[leg->rules.count] = *rule;
    leg->rules = (struct name_list){v, leg->rules.count + 1};
    return ERR_OK;
}

static enum err add_rule(struct importer *im, const struct rule *rule)
{
    enum err bad = has_leg(im, &rule->purpose) ? ERR_OK : add_legs(im, &rule->purpose);
    for (uint32_t i = 0; bad == ERR_OK && i < im->row.leg_count; i++)
        if (name_equal(&im->row.legs[i].purpose, &rule->purpose))
            bad = append_rule(im, &im->row.legs[i], &rule->id);
    return bad;
}

static int name_cmp(const void *a, const void *b)
{
    const struct name *x = a;
    const struct name *y = b;
    return strcmp(x->s, y->s);
}

/* The mapping's rules, sorted, each in the legs of its purpose. */
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
        enum err bad = add_rule(im, rule);
        if (bad != ERR_OK)
            return bad;
    }
    return im->row.leg_count > 0 ? ERR_OK : no_leg(im, "mapping: it names no index rule");
}

void importer_begin(struct importer *im)
{
    memset(im->totals, 0, sizeof im->totals);
    im->made_total = 0;
    im->failed = ERR_OK;
    im->why.text[0] = '\0';
    im->has_input = false;
    im->clear_leg = im->clear = 0;
}

static enum err begin_row(struct importer *im, const struct import_order *o)
{
    arena_reset(im->arena);
    im->view = view_ref(im->agent->view);
    im->row = (struct import_row){
        .state = IMPORT_SENDING,
        .origin = IMPORT_OF_SOURCE,
        .source = o->source,
        .mode = o->mode,
        .withdraws_lacking = o->mode == IMPORT_MODE_FULL || o->withdraw_all,
        .policy_digest = *view_policy_digest(im->view),
        .started_s = agent_now_s(im->agent),
    };
    int32_t today = when_day(im->row.started_s);
    im->row.today = today > 0 ? (uint32_t)today : 0;
    importer_begin(im);
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
    uint32_t epochs[VIEW_ACTIVE_MAX];
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < purposes->count; i++)
        if (agent_epochs(im->agent, &purposes->items[i], epochs) > 0 ||
            view_epochs_suspended(im->agent->view, &purposes->items[i]) != NULL)
            bad = add_legs(im, &purposes->items[i]);
    if (bad == ERR_OK && im->row.leg_count == 0)
        bad = no_leg(im, "this agency has the key of no active epoch of any purpose; give it again when one is active");
    return bad;
}

static enum err start_reading(struct importer *im, struct mapping *m)
{
    const struct reading_params p = {
        .store = im->agent->store,
        .protected_list = im->agent->config->protected_list ? im->agent->protected_list : NULL,
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
        struct data_set set;
        bad = data_set_make(s, txn, &id, &set);
        if (bad != ERR_OK)
            break;
        leg->data_set = set.no;
        leg->hash_set = set.hash_no;
    }
    return bad;
}

/* What decides on a version besides what the source says: names of fields, rules and their
 * versions, categories. */
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

static enum err open_hash(struct importer *im, const struct import_leg *leg, struct live_hash **out)
{
    CLEANUP(cleanup_secret_free) struct secret *key = NULL;
    CLEANUP(buf_free) struct buf context = buf_new((size_t)1 << 20);
    enum err bad = store_derive(im->agent->store, LABEL_STORE_LIVE, &key);
    if (bad == ERR_OK)
        bad = put_context(im, leg, &context);
    return bad == ERR_OK ? live_hash_new(key, leg->hash_set, buf_bytes(&context), out) : bad;
}

enum err importer_open_admit(struct importer *im, const struct import_leg *leg,
                             struct admit **out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct admit_params p = {
        .view = im->view,
        .holder = im->agent->config->oin,
        .purpose = leg->purpose,
        .rules = leg->rules.v,
        .rule_count = leg->rules.count,
        .now_s = im->row.started_s,
        .suppression = im->agent->config->protected_list,
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
    enum err bad = importer_open_admit(im, leg, &admit);
    if (bad == ERR_OK)
        bad = open_hash(im, leg, &hash);
    const struct policy *policy = view_policy(im->view);
    const struct field_terms terms = {policy, policy_party(policy, &im->agent->config->oin),
                                      &leg->purpose};
    return bad == ERR_OK
               ? reading_add_leg(im->reading, take(admit), take(hash), &terms, &im->why)
               : bad;
}

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
        const struct stage_row row = {.row = (uint32_t)n + 1, .mark = STAGE_OUT};
        bad = stage_window_add(k->windows[i], &row, im->order.keys[n], bytes_of(NULL, 0));
    }
    return bad == ERR_OK ? stage_window_digest(k->windows[i], hash) : bad;
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
        importer_stop(im, result);
    else
        importer_count(im);
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
    if (bad == ERR_OK && im->row.origin == IMPORT_OF_STORE) {
        importer_copy(im);
        return;
    }
    for (uint32_t i = 0; bad == ERR_OK && im->reading != NULL && i < im->row.leg_count; i++)
        bad = open_reading_leg(im, &im->row.legs[i]);
    if (bad == ERR_OK && im->reading == NULL)
        bad = stage_keys(im);
    if (bad != ERR_OK) {
        importer_stop(im, bad);
        return;
    }
    if (im->reading == NULL)
        return;
    importer_read(im);
}

enum err importer_make_sets(struct importer *im)
{
    return writer_submit(im->agent->writer, WRITER_BULK, make_sets, sets_made, im);
}

void importer_start(struct importer *im, struct call *c, struct import_order *order)
{
    const bool is_copying = im->phase != PHASE_IDLE && im->row.origin == IMPORT_OF_STORE;
    if (is_copying && im->waiting == NULL && importer_wait(im, c, order) == ERR_OK)
        return;
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
        bad = importer_make_sets(im);
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
    im->row.staff = *call_staff(c);
}
