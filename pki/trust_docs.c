#include "pki/trust_docs.h"

#include "proto/msg/signed.h"

enum err trust_sign(const struct trust_signer *s, struct bytes document, struct buf *out)
{
    struct signature sig;
    enum err e = sign_document(s->kind, s->key, document, &sig);
    if (e != ERR_OK)
        return e;
    struct signed_doc doc = {document, signature_bytes(&sig), s->fingerprint};
    return signed_doc_encode(&doc, out);
}

static enum err check_deployment(const struct trust *t, const struct name *deployment,
                                 struct errmsg *why)
{
    if (name_equal(deployment, &trust_roster(t)->deployment))
        return ERR_OK;
    return errmsg_set(why, ERR_MISMATCH, "document of deployment %s", deployment->s);
}

static enum err check_participants(const struct trust *t, const struct deal *d, bool is_standing,
                                   struct errmsg *why)
{
    for (size_t i = 0; i < d->participant_count; i++) {
        const struct deal_participant *p = &d->participants[i];
        const struct roster_member *m = roster_member_of(trust_roster(t), &p->id);
        if (m == NULL && is_standing)
            continue;
        if (m == NULL || !name_list_has(m->purposes, name_bytes(&d->purpose)))
            return errmsg_set(why, ERR_NOT_FOUND, "%s takes no part in %s by the roster",
                              p->id.oin, d->purpose.s);
        if (!is_standing && !digest_equal(&m->sealing.fingerprint, &p->sealing))
            return errmsg_set(why, ERR_MISMATCH, "%s: another sealing certificate than the roster's",
                              p->id.oin);
    }
    return ERR_OK;
}

enum err trust_check_deal(const struct trust *t, const struct deal *d, struct errmsg *why)
{
    enum err e = check_deployment(t, &d->deployment, why);
    return e == ERR_OK ? check_participants(t, d, false, why) : e;
}

/* Whose signing certificate the frame names; says whom to look up, proves nothing. */
static const struct roster_member *member_by_signing(const struct trust *t,
                                                     const struct digest *fingerprint)
{
    const struct roster *r = trust_roster(t);
    for (size_t i = 0; i < r->member_count; i++) {
        if (r->members[i].signing.der.len > 0 &&
            digest_equal(&r->members[i].signing.fingerprint, fingerprint))
            return &r->members[i];
    }
    return NULL;
}

/* The frame, and whose signature over its document holds at r->at_s. */
static enum err open_deal(const struct trust_reading *r, struct bytes wire, struct signed_doc *doc,
                          const struct roster_member **by, struct errmsg *why)
{
    enum err e = signed_doc_decode(wire, DEAL_MAX_BYTES, r->arena, doc, why);
    if (e != ERR_OK)
        return e;
    *by = member_by_signing(r->trust, &doc->signer);
    if (*by == NULL)
        return errmsg_set(why, ERR_NOT_FOUND, "signed by no member of the roster");
    struct trust_signed s = {SIGN_EPOCH, (*by)->id, doc->document, doc->signature, r->at_s};
    return trust_verify(r->trust, &s, why);
}

enum err trust_read_deal(const struct trust_reading *r, struct bytes wire, struct deal *out,
                         struct bytes *document, struct errmsg *why)
{
    struct signed_doc doc;
    struct deal d;
    const struct roster_member *by = NULL;
    enum err e = open_deal(r, wire, &doc, &by, why);
    if (e == ERR_OK)
        e = deal_decode(doc.document, r->arena, &d, why);
    if (e == ERR_OK && !agency_id_equal(&d.custodian, &by->id))
        e = errmsg_set(why, ERR_SIGNATURE, "not the signature of %s", d.custodian.oin);
    if (e == ERR_OK)
        e = check_deployment(r->trust, &d.deployment, why);
    if (e == ERR_OK)
        e = check_participants(r->trust, &d, r->is_standing, why);
    if (e != ERR_OK)
        return e;
    *out = d;
    if (document != NULL)
        *document = doc.document;
    return ERR_OK;
}

/* The frame, and which mandated officer's signature over its document holds at r->at_s. */
static enum err open_adoption(const struct trust_reading *r, struct bytes wire,
                              struct signed_doc *doc, const struct roster_officer **by,
                              struct errmsg *why)
{
    const struct cert *c = NULL;
    enum err e = signed_doc_decode(wire, ADOPTION_MAX_BYTES, r->arena, doc, why);
    if (e != ERR_OK)
        return e;
    *by = roster_officer_by_cert(trust_roster(r->trust), &doc->signer);
    if (*by == NULL)
        return errmsg_set(why, ERR_NOT_FOUND, "signed by no officer of the roster");
    struct trust_officer_query q = {(*by)->agency, (*by)->staff, FUNCTION_MANDATED_OFFICER, r->at_s};
    e = trust_officer_cert(r->trust, &q, &c, NULL, why);
    if (e != ERR_OK)
        return e;
    e = sign_verify(SIGN_ADOPTION, cert_key(c), doc->document, doc->signature);
    return e == ERR_OK ? e : errmsg_set(why, e, "not the signature of %s of %s", (*by)->staff.s,
                                        (*by)->agency.oin);
}

enum err trust_read_adoption(const struct trust_reading *r, struct bytes wire,
                             struct adoption_doc *out, struct errmsg *why)
{
    struct signed_doc doc;
    struct adoption_doc d;
    const struct roster_officer *by = NULL;
    enum err e = open_adoption(r, wire, &doc, &by, why);
    if (e == ERR_OK)
        e = adoption_decode(doc.document, r->arena, &d, why);
    if (e == ERR_OK)
        e = check_deployment(r->trust, &d.deployment, why);
    if (e == ERR_OK &&
        (!agency_id_equal(&d.holder, &by->agency) || !name_equal(&d.staff, &by->staff)))
        e = errmsg_set(why, ERR_SIGNATURE, "signed by %s of %s for %s of %s", by->staff.s,
                       by->agency.oin, d.staff.s, d.holder.oin);
    if (e == ERR_OK)
        *out = d;
    return e;
}
