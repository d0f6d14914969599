#include "proto/msg/rotation.h"

#include "proto/msg/trust.pb-c.h"
#include "proto/msg/trust_fields.h"
#include "proto/msg/unpack.h"

static bool has_key(const struct curve_key *k)
{
    static const struct curve_key zero;
    return !bytes_equal(BYTES_OF_ARRAY(k->b), BYTES_OF_ARRAY(zero.b));
}

static enum err check(const struct rotation *r, struct errmsg *why)
{
    const bool is_transport = r->use == ROTATION_TRANSPORT;
    if (r->created_at <= 0)
        return errmsg_set(why, ERR_RANGE, "created_at: must be above 0");
    if (!is_transport && r->use != ROTATION_LOG)
        return errmsg_set(why, ERR_INVALID, "must name a transport key or a log key");
    if (has_key(&r->curve) != is_transport || (r->endpoint.len > 0) != is_transport ||
        (r->log_key.len > 0) == is_transport)
        return errmsg_set(why, ERR_INVALID,
                          "must name a transport key with its endpoint, or a log key, and no other");
    return ERR_OK;
}

enum err rotation_decode(struct bytes document, struct arena *a, struct rotation *out,
                         struct errmsg *why)
{
    const void *unpacked = NULL;
    enum err e = msg_unpack(&sluis__trust__rotation__descriptor, document, ROTATION_MAX_BYTES, a,
                            &unpacked, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Trust__Rotation *m = unpacked;
    struct rotation r = {.created_at = m->created_at,
                         .use = m->curve.len > 0 ? ROTATION_TRANSPORT : ROTATION_LOG};
    if ((e = msg_get_name(m->deployment, &r.deployment, "deployment", why)) != ERR_OK ||
        (e = msg_get_oin(m->oin, &r.oin, "oin", why)) != ERR_OK ||
        (e = msg_get_fixed(m->nonce, r.nonce, sizeof r.nonce, "nonce", why)) != ERR_OK ||
        (e = msg_get_text(m->endpoint, 0, ROSTER_MAX_TEXT, "endpoint", &r.endpoint, why)) != ERR_OK ||
        (e = msg_get_text(m->log_key, 0, ROSTER_MAX_TEXT, "log_key", &r.log_key, why)) != ERR_OK)
        return e;
    if (r.use == ROTATION_TRANSPORT)
        e = msg_get_fixed(m->curve, r.curve.b, sizeof r.curve.b, "curve", why);
    if (e == ERR_OK)
        e = check(&r, why);
    if (e == ERR_OK)
        *out = r;
    return e;
}

enum err rotation_encode(const struct rotation *r, struct buf *out, struct errmsg *why)
{
    enum err e = check(r, why);
    if (e != ERR_OK)
        return e;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(ROTATION_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    Sluis__Trust__Rotation m = SLUIS__TRUST__ROTATION__INIT;
    m.deployment = msg_text(r->deployment.s);
    m.oin = msg_text(r->oin.oin);
    m.created_at = r->created_at;
    m.nonce = msg_data(BYTES_OF_ARRAY(r->nonce));
    if (r->use == ROTATION_TRANSPORT)
        m.curve = msg_data(BYTES_OF_ARRAY(r->curve.b));
    m.endpoint = trust_put_text(a, r->endpoint);
    m.log_key = trust_put_text(a, r->log_key);
    if (m.endpoint == NULL || m.log_key == NULL)
        return ERR_NOMEM;
    return msg_pack(&m.base, out);
}
