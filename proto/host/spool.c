#include "proto/host/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "proto/host/file.h"

#define PENDING_BYTES ((size_t)1 << 20)

struct spool {
    char path[PATH_MAX];
    char tmp[PATH_MAX]; /* "": hidden or placed */
    int fd;
    uint64_t written;   /* bytes that are in the file */
    struct buf pending; /* those behind them */
};

static enum err from_errno(void)
{
    switch (errno) {
    case ENOENT:
        return ERR_NOT_FOUND;
    case EEXIST:
        return ERR_EXISTS;
    case EACCES:
    case EPERM:
        return ERR_PERMISSION;
    case ENOSPC:
    case EDQUOT:
        return ERR_NO_SPACE;
    default:
        return ERR_IO;
    }
}

enum err spool_new(const char *path, struct spool **out, struct errmsg *why)
{
    CLEANUP(cleanup_spool_free) struct spool *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    s->fd = -1;
    s->pending = buf_new(PENDING_BYTES);
    const int a = snprintf(s->path, sizeof s->path, "%s", path);
    const int b = snprintf(s->tmp, sizeof s->tmp, "%s.tmp-XXXXXX", path);
    if (a < 0 || b < 0 || (size_t)b >= sizeof s->tmp) {
        s->tmp[0] = '\0';
        return errmsg_set(why, ERR_RANGE, "%s: cannot create: the path is too long", path);
    }
    s->fd = mkostemp(s->tmp, O_CLOEXEC);
    if (s->fd < 0) {
        const enum err e = from_errno();
        s->tmp[0] = '\0';
        return errmsg_set(why, e, "%s: cannot create: %s", path, err_text(e));
    }
    *out = take(s);
    return ERR_OK;
}

void spool_free(struct spool *s)
{
    if (s == NULL)
        return;
    if (s->tmp[0] != '\0')
        unlink(s->tmp);
    if (s->fd >= 0)
        close(s->fd);
    buf_free(&s->pending);
    free(s);
}

enum err spool_hide(struct spool *s)
{
    if (s->tmp[0] != '\0' && unlink(s->tmp) != 0)
        return from_errno();
    s->tmp[0] = '\0';
    return ERR_OK;
}

static enum err write_all(struct spool *s, struct bytes data)
{
    while (data.len > 0) {
        const ssize_t n = write(s->fd, data.ptr, data.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return from_errno();
        s->written += (uint64_t)n;
        data = bytes_of(data.ptr + n, data.len - (size_t)n);
    }
    return ERR_OK;
}

static enum err flush(struct spool *s)
{
    const enum err e = write_all(s, buf_bytes(&s->pending));
    buf_reset(&s->pending);
    return e;
}

enum err spool_append(struct spool *s, struct bytes data)
{
    enum err e = ERR_OK;
    if (data.len > PENDING_BYTES - s->pending.len)
        e = flush(s);
    if (e == ERR_OK && data.len > PENDING_BYTES)
        return write_all(s, data);
    if (e == ERR_OK)
        buf_put(&s->pending, data);
    return e == ERR_OK ? buf_err(&s->pending) : e;
}

uint64_t spool_size(const struct spool *s)
{
    return s->written + s->pending.len;
}

static enum err read_some(struct spool *s, uint64_t offset, size_t len, struct buf *out)
{
    uint8_t chunk[4096];
    enum err e = ERR_OK;
    while (e == ERR_OK && len > 0) {
        const ssize_t n = pread(s->fd, chunk, len < sizeof chunk ? len : sizeof chunk, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            e = ERR_IO;
        } else {
            buf_put(out, bytes_of(chunk, (size_t)n));
            offset += (uint64_t)n;
            len -= (size_t)n;
        }
    }
    explicit_bzero(chunk, sizeof chunk);
    return e;
}

enum err spool_read(struct spool *s, uint64_t offset, size_t len, struct buf *out)
{
    if (offset > spool_size(s) || len > spool_size(s) - offset)
        return ERR_RANGE;
    enum err e = s->pending.len > 0 ? flush(s) : ERR_OK;
    if (e == ERR_OK)
        e = read_some(s, offset, len, out);
    return e == ERR_OK ? buf_err(out) : e;
}

enum err spool_place(struct spool *s, struct errmsg *why)
{
    if (s->tmp[0] == '\0')
        return errmsg_set(why, ERR_STATE, "%s: has no name to change", s->path);
    enum err e = flush(s);
    if (e == ERR_OK && fsync(s->fd) != 0)
        e = from_errno();
    if (e == ERR_OK && renameat2(AT_FDCWD, s->tmp, AT_FDCWD, s->path, RENAME_NOREPLACE) != 0)
        e = from_errno();
    if (e != ERR_OK)
        return errmsg_set(why, e, "%s: cannot create: %s", s->path, err_text(e));
    s->tmp[0] = '\0';
    return file_sync_parent(s->path, why);
}
