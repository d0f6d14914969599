/* backup: what a party needs to begin again, in OUT/backup.sealed; OUT/share-N.key for each of
 * three keepers. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "pki/aead.h"
#include "pki/cli/pki/keeper.h"
#include "pki/cli/pki/verbs.h"
#include "proto/base/text.h"

#define KEY_END ".key"

struct saving {
    struct keeping keeping;
    struct backup_writer writer;
    struct buf file;
    const char *folder; /* of DIR that is being listed; "" for DIR itself */
    size_t keys, wrapped, files;
    size_t bytes; /* of the files */
};

static void saving_free(struct saving *s)
{
    keeping_free(&s->keeping);
    buf_free(&s->file);
}

static void tell(struct saving *s, const char *what, const char *name)
{
    if (!s->keeping.w->o->json)
        buf_printf(&s->keeping.w->out, "%-8s %s\n", what, name);
}

/* Its entry is named as the file is: a key that waits for the place of another, or had it, has the id of that place. */
static enum err put_key(struct saving *s, const char *name, struct bytes file)
{
    struct work *w = s->keeping.w;
    struct keyfile header;
    struct secret *CLEANUP(cleanup_secret_free) payload = NULL;
    CLEANUP(wrapping_key_free) struct wrapping_key wrapping = {.key = NULL};
    enum err e = keyfile_open(file, w->passphrase, &header, &payload);
    if (e == ERR_SIGNATURE)
        return errmsg_set(&w->why, ERR_PERMISSION, "wrong passphrase, or a changed file");
    if (e == ERR_OK)
        e = name_parse(bytes_of((const uint8_t *)name, strlen(name) - (sizeof KEY_END - 1)), &header.id);
    if (e == ERR_OK && keyfile_has_purpose(header.kind))
        e = keeping_wrapping(&s->keeping, &header, &wrapping);
    const struct backup_wrapping by = {wrapping.key, wrapping.id};
    if (e == ERR_OK)
        e = backup_put_key(&s->writer, &header, payload, wrapping.key != NULL ? &by : NULL);
    s->wrapped += e == ERR_OK && wrapping.key != NULL;
    if (e == ERR_OK && wrapping.is_new)
        tell(s, "made", wrapping.id.s);
    return e;
}

/* A dry run says where a wrapping key is missing or another one, too. */
static enum err plan_key(struct saving *s, const struct keyfile *header)
{
    CLEANUP(wrapping_key_free) struct wrapping_key none = {.key = NULL};
    return keyfile_has_purpose(header->kind) ? keeping_wrapping(&s->keeping, header, &none) : ERR_OK;
}

static enum err save_key(struct saving *s, const char *name)
{
    char path[WORK_PATH_MAX];
    struct work *w = s->keeping.w;
    struct keyfile header;
    CLEANUP(buf_free) struct buf file = buf_new(KEYFILE_MAX_BYTES);
    enum err e = work_path(w, path, "keys/", name);
    if (e == ERR_OK)
        e = file_read(path, FILE_PRIVATE, &file, &w->why);
    if (e != ERR_OK)
        return e;
    e = keyfile_peek(buf_bytes(&file), &header);
    if (e == ERR_OK)
        e = w->o->dry_run ? plan_key(s, &header) : put_key(s, name, buf_bytes(&file));
    if (e != ERR_OK)
        return errmsg_wrap(&w->why, e, "%s", path);
    s->keys++;
    tell(s, keyfile_has_purpose(header.kind) ? "wrapped" : "key", name);
    return ERR_OK;
}

/* Passphrases and tokens open what is here; a socket and what is being written are no files of
 * their own. */
static bool is_left_out(const char *name)
{
    static const char *const ends[] = {"passphrase", ".pass", ".pin", ".token", ".tmp"};
    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        if (bytes_ends(bytes_str(name), ends[i]))
            return true;
    return strcmp(name, "lock") == 0;
}

static enum err save_file(struct saving *s, const char *name)
{
    struct work *w = s->keeping.w;
    struct bytes data = {NULL, 0};
    enum err e = work_read_in(w, name, BACKUP_FILE_MAX, &data);
    if (e == ERR_TOO_LARGE)
        return errmsg_set(&w->why, e,
                          "%s/%s: too large for a backup of keys; where it is no journal, move it out of the folder",
                          w->o->dir, name);
    if (e == ERR_OK && !w->o->dry_run)
        e = backup_put_file(&s->writer, bytes_str(name), data);
    if (e != ERR_OK)
        return e;
    s->files++;
    s->bytes += data.len + BACKUP_NAME_MAX + 2 * AEAD_OVERHEAD_BYTES; /* at most: heads and ends too */
    tell(s, "file", name);
    return ERR_OK;
}

/* A dry run says it too. */
static enum err check_room(struct saving *s)
{
    const size_t entries = s->keys + s->files;
    if (entries <= BACKUP_ENTRIES_MAX && s->bytes <= BACKUP_MAX_BYTES - ((size_t)1 << 20))
        return ERR_OK;
    return errmsg_set(&s->keeping.w->why, ERR_LIMIT,
                      "%s: %zu keys and files of %zu MiB; a backup of keys holds %d of %zu MiB: move out what is no key, no "
                      "certificate and no journal",
                      s->keeping.w->o->dir, entries, s->bytes >> 20, BACKUP_ENTRIES_MAX, BACKUP_MAX_BYTES >> 20);
}

