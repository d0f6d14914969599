/* The verb `witness`: a request of the add-checkpoint form that came as a file, from whichever log; the answer is what
 * an HTTP witness would send. */
#include "agent/witness/witness.h"

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

void witness_verb(struct call *c, const struct doc *args)
{
    struct witness *w = call_agent(c)->witness;
    struct errmsg why = {""};
    struct bytes request;
    enum err bad = doc_get_text(args, "request", WITNESS_REQUEST_MAX_BYTES, &request, &why);
    if (bad == ERR_OK && w->file.len == 0)
        bad = errmsg_set(&why, ERR_UNSUPPORTED, "the agent's configuration names no audit_policy");
    if (bad == ERR_OK)
        bad = witness_judge_request(w, request, on_answer, c, &why);
    if (bad != ERR_OK)
        call_error(c, bad, &why);
}
