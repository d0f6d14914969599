/* A detached signature written again from what is signed in it, to be compared byte by byte (RFC
 * 5652, sections 3, 5.1 and 5.3). */
#include "pki/cms_detached.h"
#include "pki/cms_signed.h"

#define PART_MAX CMS_DETACHED_MAX_BYTES

enum { TAG_OCTETS = 0x04, TAG_SEQUENCE = 0x30, TAG_SET = 0x31, TAG_CONTEXT_0 = 0xa0 };

static const uint8_t signed_data_oid[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                          0xf7, 0x0d, 0x01, 0x07, 0x02};
static const uint8_t data_oid[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                   0xf7, 0x0d, 0x01, 0x07, 0x01};
static const uint8_t version_1[] = {0x02, 0x01, 0x01};
static const uint8_t sha256[] = {0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
                                 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
static const uint8_t ecdsa_sha256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                       0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};

/* Appends tag, length and content. */
static void put_tlv(struct buf *out, uint8_t tag, struct bytes content)
{
    buf_put_u8(out, tag);
    if (content.len < 0x80) {
        buf_put_u8(out, (uint8_t)content.len);
    } else if (content.len < 0x100) {
        buf_put_u8(out, 0x81);
        buf_put_u8(out, (uint8_t)content.len);
    } else {
        buf_put_u8(out, 0x82);
        buf_put_u16(out, (uint16_t)content.len);
    }
    buf_put(out, content);
}

/* Appends what i2d made, and frees it. */
static enum err put_made(struct buf *out, uint8_t *der, int n)
{
    if (n > 0)
        buf_put(out, bytes_of(der, (size_t)n));
    OPENSSL_free(der);
    return n > 0 ? buf_err(out) : ERR_CRYPTO;
}

static enum err put_issuer_and_serial(struct buf *out, const struct cert *signer)
{
    struct buf CLEANUP(buf_free) inside = buf_new(PART_MAX);
    X509 *x = cert_x509(signer);
    uint8_t *der = NULL;
    int n = i2d_X509_NAME(X509_get_issuer_name(x), &der);
    enum err e = put_made(&inside, der, n);
    der = NULL;
    n = e == ERR_OK ? i2d_ASN1_INTEGER(X509_get0_serialNumber(x), &der) : 0;
    if (e == ERR_OK)
        e = put_made(&inside, der, n);
    put_tlv(out, TAG_SEQUENCE, buf_bytes(&inside));
    return e == ERR_OK ? buf_err(out) : e;
}

/* The signature covers these, order included. */
static enum err put_attributes(struct buf *out, const CMS_SignerInfo *si)
{
    struct buf CLEANUP(buf_free) inside = buf_new(PART_MAX);
    enum err e = ERR_OK;
    for (int i = 0; e == ERR_OK && i < CMS_signed_get_attr_count(si); i++) {
        uint8_t *der = NULL;
        const int n = i2d_X509_ATTRIBUTE(CMS_signed_get_attr(si, i), &der);
        e = put_made(&inside, der, n);
    }
    put_tlv(out, TAG_CONTEXT_0, buf_bytes(&inside));
    return e == ERR_OK ? buf_err(out) : e;
}

static enum err put_signer_info(struct buf *out, CMS_SignerInfo *si, const struct cert *signer)
{
    struct buf CLEANUP(buf_free) inside = buf_new(PART_MAX);
    const ASN1_OCTET_STRING *signature = CMS_SignerInfo_get0_signature(si);
    buf_put(&inside, BYTES_OF_ARRAY(version_1));
    enum err e = put_issuer_and_serial(&inside, signer);
    buf_put(&inside, BYTES_OF_ARRAY(sha256));
    if (e == ERR_OK)
        e = put_attributes(&inside, si);
    buf_put(&inside, BYTES_OF_ARRAY(ecdsa_sha256));
    put_tlv(&inside, TAG_OCTETS,
            bytes_of(ASN1_STRING_get0_data(signature), (size_t)ASN1_STRING_length(signature)));
    put_tlv(out, TAG_SEQUENCE, buf_bytes(&inside));
    return e == ERR_OK ? buf_err(out) : e;
}

static enum err put_signed_data(struct buf *out, CMS_SignerInfo *si, const struct cert *signer)
{
    struct buf CLEANUP(buf_free) info = buf_new(PART_MAX);
    struct buf CLEANUP(buf_free) inside = buf_new(PART_MAX);
    uint8_t *der = NULL;
    enum err e = put_signer_info(&info, si, signer);
    buf_put(&inside, BYTES_OF_ARRAY(version_1));
    put_tlv(&inside, TAG_SET, BYTES_OF_ARRAY(sha256));
    put_tlv(&inside, TAG_SEQUENCE, BYTES_OF_ARRAY(data_oid));
    const int n = i2d_X509(cert_x509(signer), &der);
    if (n > 0)
        put_tlv(&inside, TAG_CONTEXT_0, bytes_of(der, (size_t)n));
    OPENSSL_free(der);
    put_tlv(&inside, TAG_SET, buf_bytes(&info));
    put_tlv(out, TAG_SEQUENCE, buf_bytes(&inside));
    return e == ERR_OK ? buf_err(out) : e;
}

static enum err write_again(CMS_SignerInfo *si, const struct cert *signer, struct buf *out)
{
    struct buf CLEANUP(buf_free) data = buf_new(PART_MAX);
    struct buf CLEANUP(buf_free) inside = buf_new(PART_MAX);
    const enum err e = put_signed_data(&data, si, signer);
    buf_put(&inside, BYTES_OF_ARRAY(signed_data_oid));
    put_tlv(&inside, TAG_CONTEXT_0, buf_bytes(&data));
    put_tlv(out, TAG_SEQUENCE, buf_bytes(&inside));
    return e == ERR_OK ? buf_err(out) : e;
}

enum err cms_detached_is_exact(struct bytes der, const struct cert *signer, struct errmsg *why)
{
    struct buf CLEANUP(buf_free) again = buf_new(PART_MAX);
    CMS_ContentInfo *cms = NULL;
    if (der.len > CMS_DETACHED_MAX_BYTES)
        return errmsg_set(why, ERR_TOO_LARGE, "signature: over %d bytes", CMS_DETACHED_MAX_BYTES);
    enum err e = cms_signed_read(der, &cms, why);
    if (e != ERR_OK)
        return e;
    STACK_OF(CMS_SignerInfo) *all = CMS_get0_SignerInfos(cms);
    if (all == NULL || sk_CMS_SignerInfo_num(all) != 1)
        e = errmsg_set(why, ERR_SIGNATURE, "CMS: must have exactly one signer");
    if (e == ERR_OK)
        e = write_again(sk_CMS_SignerInfo_value(all, 0), signer, &again);
    if (e == ERR_OK && !bytes_equal(buf_bytes(&again), der))
        e = errmsg_set(why, ERR_SIGNATURE, "CMS: not in the one form that a signature here has");
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return e;
}
