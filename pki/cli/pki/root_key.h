/* The root key, fetched for one command from where the ceremony put it. */
#ifndef SLUIS_CLI_PKI_ROOT_KEY_H
#define SLUIS_CLI_PKI_ROOT_KEY_H

#include "pki/cli/pki/work.h"

/* The root's certificate, and its key: of --root-key FILE, else of DIR/keys. It opens with --root-passphrase-file,
 * given twice after a ceremony; without it two officers type, where --root-key is given, else the passphrase of
 * DIR (of a module: the PIN) opens it. ERR_NOT_FOUND, ERR_PERMISSION, ERR_MISMATCH (not the key of root-ca.pem). */
struct root {
    struct cert *cert;
    struct key *key;
};
void root_free(struct root *r);
enum err root_open(struct work *w, struct root *out) MUST_CHECK;

#endif
