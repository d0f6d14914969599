/* Reads what opens a key file: a passphrase from a descriptor that the process opened for it - a
 * terminal, a pipe, a 0600 file or a credential that the service manager laid down. Never from an
 * argument or the environment, which other processes can read. */
#ifndef SLUIS_PKI_UNLOCK_H
#define SLUIS_PKI_UNLOCK_H

#include "pki/secret.h"

#define UNLOCK_MAX_BYTES 1024

/* Reads fd to its end - on a terminal, with the echo off, to the end of the line - and yields the
 * bytes without one trailing newline. fd stays open and the caller's. Everything read lies in the
 * secure heap from the first byte; a terminal's own line buffer is not covered.
 * ERR_INVALID (empty, or with a NUL byte), ERR_TOO_LARGE (over 1024 bytes), ERR_IO, ERR_NOMEM. why
 * (may be NULL) never holds any of the bytes. */
enum err unlock_passphrase(int fd, struct secret **out, struct errmsg *why) MUST_CHECK;

/* What opens only with the passphrases of two people: the two as lines of one, in this order.
 * ERR_TOO_LARGE where both together are longer than one may be; ERR_NOMEM. */
enum err unlock_both(const struct secret *first, const struct secret *second,
                     struct secret **out) MUST_CHECK;

/* Whether a regular file behind fd is kept from others: owned by this user or root, and not readable
 * or writable by group or others. Other kinds of file (pipes, terminals) pass.
 * ERR_PERMISSION with the mode in why, ERR_IO. */
enum err unlock_check_private(int fd, struct errmsg *why) MUST_CHECK;

#endif
