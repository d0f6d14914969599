#include "agent/log/receipt_verb.h"

#include "agent/agent.h"
#include "agent/own_log.h"
#include "agent/promises.h"
#include "agent/receipts.h"
#include "agent/store/store.h"
#include "proto/base/join.h"
#include "proto/base/text.h"
#include "proto/host/kv.h"
#include "proto/log/proof_file.h"

#define LISTED_MAX 256u
#define HEX_DIGITS (2u * sizeof(struct digest))
#define ARENA_BYTES (8u * PROOF_FILE_MAX_BYTES)

static struct doc *finished(struct doc *d, const struct doc_build *b)
{
    if (doc_build_done(b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

/* The entry says of which entry of the broker's log, or how many were listed. */
static void show(struct call *c, const struct digest *entry, uint64_t count, struct doc *ok)
{
    struct audit_hex room;
    struct audit_fact fact = {.by = PROVENANCE_UNKNOWN};
    if (entry != NULL)
        fact = audit_fact_digest("entry", entry, &room);
    const struct own_entry e = {.event = AUDIT_EVENT_RECEIPT_SHOWN,
                                .staff = call_staff(c),
                                .facts = &fact,
                                .facts_count = entry != NULL ? 1 : 0,
                                .count = count};
    own_log_show(c, &e, ok);
}

/* ---- those that were not kept ---- */

static enum err append_broken(struct doc *list, const struct promise_broken *p)
{
    struct doc *one = doc_new_object();
    struct doc_build b = doc_build_of(one);
    doc_put_hex(&b, "entry", digest_bytes(&p->entry));
    doc_put_time(&b, "due", p->due_s);
    doc_put_str(&b, "state", p->is_missed ? "missed" : "late");
    one = finished(one, &b);
    return one != NULL ? doc_append(list, one) : ERR_NOMEM;
}

static void show_broken(struct call *c)
{
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(ARENA_BYTES);
    struct promise_broken *rows = arena != NULL ? arena_array(arena, LISTED_MAX, sizeof *rows) : NULL;
    struct doc *list = doc_new_array();
    struct promises_count owed = {.due = 0};
    size_t count = 0;
    bool is_cut = false;
    enum err bad = rows != NULL && list != NULL ? promises_broken(call_agent(c), rows, LISTED_MAX, &count, &is_cut) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = promises_count(call_agent(c), &owed);
    for (size_t i = 0; bad == ERR_OK && i < count; i++)
        bad = append_broken(list, &rows[i]);
    if (bad != ERR_OK) {
        doc_free(list);
        call_error(c, bad, NULL);
        return;
    }
    struct doc *ok = doc_new_object();
    struct doc_build b = doc_build_of(ok);
    doc_put_doc(&b, "promises", list);
    doc_put_bool(&b, "is_cut", is_cut);
    doc_put_int(&b, "waiting", (int64_t)owed.due);
    show(c, NULL, count, finished(ok, &b));
}

/* ---- what is kept of one ---- */

/* The exact bytes that are signed, so that any program checks the signature; and by which certificate of the broker, where the
 * roster of today still knows it. */
static enum err put_signed(const struct agent *a, const struct receipt *r, struct doc_build *b)
{
    const struct roster_member *broker = view_broker(a->view);
    CLEANUP(buf_free) struct buf bytes = buf_new(r->promise.len + 128u);
    struct view_signer by;
    join_str(&bytes, label_of_sign_kind(SIGN_PROMISE));
    join_part(&bytes, r->promise);
    const enum err bad = buf_err(&bytes);
    if (bad != ERR_OK)
        return bad;
    doc_put_base64(b, "promise", r->promise);
    doc_put_base64(b, "signature", r->signature);
    doc_put_base64(b, "signed", buf_bytes(&bytes));
    if (broker == NULL)
        return ERR_OK;
    const struct view_signed s = {SIGN_PROMISE, &broker->id, r->promise, r->signature};
    const enum err verdict = view_verify(a->view, &s, &by);
    if (verdict == ERR_OK)
        doc_put_hex(b, "certificate", digest_bytes(&by.fingerprint));
    return verdict == ERR_SIGNATURE || verdict == ERR_NOT_FOUND ? ERR_OK : verdict;
}

static enum err put_promise(const struct agent *a, const struct receipt *r, struct arena *arena, struct doc_build *b)
{
    struct promise p;
    if (r->promise.len == 0)
        return ERR_OK;
    const enum err bad = promise_decode(r->promise, arena, &p, NULL);
    if (bad != ERR_OK)
        return bad;
    doc_put_text(b, "log", p.origin);
    doc_put_hex(b, "message", BYTES_OF_ARRAY(p.message_id.b));
    doc_put_time(b, "committed", p.committed_at_s);
    doc_put_time(b, "due", p.merge_by_s);
    return put_signed(a, r, b);
}

static enum err get(const struct agent *a, const struct digest *entry, struct arena *arena, struct receipt *out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    const enum err bad = kv_read_begin(a->kv, &txn);
    return bad == ERR_OK ? receipts_get(a->receipts, txn, entry, arena, out) : bad;
}

static void show_kept(struct call *c, const struct digest *entry)
{
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(ARENA_BYTES);
    struct receipt r;
    struct doc *ok = doc_new_object();
    struct doc_build b = doc_build_of(ok);
    enum err bad = arena != NULL ? get(call_agent(c), entry, arena, &r) : ERR_NOMEM;
    const bool is_unknown = bad == ERR_NOT_FOUND; /* which is told, too */
    doc_put_hex(&b, "entry", digest_bytes(entry));
    if (bad == ERR_OK)
        bad = put_promise(call_agent(c), &r, arena, &b);
    if (bad == ERR_OK && r.proof.len > 0)
        doc_put_text(&b, "proof", r.proof);
    if (bad == ERR_OK || is_unknown) {
        show(c, entry, bad == ERR_OK, finished(ok, &b));
        return;
    }
    doc_free(ok);
    call_error(c, bad, NULL);
}

void receipt_verb(struct call *c, const struct doc *args)
{
    struct bytes hex;
    struct digest entry;
    struct errmsg why = {""};
    if (!doc_has(args, "entry")) {
        show_broken(c);
        return;
    }
    enum err bad = doc_get_text(args, "entry", HEX_DIGITS, &hex, &why);
    if (bad == ERR_OK && text_get_hex(hex, entry.b, sizeof entry.b) != ERR_OK)
        bad = errmsg_set(&why, ERR_INVALID, "entry: the 64 hex digits of an entry of the broker's log");
    if (bad == ERR_OK)
        show_kept(c, &entry);
    else
        call_error(c, bad, &why);
}
