/* What no product sends, rightly or wrongly signed; cases of wire_peer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "agent/keys.h"
#include "proto/host/clock.h"
#include "proto/host/link.h"
#include "proto/msg/reply.h"
#include "proto/msg/request.h"
#include "tests/support/wire_peer_bad.h"

#define CUTS 60 /* places of a body at which it is cut */

/* ---- another agency ---- */

void bad_other_agency(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    CLEANUP(buf_free) struct buf envelope = buf_new(FRAME_MAX_BYTES);
    struct peer other = {.config = NULL};
    peer_open(&other, p->other);
    peer_greet_step(p, "hello");
    peer_fill_request(p, &l);
    peer_must("envelope", envelope_encode(&l.e, &envelope));
    peer_put_frame(buf_bytes(&envelope), agent_keys_signing(other.keys), &frame);
    peer_step(p, "our envelope, signed by another agency", buf_bytes(&frame), &l.e.id, PEER_SILENCE_MS);
    peer_fill_hello(&other, &l, false, 0);
    peer_make_frame(&other, &l, &frame);
    peer_step(p, "another agency's own message over our link", buf_bytes(&frame), &l.e.id,
              PEER_SILENCE_MS);
    peer_greet_step(p, "hello");
    peer_close(&other);
    buf_free(&l.body);
}

/* ---- bodies ---- */

/* The code of the answer at hand; REFUSED_NONE where it is no refusal. */
static enum refusal_code code_of_answer(struct peer *p)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    struct frame f;
    struct envelope e;
    struct refused r = {.code = REFUSED_NONE};
    peer_must("frame", frame_decode(buf_bytes(&p->answer), a, &f, NULL));
    peer_must("envelope", envelope_decode(f.envelope, a, &e, NULL));
    if (e.kind == MSG_REFUSED)
        peer_must("refusal", refused_decode(e.body, a, &r, NULL));
    return r.code;
}

struct body_tally {
    size_t sent, malformed, other, accepted, silent;
};

static void count_answer(struct peer *p, struct body_tally *t)
{
    t->sent++;
    const enum refusal_code code = p->answered ? code_of_answer(p) : REFUSED_NONE;
    if (!p->answered)
        t->silent++;
    else if (code == REFUSED_MALFORMED)
        t->malformed++;
    else if (code == REFUSED_NONE)
        t->accepted++;
    else
        t->other++;
}

static void print_tally(struct peer *p, const char *step, const struct body_tally *t)
{
    printf("%s{\"step\": \"%s\", \"answer\": \"%s\", \"sent\": %zu, \"malformed\": %zu, \"other\": %zu}",
           p->printed++ > 0 ? ", " : "[", step,
           t->accepted == 0 && t->silent == 0 ? "all refused" : "NOT all refused", t->sent, t->malformed,
           t->other);
}

static void send_body(struct peer *p, struct bytes body, struct body_tally *t)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    buf_put(&l.body, body);
    peer_address(p, &l, MSG_REQUEST);
    peer_make_frame(p, &l, &frame);
    peer_say(p, buf_bytes(&frame), &l.e.id, PEER_ANSWER_MS);
    count_answer(p, t);
    buf_free(&l.body);
}

/* Whole and rightly signed envelopes around a request that is cut, or has one bit changed. */
void bad_bodies(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    struct body_tally cut = {0};
    struct body_tally changed = {0};
    peer_greet_step(p, "hello");
    peer_fill_request(p, &l);
    const size_t step = l.body.len / CUTS + 1;
    for (size_t n = 0; n < l.body.len; n += step)
        send_body(p, bytes_of(l.body.ptr, n), &cut);
    for (size_t n = 0; n < l.body.len; n += step) {
        l.body.ptr[n] ^= (uint8_t)(1u << (n % 8));
        send_body(p, buf_bytes(&l.body), &changed);
        l.body.ptr[n] ^= (uint8_t)(1u << (n % 8));
    }
    print_tally(p, "a request cut at many places", &cut);
    print_tally(p, "a request with one bit changed", &changed);
    buf_free(&l.body);
}

/* ---- words of a header ---- */

static void replace(struct buf *header, const char *from, const char *to)
{
    uint8_t *at = memmem(header->ptr, header->len, from, strlen(from));
    if (at == NULL)
        peer_die(from, ERR_NOT_FOUND, NULL);
    memcpy(at, to, strlen(to));
}

static void other_suite(struct buf *h)
{
    replace(h, "hk1", "hk9");
}

static void other_state(struct buf *h)
{
    replace(h, "work_up_1", "work_up_x");
}

static void other_epoch(struct request_header *h)
{
    h->epoch += 1;
}

static void other_purpose(struct request_header *h)
{
    peer_must("purpose", name_parse(bytes_str("belasting"), &h->purpose));
}

static void other_rule(struct request_header *h)
{
    peer_must("rule", name_parse(bytes_str("riec.casus.onbekend"), &h->rule));
}

static void other_policy(struct request_header *h)
{
    h->policy_digest.b[0] ^= 1;
}

static void older_roster(struct request_header *h)
{
    h->roster_serial -= 1;
}

