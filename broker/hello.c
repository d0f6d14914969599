/* hello: the first message of a session. The first difference is named, and only what repairs it is
 * allowed (docs/protocol.md, "Hello"). */
#include <stdarg.h>
#include <stdio.h>

#include "broker/audit.h"
#include "broker/awaited.h"
#include "broker/mailboxes.h"
#include "broker/publisher.h"
#include "broker/reconcile.h"
#include "broker/sessions.h"
#include "broker/store/mail.h"
#include "broker/turn.h"
#include "proto/base/log.h"
#include "proto/host/writer.h"
#include "proto/log/checkpoint.h"
#include "proto/log/note.h"
#include "proto/msg/hello.h"

#define DIFFERENCE_MAX 320u
#define CLOCK_SLACK_S 300 /* beside the limit's own: an agent's clock may be ahead of ours as well */

/* The first difference, or "". */
struct difference {
    char text[DIFFERENCE_MAX + 1];
};

static bool differs(struct difference *d, const char *fmt, ...) PRINTF_LIKE(2, 3);

static bool differs(struct difference *d, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(d->text, sizeof d->text, fmt, args);
    va_end(args);
    return true;
}

static bool version_differs(const struct hello *h, struct difference *d)
{
    for (size_t i = 0; i < h->version_count; i++)
        if (h->versions[i] == WIRE_VERSION)
            return h->suites[SUITE_HK1] ? false : differs(d, "suites: the broker needs hk1");
    return differs(d, "versions: the broker speaks %u only", WIRE_VERSION);
}

static bool roster_differs(const struct turn *t, const struct hello *h, struct difference *d)
{
    const uint64_t roster = view_roster(t->view)->serial;
    return h->roster_serial != roster &&
           differs(d, "roster_serial: %llu here, %llu there", (unsigned long long)roster,
                   (unsigned long long)h->roster_serial);
}

static bool trust_differs(const struct turn *t, const struct hello *h, struct difference *d)
{
    const uint64_t policy = view_policy(t->view)->serial;
    if (h->policy_serial != policy)
        return differs(d, "policy_serial: %llu here, %llu there", (unsigned long long)policy,
                       (unsigned long long)h->policy_serial);
    if (!digest_equal(&h->policy_digest, view_policy_digest(t->view)))
        return differs(d, "policy_digest: another policy under the same serial");
    struct view_announced n;
    (void)view_announced_at(t->view, 0, &n);
    if (h->trust.announced_serial != n.serial ||
        !digest_equal(&h->trust.announced_digest, &n.digest))
        return differs(d, "announced policy: serial %llu here, %llu there (0: none)",
                       (unsigned long long)n.serial,
                       (unsigned long long)h->trust.announced_serial);
    if (!digest_equal(&h->trust.adoptions_digest, view_adoptions_digest(t->view)))
        return differs(d, "adoptions: others here than there");
    if (!digest_equal(&h->trust.states_digest, view_states_digest(t->view)))
        return differs(d, "epochs: their custodians' words here are others than there");
    return false;
}

/* A key of which no custodian has said anything is no difference: nothing is sent under it. */
static bool key_differs(const struct turn *t, const struct hello *h, struct difference *d)
{
    for (size_t i = 0; i < h->epoch_count; i++) {
        const struct epoch_key *k = &h->epochs[i];
        const struct deal *deal = view_deal(t->view, &k->purpose, k->epoch);
        if (deal == NULL)
            continue;
        if (k->suite != deal->suite)
            return differs(d, "suite of %s epoch %u: %s here, %s there", k->purpose.s, k->epoch,
                           suite_id(deal->suite), suite_id(k->suite));
        if (!bytes_equal(BYTES_OF_ARRAY(k->kcv), BYTES_OF_ARRAY(deal->kcv.b)))
            return differs(d, "kcv of %s epoch %u: the agency holds another key", k->purpose.s,
                           k->epoch);
        for (unsigned type = IDENT_NONE + 1; type < IDENT_TYPE_COUNT; type++)
            if (deal->norms[type] != 0 && h->norm_versions[type] != deal->norms[type])
                return differs(d, "norm_version of %s: %u in %s epoch %u, %u there",
                               ident_type_id((enum ident_type)type), deal->norms[type],
                               k->purpose.s, k->epoch, h->norm_versions[type]);
    }
    return false;
}

static bool clock_differs(const struct turn *t, const struct hello *h, struct difference *d)
{
    const int64_t skew_s = h->now_s > t->now_s ? h->now_s - t->now_s : t->now_s - h->now_s;
    if (skew_s * 1000 <= (int64_t)t->broker->config->trust.max_clock_skew_ms)
        return false;
    return differs(d, "now: the clocks differ by %lld s; both hosts need time synchronisation",
                   (long long)skew_s);
}

