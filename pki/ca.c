#include "pki/ca.h"

#include <stdio.h>

#include "pki/cert_internal.h"
#include "pki/random.h"

#define SERIAL_BYTES 16

/* Everything that one new certificate is made from. */
struct making {
    const struct ca_request *r;
    const struct cert_profile *p;
    const struct key *subject;
    const struct key *signer;
    X509 *issuer; /* the new one itself where it is self-signed */
};

static int set_serial(X509 *x)
{
    uint8_t raw[SERIAL_BYTES];
    if (random_fill(raw, sizeof raw) != ERR_OK)
        return 0;
    raw[0] = (uint8_t)((raw[0] & 0x7f) | 0x40); /* positive, and of full length */
    BIGNUM *n = BN_bin2bn(raw, sizeof raw, NULL);
    int ok = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
    BN_free(n);
    return ok;
}

static int add_extension(X509 *x, X509V3_CTX *ctx, int nid, const char *value)
{
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
    int ok = ext != NULL && X509_add_ext(x, ext, -1) == 1;
    X509_EXTENSION_free(ext);
    return ok;
}

static int add_ext_usage(X509 *x, X509V3_CTX *ctx, const struct cert_profile *p)
{
    char value[256];
    if (p->ext_usage[0] == NULL)
        return 1;
    snprintf(value, sizeof value, "%s%s%s", p->ext_usage[0], p->ext_usage[1] != NULL ? "," : "",
             p->ext_usage[1] != NULL ? p->ext_usage[1] : "");
    return add_extension(x, ctx, NID_ext_key_usage, value);
}

static const char *key_usage_text(const struct cert_profile *p)
{
    if (p->path_length >= 0)
        return "critical,keyCertSign,cRLSign";
    return p->key_usage == KU_DIGITAL_SIGNATURE ? "critical,digitalSignature"
                                                : "critical,keyAgreement";
}

static int add_extensions(X509 *x, const struct making *m)
{
    X509V3_CTX ctx;
    char constraints[64] = "critical,CA:FALSE";
    if (m->p->path_length >= 0)
        snprintf(constraints, sizeof constraints, "critical,CA:TRUE,pathlen:%d",
                 m->p->path_length);
    X509V3_set_ctx(&ctx, m->issuer, x, NULL, NULL, 0);
    return add_extension(x, &ctx, NID_basic_constraints, constraints) &&
           add_extension(x, &ctx, NID_key_usage, key_usage_text(m->p)) &&
           add_ext_usage(x, &ctx, m->p) &&
           add_extension(x, &ctx, NID_subject_key_identifier, "hash") &&
           add_extension(x, &ctx, NID_authority_key_identifier, "keyid:always");
}

static enum err build(X509 *x, const struct making *m)
{
    enum err e = cert_write_subject(X509_get_subject_name(x), &m->r->oin, m->r->name);
    if (e != ERR_OK)
        return e;
    X509_NAME *issuer_name = X509_get_subject_name(m->issuer);
    if (X509_set_version(x, X509_VERSION_3) != 1 || !set_serial(x) ||
        X509_set_issuer_name(x, issuer_name) != 1 ||
        ASN1_TIME_set(X509_getm_notBefore(x), (time_t)m->r->not_before) == NULL ||
        ASN1_TIME_set(X509_getm_notAfter(x), (time_t)m->r->not_after) == NULL ||
        X509_set_pubkey(x, key_evp(m->subject)) != 1 || !add_extensions(x, m) ||
        X509_sign(x, key_evp(m->signer), EVP_sha256()) <= 0)
        return ERR_CRYPTO;
    return ERR_OK;
}

/* Makes, and reads back under the profile that every reader applies. */
static enum err make(struct making *m, struct cert **out, struct errmsg *why)
{
    if (!key_has_private(m->signer))
        return ERR_STATE;
    if (m->r->not_before <= 0 || m->r->not_after <= m->r->not_before)
        return errmsg_set(why, ERR_INVALID, "validity: not a span of time");
    X509 *x = X509_new();
    if (x == NULL)
        return ERR_NOMEM;
    if (m->issuer == NULL)
        m->issuer = x;
    enum err e = build(x, m);
    ERR_clear_error();
    if (e != ERR_OK) {
        X509_free(x);
        return e;
    }
    uint8_t *der = NULL;
    int n = i2d_X509(x, &der);
    X509_free(x);
    if (n <= 0)
        return ERR_CRYPTO;
    e = cert_parse(bytes_of(der, (size_t)n), m->r->use, out, why);
    OPENSSL_free(der);
    return e;
}

enum err ca_self_sign(const struct ca_request *r, const struct key *key, struct cert **out,
                      struct errmsg *why)
{
    struct making m = {.r = r, .p = cert_profile_of(r->use), .subject = key, .signer = key};
    if (m.p == NULL || !m.p->self_signed)
        return errmsg_set(why, ERR_INVALID, "a %s certificate is not self-signed",
                          cert_use_id(r->use));
    return make(&m, out, why);
}

enum err ca_issue(const struct ca_request *r, const struct ca_issuer *issuer,
                  const struct key *subject_key, struct cert **out, struct errmsg *why)
{
    struct making m = {.r = r,
                       .p = cert_profile_of(r->use),
                       .subject = subject_key,
                       .signer = issuer->key,
                       .issuer = cert_x509(issuer->cert)};
    enum cert_use by = r->use == CERT_ISSUER ? CERT_ROOT : CERT_ISSUER;
    if (m.p == NULL || m.p->self_signed || cert_use_of(issuer->cert) != by)
        return errmsg_set(why, ERR_INVALID, "a %s certificate is not issued by a %s",
                          cert_use_id(r->use), cert_use_id(cert_use_of(issuer->cert)));
    if (!key_same_public(issuer->key, cert_key(issuer->cert)))
        return errmsg_set(why, ERR_MISMATCH, "the issuer's key is not that of its certificate");
    if (r->not_after > cert_not_after(issuer->cert))
        return errmsg_set(why, ERR_INVALID, "would outlive its issuer");
    return make(&m, out, why);
}
