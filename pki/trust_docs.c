#include "pki/trust_docs.h"

#include "pki/cms_detached.h"
#include "pki/trust_declared.h"
#include "proto/base/join.h"
#include "proto/base/label.h"
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
        if (is_standing && !roster_is_in_purpose(trust_roster(t), &d->purpose, &p->id))
            continue; /* struck off, or of the purpose no more: it takes no part, and others go on (decision 0905) */
        if (m == NULL || !name_list_has(m->purposes, name_bytes(&d->purpose)))
            return errmsg_set(why, ERR_NOT_FOUND, "%s takes no part in %s by the roster", p->id.oin,
                              d->purpose.s);
        const struct trust_sealed_at at = {d->issued_at, trust_roster(t)->issued_at};
        if (!is_standing && trust_sealing_cert(t, &p->id, &p->sealing, &at) == NULL)
            return errmsg_set(why, ERR_MISMATCH,
                              "%s: another sealing certificate than the roster's", p->id.oin);
    }
    return ERR_OK;
}

enum err trust_check_deal(const struct trust *t, const struct deal *d, struct errmsg *why)
{
    enum err e = check_deployment(t, &d->deployment, why);
    return e == ERR_OK ? check_participants(t, d, false, why) : e;
}

struct opened {
    struct signed_doc doc;
    const struct roster_member *by;
    struct trust_proof proof;
};

/* A current certificate counts while it is valid, a former one until its end in the roster; what it says
 * of its own time is compared once the document is read. */
enum err trust_check_now(const struct trust_reading *r, const struct trust_proof *s, struct errmsg *why)
{
    const int64_t from_s = s->is_former ? INT64_MIN : s->from_s;
    if (r->at_s >= from_s && r->at_s <= s->listed_until_s)
        return ERR_OK;
    return errmsg_set(why, r->at_s < from_s ? ERR_CERT : ERR_EXPIRED,
                      "the certificate that signed it %s",
                      r->at_s < from_s ? "is not valid yet" : "is over");
}

/* Made while the certificate still signed. */
static enum err check_made(const struct trust_proof *s, int64_t made_at_s, struct errmsg *why)
{
    if (!s->is_former || trust_proof_counts(s, made_at_s))
        return ERR_OK;
    return errmsg_set(why, ERR_EXPIRED, "signed with a certificate that was replaced before then");
}

/* Whose signature over the document of a frame, out->doc, holds at r->at_s. */
static enum err verify_of_member(const struct trust_reading *r, enum sign_kind kind, struct opened *out,
                                 struct errmsg *why)
{
    const struct roster_former *former = NULL;
    out->by = roster_member_with(trust_roster(r->trust), &out->doc.signer, &former);
    if (out->by == NULL)
        return errmsg_set(why, ERR_NOT_FOUND, "signed by no member of the roster");
    struct trust_signed s = {kind, out->by->id, out->doc.document, out->doc.signature, r->at_s};
    enum err e = trust_proof_of(r->trust, &s, &out->proof, why);
    if (e == ERR_OK && !digest_equal(&out->proof.fingerprint, &out->doc.signer))
        e = errmsg_set(why, ERR_SIGNATURE, "signed with another certificate than it names");
    return e == ERR_OK ? trust_check_now(r, &out->proof, why) : e;
}

/* By the custodian that the document names, and of this deployment. */
static enum err check_custodian(const struct trust_reading *r, const struct opened *o,
                                const struct agency_id *custodian, const struct name *deployment,
                                struct errmsg *why)
{
    if (!agency_id_equal(custodian, &o->by->id))
        return errmsg_set(why, ERR_SIGNATURE, "not the signature of %s", custodian->oin);
    return check_deployment(r->trust, deployment, why);
}

enum err trust_read_deal(const struct trust_reading *r, struct bytes wire, struct deal *out,
                         struct bytes *document, struct errmsg *why)
{
    struct opened o;
    struct deal d;
    enum err e = signed_doc_decode(wire, DEAL_MAX_BYTES, r->arena, &o.doc, why);
    if (e == ERR_OK)
        e = verify_of_member(r, SIGN_EPOCH, &o, why);
    if (e == ERR_OK)
        e = deal_decode(o.doc.document, r->arena, &d, why);
    if (e == ERR_OK)
        e = check_custodian(r, &o, &d.custodian, &d.deployment, why);
    if (e == ERR_OK)
        e = check_made(&o.proof, d.issued_at, why);
    if (e == ERR_OK)
        e = check_participants(r->trust, &d, r->is_standing, why);
    if (e != ERR_OK)
        return e;
    *out = d;
    if (document != NULL)
        *document = o.doc.document;
    return ERR_OK;
}

