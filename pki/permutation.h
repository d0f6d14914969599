/* A pseudorandom permutation of blocks of 16 bytes: AES-256 (FIPS 197), each block by itself. For
 * numbers that never repeat under one key, such as places and counters: to whoever lacks the key the
 * results are distinct random blocks. Never for data, where equal blocks would show. */
#ifndef SLUIS_PKI_PERMUTATION_H
#define SLUIS_PKI_PERMUTATION_H

#include "pki/secret.h"

#define PERMUTATION_KEY_BYTES 32
#define PERMUTATION_BLOCK_BYTES 16
#define PERMUTATION_BLOCKS_MAX 4096

/* Keyed once. One thread at a time. */
struct permutation;

/* key: 32 uniformly random bytes for this use alone; copied. ERR_INVALID (its length), ERR_NOMEM,
 * ERR_CRYPTO. */
enum err permutation_new(const struct secret *key, struct permutation **out) MUST_CHECK;

/* Wipes and frees; permutation_free(NULL) is a no-op. */
void permutation_free(struct permutation *p);
DEFINE_CLEANUP(struct permutation, permutation_free)

/* Permutes count blocks in place; the second undoes the first. ERR_RANGE (no block, or more than
 * PERMUTATION_BLOCKS_MAX), ERR_CRYPTO: the blocks are then wiped. */
enum err permutation_apply(struct permutation *p, uint8_t *blocks, size_t count) MUST_CHECK;
enum err permutation_undo(struct permutation *p, uint8_t *blocks, size_t count) MUST_CHECK;

#endif
