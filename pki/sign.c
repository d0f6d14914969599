#include "pki/sign_internal.h"

#include "pki/key_internal.h"
#include "pki/ossl.h"
#include "proto/base/join.h"

#define PREFIX_MAX_BYTES 64

/* The bytes of join(label, document) that stand before document itself. */
struct prefix {
    uint8_t room[PREFIX_MAX_BYTES];
    struct buf b;
};

static enum err prefix_make(enum sign_kind kind, struct bytes document, struct prefix *p)
{
    const char *label = label_of_sign_kind(kind);
    if (label == NULL)
        return ERR_UNKNOWN;
    if (document.len > UINT32_MAX)
        return ERR_TOO_LARGE;
    p->b = buf_fixed(p->room, sizeof p->room);
    join_str(&p->b, label);
    buf_put_u32(&p->b, (uint32_t)document.len);
    return buf_err(&p->b);
}

static enum err fail(EVP_MD_CTX *ctx, enum err e)
{
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return e;
}

enum err sign_document(enum sign_kind kind, const struct key *key, struct bytes document,
                       struct signature *out)
{
    if (key_type(key) != KEY_TYPE_P256 || !key_has_private(key))
        return ERR_STATE;
    struct prefix p;
    enum err e = prefix_make(kind, document, &p);
    if (e != ERR_OK)
        return e;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL)
        return fail(ctx, ERR_NOMEM);
    struct signature sig = {.len = sizeof sig.b};
    if (EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key_evp(key)) != 1 ||
        EVP_DigestSignUpdate(ctx, p.b.ptr, p.b.len) != 1 ||
        (document.len > 0 && EVP_DigestSignUpdate(ctx, document.ptr, document.len) != 1) ||
        EVP_DigestSignFinal(ctx, sig.b, &sig.len) != 1)
        return fail(ctx, ERR_CRYPTO);
    EVP_MD_CTX_free(ctx);
    *out = sig;
    return ERR_OK;
}

enum err sign_p256_verify_parts(const struct key *key, const struct bytes *parts, size_t count,
                                struct bytes sig)
{
    if (key_type(key) != KEY_TYPE_P256)
        return ERR_STATE;
    if (sig.len == 0 || sig.len > SIGN_P256_MAX_BYTES)
        return ERR_SIGNATURE;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL || EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key_evp(key)) != 1)
        return fail(ctx, ERR_NOMEM);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0 && EVP_DigestVerifyUpdate(ctx, parts[i].ptr, parts[i].len) != 1)
            return fail(ctx, ERR_CRYPTO);
    }
    if (EVP_DigestVerifyFinal(ctx, sig.ptr, sig.len) != 1)
        return fail(ctx, ERR_SIGNATURE);
    EVP_MD_CTX_free(ctx);
    return ERR_OK;
}

enum err sign_verify(enum sign_kind kind, const struct key *key, struct bytes document,
                     struct bytes sig)
{
    struct prefix p;
    enum err e = prefix_make(kind, document, &p);
    if (e != ERR_OK)
        return e;
    struct bytes parts[] = {buf_bytes(&p.b), document};
    return sign_p256_verify_parts(key, parts, ARRAY_LEN(parts), sig);
}

enum err sign_ed25519(const struct key *key, struct bytes data,
                      uint8_t out[static SIGN_ED25519_BYTES])
{
    if (key_type(key) != KEY_TYPE_ED25519 || !key_has_private(key))
        return ERR_STATE;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL || EVP_DigestSignInit(ctx, NULL, NULL, NULL, key_evp(key)) != 1)
        return fail(ctx, ERR_NOMEM);
    uint8_t sig[SIGN_ED25519_BYTES];
    size_t len = sizeof sig;
    if (EVP_DigestSign(ctx, sig, &len, data.ptr, data.len) != 1 || len != sizeof sig)
        return fail(ctx, ERR_CRYPTO);
    EVP_MD_CTX_free(ctx);
    memcpy(out, sig, sizeof sig);
    return ERR_OK;
}

enum err sign_ed25519_verify(const struct key *key, struct bytes data, struct bytes sig)
{
    if (key_type(key) != KEY_TYPE_ED25519)
        return ERR_STATE;
    if (sig.len != SIGN_ED25519_BYTES)
        return ERR_SIGNATURE;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL || EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key_evp(key)) != 1)
        return fail(ctx, ERR_NOMEM);
    if (EVP_DigestVerify(ctx, sig.ptr, sig.len, data.ptr, data.len) != 1)
        return fail(ctx, ERR_SIGNATURE);
    EVP_MD_CTX_free(ctx);
    return ERR_OK;
}
