/* One request judged: the state is read, compared and replaced in one transaction, and the cosignature leaves only
 * after that is durable. */
#include <stdlib.h>

#include "agent/keys.h"
#include "agent/log_origin.h"
#include "agent/noticed.h"
#include "agent/receipts.h"
#include "agent/witness/witness.h"
#include "proto/base/log.h"
#include "proto/host/crash.h"
#include "proto/host/writer.h"

#define JUDGE_ARENA_BYTES (NOTE_ARENA_BYTES + NOTE_MAX_BYTES + (64u << 10))
#define ANSWER_BYTES ((size_t)8 << 10)

struct judging {
    struct witness *witness;
    struct audit_policy *policy;
    struct witness_log log;
    struct vkey *keys;
    struct witness_name name;
    struct buf request;
    struct arena *arena;
    int64_t now_s;
    witness_answer_fn on_answer;
    void *arg;
    /* of the job */
    struct witness_verdict verdict;
    struct buf body;
    struct errmsg why;
};

static void judging_free(struct judging *j)
{
    if (j == NULL)
        return;
    audit_policy_free(j->policy);
    free(j->keys);
    buf_free(&j->request);
    buf_free(&j->body);
    arena_free(j->arena);
    free(j);
}
DEFINE_CLEANUP(struct judging, judging_free)

static enum err cosign(struct judging *j, struct kv_txn *txn)
{
    struct agent *a = j->witness->agent;
    const struct note_signer signer = {bytes_str(j->name.s), agent_keys_witness(a->keys)};
    enum err bad = note_cosign(&signer, j->verdict.text, (uint64_t)j->now_s, &j->body);
    const struct witness_row row = {j->verdict.next, buf_bytes(&j->body), j->verdict.note};
    if (bad == ERR_OK)
        bad = witness_row_put(a->store, txn, &row);
    if (bad == ERR_OK)
        bad = receipts_put_head(a->receipts, txn, row.state.size, j->verdict.note);
    crash_point("witness.before_commit");
    return bad;
}

static enum err judge_job(struct kv_txn *txn, void *arg)
{
    struct judging *j = arg;
    struct store *s = j->witness->agent->store;
    struct witness_row row;
    bool is_followed = false;
    arena_reset(j->arena);
    buf_reset(&j->body);
    enum err bad = log_origin_is(s, txn, bytes_str(j->log.keys[0].name), &is_followed);
    if (bad == ERR_OK && !is_followed)
        return ERR_STATE; /* the agency went over to another log meanwhile */
    if (bad == ERR_OK)
        bad = witness_row_get(s, txn, j->arena, &row);
    if (bad == ERR_OK)
        bad = witness_judge(&j->log, &row.state, buf_bytes(&j->request), j->arena, &j->verdict, &j->why);
    if (bad == ERR_OK && j->verdict.status == WITNESS_COSIGN)
        return cosign(j, txn);
    if (bad == ERR_OK && j->verdict.status == WITNESS_CONFLICT)
        buf_printf(&j->body, "%llu\n", (unsigned long long)row.state.size);
    const struct evidence found = {buf_bytes(&j->request), row.head};
    if (bad == ERR_OK && j->verdict.is_fork)
        bad = noticed_contradiction(j->witness->agent, txn, &found);
    return bad == ERR_OK ? buf_err(&j->body) : bad;
}

/* What was committed, for the loop. */
static void remember(struct witness *w, const struct judging *j)
{
    const struct witness_row row = {j->verdict.next, buf_bytes(&j->body), j->verdict.note};
    witness_take_row(w, &row);
    receipts_saw_head(w->agent->receipts, j->verdict.next.size, &j->verdict.next.root, j->verdict.note);
}

static void judged(enum err result, void *arg)
{
    CLEANUP(cleanup_judging_free) struct judging *j = arg;
    struct witness *w = j->witness;
    w->is_judging = false;
    if (result == ERR_OK && j->verdict.status == WITNESS_COSIGN) {
        crash_point("witness.committed");
        remember(w, j);
    }
    if (result == ERR_OK && j->verdict.is_fork)
        witness_note_fork(w, j->why.text);
    const struct witness_answer answer = {result, j->verdict.status, buf_bytes(&j->body), j->why.text};
    j->on_answer(j->arg, &answer);
}

static enum err copy_keys(struct judging *j)
{
    j->keys = calloc(AUDIT_POLICY_MAX_LOGS, sizeof *j->keys);
    if (j->keys == NULL)
        return ERR_NOMEM;
    const size_t n = audit_policy_logs(j->policy);
    for (size_t i = 0; i < n; i++)
        j->keys[i] = *audit_policy_log(j->policy, i);
    j->log = (struct witness_log){j->keys, n};
    return ERR_OK;
}

static enum err prepare(struct judging *j, struct bytes request, struct errmsg *why)
{
    const struct witness *w = j->witness;
    j->request = buf_new(WITNESS_REQUEST_MAX_BYTES);
    j->body = buf_new(ANSWER_BYTES);
    j->arena = arena_new(JUDGE_ARENA_BYTES);
    buf_put(&j->request, request);
    enum err bad = j->arena != NULL ? buf_err(&j->request) : ERR_NOMEM;
    if (bad == ERR_OK && !log_origin_is_current(w->agent))
        bad = errmsg_set(why, ERR_UNSUPPORTED,
                         "this agency follows the log before the one that the roster names: sluis status says why");
    if (bad == ERR_OK)
        bad = witness_policy(w, &j->policy, why);
    if (bad == ERR_OK && !witness_is_listed(w, j->policy, &j->name))
        bad = errmsg_set(why, ERR_UNSUPPORTED,
                         "the audit policy lists no witness with this agency's key; sluis-pki witness makes the key");
    return bad == ERR_OK ? copy_keys(j) : bad;
}

enum err witness_judge_request(struct witness *w, struct bytes request, witness_answer_fn on_answer, void *arg,
                               struct errmsg *why)
{
    CLEANUP(cleanup_judging_free) struct judging *j = calloc(1, sizeof *j);
    if (j == NULL)
        return ERR_NOMEM;
    j->witness = w;
    j->on_answer = on_answer;
    j->arg = arg;
    j->now_s = agent_now_s(w->agent);
    enum err bad = prepare(j, request, why);
    if (bad == ERR_OK)
        bad = writer_submit(w->agent->writer, WRITER_INTERACTIVE, judge_job, judged, j);
    if (bad != ERR_OK)
        return bad;
    w->is_judging = true;
    j = NULL;
    return ERR_OK;
}
