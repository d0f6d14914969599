/* Dialling, and one message of the broker from its bytes to the one who waits for it. Whatever does not
 * verify as the broker's is dropped without an answer. */
#include "agent/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/keys.h"
#include "agent/message_ids.h"
#include "agent/outbox_run.h"
#include "agent/part.h"
#include "agent/session_dial.h"
#include "agent/session_internal.h"
#include "agent/store/store.h"
#include "agent/trust.h"
#include "pki/random.h"
#include "pki/sign.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/link.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"

#define TICK_MS 1000
#define HELLO_WAIT_MS 5000      /* for an answer */
#define HELLO_AGAIN_MS 10000    /* after a difference that others must repair; retry.most where that is sooner */
#define HELLO_RENEW_MS 600000   /* in an open session: serials, clocks, keys */
#define TIME_MARK_MS 60000
#define ASKS_MAX 1024
#define CLOCK_SLACK_S 300

/* A message without a stored reply that waits for its answer. */
struct asking {
    struct message_id id;
    int64_t until_ms;
    session_reply_fn on_reply;
    void *arg;
};

static const struct {
    enum session_phase phase;
    const char *id;
} phase_words[] = {
    {PHASE_DIALLING, "dialling"}, {PHASE_HELLO, "hello"}, {PHASE_REPAIR, "repair"},
    {PHASE_WAITING, "waiting"},   {PHASE_OPEN, "open"},
};

const char *session_phase_id(enum session_phase p)
{
    for (size_t i = 0; i < ARRAY_LEN(phase_words); i++)
        if (phase_words[i].phase == p)
            return phase_words[i].id;
    return "?";
}

/* Everybody who waits hears that no answer comes. */
static void end_asks(struct session *s)
{
    while (s->ask_count > 0) {
        struct asking gone = s->asks[--s->ask_count];
        gone.on_reply(gone.arg, &gone.id, MSG_NONE, bytes_of(NULL, 0));
    }
}

void session_enter(struct session *s, enum session_phase phase, const char *fmt, ...)
{
    char trouble[sizeof s->trouble];
    va_list args;
    va_start(args, fmt);
    vsnprintf(trouble, sizeof trouble, fmt, args);
    va_end(args);
    bool is_news = s->info.phase != phase || strcmp(trouble, s->trouble) != 0;
    bool was_open = s->info.phase == PHASE_OPEN;
    memcpy(s->trouble, trouble, sizeof trouble);
    if (s->info.phase != phase)
        s->info.since_s = agent_now_s(s->agent);
    s->info.phase = phase;
    if (is_news)
        log_line(trouble[0] != '\0' && phase != PHASE_HELLO ? LOG_LEVEL_WARN : LOG_LEVEL_NOTICE,
                 "session.%s broker=%s%s%s", session_phase_id(phase), session_dial_place(s),
                 trouble[0] != '\0' ? " reason=" : "", trouble);
    if (was_open && phase != PHASE_OPEN)
        end_asks(s);
}

static enum err envelope_of(struct session *s, const struct session_letter *l, struct buf *out)
{
    const struct agent *a = s->agent;
    const struct roster_member *broker = view_broker(a->view);
    if (broker == NULL)
        return ERR_NOT_FOUND;
    struct envelope e = {
        .deployment = a->config->deployment,
        .version = WIRE_VERSION,
        .sender = a->config->oin,
        .recipient = broker->id,
        .kind = l->kind,
        .id = l->id,
        .sent_at_s = agent_now_s(a),
        .expires_at_s = l->expires_at_s,
        .roster_serial = view_roster(a->view)->serial,
        .policy_serial = view_policy(a->view)->serial,
        .body = l->body,
    };
    return envelope_encode(&e, out);
}

enum err session_wrap(struct session *s, struct session_letter *letter, struct buf *out)
{
    struct session_letter l = *letter;
    l.expires_at_s = agent_now_s(s->agent) + l.life_s;
    CLEANUP(buf_free) struct buf envelope = buf_new(FRAME_MAX_BYTES);
    enum err bad = message_ids_make(s->agent->message_ids, &l.id);
    if (bad == ERR_OK)
        bad = envelope_of(s, &l, &envelope);
    struct signature sig;
    if (bad == ERR_OK)
        bad = sign_document(SIGN_ENVELOPE, s->agent->signing, buf_bytes(&envelope), &sig);
    if (bad != ERR_OK)
        return bad;
    const struct frame f = {buf_bytes(&envelope), signature_bytes(&sig)};
    bad = frame_encode(&f, out);
    if (bad == ERR_OK)
        *letter = l;
    return bad;
}

