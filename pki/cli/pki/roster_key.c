#include "pki/cli/pki/roster_key.h"

#include "pki/cli/pki/version.h"

void roster_pins_free(struct roster_pins *p)
{
    for (size_t i = 0; i < p->count; i++)
        cert_free(p->v[i]);
}

enum err roster_pins_load(struct work *w, struct roster_pins *out)
{
    char path[WORK_PATH_MAX];
    for (unsigned n = 1; n <= VERSION_MAX; n++) {
        struct version_id id = version_id_of(ROSTER_CERT, n);
        enum err e = work_path(w, path, id.s, ".pem");
        if (e == ERR_OK && !file_exists(path))
            continue;
        if (e == ERR_OK && out->count == ROSTER_PINS_MAX)
            return errmsg_set(&w->why, ERR_LIMIT, "%s: a third roster key; drop the oldest first", path);
        if (e == ERR_OK)
            e = work_load_cert(w, id.s, CERT_PINNED, &out->v[out->count]);
        if (e != ERR_OK)
            return e;
        out->version[out->count++] = n;
    }
    return out->count > 0 ? ERR_OK
                          : errmsg_set(&w->why, ERR_NOT_FOUND, "%s/roster-key.pem: is not there", w->o->dir);
}

static bool is_key(const struct cert *c, struct bytes spki)
{
    struct buf have CLEANUP(buf_free) = buf_new(KEY_SPKI_MAX_BYTES);
    return key_put_spki(cert_key(c), &have) == ERR_OK && bytes_equal(buf_bytes(&have), spki);
}

unsigned roster_pins_version(const struct roster_pins *p, struct bytes spki)
{
    for (size_t i = 0; i < p->count; i++) {
        if (is_key(p->v[i], spki))
            return p->version[i];
    }
    return 0;
}

const struct cert *roster_pins_cert(const struct roster_pins *p, unsigned version)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->version[i] == version)
            return p->v[i];
    }
    return NULL;
}

static enum err find_current(struct work *w, const struct roster *r, unsigned *version)
{
    struct roster_pins pins CLEANUP(roster_pins_free) = {.count = 0};
    enum err e = roster_pins_load(w, &pins);
    *version = e == ERR_OK ? roster_pins_version(&pins, r->key) : 0;
    if (e == ERR_OK && *version == 0)
        e = errmsg_set(&w->why, ERR_NOT_FOUND, "the roster key of the draft is not among those of %s",
                       w->o->dir);
    return e;
}

enum err roster_key_cert(struct work *w, const struct roster *r, struct cert **out)
{
    unsigned n = 0;
    enum err e = find_current(w, r, &n);
    return e != ERR_OK ? e : version_load_cert(w, ROSTER_CERT, n, CERT_PINNED, out);
}

enum err roster_key_open(struct work *w, const struct roster *r, struct key **out)
{
    unsigned n = 0;
    enum err e = find_current(w, r, &n);
    return e != ERR_OK ? e : work_load_key(w, version_id_of(ROSTER_KEY, n).s, KEY_TYPE_P256, out);
}

enum err roster_key_unpin(struct work *w, unsigned version)
{
    char path[WORK_PATH_MAX];
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    enum err e = version_load_cert(w, ROSTER_CERT, version, CERT_PINNED, &c);
    if (e == ERR_OK)
        e = work_save_cert(w, version_id_of(ROSTER_FORMER, version).s, c);
    if (e == ERR_OK)
        e = work_path(w, path, version_id_of(ROSTER_CERT, version).s, ".pem");
    return e != ERR_OK ? e : file_remove(path, &w->why);
}

enum err roster_key_put_pin(const struct cert *c, struct buf *out)
{
    struct digest d;
    enum err e = key_fingerprint(cert_key(c), &d);
    if (e == ERR_OK)
        work_put_fingerprint(out, &d);
    return e != ERR_OK ? e : buf_err(out);
}