enum err trust_read_epoch_states(const struct trust_reading *r, struct bytes wire,
                                 struct epoch_states *out, struct bytes *document,
                                 struct errmsg *why)
{
    struct opened o;
    struct epoch_word word = {.declared_count = 0};
    struct epoch_states d;
    enum err e = epoch_word_decode(wire, r->arena, &word, why);
    o.doc = word.said;
    if (e == ERR_OK)
        e = verify_of_member(r, SIGN_EPOCH_STATES, &o, why);
    if (e == ERR_OK)
        e = epoch_states_decode(o.doc.document, r->arena, &d, why);
    if (e == ERR_OK)
        e = check_custodian(r, &o, &d.custodian, &d.deployment, why);
    if (e == ERR_OK)
        e = check_made(&o.proof, d.issued_at, why);
    if (e == ERR_OK && !r->is_standing)
        e = trust_check_declared(r, &d, &word, why);
    if (e != ERR_OK)
        return e;
    *out = d;
    *document = o.doc.document;
    return ERR_OK;
}

enum err trust_put_adoption_content(struct bytes document, struct buf *out)
{
    join_str(out, label_of_sign_kind(SIGN_ADOPTION));
    join_part(out, document);
    return buf_err(out);
}

#define CONTENT_MAX_BYTES (ADOPTION_MAX_BYTES + 64)

enum err trust_sign_adoption(const struct key *key, const struct cert *officer,
                             struct bytes document, struct buf *out)
{
    struct buf CLEANUP(buf_free) content = buf_new(CONTENT_MAX_BYTES);
    struct buf CLEANUP(buf_free) cms = buf_new(CMS_DETACHED_MAX_BYTES);
    enum err e = trust_put_adoption_content(document, &content);
    if (e == ERR_OK)
        e = cms_detached_sign(buf_bytes(&content), key, officer, &cms);
    if (e != ERR_OK)
        return e;
    const struct signed_doc doc = {document, buf_bytes(&cms), *cert_fingerprint(officer)};
    return signed_doc_encode(&doc, out);
}

static enum err verify_adoption(const struct signed_doc *doc, const struct cert *officer,
                                struct errmsg *why)
{
    struct buf CLEANUP(buf_free) content = buf_new(CONTENT_MAX_BYTES);
    enum err e = trust_put_adoption_content(doc->document, &content);
    if (e == ERR_OK)
        e = cms_detached_verify(buf_bytes(&content), doc->signature, officer, why);
    return e == ERR_OK ? cms_detached_is_exact(doc->signature, officer, why) : e;
}

/* The frame, and which mandated officer's signature over its document holds at r->at_s. */
static enum err open_adoption(const struct trust_reading *r, struct bytes wire,
                              struct signed_doc *doc, struct trust_officer_proof *by,
                              struct errmsg *why)
{
    enum err e = signed_doc_decode(wire, ADOPTION_MAX_BYTES, r->arena, doc, why);
    if (e == ERR_OK)
        e = trust_signing_officer(r->trust, &doc->signer, by, why);
    if (e != ERR_OK)
        return e;
    const struct roster_officer *o = by->officer;
    if (!roster_officer_has(o, FUNCTION_MANDATED_OFFICER))
        return errmsg_set(why, ERR_PERMISSION, "%s of %s is no %s", o->staff.s, o->agency.oin,
                          officer_function_id(FUNCTION_MANDATED_OFFICER));
    e = trust_check_now(r, &by->proof, why);
    if (e != ERR_OK)
        return e;
    e = verify_adoption(doc, by->cert, why);
    return e == ERR_OK || e == ERR_NOMEM ? e
                                         : errmsg_set(why, e, "not the signature of %s of %s",
                                                      o->staff.s, o->agency.oin);
}

enum err trust_read_adoption(const struct trust_reading *r, struct bytes wire,
                             struct adoption_doc *out, struct errmsg *why)
{
    struct signed_doc doc;
    struct adoption_doc d;
    struct trust_officer_proof signed_by;
    enum err e = open_adoption(r, wire, &doc, &signed_by, why);
    if (e == ERR_OK)
        e = adoption_decode(doc.document, r->arena, &d, why);
    if (e == ERR_OK)
        e = check_deployment(r->trust, &d.deployment, why);
    if (e == ERR_OK)
        e = check_made(&signed_by.proof, d.signed_at, why);
    if (e != ERR_OK)
        return e;
    const struct roster_officer *by = signed_by.officer;
    if (!agency_id_equal(&d.holder, &by->agency) || !name_equal(&d.staff, &by->staff))
        return errmsg_set(why, ERR_SIGNATURE, "signed by %s of %s for %s of %s", by->staff.s,
                          by->agency.oin, d.staff.s, d.holder.oin);
    *out = d;
    return ERR_OK;
}
