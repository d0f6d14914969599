#include "broker/audit.h"

#include <stdlib.h>

#include "broker/store/store.h"
#include "pki/logbook/logbook.h"
#include "pki/sign.h"
#include "proto/host/clock.h"
#include "proto/host/crash.h"
#include "proto/host/writer.h"

struct audit {
    struct audit_params p;
    struct logbook *logbook;
    struct arena *arena;  /* store thread: one entry at a time */
};

enum err audit_new(const struct audit_params *p, struct audit **out)
{
    CLEANUP(cleanup_audit_free) struct audit *a = calloc(1, sizeof *a);
    if (a == NULL)
        return ERR_NOMEM;
    a->p = *p;
    a->arena = arena_new((size_t)1 << 20);
    if (a->arena == NULL)
        return ERR_NOMEM;
    const struct logbook_params of = {.tables = &p->store->log, .records = p->records};
    enum err e = logbook_new(&of, &a->logbook);
    if (e != ERR_OK)
        return e;
    *out = take(a);
    return ERR_OK;
}

void audit_free(struct audit *a)
{
    if (a == NULL)
        return;
    logbook_free(a->logbook);
    arena_free(a->arena);
    free(a);
}

static bool is_zero(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++)
        if (b.ptr[i] != 0)
            return false;
    return true;
}

static enum err fill_body(struct audit *a, const struct turn_audit *what, struct audit_body *b)
{
    const struct logbook_facts facts = {what->facts, what->more, what->more_count};
    b->event = what->event;
    b->peer = what->peer;
    b->rule = what->rule;
    b->rule_version = what->rule_version;
    b->staff = bytes_str(what->staff.s);
    b->key_version = what->key_version;
    b->has_policy_digest = !is_zero(digest_bytes(&what->policy));
    b->policy_digest = what->policy;
    b->has_count = what->count != 0;
    b->count = what->count;
    enum err e = logbook_put_facts(&facts, a->arena, b);
    if (e == ERR_OK && what->decision != NULL)
        e = audit_body_set_decision(b, what->decision, a->arena);
    if (what->reasons_count > 0 && b->reasons_count == 0) {
        b->reasons = what->reasons;
        b->reasons_count = what->reasons_count;
    }
    return e;
}

enum err audit_append(struct audit *a, struct kv_txn *txn, const struct turn_audit *what,
                      const struct agency_id *actor, const struct message_id *message,
                      int64_t now_s, struct digest *entry)
{
    arena_reset(a->arena);
    struct audit_body *b = arena_alloc(a->arena, sizeof *b);
    if (b == NULL)
        return ERR_NOMEM;
    b->ts = now_s;
    if (actor != NULL)
        b->actor = *actor;
    enum err e = fill_body(a, what, b);
    if (e != ERR_OK)
        return e;
    const struct logbook_new_entry n = {
        .body = b,
        .request = is_zero(digest_bytes(&what->request)) ? NULL : &what->request,
        .case_id = is_zero(BYTES_OF_ARRAY(what->case_id.b)) ? NULL : &what->case_id,
        .message = message,
        .hidden_from_actor = what->hidden_from_sender,
        .hidden_from_peer = what->hidden_from_peer,
        .is_promised = actor != NULL && message != NULL,
    };
    e = logbook_append(a->logbook, txn, &n, entry);
    crash_point("audit.appended");
    return e;
}

enum err audit_promise(struct audit *a, const struct audit_promised *what, struct buf *promise,
                       struct buf *signature)
{
    if (what->by == NULL)
        return ERR_STATE;
    const int64_t merge_s = (int64_t)((2 * a->p.publish_interval_ms + 999) / 1000);
    const struct promise p = {
        .deployment = a->p.deployment,
        .origin = bytes_str(a->p.origin),
        .entry = *what->entry,
        .message_id = *what->message,
        .committed_at_s = what->now_s,
        .merge_by_s = what->now_s + merge_s,
    };
    enum err e = promise_encode(&p, promise);
    struct signature s;
    if (e == ERR_OK)
        e = sign_document(SIGN_PROMISE, what->by, buf_bytes(promise), &s);
    if (e != ERR_OK)
        return e;
    buf_put(signature, signature_bytes(&s));
    return buf_err(signature);
}

struct logbook *audit_logbook(struct audit *a)
{
    return a->logbook;
}

enum err audit_open_body(struct audit *a, struct kv_txn *txn, const struct digest *entry,
                         struct buf *out)
{
    return logbook_open_body(a->logbook, txn, entry, out);
}

/* An automatic act on its way to the store thread. */
struct note {
    struct broker *broker;
    struct turn_audit what;
    struct agency_id actor;
    bool has_actor;
    int64_t now_s;
};

static enum err note_job(struct kv_txn *txn, void *arg)
{
    struct note *n = arg;
    struct digest entry;
    return audit_append(n->broker->audit, txn, &n->what, n->has_actor ? &n->actor : NULL, NULL,
                        n->now_s, &entry);
}

static void note_done(enum err result, void *arg)
{
    struct note *n = arg;
    broker_saw(n->broker, result);
    free(n);
}

void audit_note(struct broker *b, const struct turn_audit *what, const struct agency_id *actor)
{
    struct note *n = calloc(1, sizeof *n);
    if (n == NULL) {
        broker_saw(b, ERR_NOMEM);
        return;
    }
    *n = (struct note){.broker = b, .what = *what, .now_s = clock_now_s(b->clock)};
    n->what.facts = NULL; /* views do not outlive the call */
    n->what.decision = NULL;
    n->what.more = NULL;
    n->what.more_count = 0;
    n->what.reasons = NULL;
    n->what.reasons_count = 0;
    n->has_actor = actor != NULL;
    if (actor != NULL)
        n->actor = *actor;
    enum err e = writer_submit(b->writer, WRITER_INTERACTIVE, note_job, note_done, n);
    if (e != ERR_OK) {
        free(n);
        broker_saw(b, e);
    }
}
