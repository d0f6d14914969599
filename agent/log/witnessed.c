#include "agent/log/witnessed_internal.h"

#include "agent/log/own_keys.h"
#include "agent/log/vouch.h"
#include "agent/own_log.h"
#include "agent/session.h"
#include "agent/store/store.h"
#include "pki/digest.h"
#include "pki/logbook/log_proofs.h"
#include "pki/witness.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/msg/agency_head.h"
#include "proto/msg/roster.h"

#define LIFE_S 30
#define REPLY_ARENA_BYTES ((size_t)1 << 20)
#define OFFER_ARENA_BYTES (NOTE_ARENA_BYTES + ((size_t)16 << 10))

/* ---- what is offered ---- */

/* The proof that the newest head grew from the one that the broker knows. */
static enum err prove(const struct log_witnessed *w, struct merkle_hashes *out)
{
    const struct agent *a = w->keeping->agent;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    const struct log_sizes sizes = {w->from, w->newest.size};
    const enum err bad = kv_read_begin(a->kv, &txn);
    return bad == ERR_OK ? log_proofs_growth(logbook_tables(own_log_book(a->own_log)), txn, &sizes, out) : bad;
}

static enum err put_request(struct log_witnessed *w, struct buf *out)
{
    if (w->from > w->newest.size)
        w->from = 0; /* it is told again what the broker knows */
    struct witness_request r = {.old_size = w->from, .checkpoint = buf_bytes(&w->newest.note)};
    const enum err bad = w->from > 0 && w->from < w->newest.size ? prove(w, &r.proof) : ERR_OK;
    if (bad != ERR_OK)
        return bad;
    witness_request_write(&r, out);
    return buf_err(out);
}

/* The same head, and no other history, under the keys of now: a store of before does not know the key that signed it. */
static enum err sign_anew(struct log_witnessed *w, const struct note *note)
{
    struct note_signer by[LOG_KEEPER_SIGNERS];
    CLEANUP(buf_free) struct buf anew = buf_new(NOTE_MAX_BYTES);
    const size_t n = own_keys_signers(w->keeping, by);
    const enum err bad = n > 0 ? note_sign(by, n, note->text, &anew) : ERR_NOT_FOUND;
    if (bad == ERR_OK)
        witnessed_head_set(&w->newest, w->newest.size, buf_bytes(&anew));
    return bad;
}

static enum err find_signers(struct log_witnessed *w, struct arena *a)
{
    struct note note;
    enum err bad = note_parse(buf_bytes(&w->newest.note), a, &note, NULL);
    if (bad == ERR_OK)
        bad = own_keys_of_note(w->keeping, &note, &w->named);
    if (bad != ERR_NOT_FOUND)
        return bad;
    bad = sign_anew(w, &note);
    if (bad == ERR_OK)
        bad = note_parse(buf_bytes(&w->newest.note), a, &note, NULL);
    return bad == ERR_OK ? own_keys_of_note(w->keeping, &note, &w->named) : bad;
}

/* Those that signed the head at hand: the broker counts no other. */
static enum err put_keys(struct log_witnessed *w, struct arena *a, struct agency_head *out)
{
    const struct own_keys_named *named = &w->named;
    const enum err bad = find_signers(w, a);
    if (bad != ERR_OK)
        return bad;
    for (size_t i = 0; i < named->keys.count; i++) {
        char room[AGENCY_HEAD_MAX_KEY_BYTES];
        struct buf text = buf_fixed(room, sizeof room);
        vkey_write(&named->v[i], &text);
        out->keys[i] = arena_copy(a, buf_bytes(&text));
        if (buf_err(&text) != ERR_OK || out->keys[i].ptr == NULL)
            return ERR_NOMEM;
    }
    out->key_count = named->keys.count;
    return ERR_OK;
}

static enum err put_offer(struct log_witnessed *w, struct buf *out)
{
    CLEANUP(buf_free) struct buf request = buf_new(AGENCY_HEAD_MAX_REQUEST_BYTES);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(OFFER_ARENA_BYTES);
    struct agency_head h = {.key_count = 0};
    enum err bad = a != NULL ? put_keys(w, a, &h) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = put_request(w, &request);
    h.request = buf_bytes(&request);
    h.vouch = vouch_of_offer(w);
    return bad == ERR_OK ? agency_head_encode(&h, out) : bad;
}

static void on_reply(void *arg, const struct message_id *id, enum msg_kind kind, struct bytes body);