/* A head of a log that has ended: the agency has not gone over to this one yet, and says nothing of it. */
static bool is_of_before(const struct turn *t, struct bytes note)
{
    struct note n;
    struct checkpoint c;
    return note.len > 0 && note_parse(note, t->arena, &n, NULL) == ERR_OK && checkpoint_parse(n.text, &c) == ERR_OK &&
           roster_former_origin_of(view_roster(t->view), c.origin) != NULL;
}

/* A checkpoint that this log's key signed and that the log does not contain: restored or forked. */
static bool log_differs(struct turn *t, const struct hello *h, struct difference *d)
{
    if (is_of_before(t, h->checkpoint))
        return false;
    enum err e = publisher_contains(t->broker->publisher, h->checkpoint);
    if (e == ERR_OK)
        return false;
    if (e != ERR_MISMATCH)
        return differs(d, "checkpoint: not one of this log (%s)", err_text(e));
    if ((t->broker->closed & (1u << GATE_FORKED)) == 0) {
        const struct turn_audit what = {.event = AUDIT_EVENT_SESSION_REFUSED,
                                        .peer = t->sender->id};
        audit_note(t->broker, &what, NULL);
        log_err("log forked=true agency=%s: it verified a head that this log does not contain; "
                "restore the newest copy",
                t->sender->id.oin);
    }
    broker_close_gate(t->broker, GATE_FORKED);
    return differs(d, "checkpoint: the broker's log does not contain it; the broker is closed");
}

static enum err list_epochs(struct turn *t, struct hello_reply *r)
{
    size_t n = view_deal_count(t->view);
    if (n > HELLO_EPOCHS_MAX)
        n = HELLO_EPOCHS_MAX;
    struct epoch_key *keys = arena_array(t->arena, n, sizeof *keys);
    if (keys == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct deal *d = view_deal_at(t->view, i);
        keys[i] = (struct epoch_key){.purpose = d->purpose, .epoch = d->epoch, .suite = d->suite};
        memcpy(keys[i].kcv, d->kcv.b, sizeof keys[i].kcv);
    }
    r->epochs = keys;
    r->epoch_count = n;
    return ERR_OK;
}

/* What this store lacks of the sender's batches, as far as its hello has told. */
static enum err list_lacking(struct turn *t, struct hello_reply *r)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct awaited_list lacking;
    enum err e = kv_read_begin(t->broker->kv, &txn);
    if (e == ERR_OK)
        e = awaited_lacking(t->broker, txn, &t->sender->id, t->arena, &lacking);
    if (e != ERR_OK)
        return e;
    r->lacking = lacking.v;
    r->lacking_count = lacking.count;
    return ERR_OK;
}

static enum err answer(struct turn *t, enum session_state state, const struct difference *d)
{
    const struct config_broker *c = t->broker->config;
    struct view_announced n;
    (void)view_announced_at(t->view, 0, &n);
    struct hello_reply r = {
        .state = state,
        .version = WIRE_VERSION,
        .difference = bytes_str(d->text),
        .roster_serial = view_roster(t->view)->serial,
        .policy_serial = view_policy(t->view)->serial,
        .policy_digest = *view_policy_digest(t->view),
        .trust = {n.serial, n.digest, *view_adoptions_digest(t->view), *view_states_digest(t->view)},
        .now_s = t->now_s,
        .slot_interval_ms = (uint32_t)c->slot_interval_ms,
        .publish_interval_ms = (uint32_t)c->publish_interval_ms,
        .credit = t->broker->credit,
        .origin = bytes_str(c->origin),
    };
    if (state == SESSION_RECONCILE)
        r.copied_s = reconcile_copied_s(t->broker);
    enum err e = list_epochs(t, &r);
    if (e == ERR_OK)
        e = list_lacking(t, &r);
    CLEANUP(buf_free) struct buf body = buf_new((size_t)256 << 10);
    if (e == ERR_OK)
        e = hello_reply_encode(&r, &body);
    if (e != ERR_OK)
        return e;
    t->reply_kind = MSG_HELLO_REPLY;
    t->reply_body = arena_copy(t->arena, buf_bytes(&body));
    return t->reply_body.ptr == NULL ? ERR_NOMEM : ERR_OK;
}

static enum session_state judge(struct turn *t, const struct hello *h, struct difference *d)
{
    if (version_differs(h, d) || clock_differs(t, h, d) || log_differs(t, h, d))
        return SESSION_REPAIR;
    /* A registrar judges by no policy, holds no purpose key, and a restored broker does not wait for it. */
    const bool is_registrar = t->sender->kind == MEMBER_REGISTRAR;
    if (roster_differs(t, h, d) || (!is_registrar && (trust_differs(t, h, d) || key_differs(t, h, d))))
        return SESSION_REPAIR;
    if (is_registrar ? t->broker->reconcile != NULL : !reconcile_heard(t->broker, &t->sender->id)) {
        differs(d, "log: a restored broker waits until every agency has said hello");
        return SESSION_RECONCILE;
    }
    return SESSION_OPEN;
}

