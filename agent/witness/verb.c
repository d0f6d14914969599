/* The verb `witness`: a request of the add-checkpoint form that came as a file, from whichever log; the answer is what
 * an HTTP witness would send. Or the evidence of a log that showed two histories. */
#include "agent/evidence.h"
#include "agent/witness/witness.h"
#include "proto/host/kv.h"
#include "proto/log/witness_request.h"

#define EVIDENCE_ARENA_BYTES (2u * (WITNESS_REQUEST_MAX_BYTES + NOTE_MAX_BYTES))

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

/* As kept, and the two signed heads by themselves, as programs read them. */
static struct doc *evidence_doc(const struct evidence *e)
{
    struct witness_request r;
    const bool is_request = witness_request_parse(e->shown, &r) == ERR_OK;
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_text(&b, "shown", e->shown);
    doc_put_text(&b, "shown_head", is_request ? r.checkpoint : e->shown);
    doc_put_text(&b, "own_head", e->own);
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

static void tell_evidence(struct call *c)
{
    struct agent *agent = call_agent(c);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(EVIDENCE_ARENA_BYTES);
    struct errmsg why = {""};
    struct evidence e;
    enum err bad = a != NULL ? kv_read_begin(agent->kv, &txn) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = evidence_get(agent->store, txn, a, &e);
    if (bad == ERR_NOT_FOUND)
        bad = errmsg_set(&why, bad, "there is none: the broker's log never contradicted what this agency verified");
    if (bad != ERR_OK)
        call_error(c, bad, &why);
    else
        call_ok(c, evidence_doc(&e));
}

void witness_verb(struct call *c, const struct doc *args)
{
    struct witness *w = call_agent(c)->witness;
    struct errmsg why = {""};
    struct bytes request;
    if (doc_has(args, "evidence")) {
        tell_evidence(c);
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
