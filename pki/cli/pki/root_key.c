#include "pki/cli/pki/root_key.h"

#include "pki/cli/pki/source.h"
#include "pki/unlock.h"

void root_free(struct root *r)
{
    cert_free(r->cert);
    key_free(r->key);
}

/* What one or two officers give, as one passphrase. */
static enum err read_passphrase(struct work *w, struct secret **out)
{
    const struct opts_list *files = &w->o->root_passphrases;
    struct secret *first CLEANUP(cleanup_secret_free) = NULL;
    struct secret *second CLEANUP(cleanup_secret_free) = NULL;
    struct source one = {files->count > 0 ? files->v[0] : NULL, -1, "root key, first officer's passphrase"};
    struct source two = {files->count > 1 ? files->v[1] : NULL, -1, "root key, second officer's passphrase"};
    if (files->count > 2)
        return errmsg_set(&w->why, ERR_CONFIG, "--root-passphrase-file: two officers, not more");
    enum err e = source_read(&one, &first, &w->why);
    if (e == ERR_OK && files->count == 1) {
        *out = take(first);
        return ERR_OK;
    }
    if (e == ERR_OK)
        e = source_read(&two, &second, &w->why);
    return e != ERR_OK ? e : unlock_both(first, second, out);
}

static enum err open_file(struct work *w, const char *path, struct key **out)
{
    struct secret *passphrase CLEANUP(cleanup_secret_free) = NULL;
    struct buf file CLEANUP(buf_free) = buf_new(KEYFILE_MAX_BYTES);
    enum err e = file_read(path, FILE_PRIVATE, &file, &w->why);
    if (e == ERR_OK)
        e = read_passphrase(w, &passphrase);
    if (e != ERR_OK)
        return e;
    e = keyfile_open_key(buf_bytes(&file), passphrase, KEY_TYPE_P256, out);
    if (e == ERR_SIGNATURE)
        return errmsg_set(&w->why, ERR_PERMISSION, "%s: wrong passphrase, or a changed file", path);
    return e == ERR_OK ? e : errmsg_set(&w->why, e, "%s: %s", path, err_text(e));
}

static enum err open_key(struct work *w, struct key **out)
{
    char path[WORK_PATH_MAX];
    if (w->o->root_key != NULL)
        return open_file(w, w->o->root_key, out);
    enum err e = work_path(w, path, "keys/root.key", "");
    if (e == ERR_OK && w->o->root_passphrases.count > 0 && file_exists(path))
        return open_file(w, path, out);
    if (e == ERR_OK)
        e = work_load_key(w, "root", KEY_TYPE_P256, out);
    return e != ERR_NOT_FOUND
               ? e
               : errmsg_wrap(&w->why, e, "the root key is not here; fetch its medium and give --root-key");
}

enum err root_open(struct work *w, struct root *out)
{
    enum err e = work_load_cert(w, "root-ca", CERT_ROOT, &out->cert);
    if (e == ERR_OK)
        e = open_key(w, &out->key);
    if (e == ERR_OK && !key_same_public(out->key, cert_key(out->cert)))
        e = errmsg_set(&w->why, ERR_MISMATCH, "the root key is not that of %s/root-ca.pem", w->o->dir);
    return e;
}
