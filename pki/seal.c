#include "pki/seal.h"

#include "pki/cms_signed.h"
#include "pki/envelope_der.h"

static enum err add_recipient(CMS_ContentInfo *cms, const struct cert *to)
{
    CMS_RecipientInfo *ri =
        CMS_add1_recipient_cert(cms, cert_x509(to), CMS_USE_KEYID | CMS_KEY_PARAM);
    EVP_PKEY_CTX *ctx = ri != NULL ? CMS_RecipientInfo_get0_pkey_ctx(ri) : NULL;
    /* The default key derivation is over SHA-1. */
    if (ctx == NULL || EVP_PKEY_CTX_ctrl_str(ctx, "ecdh_kdf_md", "sha256") <= 0)
        return ERR_CRYPTO;
    return ERR_OK;
}

static enum err envelope(const struct seal_params *p, struct bytes padded, struct buf *out)
{
    CMS_ContentInfo *cms = CMS_AuthEnvelopedData_create(EVP_aes_256_gcm());
    BIO *in = BIO_new_mem_buf(padded.ptr, (int)padded.len);
    uint8_t *der = NULL;
    enum err e = cms != NULL && in != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < p->recipient_count; i++)
        e = add_recipient(cms, p->recipients[i]);
    if (e == ERR_OK &&
        (CMS_set_detached(cms, 0) != 1 || CMS_final(cms, in, NULL, CMS_BINARY) != 1))
        e = ERR_CRYPTO;
    int n = e == ERR_OK ? i2d_CMS_ContentInfo(cms, &der) : 0;
    if (e == ERR_OK && n <= 0)
        e = ERR_CRYPTO;
    if (e == ERR_OK) {
        buf_put(out, bytes_of(der, (size_t)n));
        e = buf_err(out);
    }
    OPENSSL_free(der);
    BIO_free(in);
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return e;
}

static enum err check_params(const struct seal_params *p, struct bytes content)
{
    if (p->recipient_count == 0 || p->recipient_count > ENVELOPE_MAX_RECIPIENTS)
        return ERR_STATE;
    for (size_t i = 0; i < p->recipient_count; i++) {
        if (cert_use_of(p->recipients[i]) != CERT_SEALING)
            return ERR_STATE;
    }
    return content.len > SEAL_MAX_CONTENT ? ERR_TOO_LARGE : ERR_OK;
}

enum err seal(const struct seal_params *p, struct bytes content, struct buf *out)
{
    struct buf inner CLEANUP(buf_free) = buf_new(PAD_MAX_BYTES);
    struct buf padded CLEANUP(buf_free) = buf_new(PAD_MAX_BYTES);
    struct cms_signing s = {p->signer_key, p->signer, CMS_CONTENT_INSIDE};
    enum err e = check_params(p, content);
    if (e == ERR_OK)
        e = cms_signed_make(&s, content, &inner);
    if (e == ERR_OK)
        e = pad_put(&padded, buf_bytes(&inner), p->least_bytes);
    return e != ERR_OK ? e : envelope(p, buf_bytes(&padded), out);
}

/* The plaintext of the envelope. It counts only where the library says that the tag was right. */
static enum err decrypt(const struct seal_open_params *p, struct bytes sealed, struct buf *out,
                        struct errmsg *why)
{
    const uint8_t *pos = sealed.ptr;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &pos, (long)sealed.len);
    BIO *plain = BIO_new(BIO_s_mem());
    enum err e = ERR_NOMEM;
    if (cms == NULL)
        e = errmsg_set(why, ERR_INVALID, "envelope: malformed");
    else if (plain != NULL && CMS_decrypt(cms, key_evp(p->recipient_key), cert_x509(p->recipient),
                                          NULL, plain, CMS_BINARY) == 1)
        e = cms_take_bio(plain, out);
    else if (plain != NULL)
        e = errmsg_set(why, ERR_SIGNATURE, "envelope: not for this key, or changed");
    if (plain != NULL && e != ERR_OK) {
        char *text = NULL;
        long n = BIO_get_mem_data(plain, &text);
        if (n > 0)
            OPENSSL_cleanse(text, (size_t)n);
    }
    BIO_free(plain);
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return e;
}

static enum err open_inner(const struct seal_open_params *p, struct bytes padded, struct buf *out,
                           struct errmsg *why)
{
    struct bytes inner = {NULL, 0};
    CMS_ContentInfo *cms = NULL;
    if (pad_get(padded, &inner) != ERR_OK)
        return errmsg_set(why, ERR_INVALID, "envelope: padding is wrong");
    enum err e = cms_signed_read(inner, &cms, why);
    if (e != ERR_OK)
        return e;
    struct cms_checking c = {p->signer, NULL};
    e = cms_signed_check(cms, &c, out, why);
    CMS_ContentInfo_free(cms);
    return e;
}

enum err seal_open(const struct seal_open_params *p, struct bytes sealed, struct buf *out,
                   struct errmsg *why)
{
    if (sealed.len > SEAL_MAX_BYTES)
        return errmsg_set(why, ERR_TOO_LARGE, "envelope: over %zu bytes", SEAL_MAX_BYTES);
    if (cert_use_of(p->recipient) != CERT_SEALING || !key_has_private(p->recipient_key))
        return ERR_STATE;
    struct buf padded CLEANUP(buf_free) = buf_new(PAD_MAX_BYTES);
    enum err e = envelope_der_check(sealed, why);
    if (e == ERR_OK)
        e = decrypt(p, sealed, &padded, why);
    return e != ERR_OK ? e : open_inner(p, buf_bytes(&padded), out, why);
}
