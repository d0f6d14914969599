#include "agent/receipts.h"

#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/log_origin.h"
#include "agent/message_ids.h"
#include "agent/noticed.h"
#include "agent/promises.h"
#include "agent/session.h"
#include "agent/store/store.h"
#include "pki/digest.h"
#include "pki/log_policy.h"
#include "pki/sign.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/base/log.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"
#include "proto/log/proof_file.h"

#define LOOK_MS 1000
#define UNSENT_COUNT "log_unsent"
#define UNSENT_INDEX "log_unsent_index"
#define UNSENT_TIME "log_unsent_s"
#define RECEIPT_ARENA_BYTES (4u * PROOF_FILE_MAX_BYTES)
#define RECEIPT_MAX_BYTES (PROOF_FILE_MAX_BYTES + 8192u)

struct receipts {
    struct agent *agent;
    struct loop_timer *timer;
    struct buf note; /* the last verified head, whole */
    struct receipts_info info;
    bool is_telling; /* of promises that were missed, to the own log */
    enum err told;   /* how that went last */
};

/* A proof on its way in. */
struct proof_turn {
    struct digest entry;
    struct checkpoint head;
    struct bytes note;
    uint64_t index;
    bool is_unsent; /* of a message in this agency's name that it did not send */
    bool is_former; /* only a key that signed the log before signed it: it proves, and never is the newest head */
    bool is_other_log; /* than this agency follows: likewise */
    bool is_fork;   /* the newest verified head is of the same size, and another */
    struct bytes end; /* a head of a log that ended, its last or one of this agency's, which this head contradicts; nothing is proved
                         then; else empty */
};

enum err receipts_check(const struct view *view, const struct promise_bytes *bytes, struct arena *a,
                        struct promise *out, struct errmsg *why)
{
    const struct roster_member *broker = view_broker(view);
    struct view_signer by;
    if (broker == NULL)
        return errmsg_set(why, ERR_NOT_FOUND, "the roster names no broker that could promise");
    const struct view_signed s = {SIGN_PROMISE, &broker->id, bytes->promise, bytes->signature};
    if (view_verify(view, &s, &by) != ERR_OK)
        return errmsg_set(why, ERR_SIGNATURE, "promise: not signed by the broker of the roster");
    struct promise p;
    enum err bad = promise_decode(bytes->promise, a, &p, why);
    if (bad != ERR_OK)
        return bad;
    if (!name_equal(&p.deployment, &view_roster(view)->deployment))
        return errmsg_set(why, ERR_MISMATCH, "promise: of another deployment");
    if (!bytes_equal(p.origin, view_roster(view)->log_origin) &&
        roster_former_origin_of(view_roster(view), p.origin) == NULL) /* an answer of before that is repeated */
        return errmsg_set(why, ERR_MISMATCH, "promise: of another log than the roster names");
    *out = p;
    return ERR_OK;
}

enum err receipts_check_log(const struct receipts *r, const struct promise *p, int64_t created_s, struct errmsg *why)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    const struct agent *a = r->agent;
    int64_t end_s = log_origin_ended_s(a);
    enum err bad = ERR_OK;
    if (bytes_equal(p->origin, view_roster(a->view)->log_origin))
        return ERR_OK;
    if (!bytes_equal(p->origin, log_origin_followed(a))) {
        bad = kv_read_begin(a->kv, &txn);
        if (bad == ERR_OK)
            bad = log_origin_left_s(a->store, txn, p->origin, &end_s);
    }
    if (bad == ERR_OK && created_s > end_s)
        return errmsg_set(why, ERR_MISMATCH, "promise: of a log that had ended when the message was made");
    return bad;
}

static enum err put_row(struct store *s, struct kv_txn *txn, const struct digest *entry,
                        const struct receipt *row)
{
    CLEANUP(buf_free) struct buf plain = buf_new(RECEIPT_MAX_BYTES);
    join_part(&plain, row->promise);
    join_part(&plain, row->signature);
    join_part(&plain, row->proof);
    enum err bad = buf_err(&plain);
    return bad == ERR_OK ? store_put(s, txn, STORE_RECEIPT, digest_bytes(entry), buf_bytes(&plain))
                         : bad;
}

enum err receipts_get(struct receipts *r, struct kv_txn *txn, const struct digest *entry,
                      struct arena *a, struct receipt *out)
{
    struct bytes plain;
    enum err bad = store_get(r->agent->store, txn, STORE_RECEIPT, digest_bytes(entry), a, &plain);
    if (bad != ERR_OK)
        return bad;
    struct cursor c = cursor_of(plain);
    struct receipt row = {.promise = cursor_part(&c, RECEIPT_MAX_BYTES)};
    row.signature = cursor_part(&c, RECEIPT_MAX_BYTES);
    row.proof = cursor_part(&c, RECEIPT_MAX_BYTES);
    bad = cursor_done(&c);
    if (bad == ERR_OK)
        *out = row;
    return bad;
}

