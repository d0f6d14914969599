/* What one request for one subject costs, from the agent's link to `accepted`: requests that were made, signed and
 * sealed beforehand are sent to a running broker one by one with an agency's keys, and the answers timed.
 * usage: bench_request AGENT.YAML VALUES HOLDER RULE STAFF KEY PASSPHRASE FIELD
 * VALUES: a file with a canonical IBAN for each request, one a line. Prints p50 and p99 in microseconds; any answer
 * but `accepted` ends it with 1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/secret.h"
#include "proto/host/clock.h"
#include "proto/msg/reply.h"
#include "tests/support/wire_peer.h"

#define WARM_UP 20
#define VALUES_MAX 100000
#define VALUE_BYTES 64

struct series {
    int64_t ns[VALUES_MAX];
    size_t count;
};

static void greet(struct peer *p)
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

static void must_be_accepted(const struct peer *p)
{
    struct frame f;
    struct envelope e;
    struct refused r;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    if (!p->answered)
        peer_die("request", ERR_UNREACHABLE, NULL);
    peer_must("frame", frame_decode(buf_bytes(&p->answer), a, &f, NULL));
    peer_must("envelope", envelope_decode(f.envelope, a, &e, NULL));
    if (e.kind == MSG_ACCEPTED)
        return;
    if (e.kind == MSG_REFUSED && refused_decode(e.body, a, &r, NULL) == ERR_OK)
        fprintf(stderr, "bench_request: %s %.*s\n", refusal_code_id(r.code), (int)r.detail.len,
                (const char *)r.detail.ptr);
    peer_die("request", ERR_PERMISSION, NULL);
}

static void ask(struct peer *p, struct series *s)
{
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    peer_fill_request(p, &l);
    peer_make_frame(p, &l, &frame);
    int64_t start = clock_mono_ns();
    peer_say(p, buf_bytes(&frame), &l.e.id, PEER_ANSWER_MS);
    s->ns[s->count++] = clock_mono_ns() - start;
    must_be_accepted(p);
    buf_free(&l.body);
}

static void ask_all(struct peer *p, const char *path, struct series *s)
{
    char value[VALUE_BYTES];
    FILE *f = fopen(path, "r");
    if (f == NULL)
        peer_die(path, ERR_IO, NULL);
    while (s->count < VALUES_MAX && fgets(value, sizeof value, f) != NULL) {
        value[strcspn(value, "\n")] = '\0';
        p->bsn = value;
        ask(p, s);
    }
    fclose(f);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double percentile_us(const struct series *s, size_t percent)
{
    return (double)s->ns[WARM_UP + (s->count - WARM_UP - 1) * percent / 100] / 1000;
}

int main(int argc, char **argv)
{
    static struct series s;
    if (argc != 9 || secret_init() == ERR_NOMEM)
        return 64;
    struct peer p = {.behalf = "00000099000000006000", .type = IDENT_IBAN, .holder = argv[3],
                     .rule = argv[4], .staff = argv[5], .key = argv[6], .passphrase = argv[7],
                     .field = argv[8]};
    peer_open(&p, argv[1]);
    if (!peer_dial(&p))
        peer_die("dial", ERR_PERMISSION, NULL);
    greet(&p);
    ask_all(&p, argv[2], &s);
    if (s.count <= WARM_UP)
        peer_die("too few values", ERR_RANGE, NULL);
    qsort(s.ns + WARM_UP, s.count - WARM_UP, sizeof *s.ns, by_value);
    printf("%.1f %.1f\n", percentile_us(&s, 50), percentile_us(&s, 99));
    peer_close(&p);
    return 0;
}
