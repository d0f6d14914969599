#include "pki/cli/pki/version.h"

#include <stdio.h>

#include "pki/cli/pki/module_key.h"
#include "proto/base/text.h"

struct version_id version_id_of(const char *base, unsigned n)
{
    struct version_id id;
    if (n <= 1)
        snprintf(id.s, sizeof id.s, "%.48s", base);
    else
        snprintf(id.s, sizeof id.s, "%.48s-%u", base, n);
    return id;
}

bool version_id_is(const char *id, const char *base, unsigned *n)
{
    size_t len = strlen(base);
    uint64_t v = 1;
    if (strncmp(id, base, len) != 0)
        return false;
    if (id[len] != '\0' &&
        (id[len] != '-' || text_get_u64(bytes_str(id + len + 1), VERSION_MAX, &v) != ERR_OK || v < 2))
        return false;
    *n = (unsigned)v;
    return true;
}

/* DIR/keys/ID and what follows. */
static enum err key_file(struct work *w, const char *base, unsigned n, const char *suffix,
                         char path[static WORK_PATH_MAX])
{
    char name[VERSION_ID_MAX + 8];
    snprintf(name, sizeof name, "keys/%s", version_id_of(base, n).s);
    return work_path(w, path, name, suffix);
}

bool version_has_key(struct work *w, const char *base, unsigned n)
{
    char path[WORK_PATH_MAX];
    if (key_file(w, base, n, ".key", path) == ERR_OK && file_exists(path))
        return true;
    return module_key_exists(w, version_id_of(base, n).s);
}

enum err version_make_key(struct work *w, const char *base, unsigned n, struct key **out)
{
    struct version_id id = version_id_of(base, n);
    struct module_place place = {w->o->module, w->o->pkcs11};
    struct source pin = {w->o->pin_file, w->o->pin_fd, "PIN of the token"};
    if ((place.library == NULL) != (place.uri == NULL))
        return errmsg_set(&w->why, ERR_CONFIG, "a key in a module needs both --module and --pkcs11");
    if (version_has_key(w, base, n))
        return work_load_key(w, id.s, KEY_TYPE_P256, out);
    if (place.library == NULL)
        return work_new_key(w, id.s, KEY_TYPE_P256, out);
    enum err e = module_key_open(w, &place, &pin, out);
    return e != ERR_OK ? e : module_key_save(w, id.s, &place);
}

enum err version_remove_key(struct work *w, const char *base, unsigned n)
{
    char path[WORK_PATH_MAX];
    enum err e = key_file(w, base, n, ".key", path);
    if (e == ERR_OK && file_exists(path))
        e = file_erase(path, &w->why);
    if (e == ERR_OK)
        e = key_file(w, base, n, ".pkcs11", path);
    return e == ERR_OK && file_exists(path) ? file_remove(path, &w->why) : e;
}

enum err version_load_cert(struct work *w, const char *base, unsigned n, enum cert_use use,
                           struct cert **out)
{
    char path[WORK_PATH_MAX];
    struct version_id id = version_id_of(base, n);
    enum err e = work_path(w, path, id.s, ".pem");
    if (e == ERR_OK && !file_exists(path))
        return errmsg_set(&w->why, ERR_NOT_FOUND, "%s: is not there", path);
    return e != ERR_OK ? e : work_load_cert(w, id.s, use, out);
}
