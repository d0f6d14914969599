/* restore: a party's folder from a backup, by two keepers, under a new passphrase. */
#include <stdio.h>
#include <string.h>

#include "pki/cli/pki/keeper.h"
#include "pki/cli/pki/verbs.h"

#define KEEPERS 2

struct restoring {
    struct keeping keeping;
    struct backup b;
    struct secret *key;
    size_t keys, files, left;
};

static void restoring_free(struct restoring *r)
{
    keeping_free(&r->keeping);
    secret_free(r->key);
}

struct opened_share {
    struct secret *payload;
    unsigned number; /* from 0 */
};

/* Which of the three it is, and that it is of this backup. */
static enum err number_share(struct restoring *r, const struct keyfile *header, unsigned *out)
{
    struct name id;
    for (unsigned n = 0; header->kind == KEYFILE_SHARE && n < SHARE_COUNT; n++) {
        const enum err e = keeper_share_id(&r->b, n + 1, &id);
        if (e != ERR_OK)
            return e;
        if (name_equal(&id, &header->id)) {
            *out = n;
            return ERR_OK;
        }
    }
    return errmsg_set(&r->keeping.w->why, ERR_MISMATCH, "not a share of this backup");
}

static enum err open_share(struct restoring *r, unsigned n, struct opened_share *out)
{
    struct work *w = r->keeping.w;
    struct keyfile header;
    struct secret *CLEANUP(cleanup_secret_free) passphrase = NULL;
    CLEANUP(buf_free) struct buf file = buf_new(KEYFILE_MAX_BYTES);
    enum err e = file_read(w->o->shares.v[n], FILE_PRIVATE, &file, &w->why);
    if (e == ERR_OK)
        e = keyfile_peek(buf_bytes(&file), &header);
    if (e == ERR_OK)
        e = number_share(r, &header, &out->number);
    if (e == ERR_OK)
        e = keeper_passphrase(w, n + 1, KEEPERS, &passphrase);
    if (e == ERR_OK)
        e = keyfile_open(buf_bytes(&file), passphrase, NULL, &out->payload);
    if (e == ERR_SIGNATURE)
        e = errmsg_set(&w->why, ERR_PERMISSION, "wrong passphrase, or a changed file");
    return e == ERR_OK ? e : errmsg_wrap(&w->why, e, "%s", w->o->shares.v[n]);
}

static enum err join_shares(struct restoring *r)
{
    struct work *w = r->keeping.w;
    struct opened_share s[KEEPERS] = {{NULL, 0}, {NULL, 0}};
    enum err e = w->o->shares.count == KEEPERS
                     ? ERR_OK
                     : errmsg_set(&w->why, ERR_CONFIG,
                                  "restore needs --share twice: two of the three keepers");
    for (unsigned n = 0; e == ERR_OK && n < KEEPERS; n++)
        e = open_share(r, n, &s[n]);
    if (e == ERR_OK && s[0].number == s[1].number)
        e = errmsg_set(&w->why, ERR_CONFIG,
                       "both are the share of keeper %u: two keepers are needed", s[0].number + 1);
    if (e == ERR_OK)
        e = share_join(s[0].payload, s[0].number, s[1].payload, s[1].number, &r->key);
    secret_free(s[0].payload);
    secret_free(s[1].payload);
    if (e == ERR_OK && backup_check(&r->b, r->key) != ERR_OK)
        e = errmsg_set(&w->why, ERR_SIGNATURE,
                       "%s: does not open with these shares, or is not whole", w->o->backup);
    return e;
}

static enum err write_key(struct restoring *r, const struct keyfile *of,
                          const struct secret *payload)
{
    struct work *w = r->keeping.w;
    char path[WORK_PATH_MAX];
    char name[WORK_PATH_MAX];
    struct keyfile header = *of;
    CLEANUP(buf_free) struct buf file = buf_new(KEYFILE_MAX_BYTES);
    header.cost = keyfile_cost_default();
    snprintf(name, sizeof name, "keys/%s", of->id.s);
    enum err e = keyfile_id_of_name(name_bytes(&of->id), &header.id);
    if (e == ERR_OK)
        e = keyfile_seal(&header, w->passphrase, payload, &file);
    if (e == ERR_OK)
        e = work_path(w, path, name, ".key");
    return e != ERR_OK ? e : file_create(path, buf_bytes(&file), 0600, &w->why);
}

/* Whether the key of an epoch has no wrapping key in the folder that was named. */
static bool is_left(struct work *w, const struct keyfile *header)
{
    char path[WORK_PATH_MAX];
    return keyfile_has_purpose(header->kind) && w->o->wrapping != NULL &&
           keeper_wrapping_path(w, &header->purpose, header->epoch, path) == ERR_OK &&
           !file_exists(path);
}

/* The one that the backup names, and no other. */
static enum err open_wrapping(struct restoring *r, size_t i, struct wrapping_key *out)
{
    struct work *w = r->keeping.w;
    struct name needs;
    enum err e = keeping_open_wrapping(&r->keeping, &r->b.entries[i].header, out);
    if (e == ERR_OK)
        e = backup_wrapping_id(&r->b, i, r->key, &needs);
    if (e == ERR_OK && !name_equal(&needs, &out->id))
        e = errmsg_set(&w->why, ERR_MISMATCH, "the backup is under %s, and %s has %s", needs.s, w->o->wrapping,
                       out->id.s);
    return e;
}

