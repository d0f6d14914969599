#include "proto/msg/agency_head.h"

#include "proto/msg/agency_head.pb-c.h"
#include "proto/msg/check.h"

#define HEAD_MAX_BYTES                                                                             \
    (AGENCY_HEAD_MAX_REQUEST_BYTES + AGENCY_HEAD_MAX_KEYS * AGENCY_HEAD_MAX_KEY_BYTES +            \
     AGENCY_HEAD_MAX_VOUCH_BYTES + 64)
#define REPLY_MAX_BYTES                                                                            \
    (AGENCY_HEAD_MAX_REQUEST_BYTES + AGENCY_HEAD_MAX_LINES_BYTES + AGENCY_HEAD_MAX_KEY_BYTES + 64)

/* A text field as protobuf-c wants it: ended by a zero. */
struct key_text {
    char s[AGENCY_HEAD_MAX_KEY_BYTES + 1];
};

static enum err put_key(struct bytes key, struct key_text *out)
{
    if (key.len > AGENCY_HEAD_MAX_KEY_BYTES)
        return ERR_TOO_LARGE;
    if (key.len > 0)
        memcpy(out->s, key.ptr, key.len);
    out->s[key.len] = '\0';
    return ERR_OK;
}

enum err agency_head_encode(const struct agency_head *h, struct buf *out)
{
    Sluis__AgencyHead m = SLUIS__AGENCY_HEAD__INIT;
    struct key_text texts[AGENCY_HEAD_MAX_KEYS];
    char *keys[AGENCY_HEAD_MAX_KEYS];
    enum err e = h->key_count <= AGENCY_HEAD_MAX_KEYS ? ERR_OK : ERR_LIMIT;
    for (size_t i = 0; e == ERR_OK && i < h->key_count; i++) {
        e = put_key(h->keys[i], &texts[i]);
        keys[i] = texts[i].s;
    }
    if (e != ERR_OK)
        return e;
    m.n_keys = h->key_count;
    m.keys = keys;
    m.request = msg_data(h->request);
    m.vouch = msg_data(h->vouch);
    return msg_pack(&m.base, out);
}

enum err agency_head_decode(struct bytes data, struct arena *a, struct agency_head *out, struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__agency_head__descriptor, data, HEAD_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__AgencyHead *m = raw;
    struct check c = check_new("agency head", a, why);
    struct agency_head h = {.key_count = m->n_keys};
    check_count(&c, "keys", m->n_keys, 1, AGENCY_HEAD_MAX_KEYS);
    for (size_t i = 0; c.err == ERR_OK && i < m->n_keys; i++)
        check_text(&c, "keys", m->keys[i], (struct check_limits){1, AGENCY_HEAD_MAX_KEY_BYTES}, &h.keys[i]);
    check_bytes(&c, "request", m->request, (struct check_limits){1, AGENCY_HEAD_MAX_REQUEST_BYTES}, &h.request);
    check_bytes(&c, "vouch", m->vouch, (struct check_limits){0, AGENCY_HEAD_MAX_VOUCH_BYTES}, &h.vouch);
    if ((e = check_done(&c)) == ERR_OK)
        *out = h;
    return e;
}

enum err agency_head_reply_encode(const struct agency_head_reply *r, struct buf *out)
{
    Sluis__AgencyHeadReply m = SLUIS__AGENCY_HEAD_REPLY__INIT;
    struct key_text witness;
    enum err e = put_key(r->witness, &witness);
    if (e != ERR_OK)
        return e;
    m.status = r->status;
    m.witness = witness.s;
    m.lines = msg_data(r->lines);
    m.known = msg_data(r->known);
    return msg_pack(&m.base, out);
}

static void check_status(struct check *c, uint32_t status)
{
    static const uint32_t known[] = {200, 400, 403, 404, 409, 422, AGENCY_HEAD_TOO_MANY, AGENCY_HEAD_NO_WITNESS};
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (status == known[i])
            return;
    check_fail(c, ERR_UNKNOWN, "status", "an answer of a witness");
}

/* Which lengths may stand beside a status. */
static struct check_limits limits_where(bool is_there, size_t max)
{
    return is_there ? (struct check_limits){1, max} : (struct check_limits){0, 0};
}

enum err agency_head_reply_decode(struct bytes data, struct arena *a, struct agency_head_reply *out,
                                  struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__agency_head_reply__descriptor, data, REPLY_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__AgencyHeadReply *m = raw;
    struct check c = check_new("agency head reply", a, why);
    struct agency_head_reply r = {.status = m->status};
    check_status(&c, m->status);
    const bool has_known =
        m->status != 200 && m->status != AGENCY_HEAD_TOO_MANY && m->status != AGENCY_HEAD_NO_WITNESS;
    check_text(&c, "witness", m->witness,
               limits_where(m->status != AGENCY_HEAD_NO_WITNESS, AGENCY_HEAD_MAX_KEY_BYTES), &r.witness);
    check_bytes(&c, "lines", m->lines, limits_where(m->status == 200, AGENCY_HEAD_MAX_LINES_BYTES), &r.lines);
    check_bytes(&c, "known", m->known,
                (struct check_limits){0, has_known ? AGENCY_HEAD_MAX_REQUEST_BYTES : 0}, &r.known);
    if ((e = check_done(&c)) == ERR_OK)
        *out = r;
    return e;
}
