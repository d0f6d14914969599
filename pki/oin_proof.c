#include "pki/oin_proof.h"

#include "pki/cms_signed.h"
#include "pki/digest.h"
#include "pki/secret_internal.h"
#include "proto/base/join.h"
#include "proto/base/label.h"

#define AUTH_LEVEL 2 /* 112 bits */
#define LABEL_ROOM 64
#define PEM_CERTS_MAX 16

static enum err framed(struct bytes document, struct buf *out)
{
    join_str(out, LABEL_OIN_PROOF);
    join_part(out, document);
    return buf_err(out);
}

typedef STACK_OF(X509) cert_stack;

/* All certificates of a PEM text, in its order; NULL where it has none, one that is none, or too many. */
static cert_stack *read_certs(struct bytes pem)
{
    cert_stack *all = sk_X509_new_null();
    BIO *in = pem.len <= OIN_PROOF_MAX_PEM ? BIO_new_mem_buf(pem.ptr, (int)pem.len) : NULL;
    X509 *x = NULL;
    bool ok = all != NULL && in != NULL;
    while (ok && (x = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
        ok = sk_X509_num(all) < PEM_CERTS_MAX && sk_X509_push(all, x) > 0;
        if (!ok)
            X509_free(x);
    }
    ok = ok && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    BIO_free(in);
    if (ok && sk_X509_num(all) > 0)
        return all;
    sk_X509_pop_free(all, X509_free);
    return NULL;
}

static void free_certs(cert_stack *all)
{
    sk_X509_pop_free(all, X509_free);
}

/* ---- making ---- */

static int give_passphrase(char *out, int size, int is_writing, void *arg)
{
    const struct secret *s = arg;
    (void)is_writing;
    if (s == NULL || secret_len(s) > (size_t)size)
        return -1;
    memcpy(out, secret_bytes(s).ptr, secret_len(s));
    return (int)secret_len(s);
}

static EVP_PKEY *read_key(const struct oin_proof_signer *s)
{
    BIO *in = s->key.len <= OIN_PROOF_MAX_PEM ? BIO_new_mem_buf(s->key.ptr, (int)s->key.len) : NULL;
    union {
        const struct secret *from;
        void *to;
    } arg = {s->passphrase}; /* the library's callback takes no const */
    EVP_PKEY *k = in == NULL ? NULL : PEM_read_bio_PrivateKey(in, NULL, give_passphrase, arg.to);
    BIO_free(in);
    ERR_clear_error();
    return k;
}

static enum err sign(STACK_OF(X509) * certs, EVP_PKEY *key, struct bytes content, struct buf *out)
{
    unsigned flags = CMS_BINARY | CMS_NOSMIMECAP | CMS_CADES | CMS_DETACHED;
    BIO *in = BIO_new_mem_buf(content.ptr, (int)content.len);
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, certs, NULL, flags | CMS_PARTIAL);
    uint8_t *der = NULL;
    int n = 0;
    if (in != NULL && cms != NULL &&
        CMS_add1_signer(cms, sk_X509_value(certs, 0), key, EVP_sha256(), flags | CMS_NOCERTS) != NULL &&
        CMS_final(cms, in, NULL, flags) == 1)
        n = i2d_CMS_ContentInfo(cms, &der);
    if (n > 0)
        buf_put(out, bytes_of(der, (size_t)n));
    OPENSSL_free(der);
    CMS_ContentInfo_free(cms);
    BIO_free(in);
    ERR_clear_error();
    return n > 0 ? buf_err(out) : ERR_CRYPTO;
}

enum err oin_proof_make(const struct oin_proof_signer *s, struct bytes document, struct buf *out,
                        struct errmsg *why)
{
    struct buf content CLEANUP(buf_free) = buf_new(document.len + LABEL_ROOM);
    enum err e = framed(document, &content);
    if (e != ERR_OK)
        return e;
    STACK_OF(X509) *certs = read_certs(s->certificates);
    if (certs == NULL)
        return errmsg_set(why, ERR_INVALID, "proof: no certificates in PEM");
    EVP_PKEY *key = read_key(s);
    if (key == NULL)
        e = errmsg_set(why, ERR_PERMISSION, "proof: no private key in PEM, or a wrong passphrase");
    else if (X509_check_private_key(sk_X509_value(certs, 0), key) != 1)
        e = errmsg_set(why, ERR_MISMATCH, "proof: the key is of another certificate");
    else
        e = sign(certs, key, buf_bytes(&content), out);
    ERR_clear_error();
    EVP_PKEY_free(key);
    free_certs(certs);
    return e;
}

/* ---- checking ---- */

static enum err refuse(struct errmsg *why, const char *what)
{
    return errmsg_set(why, ERR_CERT, "proof: %s", what);
}

/* One SignerInfo and the certificate that it names, among those inside. Borrowed. */
static X509 *signer_of(CMS_ContentInfo *cms, STACK_OF(X509) * inside)
{
    STACK_OF(CMS_SignerInfo) *all = CMS_get0_SignerInfos(cms);
    if (all == NULL || sk_CMS_SignerInfo_num(all) != 1 || inside == NULL)
        return NULL;
    for (int i = 0; i < sk_X509_num(inside); i++) {
        if (CMS_SignerInfo_cert_cmp(sk_CMS_SignerInfo_value(all, 0), sk_X509_value(inside, i)) == 0)
            return sk_X509_value(inside, i);
    }
    return NULL;
}

