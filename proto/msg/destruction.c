#include "proto/msg/destruction.h"

#include "proto/msg/trust.pb-c.h"
#include "proto/msg/trust_fields.h"
#include "proto/msg/unpack.h"

static enum err check_counts(const struct destruction *d, struct errmsg *why)
{
    if (d->epoch == 0)
        return errmsg_set(why, ERR_RANGE, "epoch: must be above 0");
    if (d->copy_count == 0 || d->copy_count > DESTRUCTION_MAX_COPIES)
        return errmsg_set(why, ERR_RANGE, "copies: %zu, must be 1 to %d", d->copy_count,
                          DESTRUCTION_MAX_COPIES);
    return ERR_OK;
}

static enum err get_copies(const Sluis__Trust__Destruction *m, struct arena *a,
                           struct destruction *out, struct errmsg *why)
{
    out->copy_count = m->n_copies;
    enum err e = check_counts(out, why);
    struct bytes *v = e == ERR_OK ? arena_array(a, m->n_copies, sizeof *v) : NULL;
    if (e == ERR_OK && v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < m->n_copies; i++)
        e = msg_get_text(m->copies[i], 1, DESTRUCTION_COPY_MAX_BYTES, "copies", &v[i], why);
    out->copies = v;
    return e;
}

enum err destruction_decode(struct bytes document, struct arena *a, struct destruction *out,
                            struct errmsg *why)
{
    const void *unpacked = NULL;
    enum err e = msg_unpack(&sluis__trust__destruction__descriptor, document, DESTRUCTION_MAX_BYTES,
                            a, &unpacked, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Trust__Destruction *m = unpacked;
    struct destruction d = {.epoch = m->epoch};
    if ((e = msg_get_name(m->deployment, &d.deployment, "deployment", why)) != ERR_OK ||
        (e = msg_get_name(m->purpose, &d.purpose, "purpose", why)) != ERR_OK ||
        (e = get_copies(m, a, &d, why)) != ERR_OK)
        return e;
    *out = d;
    return ERR_OK;
}

static enum err put_copies(const struct destruction *d, struct arena *a,
                           Sluis__Trust__Destruction *m, struct errmsg *why)
{
    m->copies = arena_array(a, d->copy_count, sizeof *m->copies);
    m->n_copies = d->copy_count;
    enum err e = m->copies == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < d->copy_count; i++) {
        struct bytes checked;
        m->copies[i] = trust_put_text(a, d->copies[i]);
        e = m->copies[i] == NULL ? ERR_NOMEM
                                 : msg_get_text(m->copies[i], 1, DESTRUCTION_COPY_MAX_BYTES,
                                                "copies", &checked, why);
    }
    return e;
}

enum err destruction_encode(const struct destruction *d, struct buf *out, struct errmsg *why)
{
    enum err e = check_counts(d, why);
    if (e != ERR_OK)
        return e;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(DESTRUCTION_MAX_BYTES * 2);
    if (a == NULL)
        return ERR_NOMEM;
    Sluis__Trust__Destruction m = SLUIS__TRUST__DESTRUCTION__INIT;
    m.deployment = msg_text(d->deployment.s);
    m.purpose = msg_text(d->purpose.s);
    m.epoch = d->epoch;
    e = put_copies(d, a, &m, why);
    return e != ERR_OK ? e : msg_pack(&m.base, out);
}