/* Offers the newest head, whatever was asked before. */
static void ask(struct log_witnessed *w)
{
    struct agent *a = w->keeping->agent;
    CLEANUP(buf_free) struct buf body = buf_new(2 * AGENCY_HEAD_MAX_REQUEST_BYTES);
    enum err bad = put_offer(w, &body);
    const struct session_ask question = {MSG_AGENCY_HEAD, buf_bytes(&body), LIFE_S, on_reply, w};
    if (bad == ERR_OK)
        bad = session_ask(a->session, &question, NULL);
    w->asked_ms = clock_mono_ms();
    w->is_asking = bad == ERR_OK;
    if (w->is_asking)
        witnessed_head_set(&w->offered, w->newest.size, buf_bytes(&w->newest.note));
    else if (bad != ERR_STATE && bad != ERR_LIMIT)
        log_warn("own_log.not_offered error=\"%s\"", err_text(bad));
}

static bool may_ask(const struct log_witnessed *w)
{
    const struct agent *a = w->keeping->agent;
    return !w->is_asking && w->newest.size > 0 && !w->keeping->is_forked && a->session != NULL &&
           session_is_open(a->session);
}

void witnessed_ask(struct log_witnessed *w)
{
    if (may_ask(w))
        ask(w);
}

/* At most once in the broker's publish interval, more of which it would not judge. */
void witnessed_offer(struct log_witnessed *w)
{
    struct session_info session;
    if (!may_ask(w))
        return;
    session_info(w->keeping->agent->session, &session);
    if (w->asked_ms == 0 || clock_mono_ms() - w->asked_ms >= (int64_t)session.publish_interval_ms)
        ask(w);
}

void witnessed_on_head(struct log_witnessed *w, const struct log_signed_head *head)
{
    witnessed_head_set(&w->newest, head->size, head->note);
    w->has_retried = false;
    if (!atomic_load(&w->shows_later))
        w->shown_size = head->size;
    witnessed_offer(w);
}

/* ---- what is answered ---- */

static void refused(struct log_witnessed *w, uint32_t status, const char *why)
{
    if (!w->is_refused)
        log_warn("own_log.not_cosigned status=%u reason=\"%s\"", status, why);
    w->is_refused = true;
    (void)errmsg_set(&w->reason, ERR_MISMATCH, "%u: %s", status, why);
}

/* It tells of this machine, not of what the broker said. */
static bool is_local(enum err e)
{
    return e == ERR_NOMEM || e == ERR_IO || e == ERR_CRYPTO;
}

static void not_judged(enum err e)
{
    log_warn("own_log.answer_not_judged error=\"%s\": the head is offered again", err_text(e));
}

/* The name that decision 0407 gives the broker's key. Under any other, such as that of this log, a reader may look for
 * another key behind the line. */
static bool is_named_as_broker(const struct log_witnessed *w, const char *name)
{
    const struct agent *a = w->keeping->agent;
    const struct roster_member *broker = view_broker(a->view);
    char room[NOTE_MAX_NAME + 1];
    struct buf want = buf_fixed(room, sizeof room - 1);
    if (broker == NULL)
        return false;
    buf_printf(&want, "%s/witness/%s", a->config->deployment.s, broker->id.oin);
    return buf_err(&want) == ERR_OK && bytes_is(buf_bytes(&want), name);
}

/* The head with the line is what readers get: this log's own keys verify there as before. */
static enum err check_whole(const struct log_witnessed *w, struct bytes line, struct arena *a)
{
    CLEANUP(buf_free) struct buf whole = buf_new(NOTE_MAX_BYTES);
    struct note note;
    buf_put(&whole, buf_bytes(&w->offered.note));
    buf_put(&whole, line);
    enum err bad = buf_err(&whole);
    if (bad == ERR_OK)
        bad = note_parse(buf_bytes(&whole), a, &note, NULL);
    return bad == ERR_OK ? own_keys_verify(w->keeping, &note) : bad;
}

/* The lines are of the key that the broker names, over the head that was offered, and of none else. */
static enum err check_lines(const struct log_witnessed *w, const struct agency_head_reply *r, struct arena *a)
{
    struct note head;
    struct note lines;
    struct vkey v;
    uint64_t at_s = 0;
    enum err bad = vkey_parse(digest_sha256, r->witness, &v);
    if (bad == ERR_OK && v.type != VKEY_COSIGNATURE_V1)
        bad = ERR_UNSUPPORTED;
    if (bad == ERR_OK && !is_named_as_broker(w, v.name))
        bad = ERR_MISMATCH;
    if (bad == ERR_OK)
        bad = note_parse(buf_bytes(&w->offered.note), a, &head, NULL);
    if (bad == ERR_OK)
        bad = note_parse_sigs(r->lines, a, &lines, NULL);
    if (bad != ERR_OK)
        return bad;
    lines.text = head.text;
    bad = lines.count == 1 ? note_verify_cosignature(&lines, &v, &at_s) : ERR_INVALID;
    return bad == ERR_OK ? check_whole(w, r->lines, a) : bad;
}

