#include "agent/evidence.h"

#define ROW_SHOWN "witness_fork"
#define ROW_OWN "witness_fork_own"

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

enum err evidence_keep(struct store *s, struct kv_txn *txn, const struct evidence *found)
{
    bool has = false;
    enum err bad = evidence_has(s, txn, &has);
    if (bad != ERR_OK || has)
        return bad;
    bad = store_put(s, txn, STORE_META, bytes_str(ROW_OWN), found->own);
    return bad == ERR_OK ? store_put(s, txn, STORE_META, bytes_str(ROW_SHOWN), found->shown) : bad;
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
