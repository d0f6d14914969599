/* Speaks the wire with one agency's keys, and does what no product does: skips its own checks, and sends
 * what is wrong. Prints one JSON line with each answer that came.
 * usage: wire_peer AGENT.YAML CASE [--holder OIN --rule ID --staff STAFF --key FILE --passphrase FILE
 *                                   --bsn BSN --behalf OIN --field NAME]
 * Exit 0: the case ran, whatever the broker said; 1: it could not be run. */
#include <getopt.h>
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
#include "proto/msg/reply.h"
#include "tests/support/wire_peer.h"

#define ANSWER_MS 8000
#define SILENCE_MS 1500
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

/* ---- answers ---- */

static void print_refused(struct bytes body)
{
    struct refused r;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    peer_must("refusal", refused_decode(body, a, &r, NULL));
    printf("\"code\": \"%s\", \"detail\": \"%.*s\", \"promise\": %s, \"conditions\": [",
           refusal_code_id(r.code), (int)r.detail.len, (const char *)r.detail.ptr,
           r.promise.len > 0 ? "true" : "false");
    for (size_t i = 0; i < r.condition_count; i++)
        printf("%s{\"code\": \"%.*s\", \"citation\": \"%.*s\"}", i > 0 ? ", " : "",
               (int)r.conditions[i].code.len, (const char *)r.conditions[i].code.ptr,
               (int)r.conditions[i].citation.len, (const char *)r.conditions[i].citation.ptr);
    printf("]");
}

static void print_hello(struct bytes body)
{
    static const char *const states[] = {"none", "open", "repair", "reconcile"};
    struct hello_reply h;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    peer_must("hello reply", hello_reply_decode(body, a, &h, NULL));
    printf("\"state\": \"%s\", \"difference\": \"%.*s\"", states[h.state], (int)h.difference.len,
           (const char *)h.difference.ptr);
}

static void print_answer(struct peer *p, const char *step)
{
    printf("%s{\"step\": \"%s\", ", p->printed++ > 0 ? ", " : "[", step);
    if (!p->answered) {
        printf("\"answer\": \"silence\"}");
        return;
    }
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    struct frame f;
    struct envelope e;
    peer_must("frame", frame_decode(buf_bytes(&p->answer), a, &f, NULL));
    peer_must("envelope", envelope_decode(f.envelope, a, &e, NULL));
    printf("\"answer\": \"%s\", ", msg_kind_id(e.kind));
    if (e.kind == MSG_REFUSED)
        print_refused(e.body);
    else if (e.kind == MSG_HELLO_REPLY)
        print_hello(e.body);
    else
        printf("\"bytes\": %zu", e.body.len);
    printf("}");
}

/* ---- link ---- */

