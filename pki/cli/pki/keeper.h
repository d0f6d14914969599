/* What backup, restore and epoch destroy have in common: the passphrases of keepers, and the wrapping keys of
 * epochs.
 *
 * WRAPPING/wrap-PURPOSE-EPOCH.key   one for each epoch whose keys are in a backup; kept apart from every backup,
 *                                   destroyed with the epoch. Its header's id is its own: wrapping- and 16 hex digits
 * DIR/keys/wrap-PURPOSE-EPOCH.id    that id: a second key would outlive the destruction of the first */
#ifndef SLUIS_CLI_PKI_KEEPER_H
#define SLUIS_CLI_PKI_KEEPER_H

#include "pki/backup.h"
#include "pki/cli/pki/work.h"
#include "pki/share.h"

struct keeping {
    struct work *w;
    struct secret *wrapping_passphrase; /* once it was asked for */
};
void keeping_free(struct keeping *k);

/* Keeper n of count, from 1: his --keeper-passphrase-file, or the terminal. */
enum err keeper_passphrase(struct work *w, unsigned n, unsigned count,
                           struct secret **out) MUST_CHECK;

/* Where an epoch's wrapping key lies under --wrapping, which must be given. ERR_TOO_LARGE. */
enum err keeper_wrapping_path(struct work *w, const struct name *purpose, uint32_t epoch,
                              char path[static WORK_PATH_MAX]) MUST_CHECK;

/* The id in the header of an epoch's wrapping key, without its passphrase; "" where --wrapping has none.
 * ERR_MISMATCH: a file of another epoch, or another key than the one that DIR knows. ERR_CONFIG (no --wrapping). */
enum err keeper_wrapping_id(struct work *w, const struct name *purpose, uint32_t epoch,
                            struct name *out) MUST_CHECK;

/* The id of the wrapping key under which DIR was backed up; "" where it never was. ERR_INVALID: no id is there. */
enum err keeper_known_id(struct work *w, const struct name *purpose, uint32_t epoch,
                         struct name *out) MUST_CHECK;

/* The wrapping key is destroyed: DIR knows of none any more. */
enum err keeper_forget_id(struct work *w, const struct name *purpose, uint32_t epoch) MUST_CHECK;

/* The wrapping key of an epoch, of which DIR keeps the id from now on. With --new-wrapping a missing one is made where
 * DIR knows of none; with --dry-run it is neither opened nor made, and *out stays NULL.
 * ERR_NOT_FOUND (it is missing), ERR_PERMISSION (passphrase, mode), or as keeper_wrapping_id. */
struct wrapping_key {
    struct secret *key;
    struct name id;
    bool is_new;
};
void wrapping_key_free(struct wrapping_key *k);
enum err keeping_wrapping(struct keeping *k, const struct keyfile *of, struct wrapping_key *out) MUST_CHECK;

/* The one in --wrapping, for restore: whether it is the right one says the backup. ERR_NOT_FOUND, else as above. */
enum err keeping_open_wrapping(struct keeping *k, const struct keyfile *of, struct wrapping_key *out) MUST_CHECK;

/* "share-N.ID" of a backup; N from 1. */
enum err keeper_share_id(const struct backup *b, unsigned n, struct name *out) MUST_CHECK;

#endif
