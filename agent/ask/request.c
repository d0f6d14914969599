/* The verb `request`: judge, compose, have it signed, store it with its messages, and wait a little for
 * the broker's word. */
#include <stdlib.h>
#include <sysexits.h>

#include "agent/ask/run.h"
#include "agent/ask/standing_run.h"
#include "agent/own_key.h"
#include "pki/agency_half.h"
#include "pki/seal.h"
#include "pki/sign.h"
#include "proto/base/log.h"
#include "proto/host/crash.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"

#define PATIENCE_MS 15000 /* then the answer is "queued" */
#define MESSAGE_MAX ((size_t)4 << 20)

static void run_free(struct ask_run *r)
{
    if (r == NULL)
        return;
    loop_timer_free(r->patience);
    view_free(r->view);
    arena_free(r->arena);
    free(r);
}
DEFINE_CLEANUP(struct ask_run, run_free)

static void unlink_run(struct ask_run *r)
{
    struct ask_run **at = &ask_of(r->agent)->runs;
    while (*at != NULL && *at != r)
        at = &(*at)->next;
    if (*at == r)
        *at = r->next;
}

/* Ends a run that is in the list with an error. */
static void fail_run(struct ask_run *r, enum err e)
{
    unlink_run(r);
    run_fail(r, e);
}

static bool is_all_refused(const struct ask_run *r)
{
    for (size_t i = 0; i < r->letter_count; i++)
        if (r->letters[i].state != ASK_REFUSED)
            return false;
    return true;
}

static void finish_run(struct ask_run *r)
{
    unlink_run(r);
    if (is_all_refused(r)) {
        const struct bytes why = r->letters[0].refusal;
        call_fail(r->call, ERR_PERMISSION, EX_NOPERM, "the broker refused the request: %.*s",
                  (int)why.len, (const char *)why.ptr);
    } else {
        call_ok(r->call, run_doc(r));
    }
    run_free(r);
}

static void out_of_patience(void *arg)
{
    finish_run(arg);
}

static enum err store_run(struct kv_txn *txn, void *arg)
{
    return run_store(arg, txn);
}

static void stored(enum err result, void *arg)
{
    struct ask_run *r = arg;
    crash_point("request.after_commit");
    if (result != ERR_OK) {
        fail_run(r, result);
        return;
    }
    r->is_stored = true;
    loop_timer_after(r->patience, r->answered == r->letter_count ? 0 : PATIENCE_MS);
}

/* The case worker's signature by the roster of now, then the agency's own. */
static enum err sign_letter(struct ask_run *r, struct run_letter *h, struct bytes signature)
{
    struct request_message *m = &h->composed.message;
    const struct officer_signed by = {SIGN_REQUEST, &r->staff, h->composed.header_bytes, signature};
    struct signature own;
    enum err bad = agent_officer_signed(r->agent, r->view, &by, &r->worker);
    if (bad != ERR_OK)
        return errmsg_set(&r->why, bad,
                          "the signature is not by the key that the roster lists for %s", r->staff.s);
    bad = sign_document(SIGN_REQUEST, r->agent->signing, h->composed.header_bytes, &own);
    if (bad != ERR_OK)
        return bad;
    m->worker_signature = signature;
    m->worker_fingerprint = r->worker;
    m->agency_signature = signature_bytes(&own);
    CLEANUP(buf_free) struct buf body = buf_new(MESSAGE_MAX);
    bad = request_message_encode(m, &body);
    if (bad != ERR_OK)
        return bad;
    h->body = arena_copy(r->arena, buf_bytes(&body));
    return h->body.ptr != NULL ? ERR_OK : ERR_NOMEM;
}

/* The headers name a policy and a roster: while a person signs, others may have come in force. */
static enum err check_view(struct ask_run *r)
{
    const struct view *now = r->agent->view;
    const struct roster_officer *o = call_officer(r->call);
    if (!digest_equal(view_policy_digest(now), view_policy_digest(r->view)) ||
        view_roster(now)->serial != view_roster(r->view)->serial)
        return run_behind(&r->why);
    if (o == NULL)
        return errmsg_set(&r->why, ERR_PERMISSION, "%s is not on the roster any more", r->staff.s);
    return ERR_OK;
}

