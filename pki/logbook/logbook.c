#include "pki/logbook/logbook.h"

#include <stdlib.h>

#include "pki/body.h"
#include "pki/digest.h"
#include "pki/filler.h"
#include "pki/logbook/log_named.h"
#include "pki/random.h"
#include "pki/vault.h"
#include "proto/base/text.h"

#define MORE_FACTS_MAX 16u
#define DIGEST_HEX_BYTES (2 * sizeof(struct digest))

struct logbook {
    struct log_tables tables;
    struct vault *records;
    struct log_namer *namer; /* store thread */
};

enum err logbook_new(const struct logbook_params *p, struct logbook **out)
{
    CLEANUP(cleanup_logbook_free) struct logbook *b = calloc(1, sizeof *b);
    if (b == NULL)
        return ERR_NOMEM;
    b->tables = *p->tables;
    b->records = p->records;
    const enum err e = log_namer_new(p->records, &b->namer);
    if (e == ERR_OK)
        *out = take(b);
    return e;
}

void logbook_free(struct logbook *b)
{
    if (b == NULL)
        return;
    log_namer_free(b->namer);
    free(b);
}

const struct log_tables *logbook_tables(const struct logbook *b)
{
    return &b->tables;
}

/* ---- entries ---- */

enum err logbook_put_facts(const struct logbook_facts *f, struct arena *a, struct audit_body *body)
{
    const size_t more = f->more_count < MORE_FACTS_MAX ? f->more_count : MORE_FACTS_MAX;
    if (f->facts != NULL) {
        struct fact_pairs *pairs = arena_alloc(a, sizeof *pairs);
        if (pairs == NULL)
            return ERR_NOMEM;
        facts_to_pairs(f->facts, pairs);
        enum err e = audit_body_set_facts(body, pairs, more, a);
        if (e != ERR_OK)
            return e;
    }
    if (more == 0)
        return ERR_OK;
    struct audit_fact *grown = arena_array(a, body->facts_count + more, sizeof *grown);
    if (grown == NULL)
        return ERR_NOMEM;
    if (body->facts_count > 0)
        memcpy(grown, body->facts, body->facts_count * sizeof *grown);
    memcpy(grown + body->facts_count, f->more, more * sizeof *grown);
    body->facts = grown;
    body->facts_count += more;
    return ERR_OK;
}

/* Digests of ids under the body's own salt. */
static enum err put_refs(const struct logbook_new_entry *n)
{
    struct audit_body *b = n->body;
    const struct bytes salt = BYTES_OF_ARRAY(b->salt.b);
    enum err e = ERR_OK;
    b->has_request_ref = n->request != NULL;
    if (n->request != NULL)
        e = entry_ref(digest_sha256, salt, "request", digest_bytes(n->request), &b->request_ref);
    b->has_case_ref = n->case_id != NULL;
    if (e == ERR_OK && n->case_id != NULL)
        e = entry_ref(digest_sha256, salt, "case", BYTES_OF_ARRAY(n->case_id->b), &b->case_ref);
    b->has_message_ref = n->message != NULL;
    if (e == ERR_OK && n->message != NULL)
        e = entry_ref(digest_sha256, salt, "message", BYTES_OF_ARRAY(n->message->b),
                      &b->message_ref);
    return e;
}

/* A body with its row, and the names by which it is found. */
struct stored {
    struct bytes body;
    const struct log_row *row;
    struct log_names names;
};

static enum err store_body(struct logbook *b, struct kv_txn *txn, const struct stored *s, struct digest *entry)
{
    CLEANUP(buf_free) struct buf wrapped = buf_new(BODY_KEY_WRAPPED_BYTES);
    CLEANUP(buf_free) struct buf sealed = buf_new(BODY_SEALED_MAX);
    struct digest d;
    enum err e = entry_hash(digest_sha256, s->body, &d);
    if (e == ERR_OK)
        e = body_seal(b->records, &d, s->body, &wrapped, &sealed);
    if (e == ERR_OK)
        e = log_namer_put(b->namer, &b->tables, txn, &d, &s->names);
    if (e != ERR_OK)
        return e;
    const struct log_new n = {
        .entry = &d, .row = s->row, .wrapped = buf_bytes(&wrapped), .sealed = buf_bytes(&sealed)};
    e = log_add(&b->tables, txn, &n);
    if (e == ERR_OK)
        *entry = d;
    return e;
}

