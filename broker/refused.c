#include "broker/refused.h"

#include <stdio.h>
#include <stdlib.h>

#include "broker/audit.h"
#include "broker/store/meta.h"
#include "pki/digest.h"
#include "proto/host/clock.h"
#include "proto/host/writer.h"

#define ROW_MAX 64
#define ROW_KEYS "refused/key"
#define ROW_WORDS "refused/epoch"
#define KEYS_MAX_BYTES ((size_t)1024 * sizeof(struct digest))

/* ---- reasons ---- */

static const struct {
    enum err err;
    const char *code;
} codes[] = {
    {ERR_SIGNATURE, "signature"}, {ERR_CERT, "certificate"},     {ERR_EXPIRED, "expired"},
    {ERR_BEHIND, "behind"},       {ERR_CONFLICT, "conflict"},    {ERR_MISMATCH, "mismatch"},
    {ERR_DUPLICATE, "duplicate"}, {ERR_NOT_FOUND, "not_listed"}, {ERR_TOO_LARGE, "too_large"},
    {ERR_PERMISSION, "permission"},
};

static struct bytes code_of(enum err e)
{
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (codes[i].err == e)
            return bytes_str(codes[i].code);
    return bytes_str("invalid");
}

/* A failure of this machine says nothing of a document. */
static bool is_judgement(enum err e)
{
    return e != ERR_NOMEM && e != ERR_IO && e != ERR_NO_SPACE && e != ERR_CRYPTO;
}

/* ---- documents ---- */

static enum audit_event event_of(const char *document)
{
    return bytes_is(bytes_str(document), "roster") ? AUDIT_EVENT_ROSTER_REFUSED
                                                   : AUDIT_EVENT_POLICY_REFUSED;
}

/* The program's own words about the roster, without the staff id behind "officer": the log names none. Of a
 * policy nothing: its text is quoted in them. */
static void put_detail(const struct refused_document *d, struct buf *out)
{
    static const char before[] = "officer ";
    const char *text = d->detail.text;
    const char *at;
    if (event_of(d->document) != AUDIT_EVENT_ROSTER_REFUSED)
        return;
    while ((at = strstr(text, before)) != NULL) {
        at += sizeof before - 1;
        buf_put(out, bytes_of((const uint8_t *)text, (size_t)(at - text)));
        text = at + strcspn(at, " :");
    }
    buf_put_str(out, text);
}