static void on_signed(struct call *c, void *arg, const struct bytes *signatures, size_t count)
{
    struct ask_run *r = arg;
    (void)c;
    enum err bad = count == r->letter_count
                       ? check_view(r)
                       : errmsg_set(&r->why, ERR_CANCELLED, "not signed; nothing was sent");
    for (size_t i = 0; i < r->letter_count && bad == ERR_OK; i++)
        bad = sign_letter(r, &r->letters[i], signatures[i]);
    if (bad == ERR_OK)
        bad = writer_submit(r->agent->writer, WRITER_INTERACTIVE, store_run, stored, r);
    if (bad != ERR_OK)
        fail_run(r, bad);
}

static void fill_header(const struct ask_run *r, const struct run_letter *h,
                        struct request_header *out)
{
    const struct rule *rule = r->question.rule;
    *out = (struct request_header){
        .deployment = r->agent->config->deployment,
        .request_id = r->id,
        .requester = r->question.requester,
        .on_behalf_of = r->question.on_behalf_of,
        .holder = h->holder->oin,
        .rule = rule->id,
        .rule_version = rule->version,
        .policy_digest = *view_policy_digest(r->view),
        .roster_serial = view_roster(r->view)->serial,
        .case_id = r->dossier.id,
        .fields = h->holder->fields.v,
        .field_count = h->holder->fields.count,
        .purpose = rule->purpose,
        .epoch = h->epoch,
        .suite = SUITE_HK1,
        .issued_at_s = r->question.now_s,
        .deadline_s = r->question.deadline_s,
    };
}

static enum err compose_letter(struct ask_run *r, struct run_letter *h, const struct cert *signer)
{
    const struct agency_id *oin = &h->holder->oin;
    CLEANUP(cleanup_cert_free) struct cert *sealing = NULL;
    const struct roster_member *m = view_member(r->view, oin, r->question.now_s);
    if (m == NULL)
        return errmsg_set(&r->why, ERR_NOT_FOUND, "holder %s is not on the roster now", oin->oin);
    enum err bad = cert_parse(m->sealing.der, CERT_SEALING, &sealing, &r->why);
    if (bad == ERR_OK && (roster_is_revoked(view_roster(r->view), &m->sealing.fingerprint) ||
                          cert_check_time(sealing, r->question.now_s, &r->why) != ERR_OK))
        bad = errmsg_set(&r->why, ERR_CERT, "holder %s has no sealing certificate now", oin->oin);
    if (bad != ERR_OK)
        return bad;
    struct request_header header;
    fill_header(r, h, &header);
    bad = agent_pseudonym(r->agent, &r->staff, r->question.now_s, &header.case_worker);
    if (bad == ERR_OK)
        bad = name_parse(bytes_str(case_state_id(r->question.case_state)), &header.case_state);
    if (bad == ERR_OK)
        bad = name_parse(bytes_str(process_id(r->question.rule->process)), &header.process);
    const struct compose c = {
        .header = &header,
        .subjects = &r->subjects,
        .checks = r->question.checks,
        .half = agent_half(r->agent, &header.purpose, h->epoch, false),
        .signing = agent_own_key(r->agent, signer),
        .signer = signer,
        .holder = sealing,
    };
    if (bad == ERR_OK && c.half == NULL)
        bad = ERR_NOT_FOUND;
    if (bad == ERR_OK && c.signing == NULL)
        bad = errmsg_set(&r->why, ERR_MISMATCH, "this agent has not the signing key that the roster lists");
    return bad == ERR_OK ? compose(&c, r->arena, &h->composed, &r->why) : bad;
}

static enum err compose_all(struct ask_run *r)
{
    CLEANUP(cleanup_cert_free) struct cert *signer = NULL;
    const struct roster_member *self = agent_member(r->agent);
    enum err bad = self != NULL ? cert_parse(self->signing.der, CERT_SIGNING, &signer, &r->why)
                                : errmsg_set(&r->why, ERR_CLOSED, "this agency is not on the roster");
    for (size_t i = 0; i < r->letter_count && bad == ERR_OK; i++)
        bad = compose_letter(r, &r->letters[i], signer);
    return bad;
}

