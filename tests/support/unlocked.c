#include "tests/support/unlocked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/file.h"

#define PATH_SIZE 4096
#define FILE_MAX_BYTES ((size_t)4 << 30)

void unlocked_must(const char *what, enum err e)
{
    if (e == ERR_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, err_text(e));
    exit(1);
}

struct buf unlocked_read(const char *path)
{
    struct buf b = buf_new(FILE_MAX_BYTES);
    struct errmsg why = {""};
    unlocked_must(path, file_read(path, FILE_ANY, &b, &why));
    return b;
}

static struct secret *passphrase(const char *folder)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/passphrase", folder);
    CLEANUP(buf_free) struct buf text = unlocked_read(path);
    while (text.len > 0 && text.ptr[text.len - 1] == '\n')
        text.len--;
    return secret_new(buf_bytes(&text));
}

struct secret *unlocked_key(const char *folder, const char *file, struct keyfile *header)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/keys/%s", folder, file);
    if (!file_exists(path))
        return NULL;
    CLEANUP(buf_free) struct buf sealed = unlocked_read(path);
    CLEANUP(cleanup_secret_free) struct secret *pass = passphrase(folder);
    struct secret *payload = NULL;
    unlocked_must(path, keyfile_open(buf_bytes(&sealed), pass, header, &payload));
    return payload;
}

struct gathering {
    const char *folder;
    struct storage_keys *keys;
};

static enum err add_version(void *arg, const char *name)
{
    struct gathering *g = arg;
    struct keyfile header;
    uint32_t version = 0;
    if (strncmp(name, "storage", 7) != 0 || !bytes_ends(bytes_str(name), ".key"))
        return ERR_OK;
    struct secret *key = unlocked_key(g->folder, name, &header);
    unlocked_must(name, storage_keys_version_of(&header.id, &version));
    return storage_keys_add(g->keys, version, key);
}

struct storage_keys *unlocked_storage(const char *folder)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/keys", folder);
    struct gathering g = {folder, storage_keys_new()};
    if (g.keys == NULL)
        unlocked_must("memory", ERR_NOMEM);
    unlocked_must(path, file_list(path, add_version, &g));
    if (storage_keys_count(g.keys) == 0)
        unlocked_must("storage key", ERR_NOT_FOUND);
    return g.keys;
}

struct each {
    const char *folder;
    const char *prefix;
    unlocked_fn fn;
    void *ctx;
};

static enum err unlock_one(void *arg, const char *name)
{
    const struct each *e = arg;
    const size_t n = strlen(name);
    if (strncmp(name, e->prefix, strlen(e->prefix)) != 0 || n < 4 || strcmp(name + n - 4, ".key") != 0)
        return ERR_OK;
    struct keyfile header;
    CLEANUP(cleanup_secret_free) struct secret *key = unlocked_key(e->folder, name, &header);
    e->fn(e->ctx, name, &header, key);
    return ERR_OK;
}

void unlocked_each(const char *folder, const char *prefix, unlocked_fn fn, void *ctx)
{
    char path[PATH_SIZE];
    struct each e = {folder, prefix, fn, ctx};
    snprintf(path, sizeof path, "%s/keys", folder);
    if (file_exists(path))
        unlocked_must(path, file_list(path, unlock_one, &e));
}
