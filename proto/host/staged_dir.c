#include "proto/host/staged_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/base/log.h"
#include "proto/host/file.h"
#include "proto/host/unfinished.h"

struct staged_dir {
    char path[PATH_MAX];
    char tmp[PATH_MAX];
    bool is_placed;
};

static enum err fail(int number, const char *path, const char *doing, struct errmsg *why)
{
    const enum err e = number == EEXIST                       ? ERR_EXISTS
                       : number == ENOSPC || number == EDQUOT ? ERR_NO_SPACE
                       : number == EACCES || number == EPERM  ? ERR_PERMISSION
                                                              : ERR_IO;
    return errmsg_set(why, e, "%s: %s: %s", path, doing, err_text(e));
}

enum err staged_dir_new(const char *path, struct staged_dir **out, struct errmsg *why)
{
    CLEANUP(cleanup_staged_dir_free) struct staged_dir *d = calloc(1, sizeof *d);
    if (d == NULL)
        return ERR_NOMEM;
    d->is_placed = true; /* nothing to remove yet */
    const int n = snprintf(d->tmp, sizeof d->tmp, "%s.tmp-XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof d->tmp)
        return errmsg_set(why, ERR_RANGE, "%s: too long a name", path);
    memcpy(d->path, path, strlen(path) + 1);
    if (file_exists(path))
        return fail(EEXIST, path, "cannot make", why);
    if (mkdtemp(d->tmp) == NULL)
        return fail(errno, path, "cannot make", why);
    d->is_placed = false;
    *out = take(d);
    return ERR_OK;
}

/* "tmp/name", or false where it is too long. */
static bool inside(const struct staged_dir *d, const char *name, char out[static PATH_MAX])
{
    const int n = snprintf(out, PATH_MAX, "%s/%s", d->tmp, name);
    return n > 0 && n < PATH_MAX;
}

static enum err remove_file(void *arg, const char *name)
{
    char path[PATH_MAX];
    const int n = snprintf(path, sizeof path, "%s/%s", (const char *)arg, name);
    return n > 0 && (size_t)n < sizeof path && unlink(path) == 0 ? ERR_OK : ERR_IO;
}

/* A file, or a folder with files in it. */
static enum err remove_one(void *arg, const char *name)
{
    char path[PATH_MAX];
    if (!inside(arg, name, path))
        return ERR_IO;
    if (unlink(path) == 0)
        return ERR_OK;
    const enum err e = file_list(path, remove_file, path);
    return e == ERR_OK && rmdir(path) != 0 ? ERR_IO : e;
}

void staged_dir_free(struct staged_dir *d)
{
    if (d == NULL)
        return;
    if (!d->is_placed && file_list(d->tmp, remove_one, d) == ERR_OK)
        (void)rmdir(d->tmp);
    free(d);
}

enum err staged_dir_folder(struct staged_dir *d, const char *name, struct errmsg *why)
{
    char path[PATH_MAX];
    if (!inside(d, name, path))
        return errmsg_set(why, ERR_RANGE, "%s: too long a name", name);
    return mkdir(path, 0700) == 0 ? ERR_OK : fail(errno, path, "cannot make", why);
}

enum err staged_dir_put(struct staged_dir *d, const char *name, struct bytes data,
                        struct errmsg *why)
{
    char path[PATH_MAX];
    if (!inside(d, name, path))
        return errmsg_set(why, ERR_RANGE, "%s: too long a name", name);
    return file_create(path, data, 0600, why);
}

/* Entries of the folder that holds path are on disk. */
static int sync_parent(const char *path)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const size_t n = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    memcpy(dir, path, n);
    memcpy(dir + n, ".", 2);
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    const int result = fsync(fd);
    close(fd);
    return result;
}

enum err staged_dir_place(struct staged_dir *d, struct errmsg *why)
{
    if (renameat2(AT_FDCWD, d->tmp, AT_FDCWD, d->path, RENAME_NOREPLACE) != 0)
        return fail(errno, d->path, "cannot be given its name", why);
    d->is_placed = true;
    return sync_parent(d->path) == 0 ? ERR_OK : fail(errno, d->path, "cannot sync its folder", why);
}

const char *staged_dir_path(const struct staged_dir *d)
{
    return d->tmp;
}

enum err staged_dir_take(const struct staged_dir *d, const char *name, const char *to, struct errmsg *why)
{
    char path[PATH_MAX];
    if (!inside(d, name, path))
        return errmsg_set(why, ERR_RANGE, "%s: too long a name", name);
    /* Some file systems know the one and not the other. */
    if (link(path, to) != 0 && (errno == EEXIST || renameat2(AT_FDCWD, path, AT_FDCWD, to, RENAME_NOREPLACE) != 0))
        return fail(errno, to, "cannot be given its name", why);
    return sync_parent(to) == 0 ? ERR_OK : fail(errno, to, "cannot sync its folder", why);
}

struct left {
    char dir[PATH_MAX]; /* that path is in */
    const char *name;   /* of path */
    struct errmsg *why;
};

static enum err remove_left(void *arg, const char *name)
{
    const struct left *l = arg;
    const size_t n = strlen(l->name);
    struct staged_dir d = {.is_placed = false};
    if (strncmp(name, l->name, n) != 0 || strncmp(name + n, ".tmp-", 5) != 0 || !unfinished_is(name))
        return ERR_OK;
    const int len = snprintf(d.tmp, sizeof d.tmp, "%s/%s", l->dir, name);
    if (len < 0 || (size_t)len >= sizeof d.tmp)
        return errmsg_set(l->why, ERR_RANGE, "%s: too long a name", name);
    if (file_list(d.tmp, remove_one, &d) != ERR_OK || rmdir(d.tmp) != 0)
        return fail(errno, d.tmp, "is left of what was broken off, and cannot be removed", l->why);
    log_notice("unfinished.removed folder=\"%s\"", d.tmp);
    return ERR_OK;
}

enum err staged_dir_remove_left(const char *path, struct errmsg *why)
{
    const char *slash = strrchr(path, '/');
    struct left l = {.dir = ".", .name = slash == NULL ? path : slash + 1, .why = why};
    const size_t n = slash == NULL ? 0 : (size_t)(slash - path);
    if (n >= sizeof l.dir)
        return errmsg_set(why, ERR_RANGE, "%s: too long a name", path);
    if (n > 0) {
        memcpy(l.dir, path, n);
        l.dir[n] = '\0';
    }
    const enum err e = file_list(l.dir, remove_left, &l);
    return e != ERR_OK && why != NULL && why->text[0] == '\0' ? errmsg_set(why, e, "%s: %s", l.dir, err_text(e)) : e;
}
