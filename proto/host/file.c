#include "proto/host/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/host/crash.h"

#define CHUNK_BYTES 8192u
#define NAMES_MAX 100000u

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static enum err from_errno(int n)
{
    switch (n) {
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case ELOOP:
        return ERR_PERMISSION;
    case ENOSPC:
    case EDQUOT:
        return ERR_NO_SPACE;
    case EEXIST:
    case ENOTEMPTY:
        return ERR_EXISTS;
    case ENOMEM:
        return ERR_NOMEM;
    default:
        return ERR_IO;
    }
}

static enum err fail(struct errmsg *why, const char *path, const char *doing)
{
    int n = errno;
    return errmsg_set(why, from_errno(n), "%s: %s: %s", path, doing, strerrordesc_np(n));
}

static enum err check_trust(const struct stat *st, const char *path, enum file_trust trust,
                            struct errmsg *why)
{
    if (trust == FILE_ANY)
        return S_ISDIR(st->st_mode) ? errmsg_set(why, ERR_PERMISSION, "%s: is a folder", path)
                                    : ERR_OK;
    if (!S_ISREG(st->st_mode))
        return errmsg_set(why, ERR_PERMISSION, "%s: not a regular file", path);
    if (st->st_uid != geteuid() && st->st_uid != 0)
        return errmsg_set(why, ERR_PERMISSION, "%s: belongs to another user (chown it)", path);
    mode_t refused = trust == FILE_PRIVATE ? 0077 : 0022;
    if ((st->st_mode & refused) != 0)
        return errmsg_set(why, ERR_PERMISSION, "%s: mode %04o lets others %s it (chmod %s)", path,
                          (unsigned)(st->st_mode & 07777), trust == FILE_PRIVATE ? "read" : "write",
                          trust == FILE_PRIVATE ? "0600" : "go-w");
    return ERR_OK;
}

/* Reads to the end in bounded steps, so that a claimed size allocates nothing. The room is the caller's to wipe:
 * tokens and keys come through here. */
