/* What the broker seals at rest, by use; each in all versions of the storage key. Any thread, but for
 * vaults_set. */
#ifndef SLUIS_BROKER_VAULTS_H
#define SLUIS_BROKER_VAULTS_H

#include "pki/vault.h"

struct vaults {
    struct vault *records;  /* keys of the bodies of the log, and the filler key */
    struct vault *mail;     /* items of mailboxes */
    struct vault *distinct; /* keys of the blocks of counters */
};

/* Errors as vault_new. */
enum err vaults_new(const struct storage_keys *keys, uint32_t current, struct vaults **out) MUST_CHECK;
void vaults_free(struct vaults *v);
DEFINE_CLEANUP(struct vaults, vaults_free)

/* As vault_set for each. On failure some are set and some not: all open what they opened before. */
enum err vaults_set(struct vaults *v, const struct storage_keys *keys, uint32_t current) MUST_CHECK;

#endif
