#include "agent/subject/stands.h"

#include "agent/mirror/mirror.h"
#include "agent/own_log.h"
#include "agent/receipts.h"
#include "pki/logbook/logbook.h"
#include "proto/host/tiles.h"

#define BUNDLE_MAX_BYTES ((size_t)1 << 20)
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

/* Of the entries that the mirror has under its checkpoint, in the folder of the log that the agency follows now. */
static enum err is_in_mirror(const struct agent *a, const struct entry_place *e)
{
    CLEANUP(cleanup_tiles_free) struct tiles *tiles = NULL;
    CLEANUP(buf_free) struct buf bundle = buf_new(BUNDLE_MAX_BYTES);
    struct bytes entries[TILE_WIDTH];
    const uint64_t n = e->index / TILE_WIDTH;
    if (e->index >= a->mirror->size)
        return ERR_NOT_FOUND;
    const struct tile_id id = {TILE_ENTRIES, 0, n, tile_width(0, n, a->mirror->size)};
    enum err bad = tiles_open(a->mirror->dir, &tiles, NULL);
    if (bad == ERR_OK)
        bad = tiles_read(tiles, &id, &bundle);
    if (bad == ERR_OK)
        bad = bundle_parse(buf_bytes(&bundle), id.width, entries);
    if (bad != ERR_OK)
        return bad;
    return bytes_equal(entries[e->index % TILE_WIDTH], digest_bytes(&e->entry)) ? ERR_OK : ERR_NOT_FOUND;
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
    return bad == ERR_NOT_FOUND ? is_in_mirror(a, e) : bad;
}
