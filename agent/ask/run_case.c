/* What a request leaves in its case and in the log. */
#include "agent/ask/run.h"

enum err run_note_in_case(struct ask_run *r, struct kv_txn *txn)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(CASE_ROW_MAX_BYTES);
    struct case_row now;
    if (a == NULL)
        return ERR_NOMEM;
    enum err bad = case_get(r->agent->store, txn, &r->dossier.id, a, &now);
    if (bad == ERR_OK)
        bad = case_still(&r->dossier, &now, &r->why);
    if (bad == ERR_OK)
        bad = case_use(&now, r->question.rule, view_policy_digest(r->view), &r->why);
    return bad == ERR_OK ? case_put(r->agent->store, txn, &now) : bad;
}

struct own_entry run_entry(const struct ask_run *r, enum audit_event event)
{
    return (struct own_entry){
        .event = event,
        .staff = &r->staff,
        .rule = &r->question.rule->id,
        .rule_version = r->question.rule->version,
        .policy = view_policy_digest(r->view),
        .case_id = &r->dossier.id,
    };
}
