/* The versions of a daemon's storage key. Version 1 is made at enrolment, the others by `sluis-pki rotate`;
 * each lies in a key file of its own, and the id in its header, which is authenticated, says which it is. A
 * version may go once no value lies under it (pki/rewrap.h). */
#ifndef SLUIS_PKI_STORAGE_KEYS_H
#define SLUIS_PKI_STORAGE_KEYS_H

#include "pki/secret.h"
#include "proto/base/ids.h"

#define STORAGE_KEY_BYTES 32
#define STORAGE_VERSIONS_MAX 16u /* that lie in a folder at once */
#define STORAGE_VERSION_MAX 9999u

struct storage_keys;

/* Without any version. NULL: out of memory. */
struct storage_keys *storage_keys_new(void) MUST_CHECK;
void storage_keys_free(struct storage_keys *k);
DEFINE_CLEANUP(struct storage_keys, storage_keys_free)

/* Which version the key file with this id holds: N of "storage-N" (2 to 9999, also behind a dot), 1 of any other
 * id. ERR_INVALID: "storage-" and no such number. */
enum err storage_keys_version_of(const struct name *id, uint32_t *out) MUST_CHECK;

/* Takes key, also on failure. ERR_DUPLICATE, ERR_LIMIT, ERR_INVALID (version 0 or over the most, not 32
 * bytes), ERR_NOMEM (key is NULL). */
enum err storage_keys_add(struct storage_keys *k, uint32_t version, struct secret *key) MUST_CHECK;

/* The same versions once more. ERR_NOMEM. */
enum err storage_keys_copy(const struct storage_keys *from, struct storage_keys **out) MUST_CHECK;

size_t storage_keys_count(const struct storage_keys *k);
/* The i-th version, ascending; 0 beyond the end. */
uint32_t storage_keys_at(const struct storage_keys *k, size_t i);
/* The lowest and the highest version; 0: none. */
uint32_t storage_keys_lowest(const struct storage_keys *k);
uint32_t storage_keys_newest(const struct storage_keys *k);
/* NULL: no such version. Borrowed. */
const struct secret *storage_keys_get(const struct storage_keys *k, uint32_t version);

#endif
