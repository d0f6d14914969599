/* After an import: what was staged goes, and what was made of it and never took effect. */
#include "agent/import/effect.h"
#include "agent/import/importer_internal.h"
#include "proto/base/log.h"
#include "proto/host/writer.h"

#define CLEAR_SLICE 64u
#define ARENA_BYTES ((size_t)16 << 20)

/* Whether the batches of a leg that never took effect go: the import failed in it, or it stepped aside. */
static bool is_to_clear(const struct importer *im, uint32_t leg)
{
    return im->row.legs[leg].left == LEG_SUSPENDED ||
           (im->row.state == IMPORT_FAILED && leg == im->row.leg);
}

/* The next batch to look at; false: none is left. */
static bool find_batch(struct importer *im)
{
    for (; im->clear_leg < im->row.leg_count; im->clear_leg++) {
        const struct import_leg *leg = &im->row.legs[im->clear_leg];
        if (!is_to_clear(im, im->clear_leg))
            continue;
        if (im->clear < leg->first_batch)
            im->clear = leg->first_batch;
        if (im->clear < leg->next_batch)
            return true;
    }
    return false;
}

/* Of a batch of a failed import: what never took effect goes. What the broker accepted is in its chain, and stays until its
 * epoch is forgotten: a broker that was restored may need it again (decision 0416). */
static enum err clear_batch(struct importer *im, struct kv_txn *txn, bool *left)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ARENA_BYTES);
    struct batch_row row;
    if (a == NULL)
        return ERR_NOMEM;
    *left = false;
    enum err bad = batch_row_get(im->agent->store, txn, im->clear, a, &row);
    if (bad == ERR_NOT_FOUND || (bad == ERR_OK && row.state == BATCH_APPLIED))
        return ERR_OK;
    if (bad == ERR_OK && (row.state == BATCH_ACCEPTED || row.state == BATCH_VOID))
        return effect_void(im->agent->store, txn, im->clear, &row);
    return bad == ERR_OK ? effect_purge(im->agent->store, txn, im->clear, CLEAR_SLICE * 8, left)
                         : bad;
}

static enum err run_clear(struct kv_txn *txn, void *arg)
{
    struct importer *im = arg;
    size_t deleted = 0;
    im->is_cleared = false;
    im->clear_left = true;
    enum err bad = stage_purge(im->agent->store, txn, CLEAR_SLICE, &deleted);
    if (bad != ERR_OK || deleted == CLEAR_SLICE)
        return bad;
    if (find_batch(im))
        return clear_batch(im, txn, &im->clear_left);
    im->is_cleared = true;
    return ERR_OK;
}

static void cleared(enum err result, void *arg)
{
    struct importer *im = arg;
    im->is_busy = false;
    if (result != ERR_OK) {
        log_warn("import.not_cleared error=\"%s\"", err_text(result));
        importer_finish(im);
        return;
    }
    if (im->is_cleared) {
        importer_finish(im);
        return;
    }
    if (!im->clear_left)
        im->clear++;
    importer_clear(im);
}

void importer_clear(struct importer *im)
{
    im->phase = PHASE_CLEARING;
    enum err bad = writer_submit(im->agent->writer, WRITER_BULK, run_clear, cleared, im);
    im->is_busy = bad == ERR_OK;
    if (bad != ERR_OK)
        importer_finish(im);
}
