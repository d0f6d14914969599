#include "pki/permutation.h"

#include "pki/ossl.h"
#include "pki/secret_internal.h"

struct permutation {
    EVP_CIPHER_CTX *apply;
    EVP_CIPHER_CTX *undo;
};

enum err permutation_new(const struct secret *key, struct permutation **out)
{
    if (secret_len(key) != PERMUTATION_KEY_BYTES)
        return ERR_INVALID;
    struct permutation *CLEANUP(cleanup_permutation_free) p = OPENSSL_zalloc(sizeof *p);
    if (p != NULL) {
        p->apply = EVP_CIPHER_CTX_new();
        p->undo = EVP_CIPHER_CTX_new();
    }
    if (p == NULL || p->apply == NULL || p->undo == NULL) {
        ERR_clear_error();
        return ERR_NOMEM;
    }
    const uint8_t *k = secret_bytes(key).ptr;
    if (EVP_EncryptInit_ex(p->apply, EVP_aes_256_ecb(), NULL, k, NULL) != 1 ||
        EVP_DecryptInit_ex(p->undo, EVP_aes_256_ecb(), NULL, k, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(p->apply, 0) != 1 ||
        EVP_CIPHER_CTX_set_padding(p->undo, 0) != 1) {
        ERR_clear_error();
        return ERR_CRYPTO;
    }
    *out = take(p);
    return ERR_OK;
}

void permutation_free(struct permutation *p)
{
    if (p == NULL)
        return;
    EVP_CIPHER_CTX_free(p->apply);
    EVP_CIPHER_CTX_free(p->undo);
    OPENSSL_free(p);
}

static enum err run(EVP_CIPHER_CTX *ctx, uint8_t *blocks, size_t count)
{
    if (count == 0 || count > PERMUTATION_BLOCKS_MAX)
        return ERR_RANGE;
    const int len = (int)(count * PERMUTATION_BLOCK_BYTES);
    int n = 0;
    if (EVP_CipherUpdate(ctx, blocks, &n, blocks, len) == 1 && n == len)
        return ERR_OK;
    OPENSSL_cleanse(blocks, (size_t)len);
    ERR_clear_error();
    return ERR_CRYPTO;
}

enum err permutation_apply(struct permutation *p, uint8_t *blocks, size_t count)
{
    return run(p->apply, blocks, count);
}

enum err permutation_undo(struct permutation *p, uint8_t *blocks, size_t count)
{
    return run(p->undo, blocks, count);
}
