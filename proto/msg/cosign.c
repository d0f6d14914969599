#include "proto/msg/cosign.h"

#include "proto/msg/check.h"
#include "proto/msg/cosign.pb-c.h"

#define COSIGN_MAX_BYTES (COSIGN_MAX_LINES_BYTES + COSIGN_MAX_WITNESS_BYTES + COSIGN_MAX_ORIGIN_BYTES + 96)
#define REPLY_MAX_BYTES (COSIGN_MAX_REQUEST_BYTES + COSIGN_MAX_NOTE_BYTES + 64)

enum err cosign_encode(const struct cosign *c, struct buf *out)
{
    Sluis__Cosign m = SLUIS__COSIGN__INIT;
    CLEANUP(buf_free) struct buf name = buf_new(COSIGN_MAX_WITNESS_BYTES + 2);
    CLEANUP(buf_free) struct buf former = buf_new(COSIGN_MAX_ORIGIN_BYTES + 2);
    buf_put(&name, c->witness);
    buf_put(&former, c->former);
    m.size = c->size;
    m.lines = msg_data(c->lines);
    m.witness = msg_text(buf_text(&name));
    m.away_from_s = (uint64_t)c->away_from_s;
    m.away_until_s = (uint64_t)c->away_until_s;
    m.former = msg_text(buf_text(&former));
    return msg_pack(&m.base, out);
}

/* A head of a log that has ended comes without lines: it is asked about, not cosigned. */
static void check_lines(struct check *c, const Sluis__Cosign *m, struct cosign *k)
{
    check_text(c, "former", m->former, (struct check_limits){0, COSIGN_MAX_ORIGIN_BYTES}, &k->former);
    const bool has_lines = m->size > 0 && k->former.len == 0;
    const struct check_limits limits = {has_lines ? 1 : 0, has_lines ? COSIGN_MAX_LINES_BYTES : 0};
    check_bytes(c, "lines", m->lines, limits, &k->lines);
    if (k->former.len > 0)
        check_u64(c, "size", m->size, 1, INT64_MAX);
    if (k->former.len > 0)
        check_u64(c, "away_until_s", m->away_until_s, 0, 0);
}

/* All three parts or none. */
static void check_away(struct check *c, const Sluis__Cosign *m, struct cosign *k)
{
    const bool is_away = m->away_until_s > 0;
    const struct check_limits name = {is_away ? 1 : 0, is_away ? COSIGN_MAX_WITNESS_BYTES : 0};
    const int64_t latest = INT64_MAX - COSIGN_MAX_AWAY_S;
    check_text(c, "witness", m->witness, name, &k->witness);
    check_u64(c, "away_from_s", m->away_from_s, is_away ? 1 : 0, is_away ? (uint64_t)latest : 0);
    if (is_away)
        check_u64(c, "away_until_s", m->away_until_s, m->away_from_s + 1, m->away_from_s + (uint64_t)COSIGN_MAX_AWAY_S);
    k->away_from_s = (int64_t)m->away_from_s;
    k->away_until_s = (int64_t)m->away_until_s;
}

enum err cosign_decode(struct bytes data, struct arena *a, struct cosign *out, struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__cosign__descriptor, data, COSIGN_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Cosign *m = raw;
    struct check c = check_new("cosign", a, why);
    struct cosign k = {.size = m->size};
    check_u64(&c, "size", m->size, 0, INT64_MAX);
    check_lines(&c, m, &k);
    check_away(&c, m, &k);
    if ((e = check_done(&c)) == ERR_OK)
        *out = k;
    return e;
}

enum err cosign_reply_encode(const struct cosign_reply *r, struct buf *out)
{
    Sluis__CosignReply m = SLUIS__COSIGN_REPLY__INIT;
    m.request = msg_data(r->request);
    m.cosigned = msg_data(r->cosigned);
    return msg_pack(&m.base, out);
}

enum err cosign_reply_decode(struct bytes data, struct arena *a, struct cosign_reply *out,
                             struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__cosign_reply__descriptor, data, REPLY_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__CosignReply *m = raw;
    struct check c = check_new("cosign reply", a, why);
    struct cosign_reply r = {0};
    check_bytes(&c, "request", m->request, (struct check_limits){0, COSIGN_MAX_REQUEST_BYTES}, &r.request);
    check_bytes(&c, "cosigned", m->cosigned, (struct check_limits){0, COSIGN_MAX_NOTE_BYTES}, &r.cosigned);
    if ((e = check_done(&c)) == ERR_OK)
        *out = r;
    return e;
}
