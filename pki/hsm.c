/* Engines are deprecated in OpenSSL 3.0 and still the one way to PKCS#11 that Debian 12 ships. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "pki/hsm.h"

#include "pki/key_internal.h"
#include "pki/secret_internal.h"

#include <openssl/engine.h>

struct hsm {
    ENGINE *engine;
    bool is_ready; /* a functional reference is held */
};

enum err hsm_check_uri(const char *uri, struct errmsg *why)
{
    static const char *const needed[] = {"token=", "object="};
    if (strlen(uri) > HSM_URI_MAX_BYTES || strncmp(uri, "pkcs11:", 7) != 0)
        return errmsg_set(why, ERR_INVALID, "not a pkcs11: URI");
    if (strstr(uri, "pin-value") != NULL || strstr(uri, "pin-source") != NULL)
        return errmsg_set(why, ERR_INVALID,
                          "a PIN or its place in the URI; it comes from a file or descriptor");
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        if (strstr(uri, needed[i]) == NULL)
            return errmsg_set(why, ERR_INVALID, "the URI must say %s", needed[i]);
    }
    return ERR_OK;
}

void hsm_free(struct hsm *h)
{
    if (h == NULL)
        return;
    if (h->is_ready)
        ENGINE_finish(h->engine);
    ENGINE_free(h->engine);
    OPENSSL_free(h);
    ERR_clear_error();
}

/* The engine keeps a copy; the text needs a NUL behind it. */
static enum err set_pin(ENGINE *e, const struct secret *pin)
{
    struct secret *text CLEANUP(cleanup_secret_free) = secret_zeroed(secret_len(pin) + 1);
    if (text == NULL)
        return ERR_NOMEM;
    memcpy(secret_data(text), secret_bytes(pin).ptr, secret_len(pin));
    return ENGINE_ctrl_cmd_string(e, "PIN", (const char *)secret_data(text), 0) == 1
               ? ERR_OK
               : ERR_UNSUPPORTED;
}

static enum err load(struct hsm *h, const char *module, struct errmsg *why)
{
    ENGINE_load_dynamic();
    h->engine = ENGINE_by_id("pkcs11");
    if (h->engine == NULL)
        return errmsg_set(why, ERR_UNSUPPORTED,
                          "no engine pkcs11; install libengine-pkcs11-openssl");
    if (ENGINE_ctrl_cmd_string(h->engine, "MODULE_PATH", module, 0) != 1)
        return errmsg_set(why, ERR_UNSUPPORTED, "the engine takes no module");
    if (ENGINE_init(h->engine) != 1)
        return errmsg_set(why, ERR_NOT_FOUND, "%s: cannot be loaded as a PKCS#11 module", module);
    h->is_ready = true;
    return ERR_OK;
}

enum err hsm_open(const char *module, struct hsm **out, struct errmsg *why)
{
    struct hsm *h CLEANUP(cleanup_hsm_free) = OPENSSL_zalloc(sizeof *h);
    if (h == NULL)
        return ERR_NOMEM;
    enum err e = load(h, module, why);
    ERR_clear_error();
    if (e == ERR_OK)
        *out = take(h);
    return e;
}

enum err hsm_key(struct hsm *h, const char *uri, const struct secret *pin, struct key **out,
                 struct errmsg *why)
{
    enum err e = hsm_check_uri(uri, why);
    if (e != ERR_OK)
        return e;
    e = set_pin(h->engine, pin);
    if (e != ERR_OK)
        return errmsg_set(why, e, "the engine takes no PIN");
    EVP_PKEY *pkey = ENGINE_load_private_key(h->engine, uri, NULL, NULL);
    ERR_clear_error();
    if (pkey == NULL)
        return errmsg_set(why, ERR_PERMISSION, "%s: no such private key, or a wrong PIN", uri);
    e = key_from_evp_held(pkey, out);
    return e == ERR_OK ? e : errmsg_set(why, e, "%s: not a P-256 key", uri);
}
