/* Who signs with sluis-policy: a certificate, and the key file that belongs to it. */
#ifndef SLUIS_CLI_POLICY_SIGNER_H
#define SLUIS_CLI_POLICY_SIGNER_H

#include "pki/cert.h"
#include "pki/cli/policy/cli.h"

/* Reads a certificate (PEM) under a use. Errors of file_read and cert_parse_pem. */
enum err signer_read_cert(const char *path, enum cert_use use, struct cert **out,
                          struct errmsg *why) MUST_CHECK;

/* Opens the key file of --key with the passphrase of --passphrase-file or of standard input.
 * ERR_NOT_FOUND where --key is missing; errors of file_read, unlock_passphrase, keyfile_open_key.
 */
enum err signer_open_key(const struct options *o, struct key **out, struct errmsg *why) MUST_CHECK;

#endif
