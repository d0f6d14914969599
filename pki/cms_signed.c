#include "pki/cms_signed.h"

#define SIGN_FLAGS (CMS_BINARY | CMS_NOSMIMECAP | CMS_CADES)

enum err cms_take_bio(BIO *mem, struct buf *out)
{
    char *text = NULL;
    long n = BIO_get_mem_data(mem, &text);
    if (n < 0)
        return ERR_CRYPTO;
    buf_put(out, bytes_of(text, (size_t)n));
    OPENSSL_cleanse(text, (size_t)n);
    return buf_err(out);
}

static enum err put_der(const CMS_ContentInfo *cms, struct buf *out)
{
    uint8_t *der = NULL;
    int n = i2d_CMS_ContentInfo(cms, &der);
    if (n <= 0)
        return ERR_CRYPTO;
    buf_put(out, bytes_of(der, (size_t)n));
    OPENSSL_clear_free(der, (size_t)n);
    return buf_err(out);
}

static bool may_sign(const struct cert *c)
{
    enum cert_use use = cert_use_of(c);
    return use == CERT_SIGNING || use == CERT_OFFICER || use == CERT_PINNED;
}

static enum err sign(const struct cms_signing *s, BIO *content, struct buf *out)
{
    unsigned flags = SIGN_FLAGS;
    flags |= s->form == CMS_CONTENT_DETACHED ? CMS_DETACHED : CMS_NOCERTS;
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags | CMS_PARTIAL);
    if (cms == NULL)
        return ERR_CRYPTO;
    enum err e = ERR_CRYPTO;
    if (CMS_add1_signer(cms, cert_x509(s->signer), key_evp(s->key), EVP_sha256(), flags) != NULL &&
        CMS_final(cms, content, NULL, flags) == 1)
        e = put_der(cms, out);
    CMS_ContentInfo_free(cms);
    return e;
}

enum err cms_signed_make(const struct cms_signing *s, struct bytes content, struct buf *out)
{
    if (!key_has_private(s->key) || !may_sign(s->signer) || content.len > INT32_MAX)
        return ERR_STATE;
    if (!key_same_public(s->key, cert_key(s->signer)))
        return ERR_MISMATCH;
    BIO *in = BIO_new_mem_buf(content.len > 0 ? (const void *)content.ptr : "", (int)content.len);
    if (in == NULL)
        return ERR_NOMEM;
    enum err e = sign(s, in, out);
    BIO_free(in);
    ERR_clear_error();
    return e;
}

enum err cms_signed_read(struct bytes der, CMS_ContentInfo **out, struct errmsg *why)
{
    const uint8_t *pos = der.ptr;
    CMS_ContentInfo *cms =
        der.len > 0 && der.len <= INT32_MAX ? d2i_CMS_ContentInfo(NULL, &pos, (long)der.len) : NULL;
    ERR_clear_error();
    if (cms == NULL || pos != der.ptr + der.len ||
        OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed) {
        CMS_ContentInfo_free(cms);
        return errmsg_set(why, ERR_INVALID, "no CMS SignedData, or bytes behind it");
    }
    *out = cms;
    return ERR_OK;
}

static enum err refuse(struct errmsg *why, const char *what)
{
    return errmsg_set(why, ERR_SIGNATURE, "CMS: %s", what);
}

/* The one attribute of a kind, with its one value; NULL for none or more. */
static const ASN1_TYPE *only_attribute(const CMS_SignerInfo *si, int nid)
{
    int at = CMS_signed_get_attr_by_NID(si, nid, -1);
    if (at < 0 || CMS_signed_get_attr_by_NID(si, nid, at) >= 0)
        return NULL;
    X509_ATTRIBUTE *a = CMS_signed_get_attr(si, at);
    return X509_ATTRIBUTE_count(a) == 1 ? X509_ATTRIBUTE_get0_type(a, 0) : NULL;
}

/* signing-certificate-v2 names exactly this certificate, by its SHA-256. */
static bool names_certificate(const CMS_SignerInfo *si, const struct cert *signer)
{
    const ASN1_TYPE *t = only_attribute(si, NID_id_smime_aa_signingCertificateV2);
    if (t == NULL || t->type != V_ASN1_SEQUENCE)
        return false;
    const uint8_t *pos = t->value.sequence->data;
    ESS_SIGNING_CERT_V2 *v2 = d2i_ESS_SIGNING_CERT_V2(NULL, &pos, t->value.sequence->length);
    STACK_OF(X509) *chain = sk_X509_new_null();
    bool same = v2 != NULL && chain != NULL && sk_X509_push(chain, cert_x509(signer)) > 0 &&
                OSSL_ESS_check_signing_certs(NULL, v2, chain, 1) > 0;
    sk_X509_free(chain);
    ESS_SIGNING_CERT_V2_free(v2);
    return same;
}

