/* Keys of the registrar that lie in a hardware module: DIR/keys/ID.pkcs11 stands in place of ID.key and says
 * in two lines which PKCS#11 library and which object. It holds no PIN. */
#ifndef SLUIS_CLI_PKI_MODULE_KEY_H
#define SLUIS_CLI_PKI_MODULE_KEY_H

#include "pki/cli/pki/source.h"
#include "pki/cli/pki/work.h"

struct module_place {
    const char *library;
    const char *uri;
};

/* Writes DIR/keys/ID.pkcs11. ERR_EXISTS. */
enum err module_key_save(struct work *w, const char *id, const struct module_place *p) MUST_CHECK;

/* Whether there is one; reads it. ERR_INVALID. */
bool module_key_exists(struct work *w, const char *id);
enum err module_key_place(struct work *w, const char *id, struct module_place *out) MUST_CHECK;

/* Opens the key with the PIN from source. The module is closed by work_end, after every key of it. */
enum err module_key_open(struct work *w, const struct module_place *p, const struct source *pin,
                         struct key **out) MUST_CHECK;

/* The key of keys/ID.pkcs11, with the PIN that --pin-file, --pin-fd or the terminal gives. */
enum err module_key_load(struct work *w, const char *id, struct key **out) MUST_CHECK;

#endif
