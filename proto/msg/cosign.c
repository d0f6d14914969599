#include "proto/msg/cosign.h"

#include "proto/msg/check.h"
#include "proto/msg/cosign.pb-c.h"

#define COSIGN_MAX_BYTES (COSIGN_MAX_LINES_BYTES + 64)
#define REPLY_MAX_BYTES (COSIGN_MAX_REQUEST_BYTES + COSIGN_MAX_NOTE_BYTES + 64)

enum err cosign_encode(const struct cosign *c, struct buf *out)
{
    Sluis__Cosign m = SLUIS__COSIGN__INIT;
    m.size = c->size;
    m.lines = msg_data(c->lines);
    return msg_pack(&m.base, out);
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
    const struct check_limits limits = {m->size > 0 ? 1 : 0, m->size > 0 ? COSIGN_MAX_LINES_BYTES : 0};
    check_bytes(&c, "lines", m->lines, limits, &k.lines);
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
