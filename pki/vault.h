/* Values at rest under one use (label) of the storage key, in all its versions at once: AES-256-GCM as in
 * pki/aead.h, under HKDF-Expand(version N of the storage key, label). A value says under which version it
 * lies; new ones are sealed under the current version. Any thread. */
#ifndef SLUIS_PKI_VAULT_H
#define SLUIS_PKI_VAULT_H

#include "pki/aead.h"
#include "pki/storage_keys.h"

struct vault;

/* label: of proto/base/label.h. ERR_NOT_FOUND: current is no version of keys; ERR_NOMEM, ERR_CRYPTO. */
enum err vault_new(const struct storage_keys *keys, const char *label, uint32_t current,
                   struct vault **out) MUST_CHECK;
void vault_free(struct vault *v);
DEFINE_CLEANUP(struct vault, vault_free)

/* From now on opens what lies under any version of keys, and seals under current. Errors as vault_new; then
 * it stays as it was. */
enum err vault_set(struct vault *v, const struct storage_keys *keys, uint32_t current) MUST_CHECK;

/* The version under which values are sealed. */
uint32_t vault_current(struct vault *v);

/* Whether it opens what lies under a version. */
bool vault_has(struct vault *v, uint32_t version);
/* How often vault_set gave it keys. */
uint64_t vault_taken(struct vault *v);

/* As aead_seal. */
enum err vault_seal(struct vault *v, struct bytes aad, struct bytes plain, struct buf *out) MUST_CHECK;

/* As aead_open; ERR_VERSION also where the version is not among the keys. */
enum err vault_open(struct vault *v, struct bytes aad, struct bytes sealed, struct buf *out) MUST_CHECK;

/* Appends the value, sealed anew under the current version. ERR_EXISTS: it lies under that already. Errors
 * as vault_open. */
enum err vault_renew(struct vault *v, struct bytes aad, struct bytes sealed, struct buf *out) MUST_CHECK;

#endif