/* What was refused last under this row; absent or empty: nothing. */
static enum err is_noted(struct broker *b, struct kv_txn *txn, const char *row, struct bytes mark,
                         bool *out)
{
    struct bytes was;
    enum err e = meta_get(b->store, txn, row, &was);
    *out = e == ERR_OK && bytes_equal(was, mark);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err append_document(struct broker *b, struct kv_txn *txn,
                                const struct refused_document *d)
{
    struct audit_hex room;
    struct buf CLEANUP(buf_free) detail = buf_new(sizeof d->detail.text);
    const struct bytes reason = code_of(d->reason);
    put_detail(d, &detail);
    const struct audit_fact facts[] = {
        audit_fact_digest("digest", &d->digest, &room),
        audit_fact_text("detail", buf_bytes(&detail)),
    };
    const struct turn_audit what = {.event = event_of(d->document),
                                    .reasons = &reason,
                                    .reasons_count = 1,
                                    .more = facts,
                                    .more_count = ARRAY_LEN(facts) - (detail.len == 0)};
    struct digest entry;
    if (buf_err(&detail) != ERR_OK)
        return ERR_NOMEM;
    return audit_append(b->audit, txn, &what, NULL, NULL, clock_now_s(b->clock), &entry);
}

enum err refused_document_note(struct broker *b, struct kv_txn *txn,
                               const struct refused_document *d)
{
    char row[ROW_MAX];
    uint8_t storage[sizeof d->digest.b + sizeof(uint32_t)];
    struct buf mark = buf_fixed(storage, sizeof storage);
    bool noted = false;
    if (d->document == NULL || !is_judgement(d->reason))
        return ERR_OK;
    snprintf(row, sizeof row, "refused/%s", d->document);
    buf_put(&mark, digest_bytes(&d->digest));
    buf_put_u32(&mark, (uint32_t)-(int)d->reason);
    enum err e = is_noted(b, txn, row, buf_bytes(&mark), &noted);
    if (e != ERR_OK || noted)
        return e;
    e = meta_put(b->store, txn, row, buf_bytes(&mark));
    return e == ERR_OK ? append_document(b, txn, d) : e;
}

struct document_job {
    struct broker *broker;
    struct refused_document document;
};

static enum err document_job(struct kv_txn *txn, void *arg)
{
    const struct document_job *j = arg;
    return refused_document_note(j->broker, txn, &j->document);
}

static void document_done(enum err result, void *arg)
{
    struct document_job *j = arg;
    broker_saw(j->broker, result);
    free(j);
}

enum err refused_document_now(struct broker *b, const struct refused_document *d)
{
    struct document_job j = {b, *d};
    return d->document == NULL ? ERR_OK : writer_run(b->writer, document_job, &j);
}

void refused_document_later(struct broker *b, const struct refused_document *d)
{
    if (d->document == NULL || !broker_can_log(b))
        return;
    struct document_job *j = calloc(1, sizeof *j);
    enum err e = j == NULL ? ERR_NOMEM : ERR_OK;
    if (e == ERR_OK) {
        *j = (struct document_job){b, *d};
        e = writer_submit(b->writer, WRITER_INTERACTIVE, document_job, document_done, j);
    }
    if (e == ERR_OK)
        return;
    free(j);
    broker_saw(b, e);
}

/* ---- with a view that counts ---- */

static enum err forget(struct broker *b, struct kv_txn *txn, const char *row)
{
    struct bytes was;
    enum err e = meta_get(b->store, txn, row, &was);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    return was.len <= 1 ? ERR_OK : meta_put(b->store, txn, row, bytes_str("-"));
}

static bool has_digest(struct bytes list, const struct digest *d)
{
    for (size_t at = 0; at + sizeof d->b <= list.len; at += sizeof d->b)
        if (bytes_equal(bytes_of(list.ptr + at, sizeof d->b), digest_bytes(d)))
            return true;
    return false;
}

/* Two kinds of documents that may not count though the rest does: statements of keys, and words on epochs. */
typedef bool (*refused_at_fn)(const struct view *v, size_t i, struct view_refused_deal *out);
struct refused_kind {
    const char *row; /* says which did not count under the view before */
    enum audit_event event;
    refused_at_fn at;
};

static enum err append_one(struct broker *b, struct kv_txn *txn, enum audit_event event,
                           const struct view_refused_deal *r)
{
    struct audit_hex room;
    const struct bytes reason = code_of(r->reason);
    const struct audit_fact fact = audit_fact_digest("digest", &r->digest, &room);
    const struct turn_audit what = {.event = event,
                                    .reasons = &reason,
                                    .reasons_count = 1,
                                    .more = &fact,
                                    .more_count = 1};
    struct digest entry;
    return audit_append(b->audit, txn, &what, NULL, NULL, clock_now_s(b->clock), &entry);
}

static enum err note_kind(struct broker *b, struct kv_txn *txn, const struct view *view,
                          const struct refused_kind *kind)
{
    CLEANUP(buf_free) struct buf now = buf_new(KEYS_MAX_BYTES);
    CLEANUP(buf_free) struct buf before = buf_new(KEYS_MAX_BYTES);
    struct view_refused_deal r;
    struct bytes was = {NULL, 0};
    enum err e = meta_get(b->store, txn, kind->row, &was);
    if (e == ERR_OK)
        buf_put(&before, was); /* a view only until the next write */
    else if (e == ERR_NOT_FOUND)
        e = ERR_OK;
    if (e == ERR_OK)
        e = buf_err(&before);
    for (size_t i = 0; e == ERR_OK && kind->at(view, i, &r); i++) {
        if (!has_digest(buf_bytes(&before), &r.digest) && !has_digest(buf_bytes(&now), &r.digest))
            e = append_one(b, txn, kind->event, &r);
        buf_put(&now, digest_bytes(&r.digest));
    }
    if (e == ERR_OK)
        e = buf_err(&now);
    if (e != ERR_OK || bytes_equal(buf_bytes(&now), buf_bytes(&before)))
        return e;
    return meta_put(b->store, txn, kind->row, now.len > 0 ? buf_bytes(&now) : bytes_str("-"));
}

static const struct refused_kind kinds[] = {
    {ROW_KEYS, AUDIT_EVENT_KEY_REFUSED, view_refused_deal_at},
    {ROW_WORDS, AUDIT_EVENT_EPOCH_REFUSED, view_refused_word_at},
};

enum err refused_accept(struct broker *b, struct kv_txn *txn, const struct view *view)
{
    enum err e = forget(b, txn, "refused/roster");
    if (e == ERR_OK)
        e = forget(b, txn, "refused/policy");
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(kinds); i++)
        e = note_kind(b, txn, view, &kinds[i]);
    return e;
}

