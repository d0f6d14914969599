/* CMS SignedData (RFC 5652) in one strict form, for pki/ only: one SignerInfo, ECDSA P-256 with
 * SHA-256, signed attributes with content type, message digest and ESS signing-certificate-v2
 * (RFC 5035), which binds the signature to one certificate and not just to its key. */
#ifndef SLUIS_PKI_CMS_SIGNED_H
#define SLUIS_PKI_CMS_SIGNED_H

#include "pki/cert_internal.h"

enum cms_content {
    CMS_CONTENT_INSIDE,   /* content travels in the structure; the signer's certificate does not */
    CMS_CONTENT_DETACHED, /* the reverse */
};

/* Signs content. key and signer belong together and signer is CERT_SIGNING, CERT_OFFICER or
 * CERT_PINNED. Appends DER. ERR_STATE, ERR_MISMATCH, ERR_CRYPTO, ERR_NOMEM, or what buf_err says. */
struct cms_signing {
    const struct key *key;
    const struct cert *signer;
    enum cms_content form;
};
enum err cms_signed_make(const struct cms_signing *s, struct bytes content,
                         struct buf *out) MUST_CHECK;

/* Reads DER with nothing behind it. ERR_INVALID. The caller frees. */
enum err cms_signed_read(struct bytes der, CMS_ContentInfo **out, struct errmsg *why) MUST_CHECK;

/* Whether cms has the form above and is signed by signer over detached (or, where that is NULL, over
 * the content inside, which is appended to out). ERR_SIGNATURE with what is wrong in why, ERR_NOMEM,
 * or what buf_err(out) says; out keeps its length on failure. */
struct cms_checking {
    const struct cert *signer;
    const struct bytes *detached;
};
enum err cms_signed_check(CMS_ContentInfo *cms, const struct cms_checking *c, struct buf *out,
                          struct errmsg *why) MUST_CHECK;

/* Appends the content of a memory BIO and wipes the BIO's copy. */
enum err cms_take_bio(BIO *mem, struct buf *out) MUST_CHECK;

#endif
