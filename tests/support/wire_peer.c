/* Speaks the wire with one agency's keys, and does what no product does: skips its own checks, and sends
 * what is wrong. Prints one JSON line with each answer that came.
 * usage: wire_peer AGENT.YAML CASE [--holder OIN --rule ID --staff STAFF --key FILE --passphrase FILE
 *                                   --bsn BSN --behalf OIN --field NAME
 *                                   --other AGENT.YAML]
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
#include "tests/support/wire_peer_bad.h"


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

/* Sends bytes, waits for an answer to id, or for silence, and prints which. */
void peer_step(struct peer *p, const char *step, struct bytes data, const struct message_id *id,
               int64_t ms)
{
    peer_say(p, data, id, ms);
    print_answer(p, step);
}

static void say_letter(struct peer *p, const char *step, const struct letter *l, int64_t ms)
{
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    peer_make_frame(p, l, &frame);
    peer_step(p, step, buf_bytes(&frame), &l->e.id, ms);
}

void peer_greet_step(struct peer *p, const char *step)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    peer_fill_hello(p, &l, false, 0);
    say_letter(p, step, &l, PEER_ANSWER_MS);
    if (!p->answered)
        peer_die("hello", ERR_UNREACHABLE, NULL);
    buf_free(&l.body);
}

/* ---- cases ---- */

static void case_request(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    peer_greet_step(p, "hello");
    peer_fill_request(p, &l);
    say_letter(p, "request", &l, PEER_ANSWER_MS);
    buf_free(&l.body);
}

/* The same bytes twice: the same answer. The same id with other bytes: conflict. */
static void case_repeat(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    CLEANUP(buf_free) struct buf first = buf_new(FRAME_MAX_BYTES);
    peer_greet_step(p, "hello");
    peer_fill_request(p, &l);
    peer_make_frame(p, &l, &frame);
    peer_step(p, "request", buf_bytes(&frame), &l.e.id, PEER_ANSWER_MS);
    buf_put(&first, buf_bytes(&p->answer));
    peer_step(p, "again", buf_bytes(&frame), &l.e.id, PEER_ANSWER_MS);
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
    say_letter(p, "same id, other bytes", &l, PEER_ANSWER_MS);
    buf_free(&l.body);
}

static void case_expired(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    peer_greet_step(p, "hello");
    peer_fill_request(p, &l);
    l.e.sent_at_s -= 3600;
    l.e.expires_at_s = l.e.sent_at_s + 60;
    say_letter(p, "expired", &l, PEER_ANSWER_MS);
    buf_free(&l.body);
}

static void case_behind(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    peer_greet_step(p, "hello");
    peer_fill_request(p, &l);
    l.e.policy_serial = 0;
    say_letter(p, "behind", &l, PEER_ANSWER_MS);
    buf_free(&l.body);
}

/* Before its hello a peer is asked for it; afterwards the same message is taken. */
static void case_no_hello(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    peer_fill_request(p, &l);
    say_letter(p, "before hello", &l, PEER_ANSWER_MS);
    buf_free(&l.body);
}

static void case_wrong_key(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    peer_fill_hello(p, &l, true, 0);
    say_letter(p, "hello with another purpose key", &l, PEER_ANSWER_MS);
    peer_fill_request(p, &l);
    say_letter(p, "request", &l, PEER_ANSWER_MS);
    buf_free(&l.body);
    peer_greet_step(p, "hello");
}

static void case_clock(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    peer_fill_hello(p, &l, false, 86400);
    say_letter(p, "hello from tomorrow", &l, PEER_ANSWER_MS);
    buf_free(&l.body);
    peer_greet_step(p, "hello");
}

/* A hello cut at each byte, with one bit changed at each place, and signed by a colleague: silence. Then the
 * service still answers. */
static void case_damaged(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    peer_fill_hello(p, &l, false, 0);
    peer_make_frame(p, &l, &frame);
    p->waiting = l.e.id;
    p->answered = false;
    for (size_t n = 0; n < frame.len; n++)
        peer_must("send", link_client_send(p->client, bytes_of(frame.ptr, n)));
    peer_wait(p, &p->answered, NULL, PEER_SILENCE_MS);
    print_answer(p, "cut at each byte");
    for (size_t n = 0; n < frame.len; n++) {
        frame.ptr[n] ^= 1;
        peer_must("send", link_client_send(p->client, buf_bytes(&frame)));
        frame.ptr[n] ^= 1;
    }
    peer_wait(p, &p->answered, NULL, PEER_SILENCE_MS);
    print_answer(p, "one bit changed at each byte");
    CLEANUP(cleanup_key_free) struct key *officer = peer_open_officer(p);
    CLEANUP(buf_free) struct buf envelope = buf_new(FRAME_MAX_BYTES);
    peer_must("envelope", envelope_encode(&l.e, &envelope));
    buf_reset(&frame);
    peer_put_frame(buf_bytes(&envelope), officer, &frame);
    peer_step(p, "signed by another key of the agency", buf_bytes(&frame), &l.e.id, PEER_SILENCE_MS);
    buf_free(&l.body);
    peer_greet_step(p, "hello");
}

