/* Speaks the wire with one agency's keys: dialling, envelopes, hello, a question and its answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/keys.h"
#include "agent/trust.h"
#include "pki/random.h"
#include "pki/sign.h"
#include "proto/host/clock.h"
#include "proto/host/file.h"
#include "proto/host/link.h"
#include "proto/host/loop.h"
#include "proto/ident/ident.h"
#include "proto/msg/hello.h"
#include "tests/support/wire_peer.h"

#define LIFE_S 60

void peer_die(const char *what, enum err e, const struct errmsg *why)
{
    fprintf(stderr, "wire_peer: %s: %s %s\n", what, err_text(e), why != NULL ? why->text : "");
    exit(1);
}

void peer_must(const char *what, enum err e)
{
    if (e != ERR_OK)
        peer_die(what, e, NULL);
}

/* ---- link ---- */

static void on_message(void *arg, struct bytes data)
{
    struct peer *p = arg;
    struct frame f;
    struct envelope e;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    if (frame_decode(data, a, &f, NULL) != ERR_OK ||
        envelope_decode(f.envelope, a, &e, NULL) != ERR_OK)
        return;
    if (!e.is_reply && p->on_other == NULL)
        return; /* mail is not acknowledged here: it comes again to the agent */
    const struct key *broker = view_signing_key(p->view, &view_broker(p->view)->id);
    peer_must("the broker's signature",
         sign_verify(SIGN_ENVELOPE, broker, f.envelope, f.signature));
    if (!e.is_reply || !bytes_equal(BYTES_OF_ARRAY(e.in_reply_to.b), BYTES_OF_ARRAY(p->waiting.b))) {
        if (p->on_other != NULL)
            p->on_other(p->arg, &e, data.len);
        return;
    }
    p->answered = true;
    buf_reset(&p->answer);
    buf_put(&p->answer, data);
    loop_timer_after(p->timer, 0); /* messages come before the loop waits: it need not */
}

static void on_event(void *arg, enum link_event e)
{
    struct peer *p = arg;
    if (e == LINK_CONNECTED)
        p->connected = true;
    if (e == LINK_REFUSED || e == LINK_HANDSHAKE_FAILED)
        p->refused = true;
}

static void on_time(void *arg)
{
    struct peer *p = arg;
    p->timed_out = true;
}

void peer_wait(struct peer *p, const bool *what, const bool *or_this, int64_t ms)
{
    p->timed_out = false;
    loop_timer_after(p->timer, ms);
    while (!*what && !p->timed_out && (or_this == NULL || !*or_this))
        peer_must("loop", loop_turn(p->loop, 200));
    loop_timer_stop(p->timer);
}

bool peer_dial(struct peer *p)
{
    const struct roster_member *broker = view_broker(p->view);
    struct link_client_params params = {.hub = p->hub, .loop = p->loop,
                                        .endpoint = p->config->broker,
                                        .secret = agent_keys_curve_secret(p->keys),
                                        .on_message = on_message, .on_event = on_event, .arg = p};
    memcpy(params.server_key.b, broker->curve.b, LINK_KEY_BYTES);
    agent_keys_curve(p->keys, &params.public_key);
    struct errmsg why = {""};
    enum err e = link_client_new(&params, &p->client, &why);
    if (e != ERR_OK)
        peer_die("dial", e, &why);
    peer_wait(p, &p->connected, &p->refused, PEER_ANSWER_MS);
    return p->connected;
}

/* ---- messages ---- */

void peer_address(struct peer *p, struct letter *l, enum msg_kind kind)
{
    int64_t now_s = clock_now_s(clock_system());
    l->e = (struct envelope){.deployment = p->config->deployment,
                             .version = WIRE_VERSION,
                             .sender = p->config->oin,
                             .recipient = view_broker(p->view)->id,
                             .kind = kind,
                             .sent_at_s = now_s,
                             .expires_at_s = now_s + LIFE_S,
                             .roster_serial = view_roster(p->view)->serial,
                             .policy_serial = view_policy(p->view)->serial};
    peer_must("id", random_fill(l->e.id.b, sizeof l->e.id.b));
    l->e.body = buf_bytes(&l->body);
}

void peer_put_frame(struct bytes envelope, const struct key *signer, struct buf *out)
{
    struct signature s;
    peer_must("sign", sign_document(SIGN_ENVELOPE, signer, envelope, &s));
    peer_must("frame", frame_encode(&(struct frame){envelope, signature_bytes(&s)}, out));
}

