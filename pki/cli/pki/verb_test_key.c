/* test-key: does a key open, does it work, and is it that of its certificate? */
#include "pki/cli/pki/module_key.h"
#include "pki/cli/pki/verbs.h"
#include "pki/cli/pki/version.h"
#include "pki/sign.h"

#include <stdio.h>

#define PROBE "sluis-pki test-key"

/* Certificates by the name of the key whose public half they hold. */
static const struct {
    const char *key;
    const char *cert;
    enum cert_use use;
} pairs[] = {
    {"root", "root-ca", CERT_ROOT},        {"issuing", "issuing-ca", CERT_ISSUER},
    {"roster", "roster-key", CERT_PINNED}, {"signing", "signing", CERT_SIGNING},
    {"sealing", "sealing", CERT_SEALING},  {"transport", "transport", CERT_TRANSPORT},
    {"officer", "officer", CERT_OFFICER},  {"signer", "signer", CERT_PINNED},
};

static enum key_type type_of(enum keyfile_kind kind)
{
    for (enum key_type t = KEY_TYPE_P256; t <= KEY_TYPE_X25519; t++) {
        if (keyfile_kind_of(t) == kind)
            return t;
    }
    return KEY_TYPE_NONE;
}

static enum err read_type(struct work *w, const char *id, enum key_type *out)
{
    char name[128];
    struct bytes file = {NULL, 0};
    struct keyfile k;
    *out = KEY_TYPE_P256;
    if (module_key_exists(w, id))
        return ERR_OK;
    snprintf(name, sizeof name, "keys/%s.key", id);
    enum err e = work_read_in(w, name, KEYFILE_MAX_BYTES, &file);
    if (e == ERR_OK)
        e = keyfile_peek(file, &k);
    if (e != ERR_OK)
        return errmsg_wrap(&w->why, e, "key %s", id);
    *out = type_of(k.kind);
    return *out != KEY_TYPE_NONE
               ? ERR_OK
               : errmsg_set(&w->why, ERR_UNSUPPORTED, "%s: a %s key has no public half to test", id,
                            keyfile_kind_id(k.kind));
}

static enum err sign_probe(const struct key *k)
{
    struct signature sig;
    uint8_t raw[SIGN_ED25519_BYTES];
    struct bytes probe = bytes_str(PROBE);
    enum err e = ERR_OK;
    if (key_type(k) == KEY_TYPE_P256) {
        e = sign_document(SIGN_ACT, k, probe, &sig);
        return e != ERR_OK ? e : sign_verify(SIGN_ACT, k, probe, signature_bytes(&sig));
    }
    if (key_type(k) == KEY_TYPE_ED25519) {
        e = sign_ed25519(k, probe, raw);
        return e != ERR_OK ? e : sign_ed25519_verify(k, probe, BYTES_OF_ARRAY(raw));
    }
    return ERR_OK;
}

static enum err compare_cert(struct work *w, const char *id, const struct key *k)
{
    char path[WORK_PATH_MAX];
    unsigned n = 1;
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct cert *c CLEANUP(cleanup_cert_free) = NULL;
        if (!version_id_is(id, pairs[i].key, &n))
            continue;
        struct version_id cert = version_id_of(pairs[i].cert, n);
        enum err e = work_path(w, path, cert.s, ".pem");
        if (e != ERR_OK || !file_exists(path))
            return e;
        e = work_load_cert(w, cert.s, pairs[i].use, &c);
        if (e == ERR_OK && !key_same_public(k, cert_key(c)))
            e = errmsg_set(&w->why, ERR_MISMATCH, "%s.pem is of another key", cert.s);
        return e;
    }
    return ERR_OK;
}

enum err verb_test_key(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {"key", w->o->key}, {NULL, NULL}};
    struct key *k CLEANUP(cleanup_key_free) = NULL;
    enum key_type type = KEY_TYPE_NONE;
    struct digest print;
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = read_type(w, w->o->key, &type);
    if (e == ERR_OK)
        e = work_load_key(w, w->o->key, type, &k);
    if (e == ERR_OK)
        e = sign_probe(k);
    if (e == ERR_OK)
        e = compare_cert(w, w->o->key, k);
    if (e == ERR_OK)
        e = key_fingerprint(k, &print);
    if (e != ERR_OK)
        return e;
    buf_printf(&w->out, w->o->json ? "{\"key\":\"%s\",\"fingerprint\":\"" : "%s works: ", w->o->key);
    work_put_fingerprint(&w->out, &print);
    buf_put_str(&w->out, w->o->json ? "\"}\n" : "\n");
    return buf_err(&w->out);
}
