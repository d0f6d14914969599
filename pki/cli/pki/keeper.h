/* What backup and restore have in common: the passphrases of keepers, and the wrapping keys of
 * epochs.
 *
 * WRAPPING/wrap-PURPOSE-EPOCH.key   one for each epoch whose keys are in a backup; kept apart from
 * every backup, destroyed with the epoch */
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

/* The wrapping key of an epoch. With may_make a missing one is made; else ERR_NOT_FOUND. ERR_CONFIG
 * (no --wrapping), ERR_PERMISSION (passphrase, mode), ERR_MISMATCH (a file of another epoch). */
enum err keeping_wrapping(struct keeping *k, const struct keyfile *of, bool may_make,
                          struct secret **out) MUST_CHECK;

/* "share-N.ID" of a backup; N from 1. */
enum err keeper_share_id(const struct backup *b, unsigned n, struct name *out) MUST_CHECK;

#endif