static void past_deadline(struct request_header *h)
{
    h->deadline_s = h->issued_at_s - 1;
}

static void of_tomorrow(struct request_header *h)
{
    h->issued_at_s += 86400;
    h->deadline_s += 86400;
}

void bad_headers(struct peer *p)
{
    static const struct {
        const char *step;
        void (*change)(struct request_header *h);
        void (*spoil)(struct buf *header);
    } headers[] = {
        {"a suite outside the set", NULL, other_suite},
        {"a state outside the set", NULL, other_state},
        {"another epoch", other_epoch, NULL},
        {"another purpose", other_purpose, NULL},
        {"a rule that is not in the policy", other_rule, NULL},
        {"another policy", other_policy, NULL},
        {"an older roster", older_roster, NULL},
        {"a deadline before its issue", past_deadline, NULL},
        {"issued tomorrow", of_tomorrow, NULL},
    };
    peer_greet_step(p, "hello");
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
        p->change = headers[i].change;
        p->spoil = headers[i].spoil;
        peer_fill_request(p, &l);
        CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
        peer_make_frame(p, &l, &frame);
        peer_step(p, headers[i].step, buf_bytes(&frame), &l.e.id, PEER_ANSWER_MS);
        buf_free(&l.body);
    }
    p->change = NULL;
    p->spoil = NULL;
}

/* ---- envelopes ---- */

void bad_envelopes(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    peer_greet_step(p, "hello");
    peer_fill_request(p, &l);
    l.e.version = WIRE_VERSION + 98;
    peer_make_frame(p, &l, &frame);
    peer_step(p, "a version of later", buf_bytes(&frame), &l.e.id, PEER_SILENCE_MS);
    peer_fill_request(p, &l);
    peer_must("deployment", name_parse(bytes_str("elsewhere"), &l.e.deployment));
    peer_make_frame(p, &l, &frame);
    peer_step(p, "of another deployment", buf_bytes(&frame), &l.e.id, PEER_SILENCE_MS);
    peer_greet_step(p, "hello");
    buf_free(&l.body);
}

/* ---- frames too large ---- */

static void *raw_socket(struct peer *p, void *ctx)
{
    struct link_key own;
    uint8_t secret[LINK_KEY_BYTES];
    const struct link_secret from = agent_keys_curve_secret(p->keys);
    int zero = 0;
    agent_keys_curve(p->keys, &own);
    peer_must("transport key", from.fill(from.arg, secret));
    void *s = zmq_socket(ctx, ZMQ_DEALER);
    bool ok = zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof zero) == 0 &&
              zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, view_broker(p->view)->curve.b, LINK_KEY_BYTES) == 0 &&
              zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, own.b, LINK_KEY_BYTES) == 0 &&
              zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, secret, LINK_KEY_BYTES) == 0 &&
              zmq_connect(s, p->config->broker) == 0;
    memset(secret, 0, sizeof secret);
    if (!ok)
        peer_die("raw socket", ERR_IO, NULL);
    return s;
}

/* Whether the connection is closed within the time. */
static bool is_cut_off(void *monitor)
{
    int wait_ms = PEER_ANSWER_MS;
    zmq_msg_t event;
    zmq_setsockopt(monitor, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms);
    zmq_msg_init(&event);
    bool is_told = zmq_msg_recv(&event, monitor, 0) > 0;
    zmq_msg_close(&event);
    return is_told;
}

/* Past our own link, which sends no such thing: one byte over the cap, then twice the cap, which ends the
 * connection. A good hello behind the first is answered; then the service answers others. */
void bad_sizes(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    uint8_t *large = calloc(1, 2 * LINK_MESSAGE_MAX);
    void *ctx = zmq_ctx_new();
    if (large == NULL || ctx == NULL)
        peer_die("frame", ERR_NOMEM, NULL);
    void *s = raw_socket(p, ctx);
    int wait_ms = PEER_ANSWER_MS;
    zmq_setsockopt(s, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms);
    peer_fill_hello(p, &l, false, 0);
    peer_make_frame(p, &l, &frame);
    zmq_send(s, large, LINK_MESSAGE_MAX + 1, 0);
    zmq_send(s, frame.ptr, frame.len, 0);
    bool answered = zmq_recv(s, large, LINK_MESSAGE_MAX, 0) > 0;
    printf("[{\"step\": \"a good message behind one over the cap\", \"answer\": \"%s\"}",
           answered ? "answered" : "silence");
    void *monitor = zmq_socket(ctx, ZMQ_PAIR);
    if (zmq_socket_monitor(s, "inproc://cut", ZMQ_EVENT_DISCONNECTED) != 0 ||
        zmq_connect(monitor, "inproc://cut") != 0)
        peer_die("monitor", ERR_IO, NULL);
    zmq_send(s, large, 2 * LINK_MESSAGE_MAX, 0);
    printf(", {\"step\": \"twice the cap\", \"answer\": \"%s\"}",
           is_cut_off(monitor) ? "cut off" : "taken");
    p->printed += 2;
    zmq_close(s);
    zmq_close(monitor);
    zmq_ctx_term(ctx);
    free(large);
    buf_free(&l.body);
    peer_greet_step(p, "hello");
}
