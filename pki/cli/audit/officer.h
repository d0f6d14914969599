/* The officer who asks for bodies: her key, opened here and nowhere else, and what she signs with it. */
#ifndef SLUIS_CLI_AUDIT_OFFICER_H
#define SLUIS_CLI_AUDIT_OFFICER_H

#include "pki/sign.h"

/* Opens a key file with the passphrase of a file, or of the terminal where passphrase_file is NULL.
 * ERR_CONFIG (no key was given), ERR_PERMISSION, ERR_SIGNATURE (wrong passphrase), ERR_NOT_FOUND. */
enum err officer_key_open(const char *key, const char *passphrase_file, struct key **out,
                          struct errmsg *why) MUST_CHECK;

/* Signs a query for bodies; anything else is refused with ERR_INVALID. */
enum err officer_sign_query(const struct key *key, struct bytes query, struct signature *out,
                            struct errmsg *why) MUST_CHECK;

#endif
