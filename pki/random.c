#include "pki/random.h"

#include "pki/ossl.h"

#define BLOCK_BYTES 4096

struct random_pool {
    uint8_t block[BLOCK_BYTES];
    size_t left; /* the last `left` bytes of block are unused */
};

enum err random_fill(void *out, size_t n)
{
    if (n > INT32_MAX)
        return ERR_TOO_LARGE;
    if (n == 0 || RAND_bytes(out, (int)n) == 1)
        return ERR_OK;
    OPENSSL_cleanse(out, n);
    ERR_clear_error();
    return ERR_CRYPTO;
}

struct random_pool *random_pool_new(void)
{
    return OPENSSL_zalloc(sizeof(struct random_pool));
}

void random_pool_free(struct random_pool *pool)
{
    if (pool != NULL)
        OPENSSL_clear_free(pool, sizeof *pool);
}

enum err random_pool_take(struct random_pool *pool, void *out, size_t n)
{
    if (n > BLOCK_BYTES)
        return random_fill(out, n);
    if (n > pool->left) {
        enum err e = random_fill(pool->block, BLOCK_BYTES);
        pool->left = e == ERR_OK ? BLOCK_BYTES : 0;
        if (e != ERR_OK) {
            OPENSSL_cleanse(out, n);
            return e;
        }
    }
    if (n == 0)
        return ERR_OK;
    uint8_t *from = pool->block + (BLOCK_BYTES - pool->left);
    memcpy(out, from, n);
    OPENSSL_cleanse(from, n);
    pool->left -= n;
    return ERR_OK;
}