enum err logbook_append(struct logbook *b, struct kv_txn *txn, const struct logbook_new_entry *n,
                        struct digest *entry)
{
    struct audit_body *body = n->body;
    body->has_message_id = n->message != NULL;
    if (n->message != NULL)
        body->message_id = *n->message;
    enum err e = random_fill(body->salt.b, sizeof body->salt.b);
    if (e == ERR_OK)
        e = put_refs(n);
    if (e != ERR_OK)
        return e;
    CLEANUP(buf_free) struct buf json = buf_new(AUDIT_BODY_MAX);
    e = audit_body_write(body, &json);
    if (e != ERR_OK)
        return e;
    const struct log_row row = {
        .committed_at_s = body->ts,
        .actor = body->actor,
        .peer = body->peer,
        .hidden_from_actor = n->hidden_from_actor,
        .hidden_from_peer = n->hidden_from_peer,
        .is_promised = n->is_promised,
        .index = LOG_NOT_PLACED,
        .message = n->message != NULL ? *n->message : (struct message_id){{0}},
    };
    const struct stored s = {buf_bytes(&json), &row, {body->staff, n->request, n->case_id}};
    return store_body(b, txn, &s, entry);
}

enum err logbook_open_body(struct logbook *b, struct kv_txn *txn, const struct digest *entry,
                           struct buf *out)
{
    struct body_parts parts;
    enum err e = log_body(&b->tables, txn, entry, &parts.wrapped, &parts.sealed);
    return e == ERR_OK ? body_open(b->records, entry, &parts, out) : e;
}

/* ---- the filler key ---- */

/* A digest as a plain value of a body; hex holds its text. */
static struct audit_fact digest_fact(const char *name, const struct digest *d,
                                     char hex[static DIGEST_HEX_BYTES])
{
    struct buf b = buf_fixed(hex, DIGEST_HEX_BYTES);
    text_put_hex(&b, digest_bytes(d));
    return audit_fact_text(name, buf_bytes(&b));
}

#define STARTED_FACTS_MAX 5u

/* The log of before, where it ended. hex holds a text. */
static size_t put_predecessor(const struct logbook_predecessor *p, struct audit_fact *out, char hex[static DIGEST_HEX_BYTES])
{
    out[0] = audit_fact_text("predecessor_origin", p->origin);
    out[1] = digest_fact("predecessor_root", &p->root, hex);
    out[2] = audit_fact_count("predecessor_size", p->size);
    return 3;
}

/* The first entry of a log commits to F, to the ceremony that opened the register, and to where the log of before ended. */
static enum err log_started(struct logbook *b, struct kv_txn *txn, const struct secret *f,
                            const struct logbook_beginning *at)
{
    struct digest commitment;
    char filler_hex[DIGEST_HEX_BYTES];
    char ceremony_hex[DIGEST_HEX_BYTES];
    char root_hex[DIGEST_HEX_BYTES];
    struct audit_fact facts[STARTED_FACTS_MAX];
    size_t count = 0;
    enum err e = filler_commitment(f, &commitment);
    if (e != ERR_OK)
        return e;
    if (at->ceremony != NULL)
        facts[count++] = digest_fact("ceremony_digest", at->ceremony, ceremony_hex);
    facts[count++] = digest_fact("filler_key_digest", &commitment, filler_hex);
    if (at->predecessor != NULL)
        count += put_predecessor(at->predecessor, facts + count, root_hex);
    struct audit_body body = {.ts = at->now_s,
                              .event = AUDIT_EVENT_LOG_STARTED,
                              .facts = facts,
                              .facts_count = count};
    const struct logbook_new_entry n = {.body = &body};
    struct digest entry;
    return logbook_append(b, txn, &n, &entry);
}

struct sealing {
    struct logbook *logbook;
    struct buf *out;
};

static enum err seal_filler(void *arg, struct bytes view)
{
    struct sealing *s = arg;
    return vault_seal(s->logbook->records, bytes_str(LOG_STATE_FILLER), view, s->out);
}