static enum err save_name(void *arg, const char *name)
{
    struct saving *s = arg;
    char path[WORK_PATH_MAX];
    char local[WORK_PATH_MAX];
    struct stat st;
    if (strcmp(s->folder, "keys/") == 0 && bytes_ends(bytes_str(name), KEY_END))
        return save_key(s, name);
    if (is_left_out(name) ||
        snprintf(local, sizeof local, "%s%s", s->folder, name) >= (int)sizeof local)
        return ERR_OK;
    const enum err e = work_path(s->keeping.w, path, local, "");
    if (e != ERR_OK || lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return e;
    return save_file(s, local);
}

/* The folders of a party that hold what cannot be made again; store, log and exports have their own
 * backups. */
static enum err save_folders(struct saving *s)
{
    static const char *const folders[] = {"", "keys/", "deals/", "states/", "issued/"};
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(folders); i++) {
        char path[WORK_PATH_MAX];
        s->folder = folders[i];
        e = work_path(s->keeping.w, path, folders[i], "");
        if (e == ERR_OK && file_exists(path))
            e = file_list(path, save_name, s);
    }
    return e;
}

/* One keeper's share, under that keeper's passphrase. */
static enum err save_share(struct saving *s, const struct backup *b, unsigned n,
                           const struct secret *share)
{
    struct work *w = s->keeping.w;
    char path[WORK_PATH_MAX];
    struct keyfile header = {
        .kind = KEYFILE_SHARE, .cost = keyfile_cost_default(), .created_s = w->now_s};
    struct secret *CLEANUP(cleanup_secret_free) passphrase = NULL;
    CLEANUP(buf_free) struct buf file = buf_new(KEYFILE_MAX_BYTES);
    enum err e = keeper_share_id(b, n, &header.id);
    if (e == ERR_OK)
        e = keeper_passphrase(w, n, SHARE_COUNT, &passphrase);
    if (e == ERR_OK)
        e = keyfile_seal(&header, passphrase, share, &file);
    snprintf(path, sizeof path, "%s/share-%u.key", w->o->out, n);
    return e != ERR_OK ? e : file_create(path, buf_bytes(&file), 0600, &w->why);
}

static enum err save_shares(struct saving *s, const struct backup *b)
{
    struct secret *shares[SHARE_COUNT] = {NULL};
    enum err e = share_split(s->writer.key, shares);
    for (unsigned n = 0; n < SHARE_COUNT; n++) {
        if (e == ERR_OK)
            e = save_share(s, b, n + 1, shares[n]);
        secret_free(shares[n]);
    }
    return e;
}

/* What was written is read once more before anybody relies on it. */
static enum err write_out(struct saving *s)
{
    struct work *w = s->keeping.w;
    char path[WORK_PATH_MAX];
    struct backup b;
    enum err e = backup_end(&s->writer);
    if (e == ERR_OK)
        e = backup_read(buf_bytes(&s->file), w->arena, &b);
    if (e == ERR_OK)
        e = backup_check(&b, s->writer.key);
    if (e == ERR_OK)
        e = save_shares(s, &b);
    snprintf(path, sizeof path, "%s/backup.sealed", w->o->out);
    return e != ERR_OK ? e : file_create(path, buf_bytes(&s->file), 0600, &w->why);
}

static void show(struct saving *s)
{
    struct work *w = s->keeping.w;
    if (w->o->json) {
        buf_printf(&w->out, "{\"keys\":%zu,\"wrapped\":%zu,\"files\":%zu,\"dry_run\":%s}\n",
                   s->keys, s->wrapped, s->files, w->o->dry_run ? "true" : "false");
        return;
    }
    buf_printf(&w->out, "%zu keys, %zu files%s\n", s->keys, s->files,
               w->o->dry_run ? "; nothing was written" : "");
    if (w->o->dry_run)
        return;
    buf_printf(
        &w->out,
        "\n%s/backup.sealed and one share for each of three keepers; any two of them open it.\n"
        "Give each keeper their own share, keep no two shares together, and keep the wrapping "
        "keys\n"
        "apart from every backup: they are destroyed with their epoch.\n",
        w->o->out);
}

enum err verb_backup(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {"out", w->o->out}, {NULL, NULL}};
    CLEANUP(saving_free) struct saving s = {.keeping = {.w = w}, .file = buf_new(BACKUP_MAX_BYTES)};
    struct secret *CLEANUP(cleanup_secret_free) key = secret_random(SHARE_SECRET_BYTES);
    enum err e = key == NULL ? ERR_NOMEM : work_needs(w, needs);
    if (e == ERR_OK && !w->o->dry_run)
        e = work_unlock(w);
    if (e == ERR_OK && !w->o->dry_run)
        e = file_make_dir(w->o->out, &w->why);
    if (e == ERR_OK)
        e = backup_begin(&s.writer, key, w->now_s, &s.file);
    if (e == ERR_OK)
        e = save_folders(&s);
    if (e == ERR_OK && s.keys == 0)
        e = errmsg_set(&w->why, ERR_NOT_FOUND, "%s/keys: no key lies there", w->o->dir);
    if (e == ERR_OK)
        e = check_room(&s);
    if (e == ERR_OK && !w->o->dry_run)
        e = write_out(&s);
    if (e == ERR_OK)
        show(&s);
    return e;
}
