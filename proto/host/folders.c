#include "proto/host/folders.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "proto/base/buf.h"
#include "proto/host/file.h"

#define PATHS_MAX_BYTES ((size_t)64 << 20)

struct walk {
    struct buf paths;   /* of the folders that were found, each with its NUL */
    char dir[PATH_MAX]; /* the one that is looked into */
    struct errmsg *why;
};

/* What went meanwhile is no name any more. */
static enum err look_at(void *arg, const char *name)
{
    struct walk *w = arg;
    char path[PATH_MAX];
    struct stat st;
    const int n = snprintf(path, sizeof path, "%s/%s", w->dir, name);
    if (n < 0 || (size_t)n >= sizeof path)
        return errmsg_set(w->why, ERR_RANGE, "%s/%s: too long a path", w->dir, name);
    if (lstat(path, &st) != 0)
        return errno == ENOENT ? ERR_OK : errmsg_set(w->why, ERR_IO, "%s: cannot look at it", path);
    if (S_ISDIR(st.st_mode))
        buf_put(&w->paths, bytes_of(path, (size_t)n + 1));
    return buf_err(&w->paths);
}

static enum err sync_one(struct walk *w, size_t at)
{
    snprintf(w->dir, sizeof w->dir, "%s", (const char *)w->paths.ptr + at);
    const enum err e = file_sync_dir(w->dir, w->why);
    return e == ERR_OK ? file_list(w->dir, look_at, w) : e;
}

enum err folders_sync(const char *dir, struct errmsg *why)
{
    struct walk w = {.paths = buf_new(PATHS_MAX_BYTES), .why = why};
    enum err e = file_sync_name(dir, why);
    buf_put(&w.paths, bytes_of(dir, strlen(dir) + 1));
    if (e == ERR_OK)
        e = buf_err(&w.paths);
    for (size_t at = 0; e == ERR_OK && at < w.paths.len; at += strlen(w.dir) + 1)
        e = sync_one(&w, at);
    buf_free(&w.paths);
    return e;
}
