/* Where the end that the roster names contradicts what this agency verified is kept with the evidence, so that nobody passes over
 * it later: not behind a restart, not under the next roster, not by saying so. */
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/log_origin.h"
#include "agent/noticed.h"
#include "agent/successor/successor.h"
#include "proto/base/log.h"
#include "proto/host/kv.h"
#include "proto/host/writer.h"
#include "proto/log/witness_request.h"

#define ROW "log_contradicted/" /* and the end: size, root and origin */
#define KEY_BYTES (sizeof ROW + NOTE_MAX_NAME + 64u)

struct keeping {
    struct agent *agent;
    struct buf key;
    struct buf shown;
    struct buf own;
};

static enum err put_key(struct buf *out, const struct roster_former_origin *end)
{
    buf_put_str(out, ROW);
    buf_put_u64(out, end->size);
    buf_put(out, digest_bytes(&end->root));
    buf_put(out, end->origin);
    return buf_err(out);
}

static enum err keep_job(struct kv_txn *txn, void *arg)
{
    const struct keeping *k = arg;
    const struct evidence found = {buf_bytes(&k->shown), buf_bytes(&k->own)};
    const enum err bad = noticed_contradiction(k->agent, txn, &found);
    return bad == ERR_OK ? store_put(k->agent->store, txn, STORE_META, buf_bytes(&k->key), bytes_of(NULL, 0)) : bad;
}

static void kept(enum err result, void *arg)
{
    struct keeping *k = arg;
    if (result != ERR_OK)
        log_err("log.contradiction_not_kept error=\"%s\"", err_text(result));
    if (k == NULL)
        return;
    buf_free(&k->key);
    buf_free(&k->shown);
    buf_free(&k->own);
    free(k);
}

void contradiction_keep(struct agent *a, const struct roster_former_origin *end, const struct evidence *found)
{
    struct keeping *k = calloc(1, sizeof *k);
    if (k == NULL) {
        kept(ERR_NOMEM, NULL);
        return;
    }
    *k = (struct keeping){a, buf_new(KEY_BYTES), buf_new(WITNESS_REQUEST_MAX_BYTES), buf_new(NOTE_MAX_BYTES)};
    buf_put(&k->shown, found->shown);
    buf_put(&k->own, found->own);
    enum err bad = put_key(&k->key, end);
    if (bad == ERR_OK)
        bad = buf_err(&k->shown);
    if (bad == ERR_OK)
        bad = buf_err(&k->own);
    if (bad == ERR_OK)
        bad = writer_submit(a->writer, WRITER_INTERACTIVE, keep_job, kept, k);
    if (bad != ERR_OK)
        kept(bad, k);
}

enum err contradiction_has(const struct agent *a, const struct roster_former_origin *end, bool *out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(buf_free) struct buf key = buf_new(KEY_BYTES);
    enum err bad = put_key(&key, end);
    if (bad == ERR_OK)
        bad = kv_read_begin(a->kv, &txn);
    if (bad == ERR_OK)
        bad = store_has(a->store, txn, STORE_META, buf_bytes(&key));
    *out = bad == ERR_OK;
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}
