#include "proto/host/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

static enum err of_errno(int n)
{
    switch (n) {
    case EWOULDBLOCK:
        return ERR_AGAIN;
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_PERMISSION;
    default:
        return ERR_IO;
    }
}

static int lock(int fd, enum file_lock_wait wait)
{
    int rc;
    do
        rc = flock(fd, wait == FILE_LOCK_TRY ? LOCK_EX | LOCK_NB : LOCK_EX);
    while (rc != 0 && errno == EINTR);
    return rc;
}

enum err file_lock(const char *path, enum file_lock_wait wait, int *fd, struct errmsg *why)
{
    const int opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (opened >= 0 && lock(opened, wait) == 0) {
        *fd = opened;
        return ERR_OK;
    }
    const int n = errno;
    if (opened >= 0)
        close(opened);
    return errmsg_set(why, of_errno(n), "%s: cannot be locked: %s", path, err_text(of_errno(n)));
}