static bool names_oin(X509 *x, const struct agency_id *oin)
{
    X509_NAME *n = X509_get_subject_name(x);
    int at = X509_NAME_get_index_by_NID(n, NID_serialNumber, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(n, NID_serialNumber, at) >= 0)
        return false;
    const ASN1_STRING *s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(n, at));
    return bytes_equal(bytes_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)),
                       agency_id_bytes(oin));
}

static enum err check_certificate(X509 *x, const struct agency_id *oin, struct errmsg *why)
{
    if (!names_oin(x, oin))
        return refuse(why, "the certificate names another OIN");
    if (X509_check_ca(x) != 0)
        return refuse(why, "a CA's certificate proves nothing about a party");
    if ((X509_get_extension_flags(x) & EXFLAG_KUSAGE) == 0 ||
        (X509_get_key_usage(x) & KU_DIGITAL_SIGNATURE) == 0)
        return refuse(why, "the certificate may not sign: key usage");
    int type = EVP_PKEY_get_base_id(X509_get0_pubkey(x));
    if (type != EVP_PKEY_RSA && type != EVP_PKEY_EC)
        return refuse(why, "neither RSA nor elliptic curve");
    return ERR_OK;
}

/* A signature weaker than the chain would be its weakest part. */
static enum err check_digest(CMS_ContentInfo *cms, struct errmsg *why)
{
    X509_ALGOR *digest = NULL;
    const ASN1_OBJECT *id = NULL;
    CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0), NULL, NULL,
                             &digest, NULL);
    X509_ALGOR_get0(&id, NULL, NULL, digest);
    int nid = OBJ_obj2nid(id);
    if (nid != NID_sha256 && nid != NID_sha384 && nid != NID_sha512)
        return refuse(why, "signed with a digest weaker than SHA-256");
    return ERR_OK;
}

/* Path validation at a time, for a leaf of another scheme: whatever it is used for there. */
static enum err check_chain(const struct oin_proof_check *c, X509 *leaf, STACK_OF(X509) * inside,
                            struct errmsg *why)
{
    STACK_OF(X509) *roots = read_certs(c->roots);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    enum err e = roots == NULL ? errmsg_set(why, ERR_INVALID, "proof: the pinned roots are no PEM")
                               : ERR_OK;
    bool ok = e == ERR_OK && store != NULL && ctx != NULL;
    for (int i = 0; ok && i < sk_X509_num(roots); i++)
        ok = X509_STORE_add_cert(store, sk_X509_value(roots, i)) == 1;
    ok = ok && X509_STORE_CTX_init(ctx, store, leaf, inside) == 1;
    if (ok) {
        X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(ctx);
        X509_VERIFY_PARAM_set_auth_level(p, AUTH_LEVEL);
        X509_VERIFY_PARAM_set_time(p, (time_t)c->at_s);
        if (X509_verify_cert(ctx) != 1)
            e = refuse(why, X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
    } else if (e == ERR_OK) {
        e = ERR_NOMEM;
    }
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    free_certs(roots);
    return e;
}

static enum err check_signature(CMS_ContentInfo *cms, struct bytes document, STACK_OF(X509) * inside,
                                struct errmsg *why)
{
    struct buf content CLEANUP(buf_free) = buf_new(document.len + LABEL_ROOM);
    enum err e = framed(document, &content);
    BIO *in = e == ERR_OK ? BIO_new_mem_buf(content.ptr, (int)content.len) : NULL;
    if (in == NULL)
        return ERR_NOMEM;
    unsigned flags = CMS_BINARY | CMS_DETACHED | CMS_NO_SIGNER_CERT_VERIFY;
    if (CMS_verify(cms, inside, NULL, in, NULL, flags) != 1)
        e = errmsg_set(why, ERR_SIGNATURE, "proof: not a signature of this request");
    BIO_free(in);
    return e;
}

static enum err fingerprint_of(X509 *x, struct digest *out)
{
    uint8_t *der = NULL;
    int n = i2d_X509(x, &der);
    if (n <= 0)
        return ERR_CRYPTO;
    struct bytes part = bytes_of(der, (size_t)n);
    enum err e = digest_sha256(&part, 1, out);
    OPENSSL_free(der);
    return e;
}

enum err oin_proof_verify(const struct oin_proof_check *c, struct bytes proof,
                          struct digest *fingerprint, struct errmsg *why)
{
    CMS_ContentInfo *cms = NULL;
    enum err e = cms_signed_read(proof, &cms, why);
    if (e != ERR_OK)
        return e;
    STACK_OF(X509) *inside = CMS_get1_certs(cms);
    X509 *signer = signer_of(cms, inside);
    if (signer == NULL || CMS_is_detached(cms) != 1)
        e = errmsg_set(why, ERR_INVALID, "proof: one detached signer with its certificate inside");
    if (e == ERR_OK)
        e = check_certificate(signer, &c->oin, why);
    if (e == ERR_OK)
        e = check_digest(cms, why);
    if (e == ERR_OK)
        e = check_chain(c, signer, inside, why);
    if (e == ERR_OK)
        e = check_signature(cms, c->document, inside, why);
    if (e == ERR_OK)
        e = fingerprint_of(signer, fingerprint);
    free_certs(inside);
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return e;
}