void peer_make_frame(struct peer *p, const struct letter *l, struct buf *out)
{
    CLEANUP(buf_free) struct buf envelope = buf_new(FRAME_MAX_BYTES);
    peer_must("envelope", envelope_encode(&l->e, &envelope));
    buf_reset(out);
    peer_put_frame(buf_bytes(&envelope), agent_keys_signing(p->keys), out);
}

/* Sends bytes and waits for an answer to id, or for silence. */
void peer_say(struct peer *p, struct bytes data, const struct message_id *id, int64_t ms)
{
    p->waiting = *id;
    p->answered = false;
    peer_must("send", link_client_send(p->client, data));
    peer_wait(p, &p->answered, NULL, ms);
}

void peer_fill_hello(struct peer *p, struct letter *l, bool wrong_key, int64_t skew_s)
{
    size_t n = agent_keys_purposes(p->keys);
    struct epoch_key *v = calloc(n > 0 ? n : 1, sizeof *v);
    if (v == NULL)
        peer_die("hello", ERR_NOMEM, NULL);
    for (size_t i = 0; i < n; i++) {
        const struct purpose_key *k = agent_keys_purpose(p->keys, i);
        v[i] = (struct epoch_key){.purpose = k->purpose, .epoch = k->epoch, .suite = SUITE_HK1};
        memcpy(v[i].kcv, k->kcv.b, sizeof v[i].kcv);
        v[i].kcv[0] ^= wrong_key ? 1 : 0;
    }
    struct view_announced next;
    (void)view_announced_at(p->view, 0, &next);
    struct hello h = {.versions = {WIRE_VERSION},
                      .version_count = 1,
                      .suites = {[SUITE_HK1] = true},
                      .roster_serial = view_roster(p->view)->serial,
                      .policy_serial = view_policy(p->view)->serial,
                      .policy_digest = *view_policy_digest(p->view),
                      .trust = {next.serial, next.digest, *view_adoptions_digest(p->view),
                                *view_states_digest(p->view)},
                      .epochs = v,
                      .epoch_count = n,
                      .now_s = clock_now_s(clock_system()) + skew_s};
    for (size_t t = IDENT_NONE + 1; t < IDENT_TYPE_COUNT; t++)
        h.norm_versions[t] = ident_norm_version((enum ident_type)t);
    buf_reset(&l->body);
    peer_must("hello", hello_encode(&h, &l->body));
    free(v);
    peer_address(p, l, MSG_HELLO);
}

void peer_greet(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    peer_fill_hello(p, &l, false, 0);
    peer_make_frame(p, &l, &frame);
    peer_say(p, buf_bytes(&frame), &l.e.id, PEER_ANSWER_MS);
    buf_free(&l.body);
    if (!p->answered)
        peer_die("hello", ERR_UNREACHABLE, NULL);
}

void peer_open(struct peer *p, const char *path)
{
    struct errmsg why = {""};
    CLEANUP(buf_free) struct buf text = buf_new(CONFIG_MAX_BYTES);
    CLEANUP(cleanup_agent_trust_free) struct agent_trust *trust = NULL;
    enum err e = file_read(path, FILE_OWN, &text, &why);
    const struct conf_source source = {.text = buf_bytes(&text), .path = path};
    if (e == ERR_OK)
        e = config_agent_load(&source, &p->config, &why);
    if (e == ERR_OK)
        e = agent_keys_load(&p->config->service, &p->keys, &why);
    if (e == ERR_OK)
        e = agent_trust_new(p->config, &trust, &why);
    if (e == ERR_OK)
        e = agent_trust_load(trust, NULL, clock_now_s(clock_system()), &p->view, &why);
    if (e != ERR_OK)
        peer_die(path, e, &why);
    peer_must("loop", loop_new(&p->loop));
    peer_must("hub", link_hub_new(&p->hub));
    p->timer = loop_timer_new(p->loop, on_time, p);
    p->answer = buf_new(FRAME_MAX_BYTES);
}

void peer_close(struct peer *p)
{
    link_client_free(p->client);
    link_hub_free(p->hub);
    loop_timer_free(p->timer);
    loop_free(p->loop);
    view_free(p->view);
    agent_keys_free(p->keys);
    config_agent_free(p->config);
    key_free(p->officer);
    buf_free(&p->answer);
}
