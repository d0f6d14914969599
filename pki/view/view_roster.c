/* The roster of a view: signed by the pinned key, for this deployment, every certificate in its chain. */
#include "pki/view/view_internal.h"

#include "pki/digest.h"
#include "pki/sign.h"
#include "proto/msg/signed.h"

static enum err verify_signature(struct view *v, const struct view_pins *pins,
                                 struct signed_doc *doc, struct errmsg *why)
{
    struct cert *pin CLEANUP(cleanup_cert_free) = NULL;
    enum err e = cert_parse_pem(pins->roster_key, CERT_PINNED, &pin, why);
    if (e != ERR_OK)
        return errmsg_wrap(why, e, "roster key");
    e = signed_doc_decode(v->files.roster, ROSTER_MAX_BYTES, v->arena, doc, why);
    if (e != ERR_OK)
        return errmsg_wrap(why, e, "roster");
    e = sign_verify(SIGN_ROSTER, cert_key(pin), doc->document, doc->signature);
    if (e != ERR_OK)
        return errmsg_set(why, e, "roster: not signed by the pinned roster key");
    return ERR_OK;
}

/* Parses a certificate of the roster and follows its chain; an absent one stays NULL. */
static enum err take_cert(const struct view *v, const struct roster_cert *from, enum cert_use use,
                          struct cert **out, struct errmsg *why)
{
    if (from->der.len == 0)
        return ERR_OK;
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    enum err e = cert_parse(from->der, use, &c, why);
    if (e != ERR_OK)
        return e;
    struct cert_anchors anchors = {v->root, v->issuers, v->roster.issuer_count};
    if ((e = cert_check_chain(c, &anchors, why)) == ERR_OK)
        *out = take(c);
    return e;
}

static enum err take_issuers(struct view *v, const struct view_pins *pins, struct errmsg *why)
{
    enum err e = cert_parse_pem(pins->root_ca, CERT_ROOT, &v->root, why);
    if (e != ERR_OK)
        return errmsg_wrap(why, e, "root certificate");
    for (size_t i = 0; i < v->roster.issuer_count; i++) {
        e = cert_parse(v->roster.issuers[i].der, CERT_ISSUER, &v->issuers[i], why);
        if (e != ERR_OK)
            return errmsg_wrap(why, e, "roster: issuing CA %zu", i + 1);
    }
    return ERR_OK;
}

/* The certificates of one member; sealing and transport are only checked. */
static enum err take_member(struct view *v, size_t i, struct errmsg *why)
{
    const struct roster_member *m = &v->roster.members[i];
    struct cert *sealing CLEANUP(cleanup_cert_free) = NULL;
    struct cert *transport CLEANUP(cleanup_cert_free) = NULL;
    enum err e = take_cert(v, &m->signing, CERT_SIGNING, &v->signing[i], why);
    if (e == ERR_OK)
        e = take_cert(v, &m->sealing, CERT_SEALING, &sealing, why);
    if (e == ERR_OK)
        e = take_cert(v, &m->transport, CERT_TRANSPORT, &transport, why);
    if (e != ERR_OK)
        return errmsg_wrap(why, e, "roster: member %s", m->id.oin);
    const struct cert *certs[] = {v->signing[i], sealing, transport};
    for (size_t k = 0; k < ARRAY_LEN(certs); k++) {
        if (certs[k] != NULL && !agency_id_equal(cert_oin(certs[k]), &m->id))
            return errmsg_set(why, ERR_MISMATCH,
                              "roster: member %s: a certificate of another OIN", m->id.oin);
    }
    return ERR_OK;
}

static enum err take_officer(struct view *v, size_t i, struct errmsg *why)
{
    const struct roster_officer *o = &v->roster.officers[i];
    enum err e = take_cert(v, &o->cert, CERT_OFFICER, &v->officers[i], why);
    if (e != ERR_OK)
        return errmsg_wrap(why, e, "roster: officer of %s", o->agency.oin);
    if (v->officers[i] == NULL || !agency_id_equal(cert_oin(v->officers[i]), &o->agency))
        return errmsg_set(why, ERR_MISMATCH,
                          "roster: an officer of %s without a certificate of that OIN",
                          o->agency.oin);
    return ERR_OK;
}

static enum err take_certs(struct view *v, const struct view_pins *pins, struct errmsg *why)
{
    v->issuers = arena_array(v->arena, v->roster.issuer_count, sizeof(struct cert *));
    v->signing = arena_array(v->arena, v->roster.member_count, sizeof(struct cert *));
    v->officers = arena_array(v->arena, v->roster.officer_count, sizeof(struct cert *));
    if (v->issuers == NULL || v->signing == NULL || v->officers == NULL)
        return ERR_NOMEM;
    enum err e = take_issuers(v, pins, why);
    for (size_t i = 0; e == ERR_OK && i < v->roster.member_count; i++)
        e = take_member(v, i, why);
    for (size_t i = 0; e == ERR_OK && i < v->roster.officer_count; i++)
        e = take_officer(v, i, why);
    return e;
}

enum err view_load_roster(struct view *v, const struct view_pins *pins, int64_t now_s,
                          struct errmsg *why)
{
    struct signed_doc doc = {0};
    enum err e = verify_signature(v, pins, &doc, why);
    if (e != ERR_OK)
        return e;
    e = roster_decode(doc.document, digest_sha256, v->arena, &v->roster, why);
    if (e != ERR_OK)
        return errmsg_wrap(why, e, "roster");
    if (!name_equal(&v->roster.deployment, &pins->deployment))
        return errmsg_set(why, ERR_MISMATCH, "roster: of deployment %s, expected %s",
                          v->roster.deployment.s, pins->deployment.s);
    if (now_s > v->roster.not_after)
        return errmsg_set(why, ERR_EXPIRED, "roster: serial %llu has expired; install a newer one",
                          (unsigned long long)v->roster.serial);
    return take_certs(v, pins, why);
}
