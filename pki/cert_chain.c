/* From a leaf over an issuing CA to the pinned root. */
#include "pki/cert_internal.h"

#define AUTH_LEVEL 3 /* 128-bit security: no SHA-1, no short key anywhere in the chain */

/* Runs the library's path validation for one leaf. */
static enum err run(X509_STORE_CTX *ctx, const struct cert *leaf, X509_STORE *roots,
                    STACK_OF(X509) * issuers, struct errmsg *why)
{
    if (X509_STORE_CTX_init(ctx, roots, cert_x509(leaf), issuers) != 1)
        return ERR_CRYPTO;
    X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_auth_level(p, AUTH_LEVEL);
    X509_VERIFY_PARAM_set_depth(p, 1); /* CAs between leaf and root */
    if (X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_X509_STRICT | X509_V_FLAG_NO_CHECK_TIME |
                                           X509_V_FLAG_CHECK_SS_SIGNATURE) != 1)
        return ERR_CRYPTO;
    if (X509_verify_cert(ctx) == 1)
        return ERR_OK;
    int code = X509_STORE_CTX_get_error(ctx);
    return errmsg_set(why, ERR_CERT, "certificate of %s: %s", cert_oin(leaf)->oin,
                      X509_verify_cert_error_string(code));
}

enum err cert_check_chain(const struct cert *leaf, const struct cert_anchors *anchors,
                          struct errmsg *why)
{
    X509_STORE *roots = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *issuers = sk_X509_new_null();
    enum err e = ERR_NOMEM;
    if (roots == NULL || ctx == NULL || issuers == NULL ||
        X509_STORE_add_cert(roots, cert_x509(anchors->root)) != 1)
        goto out;
    for (size_t i = 0; i < anchors->issuer_count; i++) {
        if (sk_X509_push(issuers, cert_x509(anchors->issuers[i])) <= 0)
            goto out;
    }
    e = run(ctx, leaf, roots, issuers, why);
out:
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(roots);
    sk_X509_free(issuers);
    ERR_clear_error();
    return e;
}

enum err cert_check_self(const struct cert *c, struct errmsg *why)
{
    int ok = X509_verify(cert_x509(c), key_evp(cert_key(c)));
    ERR_clear_error();
    return ok == 1 ? ERR_OK : errmsg_set(why, ERR_CERT, "does not sign itself");
}
