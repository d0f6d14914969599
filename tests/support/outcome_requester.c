/* A requester that notes everything it can observe of its questions, with one agency's keys. Reads lines "AT_MS
 * BSN" from standard input: each is one request, sent that long after the start. Prints a JSON line for each
 * mail and for each request once it ended, and then ends.
 * usage: outcome_requester AGENT.YAML CHECKPOINT LIFE_S HOLDER RULE STAFF KEY PASSPHRASE
 * Exit 0: each request was closed; 1: one was refused, or ended in no time. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/digest.h"
#include "proto/host/clock.h"
#include "proto/host/file.h"
#include "proto/host/link.h"
#include "proto/host/loop.h"
#include "proto/log/checkpoint.h"
#include "proto/log/proof_file.h"
#include "proto/log/witness_request.h"
#include "proto/msg/cosign.h"
#include "proto/msg/mail.h"
#include "proto/msg/reply.h"
#include "proto/msg/request.h"
#include "tests/support/wire_peer.h"

#define REQUESTS_MAX 20000u
#define QUIET_MS 60000 /* without an end of any request: something is wrong */

/* One request and what was seen of it; times are milliseconds after the start, 0: not yet. */
struct sight {
    int64_t at_ms;
    char bsn[16];
    struct message_id id;
    struct digest header;
    struct digest entry;
    int64_t sent_ns;
    int64_t deadline_s;
    double sent_ms, accepted_ms, latency_ms;
    size_t accepted_bytes, accepted_unsigned; /* with and without what varies by chance: signatures */
    double proof_ms;
    uint64_t proof_sequence, proof_slot, index, proof_size;
    size_t proof_bytes, proofs;
    double closed_ms, after_deadline_ms;
    uint64_t closed_sequence, closed_slot, size_at_close;
    int64_t closed_at_s;
    size_t closed_bytes, closed_unsigned, closed_place, closed_mail_items, closed_mail_bytes, closes;
    unsigned categories, types;
};

struct watch {
    struct peer p;
    struct sight *all;
    size_t count, sent, ended;
    int64_t start_ns;
    int64_t last_end_ms;
    uint64_t up_to; /* the last sequence that was acknowledged */
    const char *checkpoint;
    struct arena *arena;
    size_t strange; /* items that belong to no request */
    uint64_t head_size; /* of the newest head that this agency, as a witness, was asked to cosign */
};

static double now_ms(const struct watch *w)
{
    return (double)(clock_mono_ns() - w->start_ns) / 1e6;
}

static uint64_t size_of_note(struct watch *w, struct bytes note)
{
    struct note n;
    struct checkpoint c;
    peer_must("note", note_parse(note, w->arena, &n, NULL));
    peer_must("checkpoint", checkpoint_parse(n.text, &c));
    return c.size;
}

/* What anybody can read of the log at this moment. */
static uint64_t published_size(struct watch *w)
{
    CLEANUP(buf_free) struct buf note = buf_new(NOTE_MAX_BYTES);
    struct errmsg why = {""};
    enum err e = file_read(w->checkpoint, FILE_ANY, &note, &why);
    if (e != ERR_OK)
        peer_die(w->checkpoint, e, &why);
    return size_of_note(w, buf_bytes(&note));
}

/* ---- what comes ---- */

static void on_accepted(struct watch *w, struct sight *s, const struct envelope *e, size_t bytes)
{
    struct accepted a;
    struct promise promise;
    const int64_t at_ns = clock_mono_ns();
    if (e->kind != MSG_ACCEPTED) {
        struct refused r;
        peer_must("refusal", refused_decode(e->body, w->arena, &r, NULL));
        fprintf(stderr, "outcome_requester: refused: %s: %.*s\n", refusal_code_id(r.code),
                (int)r.detail.len, (const char *)r.detail.ptr);
        for (size_t i = 0; i < r.condition_count; i++)
            fprintf(stderr, "  %.*s\n", (int)r.conditions[i].code.len,
                    (const char *)r.conditions[i].code.ptr);
        exit(1);
    }
    peer_must("accepted", accepted_decode(e->body, w->arena, &a, NULL));
    peer_must("promise", promise_decode(a.promise, w->arena, &promise, NULL));
    s->entry = promise.entry;
    s->latency_ms = (double)(at_ns - s->sent_ns) / 1e6;
    s->accepted_ms = (double)(at_ns - w->start_ns) / 1e6;
    s->accepted_bytes = bytes;
    s->accepted_unsigned = e->body.len - a.promise_signature.len;
}

static void on_proof(struct watch *w, const struct mail *m, const struct mail_item *item)
{
    struct proof_file p;
    CLEANUP(buf_free) struct buf scratch = buf_new(PROOF_FILE_MAX_BYTES);
    peer_must("proof", proof_file_parse(item->content, &scratch, &p));
    for (size_t i = 0; i < w->sent; i++) {
        struct sight *s = &w->all[i];
        if (p.extra.len < sizeof s->entry.b || memcmp(p.extra.ptr, s->entry.b, sizeof s->entry.b) != 0)
            continue;
        s->proofs++;
        s->proof_ms = now_ms(w);
        s->proof_sequence = item->sequence;
        s->proof_slot = m->slot;
        s->index = p.index;
        s->proof_size = size_of_note(w, p.checkpoint);
        s->proof_bytes = item->content.len;
        return;
    }
    w->strange++;
}

