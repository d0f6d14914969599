#include "pki/cli/pki/module_key.h"

#include <stdio.h>

#include "pki/hsm.h"
#include "proto/base/cursor.h"

#define PLACE_MAX_BYTES 2048

static enum err place_path(struct work *w, const char *id, char path[static WORK_PATH_MAX])
{
    char name[128];
    int n = snprintf(name, sizeof name, "keys/%s", id);
    if (n < 0 || (size_t)n >= sizeof name)
        return ERR_TOO_LARGE;
    return work_path(w, path, name, ".pkcs11");
}

enum err module_key_save(struct work *w, const char *id, const struct module_place *p)
{
    char path[WORK_PATH_MAX];
    struct buf b CLEANUP(buf_free) = buf_new(PLACE_MAX_BYTES);
    buf_printf(&b, "%s\n%s\n", p->library, p->uri);
    enum err e = buf_err(&b);
    if (e == ERR_OK)
        e = place_path(w, id, path);
    return e != ERR_OK ? e : file_create(path, buf_bytes(&b), 0600, &w->why);
}

bool module_key_exists(struct work *w, const char *id)
{
    char path[WORK_PATH_MAX];
    return place_path(w, id, path) == ERR_OK && file_exists(path);
}

enum err module_key_place(struct work *w, const char *id, struct module_place *out)
{
    char path[WORK_PATH_MAX];
    struct buf b CLEANUP(buf_free) = buf_new(PLACE_MAX_BYTES);
    enum err e = place_path(w, id, path);
    if (e == ERR_OK)
        e = file_read(path, FILE_PRIVATE, &b, &w->why);
    if (e != ERR_OK)
        return e;
    struct cursor c = cursor_of(buf_bytes(&b));
    struct bytes library = cursor_line(&c);
    struct bytes uri = cursor_line(&c);
    if (cursor_done(&c) != ERR_OK)
        return errmsg_set(&w->why, ERR_INVALID, "%s: must be a library and a URI", path);
    out->library = arena_text(w->arena, library);
    out->uri = arena_text(w->arena, uri);
    return out->library != NULL && out->uri != NULL ? ERR_OK : ERR_NOMEM;
}

enum err module_key_open(struct work *w, const struct module_place *p, const struct source *pin,
                         struct key **out)
{
    struct secret *s CLEANUP(cleanup_secret_free) = NULL;
    enum err e = hsm_check_uri(p->uri, &w->why);
    if (e == ERR_OK)
        e = source_read(pin, &s, &w->why);
    if (e == ERR_OK && w->hsm == NULL)
        e = hsm_open(p->library, &w->hsm, &w->why);
    return e != ERR_OK ? e : hsm_key(w->hsm, p->uri, s, out, &w->why);
}

enum err module_key_load(struct work *w, const char *id, struct key **out)
{
    struct module_place p;
    struct source pin = {w->o->pin_file, w->o->pin_fd, "PIN of the token"};
    enum err e = module_key_place(w, id, &p);
    return e != ERR_OK ? e : module_key_open(w, &p, &pin, out);
}