static void on_message(void *arg, struct bytes data)
{
    struct peer *p = arg;
    struct frame f;
    struct envelope e;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    if (frame_decode(data, a, &f, NULL) != ERR_OK ||
        envelope_decode(f.envelope, a, &e, NULL) != ERR_OK || !e.is_reply)
        return; /* mail is not acknowledged here: it comes again to the agent */
    const struct key *broker = view_signing_key(p->view, &view_broker(p->view)->id);
    peer_must("the broker's signature",
         sign_verify(SIGN_ENVELOPE, broker, f.envelope, f.signature));
    if (!bytes_equal(BYTES_OF_ARRAY(e.in_reply_to.b), BYTES_OF_ARRAY(p->waiting.b)))
        return;
    p->answered = true;
    buf_reset(&p->answer);
    buf_put(&p->answer, data);
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

static void wait_for(struct peer *p, const bool *what, const bool *or_this, int64_t ms)
{
    p->timed_out = false;
    loop_timer_after(p->timer, ms);
    while (!*what && !p->timed_out && (or_this == NULL || !*or_this))
        peer_must("loop", loop_turn(p->loop, 200));
    loop_timer_stop(p->timer);
}

static void dial(struct peer *p)
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
    wait_for(p, &p->connected, &p->refused, ANSWER_MS);
    if (!p->connected) {
        printf("[{\"step\": \"dial\", \"answer\": \"not let in\"}]\n");
        exit(0);
    }
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

static void put_frame(struct bytes envelope, const struct key *signer, struct buf *out)
{
    struct signature s;
    peer_must("sign", sign_document(SIGN_ENVELOPE, signer, envelope, &s));
    peer_must("frame", frame_encode(&(struct frame){envelope, signature_bytes(&s)}, out));
}

static void make_frame(struct peer *p, const struct letter *l, struct buf *out)
{
    CLEANUP(buf_free) struct buf envelope = buf_new(FRAME_MAX_BYTES);
    peer_must("envelope", envelope_encode(&l->e, &envelope));
    buf_reset(out);
    put_frame(buf_bytes(&envelope), agent_keys_signing(p->keys), out);
}

/* Sends bytes and waits for an answer to id, or for silence. */
static void say(struct peer *p, const char *step, struct bytes data, const struct message_id *id,
                int64_t ms)
{
    p->waiting = *id;
    p->answered = false;
    peer_must("send", link_client_send(p->client, data));
    wait_for(p, &p->answered, NULL, ms);
    if (step != NULL)
        print_answer(p, step);
}

static void say_letter(struct peer *p, const char *step, const struct letter *l, int64_t ms)
{
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    make_frame(p, l, &frame);
    say(p, step, buf_bytes(&frame), &l->e.id, ms);
}

static void fill_hello(struct peer *p, struct letter *l, bool wrong_key, int64_t skew_s)
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
    struct hello h = {.versions = {WIRE_VERSION},
                      .version_count = 1,
                      .suites = {[SUITE_HK1] = true},
                      .roster_serial = view_roster(p->view)->serial,
                      .policy_serial = view_policy(p->view)->serial,
                      .policy_digest = *view_policy_digest(p->view),
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

static void greet(struct peer *p, const char *step)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    fill_hello(p, &l, false, 0);
    say_letter(p, step, &l, ANSWER_MS);
    if (!p->answered)
        peer_die("hello", ERR_UNREACHABLE, NULL);
    buf_free(&l.body);
}

/* ---- cases ---- */

static void case_request(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    greet(p, "hello");
    peer_fill_request(p, &l);
    say_letter(p, "request", &l, ANSWER_MS);
    buf_free(&l.body);
}

/* The same bytes twice: the same answer. The same id with other bytes: conflict. */
static void case_repeat(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    CLEANUP(buf_free) struct buf first = buf_new(FRAME_MAX_BYTES);
    greet(p, "hello");
    peer_fill_request(p, &l);
    make_frame(p, &l, &frame);
    say(p, "request", buf_bytes(&frame), &l.e.id, ANSWER_MS);
    buf_put(&first, buf_bytes(&p->answer));
    say(p, "again", buf_bytes(&frame), &l.e.id, ANSWER_MS);
    /* the envelope of the answer is new, what it says is not */
    struct frame a;
    struct frame b;
    struct envelope ea;
    struct envelope eb;
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new((size_t)16 << 20);
    peer_must("frame", frame_decode(buf_bytes(&first), arena, &a, NULL));
    peer_must("frame", frame_decode(buf_bytes(&p->answer), arena, &b, NULL));
    peer_must("envelope", envelope_decode(a.envelope, arena, &ea, NULL));
    peer_must("envelope", envelope_decode(b.envelope, arena, &eb, NULL));
    printf(", {\"step\": \"same answer\", \"answer\": \"%s\"}",
           bytes_equal(ea.body, eb.body) ? "yes" : "no");
    l.e.expires_at_s++;
    say_letter(p, "same id, other bytes", &l, ANSWER_MS);
    buf_free(&l.body);
}

static void case_expired(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    greet(p, "hello");
    peer_fill_request(p, &l);
    l.e.sent_at_s -= 3600;
    l.e.expires_at_s = l.e.sent_at_s + 60;
    say_letter(p, "expired", &l, ANSWER_MS);
    buf_free(&l.body);
}

static void case_behind(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    greet(p, "hello");
    peer_fill_request(p, &l);
    l.e.policy_serial = 0;
    say_letter(p, "behind", &l, ANSWER_MS);
    buf_free(&l.body);
}

/* Before its hello a peer is asked for it; afterwards the same message is taken. */
static void case_no_hello(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    peer_fill_request(p, &l);
    say_letter(p, "before hello", &l, ANSWER_MS);
    buf_free(&l.body);
}

static void case_wrong_key(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    fill_hello(p, &l, true, 0);
    say_letter(p, "hello with another purpose key", &l, ANSWER_MS);
    peer_fill_request(p, &l);
    say_letter(p, "request", &l, ANSWER_MS);
    buf_free(&l.body);
    greet(p, "hello");
}

static void case_clock(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    fill_hello(p, &l, false, 86400);
    say_letter(p, "hello from tomorrow", &l, ANSWER_MS);
    buf_free(&l.body);
    greet(p, "hello");
}

/* A hello cut at each byte, with one bit changed at each place, and signed by a colleague: silence. Then the
 * service still answers. */
static void case_damaged(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    fill_hello(p, &l, false, 0);
    make_frame(p, &l, &frame);
    p->waiting = l.e.id;
    p->answered = false;
    for (size_t n = 0; n < frame.len; n++)
        peer_must("send", link_client_send(p->client, bytes_of(frame.ptr, n)));
    wait_for(p, &p->answered, NULL, SILENCE_MS);
    print_answer(p, "cut at each byte");
    for (size_t n = 0; n < frame.len; n++) {
        frame.ptr[n] ^= 1;
        peer_must("send", link_client_send(p->client, buf_bytes(&frame)));
        frame.ptr[n] ^= 1;
    }
    wait_for(p, &p->answered, NULL, SILENCE_MS);
    print_answer(p, "one bit changed at each byte");
    CLEANUP(cleanup_key_free) struct key *officer = peer_open_officer(p);
    CLEANUP(buf_free) struct buf envelope = buf_new(FRAME_MAX_BYTES);
    peer_must("envelope", envelope_encode(&l.e, &envelope));
    buf_reset(&frame);
    put_frame(buf_bytes(&envelope), officer, &frame);
    say(p, "signed by another key of the agency", buf_bytes(&frame), &l.e.id, SILENCE_MS);
    buf_free(&l.body);
    greet(p, "hello");
}

/* A right signature over an envelope that names another agency. */
static void case_other_sender(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    greet(p, "hello");
    peer_fill_request(p, &l);
    peer_must("holder", agency_id_parse(bytes_str(p->holder), &l.e.sender));
    say_letter(p, "in another's name", &l, ANSWER_MS);
    peer_fill_request(p, &l);
    say_letter(p, "afterwards", &l, ANSWER_MS);
    buf_free(&l.body);
    greet(p, "hello");
}

/* A kind outside the set, and a body of the wrong kind, both rightly signed. */
static void case_malformed(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    CLEANUP(buf_free) struct buf envelope = buf_new(FRAME_MAX_BYTES);
    greet(p, "hello");
    peer_fill_request(p, &l);
    l.e.kind = MSG_SETTLE;
    say_letter(p, "a request called settle", &l, ANSWER_MS);
    peer_fill_request(p, &l);
    peer_must("envelope", envelope_encode(&l.e, &envelope));
    uint8_t id_tag = (6 << 3) | 2;
    for (size_t i = 2; i < envelope.len; i++)
        if (envelope.ptr[i] == id_tag && envelope.ptr[i + 1] == 16 &&
            envelope.ptr[i - 2] == ((5 << 3) | 0)) {
            envelope.ptr[i - 1] = 99;
            break;
        }
    put_frame(buf_bytes(&envelope), agent_keys_signing(p->keys), &frame);
    say(p, "a kind outside the set", buf_bytes(&frame), &l.e.id, SILENCE_MS);
    buf_reset(&l.body);
    for (size_t i = 0; i < 100000; i++)
        buf_put(&l.body, bytes_of("\x0a\x7f", 2));
    peer_address(p, &l, MSG_REQUEST);
    say_letter(p, "a body that nests", &l, ANSWER_MS);
    buf_free(&l.body);
    greet(p, "hello");
}

static void case_hello(struct peer *p)
{
    greet(p, "hello");
}

static const struct {
    const char *name;
    void (*run)(struct peer *p);
} cases[] = {
    {"behind", case_behind},       {"clock", case_clock},         {"damaged", case_damaged},
    {"expired", case_expired},     {"hello", case_hello},         {"malformed", case_malformed},
    {"no-hello", case_no_hello},   {"other-sender", case_other_sender}, {"repeat", case_repeat},
    {"request", case_request},     {"wrong-key", case_wrong_key},
};

/* A key that no roster lists is not even let in. */
static void case_stranger(struct peer *p)
{
    struct errmsg why = {""};
    struct link_key server;
    memcpy(server.b, view_broker(p->view)->curve.b, sizeof server.b);
    enum err e = link_hub_check_closed(p->hub, p->config->broker, &server, ANSWER_MS, &why);
    printf("[{\"step\": \"random key, then none\", \"answer\": \"%s\"}]\n",
           e == ERR_OK ? "not let in" : why.text);
}

static void open_peer(struct peer *p, const char *path)
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

static void close_peer(struct peer *p)
{
    link_client_free(p->client);
    link_hub_free(p->hub);
    loop_timer_free(p->timer);
    loop_free(p->loop);
    view_free(p->view);
    agent_keys_free(p->keys);
    config_agent_free(p->config);
    buf_free(&p->answer);
}

static void read_options(struct peer *p, int argc, char **argv)
{
    static const struct option options[] = {
        {"holder", 1, NULL, 'h'}, {"rule", 1, NULL, 'r'},       {"staff", 1, NULL, 's'},
        {"key", 1, NULL, 'k'},    {"passphrase", 1, NULL, 'p'}, {"bsn", 1, NULL, 'b'},
        {"behalf", 1, NULL, 'o'}, {"field", 1, NULL, 'f'},      {NULL, 0, NULL, 0}};
    int o;
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        const char **to = o == 'h'   ? &p->holder
                          : o == 'r' ? &p->rule
                          : o == 's' ? &p->staff
                          : o == 'k' ? &p->key
                          : o == 'p' ? &p->passphrase
                          : o == 'b' ? &p->bsn
                          : o == 'o' ? &p->behalf
                          : o == 'f' ? &p->field
                                     : NULL;
        if (to == NULL)
            exit(64);
        *to = optarg;
    }
}

int main(int argc, char **argv)
{
    struct peer p = {.bsn = "999990019", .behalf = "00000099000000006000",
                     .field = "soort_uitkering"};
    read_options(&p, argc, argv);
    if (argc - optind != 2 || secret_init() == ERR_NOMEM)
        return 64;
    const char *name = argv[optind + 1];
    open_peer(&p, argv[optind]);
    if (strcmp(name, "stranger") == 0) {
        case_stranger(&p);
        close_peer(&p);
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (strcmp(cases[i].name, name) == 0) {
            dial(&p);
            cases[i].run(&p);
            printf("]\n");
            close_peer(&p);
            return 0;
        }
    fprintf(stderr, "wire_peer: no case %s\n", name);
    return 64;
}