/* A right signature over an envelope that names another agency. */
static void case_other_sender(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    peer_greet_step(p, "hello");
    peer_fill_request(p, &l);
    peer_must("holder", agency_id_parse(bytes_str(p->holder), &l.e.sender));
    say_letter(p, "in another's name", &l, PEER_ANSWER_MS);
    peer_fill_request(p, &l);
    say_letter(p, "afterwards", &l, PEER_ANSWER_MS);
    buf_free(&l.body);
    peer_greet_step(p, "hello");
}

/* A kind outside the set, and a body of the wrong kind, both rightly signed. */
static void case_malformed(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    CLEANUP(buf_free) struct buf envelope = buf_new(FRAME_MAX_BYTES);
    peer_greet_step(p, "hello");
    peer_fill_request(p, &l);
    l.e.kind = MSG_SETTLE;
    say_letter(p, "a request called settle", &l, PEER_ANSWER_MS);
    peer_fill_request(p, &l);
    peer_must("envelope", envelope_encode(&l.e, &envelope));
    uint8_t id_tag = (6 << 3) | 2;
    for (size_t i = 2; i < envelope.len; i++)
        if (envelope.ptr[i] == id_tag && envelope.ptr[i + 1] == 16 &&
            envelope.ptr[i - 2] == ((5 << 3) | 0)) {
            envelope.ptr[i - 1] = 99;
            break;
        }
    peer_put_frame(buf_bytes(&envelope), agent_keys_signing(p->keys), &frame);
    peer_step(p, "a kind outside the set", buf_bytes(&frame), &l.e.id, PEER_SILENCE_MS);
    buf_reset(&l.body);
    for (size_t i = 0; i < 100000; i++)
        buf_put(&l.body, bytes_of("\x0a\x7f", 2));
    peer_address(p, &l, MSG_REQUEST);
    say_letter(p, "a body that nests", &l, PEER_ANSWER_MS);
    buf_free(&l.body);
    peer_greet_step(p, "hello");
}

static void case_hello(struct peer *p)
{
    peer_greet_step(p, "hello");
}

/* A hello that nobody answers. */
static void case_unheard(struct peer *p)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    peer_fill_hello(p, &l, false, 0);
    say_letter(p, "hello", &l, PEER_SILENCE_MS);
    buf_free(&l.body);
}

static const struct {
    const char *name;
    void (*run)(struct peer *p);
} cases[] = {
    {"behind", case_behind},       {"clock", case_clock},         {"damaged", case_damaged},
    {"expired", case_expired},     {"hello", case_hello},         {"malformed", case_malformed},
    {"no-hello", case_no_hello},   {"other-sender", case_other_sender}, {"repeat", case_repeat},
    {"request", case_request},     {"wrong-key", case_wrong_key}, {"other-agency", bad_other_agency},
    {"bodies", bad_bodies},        {"headers", bad_headers},      {"envelopes", bad_envelopes},
    {"sizes", bad_sizes},          {"unheard", case_unheard},
};

/* A key that no roster lists is not even let in. */
static void case_stranger(struct peer *p)
{
    struct errmsg why = {""};
    struct link_key server;
    memcpy(server.b, view_broker(p->view)->curve.b, sizeof server.b);
    enum err e = link_hub_check_closed(p->hub, p->config->broker, &server, PEER_ANSWER_MS, &why);
    printf("[{\"step\": \"random key, then none\", \"answer\": \"%s\"}]\n",
           e == ERR_OK ? "not let in" : why.text);
}

static void read_options(struct peer *p, int argc, char **argv)
{
    static const struct option options[] = {
        {"holder", 1, NULL, 'h'}, {"rule", 1, NULL, 'r'},       {"staff", 1, NULL, 's'},
        {"key", 1, NULL, 'k'},    {"passphrase", 1, NULL, 'p'}, {"bsn", 1, NULL, 'b'},
        {"behalf", 1, NULL, 'o'}, {"field", 1, NULL, 'f'},
        {"other", 1, NULL, 'O'},  {NULL, 0, NULL, 0}};
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
                          : o == 'O' ? &p->other
                                     : NULL;
        if (to == NULL)
            exit(64);
        *to = optarg;
    }
}

int main(int argc, char **argv)
{
    struct peer p = {.bsn = "999990019", .behalf = "00000099000000006000",
                     .field = "soort_uitkering", .life_s = 600};
    read_options(&p, argc, argv);
    if (argc - optind != 2 || secret_init() == ERR_NOMEM)
        return 64;
    const char *name = argv[optind + 1];
    peer_open(&p, argv[optind]);
    if (strcmp(name, "stranger") == 0) {
        case_stranger(&p);
        peer_close(&p);
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (strcmp(cases[i].name, name) == 0) {
            if (peer_dial(&p))
                cases[i].run(&p);
            else
                printf("[{\"step\": \"dial\", \"answer\": \"not let in\"}");
            printf("]\n");
            peer_close(&p);
            return 0;
        }
    fprintf(stderr, "wire_peer: no case %s\n", name);
    return 64;
}
