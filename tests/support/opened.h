/* Opens what lies sealed (pki/aead) in the pieces of a haystack, with all keys that somebody has. Where a value
 * belongs is not asked and its tag not checked, so that values of freed pages open as well, and those that were
 * moved; what a wrong key yields is noise among the pieces. */
#ifndef SLUIS_TESTS_OPENED_H
#define SLUIS_TESTS_OPENED_H

#include "pki/secret.h"

struct haystack;

#define OPENED_KEYS_MAX 64

struct key_ring {
    struct secret *keys[OPENED_KEYS_MAX]; /* of 32 bytes */
    size_t count;
};

/* Takes key; NULL is a no-op. */
void ring_add(struct key_ring *r, struct secret *key);
/* The storage secret and what either daemon seals with: keys derived from it. */
void ring_add_storage(struct key_ring *r, const struct secret *storage);
/* What opens the values of a folder: its own storage key; and at the broker the key of what is held, where the
 * folder has the broker's half. */
void ring_add_folder(struct key_ring *r, const char *folder);
void ring_free(struct key_ring *r);

/* Adds what the keys open in the pieces from first on, what they open in that, and bodies of the audit log whose
 * keys were opened. */
void opened_add(struct haystack *h, size_t first, const struct key_ring *r);

#endif
