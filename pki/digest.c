/* A context is fetched and allocated once and re-initialised for each message: the one-shot calls
 * of the library fetch the algorithm anew every time, which costs several times the hash itself. */
#include "pki/digest.h"

#include <pthread.h>

#include "pki/ossl.h"

struct digest_ctx {
    EVP_MD_CTX *md;
};

/* sha256_fn has no room for a context, so each thread has its own: see
 * docs/decisions/0201-digest-context-per-thread.md. */
static pthread_key_t thread_ctx_key;
static pthread_once_t thread_ctx_once = PTHREAD_ONCE_INIT;
static bool thread_ctx_usable;

struct digest_ctx *digest_ctx_new(void)
{
    struct digest_ctx *ctx = OPENSSL_zalloc(sizeof *ctx);
    if (ctx == NULL)
        return NULL;
    ctx->md = EVP_MD_CTX_new();
    if (ctx->md == NULL || EVP_DigestInit_ex(ctx->md, EVP_sha256(), NULL) != 1) {
        digest_ctx_free(ctx);
        return NULL;
    }
    return ctx;
}

void digest_ctx_free(struct digest_ctx *ctx)
{
    if (ctx == NULL)
        return;
    EVP_MD_CTX_free(ctx->md);
    OPENSSL_free(ctx);
}

enum err digest_begin(struct digest_ctx *ctx)
{
    return EVP_DigestInit_ex(ctx->md, NULL, NULL) == 1 ? ERR_OK : ERR_CRYPTO;
}

enum err digest_add(struct digest_ctx *ctx, struct bytes data)
{
    if (data.len == 0)
        return ERR_OK;
    return EVP_DigestUpdate(ctx->md, data.ptr, data.len) == 1 ? ERR_OK : ERR_CRYPTO;
}

enum err digest_end(struct digest_ctx *ctx, struct digest *out)
{
    struct digest d;
    unsigned len = 0;
    if (EVP_DigestFinal_ex(ctx->md, d.b, &len) != 1 || len != sizeof d.b)
        return ERR_CRYPTO;
    *out = d;
    return ERR_OK;
}

static void free_thread_ctx(void *p)
{
    digest_ctx_free(p);
}

static void make_thread_key(void)
{
    thread_ctx_usable = pthread_key_create(&thread_ctx_key, free_thread_ctx) == 0;
}

/* The context of this thread, or NULL. */
static struct digest_ctx *thread_ctx(void)
{
    if (pthread_once(&thread_ctx_once, make_thread_key) != 0 || !thread_ctx_usable)
        return NULL;
    struct digest_ctx *ctx = pthread_getspecific(thread_ctx_key);
    if (ctx != NULL)
        return ctx;
    ctx = digest_ctx_new();
    if (ctx != NULL && pthread_setspecific(thread_ctx_key, ctx) != 0) {
        digest_ctx_free(ctx);
        return NULL;
    }
    return ctx;
}

enum err digest_sha256(const struct bytes *parts, size_t count, struct digest *out)
{
    struct digest_ctx *ctx = thread_ctx();
    if (ctx == NULL)
        return ERR_NOMEM;
    enum err e = digest_begin(ctx);
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        e = digest_add(ctx, parts[i]);
    return e == ERR_OK ? digest_end(ctx, out) : e;
}
