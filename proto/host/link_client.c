/* An agency's end: a DEALER that keeps one connection to the broker and says how it stands. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/link_internal.h"
#include "proto/host/loop.h"

struct link_client {
    struct loop *loop;
    void (*on_message)(void *arg, struct bytes data);
    void (*on_event)(void *arg, enum link_event e);
    void *arg;
    void *socket;
    void *monitor;
    struct loop_watch *watch;
    struct loop_watch *monitor_watch;
    bool prepared;
    bool up;        /* handshake done */
    bool undecided; /* TCP is up, the handshake is not through */
};

const char *link_event_text(enum link_event e)
{
    switch (e) {
    case LINK_CONNECTED:
        return "connected to the broker";
    case LINK_REFUSED:
        return "broker refused our key";
    case LINK_HANDSHAKE_FAILED:
        return "handshake failed: not the broker whose key the roster names, or not a broker";
    case LINK_DISCONNECTED:
        return "connection to the broker lost";
    }
    return "unknown event";
}

static void tell(struct link_client *c, enum link_event e)
{
    if (c->on_event != NULL)
        c->on_event(c->arg, e);
}

static void on_disconnected(struct link_client *c)
{
    bool was_up = c->up;
    bool was_undecided = c->undecided;
    c->up = false;
    c->undecided = false;
    if (was_up)
        tell(c, LINK_DISCONNECTED);
    else if (was_undecided)
        tell(c, LINK_HANDSHAKE_FAILED);
}

static void on_verdict(struct link_client *c, enum link_event e)
{
    c->undecided = false;
    c->up = e == LINK_CONNECTED;
    tell(c, e);
}

static void handle_event(struct link_client *c, int event)
{
    if (event == ZMQ_EVENT_CONNECTED)
        c->undecided = true;
    else if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
        on_verdict(c, LINK_CONNECTED);
    else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
        on_verdict(c, LINK_REFUSED);
    else if (event == ZMQ_EVENT_DISCONNECTED)
        on_disconnected(c);
    else if (c->undecided)
        on_verdict(c, LINK_HANDSHAKE_FAILED);
}

static void drain_events(struct link_client *c)
{
    int event = 0;
    while (link_monitor_next(c->monitor, &event) == ERR_OK)
        handle_event(c, event);
}

static bool receive_one(struct link_client *c)
{
    zmq_msg_t m;
    zmq_msg_init(&m);
    bool got = zmq_msg_recv(&m, c->socket, ZMQ_DONTWAIT) >= 0;
    bool whole = got && zmq_msg_more(&m) == 0;
    int more = got && !whole;
    if (whole)
        c->on_message(c->arg, bytes_of(zmq_msg_data(&m), zmq_msg_size(&m)));
    while (more != 0) /* our broker sends one frame; more is nobody's message */
        more = zmq_msg_recv(&m, c->socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&m) != 0;
    zmq_msg_close(&m);
    return got;
}

/* Before each wait: the descriptors only say that something changed, so everything is taken now. */
static bool drain(void *arg)
{
    struct link_client *c = arg;
    drain_events(c);
    for (int i = 0; i < LINK_PER_TURN; i++) {
        if (!receive_one(c))
            return false;
    }
    return true;
}

static void on_ready(void *arg, unsigned events)
{
    (void)arg;
    (void)events; /* the next drain does the work */
}

static enum err set_keys(struct link_client *c, const struct link_client_params *p)
{
    struct link_key derived;
    enum err e = link_set_secret(c->socket, &p->secret, &derived);
    if (e != ERR_OK)
        return e;
    if (!bytes_equal(BYTES_OF_ARRAY(derived.b), BYTES_OF_ARRAY(p->public_key.b)))
        return ERR_MISMATCH;
    if (zmq_setsockopt(c->socket, ZMQ_CURVE_PUBLICKEY, derived.b, sizeof derived.b) != 0 ||
        zmq_setsockopt(c->socket, ZMQ_CURVE_SERVERKEY, p->server_key.b, sizeof p->server_key.b) !=
            0)
        return ERR_IO;
    return ERR_OK;
}

static enum err set_client_options(struct link_client *c, const struct link_client_params *p)
{
    const struct link_option options[] = {
        {ZMQ_RECONNECT_IVL, 500},
        {ZMQ_RECONNECT_IVL_MAX, 60000},
        {ZMQ_CONNECT_TIMEOUT, 10000},
    };
    enum err e = link_set_common(c->socket, p->hwm, p->ipv6);
    if (e == ERR_OK)
        e = link_set_options(c->socket, options, ARRAY_LEN(options));
    if (e == ERR_OK && p->socks5 != NULL &&
        zmq_setsockopt(c->socket, ZMQ_SOCKS_PROXY, p->socks5, strlen(p->socks5)) != 0)
        e = ERR_CONFIG;
    return e == ERR_OK ? set_keys(c, p) : e;
}

static enum err join_loop(struct link_client *c)
{
    int fd = -1;
    int monitor_fd = -1;
    enum err e = link_descriptor(c->socket, &fd);
    if (e == ERR_OK)
        e = link_descriptor(c->monitor, &monitor_fd);
    if (e == ERR_OK)
        e = loop_watch_fd(c->loop, fd, LOOP_IN, on_ready, c, &c->watch);
    if (e == ERR_OK)
        e = loop_watch_fd(c->loop, monitor_fd, LOOP_IN, on_ready, c, &c->monitor_watch);
    if (e == ERR_OK)
        e = loop_prepare(c->loop, drain, c);
    c->prepared = e == ERR_OK;
    return e;
}

enum err link_client_new(const struct link_client_params *p, struct link_client **out,
                         struct errmsg *why)
{
    CLEANUP(cleanup_link_client_free) struct link_client *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_NOMEM;
    c->loop = p->loop;
    c->on_message = p->on_message;
    c->on_event = p->on_event;
    c->arg = p->arg;
    c->socket = zmq_socket(p->hub->context, ZMQ_DEALER);
    if (c->socket == NULL)
        return errmsg_set(why, ERR_IO, "%s: no socket", p->endpoint);
    enum err e = set_client_options(c, p);
    if (e != ERR_OK)
        return errmsg_set(why, e, "%s: cannot set up the connection: %s", p->endpoint, err_text(e));
    c->monitor = link_monitor_open(p->hub, c->socket);
    e = c->monitor != NULL ? join_loop(c) : ERR_IO;
    if (e != ERR_OK)
        return e;
    if (zmq_connect(c->socket, p->endpoint) != 0)
        return errmsg_set(why, ERR_CONFIG, "%s: %s", p->endpoint, zmq_strerror(errno));
    *out = take(c);
    return ERR_OK;
}

void link_client_free(struct link_client *c)
{
    if (c == NULL)
        return;
    if (c->prepared)
        loop_unprepare(c->loop, drain, c);
    loop_unwatch(c->watch);
    loop_unwatch(c->monitor_watch);
    if (c->socket != NULL) {
        link_monitor_close(c->socket, c->monitor);
        zmq_close(c->socket);
    }
    free(c);
}

enum err link_client_send(struct link_client *c, struct bytes data)
{
    if (data.len > LINK_MESSAGE_MAX)
        return ERR_TOO_LARGE;
    if (zmq_send(c->socket, data.ptr, data.len, ZMQ_DONTWAIT) >= 0)
        return ERR_OK;
    return errno == EAGAIN ? ERR_AGAIN : ERR_IO;
}

bool link_client_is_connected(const struct link_client *c)
{
    return c->up;
}
