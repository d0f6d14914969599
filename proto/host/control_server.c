/* The daemon's end of the control socket. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/host/control.h"
#include "proto/host/loop.h"

#define CONNS_DEFAULT 64u
#define HEADER_BYTES 4u
#define READ_CHUNK 65536u

struct control_conn {
    struct control_server *server;
    struct control_conn *next;
    struct loop_watch *watch;
    int fd;
    uid_t uid;
    pid_t pid;
    void *data;
    struct buf in;
    struct buf out;
    size_t sent;  /* of out */
    bool closing; /* no more reading; ends when out is empty */
    bool broken;  /* ends now, whatever waits */
    bool was_full;
    bool is_paused; /* nothing is read or handed on */
};

struct control_server {
    struct loop *loop;
    struct control_calls calls;
    size_t max_frame;
    size_t max_conns;
    size_t conns;
    struct control_conn *first;
    int fd;
    struct loop_watch *watch;
    bool bound;
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
};

static size_t waiting(const struct control_conn *c)
{
    return c->out.len - c->sent;
}

/* Length of the first frame in c->in as its header says; true where the whole frame is there. */
static bool first_frame(const struct control_conn *c, size_t at, size_t *len)
{
    if (c->in.len - at < HEADER_BYTES)
        return false;
    const uint8_t *p = c->in.ptr + at;
    *len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    return c->in.len - at - HEADER_BYTES >= *len;
}

static bool has_frame(const struct control_conn *c)
{
    size_t len = 0;
    return first_frame(c, 0, &len);
}

static void update_watch(struct control_conn *c)
{
    bool done = c->broken || (c->closing && waiting(c) == 0);
    unsigned events = c->closing || c->broken || c->is_paused ? 0 : LOOP_IN;
    bool has_more = !c->is_paused && has_frame(c);
    if (waiting(c) > 0 || done || has_more)
        events |= LOOP_OUT; /* a socket that is done or has more is writable: it comes round again */
    loop_watch_set(c->watch, events);
}

static void unlink_conn(struct control_conn *c)
{
    struct control_conn **p = &c->server->first;
    while (*p != c)
        p = &(*p)->next;
    *p = c->next;
}

static void destroy_conn(struct control_conn *c)
{
    struct control_server *s = c->server;
    unlink_conn(c);
    if (s->calls.on_close != NULL)
        s->calls.on_close(s->calls.arg, c);
    loop_unwatch(c->watch);
    close(c->fd);
    buf_free(&c->in);
    buf_free(&c->out);
    free(c);
    if (s->conns-- == s->max_conns)
        loop_watch_set(s->watch, LOOP_IN);
}

static void flush_out(struct control_conn *c)
{
    while (waiting(c) > 0 && !c->broken) {
        ssize_t n = send(c->fd, c->out.ptr + c->sent, waiting(c), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0)
            c->broken = true;
        else
            c->sent += (size_t)n;
    }
    if (waiting(c) == 0) {
        buf_reset(&c->out);
        c->sent = 0;
    }
}

/* Hands on every whole frame in c->in; false where the length is not acceptable. */
static bool take_frames(struct control_conn *c)
{
    struct control_server *s = c->server;
    size_t at = 0;
    while (!c->closing && !c->broken && !c->is_paused) {
        size_t len = 0;
        bool is_whole = first_frame(c, at, &len);
        if (len > s->max_frame)
            return false;
        if (!is_whole)
            break;
        s->calls.on_frame(s->calls.arg, c, bytes_of(c->in.ptr + at + HEADER_BYTES, len));
        at += HEADER_BYTES + len;
    }
    if (at > 0) {
        memmove(c->in.ptr, c->in.ptr + at, c->in.len - at);
        c->in.len -= at;
    }
    return true;
}

/* One read: memory grows with what came, never with what a header claims. */
static void read_in(struct control_conn *c)
{
    uint8_t chunk[READ_CHUNK / 8];
    ssize_t n = recv(c->fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        c->broken = true;
        return;
    }
    buf_put(&c->in, bytes_of(chunk, (size_t)n));
    if (buf_err(&c->in) != ERR_OK || !take_frames(c))
        c->broken = true;
}

static void on_conn(void *arg, unsigned events)
{
    struct control_conn *c = arg;
    struct control_server *s = c->server;
    if (events & LOOP_OUT)
        flush_out(c);
    if (c->was_full && !c->broken && !c->closing && waiting(c) < s->max_frame / 2) {
        c->was_full = false;
        if (s->calls.on_room != NULL)
            s->calls.on_room(s->calls.arg, c);
    }
    if (!c->is_paused && has_frame(c) && !take_frames(c))
        c->broken = true;
    if ((events & LOOP_IN) && !c->broken && !c->is_paused)
        read_in(c); /* while closing this only notices that the peer is gone */
    if (c->broken || (c->closing && waiting(c) == 0))
        destroy_conn(c);
    else
        update_watch(c);
}

static enum err read_credentials(struct control_conn *c)
{
    struct ucred cred;
    socklen_t size = sizeof cred;
    if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) != 0)
        return ERR_IO;
    c->uid = cred.uid;
    c->pid = cred.pid;
    return ERR_OK;
}

