/* Whose signature or seal something is, by the certificates of now and by those that a renewal replaced
 * (decision 0903). */
#include "pki/view/view_internal.h"

const struct key *view_signing_key(const struct view *v, const struct agency_id *id)
{
    const struct cert *c = trust_listed_cert(v->trust, id, CERT_SIGNING);
    return c == NULL ? NULL : cert_key(c);
}

const struct key *view_officer_key(const struct view *v, const struct digest *fingerprint)
{
    struct trust_officer_proof of;
    enum err e = trust_signing_officer(v->trust, fingerprint, &of, NULL);
    return e == ERR_OK ? cert_key(of.cert) : NULL;
}

const struct roster_officer *view_officer(const struct view *v, const struct digest *fingerprint,
                                          const struct agency_id *agency, int64_t signed_at_s)
{
    struct trust_officer_proof of;
    if (trust_signing_officer(v->trust, fingerprint, &of, NULL) != ERR_OK ||
        !agency_id_equal(&of.officer->agency, agency) ||
        !trust_proof_counts(&of.proof, signed_at_s))
        return NULL;
    return of.officer;
}

static struct view_signer signer_of(const struct trust_proof *p)
{
    return (struct view_signer){p->fingerprint, p->from_s, p->until_s};
}

enum err view_verify(const struct view *v, const struct view_signed *s, struct view_signer *out)
{
    const struct trust_signed of = {s->kind, *s->by, s->document, s->signature, 0};
    struct trust_proof p;
    enum err e = trust_proof_of(v->trust, &of, &p, NULL);
    if (e == ERR_OK)
        *out = signer_of(&p);
    return e;
}

bool view_signing_cert_at(const struct view *v, const struct agency_id *id, size_t i,
                          struct bytes *der, struct view_signer *of)
{
    struct trust_proof p;
    const struct cert *c = trust_signing_cert_at(v->trust, id, i, &p);
    if (c == NULL)
        return false;
    *der = cert_der(c);
    *of = signer_of(&p);
    return true;
}

struct bytes view_sealing_cert(const struct view *v, const struct view_sealed *s)
{
    const struct trust_sealed_at at = {s->issued_at_s, s->now_s};
    const struct cert *c = trust_sealing_cert(v->trust, s->to, s->fingerprint, &at);
    return c == NULL ? bytes_of(NULL, 0) : cert_der(c);
}

bool view_former_curve_at(const struct view *v, size_t i, struct curve_key *out)
{
    return trust_former_curve_at(v->trust, i, out);
}
