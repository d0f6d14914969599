#include "agent/log/vouch.h"

#include <stdlib.h>
#include <sysexits.h>

#include "agent/log/cosigned_keys.h"
#include "agent/log/own_keys.h"
#include "agent/log/witnessed_internal.h"
#include "agent/own_key.h"
#include "agent/own_log.h"
#include "agent/session.h"
#include "pki/digest.h"
#include "proto/base/log.h"
#include "proto/base/when.h"
#include "proto/host/writer.h"
#include "proto/log/checkpoint.h"
#include "proto/msg/log_vouch.h"
#include "proto/msg/signed.h"

#define ARENA_BYTES (2 * NOTE_ARENA_BYTES + ((size_t)64 << 10))

/* ---- the word on its way ---- */

struct bytes vouch_of_offer(struct log_witnessed *w)
{
    if (w->vouch.len > 0 && agent_now_s(w->keeping->agent) > w->vouch_until_s) {
        log_warn("own_log.vouch_over next=\"sluis witness --vouch, again\"");
        buf_reset(&w->vouch);
    }
    w->has_sent_vouch = w->vouch.len > 0;
    return buf_bytes(&w->vouch);
}

void vouch_refused(struct log_witnessed *w, struct bytes known)
{
    if (w->has_sent_vouch) {
        log_warn("own_log.vouch_refused: the log of whoever runs the broker says why");
        buf_reset(&w->vouch);
    }
    buf_reset(&w->known);
    buf_put(&w->known, known);
}

void vouch_over(struct log_witnessed *w)
{
    buf_reset(&w->vouch);
    buf_reset(&w->known);
}

/* ---- what is vouched for ---- */

/* One call on its way. */
struct vouching {
    struct call *call;
    struct arena *arena;
    struct name staff;
    struct log_vouch said; /* views into the arena */
    struct buf document;
    struct buf wire; /* once it is signed */
};

static void vouching_free(struct vouching *v)
{
    if (v == NULL)
        return;
    arena_free(v->arena);
    buf_free(&v->document);
    buf_free(&v->wire);
    free(v);
}
DEFINE_CLEANUP(struct vouching, vouching_free)

static struct log_witnessed *witnessed_of(const struct vouching *v)
{
    return call_agent(v->call)->log_keeping->witnessed;
}

/* The key that the officer names signs the newest head, alone. */
static enum err check_key(struct vouching *v, struct errmsg *why)
{
    const struct log_witnessed *w = witnessed_of(v);
    struct own_keys_named named;
    struct note newest;
    char room[AGENCY_HEAD_MAX_KEY_BYTES];
    struct buf line = buf_fixed(room, sizeof room);
    enum err bad = note_parse(buf_bytes(&w->newest.note), v->arena, &newest, NULL);
    if (bad == ERR_OK)
        bad = own_keys_of_note(w->keeping, &newest, &named);
    if (bad != ERR_OK)
        return bad;
    vkey_write(&named.v[0], &line);
    return named.keys.count == 1 && bytes_equal(buf_bytes(&line), v->said.key)
               ? ERR_OK
               : errmsg_set(why, ERR_MISMATCH, "key: not the one that signs the newest head of this log alone: sluis status shows its keys");
}

static enum err parse_lost(const struct vouching *v, const struct doc *args, struct own_keys_named *out, struct errmsg *why)
{
    struct bytes line;
    enum err bad = doc_get_text(args, "lost", AGENCY_HEAD_MAX_KEY_BYTES, &line, why);
    if (bad == ERR_OK && (bad = cosigned_keys_parse(witnessed_of(v)->keeping, line, out)) == ERR_INVALID)
        return errmsg_set(why, bad, "lost: no verifier key of this log");
    return bad;
}