/* Takes fd, also on failure. */
static enum err add_conn(struct control_server *s, int fd)
{
    struct control_conn *c = calloc(1, sizeof *c);
    if (c == NULL) {
        close(fd);
        return ERR_NOMEM;
    }
    c->server = s;
    c->fd = fd;
    c->in = buf_new(s->max_frame + HEADER_BYTES + READ_CHUNK);
    c->out = buf_new(s->max_frame + 2 * HEADER_BYTES);
    enum err e = read_credentials(c);
    if (e == ERR_OK)
        e = loop_watch_fd(s->loop, fd, LOOP_IN, on_conn, c, &c->watch);
    if (e != ERR_OK) {
        close(fd);
        free(c);
        return e;
    }
    c->next = s->first;
    s->first = c;
    if (++s->conns == s->max_conns)
        loop_watch_set(s->watch, 0);
    return ERR_OK;
}

static void on_listen(void *arg, unsigned events)
{
    struct control_server *s = arg;
    (void)events;
    while (s->conns < s->max_conns) {
        int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0 || add_conn(s, fd) != ERR_OK)
            return;
    }
}

enum probe { PROBE_FREE, PROBE_LIVE, PROBE_OTHER };

/* What is at the path: nothing or a socket nobody listens on (removed), a service, or a file. */
static enum probe probe_path(const struct sockaddr_un *a)
{
    struct stat st;
    if (lstat(a->sun_path, &st) != 0)
        return PROBE_FREE;
    if (!S_ISSOCK(st.st_mode))
        return PROBE_OTHER;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = connect(fd, (const struct sockaddr *)a, sizeof *a);
    bool dead = rc != 0 && errno == ECONNREFUSED;
    close(fd);
    if (!dead)
        return PROBE_LIVE;
    unlink(a->sun_path);
    return PROBE_FREE;
}

static enum err bind_socket(struct control_server *s, mode_t mode, struct errmsg *why)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    memcpy(a.sun_path, s->path, sizeof a.sun_path);
    enum probe there = probe_path(&a);
    if (there == PROBE_LIVE)
        return errmsg_set(why, ERR_EXISTS, "%s: a service listens there already", s->path);
    if (there == PROBE_OTHER)
        return errmsg_set(why, ERR_EXISTS, "%s: is there and is no socket", s->path);
    s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->fd < 0)
        return errmsg_set(why, ERR_IO, "%s: no socket", s->path);
    /* Its mode from the start: who comes before listen hears that nobody serves there yet. */
    mode_t old = umask((mode_t)(0777 & ~mode));
    int rc = bind(s->fd, (const struct sockaddr *)&a, sizeof a);
    int n = errno;
    umask(old);
    if (rc != 0)
        return errmsg_set(why, ERR_IO, "%s: cannot bind: %s", s->path, strerrordesc_np(n));
    s->bound = true;
    if (chmod(s->path, mode) != 0 || listen(s->fd, SOMAXCONN) != 0)
        return errmsg_set(why, ERR_IO, "%s: %s", s->path, strerrordesc_np(errno));
    return ERR_OK;
}

enum err control_server_new(const struct control_server_params *p, struct control_server **out,
                            struct errmsg *why)
{
    CLEANUP(cleanup_control_server_free) struct control_server *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    s->loop = p->loop;
    s->calls = p->calls;
    s->max_frame = p->max_frame != 0 ? p->max_frame : CONTROL_FRAME_MAX;
    s->max_conns = p->max_conns != 0 ? p->max_conns : CONNS_DEFAULT;
    s->fd = -1;
    size_t len = strlen(p->path);
    if (len == 0 || len >= sizeof s->path)
        return errmsg_set(why, ERR_RANGE, "%s: a socket path has 1 to %zu bytes", p->path,
                          sizeof s->path - 1);
    memcpy(s->path, p->path, len + 1);
    enum err e = bind_socket(s, p->mode, why);
    if (e == ERR_OK)
        e = loop_watch_fd(s->loop, s->fd, LOOP_IN, on_listen, s, &s->watch);
    if (e == ERR_OK)
        *out = take(s);
    return e;
}

void control_server_free(struct control_server *s)
{
    if (s == NULL)
        return;
    while (s->first != NULL)
        destroy_conn(s->first);
    loop_unwatch(s->watch);
    if (s->fd >= 0)
        close(s->fd);
    if (s->bound)
        unlink(s->path);
    free(s);
}

uid_t control_conn_uid(const struct control_conn *c)
{
    return c->uid;
}

pid_t control_conn_pid(const struct control_conn *c)
{
    return c->pid;
}

void control_conn_set_data(struct control_conn *c, void *data)
{
    c->data = data;
}

void *control_conn_data(const struct control_conn *c)
{
    return c->data;
}

enum err control_conn_send(struct control_conn *c, struct bytes frame)
{
    const struct control_server *s = c->server;
    if (frame.len > s->max_frame)
        return ERR_TOO_LARGE;
    if (c->closing || c->broken)
        return ERR_CLOSED;
    if (waiting(c) > 0 && waiting(c) + frame.len > s->max_frame) {
        c->was_full = true;
        return ERR_AGAIN;
    }
    if (c->sent > 0) { /* room for this frame at the front */
        memmove(c->out.ptr, c->out.ptr + c->sent, waiting(c));
        c->out.len -= c->sent;
        c->sent = 0;
    }
    buf_put_u32(&c->out, (uint32_t)frame.len);
    buf_put(&c->out, frame);
    enum err e = buf_err(&c->out);
    if (e != ERR_OK)
        c->broken = true; /* half a frame may be queued */
    else
        flush_out(c);
    update_watch(c);
    return e;
}

void control_conn_pause(struct control_conn *c, bool is_paused)
{
    c->is_paused = is_paused;
    update_watch(c);
}

void control_conn_close(struct control_conn *c)
{
    c->closing = true;
    update_watch(c);
}