/* Store thread: what the policy does not allow leaves one entry for each holder that it was judged for. */
static enum err log_denied(struct kv_txn *txn, void *arg)
{
    struct ask_run *r = arg;
    const struct audit_fact by[] = {audit_fact_word("role", "requester"), audit_fact_word("refused_by", "agent")};
    const struct own_touch touched = {touch_of_request(&r->id), TOUCH_GROUP_ALL, NULL};
    enum err bad = run_begin_touch(r, txn);
    for (size_t i = 0; i < r->holder_count && bad == ERR_OK; i++) {
        struct own_entry e = run_entry(r, AUDIT_EVENT_REQUEST_REFUSED);
        struct facts judged;
        ask_facts(&r->question, &r->holders[i].oin, &judged);
        e.judged = &judged;
        e.decision = r->holders[i].decision;
        e.peer = &r->holders[i].oin;
        e.facts = by;
        e.facts_count = ARRAY_LEN(by);
        e.count = r->subjects.count;
        e.touched = &touched;
        e.touched_count = 1;
        bad = own_log_append(r->agent, txn, &e);
    }
    return bad;
}

static void denied(enum err result, void *arg)
{
    CLEANUP(cleanup_run_free) struct ask_run *r = arg;
    struct decision *all = arena_alloc(r->arena, sizeof *all);
    if (result == ERR_OK && all != NULL)
        result = run_judge(r, all);
    if (result == ERR_OK && all != NULL)
        call_deny(r->call, all);
    else
        call_error(r->call, result == ERR_OK ? ERR_NOMEM : result, &r->why);
}

static void ask_signature(struct ask_run *r)
{
    struct call_document documents[ASK_HEADERS_MAX];
    for (size_t i = 0; i < r->letter_count; i++)
        documents[i] = (struct call_document){.kind = "request",
                                              .document = r->letters[i].composed.header_bytes};
    r->next = ask_of(r->agent)->runs;
    ask_of(r->agent)->runs = r;
    call_sign(r->call, documents, r->letter_count, on_signed, r);
}

/* Everything before the signature. The run is the caller's still. */
static enum err prepare(struct ask_run *r, const struct doc *args, struct decision *all)
{
    const struct roster_officer *o = call_officer(r->call);
    if (o == NULL)
        return errmsg_set(&r->why, ERR_PERMISSION, "%s is not on the roster", r->staff.s);
    r->worker = o->cert.fingerprint;
    r->question.officer = o;
    enum err bad = run_read(r, args);
    return bad == ERR_OK ? run_judge(r, all) : bad;
}

struct ask_run *run_new(struct call *c)
{
    CLEANUP(cleanup_run_free) struct ask_run *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->call = c;
    r->agent = call_agent(c);
    r->staff = *call_staff(c);
    r->view = view_ref(r->agent->view);
    r->arena = arena_new(ASK_ARENA_BYTES);
    r->patience = loop_timer_new(r->agent->loop, out_of_patience, r);
    r->question.view = r->view;
    r->question.requester = r->agent->config->oin;
    r->question.now_s = agent_now_s(r->agent);
    return r->arena != NULL && r->patience != NULL ? take(r) : NULL;
}

void run_fail(struct ask_run *r, enum err e)
{
    call_error(r->call, e, &r->why);
    run_free(r);
}

void ask_request(struct call *c, const struct doc *args)
{
    struct ask_run *r = run_new(c);
    if (r != NULL)
        run_start(r, args);
    else
        call_error(c, ERR_NOMEM, NULL);
}

void run_start(struct ask_run *run, const struct doc *args)
{
    CLEANUP(cleanup_run_free) struct ask_run *r = run;
    struct call *c = r->call;
    struct decision *all = arena_alloc(r->arena, sizeof *all);
    enum err bad = all != NULL ? prepare(r, args, all) : ERR_NOMEM;
    if (bad == ERR_OK && r->dry_run) {
        call_ok(c, run_dry_doc(r));
        return;
    }
    if (bad == ERR_OK && !all->permit) {
        log_notice("request.denied conditions=%u", all->failures_count);
        bad = writer_submit(r->agent->writer, WRITER_INTERACTIVE, log_denied, denied, r);
        if (bad == ERR_OK)
            r = NULL;
        else
            call_error(c, bad, &r->why);
        return;
    }
    if (bad == ERR_OK)
        bad = compose_all(r);
    if (bad == ERR_OK)
        ask_signature(take(r));
    else
        call_error(c, bad, &r->why);
}

void ask_runs_stop(struct ask *k)
{
    while (k->runs != NULL) {
        struct ask_run *r = k->runs;
        k->runs = r->next;
        run_free(r);
    }
}