static enum err read_through(int fd, const char *path, uint8_t chunk[static CHUNK_BYTES],
                             struct buf *out, struct errmsg *why)
{
    for (;;) {
        ssize_t n = read(fd, chunk, CHUNK_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(why, path, "cannot read");
        if (n == 0)
            break;
        buf_put(out, bytes_of(chunk, (size_t)n));
        if (buf_err(out) != ERR_OK)
            return errmsg_set(why, buf_err(out), "%s: over %zu bytes", path, out->max);
    }
    return buf_err(out);
}

static enum err read_all(int fd, const char *path, struct buf *out, struct errmsg *why)
{
    uint8_t chunk[CHUNK_BYTES];
    enum err e = read_through(fd, path, chunk, out, why);
    explicit_bzero(chunk, sizeof chunk);
    return e;
}

enum err file_read(const char *path, enum file_trust trust, struct buf *out, struct errmsg *why)
{
    /* O_NONBLOCK: a FIFO in place of a file must not hang the service. */
    int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY;
    if (trust == FILE_PRIVATE)
        flags |= O_NOFOLLOW;
    if (trust != FILE_ANY)
        flags |= O_NONBLOCK;
    CLEANUP(close_fd) int fd = open(path, flags);
    if (fd < 0)
        return fail(why, path, "cannot open");
    struct stat st;
    if (fstat(fd, &st) != 0)
        return fail(why, path, "cannot look at");
    enum err e = check_trust(&st, path, trust, why);
    return e != ERR_OK ? e : read_all(fd, path, out, why);
}

static enum err write_all(int fd, struct bytes data)
{
    while (data.len > 0) {
        ssize_t n = write(fd, data.ptr, data.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return from_errno(errno);
        data = bytes_of(data.ptr + n, data.len - (size_t)n);
    }
    return ERR_OK;
}

/* The folder part of path, "." where there is none. ERR_RANGE where it is too long. */
static enum err parent_of(const char *path, char out[static PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 1 : (size_t)(slash - path);
    if (n >= PATH_MAX)
        return ERR_RANGE;
    if (slash == NULL)
        memcpy(out, ".", 2);
    else if (n == 0)
        memcpy(out, "/", 2);
    else
        memcpy(out, path, n);
    out[n == 0 ? 1 : n] = '\0';
    return ERR_OK;
}

static enum err sync_dir(const char *dir)
{
    CLEANUP(close_fd) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return from_errno(errno);
    return ERR_OK;
}

static enum err sync_parent(const char *path)
{
    char dir[PATH_MAX];
    const enum err e = parent_of(path, dir);
    return e == ERR_OK ? sync_dir(dir) : e;
}

static enum err write_synced(int fd, struct bytes data, mode_t mode)
{
    enum err e = write_all(fd, data);
    crash_point("file.written");
    if (e == ERR_OK && (fchmod(fd, mode) != 0 || fsync(fd) != 0))
        e = from_errno(errno);
    return e;
}

enum placing { REPLACE, MUST_BE_NEW };

static enum err put_in_place(const char *tmp, const char *path, enum placing how)
{
    crash_point("file.synced");
    int rc = how == REPLACE ? rename(tmp, path)
                            : renameat2(AT_FDCWD, tmp, AT_FDCWD, path, RENAME_NOREPLACE);
    if (rc != 0)
        return from_errno(errno);
    crash_point("file.placed");
    return sync_parent(path);
}

/* Nothing stands in the way of the file's own name. */
static enum err is_ready(void *arg, struct errmsg *why)
{
    (void)arg;
    (void)why;
    return ERR_OK;
}

static const struct file_ready always = {is_ready, NULL};

struct writing {
    struct bytes data;
    mode_t mode;
    enum placing how;
    const struct file_ready *ready;
};

static enum err say(enum err e, const char *path, const char *doing, struct errmsg *why)
{
    return e == ERR_OK ? e : errmsg_set(why, e, "%s: %s: %s", path, doing, err_text(e));
}

static enum err write_file(const char *path, const struct writing *w, struct errmsg *why)
{
    const char *doing = w->how == REPLACE ? "cannot write" : "cannot create";
    char tmp[PATH_MAX];
    int n = snprintf(tmp, sizeof tmp, "%s.tmp-XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof tmp)
        return say(ERR_RANGE, path, doing, why);
    CLEANUP(close_fd) int fd = mkostemp(tmp, O_CLOEXEC); /* mode 0600 until it is complete */
    if (fd < 0)
        return say(from_errno(errno), path, doing, why);
    enum err e = say(write_synced(fd, w->data, w->mode), path, doing, why);
    if (e == ERR_OK)
        e = w->ready->fn(w->ready->arg, why);
    if (e == ERR_OK)
        e = say(put_in_place(tmp, path, w->how), path, doing, why);
    if (e != ERR_OK)
        unlink(tmp);
    return e;
}

enum err file_write(const char *path, struct bytes data, mode_t mode, struct errmsg *why)
{
    return write_file(path, &(struct writing){data, mode, REPLACE, &always}, why);
}

enum err file_create(const char *path, struct bytes data, mode_t mode, struct errmsg *why)
{
    return write_file(path, &(struct writing){data, mode, MUST_BE_NEW, &always}, why);
}

enum err file_create_when(const char *path, struct bytes data, mode_t mode,
                          const struct file_ready *ready, struct errmsg *why)
{
    if (file_exists(path))
        return say(ERR_EXISTS, path, "cannot create", why);
    return write_file(path, &(struct writing){data, mode, MUST_BE_NEW, ready}, why);
}

static enum err check_dir(const char *path, struct errmsg *why)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return fail(why, path, "cannot look at");
    if (!S_ISDIR(st.st_mode))
        return errmsg_set(why, ERR_PERMISSION, "%s: not a folder", path);
    if (st.st_uid != geteuid())
        return errmsg_set(why, ERR_PERMISSION, "%s: belongs to another user (chown it)", path);
    if ((st.st_mode & 0077) != 0)
        return errmsg_set(why, ERR_PERMISSION, "%s: mode %04o is open to others (chmod 0700)", path,
                          (unsigned)(st.st_mode & 07777));
    return ERR_OK;
}

enum err file_make_dir(const char *path, struct errmsg *why)
{
    if (mkdir(path, 0700) == 0)
        return file_sync_parent(path, why);
    if (errno != EEXIST)
        return fail(why, path, "cannot make folder");
    const enum err e = check_dir(path, why);
    return e == ERR_OK ? file_sync_name(path, why) : e;
}

enum err file_sync_parent(const char *path, struct errmsg *why)
{
    return say(sync_parent(path), path, "cannot sync its folder", why);
}

enum err file_sync_name(const char *dir, struct errmsg *why)
{
    const enum err e = sync_parent(dir);
    return e == ERR_PERMISSION ? ERR_OK : say(e, dir, "cannot sync its folder", why);
}

enum err file_sync_dir(const char *dir, struct errmsg *why)
{
    return say(sync_dir(dir), dir, "cannot sync it", why);
}

enum err file_open_append(const char *path, mode_t mode, int *fd, struct errmsg *why)
{
    int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY;
    int f = open(path, flags);
    if (f < 0 && errno == ENOENT) {
        f = open(path, flags | O_CREAT | O_EXCL, mode);
        if (f >= 0 && sync_parent(path) != ERR_OK) {
            close(f);
            return errmsg_set(why, ERR_IO, "%s: cannot sync its folder", path);
        }
    }
    if (f < 0)
        return fail(why, path, "cannot open");
    *fd = f;
    return ERR_OK;
}

enum err file_append(int fd, struct bytes data)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return ERR_IO;
    enum err e = write_all(fd, data);
    if (e == ERR_OK && fdatasync(fd) != 0)
        e = from_errno(errno);
    if (e != ERR_OK && ftruncate(fd, st.st_size) != 0)
        return ERR_IO;
    return e;
}

enum err file_remove(const char *path, struct errmsg *why)
{
    if (unlink(path) != 0)
        return fail(why, path, "cannot remove");
    return say(sync_parent(path), path, "cannot sync its folder", why);
}

static enum err put_zeros(int fd, off_t size)
{
    static const uint8_t zeros[4096];
    while (size > 0) {
        const size_t n = size < (off_t)sizeof zeros ? (size_t)size : sizeof zeros;
        const ssize_t put = write(fd, zeros, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return ERR_IO;
        size -= put;
    }
    return fsync(fd) == 0 ? ERR_OK : ERR_IO;
}

enum err file_erase(const char *path, struct errmsg *why)
{
    struct stat st;
    const int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return fail(why, path, "cannot open for erasing");
    enum err e = fstat(fd, &st) != 0       ? ERR_IO
                 : !S_ISREG(st.st_mode) ? ERR_PERMISSION
                                        : put_zeros(fd, st.st_size);
    if (close(fd) != 0 && e == ERR_OK)
        e = ERR_IO;
    return e == ERR_OK ? file_remove(path, why) : say(e, path, "cannot overwrite", why);
}

bool file_exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

struct names {
    char **at;
    size_t count;
    size_t cap;
};

static void names_free(struct names *n)
{
    for (size_t i = 0; i < n->count; i++)
        free(n->at[i]);
    free(n->at);
}

static enum err names_add(struct names *n, const char *name)
{
    if (n->count >= NAMES_MAX)
        return ERR_LIMIT;
    if (n->count == n->cap) {
        size_t cap = n->cap * 2 + 16;
        char **at = reallocarray(n->at, cap, sizeof(char *));
        if (at == NULL)
            return ERR_NOMEM;
        n->at = at;
        n->cap = cap;
    }
    n->at[n->count] = strdup(name);
    if (n->at[n->count] == NULL)
        return ERR_NOMEM;
    n->count++;
    return ERR_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum err read_names(DIR *d, struct names *out)
{
    enum err e = ERR_OK;
    errno = 0;
    for (struct dirent *ent = readdir(d); ent != NULL && e == ERR_OK; ent = readdir(d)) {
        if (strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0)
            e = names_add(out, ent->d_name);
        errno = 0;
    }
    if (e == ERR_OK && errno != 0)
        e = ERR_IO;
    return e;
}

enum err file_list(const char *dir, file_name_fn fn, void *arg)
{
    CLEANUP(names_free) struct names names = {0};
    DIR *d = opendir(dir);
    if (d == NULL)
        return from_errno(errno);
    enum err e = read_names(d, &names);
    closedir(d);
    if (e == ERR_OK && names.count > 1)
        qsort(names.at, names.count, sizeof(char *), by_name);
    for (size_t i = 0; i < names.count && e == ERR_OK; i++)
        e = fn(arg, names.at[i]);
    return e;
}
