#include "pki/cli/pki/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "pki/unlock.h"

enum err source_read(const struct source *s, struct secret **out, struct errmsg *why)
{
    int fd = s->fd >= 0 ? s->fd : STDIN_FILENO;
    if (s->file != NULL)
        fd = open(s->file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errmsg_set(why, ERR_NOT_FOUND, "%s: %s: cannot be opened", s->what, s->file);
    if (s->file == NULL && s->fd < 0 && isatty(fd))
        fprintf(stderr, "%s: ", s->what);
    enum err e = s->file != NULL ? unlock_check_private(fd, why) : ERR_OK;
    if (e == ERR_OK)
        e = unlock_passphrase(fd, out, why);
    if (s->file != NULL)
        close(fd);
    return e == ERR_OK ? e : errmsg_wrap(why, e, "%s", s->what);
}