static void on_closed(struct watch *w, const struct mail *m, size_t place, size_t mail_bytes)
{
    struct signed_closed sc;
    struct closed c;
    peer_must("closed", signed_closed_decode(m->items[place].content, w->arena, &sc, NULL));
    peer_must("closed", closed_decode(sc.closed, w->arena, &c, NULL));
    for (size_t i = 0; i < w->sent; i++) {
        struct sight *s = &w->all[i];
        if (!digest_equal(&c.header_digest, &s->header))
            continue;
        s->closes++;
        s->closed_ms = now_ms(w);
        s->after_deadline_ms = (double)(clock_now_ms(clock_system()) - s->deadline_s * 1000);
        s->closed_sequence = m->items[place].sequence;
        s->closed_slot = m->slot;
        s->closed_at_s = c.closed_at_s;
        s->closed_bytes = m->items[place].content.len;
        s->closed_unsigned = s->closed_bytes - sc.signature.len;
        s->closed_place = place;
        s->closed_mail_items = m->item_count;
        s->closed_mail_bytes = mail_bytes;
        s->size_at_close = published_size(w);
        s->categories = (unsigned)c.category_count;
        for (size_t t = 0; t < IDENT_TYPE_COUNT; t++)
            s->types += c.types[t];
        w->ended++;
        w->last_end_ms = clock_mono_ms();
        return;
    }
    w->strange++;
}

static void send_letter(struct watch *w, struct letter *l, enum msg_kind kind)
{
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    peer_address(&w->p, l, kind);
    peer_make_frame(&w->p, l, &frame);
    peer_must("send", link_client_send(w->p.client, buf_bytes(&frame)));
    buf_free(&l->body);
}

static void acknowledge(struct watch *w, uint64_t up_to)
{
    struct letter l = {.body = buf_new(4096)};
    const struct mail_ack ack = {.up_to = up_to};
    peer_must("ack", mail_ack_encode(&ack, &l.body));
    send_letter(w, &l, MSG_MAIL_ACK);
    w->up_to = up_to;
}

/* A witness that never cosigned sees each new head, also before the quorum has cosigned it. */
static void ask_for_head(struct watch *w)
{
    struct letter l = {.body = buf_new(64)};
    peer_must("cosign", cosign_encode(&(struct cosign){.size = 0}, &l.body));
    send_letter(w, &l, MSG_COSIGN);
}

static void on_head(struct watch *w, struct bytes body)
{
    struct cosign_reply r;
    struct witness_request q;
    peer_must("head", cosign_reply_decode(body, w->arena, &r, NULL));
    if (r.request.len == 0)
        return;
    peer_must("head", witness_request_parse(r.request, &q));
    w->head_size = size_of_note(w, q.checkpoint);
}

static void on_mail(struct watch *w, const struct envelope *e, size_t bytes)
{
    struct mail m;
    size_t fresh = 0;
    peer_must("mail", mail_decode(e->body, w->arena, &m, NULL));
    for (size_t i = 0; i < m.item_count; i++) {
        const struct mail_item *item = &m.items[i];
        if (item->sequence <= w->up_to)
            continue; /* it came again before our word was there */
        fresh++;
        if (item->kind == MAIL_PROOF)
            on_proof(w, &m, item);
        else if (item->kind == MAIL_CLOSED)
            on_closed(w, &m, i, bytes);
        else
            w->strange++;
    }
    printf("{\"mail\": %" PRIu64 ", \"ms\": %.3f, \"bytes\": %zu, \"items\": %zu, \"fresh\": %zu, "
           "\"last\": %" PRIu64 ", \"log_size\": %" PRIu64 ", \"head_size\": %" PRIu64 "}\n",
           m.slot, now_ms(w), bytes, m.item_count, fresh,
           m.item_count > 0 ? m.items[m.item_count - 1].sequence : 0, published_size(w),
           w->head_size);
    ask_for_head(w);
    if (fresh > 0)
        acknowledge(w, m.items[m.item_count - 1].sequence);
}

static void on_other(void *arg, const struct envelope *e, size_t bytes)
{
    struct watch *w = arg;
    arena_reset(w->arena);
    if (!e->is_reply) {
        if (e->kind == MSG_MAIL)
            on_mail(w, e, bytes);
        return;
    }
    if (e->kind == MSG_COSIGN_REPLY) {
        on_head(w, e->body);
        return;
    }
    for (size_t i = w->sent; i > 0; i--) {
        struct sight *s = &w->all[i - 1];
        if (bytes_equal(BYTES_OF_ARRAY(s->id.b), BYTES_OF_ARRAY(e->in_reply_to.b))) {
            on_accepted(w, s, e, bytes);
            return;
        }
    }
}

/* ---- what goes ---- */