enum err session_say(struct session *s, enum msg_kind kind, struct bytes body,
                     struct message_id *id)
{
    struct session_letter l = {.kind = kind, .body = body, .life_s = SESSION_LETTER_LIFE_S};
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    enum err bad = session_wrap(s, &l, &frame);
    if (bad == ERR_OK)
        bad = session_dial_send(s, buf_bytes(&frame));
    if (bad == ERR_OK && id != NULL)
        *id = l.id;
    return bad;
}

enum err session_send_frame(struct session *s, struct bytes frame)
{
    return session_is_open(s) ? session_dial_send(s, frame) : ERR_STATE;
}

enum err session_ask(struct session *s, const struct session_ask *ask, struct message_id *id)
{
    if (!session_is_open(s))
        return ERR_STATE;
    if (s->ask_count == ASKS_MAX)
        return ERR_LIMIT;
    struct asking *w = &s->asks[s->ask_count];
    enum err bad = session_say(s, ask->kind, ask->body, &w->id);
    if (bad != ERR_OK)
        return bad;
    w->until_ms = clock_mono_ms() + ask->life_s * 1000;
    w->on_reply = ask->on_reply;
    w->arg = ask->arg;
    s->ask_count++;
    if (id != NULL)
        *id = w->id;
    return ERR_OK;
}

void session_forget(struct session *s, const void *arg)
{
    for (size_t i = 0; i < s->ask_count;)
        if (s->asks[i].arg == arg)
            s->asks[i] = s->asks[--s->ask_count];
        else
            i++;
}

static bool answer_ask(struct session *s, const struct envelope *e)
{
    for (size_t i = 0; i < s->ask_count; i++) {
        struct asking w = s->asks[i];
        if (!bytes_equal(BYTES_OF_ARRAY(w.id.b), BYTES_OF_ARRAY(e->in_reply_to.b)))
            continue;
        s->asks[i] = s->asks[--s->ask_count];
        w.on_reply(w.arg, &w.id, e->kind, e->body);
        return true;
    }
    return false;
}

static void expire_asks(struct session *s, int64_t now_ms)
{
    for (size_t i = 0; i < s->ask_count;) {
        struct asking w = s->asks[i];
        if (w.until_ms > now_ms) {
            i++;
            continue;
        }
        s->asks[i] = s->asks[--s->ask_count];
        w.on_reply(w.arg, &w.id, MSG_NONE, bytes_of(NULL, 0));
    }
}

/* A refusal that says something about the session itself. */
static void note_refusal(struct session_turn *t)
{
    struct refused r;
    struct session *s = t->session;
    if (refused_decode(t->envelope.body, t->arena, &r, NULL) != ERR_OK)
        return;
    bool is_hello = bytes_equal(BYTES_OF_ARRAY(t->envelope.in_reply_to.b),
                                BYTES_OF_ARRAY(s->hello.b));
    if (is_hello)
        session_enter(s, PHASE_WAITING, "the broker refused hello: %s %.*s",
                      refusal_code_id(r.code), (int)r.detail.len,
                      r.detail.len > 0 ? (const char *)r.detail.ptr : "");
    else if ((r.code == REFUSED_BEHIND || r.code == REFUSED_STATE) && s->info.phase == PHASE_OPEN)
        session_send_hello(s);
    else if (r.code == REFUSED_BEHIND && !t->envelope.is_reply && s->repair.set == NULL)
        session_send_hello(s); /* the broker has changed: what kept us apart may be over */
}

static void on_reply(struct session_turn *t)
{
    struct session *s = t->session;
    if (t->envelope.kind == MSG_REFUSED)
        note_refusal(t);
    if (!t->envelope.is_reply)
        return;
    if (outbox_on_reply(s->agent->outbox, &t->envelope) || answer_ask(s, &t->envelope))
        return;
    log_debug("session.answer_unasked kind=%s", msg_kind_id(t->envelope.kind));
}