/* Whether the proof, verified when it came, is in that log. */
static enum err is_proved_in(struct bytes proof, struct bytes origin, struct arena *a, bool *out)
{
    CLEANUP(buf_free) struct buf scratch = buf_new(PROOF_FILE_MAX_BYTES);
    struct proof_file f;
    struct note note;
    struct checkpoint head;
    *out = false;
    if (proof.len == 0)
        return ERR_OK;
    enum err bad = proof_file_parse(proof, &scratch, &f);
    if (bad == ERR_OK)
        bad = note_parse(f.checkpoint, a, &note, NULL);
    if (bad == ERR_OK)
        bad = checkpoint_parse(note.text, &head);
    if (bad == ERR_OK)
        *out = bytes_equal(head.origin, origin);
    return bad;
}

enum err receipts_put(struct receipts *r, struct kv_txn *txn, const struct promise_bytes *bytes,
                      const struct promise *promise)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(RECEIPT_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    struct receipt row = {.promise = bytes->promise};
    bool is_proved = false;
    enum err bad = receipts_get(r, txn, &promise->entry, a, &row);
    if (bad == ERR_OK)
        bad = is_proved_in(row.proof, promise->origin, a, &is_proved);
    if (bad != ERR_OK && bad != ERR_NOT_FOUND)
        return bad;
    row.promise = bytes->promise;
    row.signature = bytes->signature;
    bad = put_row(r->agent->store, txn, &promise->entry, &row);
    return bad == ERR_OK && !is_proved ? promises_put(r->agent, txn, promise) : bad;
}

/* Under the keys that the roster lists. Either signature will do, and none of them may fail; a proof may be older than
 * what its witnesses cosign. */
static enum err believe(const struct mail_turn *t, struct bytes note, bool with_former,
                        struct head *head, struct errmsg *why)
{
    CLEANUP(cleanup_audit_policy_free) struct audit_policy *policy = NULL;
    const struct log_policy_of of = {.roster = view_roster(t->view), .with_former = with_former, .now_s = t->now_s};
    enum err bad = log_policy_make(&of, &policy, why);
    return bad == ERR_OK ? head_verify(policy, note, t->arena, head, why) : bad;
}

/* A head of a log that this agency left, before its end: where it had another one of that size there are two histories. */
static enum err look_at_own(const struct mail_turn *t, struct proof_turn *out, struct bytes note, const struct checkpoint *head,
                            struct errmsg *why)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(RECEIPT_ARENA_BYTES);
    struct bytes own;
    enum err bad = a != NULL ? kv_read_begin(t->agent->kv, &txn) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = log_origin_left_other(t->agent->store, txn, head, a, &own);
    if (bad != ERR_OK || own.len == 0)
        return bad;
    out->note = note;
    out->head = *head;
    out->end = arena_copy(t->arena, own);
    return errmsg_set(why, out->end.ptr != NULL ? ERR_MISMATCH : ERR_NOMEM, "another head of a size that this agency verified");
}

/* A proof that a log gave before it ended. It counts up to that end alone: whoever has the key of such a log signs on. */
static enum err believe_of_before(const struct mail_turn *t, struct proof_turn *out, struct bytes note, struct head *head,
                                  struct errmsg *why)
{
    const struct roster *r = view_roster(t->view);
    enum err bad = ERR_SIGNATURE;
    for (size_t i = 0; bad != ERR_OK && bad != ERR_NOMEM && bad != ERR_CRYPTO && i < r->former_origin_count; i++) {
        const struct roster_former_origin *f = &r->former_origins[i];
        CLEANUP(cleanup_audit_policy_free) struct audit_policy *policy = NULL;
        bad = former_origin_policy(f, &policy, why);
        if (bad == ERR_OK)
            bad = head_verify(policy, note, t->arena, head, why);
        const struct checkpoint *c = &head->checkpoint;
        if (bad == ERR_OK && c->size == f->size && !digest_equal(&c->root, &f->root)) {
            out->note = note;
            out->head = *c;
            out->end = arena_copy(t->arena, f->head); /* the roster may be another one when it is kept */
        }
        if (bad == ERR_OK && (c->size > f->size || (c->size == f->size && !digest_equal(&c->root, &f->root))))
            return errmsg_set(why, ERR_MISMATCH, "a head that is not in the log that ended under its origin");
    }
    return bad == ERR_OK ? look_at_own(t, out, note, &head->checkpoint, why) : bad;
}

