/* The leg of an import that is at hand, as the store has it. */
#include "agent/import/importer_internal.h"
#include "agent/records/batch_row.h"
#include "pki/view/view.h"

#define ARENA_BYTES ((size_t)16 << 20)

/* A copy into another epoch takes nothing away. */
static enum err find_retired(struct importer *im, struct kv_txn *txn)
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
        if (bad == ERR_OK &&
            view_epoch_state(im->agent->view, &at.purpose, at.epoch) == EPOCH_RETIRED)
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
        bad = find_retired(im, txn);
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
