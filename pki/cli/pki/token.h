/* One-time enrolment tokens: 32 random bytes, as 64 hex digits in a file. The registrar keeps one for
 * each request that it expects, in DIR/tokens/OIN-NUMBER.token, and destroys it when it is used. A MAC
 * under it shows each side that the other has the token, which travelled outside this channel. */
#ifndef SLUIS_CLI_PKI_TOKEN_H
#define SLUIS_CLI_PKI_TOKEN_H

#include "pki/cli/pki/work.h"
#include "proto/msg/signed.h"

enum token_side {
    TOKEN_REQUEST,
    TOKEN_ANSWER,
};

/* Reads a token file (private, 64 hex digits and a newline). */
enum err token_read(struct work *w, const char *path, struct secret **out) MUST_CHECK;

/* Appends {document, MAC}. */
enum err token_shelter(const struct secret *token, enum token_side side, struct bytes document,
                       struct buf *out) MUST_CHECK;

/* ERR_SIGNATURE where the MAC is not by this token for this side. */
enum err token_check(const struct secret *token, enum token_side side,
                     const struct sheltered *s) MUST_CHECK;

/* The registrar's token of oin that made the MAC of s, with its file's path. ERR_SIGNATURE where there
 * is none. */
enum err token_find(struct work *w, const struct agency_id *oin, const struct sheltered *s,
                    struct secret **out, char path[static WORK_PATH_MAX]) MUST_CHECK;

#endif