/* By whichever log it is of. */
static enum err believe_any(const struct mail_turn *t, struct proof_turn *out, struct bytes note, struct head *head,
                            struct errmsg *why)
{
    enum err bad = believe(t, note, false, head, why);
    out->is_other_log = !log_origin_is_current(t->agent);
    out->is_former = bad == ERR_SIGNATURE;
    if (out->is_former)
        bad = believe(t, note, true, head, why);
    if (bad != ERR_MISMATCH && bad != ERR_SIGNATURE)
        return bad;
    out->is_other_log = true;
    return view_roster(t->view)->former_origin_count > 0 ? believe_of_before(t, out, note, head, why) : bad;
}

static enum err verify_path(const struct proof_file *f, const struct digest *entry,
                            const struct checkpoint *head)
{
    struct digest leaf;
    enum err bad = merkle_leaf(digest_sha256, digest_bytes(entry), &leaf);
    const struct merkle_path path = merkle_path_of(f->index, head->size, &f->hashes);
    return bad == ERR_OK ? merkle_inclusion_verify(digest_sha256, &leaf, &path, &head->root) : bad;
}

/* Behind the entry stands the id of the message. */
static enum err look_who_sent(const struct agent *a, struct bytes extra, struct proof_turn *out)
{
    struct message_id id;
    bool is_own = false;
    memcpy(id.b, extra.ptr + sizeof out->entry.b, sizeof id.b);
    const enum err bad = message_ids_know(a->message_ids, &id, &is_own);
    out->is_unsent = !is_own;
    return bad;
}

static enum err verify_proof(struct mail_turn *t, struct proof_turn *out, struct errmsg *why)
{
    CLEANUP(buf_free) struct buf scratch = buf_new(PROOF_FILE_MAX_BYTES);
    struct proof_file f;
    enum err bad = proof_file_parse(t->content, &scratch, &f);
    if (bad != ERR_OK || !f.has_extra || f.extra.len != sizeof out->entry.b + sizeof(struct message_id))
        return errmsg_set(why, bad != ERR_OK ? bad : ERR_INVALID,
                          "no proof file that carries its entry and the message");
    memcpy(out->entry.b, f.extra.ptr, sizeof out->entry.b);
    out->index = f.index;
    bad = look_who_sent(t->agent, f.extra, out);
    if (bad != ERR_OK)
        return bad;
    struct head head;
    bad = believe_any(t, out, f.checkpoint, &head, why);
    if (bad == ERR_OK && verify_path(&f, &out->entry, &head.checkpoint) != ERR_OK)
        bad = errmsg_set(why, ERR_MISMATCH, "the path does not lead to the head");
    if (bad != ERR_OK)
        return bad;
    out->head = head.checkpoint;
    out->note = f.checkpoint;
    return ERR_OK;
}

/* Two signed heads of one size with two roots: the log has forked. The newest one is of the log that this agency follows, which may
 * have ended. */
static void look_for_fork(struct receipts *r, struct proof_turn *p)
{
    const bool is_followed = bytes_equal(p->head.origin, log_origin_followed(r->agent));
    p->is_fork = p->end.len > 0 ||
                 (is_followed && r->info.has_head && p->head.size == r->info.size && !digest_equal(&p->head.root, &r->info.root));
    if (!p->is_fork)
        return;
    log_err("log.forked origin=\"%.*s\" size=%llu: the broker signed two heads of one size; tell the auditor; the evidence is kept",
            (int)p->head.origin.len, (const char *)p->head.origin.ptr, (unsigned long long)p->head.size);
    r->info.forked = true;
}

static enum err prepare_proof(struct mail_turn *t, struct errmsg *why)
{
    struct proof_turn *p = arena_alloc(t->arena, sizeof *p);
    if (p == NULL)
        return ERR_NOMEM;
    enum err bad = verify_proof(t, p, why);
    if (bad == ERR_NOMEM || bad == ERR_CRYPTO || bad == ERR_IO)
        return bad;
    if (bad != ERR_OK && p->end.len == 0) {
        log_warn("log.proof_refused reason=\"%s\"", why->text);
        t->dropped = true;
        return ERR_OK;
    }
    p->is_unsent = p->is_unsent && bad == ERR_OK; /* what is not proved is of nobody */
    look_for_fork(t->agent->receipts, p);
    t->decoded = p;
    return ERR_OK;
}