static bool is_data_type(const CMS_SignerInfo *si)
{
    const ASN1_TYPE *t = only_attribute(si, NID_pkcs9_contentType);
    return t != NULL && t->type == V_ASN1_OBJECT && OBJ_obj2nid(t->value.object) == NID_pkcs7_data;
}

static enum err check_algorithms(CMS_SignerInfo *si, struct errmsg *why)
{
    X509_ALGOR *digest = NULL;
    X509_ALGOR *signature = NULL;
    const ASN1_OBJECT *digest_id = NULL;
    const ASN1_OBJECT *signature_id = NULL;
    CMS_SignerInfo_get0_algs(si, NULL, NULL, &digest, &signature);
    X509_ALGOR_get0(&digest_id, NULL, NULL, digest);
    X509_ALGOR_get0(&signature_id, NULL, NULL, signature);
    if (OBJ_obj2nid(digest_id) != NID_sha256 || OBJ_obj2nid(signature_id) != NID_ecdsa_with_SHA256)
        return refuse(why, "not ECDSA with SHA-256");
    return ERR_OK;
}

static enum err check_form(CMS_ContentInfo *cms, const struct cms_checking *c, struct errmsg *why)
{
    STACK_OF(CMS_SignerInfo) *all = CMS_get0_SignerInfos(cms);
    if (all == NULL || sk_CMS_SignerInfo_num(all) != 1)
        return refuse(why, "must have exactly one signer");
    if (OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_pkcs7_data)
        return refuse(why, "content is not of type data");
    if ((CMS_is_detached(cms) == 1) != (c->detached != NULL))
        return refuse(why, "content inside where it must be detached, or the reverse");
    CMS_SignerInfo *si = sk_CMS_SignerInfo_value(all, 0);
    if (!may_sign(c->signer) || CMS_SignerInfo_cert_cmp(si, cert_x509(c->signer)) != 0)
        return refuse(why, "not signed by the expected certificate");
    if (!is_data_type(si) || only_attribute(si, NID_pkcs9_messageDigest) == NULL)
        return refuse(why, "content type or message digest is missing among the signed attributes");
    if (!names_certificate(si, c->signer))
        return refuse(why, "signing-certificate-v2 is missing or names another certificate");
    return check_algorithms(si, why);
}

/* Detached content to read. Not a bare memory BIO: of that one CMS_verify makes a copy, and loses
 * it where the list of digests is damaged. */
static BIO *read_of(struct bytes content)
{
    BIO *filter = BIO_new(BIO_f_null());
    BIO *mem = BIO_new_mem_buf(content.len > 0 ? (const void *)content.ptr : "", (int)content.len);
    if (filter != NULL && mem != NULL)
        return BIO_push(filter, mem);
    BIO_free(filter);
    BIO_free(mem);
    return NULL;
}

static enum err verify(CMS_ContentInfo *cms, const struct cms_checking *c, BIO *content,
                       struct errmsg *why)
{
    STACK_OF(X509) *certs = sk_X509_new_null();
    BIO *in = c->detached != NULL ? read_of(*c->detached) : NULL;
    enum err e = ERR_NOMEM;
    if (certs != NULL && (in != NULL) == (c->detached != NULL) &&
        sk_X509_push(certs, cert_x509(c->signer)) > 0) {
        unsigned flags = CMS_BINARY | CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY;
        e = CMS_verify(cms, certs, NULL, in, content, flags) == 1
                ? ERR_OK
                : refuse(why, "the signature does not verify");
    }
    BIO_free_all(in);
    sk_X509_free(certs);
    return e;
}

enum err cms_signed_check(CMS_ContentInfo *cms, const struct cms_checking *c, struct buf *out,
                          struct errmsg *why)
{
    if (c->detached != NULL && c->detached->len > INT32_MAX)
        return ERR_TOO_LARGE;
    enum err e = check_form(cms, c, why);
    if (e != ERR_OK) {
        ERR_clear_error();
        return e;
    }
    BIO *content = BIO_new(BIO_s_mem());
    if (content == NULL)
        return ERR_NOMEM;
    size_t before = out != NULL ? out->len : 0;
    e = verify(cms, c, content, why);
    if (e == ERR_OK && c->detached == NULL && out != NULL)
        e = cms_take_bio(content, out);
    if (e != ERR_OK && out != NULL)
        out->len = before;
    BIO_free(content);
    ERR_clear_error();
    return e;
}
