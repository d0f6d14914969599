/* The broker's keys of one kind: the one in use, the one that comes, those of before. Which is which the roster
 * says (own_keys.h), never the name of a file: so a stop in the middle of a rotation leaves nothing to repair. */
#ifndef SLUIS_BROKER_KEY_RING_H
#define SLUIS_BROKER_KEY_RING_H

#include <stdatomic.h>

#include "pki/key.h"

#define KEY_RING_MAX 4u

/* Grows only, after the slot is filled: every thread reads on. All zero is an empty ring. */
struct key_ring {
    struct key *keys[KEY_RING_MAX];
    atomic_size_t count;
};

/* Takes k, on failure too. One whose public half is there already is dropped: ERR_OK. ERR_LIMIT. */
enum err key_ring_add(struct key_ring *r, struct key *k) MUST_CHECK;
void key_ring_free(struct key_ring *r);

size_t key_ring_count(const struct key_ring *r);

/* The key with this public half, borrowed; NULL: none. Any thread. raw: of X25519 and Ed25519. */
const struct key *key_ring_same(const struct key_ring *r, const struct key *public_key);
const struct key *key_ring_raw(const struct key_ring *r, struct bytes raw);

#endif