/* Removes the row that waits for this proof. A promise in one log is kept by a proof in that one alone. */
static enum err settle_due(const struct agent *agent, struct kv_txn *txn, const struct receipt *row, struct bytes origin,
                           struct arena *a)
{
    struct promise promise;
    if (row->promise.len == 0)
        return ERR_OK;
    const enum err bad = promise_decode(row->promise, a, &promise, NULL);
    return bad == ERR_OK && bytes_equal(promise.origin, origin) ? promises_settle(agent, txn, &promise) : bad;
}

enum err receipts_put_head(struct receipts *r, struct kv_txn *txn, uint64_t head_size, struct bytes note)
{
    struct store *s = r->agent->store;
    uint64_t size = 0;
    enum err bad = store_get_number(s, txn, "head_size", &size);
    if (bad != ERR_OK || size >= head_size)
        return bad;
    bad = store_put_number(s, txn, "head_size", head_size);
    return bad == ERR_OK ? store_put(s, txn, STORE_META, bytes_str("head"), note) : bad;
}

/* Which it was last, and when that was noticed; for status. The own log tells each. */
static enum err note_unsent(const struct mail_turn *t, struct kv_txn *txn, const struct proof_turn *p)
{
    struct store *s = t->agent->store;
    const struct noticed_unsent found = {p->head.origin, p->index, &p->entry};
    enum err bad = store_count(s, txn, UNSENT_COUNT);
    if (bad == ERR_OK)
        bad = store_put_number(s, txn, UNSENT_INDEX, p->index);
    if (bad == ERR_OK)
        bad = store_put_number(s, txn, UNSENT_TIME, (uint64_t)t->now_s);
    return bad == ERR_OK ? noticed_unsent(t->agent, txn, &found) : bad;
}

static enum err keep_fork(const struct agent *agent, struct kv_txn *txn, const struct proof_turn *p, struct arena *a)
{
    struct evidence found = {.shown = p->note, .own = p->end};
    const enum err bad =
        p->end.len > 0 ? ERR_OK : store_get(agent->store, txn, STORE_META, bytes_str("head"), a, &found.own);
    return bad == ERR_OK ? noticed_contradiction(agent, txn, &found) : bad;
}

/* The newest head goes up, unless the agency went over to another log since it was judged. */
static enum err raise_head(const struct mail_turn *t, struct kv_txn *txn, struct proof_turn *p)
{
    bool is_followed = false;
    if (p->is_former || p->is_other_log)
        return ERR_OK;
    const enum err bad = log_origin_is(t->agent->store, txn, p->head.origin, &is_followed);
    p->is_other_log = bad == ERR_OK && !is_followed;
    return bad == ERR_OK && is_followed ? receipts_put_head(t->agent->receipts, txn, p->head.size, p->note) : bad;
}

