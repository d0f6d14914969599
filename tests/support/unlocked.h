/* Key files of a party's folder, unlocked: for probes and attackers of the tests, which link neither daemon's
 * way of reading them. Failures end the program. */
#ifndef SLUIS_TESTS_UNLOCKED_H
#define SLUIS_TESTS_UNLOCKED_H

#include "pki/keyfile.h"
#include "pki/storage_keys.h"
#include "proto/base/buf.h"

/* The secret in FOLDER/keys/FILE under FOLDER/passphrase; header may be NULL. NULL: there is no such file. */
struct secret *unlocked_key(const char *folder, const char *file, struct keyfile *header);

/* Every version of the storage key in FOLDER/keys; at least one. */
struct storage_keys *unlocked_storage(const char *folder);

/* Calls fn for each FOLDER/keys/PREFIX*.key, in byte order; key is fn's to borrow. */
typedef void (*unlocked_fn)(void *ctx, const char *file, const struct keyfile *header,
                            const struct secret *key);
void unlocked_each(const char *folder, const char *prefix, unlocked_fn fn, void *ctx);

/* A whole file, or the end of the program. */
struct buf unlocked_read(const char *path);

/* Ends the program with 1 and says where, unless e is ERR_OK. */
void unlocked_must(const char *what, enum err e);

#endif
