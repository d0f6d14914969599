/* The verb `witness`: a request of the add-checkpoint form that came as a file, from whichever log; the answer is what
 * an HTTP witness would send. Or the evidence of the logs that showed two histories. */
#include "agent/evidence.h"
#include "agent/log_origin.h"
#include "agent/witness/witness.h"
#include "proto/host/kv.h"
#include "proto/log/witness_request.h"

static struct doc *answer_doc(const struct witness_answer *answer)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_int(&b, "status", (int64_t)answer->status);
    doc_put_text(&b, "body", answer->body);
    doc_put_str(&b, "reason", answer->reason);
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

static void on_answer(void *arg, const struct witness_answer *answer)
{
    struct call *c = arg;
    if (answer->result != ERR_OK)
        call_error(c, answer->result, NULL);
    else
        call_ok(c, answer_doc(answer));
}

/* ---- evidence ---- */

/* As kept, and the two signed heads by themselves, as programs read them; and which logs there is evidence of. */
static struct doc *evidence_doc(const struct evidence *e, struct bytes origin, const struct evidence_logs *logs)
{
    struct doc *all = doc_new_array();
    for (size_t i = 0; all != NULL && i < logs->count; i++)
        if (doc_append(all, doc_new_text(logs->origin[i])) != ERR_OK) {
            doc_free(all);
            return NULL;
        }
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_text(&b, "origin", origin);
    doc_put_text(&b, "shown", e->shown);
    doc_put_text(&b, "shown_head", evidence_head(e->shown));
    doc_put_text(&b, "own_head", e->own);
    doc_put_doc(&b, "logs", all);
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

/* The log that is asked for; else the one that is followed; else any of which there is evidence. */
static enum err choose_log(const struct agent *agent, const struct doc *args, const struct evidence_logs *logs, struct bytes *out,
                           struct errmsg *why)
{
    if (doc_has(args, "origin"))
        return doc_get_text(args, "origin", NOTE_MAX_NAME, out, why);
    if (logs->count == 0)
        return errmsg_set(why, ERR_NOT_FOUND, "there is none: the broker's log never contradicted what this agency verified");
    *out = logs->origin[0];
    for (size_t i = 1; i < logs->count; i++)
        if (bytes_equal(logs->origin[i], log_origin_followed(agent)))
            *out = logs->origin[i];
    return ERR_OK;
}

static void tell_evidence(struct call *c, const struct doc *args)
{
    struct agent *agent = call_agent(c);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(2 * EVIDENCE_ARENA_BYTES);
    struct errmsg why = {""};
    struct evidence_logs logs;
    struct evidence e;
    struct bytes origin;
    enum err bad = a != NULL ? kv_read_begin(agent->kv, &txn) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = evidence_logs(agent->store, txn, a, &logs);
    if (bad == ERR_OK)
        bad = choose_log(agent, args, &logs, &origin, &why);
    if (bad == ERR_OK && (bad = evidence_get(agent->store, txn, origin, a, &e)) == ERR_NOT_FOUND)
        bad = errmsg_set(&why, bad, "there is none of that log");
    if (bad != ERR_OK)
        call_error(c, bad, &why);
    else
        call_ok(c, evidence_doc(&e, origin, &logs));
}

void witness_verb(struct call *c, const struct doc *args)
{
    struct witness *w = call_agent(c)->witness;
    struct errmsg why = {""};
    struct bytes request;
    if (doc_has(args, "evidence")) {
        tell_evidence(c, args);
        return;
    }
    if (doc_has(args, "left")) {
        witness_left_verb(c);
        return;
    }
    if (doc_has(args, "away_until")) {
        witness_away_verb(c, args);
        return;
    }
    enum err bad = doc_get_text(args, "request", WITNESS_REQUEST_MAX_BYTES, &request, &why);
    if (bad == ERR_OK && w->file.len == 0)
        bad = errmsg_set(&why, ERR_UNSUPPORTED, "the agent's configuration names no audit_policy");
    if (bad == ERR_OK)
        bad = witness_judge_request(w, request, on_answer, c, &why);
    if (bad != ERR_OK)
        call_error(c, bad, &why);
}