/* Those that signed the head which the broker knows: as this store has them, or the one that the officer names. */
static enum err find_lost(struct vouching *v, const struct doc *args, const struct note *head, struct errmsg *why)
{
    const struct log_keeping *k = witnessed_of(v)->keeping;
    const struct own_keys_named *from = &k->cosigned;
    struct own_keys_named *given = arena_alloc(v->arena, sizeof *given);
    struct own_keys_named signers;
    enum err bad = given != NULL ? ERR_OK : ERR_NOMEM;
    if (bad == ERR_OK && doc_has(args, "lost")) {
        from = given;
        bad = parse_lost(v, args, given, why);
        if (bad != ERR_OK)
            return bad;
    }
    if (bad == ERR_OK)
        bad = own_keys_among(from, head, &signers);
    if (bad == ERR_NOT_FOUND || bad == ERR_SIGNATURE)
        return errmsg_set(why, ERR_NOT_FOUND, "%s signed the head that the broker knows: name its line as the one that is lost",
                          from == given ? "another key than the one that is named as lost" : "a key that this store does not know");
    for (size_t i = 0; bad == ERR_OK && i < signers.keys.count; i++)
        v->said.lost[i] = signers.keys.v[i].line;
    v->said.lost_count = signers.keys.count;
    if (v->said.lost_count == 2 && bytes_cmp(digest_bytes(&v->said.lost[0]), digest_bytes(&v->said.lost[1])) > 0) {
        v->said.lost[0] = signers.keys.v[1].line;
        v->said.lost[1] = signers.keys.v[0].line;
    }
    return bad;
}

static enum err find_head(struct vouching *v, const struct doc *args, struct errmsg *why)
{
    struct note head;
    struct checkpoint c;
    enum err bad = note_parse(arena_copy(v->arena, buf_bytes(&witnessed_of(v)->known)), v->arena, &head, NULL);
    if (bad == ERR_OK)
        bad = checkpoint_parse(head.text, &c);
    if (bad != ERR_OK)
        return bad;
    v->said.size = c.size;
    v->said.root = c.root;
    return find_lost(v, args, &head, why);
}

/* The broker knows a greater head of this log under a key that the store does not know. Where it is by the named one, this
 * store is an old copy, and takes up the rest with that key. */
static enum err judge_unknown(struct vouching *v, const struct doc *args, struct errmsg *why)
{
    struct log_witnessed *w = witnessed_of(v);
    struct own_keys_named *lost = arena_alloc(v->arena, sizeof *lost);
    struct own_keys_named signers;
    struct note head;
    if (!doc_has(args, "lost"))
        return errmsg_set(why, ERR_STATE, "the broker knows more of this log than this store, under a key that the store does not know: "
                                          "restore a newer store, or name the line of that key as the one that is lost");
    enum err bad = lost != NULL ? parse_lost(v, args, lost, why) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = note_parse(buf_bytes(&w->unknown), v->arena, &head, why);
    if (bad != ERR_OK)
        return bad;
    if (own_keys_among(lost, &head, &signers) != ERR_OK)
        return errmsg_set(why, ERR_NOT_FOUND, "another key than the one that is named as lost signed the head that the broker knows");
    cosigned_keys_saw(w->keeping, lost);
    witnessed_note_fork(w, buf_bytes(&w->unknown));
    buf_reset(&w->unknown);
    return errmsg_set(why, ERR_STATE, "this store is an old copy of the log: no head is signed before it took up the rest (--take-up); "
                                      "then vouch again");
}

static enum err check_state(const struct vouching *v, struct errmsg *why)
{
    const struct log_witnessed *w = witnessed_of(v);
    const struct agent *a = w->keeping->agent;
    if (w->keeping->is_forked)
        return errmsg_set(why, ERR_STATE, "this store is an old copy of the log, or somebody else has its key: no head is signed; sluis status tells");
    if (a->session == NULL || !session_is_open(a->session))
        return errmsg_set(why, ERR_UNREACHABLE, "there is no open session with the broker; sluis status tells why");
    return w->known.len > 0 || w->unknown.len > 0 ? ERR_OK
                            : errmsg_set(why, ERR_STATE, "since its last line the broker has refused no head of this log under its own key: "
                                                         "there is nothing to vouch for; sluis status tells how the own log stands");
}

static enum err make(struct vouching *v, const struct doc *args, struct errmsg *why)
{
    const struct agent *a = call_agent(v->call);
    struct bytes key;
    enum err bad = check_state(v, why);
    if (bad == ERR_OK && witnessed_of(v)->unknown.len > 0)
        return judge_unknown(v, args, why);
    if (bad == ERR_OK)
        bad = doc_get_text(args, "key", AGENCY_HEAD_MAX_KEY_BYTES, &key, why);
    if (bad != ERR_OK)
        return bad;
    v->said = (struct log_vouch){.deployment = a->config->deployment,
                                 .agency = a->config->oin,
                                 .key = arena_copy(v->arena, key),
                                 .issued_at_s = agent_now_s(a)};
    bad = v->said.key.ptr != NULL ? check_key(v, why) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = find_head(v, args, why);
    if (bad == ERR_OK)
        bad = agent_pseudonym(a, &v->staff, v->said.issued_at_s, &v->said.staff);
    return bad == ERR_OK ? log_vouch_encode(&v->said, &v->document) : bad;
}

