#include "broker/audit.h"

#include <stdlib.h>

#include "broker/store/log_rows.h"
#include "broker/store/meta.h"
#include "pki/body.h"
#include "pki/digest.h"
#include "pki/filler.h"
#include "pki/random.h"
#include "pki/sign.h"
#include "pki/vault.h"
#include "proto/base/join.h"
#include "proto/base/text.h"
#include "proto/host/clock.h"
#include "proto/host/crash.h"
#include "proto/host/writer.h"

#define MORE_FACTS_MAX 16u

struct audit {
    struct audit_params p;
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
    *out = take(a);
    return ERR_OK;
}

void audit_free(struct audit *a)
{
    if (a == NULL)
        return;
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

/* The evaluator's whole input, and what the act adds to it. */
static enum err put_facts(struct audit *a, const struct turn_audit *what, struct audit_body *b)
{
    size_t more = what->more_count < MORE_FACTS_MAX ? what->more_count : MORE_FACTS_MAX;
    if (what->facts != NULL) {
        struct fact_pairs *pairs = arena_alloc(a->arena, sizeof *pairs);
        if (pairs == NULL)
            return ERR_NOMEM;
        facts_to_pairs(what->facts, pairs);
        enum err e = audit_body_set_facts(b, pairs, more, a->arena);
        if (e != ERR_OK)
            return e;
    } else {
        b->facts = arena_array(a->arena, more, sizeof *b->facts);
        if (b->facts == NULL)
            return ERR_NOMEM;
    }
    if (more == 0)
        return ERR_OK;
    struct audit_fact *grown = arena_array(a->arena, b->facts_count + more, sizeof *grown);
    if (grown == NULL)
        return ERR_NOMEM;
    if (b->facts_count > 0)
        memcpy(grown, b->facts, b->facts_count * sizeof *grown);
    memcpy(grown + b->facts_count, what->more, more * sizeof *grown);
    b->facts = grown;
    b->facts_count += more;
    return ERR_OK;
}

/* Digests of ids under the body's own salt. */
static enum err put_refs(const struct turn_audit *what, const struct message_id *message,
                         struct audit_body *b)
{
    const struct bytes salt = BYTES_OF_ARRAY(b->salt.b);
    enum err e = ERR_OK;
    b->has_request_ref = !is_zero(digest_bytes(&what->request));
    if (b->has_request_ref)
        e = entry_ref(digest_sha256, salt, "request", digest_bytes(&what->request),
                      &b->request_ref);
    b->has_case_ref = !is_zero(BYTES_OF_ARRAY(what->case_id.b));
    if (e == ERR_OK && b->has_case_ref)
        e = entry_ref(digest_sha256, salt, "case", BYTES_OF_ARRAY(what->case_id.b), &b->case_ref);
    b->has_message_ref = message != NULL;
    if (e == ERR_OK && message != NULL)
        e = entry_ref(digest_sha256, salt, "message", BYTES_OF_ARRAY(message->b),
                      &b->message_ref);
    return e;
}

static enum err fill_body(struct audit *a, const struct turn_audit *what,
                          const struct message_id *message, struct audit_body *b)
{
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
    b->has_message_id = message != NULL;
    if (message != NULL)
        b->message_id = *message;
    enum err e = random_fill(b->salt.b, sizeof b->salt.b);
    if (e == ERR_OK)
        e = put_facts(a, what, b);
    if (e == ERR_OK && what->decision != NULL)
        e = audit_body_set_decision(b, what->decision, a->arena);
    if (what->reasons_count > 0 && b->reasons_count == 0) {
        b->reasons = what->reasons;
        b->reasons_count = what->reasons_count;
    }
    return e == ERR_OK ? put_refs(what, message, b) : e;
}

static enum err store_body(struct audit *a, struct kv_txn *txn, struct bytes body,
                           const struct log_row *row, struct digest *entry)
{
    CLEANUP(buf_free) struct buf wrapped = buf_new(BODY_KEY_WRAPPED_BYTES);
    CLEANUP(buf_free) struct buf sealed = buf_new(BODY_SEALED_MAX);
    struct digest d;
    enum err e = entry_hash(digest_sha256, body, &d);
    if (e == ERR_OK)
        e = body_seal(a->p.records, &d, body, &wrapped, &sealed);
    if (e != ERR_OK)
        return e;
    const struct log_new n = {
        .entry = &d, .row = row, .wrapped = buf_bytes(&wrapped), .sealed = buf_bytes(&sealed)};
    e = log_add(a->p.store, txn, &n);
    if (e == ERR_OK)
        *entry = d;
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
    enum err e = fill_body(a, what, message, b);
    if (e != ERR_OK)
        return e;
    CLEANUP(buf_free) struct buf json = buf_new(AUDIT_BODY_MAX);
    e = audit_body_write(b, &json);
    if (e != ERR_OK)
        return e;
    const struct log_row row = {
        .committed_at_s = now_s,
        .actor = b->actor,
        .peer = what->peer,
        .hidden_from_actor = what->hidden_from_sender,
        .hidden_from_peer = what->hidden_from_peer,
        .is_promised = actor != NULL && message != NULL,
        .index = LOG_NOT_PLACED,
    };
    e = store_body(a, txn, buf_bytes(&json), &row, entry);
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

enum err audit_open_body(struct audit *a, struct kv_txn *txn, const struct digest *entry,
                         struct buf *out)
{
    struct body_parts parts;
    enum err e = log_body(a->p.store, txn, entry, &parts.wrapped, &parts.sealed);
    return e == ERR_OK ? body_open(a->p.records, entry, &parts, out) : e;
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

#define DIGEST_HEX_BYTES (2 * sizeof(struct digest))

/* A digest as a plain value of a body; hex holds its text. */
static struct audit_fact digest_fact(const char *name, const struct digest *d,
                                     char hex[static DIGEST_HEX_BYTES])
{
    struct buf b = buf_fixed(hex, DIGEST_HEX_BYTES);
    text_put_hex(&b, digest_bytes(d));
    return (struct audit_fact){.name = bytes_str(name),
                               .by = PROVENANCE_UNKNOWN,
                               .kind = FACT_VALUE_TEXT,
                               .text = buf_bytes(&b)};
}

/* The first entry of a log commits to F and to the ceremony that opened the register. */
static enum err log_started(struct audit *a, struct kv_txn *txn, const struct secret *f,
                            const struct audit_beginning *at)
{
    struct digest commitment;
    char filler_hex[DIGEST_HEX_BYTES];
    char ceremony_hex[DIGEST_HEX_BYTES];
    struct audit_fact facts[2];
    size_t count = 0;
    enum err e = filler_commitment(f, &commitment);
    if (e != ERR_OK)
        return e;
    if (at->ceremony != NULL)
        facts[count++] = digest_fact("ceremony_digest", at->ceremony, ceremony_hex);
    facts[count++] = digest_fact("filler_key_digest", &commitment, filler_hex);
    const struct turn_audit what = {
        .event = AUDIT_EVENT_LOG_STARTED, .more = facts, .more_count = count};
    struct digest entry;
    return audit_append(a, txn, &what, NULL, NULL, at->now_s, &entry);
}

struct sealing {
    struct audit *audit;
    struct buf *out;
};

static enum err seal_filler(void *arg, struct bytes view)
{
    struct sealing *s = arg;
    return vault_seal(s->audit->p.records, bytes_str(AUDIT_ROW_FILLER), view, s->out);
}

static enum err make_filler(struct audit *a, struct kv_txn *txn,
                            const struct audit_beginning *at, struct secret **out)
{
    CLEANUP(cleanup_secret_free) struct secret *f = secret_random(FILLER_KEY_BYTES);
    if (f == NULL)
        return ERR_NOMEM;
    CLEANUP(buf_free) struct buf sealed = buf_new(FILLER_KEY_BYTES + AEAD_OVERHEAD_BYTES);
    struct sealing s = {a, &sealed};
    enum err e = secret_lend(f, seal_filler, &s);
    if (e == ERR_OK)
        e = meta_put(a->p.store, txn, AUDIT_ROW_FILLER, buf_bytes(&sealed));
    if (e == ERR_OK)
        e = log_started(a, txn, f, at);
    if (e != ERR_OK)
        return e;
    *out = f;
    f = NULL;
    return ERR_OK;
}

enum err audit_filler_key(struct audit *a, struct kv_txn *txn, const struct audit_beginning *at,
                          struct secret **out)
{
    struct bytes row;
    enum err e = meta_get(a->p.store, txn, AUDIT_ROW_FILLER, &row);
    if (e == ERR_NOT_FOUND)
        return make_filler(a, txn, at, out);
    if (e != ERR_OK)
        return e;
    uint8_t plain[FILLER_KEY_BYTES];
    struct buf b = buf_fixed(plain, sizeof plain);
    e = vault_open(a->p.records, bytes_str(AUDIT_ROW_FILLER), row, &b);
    struct secret *f = e == ERR_OK ? secret_new(buf_bytes(&b)) : NULL;
    secret_wipe(plain, sizeof plain);
    if (e != ERR_OK)
        return e;
    if (f == NULL)
        return ERR_NOMEM;
    *out = f;
    return ERR_OK;
}

enum err audit_put_filler_hex(struct audit *a, struct kv_txn *txn, struct buf *out)
{
    struct bytes row;
    uint8_t plain[FILLER_KEY_BYTES];
    struct buf b = buf_fixed(plain, sizeof plain);
    enum err e = meta_get(a->p.store, txn, AUDIT_ROW_FILLER, &row);
    if (e == ERR_OK)
        e = vault_open(a->p.records, bytes_str(AUDIT_ROW_FILLER), row, &b);
    if (e == ERR_OK)
        text_put_hex(out, buf_bytes(&b));
    secret_wipe(plain, sizeof plain);
    return e == ERR_OK ? buf_err(out) : e;
}
