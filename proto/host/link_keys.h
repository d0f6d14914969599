/* The set of CURVE keys that may connect: replaced by the loop, asked by the ZAP thread. */
#ifndef SLUIS_HOST_LINK_KEYS_H
#define SLUIS_HOST_LINK_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/attr.h"
#include "proto/base/err.h"

struct link_key;
struct link_keys;

/* An empty set; NULL without memory. */
struct link_keys *link_keys_new(void);
void link_keys_free(struct link_keys *k);
DEFINE_CLEANUP(struct link_keys, link_keys_free)

/* Replaces the set. Any thread. ERR_NOMEM: the old one stays. */
enum err link_keys_set(struct link_keys *k, const struct link_key *keys, size_t count) MUST_CHECK;

/* Any thread. Time depends on public keys only. */
bool link_keys_has(struct link_keys *k, const struct link_key *key);

#endif