static void dispatch(struct session_turn *t)
{
    switch (t->envelope.kind) {
    case MSG_HELLO_REPLY: session_on_hello_reply(t); return;
    case MSG_FETCH_REPLY: session_on_fetch_reply(t); return;
    case MSG_MAIL: session_on_mail(t); return;
    case MSG_ACCEPTED:
    case MSG_REFUSED:
    case MSG_BODIES_REPLY:
    case MSG_COSIGN_REPLY:
    case MSG_ENTRIES_REPLY:
    case MSG_AGENCY_HEAD_REPLY: on_reply(t); return;
    case MSG_NONE:
    case MSG_HELLO:
    case MSG_FETCH:
    case MSG_BATCH:
    case MSG_BATCH_CHUNK:
    case MSG_REQUEST:
    case MSG_SETTLE:
    case MSG_MAIL_ACK:
    case MSG_BODIES:
    case MSG_RENEWAL:
    case MSG_COSIGN:
    case MSG_ENTRIES:
    case MSG_EXPORTED:
    case MSG_AGENCY_HEAD:
    case MSG_KIND_COUNT: break;
    }
    log_warn("session.kind_refused kind=%s", msg_kind_id(t->envelope.kind));
}

static bool is_of_broker(const struct agent *a, const struct agency_id *broker,
                         const struct frame *f)
{
    const struct view_signed s = {SIGN_ENVELOPE, broker, f->envelope, f->signature};
    struct view_signer by;
    return view_verify(a->view, &s, &by) == ERR_OK && view_signer_counts(&by, agent_now_s(a));
}

/* From bytes to an envelope that the broker of the roster signed for this agency. */
static enum err verify(struct session_turn *t, struct bytes data, struct errmsg *why)
{
    const struct agent *a = t->session->agent;
    const struct roster_member *broker = view_broker(a->view);
    if (broker == NULL)
        return errmsg_set(why, ERR_NOT_FOUND, "the roster names no broker");
    struct frame f;
    enum err bad = frame_decode(data, t->arena, &f, why);
    if (bad == ERR_OK && !is_of_broker(a, &broker->id, &f))
        bad = errmsg_set(why, ERR_SIGNATURE, "not signed by the broker of the roster");
    struct envelope *e = &t->envelope;
    if (bad == ERR_OK)
        bad = envelope_decode(f.envelope, t->arena, e, why);
    if (bad != ERR_OK)
        return bad;
    if (!name_equal(&e->deployment, &a->config->deployment) ||
        !agency_id_equal(&e->sender, &broker->id) || !agency_id_equal(&e->recipient, &a->config->oin))
        return errmsg_set(why, ERR_MISMATCH, "deployment, sender or recipient is another");
    if (e->expires_at_s + CLOCK_SLACK_S < agent_now_s(a))
        return errmsg_set(why, ERR_EXPIRED, "expired");
    return ERR_OK;
}

void session_on_message(struct session *s, struct bytes data)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(SESSION_ARENA_BYTES);
    if (a == NULL || s->is_stopped)
        return;
    struct session_turn t = {.session = s, .arena = a};
    struct errmsg why = {""};
    enum err bad = verify(&t, data, &why);
    if (bad != ERR_OK)
        log_warn("session.message_dropped reason=\"%s\"",
                 why.text[0] != '\0' ? why.text : err_text(bad));
    else
        dispatch(&t);
}

void session_on_event(struct session *s, enum link_event e)
{
    const char *broker = session_dial_place(s);
    s->is_connected = e == LINK_CONNECTED;
    switch (e) {
    case LINK_CONNECTED:
        s->is_fresh = false;
        session_send_hello(s);
        return;
    case LINK_DISCONNECTED:
        session_enter(s, PHASE_DIALLING, "the connection with the broker at %s is gone", broker);
        break;
    case LINK_REFUSED:
        session_enter(s, PHASE_DIALLING, "the broker at %s refused our transport key; is this agency "
                                         "on the broker's roster?",
                      broker);
        break;
    case LINK_HANDSHAKE_FAILED:
        session_enter(s, PHASE_DIALLING, "what answers at %s is not the broker of the roster", broker);
        break;
    }
    session_repair_end(s);
}

static enum err raise_time(struct kv_txn *txn, void *arg)
{
    struct session *s = arg;
    return agent_trust_raise_time(s->agent->store, txn, agent_now_s(s->agent));
}

