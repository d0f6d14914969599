#include "pki/cli/pki/mail_client.h"

#include <string.h>

#include "pki/random.h"
#include "proto/host/clock.h"
#include "proto/host/link.h"
#include "proto/host/loop.h"
#include "proto/msg/envelope.h"
#include "proto/msg/hello.h"
#include "proto/msg/reply.h"

#define LETTER_LIFE_S 600
#define PATIENCE_MS 15000 /* beside the slots of the broker */
#define TURN_MS 200
#define CLOCK_SLACK_S 300
#define ARENA_BYTES ((size_t)16 << 20)

enum step {
    STEP_DIALLING,
    STEP_GREETING,  /* hello is on its way; mail that comes now was sent before it */
    STEP_LISTENING, /* the next mail says what lies in the mailbox */
    STEP_DONE,
};

struct talk {
    const struct mail_client_params *p;
    struct mail_client_result result;
    const struct roster_member *me;
    const struct roster_member *broker;
    struct loop *loop;
    struct link_hub *hub;
    struct link_client *client;
    struct loop_timer *patience;
    enum step step;
    struct message_id hello;
    uint64_t roster_serial; /* under which this registrar speaks */
    uint64_t policy_serial; /* the broker's own; it is not judged by */
    bool has_lowered;
    enum err end; /* once step is STEP_DONE */
    struct errmsg *why;
};

static int64_t now_s(void)
{
    return clock_now_s(clock_system());
}

static void finish(struct talk *t, enum err e)
{
    t->end = e;
    t->step = STEP_DONE;
    loop_timer_after(t->patience, 0); /* so that the loop does not wait any more */
}

static void on_impatience(void *arg)
{
    struct talk *t = arg;
    if (t->step != STEP_DONE)
        finish(t, errmsg_set(t->why, ERR_UNREACHABLE, "%s: %s", t->p->endpoint,
                             t->step == STEP_LISTENING ? "the broker sends no mail" : "nobody answers"));
}

/* ---- out ---- */

static enum err seal(const struct talk *t, const struct envelope *e, struct buf *out)
{
    CLEANUP(buf_free) struct buf envelope = buf_new(FRAME_MAX_BYTES);
    struct signature sig;
    enum err bad = envelope_encode(e, &envelope);
    if (bad == ERR_OK)
        bad = sign_document(SIGN_ENVELOPE, t->p->signing, buf_bytes(&envelope), &sig);
    const struct frame f = {buf_bytes(&envelope), signature_bytes(&sig)};
    return bad == ERR_OK ? frame_encode(&f, out) : bad;
}

static enum err say(struct talk *t, enum msg_kind kind, struct bytes body, struct message_id *id)
{
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    struct envelope e = {
        .deployment = trust_roster(t->p->trust)->deployment,
        .version = WIRE_VERSION,
        .sender = t->me->id,
        .recipient = t->broker->id,
        .kind = kind,
        .sent_at_s = now_s(),
        .expires_at_s = now_s() + LETTER_LIFE_S,
        .roster_serial = t->roster_serial,
        .policy_serial = t->policy_serial,
        .body = body,
    };
    enum err bad = random_fill(e.id.b, sizeof e.id.b);
    if (bad == ERR_OK)
        bad = seal(t, &e, &frame);
    if (bad == ERR_OK)
        bad = link_client_send(t->client, buf_bytes(&frame));
    if (bad == ERR_OK && id != NULL)
        *id = e.id;
    return bad;
}

static void say_hello(struct talk *t)
{
    CLEANUP(buf_free) struct buf body = buf_new((size_t)64 << 10);
    struct hello h = {.versions = {WIRE_VERSION},
                      .version_count = 1,
                      .roster_serial = t->roster_serial,
                      .now_s = now_s()};
    h.suites[SUITE_HK1] = true;
    enum err bad = hello_encode(&h, &body);
    if (bad == ERR_OK)
        bad = say(t, MSG_HELLO, buf_bytes(&body), &t->hello);
    t->step = STEP_GREETING;
    if (bad != ERR_OK)
        finish(t, errmsg_set(t->why, bad, "hello cannot be sent: %s", err_text(bad)));
}

