/* Over the broker's wire: brings the newest cosignature, takes the next head to cosign and the newest checkpoint that
 * the quorum cosigned. */
#include "agent/evidence.h"
#include "agent/log_origin.h"
#include "agent/session.h"
#include "agent/witness/witness.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/writer.h"
#include "proto/msg/cosign.h"

_Static_assert(COSIGN_MAX_NOTE_BYTES == NOTE_MAX_BYTES, "a checkpoint is a note");
_Static_assert(COSIGN_MAX_REQUEST_BYTES == WITNESS_REQUEST_MAX_BYTES, "as tlog-witness has it");

#define LIFE_S 30
#define REPLY_ARENA_BYTES ((size_t)2 << 20)
#define KEEP_EVERY_S 60 /* how far the kept time of the quorum may lag */

/* ---- what the quorum cosigned ---- */

static enum err keep_job(struct kv_txn *txn, void *arg)
{
    const struct witness *w = arg;
    return store_put_number(w->agent->store, txn, WITNESS_QUORUM, (uint64_t)w->quorum_kept_s);
}

static void kept(enum err result, void *arg)
{
    struct witness *w = arg;
    w->is_keeping = false;
    if (result != ERR_OK)
        log_warn("witness.time_not_kept error=\"%s\"", err_text(result));
}

/* The job reads what nothing changes until it is kept. */
static void keep_time(struct witness *w)
{
    if (w->is_keeping || w->quorum_s < w->quorum_kept_s + KEEP_EVERY_S)
        return;
    w->quorum_kept_s = w->quorum_s;
    w->is_keeping = writer_submit(w->agent->writer, WRITER_INTERACTIVE, keep_job, kept, w) == ERR_OK;
}

/* What this witness cosigned at that size. NULL: not known any more, or not yet. */
static const struct witness_state *seen_at(const struct witness *w, uint64_t size)
{
    const size_t n = w->seen_count < WITNESS_SEEN ? w->seen_count : WITNESS_SEEN;
    for (size_t i = 0; i < n; i++)
        if (w->seen[i].size == size)
            return &w->seen[i];
    return NULL;
}

/* A head counts where this witness has seen the log grow up to it. An agency that is no witness can only believe. */
static bool is_seen(const struct witness *w, const struct audit_policy *policy, const struct checkpoint *c)
{
    struct witness_name name;
    const struct witness_state *mine = seen_at(w, c->size);
    return !witness_is_listed(w, policy, &name) || (mine != NULL && digest_equal(&mine->root, &c->root));
}

static void count_quorum(struct witness *w, const struct audit_policy *policy, const struct head *head)
{
    const int64_t now_s = agent_now_s(w->agent);
    const int64_t at_s = (int64_t)log_policy_quorum_time(policy, head);
    const int64_t counts_s = at_s < now_s ? at_s : now_s;
    if (counts_s <= w->quorum_s || !is_seen(w, policy, &head->checkpoint))
        return;
    if (witness_quorum_age(w) == QUORUM_STOPPED)
        log_notice("witness.quorum_again size=%llu", (unsigned long long)head->checkpoint.size);
    w->quorum_s = counts_s;
    keep_time(w);
}

static bool is_other(const struct witness *w, const struct checkpoint *c)
{
    const struct witness_state *mine = seen_at(w, c->size);
    return mine != NULL && !digest_equal(&mine->root, &c->root);
}

void witness_take_cosigned(struct witness *w, struct bytes note)
{
    struct errmsg why = {""};
    struct head head;
    CLEANUP(cleanup_audit_policy_free) struct audit_policy *policy = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    enum err bad = a != NULL ? witness_policy(w, &policy, &why) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = head_verify(policy, note, a, &head, &why);
    const struct evidence found = {note, w->row.head}; /* the newest that it cosigned grew from the one of that size */
    if (bad == ERR_OK && is_other(w, &head.checkpoint))
        witness_keep_fork(w, &found, "other witnesses cosigned another head of a size that this one cosigned");
    else if (bad == ERR_OK)
        count_quorum(w, policy, &head);
    else
        log_warn("witness.checkpoint_refused reason=\"%s\"", why.text[0] != '\0' ? why.text : err_text(bad));
}

/* ---- asking ---- */

static void on_judged(void *arg, const struct witness_answer *answer)
{
    struct witness *w = arg;
    if (answer->result != ERR_OK)
        log_warn("witness.not_judged error=\"%s\"", err_text(answer->result));
    else if (answer->status == WITNESS_COSIGN)
        witness_ask(w); /* brings it */
    else if (answer->status != w->told)
        log_warn("witness.head_refused status=%d reason=\"%s\"", (int)answer->status, answer->reason);
    if (answer->result == ERR_OK)
        w->told = answer->status;
}

static void take_reply(struct witness *w, struct bytes body)
{
    struct errmsg why = {""};
    struct cosign_reply r;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(REPLY_ARENA_BYTES);
    enum err bad = a != NULL ? cosign_reply_decode(body, a, &r, &why) : ERR_NOMEM;
    if (!log_origin_is_current(w->agent))
        return; /* another log came in force meanwhile */
    if (bad == ERR_OK && r.cosigned.len > 0)
        witness_take_cosigned(w, r.cosigned);
    if (bad == ERR_OK && r.request.len > 0 && !w->is_judging)
        bad = witness_judge_request(w, r.request, on_judged, w, &why);
    if (bad != ERR_OK && bad != ERR_UNSUPPORTED)
        log_warn("witness.answer_refused reason=\"%s\"", why.text[0] != '\0' ? why.text : err_text(bad));
}

static void on_reply(void *arg, const struct message_id *id, enum msg_kind kind, struct bytes body)
{
    struct witness *w = arg;
    (void)id;
    w->is_asking = false;
    if (kind == MSG_COSIGN_REPLY)
        take_reply(w, body);
    else if (kind != MSG_NONE)
        log_warn("witness.refused kind=%s", msg_kind_id(kind));
}

void witness_ask(struct witness *w)
{
    struct agent *a = w->agent;
    if (w->is_asking || w->is_judging || !log_origin_is_current(a) || a->session == NULL || !session_is_open(a->session))
        return;
    CLEANUP(buf_free) struct buf body = buf_new(COSIGN_MAX_LINES_BYTES + COSIGN_MAX_WITNESS_BYTES + 96);
    struct witness_name name;
    struct cosign c = {.size = w->row.state.size, .lines = w->row.lines};
    witness_put_away(w, &name, &c);
    enum err bad = cosign_encode(&c, &body);
    const struct session_ask ask = {MSG_COSIGN, buf_bytes(&body), LIFE_S, on_reply, w};
    if (bad == ERR_OK)
        bad = session_ask(a->session, &ask, NULL);
    w->is_asking = bad == ERR_OK;
    w->asked_ms = clock_mono_ms();
    if (bad != ERR_OK && bad != ERR_STATE && bad != ERR_LIMIT)
        log_warn("witness.not_asked error=\"%s\"", err_text(bad));
}
