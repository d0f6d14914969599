#include "agent/noticed.h"

#include "agent/agent.h"
#include "agent/own_log.h"
#include "pki/digest.h"
#include "pki/note.h"
#include "proto/log/checkpoint.h"

enum err noticed_unsent(const struct agent *a, struct kv_txn *txn, const struct noticed_unsent *u)
{
    struct audit_hex room;
    const struct audit_fact facts[] = {audit_fact_text("origin", u->origin), audit_fact_count("index", u->index),
                                       audit_fact_digest("entry", u->entry, &room)};
    const struct own_entry e = {.event = AUDIT_EVENT_LOG_UNSENT, .facts = facts, .facts_count = ARRAY_LEN(facts)};
    return own_log_append(a, txn, &e);
}

static enum err say(const struct agent *a, struct kv_txn *txn, const struct checkpoint *head, const struct evidence *found)
{
    struct audit_hex room[2];
    struct digest shown;
    struct digest own;
    enum err bad = digest_sha256(&found->shown, 1, &shown);
    if (bad == ERR_OK)
        bad = digest_sha256(&found->own, 1, &own);
    if (bad != ERR_OK)
        return bad;
    const struct audit_fact facts[] = {audit_fact_text("origin", head->origin), audit_fact_count("size", head->size),
                                       audit_fact_digest("shown", &shown, &room[0]), audit_fact_digest("own", &own, &room[1])};
    const struct own_entry e = {.event = AUDIT_EVENT_LOG_CONTRADICTED,
                                .facts = facts,
                                .facts_count = found->own.len > 0 ? ARRAY_LEN(facts) : ARRAY_LEN(facts) - 1};
    return own_log_append(a, txn, &e);
}

enum err noticed_contradiction(const struct agent *a, struct kv_txn *txn, const struct evidence *found)
{
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(NOTE_ARENA_BYTES);
    struct checkpoint head;
    bool is_new = false;
    if (arena == NULL)
        return ERR_NOMEM;
    enum err bad = evidence_keep(a->store, txn, found, &is_new);
    if (bad != ERR_OK || !is_new)
        return bad;
    bad = evidence_checkpoint(found->shown, arena, &head);
    return bad == ERR_OK ? say(a, txn, &head, found) : bad;
}