/* Where the wrapping key is gone the epoch is destroyed, as far as this backup goes: told, and no
 * reason to stop. */
static enum err restore_key(struct restoring *r, size_t i)
{
    struct work *w = r->keeping.w;
    const struct keyfile *header = &r->b.entries[i].header;
    CLEANUP(wrapping_key_free) struct wrapping_key wrapping = {.key = NULL};
    struct secret *CLEANUP(cleanup_secret_free) payload = NULL;
    enum err e = ERR_OK;
    if (is_left(w, header)) {
        if (!w->o->json)
            buf_printf(&w->out, "left     %s.key: its wrapping key is not there\n", header->id.s);
        r->left++;
        return ERR_OK;
    }
    if (keyfile_has_purpose(header->kind))
        e = open_wrapping(r, i, &wrapping);
    const struct backup_wrapping by = {wrapping.key, wrapping.id};
    if (e == ERR_OK)
        e = backup_open_key(&r->b, i, r->key, wrapping.key != NULL ? &by : NULL, &payload);
    if (e == ERR_OK && !w->o->dry_run)
        e = write_key(r, header, payload);
    if (e != ERR_OK)
        return errmsg_wrap(&w->why, e, "key %s", header->id.s);
    r->keys++;
    if (!w->o->json)
        buf_printf(&w->out, "key      %s.key\n", header->id.s);
    return ERR_OK;
}

/* A name of one of the folders that a backup has: nothing outside DIR is ever written. */
static bool is_plain(struct bytes name)
{
    size_t slashes = 0;
    for (size_t i = 0; i < name.len; i++) {
        const char c = (char)name.ptr[i];
        const bool is_start = i == 0 || name.ptr[i - 1] == '/';
        slashes += c == '/';
        if (c < ' ' || c > '~' || (is_start && (c == '.' || c == '/')))
            return false;
    }
    return slashes <= 1 && name.len > 0 && name.ptr[name.len - 1] != '/';
}

static enum err write_file(struct work *w, const char *name, struct bytes data)
{
    char path[WORK_PATH_MAX];
    char folder[WORK_PATH_MAX];
    enum err e = work_path(w, path, name, "");
    if (e != ERR_OK)
        return e;
    const char *slash = strchr(name, '/');
    if (slash != NULL) {
        snprintf(folder, sizeof folder, "%s/%.*s", w->o->dir, (int)(slash - name), name);
        e = file_make_dir(folder, &w->why);
    }
    return e != ERR_OK ? e : file_create(path, data, 0600, &w->why);
}

static enum err restore_file(struct restoring *r, size_t i)
{
    struct work *w = r->keeping.w;
    const struct bytes of = r->b.entries[i].name;
    char name[BACKUP_NAME_MAX + 1];
    CLEANUP(buf_free) struct buf data = buf_new(BACKUP_FILE_MAX);
    if (!is_plain(of))
        return errmsg_set(&w->why, ERR_INVALID, "entry %zu: its name leaves the folder", i + 1);
    memcpy(name, of.ptr, of.len);
    name[of.len] = '\0';
    enum err e = backup_open_file(&r->b, i, r->key, &data);
    if (e == ERR_OK && !w->o->dry_run)
        e = write_file(w, name, buf_bytes(&data));
    if (e != ERR_OK)
        return errmsg_wrap(&w->why, e, "file %s", name);
    r->files++;
    if (!w->o->json)
        buf_printf(&w->out, "file     %s\n", name);
    return ERR_OK;
}

static enum err restore_all(struct restoring *r)
{
    enum err e = r->keeping.w->o->dry_run ? ERR_OK : work_make_dirs(r->keeping.w);
    for (size_t i = 0; e == ERR_OK && i < r->b.count; i++)
        e = r->b.entries[i].kind == BACKUP_KEY ? restore_key(r, i) : restore_file(r, i);
    return e;
}

enum err verb_restore(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {"backup", w->o->backup}, {NULL, NULL}};
    CLEANUP(restoring_free) struct restoring r = {.keeping = {.w = w}};
    struct bytes file = {NULL, 0};
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = work_read(w, w->o->backup, BACKUP_MAX_BYTES, &file);
    if (e == ERR_OK) {
        e = backup_read(file, w->arena, &r.b);
        if (e != ERR_OK)
            return errmsg_set(&w->why, e, "%s: no backup: %s", w->o->backup, err_text(e));
        e = join_shares(&r);
    }
    if (e == ERR_OK && !w->o->dry_run)
        e = work_unlock(w);
    if (e == ERR_OK)
        e = restore_all(&r);
    if (e == ERR_OK)
        buf_printf(&w->out,
                   w->o->json ? "{\"keys\":%zu,\"files\":%zu,\"left\":%zu}\n"
                              : "%zu keys, %zu files; %zu keys left out\n",
                   r.keys, r.files, r.left);
    return e;
}
