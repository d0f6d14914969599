#include "pki/renewal.h"

#include "pki/csr.h"
#include "pki/random.h"
#include "pki/trust_docs.h"
#include "proto/msg/signed.h"

/* ---- making ---- */

/* The items so far, and where their requests lie: a fixed buffer, so that views of it stay where they are. */
struct items {
    const struct renewal_making *m;
    struct renewal *r;
    struct buf csrs;
};

static enum err put_csr(struct items *to, enum renewal_use use, const struct key *key,
                        struct errmsg *why)
{
    if (key == NULL)
        return ERR_OK;
    const size_t from = to->csrs.len;
    enum err e = csr_make(key, &to->m->oin, to->m->name, &to->csrs);
    if (e != ERR_OK)
        return errmsg_set(why, e, "request for the %s key: %s", renewal_use_id(use), err_text(e));
    to->r->items[to->r->item_count++] = (struct renewal_item){
        .use = use, .csr = bytes_of(to->csrs.ptr + from, to->csrs.len - from)};
    return ERR_OK;
}

static enum err put_curve(const struct key *key, struct renewal *r)
{
    if (key == NULL)
        return ERR_OK;
    struct renewal_item item = {.use = RENEWAL_TRANSPORT};
    enum err e = key_raw_public(key, item.curve.b);
    if (e == ERR_OK)
        r->items[r->item_count++] = item;
    return e;
}

static enum err put_items(struct items *to, struct errmsg *why)
{
    const struct renewal_making *m = to->m;
    enum err e = put_csr(to, RENEWAL_SIGNING, m->signing, why);
    if (e == ERR_OK)
        e = put_csr(to, RENEWAL_SEALING, m->sealing, why);
    if (e == ERR_OK)
        e = put_curve(m->transport, to->r);
    if (e == ERR_OK)
        e = put_csr(to, RENEWAL_OFFICER, m->officer, why);
    return e;
}

enum err renewal_make(const struct renewal_making *m, struct buf *out, struct errmsg *why)
{
    uint8_t room[RENEWAL_MAX_ITEMS * RENEWAL_MAX_CSR_BYTES];
    struct buf doc CLEANUP(buf_free) = buf_new(RENEWAL_MAX_BYTES);
    struct renewal r = {.deployment = m->deployment, .oin = m->oin, .created_at = m->now_s};
    if (m->staff != NULL) {
        r.is_officer = true;
        r.staff = *m->staff;
    }
    const struct trust_signer signer = {SIGN_RENEWAL, m->signer, m->signer_fingerprint};
    struct items items = {m, &r, buf_fixed(room, sizeof room)};
    enum err e = random_fill(r.nonce, sizeof r.nonce);
    if (e == ERR_OK)
        e = put_items(&items, why);
    if (e == ERR_OK)
        e = renewal_encode(&r, &doc, why);
    return e != ERR_OK ? e : trust_sign(&signer, buf_bytes(&doc), out);
}

/* ---- judging ---- */

/* A former certificate may only repeat what was answered before its owner heard of it. */
static enum err find_signer(const struct roster *r, const struct digest *fingerprint,
                            struct renewal_asked *out, struct bytes *der, struct errmsg *why)
{
    const struct roster_former *former = NULL;
    out->member = roster_member_with(r, fingerprint, &former);
    if (out->member == NULL)
        out->officer = roster_officer_with(r, fingerprint, &former);
    if (out->member == NULL && out->officer == NULL)
        return errmsg_set(why, ERR_NOT_FOUND, "renewal: signed by no key of the roster");
    if (roster_is_revoked(r, fingerprint))
        return errmsg_set(why, ERR_CERT, "renewal: signed with a revoked certificate");
    out->is_former = former != NULL;
    if (former != NULL)
        *der = former->cert.der;
    else
        *der = out->member != NULL ? out->member->signing.der : out->officer->cert.der;
    return ERR_OK;
}

