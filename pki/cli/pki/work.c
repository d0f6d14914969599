#include "pki/cli/pki/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pki/cli/pki/module_key.h"
#include "pki/cli/pki/source.h"
#include "pki/hsm.h"
#include "proto/base/text.h"
#include "proto/host/clock.h"
#include "proto/host/file_lock.h"

#define ARENA_BYTES ((size_t)512 << 20) /* three rosters of the greatest size, and a journal of the greatest */
#define OUT_BYTES ((size_t)8 << 20)

enum err work_init(struct work *w, const struct opts *o)
{
    *w = (struct work){.o = o,
                       .now_s = clock_now_s(clock_system()),
                       .arena = arena_new(ARENA_BYTES),
                       .out = buf_new(OUT_BYTES),
                       .lock = -1};
    return w->arena != NULL ? ERR_OK : ERR_NOMEM;
}

void work_end(struct work *w)
{
    secret_free(w->passphrase);
    hsm_free(w->hsm);
    arena_free(w->arena);
    buf_free(&w->out);
    if (w->lock >= 0)
        close(w->lock);
}

enum err work_lock(struct work *w)
{
    char path[WORK_PATH_MAX];
    if (w->o->dir == NULL)
        return ERR_OK; /* the verb says that it needs one */
    enum err e = work_path(w, path, "lock", "");
    if (e == ERR_OK)
        e = file_lock(path, FILE_LOCK_TRY, &w->lock, &w->why);
    if (e == ERR_AGAIN) {
        fprintf(stderr, "sluis-pki: another command is at work in %s; waiting for it\n", w->o->dir);
        e = file_lock(path, FILE_LOCK_WAIT, &w->lock, &w->why);
    }
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err work_needs(struct work *w, const struct work_need *needs)
{
    for (; needs->name != NULL; needs++) {
        if (needs->value == NULL)
            return errmsg_set(&w->why, ERR_CONFIG, "%s needs --%s; see --help", w->o->verb,
                              needs->name);
    }
    return ERR_OK;
}

enum err work_unlock(struct work *w)
{
    if (w->passphrase != NULL)
        return ERR_OK;
    struct source s = {w->o->passphrase_file, w->o->passphrase_fd, "passphrase"};
    return source_read(&s, &w->passphrase, &w->why);
}

enum err work_path(struct work *w, char path[static WORK_PATH_MAX], const char *a, const char *b)
{
    int n = snprintf(path, WORK_PATH_MAX, "%s/%s%s", w->o->dir, a, b);
    if (n < 0 || n >= WORK_PATH_MAX)
        return errmsg_set(&w->why, ERR_TOO_LARGE, "path too long");
    return ERR_OK;
}

enum err work_read(struct work *w, const char *path, size_t max, struct bytes *out)
{
    struct buf b CLEANUP(buf_free) = buf_new(max);
    enum err e = file_read(path, FILE_ANY, &b, &w->why);
    if (e != ERR_OK)
        return e;
    struct bytes copy = arena_copy(w->arena, buf_bytes(&b));
    if (copy.ptr == NULL)
        return ERR_NOMEM;
    *out = copy;
    return ERR_OK;
}

enum err work_read_in(struct work *w, const char *name, size_t max, struct bytes *out)
{
    char path[WORK_PATH_MAX];
    enum err e = work_path(w, path, name, "");
    return e != ERR_OK ? e : work_read(w, path, max, out);
}

enum err work_write_in(struct work *w, const char *name, struct bytes data, mode_t mode)
{
    char path[WORK_PATH_MAX];
    enum err e = work_path(w, path, name, "");
    return e != ERR_OK ? e : file_write(path, data, mode, &w->why);
}

enum err work_make_dirs(struct work *w)
{
    char path[WORK_PATH_MAX];
    enum err e = file_make_dir(w->o->dir, &w->why);
    if (e == ERR_OK)
        e = work_path(w, path, "keys", "");
    return e != ERR_OK ? e : file_make_dir(path, &w->why);
}

enum err work_key_path(struct work *w, const char *id, char path[static WORK_PATH_MAX])
{
    char name[WORK_PATH_MAX];
    int n = snprintf(name, sizeof name, "keys/%s", id);
    if (n < 0 || (size_t)n >= sizeof name)
        return ERR_TOO_LARGE;
    return work_path(w, path, name, ".key");
}

static enum err write_key(struct work *w, const char *id, const struct buf *file)
{
    char path[WORK_PATH_MAX];
    enum err e = work_key_path(w, id, path);
    return e != ERR_OK ? e : file_create(path, buf_bytes(file), 0600, &w->why);
}

static enum err header_of(struct work *w, const struct work_key *k, struct keyfile *out)
{
    *out = (struct keyfile){.kind = k->kind,
                            .cost = keyfile_cost_default(),
                            .created_s = w->now_s,
                            .epoch = k->epoch};
    enum err e = name_parse(bytes_str(k->id), &out->id);
    if (e == ERR_OK && k->purpose != NULL)
        e = name_parse(bytes_str(k->purpose), &out->purpose);
    return e;
}

enum err work_save_secret(struct work *w, const struct work_key *k, const struct secret *payload)
{
    struct keyfile header;
    struct buf file CLEANUP(buf_free) = buf_new(KEYFILE_MAX_BYTES);
    enum err e = work_unlock(w);
    if (e == ERR_OK)
        e = header_of(w, k, &header);
    if (e == ERR_OK)
        e = keyfile_seal(&header, w->passphrase, payload, &file);
    return e != ERR_OK ? e : write_key(w, k->id, &file);
}

enum err work_new_key(struct work *w, const char *id, enum key_type type, struct key **out)
{
    return work_new_key_as(w, id, id, type, out);
}

enum err work_new_key_as(struct work *w, const char *file_id, const char *id, enum key_type type,
                         struct key **out)
{
    struct keyfile header;
    struct work_key named = {id, keyfile_kind_of(type), NULL, 0};
    struct buf file CLEANUP(buf_free) = buf_new(KEYFILE_MAX_BYTES);
    struct key *k CLEANUP(cleanup_key_free) = NULL;
    enum err e = work_unlock(w);
    if (e == ERR_OK)
        e = key_generate(type, &k);
    if (e == ERR_OK)
        e = header_of(w, &named, &header);
    if (e == ERR_OK)
        e = keyfile_seal_key(&header, w->passphrase, k, &file);
    if (e == ERR_OK)
        e = write_key(w, file_id, &file);
    if (e == ERR_OK)
        *out = take(k);
    return e;
}

static enum err read_key(struct work *w, const char *id, char path[static WORK_PATH_MAX],
                         struct buf *file)
{
    enum err e = work_unlock(w);
    if (e == ERR_OK)
        e = work_key_path(w, id, path);
    return e != ERR_OK ? e : file_read(path, FILE_PRIVATE, file, &w->why);
}

static enum err opened(struct work *w, const char *path, enum err e)
{
    if (e == ERR_SIGNATURE)
        return errmsg_set(&w->why, ERR_PERMISSION, "%s: wrong passphrase, or a changed file", path);
    return e == ERR_OK ? e : errmsg_set(&w->why, e, "%s: %s", path, err_text(e));
}

enum err work_load_secret(struct work *w, const struct work_key *k, struct secret **out)
{
    char path[WORK_PATH_MAX];
    struct buf file CLEANUP(buf_free) = buf_new(KEYFILE_MAX_BYTES);
    struct keyfile header;
    struct secret *s CLEANUP(cleanup_secret_free) = NULL;
    enum err e = read_key(w, k->id, path, &file);
    if (e != ERR_OK)
        return e;
    e = opened(w, path, keyfile_open(buf_bytes(&file), w->passphrase, &header, &s));
    if (e == ERR_OK && header.kind != k->kind)
        e = errmsg_set(&w->why, ERR_MISMATCH, "%s: another kind of key", path);
    if (e == ERR_OK)
        *out = take(s);
    return e;
}

enum err work_load_key(struct work *w, const char *id, enum key_type type, struct key **out)
{
    char path[WORK_PATH_MAX];
    struct buf file CLEANUP(buf_free) = buf_new(KEYFILE_MAX_BYTES);
    if (type == KEY_TYPE_P256 && module_key_exists(w, id))
        return module_key_load(w, id, out);
    enum err e = read_key(w, id, path, &file);
    if (e != ERR_OK)
        return e;
    return opened(w, path, keyfile_open_key(buf_bytes(&file), w->passphrase, type, out));
}

enum err work_save_cert(struct work *w, const char *id, const struct cert *c)
{
    char path[WORK_PATH_MAX];
    struct buf pem CLEANUP(buf_free) = buf_new(CERT_PEM_MAX_BYTES);
    enum err e = cert_put_pem(c, &pem);
    if (e == ERR_OK)
        e = work_path(w, path, id, ".pem");
    return e != ERR_OK ? e : file_write(path, buf_bytes(&pem), 0644, &w->why);
}

enum err work_load_cert(struct work *w, const char *id, enum cert_use use, struct cert **out)
{
    char path[WORK_PATH_MAX];
    struct bytes pem = {NULL, 0};
    enum err e = work_path(w, path, id, ".pem");
    if (e == ERR_OK)
        e = work_read(w, path, CERT_PEM_MAX_BYTES, &pem);
    if (e != ERR_OK)
        return e;
    e = cert_parse_pem(pem, use, out, &w->why);
    return e == ERR_OK ? e : errmsg_wrap(&w->why, e, "%s", path);
}

enum err work_load_signer(struct work *w, const char *id, enum cert_use use, struct key **key,
                          struct cert **own)
{
    struct key *k CLEANUP(cleanup_key_free) = NULL;
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    enum err e = work_load_key(w, id, KEY_TYPE_P256, &k);
    if (e == ERR_OK)
        e = work_load_cert(w, id, use, &c);
    if (e == ERR_OK && !key_same_public(k, cert_key(c)))
        e = errmsg_set(&w->why, ERR_MISMATCH,
                       "%s/%s.pem is not the certificate of keys/%s.key, so that nobody would believe what is signed: "
                       "after a renewal 'sluis-pki renew --take' brings it up to date",
                       w->o->dir, id, id);
    if (e != ERR_OK)
        return e;
    *key = take(k);
    *own = take(c);
    return ERR_OK;
}

enum err work_oin(struct work *w, const char *option, const char *text, struct agency_id *out)
{
    enum err e = agency_id_parse(bytes_str(text), out);
    return e == ERR_OK ? e
                       : errmsg_set(&w->why, ERR_CONFIG, "--%s %s: not an OIN of %d characters",
                                    option, text, OIN_CHARS);
}

enum err work_name(struct work *w, const char *option, const char *text, struct name *out)
{
    enum err e = name_parse(bytes_str(text), out);
    return e == ERR_OK ? e
                       : errmsg_set(&w->why, ERR_CONFIG,
                                    "--%s %s: not an id (lower-case letters, digits, . _ -)",
                                    option, text);
}

static int compare_names(const void *a, const void *b)
{
    return bytes_cmp(name_bytes(a), name_bytes(b));
}

enum err work_names(struct work *w, const char *option, const struct opts_list *list,
                    struct name_list *out)
{
    struct name *v = arena_array(w->arena, list->count, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < list->count; i++) {
        enum err e = work_name(w, option, list->v[i], &v[i]);
        if (e != ERR_OK)
            return e;
    }
    if (list->count > 1)
        qsort(v, list->count, sizeof *v, compare_names);
    for (size_t i = 1; i < list->count; i++) {
        if (name_equal(&v[i - 1], &v[i]))
            return errmsg_set(&w->why, ERR_CONFIG, "--%s %s: stands twice", option, v[i].s);
    }
    *out = (struct name_list){v, list->count};
    return ERR_OK;
}

enum err work_deployment(struct work *w, struct name *out)
{
    struct bytes text = {NULL, 0};
    enum err e = work_read_in(w, "deployment", NAME_MAX_BYTES + 1, &text);
    if (e != ERR_OK)
        return errmsg_wrap(&w->why, e, "not a folder of sluis-pki");
    if (text.len > 0 && text.ptr[text.len - 1] == '\n')
        text.len--;
    e = name_parse(text, out);
    return e == ERR_OK ? e : errmsg_set(&w->why, e, "%s/deployment: not an id", w->o->dir);
}

void work_put_fingerprint(struct buf *out, const struct digest *d)
{
    buf_put_str(out, "sha256:");
    text_put_hex(out, digest_bytes(d));
}