/* The hello behind it tells that the acknowledgement arrived: one connection keeps their order. */
static void acknowledge(struct talk *t, uint64_t up_to)
{
    uint8_t room[64];
    struct buf body = buf_fixed(room, sizeof room);
    enum err bad = mail_ack_encode(&(struct mail_ack){up_to}, &body);
    if (bad == ERR_OK)
        bad = say(t, MSG_MAIL_ACK, buf_bytes(&body), NULL);
    if (bad == ERR_OK)
        say_hello(t);
    else
        finish(t, errmsg_set(t->why, bad, "mail cannot be acknowledged: %s", err_text(bad)));
}

/* ---- in ---- */

/* What the broker says of the roster. A roster that this register signed and that is not installed there yet
 * keeps nobody from speaking under the one before. */
static void judge_hello(struct talk *t, const struct hello_reply *r)
{
    const uint64_t own = trust_roster(t->p->trust)->serial;
    t->result.roster_serial = r->roster_serial;
    t->policy_serial = r->policy_serial;
    if (r->roster_serial > own) {
        finish(t, errmsg_set(t->why, ERR_BEHIND, "the broker has roster %llu, newer than %llu here",
                             (unsigned long long)r->roster_serial, (unsigned long long)own));
    } else if (r->roster_serial < t->roster_serial && !t->has_lowered) {
        t->has_lowered = true;
        t->roster_serial = r->roster_serial;
        say_hello(t);
    } else if (r->state != SESSION_OPEN) {
        finish(t, errmsg_set(t->why, ERR_STATE, "the broker serves no mail now: %.*s",
                             (int)r->difference.len,
                             r->difference.len > 0 ? (const char *)r->difference.ptr : ""));
    } else {
        t->step = STEP_LISTENING;
        loop_timer_after(t->patience, PATIENCE_MS + 3 * (int64_t)r->slot_interval_ms);
    }
}

static bool answers_hello(const struct talk *t, const struct envelope *e)
{
    return t->step == STEP_GREETING && e->is_reply &&
           bytes_equal(BYTES_OF_ARRAY(e->in_reply_to.b), BYTES_OF_ARRAY(t->hello.b));
}

static void on_hello_reply(struct talk *t, const struct envelope *e, struct arena *a)
{
    struct hello_reply r;
    if (!answers_hello(t, e))
        return;
    enum err bad = hello_reply_decode(e->body, a, &r, t->why);
    if (bad == ERR_OK)
        judge_hello(t, &r);
    else
        finish(t, bad);
}

static void on_refused(struct talk *t, const struct envelope *e, struct arena *a)
{
    struct refused r;
    if (refused_decode(e->body, a, &r, NULL) != ERR_OK)
        return;
    if (answers_hello(t, e))
        finish(t, errmsg_set(t->why, ERR_STATE, "the broker refuses: %s %.*s", refusal_code_id(r.code),
                             (int)r.detail.len, r.detail.len > 0 ? (const char *)r.detail.ptr : ""));
    else if (t->step == STEP_LISTENING && !e->is_reply)
        say_hello(t); /* its roster changed meanwhile */
}

static void on_mail(struct talk *t, const struct envelope *e, struct arena *a)
{
    struct mail m;
    if (t->step != STEP_LISTENING)
        return;
    enum err bad = mail_decode(e->body, a, &m, t->why);
    for (size_t i = 0; bad == ERR_OK && i < m.item_count; i++) {
        bad = t->p->keep(t->p->arg, &m.items[i], t->why);
        t->result.items += bad == ERR_OK;
    }
    if (bad != ERR_OK || m.item_count == 0)
        finish(t, bad);
    else
        acknowledge(t, m.items[m.item_count - 1].sequence);
}

/* From bytes to an envelope that the broker of the roster signed for this registrar, just now. */
static enum err open_frame(const struct talk *t, struct bytes data, struct arena *a, struct envelope *e)
{
    struct frame f;
    enum err bad = frame_decode(data, a, &f, NULL);
    if (bad != ERR_OK)
        return bad;
    const struct trust_signed s = {SIGN_ENVELOPE, t->broker->id, f.envelope, f.signature, now_s()};
    bad = trust_verify(t->p->trust, &s, NULL);
    if (bad == ERR_OK)
        bad = envelope_decode(f.envelope, a, e, NULL);
    if (bad != ERR_OK)
        return bad;
    const bool is_ours = name_equal(&e->deployment, &trust_roster(t->p->trust)->deployment) &&
                         agency_id_equal(&e->sender, &t->broker->id) &&
                         agency_id_equal(&e->recipient, &t->me->id);
    return !is_ours ? ERR_MISMATCH : e->expires_at_s + CLOCK_SLACK_S < now_s() ? ERR_EXPIRED : ERR_OK;
}

