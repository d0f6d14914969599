#include "agent/evidence.h"

#include "proto/log/note.h"

#define ROW_SHOWN "witness_fork"
#define ROW_OWN "witness_fork_own"
#define ROW_HEAD "head" /* receipts.c */
#define ARENA_BYTES (2u * NOTE_MAX_BYTES)

enum err evidence_has(struct store *s, struct kv_txn *txn, bool *out)
{
    const enum err bad = store_has(s, txn, STORE_META, bytes_str(ROW_SHOWN));
    *out = bad == ERR_OK;
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* Empty where there is none. */
static enum err get_row(struct store *s, struct kv_txn *txn, const char *row, struct arena *a, struct bytes *out)
{
    *out = bytes_of(NULL, 0);
    const enum err bad = store_get(s, txn, STORE_META, bytes_str(row), a, out);
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

enum err evidence_keep(struct store *s, struct kv_txn *txn, struct bytes shown)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ARENA_BYTES);
    bool has = false;
    struct bytes own;
    enum err bad = a != NULL ? evidence_has(s, txn, &has) : ERR_NOMEM;
    if (bad != ERR_OK || has)
        return bad;
    bad = get_row(s, txn, ROW_HEAD, a, &own);
    if (bad == ERR_OK)
        bad = store_put(s, txn, STORE_META, bytes_str(ROW_OWN), own);
    return bad == ERR_OK ? store_put(s, txn, STORE_META, bytes_str(ROW_SHOWN), shown) : bad;
}

enum err evidence_get(struct store *s, struct kv_txn *txn, struct arena *a, struct evidence *out)
{
    struct evidence found;
    enum err bad = store_get(s, txn, STORE_META, bytes_str(ROW_SHOWN), a, &found.shown);
    if (bad == ERR_OK)
        bad = get_row(s, txn, ROW_OWN, a, &found.own);
    if (bad == ERR_OK)
        *out = found;
    return bad;
}
