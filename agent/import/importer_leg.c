/* The leg of an import that is at hand: as the store has it, and what its batches are made with. */
#include "agent/import/importer_internal.h"
#include "agent/records/batch_row.h"
#include "pki/agency_half.h"
#include "pki/view/view.h"
#include "proto/base/label.h"

#define ARENA_BYTES ((size_t)16 << 20)

/* A copy into another epoch takes nothing away. */
static enum err find_ended(struct importer *im, struct kv_txn *txn)
{
    const struct import_leg *leg = &im->row.legs[im->row.leg];
    struct data_set_id at = {im->row.source, leg->purpose, 0};
    struct data_set_id before;
    struct data_set set;
    enum err bad = ERR_OK;
    im->retired_count = 0;
    while (bad == ERR_OK && im->row.origin == IMPORT_OF_SOURCE && im->retired_count < RETIRED_MOST) {
        before = at;
        bad = data_set_next(im->agent->store, txn, &before, &at, &set);
        if (bad == ERR_OK && (!name_equal(&at.source, &im->row.source) ||
                              !name_equal(&at.purpose, &leg->purpose)))
            break;
        if (bad == ERR_OK && view_epoch_state(im->agent->view, &at.purpose, at.epoch) > EPOCH_ACTIVE)
            im->retired[im->retired_count++] = set.no;
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

enum err importer_find_leg(struct importer *im)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ARENA_BYTES);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    if (a == NULL)
        return ERR_NOMEM;
    if (im->row.leg >= im->row.leg_count)
        return ERR_OK;
    const struct import_leg *leg = &im->row.legs[im->row.leg];
    enum err bad = kv_read_begin(im->agent->kv, &txn);
    if (bad == ERR_OK)
        bad = find_ended(im, txn);
    im->answered = im->applied = leg->next_batch;
    im->is_refused = false;
    for (uint32_t no = leg->next_batch; bad == ERR_OK && no-- > leg->first_batch;) {
        struct batch_row row;
        arena_reset(a);
        bad = batch_row_get(im->agent->store, txn, no, a, &row);
        if (bad != ERR_OK)
            break;
        im->is_refused |= row.state == BATCH_REFUSED;
        if (row.state == BATCH_PREPARED)
            im->answered = no;
        if (row.state != BATCH_APPLIED)
            im->applied = no;
    }
    im->is_stopping |= im->is_refused;
    return bad;
}

static enum err open_admit(struct importer *im, const struct import_leg *leg)
{
    const struct admit_params p = {
        .view = im->view,
        .holder = im->agent->config->oin,
        .purpose = leg->purpose,
        .rules = leg->rules.v,
        .rule_count = leg->rules.count,
        .now_s = im->row.started_s,
        .suppression = im->agent->config->protected_list,
    };
    return leg->rules.count > 0 ? admit_new(&p, &im->admit, &im->why) : ERR_OK;
}

enum err importer_open_leg(struct importer *im)
{
    const struct import_leg *leg = &im->row.legs[im->row.leg];
    CLEANUP(cleanup_secret_free) struct secret *key = NULL;
    if (im->half != NULL)
        return ERR_OK;
    const struct agency_half *half = agent_half(im->agent, &leg->purpose, leg->epoch, false);
    if (half == NULL)
        return errmsg_set(&im->why, ERR_CONFIG, "purpose %s: the key of epoch %u is gone",
                          leg->purpose.s, leg->epoch);
    im->shape = (struct record_shape){im->row.fields, leg->rules, im->row.categories};
    im->base = leg->counts;
    enum err bad = open_admit(im, leg);
    if (bad == ERR_OK)
        bad = store_derive(im->agent->store, LABEL_STORE_HANDLE, &key);
    if (bad == ERR_OK)
        bad = handle_code_new(key, &im->handles);
    if (bad == ERR_OK)
        bad = agency_half_copy(half, &im->half);
    return bad;
}

void importer_drop_key(struct importer *im)
{
    maker_free(take(im->maker));
    filled_step_free(take(im->filled));
    agency_half_free(take(im->half));
}

void importer_close_leg(struct importer *im)
{
    importer_drop_key(im);
    admit_free(take(im->admit));
    handle_code_free(take(im->handles));
    im->is_all_filled = false;
    im->leaving = LEG_GOES_ON;
}
