#include "proto/msg/signed.h"

#include "proto/msg/trust.pb-c.h"
#include "proto/msg/unpack.h"

#define FRAME_BYTES (SIGNED_SIGNATURE_MAX_BYTES + 256) /* all but the document */

enum err signed_doc_decode(struct bytes wire, size_t max_document, struct arena *a,
                           struct signed_doc *out, struct errmsg *why)
{
    const void *m = NULL;
    enum err e =
        msg_unpack(&sluis__trust__signed__descriptor, wire, max_document + FRAME_BYTES, a, &m, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Trust__Signed *s = m;
    struct signed_doc d = {0};
    if ((e = msg_get_bytes(s->document, max_document, "document", &d.document, why)) != ERR_OK ||
        (e = msg_get_bytes(s->signature, SIGNED_SIGNATURE_MAX_BYTES, "signature", &d.signature,
                           why)) != ERR_OK ||
        (e = msg_get_fixed(s->signer, d.signer.b, sizeof d.signer.b, "signer", why)) != ERR_OK)
        return e;
    *out = d;
    return ERR_OK;
}

enum err signed_doc_encode(const struct signed_doc *d, struct buf *out)
{
    Sluis__Trust__Signed m = SLUIS__TRUST__SIGNED__INIT;
    m.document = msg_data(d->document);
    m.signature = msg_data(d->signature);
    m.signer = msg_data(digest_bytes(&d->signer));
    return msg_pack(&m.base, out);
}

enum err sheltered_decode(struct bytes wire, size_t max_document, struct arena *a,
                          struct sheltered *out, struct errmsg *why)
{
    const void *m = NULL;
    enum err e = msg_unpack(&sluis__trust__sheltered__descriptor, wire, 
                            max_document + FRAME_BYTES + SHELTERED_MAX_PROOF, a, &m, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Trust__Sheltered *s = m;
    struct sheltered d = {0};
    if ((e = msg_get_bytes(s->document, max_document, "document", &d.document, why)) != ERR_OK ||
        (e = msg_get_fixed(s->mac, d.mac, sizeof d.mac, "mac", why)) != ERR_OK)
        return e;
    if (s->proof.len > SHELTERED_MAX_PROOF)
        return errmsg_set(why, ERR_TOO_LARGE, "proof: too large");
    d.proof = msg_bytes(s->proof);
    *out = d;
    return ERR_OK;
}

enum err sheltered_encode(const struct sheltered *s, struct buf *out)
{
    Sluis__Trust__Sheltered m = SLUIS__TRUST__SHELTERED__INIT;
    m.document = msg_data(s->document);
    m.mac = msg_data(BYTES_OF_ARRAY(s->mac));
    m.proof = msg_data(s->proof);
    return msg_pack(&m.base, out);
}
