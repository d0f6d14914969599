#include "pki/crl.h"

#include "pki/cert_internal.h"

static bool add_entry(X509_CRL *crl, const struct crl_entry *e)
{
    X509_REVOKED *r = X509_REVOKED_new();
    ASN1_TIME *at = ASN1_TIME_set(NULL, (time_t)e->revoked_at);
    bool ok = r != NULL && at != NULL &&
              X509_REVOKED_set_serialNumber(
                  r, X509_get_serialNumber(cert_x509(e->cert))) == 1 &&
              X509_REVOKED_set_revocationDate(r, at) == 1 && X509_CRL_add0_revoked(crl, r) == 1;
    if (!ok)
        X509_REVOKED_free(r);
    ASN1_TIME_free(at);
    return ok;
}

static bool add_number(X509_CRL *crl, uint64_t number)
{
    ASN1_INTEGER *n = ASN1_INTEGER_new();
    bool ok = n != NULL && ASN1_INTEGER_set_uint64(n, number) == 1 &&
              X509_CRL_add1_ext_i2d(crl, NID_crl_number, n, 0, 0) == 1;
    ASN1_INTEGER_free(n);
    return ok;
}

static bool add_issuer(X509_CRL *crl, X509 *issuer)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, NULL, NULL, crl, 0);
    X509_EXTENSION *e =
        X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid:always");
    bool ok = e != NULL && X509_CRL_add_ext(crl, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok && X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)) == 1;
}

static bool set_times(X509_CRL *crl, const struct crl_request *r)
{
    ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)r->this_update);
    ASN1_TIME *until = ASN1_TIME_set(NULL, (time_t)r->next_update);
    bool ok = from != NULL && until != NULL && X509_CRL_set1_lastUpdate(crl, from) == 1 &&
              X509_CRL_set1_nextUpdate(crl, until) == 1;
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    return ok;
}

static enum err build(X509_CRL *crl, const struct crl_request *r, const struct ca_issuer *by)
{
    X509 *issuer = cert_x509(by->cert);
    if (X509_CRL_set_version(crl, X509_CRL_VERSION_2) != 1 || !add_issuer(crl, issuer) ||
        !add_number(crl, r->number) || !set_times(crl, r))
        return ERR_CRYPTO;
    for (size_t i = 0; i < r->count; i++) {
        X509 *x = cert_x509(r->entries[i].cert);
        if (X509_NAME_cmp(X509_get_issuer_name(x), X509_get_subject_name(issuer)) != 0)
            return ERR_INVALID;
        if (!add_entry(crl, &r->entries[i]))
            return ERR_CRYPTO;
    }
    return X509_CRL_sort(crl) == 1 && X509_CRL_sign(crl, key_evp(by->key), EVP_sha256()) > 0
               ? ERR_OK
               : ERR_CRYPTO;
}

static enum err put_pem(X509_CRL *crl, struct buf *out)
{
    BIO *b = BIO_new(BIO_s_mem());
    char *text = NULL;
    long n = b != NULL && PEM_write_bio_X509_CRL(b, crl) == 1 ? BIO_get_mem_data(b, &text) : 0;
    if (n > 0)
        buf_put(out, bytes_of(text, (size_t)n));
    BIO_free(b);
    return n > 0 ? buf_err(out) : ERR_CRYPTO;
}

enum err crl_make(const struct crl_request *r, const struct ca_issuer *issuer, struct buf *out)
{
    if (r->this_update <= 0 || r->next_update <= r->this_update)
        return ERR_INVALID;
    if (!key_same_public(issuer->key, cert_key(issuer->cert)))
        return ERR_MISMATCH;
    X509_CRL *crl = X509_CRL_new();
    if (crl == NULL)
        return ERR_NOMEM;
    enum err e = build(crl, r, issuer);
    if (e == ERR_OK)
        e = put_pem(crl, out);
    X509_CRL_free(crl);
    ERR_clear_error();
    return e;
}