/* What does not verify is dropped: patience ends by itself. */
static void on_message(void *arg, struct bytes data)
{
    struct talk *t = arg;
    struct envelope e;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ARENA_BYTES);
    if (a == NULL || t->step == STEP_DONE || open_frame(t, data, a, &e) != ERR_OK)
        return;
    if (e.kind == MSG_HELLO_REPLY)
        on_hello_reply(t, &e, a);
    else if (e.kind == MSG_MAIL)
        on_mail(t, &e, a);
    else if (e.kind == MSG_REFUSED)
        on_refused(t, &e, a);
}

static void on_event(void *arg, enum link_event e)
{
    struct talk *t = arg;
    if (t->step == STEP_DONE)
        return;
    switch (e) {
    case LINK_CONNECTED:
        loop_timer_after(t->patience, PATIENCE_MS);
        say_hello(t);
        return;
    case LINK_DISCONNECTED: /* it is tried again by itself, and hello says what came through */
        t->step = STEP_DIALLING;
        return;
    case LINK_REFUSED:
        finish(t, errmsg_set(t->why, ERR_PERMISSION,
                             "the broker at %s refused this registrar's key: is the roster that names it installed "
                             "there?", t->p->endpoint));
        return;
    case LINK_HANDSHAKE_FAILED:
        finish(t, errmsg_set(t->why, ERR_UNREACHABLE, "%s: not the broker of the roster", t->p->endpoint));
        return;
    }
}

/* ---- the whole ---- */

static enum err lend_secret(void *arg, struct bytes view)
{
    if (view.len != LINK_KEY_BYTES)
        return ERR_INVALID;
    memcpy(arg, view.ptr, LINK_KEY_BYTES);
    return ERR_OK;
}

static enum err fill_secret(void *arg, uint8_t secret[LINK_KEY_BYTES])
{
    const struct talk *t = arg;
    CLEANUP(cleanup_secret_free) struct secret *half = NULL;
    enum err bad = key_private(t->p->transport, &half);
    return bad == ERR_OK ? secret_lend(half, lend_secret, secret) : bad;
}

static enum err dial(struct talk *t)
{
    struct link_client_params c = {.hub = t->hub,
                                   .loop = t->loop,
                                   .endpoint = t->p->endpoint,
                                   .socks5 = t->p->socks5,
                                   .secret = {fill_secret, t},
                                   .ipv6 = true,
                                   .on_message = on_message,
                                   .on_event = on_event,
                                   .arg = t};
    memcpy(c.server_key.b, t->broker->curve.b, sizeof c.server_key.b);
    memcpy(c.public_key.b, t->me->curve.b, sizeof c.public_key.b);
    loop_timer_after(t->patience, PATIENCE_MS);
    return link_client_new(&c, &t->client, t->why);
}

static void hang_up(struct talk *t)
{
    link_client_free(t->client);
    link_hub_free(t->hub);
    loop_timer_free(t->patience);
    loop_free(t->loop);
}

static enum err converse(struct talk *t)
{
    enum err bad = loop_new(&t->loop);
    if (bad == ERR_OK)
        bad = link_hub_new(&t->hub);
    if (bad != ERR_OK)
        return bad;
    t->patience = loop_timer_new(t->loop, on_impatience, t);
    bad = t->patience == NULL ? ERR_NOMEM : dial(t);
    while (bad == ERR_OK && t->step != STEP_DONE)
        bad = loop_turn(t->loop, TURN_MS);
    return bad == ERR_OK ? t->end : bad;
}

enum err mail_client_run(const struct mail_client_params *p, struct mail_client_result *out,
                         struct errmsg *why)
{
    const struct roster *r = trust_roster(p->trust);
    CLEANUP(hang_up) struct talk t = {.p = p,
                                      .me = roster_registrar(r),
                                      .broker = roster_broker(r),
                                      .roster_serial = r->serial,
                                      .why = why};
    if (t.broker == NULL || t.me == NULL)
        return errmsg_set(why, ERR_NOT_FOUND, "roster %llu names no %s", (unsigned long long)r->serial,
                          t.broker == NULL ? "broker" : "registrar with a mailbox");
    enum err bad = converse(&t);
    if (bad == ERR_OK)
        *out = t.result;
    return bad;
}
