#include "pki/csr.h"

#include "pki/cert_internal.h"

#define CSR_MAX_BYTES 2048

enum err csr_make(const struct key *key, const struct agency_id *oin, const char *name,
                  struct buf *out)
{
    if (key_type(key) != KEY_TYPE_P256 || !key_has_private(key))
        return ERR_STATE;
    X509_REQ *r = X509_REQ_new();
    X509_NAME *n = X509_NAME_new();
    uint8_t *der = NULL;
    int len = 0;
    enum err e = ERR_NOMEM;
    if (r == NULL || n == NULL)
        goto out;
    e = cert_write_subject(n, oin, name);
    if (e != ERR_OK)
        goto out;
    e = ERR_CRYPTO;
    if (X509_REQ_set_version(r, X509_REQ_VERSION_1) != 1 ||
        X509_REQ_set_subject_name(r, n) != 1 || X509_REQ_set_pubkey(r, key_evp(key)) != 1 ||
        X509_REQ_sign(r, key_evp(key), EVP_sha256()) <= 0)
        goto out;
    len = i2d_X509_REQ(r, &der);
    if (len > 0) {
        buf_put(out, bytes_of(der, (size_t)len));
        e = buf_err(out);
    }
out:
    OPENSSL_free(der);
    X509_NAME_free(n);
    X509_REQ_free(r);
    ERR_clear_error();
    return e;
}

static enum err check_request(X509_REQ *r, const struct agency_id *oin, const char *name,
                              struct errmsg *why)
{
    struct cert_subject s;
    enum err e = cert_read_subject(X509_REQ_get_subject_name(r), &s, why);
    if (e != ERR_OK)
        return e;
    if (!agency_id_equal(&s.oin, oin) || strcmp(s.name, name) != 0)
        return errmsg_set(why, ERR_CERT, "request: asks for another subject");
    if (X509_REQ_get_attr_count(r) > 0)
        return errmsg_set(why, ERR_CERT, "request: asks for more than a name and a key");
    if (X509_REQ_get_signature_nid(r) != NID_ecdsa_with_SHA256)
        return errmsg_set(why, ERR_CERT, "request: not signed with ECDSA and SHA-256");
    if (X509_REQ_verify(r, X509_REQ_get0_pubkey(r)) != 1)
        return errmsg_set(why, ERR_CERT, "request: its signature does not verify");
    return ERR_OK;
}

enum err csr_check(struct bytes der, const struct agency_id *oin, const char *name,
                   struct key **out, struct errmsg *why)
{
    if (der.len > CSR_MAX_BYTES)
        return errmsg_set(why, ERR_TOO_LARGE, "request: over %d bytes", CSR_MAX_BYTES);
    const uint8_t *pos = der.ptr;
    X509_REQ *r = d2i_X509_REQ(NULL, &pos, (long)der.len);
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    enum err e = ERR_INVALID;
    if (r == NULL || pos != der.ptr + der.len) {
        errmsg_set(why, e, "no certificate request, or bytes behind it");
        goto out;
    }
    e = check_request(r, oin, name, why);
    if (e == ERR_OK && (key_from_evp_public(X509_REQ_get0_pubkey(r), &key) != ERR_OK ||
                        key_type(key) != KEY_TYPE_P256))
        e = errmsg_set(why, ERR_CERT, "request: not a P-256 key");
    if (e == ERR_OK)
        *out = take(key);
out:
    X509_REQ_free(r);
    ERR_clear_error();
    return e;
}
