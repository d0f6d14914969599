/* Random bytes that become public or that are stored openly: salts, handles, ids, nonces, padding.
 * Keys come from secret_random(), which draws from another generator. */
#ifndef SLUIS_PKI_RANDOM_H
#define SLUIS_PKI_RANDOM_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"

/* Fills out with n random bytes. ERR_CRYPTO, and out zeroed, where the generator fails. Costs about
 * 2 microseconds a call whatever n is; in a loop use a pool. */
enum err random_fill(void *out, size_t n) MUST_CHECK;

/* A store of random bytes that is filled a block at a time. Each byte is handed out once and wiped
 * here as it goes. One thread at a time; never carried across a fork. */
struct random_pool;

/* NULL without memory. */
struct random_pool *random_pool_new(void);

/* random_pool_free(NULL) is a no-op; what is left is wiped. */
void random_pool_free(struct random_pool *pool);
DEFINE_CLEANUP(struct random_pool, random_pool_free)

/* Fills out with n bytes. ERR_CRYPTO, and out zeroed, where the generator fails. */
enum err random_pool_take(struct random_pool *pool, void *out, size_t n) MUST_CHECK;

#endif