const char *session_closed_reason(const struct session *s)
{
    int64_t now_s = agent_now_s(s->agent);
    if (view_is_open(s->agent->view, now_s) != ERR_OK)
        return "the roster has expired; the registrar signs a new one";
    if (now_s + CLOCK_SLACK_S < s->time_high_s)
        return "the clock of this host went back more than five minutes; check time synchronisation";
    return NULL;
}

static int64_t again_ms(const struct session *s)
{
    const int64_t most_ms = (int64_t)s->agent->config->retry_most_ms;
    return most_ms < HELLO_AGAIN_MS ? most_ms : HELLO_AGAIN_MS;
}

static void on_tick(void *arg)
{
    struct session *s = arg;
    int64_t now_ms = clock_mono_ms();
    int64_t since_ms = now_ms - s->hello_ms;
    expire_asks(s, now_ms);
    session_dial_look(s);
    session_look_at_moment(s);
    if (agent_now_s(s->agent) > s->time_high_s)
        s->time_high_s = agent_now_s(s->agent);
    if (s->repair.set != NULL && now_ms - s->repair.since_ms > HELLO_AGAIN_MS)
        session_repair_end(s);
    if (now_ms - s->time_ms >= TIME_MARK_MS) {
        s->time_ms = now_ms;
        if (writer_submit(s->agent->writer, WRITER_INTERACTIVE, raise_time, NULL, s) != ERR_OK)
            log_warn("session.time_not_marked");
    }
    if (!s->is_connected)
        return;
    const char *closed = session_closed_reason(s);
    if (s->info.phase == PHASE_OPEN && closed != NULL)
        session_enter(s, PHASE_WAITING, "%s", closed);
    bool is_due = (s->info.phase == PHASE_HELLO && since_ms > HELLO_WAIT_MS) ||
                  (s->info.phase == PHASE_WAITING && since_ms > again_ms(s)) ||
                  (s->info.phase == PHASE_REPAIR && since_ms > 2 * HELLO_AGAIN_MS) ||
                  since_ms > HELLO_RENEW_MS;
    if (!is_due)
        return;
    s->is_fresh = s->is_fresh && since_ms <= HELLO_RENEW_MS;
    session_send_hello(s);
}

enum err session_new(struct agent *a, struct session **out)
{
    CLEANUP(cleanup_session_free) struct session *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    s->agent = a;
    s->info.phase = PHASE_DIALLING;
    s->info.since_s = agent_now_s(a);
    snprintf(s->trouble, sizeof s->trouble, "no connection with the broker at %s yet",
             a->config->broker);
    s->time_ms = clock_mono_ms();
    s->asks = calloc(ASKS_MAX, sizeof *s->asks);
    s->tick = loop_timer_new(a->loop, on_tick, s);
    if (s->asks == NULL || s->tick == NULL)
        return ERR_NOMEM;
    *out = take(s);
    return ERR_OK;
}

enum err session_start(struct session *s, struct errmsg *why)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err bad = kv_read_begin(s->agent->kv, &txn);
    if (bad == ERR_OK)
        bad = store_get_number(s->agent->store, txn, "mail_done", &s->mail_done);
    if (bad != ERR_OK)
        return errmsg_set(why, bad, "store: the number of the last mail cannot be read");
    s->info.mail_sequence = s->mail_done;
    bad = link_hub_new(&s->hub);
    if (bad != ERR_OK)
        return errmsg_set(why, bad, "the transport does not start: %s", err_text(bad));
    bad = session_dial_start(s, why);
    if (bad == ERR_OK)
        loop_timer_every(s->tick, TICK_MS);
    return bad;
}

void session_on_view(struct session *s)
{
    session_dial_follow(s);
    if (s->is_connected)
        session_send_hello(s);
}

void session_free(struct session *s)
{
    if (s == NULL)
        return;
    s->is_stopped = true;
    if (s->asks != NULL)
        end_asks(s);
    loop_timer_free(s->tick);
    session_dial_end(s);
    link_hub_free(s->hub);
    session_repair_end(s);
    free(s->asks);
    free(s);
}

bool session_is_open(const struct session *s)
{
    return s->info.phase == PHASE_OPEN && s->is_connected;
}

void session_set_credit(struct session *s, uint32_t credit)
{
    s->info.credit = credit;
}

void session_info(const struct session *s, struct session_info *out)
{
    *out = s->info;
    out->is_connected = s->is_connected;
    out->trouble = s->trouble;
    out->mail_sequence = s->mail_done;
}
