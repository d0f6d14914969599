#include "agent/subject/stands.h"

#include "agent/mirror/mirror.h"
#include "agent/own_log.h"
#include "agent/receipts.h"
#include "pki/logbook/logbook.h"

#define RECEIPT_ARENA_BYTES ((size_t)1 << 20)

static enum err is_in_own_log(const struct agent *a, struct kv_txn *txn, const struct digest *entry)
{
    struct log_row row;
    return log_get_row(logbook_tables(own_log_book(a->own_log)), txn, entry, &row);
}

static enum err has_receipt(const struct agent *a, struct kv_txn *txn, const struct digest *entry)
{
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(RECEIPT_ARENA_BYTES);
    struct receipt r;
    return arena != NULL ? receipts_get(a->receipts, txn, entry, arena, &r) : ERR_NOMEM;
}

enum err entry_stands(const struct agent *a, const struct entry_place *e, bool *is_own)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err bad = kv_read_begin(a->kv, &txn);
    if (bad == ERR_OK)
        bad = is_in_own_log(a, txn, &e->entry);
    *is_own = bad == ERR_OK;
    if (bad == ERR_NOT_FOUND && a->mirror == NULL)
        return ERR_OK;
    if (bad == ERR_NOT_FOUND)
        bad = has_receipt(a, txn, &e->entry);
    return bad == ERR_NOT_FOUND ? mirror_find(a->mirror, e->index, &e->entry) : bad;
}
