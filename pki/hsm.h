/* A P-256 key that stays in a hardware module, reached through PKCS#11 by OpenSSL's engine of that name.
 * Only sluis-pki links this: the keys of the registrar alone lie in a module.
 *
 * The module, the engine and the token are named by whoever runs the ceremony; the PIN comes from a
 * descriptor as passphrases do. The engine keeps the PIN in ordinary memory until hsm_free. A token that also
 * holds an Ed25519 key makes the engine fail for every key on it: such a key has a token of its own. */
#ifndef SLUIS_PKI_HSM_H
#define SLUIS_PKI_HSM_H

#include "pki/key.h"

#define HSM_URI_MAX_BYTES 512

/* ERR_INVALID unless uri names a token and an object and carries neither PIN nor place of one
 * (RFC 7512 pin-value, pin-source): what stands in a file or an argument is read by others. */
enum err hsm_check_uri(const char *uri, struct errmsg *why) MUST_CHECK;

/* One opened module. */
struct hsm;

/* Loads the engine and the PKCS#11 module at this path; one in a process, since the engine knows one.
 * ERR_UNSUPPORTED (no engine), ERR_NOT_FOUND (module), ERR_NOMEM. */
enum err hsm_open(const char *module, struct hsm **out, struct errmsg *why) MUST_CHECK;

/* After every key of it is freed. hsm_free(NULL) is a no-op. */
void hsm_free(struct hsm *h);
DEFINE_CLEANUP(struct hsm, hsm_free)

/* Logs in with pin and yields the key that uri names. Its private half stays where it is: it signs, and
 * key_private fails.
 * ERR_PERMISSION (no such private key on the token, or a wrong PIN: not told apart), ERR_UNSUPPORTED (not
 * P-256), ERR_INVALID. */
enum err hsm_key(struct hsm *h, const char *uri, const struct secret *pin, struct key **out,
                 struct errmsg *why) MUST_CHECK;

#endif
