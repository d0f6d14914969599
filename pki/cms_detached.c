#include "pki/cms_detached.h"

#include "pki/cms_signed.h"

enum err cms_detached_sign(struct bytes content, const struct key *key, const struct cert *signer,
                           struct buf *out)
{
    struct cms_signing s = {key, signer, CMS_CONTENT_DETACHED};
    return cms_signed_make(&s, content, out);
}

static enum err read_der(struct bytes der, CMS_ContentInfo **out, struct errmsg *why)
{
    if (der.len > CMS_DETACHED_MAX_BYTES)
        return errmsg_set(why, ERR_TOO_LARGE, "signature: over %d bytes", CMS_DETACHED_MAX_BYTES);
    return cms_signed_read(der, out, why);
}

enum err cms_detached_verify(struct bytes content, struct bytes der, const struct cert *signer,
                             struct errmsg *why)
{
    CMS_ContentInfo *cms = NULL;
    enum err e = read_der(der, &cms, why);
    if (e != ERR_OK)
        return e;
    struct cms_checking c = {signer, &content};
    e = cms_signed_check(cms, &c, NULL, why);
    CMS_ContentInfo_free(cms);
    return e;
}

enum err cms_detached_signer(struct bytes der, enum cert_use use, struct cert **out,
                             struct errmsg *why)
{
    CMS_ContentInfo *cms = NULL;
    enum err e = read_der(der, &cms, why);
    if (e != ERR_OK)
        return e;
    STACK_OF(X509) *certs = CMS_get1_certs(cms);
    if (certs == NULL || sk_X509_num(certs) != 1)
        e = errmsg_set(why, ERR_INVALID, "signature: must carry exactly one certificate");
    else
        e = cert_wrap(sk_X509_pop(certs), use, out, why);
    sk_X509_pop_free(certs, X509_free);
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return e;
}