static enum err apply_proof(struct mail_turn *t, struct kv_txn *txn)
{
    struct proof_turn *p = t->decoded;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(RECEIPT_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    if (p->end.len > 0)
        return keep_fork(t->agent, txn, p, a);
    struct receipt row = {.proof = bytes_of(NULL, 0)};
    enum err bad = receipts_get(t->agent->receipts, txn, &p->entry, a, &row);
    if (bad != ERR_OK && bad != ERR_NOT_FOUND)
        return bad;
    p->is_unsent = p->is_unsent && row.proof.len == 0; /* one that is proved again is no other one */
    row.proof = t->content;
    bad = put_row(t->agent->store, txn, &p->entry, &row);
    if (bad == ERR_OK && p->is_unsent)
        bad = note_unsent(t, txn, p);
    if (bad == ERR_OK && p->is_fork)
        bad = keep_fork(t->agent, txn, p, a);
    if (bad == ERR_OK)
        bad = settle_due(t->agent, txn, &row, p->head.origin, a);
    return bad == ERR_OK ? raise_head(t, txn, p) : bad;
}

void receipts_saw_head(struct receipts *r, uint64_t size, const struct digest *root, struct bytes note)
{
    if (r->info.has_head && size <= r->info.size)
        return;
    buf_reset(&r->note);
    buf_put(&r->note, note);
    r->info.has_head = true;
    r->info.size = size;
    r->info.root = *root;
}

void receipts_begin_anew(struct receipts *r)
{
    buf_reset(&r->note);
    r->info.has_head = false;
    r->info.size = 0;
}

enum err receipts_drop_head(struct receipts *r, struct kv_txn *txn)
{
    struct store *s = r->agent->store;
    enum err bad = store_del(s, txn, STORE_META, bytes_str("head"));
    if (bad == ERR_OK || bad == ERR_NOT_FOUND)
        bad = store_put_number(s, txn, "head_size", 0);
    return bad;
}

static void done_proof(struct mail_turn *t)
{
    const struct proof_turn *p = t->decoded;
    if (p->is_unsent)
        log_err("log.unsent index=%llu: this entry is of a message in this agency's name that it did not send: somebody may "
                "have its keys; tell the security officer",
                (unsigned long long)p->index);
    if (!p->is_former && !p->is_other_log)
        receipts_saw_head(t->agent->receipts, p->head.size, &p->head.root, p->note);
}

const struct mail_owner receipts_proof_owner = {
    .kind = MAIL_PROOF,
    .prepare = prepare_proof,
    .apply = apply_proof,
    .on_done = done_proof,
};

static enum err count_unsent(struct receipts *r, struct receipts_info *out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct store *s = r->agent->store;
    uint64_t at_s = 0;
    enum err bad = kv_read_begin(r->agent->kv, &txn);
    if (bad == ERR_OK)
        bad = store_get_number(s, txn, UNSENT_COUNT, &out->unsent);
    if (bad == ERR_OK)
        bad = store_get_number(s, txn, UNSENT_INDEX, &out->unsent_index);
    if (bad == ERR_OK)
        bad = store_get_number(s, txn, UNSENT_TIME, &at_s);
    out->unsent_s = (int64_t)at_s;
    return bad;
}

static enum err tell_job(struct kv_txn *txn, void *arg)
{
    const struct receipts *r = arg;
    return promises_tell(r->agent, txn);
}

/* What could not be told is told at a later look. */
static void on_told(enum err result, void *arg)
{
    struct receipts *r = arg;
    r->is_telling = false;
    if (result != ERR_OK && result != r->told)
        log_err("log.promise_missed_not_logged error=\"%s\": it is tried again", err_text(result));
    r->told = result;
}

static void look(void *arg)
{
    struct receipts *r = arg;
    struct receipts_info found = r->info;
    struct promises_count owed;
    enum err bad = promises_count(r->agent, &owed);
    if (bad == ERR_OK)
        bad = count_unsent(r, &found);
    if (bad != ERR_OK) {
        log_warn("log.promises_not_counted error=\"%s\"", err_text(bad));
        return;
    }
    found.due = owed.due;
    found.late = owed.late;
    found.missed = owed.missed;
    if (owed.untold > 0 && !r->is_telling)
        r->is_telling = writer_submit(r->agent->writer, WRITER_INTERACTIVE, tell_job, on_told, r) == ERR_OK;
    if (found.missed > r->info.missed)
        log_err("log.promise_missed count=%llu: the broker promised entries that its log does not "
                "show; tell the auditor",
                (unsigned long long)found.missed);
    if (found.late > r->info.late)
        log_warn("log.proof_late count=%llu: the broker has not yet shown that entries it promised "
                 "are in its log",
                 (unsigned long long)found.late);
    r->info = found;
}

static enum err load_head(struct receipts *r, struct errmsg *why)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(RECEIPT_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    struct bytes note;
    enum err bad = kv_read_begin(r->agent->kv, &txn);
    if (bad == ERR_OK)
        bad = store_get(r->agent->store, txn, STORE_META, bytes_str("head"), a, &note);
    if (bad == ERR_NOT_FOUND)
        return ERR_OK;
    struct note parsed;
    struct checkpoint head;
    if (bad == ERR_OK)
        bad = note_parse(note, a, &parsed, why);
    if (bad == ERR_OK)
        bad = checkpoint_parse(parsed.text, &head);
    if (bad != ERR_OK)
        return errmsg_set(why, bad, "store: the last verified head of the log cannot be read");
    receipts_saw_head(r, head.size, &head.root, note);
    return buf_err(&r->note);
}

enum err receipts_new(struct agent *a, struct receipts **out, struct errmsg *why)
{
    CLEANUP(cleanup_receipts_free) struct receipts *r = calloc(1, sizeof *r);
    if (r == NULL)
        return ERR_NOMEM;
    r->agent = a;
    r->note = buf_new(NOTE_MAX_BYTES);
    r->timer = loop_timer_new(a->loop, look, r);
    enum err bad = r->timer != NULL ? load_head(r, why) : ERR_NOMEM;
    if (bad != ERR_OK)
        return bad;
    look(r);
    loop_timer_every(r->timer, LOOK_MS);
    *out = take(r);
    return ERR_OK;
}

void receipts_free(struct receipts *r)
{
    if (r == NULL)
        return;
    loop_timer_free(r->timer);
    buf_free(&r->note);
    free(r);
}

struct bytes receipts_checkpoint(const struct receipts *r)
{
    return buf_bytes(&r->note);
}

void receipts_info(const struct receipts *r, struct receipts_info *out)
{
    *out = r->info;
}
