/* What proves that the log showed two faces is kept for the auditor. */
#include <stdlib.h>

#include "agent/noticed.h"
#include "agent/witness/witness.h"
#include "proto/base/log.h"
#include "proto/host/writer.h"

struct keeping {
    struct agent *agent;
    struct buf shown;
    struct buf own;
};

static enum err keep_job(struct kv_txn *txn, void *arg)
{
    const struct keeping *k = arg;
    const struct evidence found = {buf_bytes(&k->shown), buf_bytes(&k->own)};
    return noticed_contradiction(k->agent, txn, &found);
}

static void keeping_free(struct keeping *k)
{
    buf_free(&k->shown);
    buf_free(&k->own);
    free(k);
}

static void kept(enum err result, void *arg)
{
    if (result != ERR_OK)
        log_err("witness.evidence_not_kept error=\"%s\"", err_text(result));
    keeping_free(arg);
}

void witness_note_fork(struct witness *w, const char *what)
{
    if (!w->is_fork)
        log_err("log.forked what=\"%s\": tell the auditor; the evidence is kept", what);
    w->is_fork = true;
}

void witness_keep_fork(struct witness *w, const struct evidence *found, const char *what)
{
    const bool is_first = !w->is_fork;
    witness_note_fork(w, what);
    struct keeping *k = is_first ? calloc(1, sizeof *k) : NULL;
    if (k == NULL)
        return;
    k->agent = w->agent;
    k->shown = buf_new(NOTE_MAX_BYTES);
    k->own = buf_new(NOTE_MAX_BYTES);
    buf_put(&k->shown, found->shown);
    buf_put(&k->own, found->own);
    enum err bad = buf_err(&k->shown);
    if (bad == ERR_OK)
        bad = buf_err(&k->own);
    if (bad == ERR_OK)
        bad = writer_submit(w->agent->writer, WRITER_INTERACTIVE, keep_job, kept, k);
    if (bad != ERR_OK)
        kept(bad, k);
}
