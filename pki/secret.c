#include "pki/secret_internal.h"

#include "pki/ossl.h"

#define HEAP_BYTES ((size_t)1 << 20)
#define HEAP_MIN_BLOCK 32

struct secret {
    size_t len;
    uint8_t b[];
};

enum err secret_init(void)
{
    if (CRYPTO_secure_malloc_initialized())
        return ERR_OK;
    switch (CRYPTO_secure_malloc_init(HEAP_BYTES, HEAP_MIN_BLOCK)) {
    case 1:
        return ERR_OK;
    case 2:
        return ERR_PERMISSION;
    default:
        return ERR_NOMEM;
    }
}

struct secret *secret_zeroed(size_t n)
{
    /* Without its heap OpenSSL would fall back to ordinary memory and say nothing. */
    if (n == 0 || n > SECRET_MAX_BYTES || !CRYPTO_secure_malloc_initialized())
        return NULL;
    struct secret *s = OPENSSL_secure_zalloc(sizeof *s + n);
    if (s != NULL)
        s->len = n;
    return s;
}

struct secret *secret_new(struct bytes data)
{
    struct secret *s = secret_zeroed(data.len);
    if (s != NULL)
        memcpy(s->b, data.ptr, data.len);
    return s;
}

struct secret *secret_random(size_t n)
{
    struct secret *s = secret_zeroed(n);
    if (s != NULL && RAND_priv_bytes(s->b, (int)n) != 1) {
        secret_free(s);
        return NULL;
    }
    return s;
}

struct secret *secret_copy(const struct secret *s)
{
    return s == NULL ? NULL : secret_new(secret_bytes(s));
}

void secret_free(struct secret *s)
{
    if (s != NULL)
        OPENSSL_secure_clear_free(s, sizeof *s + s->len);
}

size_t secret_len(const struct secret *s)
{
    return s->len;
}

struct bytes secret_bytes(const struct secret *s)
{
    return bytes_of(s->b, s->len);
}

uint8_t *secret_data(struct secret *s)
{
    return s->b;
}

void secret_cut(struct secret *s, size_t n)
{
    if (n == 0 || n >= s->len)
        return;
    OPENSSL_cleanse(s->b + n, s->len - n);
    s->len = n;
}

bool secret_equal_bytes(struct bytes a, struct bytes b)
{
    if (a.len != b.len)
        return false;
    return a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0;
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
    return secret_equal_bytes(secret_bytes(a), secret_bytes(b));
}

void secret_wipe(void *p, size_t n)
{
    if (n > 0)
        OPENSSL_cleanse(p, n);
}

enum err secret_lend(const struct secret *s, secret_use_fn use, void *arg)
{
    return use(arg, secret_bytes(s));
}
