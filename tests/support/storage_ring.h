/* Versions of a storage key for tests: each of 32 equal bytes, or random. Failures end the program. */
#ifndef SLUIS_TESTS_STORAGE_RING_H
#define SLUIS_TESTS_STORAGE_RING_H

#include <stdlib.h>

#include "pki/storage_keys.h"

static inline void storage_ring_add(struct storage_keys *k, uint32_t version, struct secret *key)
{
    if (k == NULL || storage_keys_add(k, version, key) != ERR_OK)
        abort();
}

/* Version 1 alone; key is copied, NULL: a random one. */
static inline struct storage_keys *storage_ring_of(const struct secret *key)
{
    struct storage_keys *k = storage_keys_new();
    storage_ring_add(k, 1, key != NULL ? secret_copy(key) : secret_random(STORAGE_KEY_BYTES));
    return k;
}

#endif
