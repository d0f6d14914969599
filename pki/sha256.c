#include "pki/sha256_internal.h"

/* The low-level calls are called deprecated since 3.0, for the sake of providers; the code behind
 * them is the one that the default provider runs. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "pki/ossl.h"

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct sha256), "the library's state fits");

static SHA256_CTX *ctx_of(struct sha256 *s)
{
    return (SHA256_CTX *)s->room;
}

enum err sha256_start(struct sha256 *s)
{
    return SHA256_Init(ctx_of(s)) == 1 ? ERR_OK : ERR_CRYPTO;
}

enum err sha256_absorb(struct sha256 *s, struct bytes data)
{
    if (data.len == 0)
        return ERR_OK;
    return SHA256_Update(ctx_of(s), data.ptr, data.len) == 1 ? ERR_OK : ERR_CRYPTO;
}

enum err sha256_end(struct sha256 *s, uint8_t out[static SHA256_BYTES])
{
    return SHA256_Final(out, ctx_of(s)) == 1 ? ERR_OK : ERR_CRYPTO;
}