/* ---- peers ---- */

static const char *standing_code(enum view_standing s)
{
    switch (s) {
    case VIEW_REVOKED:
        return "certificate_revoked";
    case VIEW_EXPIRED:
        return "certificate_expired";
    case VIEW_NOT_YET_VALID:
        return "certificate_not_yet_valid";
    case VIEW_STANDS:
    case VIEW_UNLISTED:
        break;
    }
    return NULL;
}

struct peer_job {
    struct broker *broker;
    struct agency_id agency;
    struct digest mark; /* of certificate and code */
    const char *code;
};

static enum err peer_job(struct kv_txn *txn, void *arg)
{
    const struct peer_job *j = arg;
    struct broker *b = j->broker;
    char row[ROW_MAX];
    bool noted = false;
    snprintf(row, sizeof row, "refused/peer/%s", j->agency.oin);
    enum err e = is_noted(b, txn, row, digest_bytes(&j->mark), &noted);
    if (e != ERR_OK || noted)
        return e;
    e = meta_put(b->store, txn, row, digest_bytes(&j->mark));
    const struct bytes reason = bytes_str(j->code);
    const struct turn_audit what = {
        .event = AUDIT_EVENT_SESSION_REFUSED, .reasons = &reason, .reasons_count = 1};
    struct digest entry;
    return e == ERR_OK ? audit_append(b->audit, txn, &what, &j->agency, NULL,
                                      clock_now_s(b->clock), &entry)
                       : e;
}

static void peer_done(enum err result, void *arg)
{
    struct peer_job *j = arg;
    broker_saw(j->broker, result);
    free(j);
}

static bool is_told(struct refused_peers *peers, const struct digest *mark)
{
    for (size_t i = 0; i < REFUSED_PEERS; i++)
        if (digest_equal(&peers->told[i], mark))
            return true;
    peers->told[peers->next] = *mark;
    peers->next = (peers->next + 1) % REFUSED_PEERS;
    return false;
}

void refused_peer(struct broker *b, struct refused_peers *peers, const struct view *view,
                  const struct curve_key *key)
{
    struct view_peer peer = {.member = NULL};
    struct digest mark;
    const char *code = standing_code(view_standing(view, key, clock_now_s(b->clock), &peer));
    if (code == NULL || !broker_can_log(b))
        return;
    const struct bytes parts[] = {digest_bytes(&peer.certificate), bytes_str(code)};
    if (digest_sha256(parts, ARRAY_LEN(parts), &mark) != ERR_OK || is_told(peers, &mark))
        return;
    struct peer_job *j = calloc(1, sizeof *j);
    if (j == NULL)
        return; /* its next message is noted */
    *j = (struct peer_job){b, peer.member->id, mark, code};
    enum err e = writer_submit(b->writer, WRITER_INTERACTIVE, peer_job, peer_done, j);
    if (e != ERR_OK) {
        free(j);
        broker_saw(b, e);
    }
}