static void send_one(struct watch *w)
{
    struct sight *s = &w->all[w->sent];
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 << 20);
    struct request_message m;
    struct request_header h;
    w->p.bsn = s->bsn;
    peer_fill_request(&w->p, &l);
    peer_must("request", request_message_decode(buf_bytes(&l.body), a, &m, NULL));
    peer_must("header", request_header_decode(m.header, a, &h, NULL));
    peer_must("digest", digest_sha256(&m.header, 1, &s->header));
    peer_make_frame(&w->p, &l, &frame);
    s->id = l.e.id;
    s->deadline_s = h.deadline_s;
    s->sent_ns = clock_mono_ns();
    s->sent_ms = now_ms(w);
    w->sent++;
    peer_must("send", link_client_send(w->p.client, buf_bytes(&frame)));
    buf_free(&l.body);
}

static void print_all(const struct watch *w)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct sight *s = &w->all[i];
        printf("{\"request\": %zu, \"sent_ms\": %.3f, \"latency_ms\": %.4f, \"accepted_ms\": %.3f, "
               "\"accepted_bytes\": %zu, \"accepted_unsigned\": %zu, \"proofs\": %zu, \"proof_ms\": %.3f, "
               "\"proof_sequence\": %" PRIu64 ", \"proof_slot\": %" PRIu64 ", \"proof_bytes\": %zu, "
               "\"index\": %" PRIu64 ", \"proof_size\": %" PRIu64 ", \"closes\": %zu, ",
               i, s->sent_ms, s->latency_ms, s->accepted_ms, s->accepted_bytes, s->accepted_unsigned, s->proofs,
               s->proof_ms, s->proof_sequence, s->proof_slot, s->proof_bytes, s->index,
               s->proof_size, s->closes);
        printf("\"closed_ms\": %.3f, \"after_deadline_ms\": %.1f, \"closed_after_s\": %" PRId64 ", "
               "\"closed_sequence\": %" PRIu64 ", \"closed_slot\": %" PRIu64 ", "
               "\"closed_bytes\": %zu, \"closed_unsigned\": %zu, \"closed_place\": %zu, \"mail_items\": %zu, "
               "\"mail_bytes\": %zu, \"size_at_close\": %" PRIu64 ", \"categories\": %u, "
               "\"types\": %u}\n",
               s->closed_ms, s->after_deadline_ms, s->closed_at_s - s->deadline_s,
               s->closed_sequence, s->closed_slot, s->closed_bytes, s->closed_unsigned, s->closed_place,
               s->closed_mail_items, s->closed_mail_bytes, s->size_at_close, s->categories,
               s->types);
    }
    printf("{\"strange\": %zu}\n", w->strange);
}

static void read_plan(struct watch *w)
{
    w->all = calloc(REQUESTS_MAX, sizeof *w->all);
    if (w->all == NULL)
        peer_die("plan", ERR_NOMEM, NULL);
    while (w->count < REQUESTS_MAX) {
        struct sight *s = &w->all[w->count];
        if (scanf("%" SCNd64 " %15s", &s->at_ms, s->bsn) != 2)
            return;
        w->count++;
    }
    peer_die("plan", ERR_TOO_LARGE, NULL);
}

static void wake(void *arg)
{
    (void)arg; /* the turn of the loop ends, and that is all */
}

static void run(struct watch *w)
{
    CLEANUP(cleanup_loop_timer_free)
    struct loop_timer *timer = loop_timer_new(w->p.loop, wake, NULL);
    w->start_ns = clock_mono_ns();
    w->last_end_ms = clock_mono_ms();
    while (w->ended < w->count) {
        double due = w->sent < w->count ? (double)w->all[w->sent].at_ms - now_ms(w) : 1000;
        if (w->sent < w->count && due <= 0) {
            send_one(w);
            continue;
        }
        loop_timer_after(timer, (int64_t)due + 1);
        peer_must("loop", loop_turn(w->p.loop, -1));
        if (clock_mono_ms() - w->last_end_ms > QUIET_MS)
            peer_die("no request ended for a minute", ERR_EXPIRED, NULL);
    }
}

int main(int argc, char **argv)
{
    if (argc != 9 || secret_init() == ERR_NOMEM)
        return 64;
    struct watch *w = calloc(1, sizeof *w);
    if (w == NULL)
        return 1;
    w->checkpoint = argv[2];
    w->p = (struct peer){.on_other = on_other, .arg = w, .life_s = strtol(argv[3], NULL, 10),
                         .holder = argv[4], .rule = argv[5], .staff = argv[6], .key = argv[7],
                         .passphrase = argv[8], .behalf = "00000099000000006000",
                         .field = "soort_uitkering"};
    w->arena = arena_new((size_t)32 << 20);
    read_plan(w);
    peer_open(&w->p, argv[1]);
    (void)peer_officer(&w->p);
    if (!peer_dial(&w->p))
        peer_die("dial", ERR_UNREACHABLE, NULL);
    peer_greet(&w->p);
    run(w);
    print_all(w);
    peer_close(&w->p);
    arena_free(w->arena);
    free(w->all);
    free(w);
    return 0;
}
