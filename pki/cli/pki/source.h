/* Where a passphrase or PIN is read from: a file of mode 0600, a descriptor, or the terminal. */
#ifndef SLUIS_CLI_PKI_SOURCE_H
#define SLUIS_CLI_PKI_SOURCE_H

#include "pki/secret.h"

struct source {
    const char *file; /* NULL: none */
    int fd;           /* -1: none; with neither, standard input */
    const char *what; /* "passphrase", "PIN of the token": for the prompt and for messages */
};

/* Reads it. ERR_NOT_FOUND, ERR_PERMISSION (mode or owner of the file), or as unlock_passphrase; why names
 * the source and never holds what was read. */
enum err source_read(const struct source *s, struct secret **out, struct errmsg *why) MUST_CHECK;

#endif
