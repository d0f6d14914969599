/* Names of the versions of a key: the first has the plain name ("issuing"), a later one its number behind it
 * ("issuing-2"). A key file or certificate of a version is made once and never replaced. */
#ifndef SLUIS_CLI_PKI_VERSION_H
#define SLUIS_CLI_PKI_VERSION_H

#include "pki/cli/pki/work.h"

#define VERSION_MAX 99u
#define VERSION_ID_MAX 64

struct version_id {
    char s[VERSION_ID_MAX];
};

/* The name of version n, from 1, of base. */
struct version_id version_id_of(const char *base, unsigned n);

/* Whether id is a version of base; *n gets its number. */
bool version_id_is(const char *id, const char *base, unsigned *n);

/* Whether this version's key is in DIR/keys, as a file or as a place in a module. */
bool version_has_key(struct work *w, const char *base, unsigned n);

/* The P-256 key of a new version: the one that a command which was killed has made, else the object of
 * --module and --pkcs11, else a fresh one. ERR_CONFIG (one of the two options alone), ERR_PERMISSION. */
enum err version_make_key(struct work *w, const char *base, unsigned n, struct key **out) MUST_CHECK;

/* Erases that file; none is well, too. What lies in a module stays there. */
enum err version_remove_key(struct work *w, const char *base, unsigned n) MUST_CHECK;

/* DIR/BASE-N.pem. ERR_NOT_FOUND where there is none. */
enum err version_load_cert(struct work *w, const char *base, unsigned n, enum cert_use use,
                           struct cert **out) MUST_CHECK;

#endif
