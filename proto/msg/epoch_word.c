#include "proto/msg/epoch_word.h"

#include "proto/msg/trust.pb-c.h"
#include "proto/msg/unpack.h"

#define ARENA_BYTES ((size_t)16 << 10) /* a list of views */

static enum err get_declared(const Sluis__Trust__EpochWord *m, struct arena *a, struct epoch_word *out,
                             struct errmsg *why)
{
    if (m->n_declared > EPOCH_WORD_DECLARED_MAX)
        return errmsg_set(why, ERR_TOO_LARGE, "declared: more than %d", EPOCH_WORD_DECLARED_MAX);
    struct bytes *v = arena_array(a, m->n_declared, sizeof *v);
    enum err e = v == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < m->n_declared; i++)
        e = msg_get_bytes(m->declared[i], DECLARED_MAX_BYTES, "declared", &v[i], why);
    out->declared = v;
    out->declared_count = m->n_declared;
    return e;
}

enum err epoch_word_decode(struct bytes wire, struct arena *a, struct epoch_word *out, struct errmsg *why)
{
    const void *unpacked = NULL;
    enum err e = msg_unpack(&sluis__trust__epoch_word__descriptor, wire, EPOCH_WORD_MAX_BYTES, a, &unpacked, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Trust__EpochWord *m = unpacked;
    struct epoch_word w = {.declared_count = 0};
    struct signed_doc *d = &w.said;
    if ((e = msg_get_bytes(m->document, EPOCH_STATES_MAX_BYTES, "document", &d->document, why)) != ERR_OK ||
        (e = msg_get_bytes(m->signature, SIGNED_SIGNATURE_MAX_BYTES, "signature", &d->signature, why)) != ERR_OK ||
        (e = msg_get_fixed(m->signer, d->signer.b, sizeof d->signer.b, "signer", why)) != ERR_OK ||
        (e = get_declared(m, a, &w, why)) != ERR_OK)
        return e;
    *out = w;
    return ERR_OK;
}

enum err epoch_word_encode(const struct epoch_word *w, struct buf *out)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(ARENA_BYTES);
    Sluis__Trust__EpochWord m = SLUIS__TRUST__EPOCH_WORD__INIT;
    m.document = msg_data(w->said.document);
    m.signature = msg_data(w->said.signature);
    m.signer = msg_data(digest_bytes(&w->said.signer));
    if (w->declared_count > EPOCH_WORD_DECLARED_MAX)
        return ERR_TOO_LARGE;
    m.n_declared = w->declared_count;
    m.declared = a == NULL ? NULL : arena_array(a, w->declared_count, sizeof *m.declared);
    if (m.declared == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < w->declared_count; i++)
        m.declared[i] = msg_data(w->declared[i]);
    return msg_pack(&m.base, out);
}
