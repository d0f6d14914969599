#include "broker/key_ring.h"

enum err key_ring_add(struct key_ring *r, struct key *k)
{
    const size_t n = atomic_load_explicit(&r->count, memory_order_acquire);
    if (key_ring_same(r, k) != NULL || n == KEY_RING_MAX) {
        const bool is_known = key_ring_same(r, k) != NULL;
        key_free(k);
        return is_known ? ERR_OK : ERR_LIMIT;
    }
    r->keys[n] = k;
    atomic_store_explicit(&r->count, n + 1, memory_order_release);
    return ERR_OK;
}

void key_ring_free(struct key_ring *r)
{
    for (size_t i = 0; i < KEY_RING_MAX; i++)
        key_free(r->keys[i]);
}

size_t key_ring_count(const struct key_ring *r)
{
    return atomic_load_explicit(&r->count, memory_order_acquire);
}

const struct key *key_ring_same(const struct key_ring *r, const struct key *public_key)
{
    const size_t n = key_ring_count(r);
    for (size_t i = 0; i < n; i++)
        if (key_same_public(r->keys[i], public_key))
            return r->keys[i];
    return NULL;
}

const struct key *key_ring_raw(const struct key_ring *r, struct bytes raw)
{
    const size_t n = key_ring_count(r);
    for (size_t i = 0; i < n; i++) {
        uint8_t own[KEY_RAW_PUBLIC_BYTES];
        if (key_raw_public(r->keys[i], own) == ERR_OK && bytes_equal(BYTES_OF_ARRAY(own), raw))
            return r->keys[i];
    }
    return NULL;
}
