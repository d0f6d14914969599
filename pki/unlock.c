#include "pki/unlock.h"

#include <errno.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "pki/secret_internal.h"

/* Reads until the end of the file, a newline on a terminal, or cap bytes. */
static enum err read_all(int fd, bool is_line, uint8_t *p, size_t cap, size_t *len)
{
    *len = 0;
    while (*len < cap) {
        ssize_t n = read(fd, p + *len, cap - *len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_IO;
        if (n == 0)
            break;
        *len += (size_t)n;
        if (is_line && p[*len - 1] == '\n')
            break;
    }
    return ERR_OK;
}

/* The same with the echo of a terminal off for as long as it takes. */
static enum err read_quietly(int fd, uint8_t *p, size_t cap, size_t *len)
{
    struct termios before;
    if (!isatty(fd))
        return read_all(fd, false, p, cap, len);
    if (tcgetattr(fd, &before) != 0)
        return ERR_IO;
    struct termios quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    quiet.c_lflag |= ICANON;
    if (tcsetattr(fd, TCSAFLUSH, &quiet) != 0)
        return ERR_IO;
    enum err e = read_all(fd, true, p, cap, len);
    if (tcsetattr(fd, TCSAFLUSH, &before) != 0 && e == ERR_OK)
        e = ERR_IO;
    return e;
}

enum err unlock_passphrase(int fd, struct secret **out, struct errmsg *why)
{
    /* One byte for the newline and one that tells a passphrase that is too long. */
    struct secret *CLEANUP(cleanup_secret_free) s = secret_zeroed(UNLOCK_MAX_BYTES + 2);
    if (s == NULL)
        return errmsg_set(why, ERR_NOMEM, "no secure memory for a passphrase");
    size_t n = 0;
    enum err e = read_quietly(fd, secret_data(s), UNLOCK_MAX_BYTES + 2, &n);
    if (e != ERR_OK)
        return errmsg_set(why, e, "cannot read the passphrase");
    if (n > 0 && secret_data(s)[n - 1] == '\n')
        n--;
    if (n > UNLOCK_MAX_BYTES)
        return errmsg_set(why, ERR_TOO_LARGE, "passphrase is longer than %d bytes",
                          UNLOCK_MAX_BYTES);
    if (n == 0)
        return errmsg_set(why, ERR_INVALID, "passphrase is empty");
    if (memchr(secret_data(s), '\0', n) != NULL)
        return errmsg_set(why, ERR_INVALID, "passphrase contains a NUL byte");
    secret_cut(s, n);
    *out = take(s);
    return ERR_OK;
}

enum err unlock_both(const struct secret *first, const struct secret *second, struct secret **out)
{
    size_t n = secret_len(first) + 1 + secret_len(second);
    if (n > UNLOCK_MAX_BYTES)
        return ERR_TOO_LARGE;
    struct secret *CLEANUP(cleanup_secret_free) s = secret_zeroed(n);
    if (s == NULL)
        return ERR_NOMEM;
    uint8_t *p = secret_data(s);
    memcpy(p, secret_bytes(first).ptr, secret_len(first));
    p[secret_len(first)] = '\n';
    memcpy(p + secret_len(first) + 1, secret_bytes(second).ptr, secret_len(second));
    *out = take(s);
    return ERR_OK;
}

enum err unlock_check_private(int fd, struct errmsg *why)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return errmsg_set(why, ERR_IO, "cannot read the mode of the file");
    if (!S_ISREG(st.st_mode))
        return ERR_OK;
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return errmsg_set(why, ERR_PERMISSION, "file belongs to user %u, expected %u",
                          (unsigned)st.st_uid, (unsigned)geteuid());
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return errmsg_set(why, ERR_PERMISSION, "file has mode %04o, expected 0600",
                          (unsigned)(st.st_mode & 07777));
    return ERR_OK;
}
