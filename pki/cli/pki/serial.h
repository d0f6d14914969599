/* DIR/roster.serial: the last serial that this register signed, so that none is used twice; and the roster that
 * somebody else has, which must not be ahead of it. */
#ifndef SLUIS_CLI_PKI_SERIAL_H
#define SLUIS_CLI_PKI_SERIAL_H

#include "pki/cli/pki/work.h"

/* 0 where nothing was signed yet. */
enum err serial_last(struct work *w, uint64_t *out) MUST_CHECK;
enum err serial_keep(struct work *w, uint64_t serial) MUST_CHECK;

/* Goes above the serial of a roster that a stolen key signed and some party has seen. ERR_NOT_FOUND: not by a
 * former key. */
enum err serial_raise(struct work *w, const char *path) MUST_CHECK;

/* Whether draft, with its serial, may follow every roster that is known to be out: DIR/roster.signed, the file
 * that --out is about to replace, and --seen. ERR_BEHIND: this folder was restored from an old copy; see
 * `roster recover`. */
enum err serial_check_seen(struct work *w, const struct roster *draft) MUST_CHECK;

#endif