static enum err judge_and_answer(struct turn *t, const struct hello *h)
{
    struct difference d = {""};
    const enum session_state state = judge(t, h, &d);
    enum err e = sessions_begin(t->broker->sessions, t->sender, &t->route, state);
    if (e == ERR_OK)
        e = answer(t, state, &d);
    if (e != ERR_OK)
        return e;
    session_of(t->broker->sessions, &t->sender->id)->known_roster = h->roster_serial;
    log_info("hello agency=%s state=%s difference=\"%s\"", t->sender->id.oin,
             state == SESSION_OPEN ? "open" : state == SESSION_REPAIR ? "repair" : "reconcile",
             d.text);
    const struct turn_audit opened = {.event = AUDIT_EVENT_SESSION_OPENED};
    if (state == SESSION_OPEN && broker_can_log(t->broker))
        audit_note(t->broker, &opened, &t->sender->id);
    return ERR_OK;
}

/* ---- an agency that has had, or sent, more than this store knows of ---- */

/* What the turn carries while that is noted. */
struct noting {
    struct turn *turn;
    struct hello hello; /* views into the turn's arena */
    struct awaited_said said;
    bool raises; /* its mailbox */
    uint64_t dropped;
};

static enum err note_job(struct kv_txn *txn, void *arg)
{
    struct noting *n = arg;
    struct broker *b = n->turn->broker;
    const struct mail_raise raise = {.to = &n->turn->envelope.sender, .done = n->hello.mail_done};
    enum err e = n->raises ? mailbox_raise(b->mailboxes, txn, &raise, &n->dropped) : ERR_OK;
    return e == ERR_OK ? awaited_note(b, txn, &n->said) : e;
}

/* Only now the session may open: what is put into the mailbox from here on is numbered above, and what its agency took
 * back answers nothing. */
static void noted(enum err result, void *arg)
{
    const struct noting *n = arg;
    struct turn *t = n->turn;
    broker_saw(t->broker, result);
    if (result == ERR_OK && n->raises)
        log_warn("mail raised agency=%s to=%llu dropped=%llu: its agent has had more than this store gave "
                 "out; the store was restored, or another broker used these keys",
                 t->envelope.sender.oin, (unsigned long long)n->hello.mail_done,
                 (unsigned long long)n->dropped);
    if (result != ERR_OK || judge_and_answer(t, &n->hello) != ERR_OK)
        turn_drop(t); /* the agent says hello again */
    else
        turn_continue(t);
}

/* *is_any: something has to be noted. */
static enum err compare(struct noting *n, bool *is_any)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct broker *b = n->turn->broker;
    uint64_t last = 0;
    bool is_news = false;
    enum err e = kv_read_begin(b->kv, &txn);
    if (e == ERR_OK)
        e = mailbox_last(b->mailboxes, txn, &n->turn->sender->id, &last);
    if (e == ERR_OK)
        e = awaited_is_news(b, txn, &n->said, &is_news);
    n->raises = n->hello.mail_done > last;
    *is_any = n->raises || is_news;
    return e;
}

/* ERR_AGAIN: something was news and is under way into the store. */
static enum err note(struct turn *t, const struct hello *h)
{
    struct noting *n = arena_alloc(t->arena, sizeof *n);
    bool is_any = false;
    if (n == NULL)
        return ERR_NOMEM;
    *n = (struct noting){.turn = t,
                         .hello = *h,
                         .said = {t->view, &t->sender->id, h->chains, h->chain_count}};
    enum err e = compare(n, &is_any);
    if (e != ERR_OK || !is_any)
        return e;
    e = writer_submit(t->broker->writer, WRITER_INTERACTIVE, note_job, noted, n);
    return e == ERR_OK ? ERR_AGAIN : e;
}

static enum err prepare(struct turn *t, struct errmsg *why)
{
    struct hello h;
    enum err e = hello_decode(t->envelope.body, t->arena, &h, why);
    if (e != ERR_OK)
        return turn_refuse(t, REFUSED_MALFORMED, "hello: %s", why->text);
    if (h.mail_done > mail_sequence_limit(t->now_s + CLOCK_SLACK_S))
        return turn_refuse(t, REFUSED_MALFORMED, "hello: mail_done: no broker has given out so many");
    e = note(t, &h);
    return e == ERR_OK ? judge_and_answer(t, &h) : e;
}

const struct turn_handler hello_handler = {
    .kind = MSG_HELLO,
    .prepare = prepare,
    .senders = TURN_BY_REGISTRAR,
    .in_repair = true,
};