static enum err make_filler(struct logbook *b, struct kv_txn *txn,
                            const struct logbook_beginning *at, struct secret **out)
{
    CLEANUP(cleanup_secret_free) struct secret *f = secret_random(FILLER_KEY_BYTES);
    if (f == NULL)
        return ERR_NOMEM;
    CLEANUP(buf_free) struct buf sealed = buf_new(FILLER_KEY_BYTES + AEAD_OVERHEAD_BYTES);
    struct sealing s = {b, &sealed};
    enum err e = secret_lend(f, seal_filler, &s);
    if (e == ERR_OK)
        e = log_put_state(&b->tables, txn, LOG_STATE_FILLER, buf_bytes(&sealed));
    if (e == ERR_OK)
        e = log_namer_begin(b->namer, &b->tables, txn);
    if (e == ERR_OK)
        e = log_started(b, txn, f, at);
    if (e != ERR_OK)
        return e;
    *out = f;
    f = NULL;
    return ERR_OK;
}

/* F itself, into room for it; the caller wipes that. */
static enum err open_filler(struct logbook *b, struct kv_txn *txn, struct buf *plain)
{
    struct bytes row;
    enum err e = log_get_state(&b->tables, txn, LOG_STATE_FILLER, &row);
    return e == ERR_OK ? vault_open(b->records, bytes_str(LOG_STATE_FILLER), row, plain) : e;
}

enum err logbook_get_filler(struct logbook *b, struct kv_txn *txn, struct secret **out)
{
    uint8_t plain[FILLER_KEY_BYTES];
    struct buf room = buf_fixed(plain, sizeof plain);
    const enum err e = open_filler(b, txn, &room);
    struct secret *f = e == ERR_OK ? secret_new(buf_bytes(&room)) : NULL;
    secret_wipe(plain, sizeof plain);
    if (e != ERR_OK)
        return e;
    if (f == NULL)
        return ERR_NOMEM;
    *out = f;
    return ERR_OK;
}

enum err logbook_filler_key(struct logbook *b, struct kv_txn *txn, const struct logbook_beginning *at,
                            struct secret **out)
{
    const enum err e = kv_has(txn, b->tables.state, bytes_str(LOG_STATE_FILLER));
    if (e == ERR_NOT_FOUND)
        return make_filler(b, txn, at, out);
    return e == ERR_OK ? logbook_get_filler(b, txn, out) : e;
}

enum err logbook_put_filler_hex(struct logbook *b, struct kv_txn *txn, struct buf *out)
{
    uint8_t plain[FILLER_KEY_BYTES];
    struct buf room = buf_fixed(plain, sizeof plain);
    enum err e = open_filler(b, txn, &room);
    if (e == ERR_OK)
        text_put_hex(out, buf_bytes(&room));
    secret_wipe(plain, sizeof plain);
    return e == ERR_OK ? buf_err(out) : e;
}

enum err logbook_terms(struct logbook *b, struct kv_txn *txn, const struct log_names *names, struct log_terms *to)
{
    const enum err e = log_named_terms(b->records, &b->tables, txn, names, to);
    return e == ERR_NOT_FOUND || logbook_is_damage(e) ? ERR_OK : e;
}

bool logbook_is_damage(enum err e)
{
    return e == ERR_SIGNATURE || e == ERR_MISMATCH || e == ERR_TRUNCATED || e == ERR_INVALID ||
           e == ERR_VERSION;
}

/* ---- another version of the storage key ---- */

enum err logbook_renew_body_key(struct vault *v, struct bytes key, struct bytes value,
                                struct buf *out)
{
    struct digest entry;
    if (key.len != sizeof entry.b)
        return ERR_INVALID;
    memcpy(entry.b, key.ptr, key.len);
    return body_rewrap(v, &entry, value, out);
}

enum err logbook_renew_state(struct vault *v, struct bytes key, struct bytes value, struct buf *out)
{
    const bool is_sealed = bytes_is(key, LOG_STATE_FILLER) || bytes_is(key, LOG_STATE_TERMS);
    return is_sealed ? vault_renew(v, key, value, out) : ERR_EXISTS;
}