/* ---- the entry, and then the offer ---- */

static enum err enter_job(struct kv_txn *txn, void *arg)
{
    const struct vouching *v = arg;
    struct digest key;
    struct audit_hex room;
    const enum err bad = digest_sha256(&v->said.key, 1, &key);
    if (bad != ERR_OK)
        return bad;
    const struct audit_fact facts[] = {audit_fact_word("what", "vouched"), audit_fact_digest("key", &key, &room)};
    const struct own_entry e = {.event = AUDIT_EVENT_LOG_KEY_ROTATED,
                                .staff = &v->staff,
                                .facts = facts,
                                .facts_count = ARRAY_LEN(facts)};
    return own_log_append(call_agent(v->call), txn, &e);
}

static struct doc *answer_of(const struct vouching *v)
{
    CLEANUP(cleanup_doc_free) struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_int(&b, "size", (int64_t)v->said.size);
    doc_put_text(&b, "key", v->said.key);
    doc_put_time(&b, "until", v->said.issued_at_s + LOG_VOUCH_LIFE_S);
    return doc_build_done(&b) == ERR_OK ? take(d) : NULL;
}

static void entered(enum err result, void *arg)
{
    CLEANUP(cleanup_vouching_free) struct vouching *v = arg;
    struct log_witnessed *w = witnessed_of(v);
    if (result != ERR_OK) {
        call_error(v->call, result, NULL);
        return;
    }
    buf_reset(&w->vouch);
    buf_put(&w->vouch, buf_bytes(&v->wire));
    w->vouch_until_s = v->said.issued_at_s + LOG_VOUCH_LIFE_S;
    log_notice("own_log.vouched size=%llu", (unsigned long long)v->said.size);
    witnessed_ask(w);
    call_ok(v->call, answer_of(v));
}

static enum err take_signature(struct vouching *v, struct bytes signature, struct errmsg *why)
{
    struct agent *a = call_agent(v->call);
    struct signed_doc d = {.document = buf_bytes(&v->document), .signature = signature};
    const struct officer_signed by = {SIGN_LOG_VOUCH, &v->staff, d.document, signature};
    if (agent_officer_signed(a, a->view, &by, &d.signer) != ERR_OK)
        return errmsg_set(why, ERR_PERMISSION, "the signature is not by the key of the caller's certificate on the roster");
    if (agent_now_s(a) > v->said.issued_at_s + LOG_VOUCH_LIFE_S)
        return errmsg_set(why, ERR_EXPIRED, "it was signed after more than five minutes: begin again");
    const enum err bad = signed_doc_encode(&d, &v->wire);
    return bad == ERR_OK ? writer_submit(a->writer, WRITER_INTERACTIVE, enter_job, entered, v) : bad;
}

static void on_signed(struct call *c, void *arg, const struct bytes *signatures, size_t count)
{
    CLEANUP(cleanup_vouching_free) struct vouching *v = arg;
    struct errmsg why = {""};
    if (count != 1) {
        call_fail(c, ERR_CANCELLED, EX_NOPERM, "nothing was signed, so nobody vouches for the key");
        return;
    }
    const enum err bad = take_signature(v, signatures[0], &why);
    if (bad == ERR_OK)
        v = NULL; /* the job has it */
    else
        call_error(c, bad, &why);
}

static struct vouching *vouching_new(struct call *c)
{
    struct vouching *v = calloc(1, sizeof *v);
    if (v == NULL)
        return NULL;
    v->call = c;
    v->staff = *call_staff(c);
    v->document = buf_new(LOG_VOUCH_MAX_BYTES);
    v->wire = buf_new(AGENCY_HEAD_MAX_VOUCH_BYTES);
    v->arena = arena_new(ARENA_BYTES);
    return v;
}

void vouch_verb(struct call *c, const struct doc *args)
{
    CLEANUP(cleanup_vouching_free) struct vouching *v = vouching_new(c);
    struct errmsg why = {""};
    enum err bad = v != NULL && v->arena != NULL ? make(v, args, &why) : ERR_NOMEM;
    if (bad != ERR_OK) {
        call_error(c, bad, &why);
        return;
    }
    const struct call_document document = {.kind = word_of_sign_kind(SIGN_LOG_VOUCH), .document = buf_bytes(&v->document)};
    call_sign(c, &document, 1, on_signed, take(v));
}