static void take_line(struct log_witnessed *w, const struct agency_head_reply *r, struct arena *a)
{
    const enum err bad = check_lines(w, r, a);
    w->has_answer |= bad == ERR_OK;
    if (bad == ERR_OK)
        witnessed_took_line(w, r->lines);
    else if (is_local(bad))
        not_judged(bad);
    else
        refused(w, r->status, "the broker's line over this head does not verify, or is of another name than its own");
}

static enum err open_head(struct bytes known, struct arena *a, struct checkpoint *out)
{
    struct note note;
    const enum err bad = note_parse(known, a, &note, NULL);
    return bad == ERR_OK ? checkpoint_parse(note.text, out) : bad;
}

/* The size in a head that this log is known to contain. */
static enum err size_of(struct bytes known, struct arena *a, uint64_t *out)
{
    struct checkpoint c;
    const enum err bad = open_head(known, a, &c);
    if (bad == ERR_OK)
        *out = c.size;
    return bad;
}

/* A greater head of this log under a key that nobody here knows, where the broker never cosigned under one of the folder:
 * this store may be an old copy of before the key that is lost. Under a key that it did cosign, such a head tells nothing. */
static bool may_be_behind(const struct log_witnessed *w, const struct agency_head_reply *r, struct arena *a)
{
    struct checkpoint c;
    return !w->has_answer && r->status == WITNESS_UNSIGNED && !own_log_keys_has_witness(&w->keeping->keys) &&
           open_head(r->known, a, &c) == ERR_OK && bytes_is(c.origin, own_log_origin(w->keeping->agent->own_log)) &&
           c.size > log_keeper_size(w->keeping->keeper);
}

/* The broker did not cosign, and says which head it knows. */
static void take_known(struct log_witnessed *w, const struct agency_head_reply *r, struct arena *a)
{
    const enum err found = log_keeper_contains(w->keeping->keeper, r->known);
    const enum err bad = found == ERR_OK ? size_of(r->known, a, &w->from) : found;
    w->has_answer |= bad == ERR_OK || bad == ERR_MISMATCH;
    if (bad == ERR_MISMATCH) {
        witnessed_note_fork(w, r->known);
    } else if (is_local(bad)) {
        not_judged(bad);
    } else if (bad == ERR_OK && r->status == WITNESS_CONFLICT && !w->has_retried) {
        w->has_retried = true;
        ask(w);
    } else if (bad == ERR_OK && r->status == WITNESS_UNSIGNED) {
        vouch_refused(w, r->known);
        refused(w, r->status, "the broker does not know the key of this log; where the one of before is lost, a security officer vouches for it");
    } else if (bad == ERR_OK) {
        refused(w, r->status, "the broker does not cosign a head that goes on from the one that it knows");
    } else if (may_be_behind(w, r, a)) {
        buf_put(&w->unknown, r->known);
        refused(w, r->status, "the broker knows more of this log, under a key that this store does not know, so no head is signed: "
                              "restore a newer store, or name the lost line: sluis witness --vouch LINE --lost LINE");
    } else {
        refused(w, r->status, "the broker names a head that is none of this log");
    }
}

static void take_reply(struct log_witnessed *w, const struct agency_head_reply *r, struct arena *a)
{
    w->has_no_witness = r->status == AGENCY_HEAD_NO_WITNESS;
    w->has_answer |= w->has_no_witness;
    buf_reset(&w->unknown);
    buf_reset(&w->key);
    buf_put(&w->key, r->witness);
    if (r->status == WITNESS_COSIGN)
        take_line(w, r, a);
    else if (r->known.len > 0)
        take_known(w, r, a);
    else if (r->status != AGENCY_HEAD_TOO_MANY && r->status != AGENCY_HEAD_NO_WITNESS)
        refused(w, r->status, "the broker refuses this log");
}

static void on_reply(void *arg, const struct message_id *id, enum msg_kind kind, struct bytes body)
{
    struct log_witnessed *w = arg;
    struct agency_head_reply r;
    struct errmsg why = {""};
    (void)id;
    w->is_asking = false;
    if (kind != MSG_AGENCY_HEAD_REPLY)
        return; /* no answer, or the gate is closed: the next head is offered */
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(REPLY_ARENA_BYTES);
    const enum err bad = a != NULL ? agency_head_reply_decode(body, a, &r, &why) : ERR_NOMEM;
    if (bad == ERR_OK)
        take_reply(w, &r, a);
    else
        log_warn("own_log.answer_refused reason=\"%s\"", why.text[0] != '\0' ? why.text : err_text(bad));
}
