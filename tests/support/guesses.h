/* Everything that a known identifier could have become on its way through suite hk1 (docs/tokens.md), under the keys
 * that somebody has: what an attacker computes from a dictionary. */
#ifndef SLUIS_TESTS_GUESSES_H
#define SLUIS_TESTS_GUESSES_H

#include "pki/keyfile.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"

#define GUESSES_KEYS_MAX 8
#define GUESSES_SALTS_MAX 4096
#define GUESSES_PARTS_MAX 16 /* sealed parts that lie beside a salt */

/* A salt that was found, and the digests of sealed parts found with it. */
struct found_salt {
    struct salt salt;
    struct digest parts[GUESSES_PARTS_MAX];
    size_t part_count;
};

struct guesses;

struct guesses *guesses_new(void);
void guesses_free(struct guesses *g);
DEFINE_CLEANUP(struct guesses, guesses_free)

/* K, B and storage secrets; copied. header names purpose and epoch. */
void guesses_add_purpose(struct guesses *g, const struct secret *k, const struct keyfile *header);
void guesses_add_half(struct guesses *g, const struct secret *b, const struct keyfile *header);
void guesses_add_storage(struct guesses *g, const struct secret *storage);
void guesses_add_salt(struct guesses *g, const struct found_salt *salt);

/* Calls fn with each of them for one BSN, with a name that says how it came about. At least 16 bytes each, but for
 * the digits themselves. */
typedef void (*guess_fn)(void *ctx, const char *how, struct bytes value);
void guesses_each(struct guesses *g, const char *bsn, guess_fn fn, void *ctx);

#endif
