/* The record keys that one run has seen, to find the second of two equal ones. Keys are kept as 16
 * bytes of their SHA-256: a record key may be personal, and a million must fit. */
#ifndef SLUIS_SOURCE_KEY_SET_H
#define SLUIS_SOURCE_KEY_SET_H

#include <stdbool.h>

#include "proto/base/hash.h"

struct key_set;

/* NULL without memory. */
struct key_set *key_set_new(sha256_fn sha256);
void key_set_free(struct key_set *s);
DEFINE_CLEANUP(struct key_set, key_set_free)

/* Adds key; *is_new tells whether it was absent. ERR_NOMEM, ERR_CRYPTO. */
enum err key_set_add(struct key_set *s, struct bytes key, bool *is_new) MUST_CHECK;

#endif
