/* What renew and renew --take share: which keys a folder can renew, and where the new ones lie. */
#ifndef SLUIS_CLI_PKI_RENEWING_H
#define SLUIS_CLI_PKI_RENEWING_H

#include "pki/cli/pki/work.h"

#define RENEWING_KEYS 4
#define RENEWING_ID_MAX 64

struct renewing_key {
    const char *id; /* keys/ID.key, ID.pem; the new one lies in keys/ID.next.key until it is taken */
    enum cert_use use;
    enum key_type type;
};
extern const struct renewing_key renewing_keys[RENEWING_KEYS]; /* signing, sealing, transport, officer */

/* "signing.next". ERR_TOO_LARGE. */
enum err renewing_next(const struct renewing_key *k, char id[static RENEWING_ID_MAX]) MUST_CHECK;

/* Whether DIR/FOLDER ID SUFFIX is there: folder is "" or "keys/", suffix ".pem" or ".key". */
bool renewing_has(struct work *w, const char *id, const char *folder, const char *suffix);

/* Whether DIR is the folder of a broker: it has a log's key, and none to which anything is sealed. */
bool renewing_is_broker(struct work *w);

/* "sealing.former-0011223344556677": the key file of a former sealing certificate. */
#define RENEWING_FORMER "sealing.former-"
void renewing_former(const struct digest *fingerprint, char id[static RENEWING_ID_MAX]);

/* The certificate that says who this folder is: a person's, or a member's signing one. *id: its name. */
enum err renewing_signer(struct work *w, const char **id, struct cert **out) MUST_CHECK;

/* Puts each new key in use that --roster lists for this party. The sealing key that it replaces stays, as
 * keys/sealing.former-FINGERPRINT.key, until the roster no longer lists it. */
enum err renewing_take(struct work *w) MUST_CHECK;

#endif