static enum err check_signer(const struct signed_doc *doc, struct bytes der, enum cert_use use,
                             int64_t now_s, struct errmsg *why)
{
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    enum err e = cert_parse(der, use, &c, why);
    if (e == ERR_OK && !digest_equal(cert_fingerprint(c), &doc->signer))
        e = errmsg_set(why, ERR_CERT, "not the signing key of its party");
    if (e == ERR_OK)
        e = cert_check_time(c, now_s, why);
    if (e == ERR_OK && sign_verify(SIGN_RENEWAL, cert_key(c), doc->document, doc->signature) != ERR_OK)
        e = errmsg_set(why, ERR_SIGNATURE, "its signature does not verify");
    return e == ERR_OK ? e : errmsg_wrap(why, e, "renewal");
}

static enum err check_party(const struct roster *r, const struct renewal_asked *a,
                            struct errmsg *why)
{
    const struct renewal *n = &a->renewal;
    const struct agency_id *of = a->member != NULL ? &a->member->id : &a->officer->agency;
    if (!name_equal(&n->deployment, &r->deployment))
        return errmsg_set(why, ERR_MISMATCH, "renewal: for deployment %s", n->deployment.s);
    if (!agency_id_equal(&n->oin, of) || n->is_officer != (a->officer != NULL) ||
        (n->is_officer && !name_equal(&n->staff, &a->officer->staff)))
        return errmsg_set(why, ERR_MISMATCH, "renewal: signed by another than it names");
    for (size_t i = 0; i < n->item_count; i++) {
        const struct roster_cert *now = renewal_current(a, n->items[i].use);
        if (now == NULL || now->der.len == 0)
            return errmsg_set(why, ERR_MISMATCH, "renewal: %s has no %s key to renew", of->oin,
                              renewal_use_id(n->items[i].use));
    }
    return ERR_OK;
}

enum err renewal_open(const struct renewal_reading *r, struct bytes wire, struct renewal_asked *out,
                      struct errmsg *why)
{
    struct renewal_asked got = {.is_former = false};
    struct signed_doc doc;
    struct bytes der = {NULL, 0};
    enum err e = signed_doc_decode(wire, RENEWAL_MAX_BYTES, r->arena, &doc, why);
    if (e == ERR_OK)
        e = find_signer(r->roster, &doc.signer, &got, &der, why);
    if (e == ERR_OK)
        e = check_signer(&doc, der, got.member != NULL ? CERT_SIGNING : CERT_OFFICER, r->now_s, why);
    if (e == ERR_OK)
        e = renewal_decode(doc.document, r->arena, &got.renewal, why);
    if (e == ERR_OK)
        e = check_party(r->roster, &got, why);
    if (e == ERR_OK)
        *out = got;
    return e;
}

enum err renewal_key(const struct renewal_item *item, const struct agency_id *oin, const char *name,
                     struct key **out, struct errmsg *why)
{
    if (item->use == RENEWAL_TRANSPORT)
        return key_from_raw_public(KEY_TYPE_X25519, BYTES_OF_ARRAY(item->curve.b), out);
    return csr_check(item->csr, oin, name, out, why);
}

enum cert_use renewal_cert_use(enum renewal_use use)
{
    static const enum cert_use uses[RENEWAL_USE_COUNT] = {
        [RENEWAL_NONE] = CERT_NONE,           [RENEWAL_SIGNING] = CERT_SIGNING,
        [RENEWAL_SEALING] = CERT_SEALING,     [RENEWAL_TRANSPORT] = CERT_TRANSPORT,
        [RENEWAL_OFFICER] = CERT_OFFICER,
    };
    return (size_t)use < ARRAY_LEN(uses) ? uses[use] : CERT_NONE;
}

const struct roster_cert *renewal_current(const struct renewal_asked *a, enum renewal_use use)
{
    const struct roster_member *m = a->member;
    if (use == RENEWAL_OFFICER)
        return a->officer != NULL ? &a->officer->cert : NULL;
    if (m == NULL)
        return NULL;
    return use == RENEWAL_SIGNING     ? &m->signing
           : use == RENEWAL_SEALING   ? &m->sealing
           : use == RENEWAL_TRANSPORT ? &m->transport
                                      : NULL;
}
