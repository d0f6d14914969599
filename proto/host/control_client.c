/* The commands' end of the control socket: blocking, one connection. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/host/clock.h"
#include "proto/host/control.h"

#define HEADER_BYTES 4u

struct control_client {
    int fd;
    uid_t peer;
    struct buf in; /* what came of the frame under way: a call that waited in vain loses nothing */
};

static enum err connect_error(const char *path, struct errmsg *why)
{
    int n = errno;
    if (n == ENOENT || n == ECONNREFUSED || n == ENOTDIR)
        return errmsg_set(why, ERR_NOT_FOUND,
                          "%s: the service does not run (start it, or name "
                          "its socket)",
                          path);
    if (n == EACCES || n == EPERM)
        return errmsg_set(why, ERR_PERMISSION, "%s: this user may not talk to the service", path);
    return errmsg_set(why, ERR_IO, "%s: %s", path, strerrordesc_np(n));
}

static enum err connect_to(struct control_client *c, const char *path, struct errmsg *why)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof a.sun_path)
        return errmsg_set(why, ERR_RANGE, "%s: a socket path has 1 to %zu bytes", path,
                          sizeof a.sun_path - 1);
    memcpy(a.sun_path, path, len);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&a, sizeof a) != 0)
        return connect_error(path, why);
    struct ucred cred;
    socklen_t size = sizeof cred;
    if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) != 0)
        return errmsg_set(why, ERR_IO, "%s: %s", path, strerrordesc_np(errno));
    c->peer = cred.uid;
    return ERR_OK;
}

enum err control_client_new(const char *path, struct control_client **out, struct errmsg *why)
{
    CLEANUP(cleanup_control_client_free) struct control_client *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_NOMEM;
    c->fd = -1;
    c->in = buf_new(HEADER_BYTES + CONTROL_FRAME_MAX);
    enum err e = connect_to(c, path, why);
    if (e == ERR_OK)
        *out = take(c);
    return e;
}

void control_client_free(struct control_client *c)
{
    if (c == NULL)
        return;
    if (c->fd >= 0)
        close(c->fd);
    buf_free(&c->in);
    free(c);
}

uid_t control_client_peer_uid(const struct control_client *c)
{
    return c->peer;
}

static enum err send_all(int fd, struct bytes data)
{
    while (data.len > 0) {
        ssize_t n = send(fd, data.ptr, data.len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EPIPE || errno == ECONNRESET ? ERR_CLOSED : ERR_IO;
        data = bytes_of(data.ptr + n, data.len - (size_t)n);
    }
    return ERR_OK;
}

enum err control_client_send(struct control_client *c, struct bytes frame)
{
    if (frame.len > CONTROL_FRAME_MAX)
        return ERR_TOO_LARGE;
    uint8_t header[4];
    struct buf b = buf_fixed(header, sizeof header);
    buf_put_u32(&b, (uint32_t)frame.len);
    enum err e = send_all(c->fd, buf_bytes(&b));
    return e == ERR_OK ? send_all(c->fd, frame) : e;
}

/* Waits until something can be read. until_ms -1: as long as it takes. */
static enum err await_input(int fd, int64_t until_ms)
{
    for (;;) {
        int64_t left = until_ms < 0 ? -1 : until_ms - clock_mono_ms();
        if (until_ms >= 0 && left < 0)
            left = 0;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int n = poll(&p, 1, (int)left);
        if (n > 0)
            return ERR_OK;
        if (n == 0)
            return ERR_EXPIRED;
        if (errno != EINTR)
            return ERR_IO;
    }
}

/* Until n bytes of the frame are here; ERR_CLOSED where the stream ends before its first, ERR_TRUNCATED
 * behind it. */
static enum err receive_up_to(struct control_client *c, size_t n, int64_t until_ms)
{
    while (c->in.len < n) {
        enum err e = await_input(c->fd, until_ms);
        if (e != ERR_OK)
            return e;
        const size_t had = c->in.len;
        uint8_t *room = buf_reserve(&c->in, n - had);
        if (room == NULL)
            return buf_err(&c->in);
        ssize_t r = recv(c->fd, room, n - had, 0);
        const int why = errno;
        c->in.len = had + (r > 0 ? (size_t)r : 0);
        if (r < 0 && why == EINTR)
            continue;
        if (r == 0 || (r < 0 && why == ECONNRESET))
            return had == 0 ? ERR_CLOSED : ERR_TRUNCATED;
        if (r < 0)
            return ERR_IO;
    }
    return ERR_OK;
}

enum err control_client_recv(struct control_client *c, int timeout_ms, struct buf *out)
{
    int64_t until_ms = timeout_ms < 0 ? -1 : clock_mono_ms() + timeout_ms;
    enum err e = receive_up_to(c, HEADER_BYTES, until_ms);
    if (e != ERR_OK)
        return e;
    const uint8_t *h = c->in.ptr;
    size_t len = (size_t)h[0] << 24 | (size_t)h[1] << 16 | (size_t)h[2] << 8 | h[3];
    if (len > CONTROL_FRAME_MAX || len > out->max)
        return ERR_TOO_LARGE;
    e = receive_up_to(c, HEADER_BYTES + len, until_ms);
    if (e != ERR_OK)
        return e;
    buf_reset(out);
    buf_put(out, bytes_of(c->in.ptr + HEADER_BYTES, len));
    buf_reset(&c->in);
    return buf_err(out);
}
