/* The broker's end: a ROUTER that knows each peer by the key that its handshake proved. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/host/clock.h"
#include "proto/host/link_internal.h"
#include "proto/host/loop.h"

#define ENDPOINT_MAX 256

struct link_server {
    struct link_hub *hub;
    struct loop *loop;
    void (*on_message)(void *arg, const struct link_message *m);
    void *arg;
    void *socket;
    struct loop_watch *watch;
    bool prepared;
    bool paused;
    uint64_t dropped;
    struct link_key key;
    char endpoint[ENDPOINT_MAX];
};

static bool has_more(zmq_msg_t *m)
{
    return zmq_msg_more(m) != 0;
}

/* Reads the frames that are left of a message nobody wants. */
static void skip_rest(struct link_server *s, bool more)
{
    while (more) {
        zmq_msg_t m;
        zmq_msg_init(&m);
        if (zmq_msg_recv(&m, s->socket, ZMQ_DONTWAIT) < 0)
            more = false;
        else
            more = has_more(&m);
        zmq_msg_close(&m);
    }
}

/* A routing id that this socket made: a zero byte and a counter. One that the peer chose could be
 * taken over by another peer later, and answers with it. */
static bool get_route(zmq_msg_t *id, struct link_route *out)
{
    const uint8_t *p = zmq_msg_data(id);
    if (zmq_msg_size(id) != sizeof out->b || p[0] != 0)
        return false;
    memcpy(out->b, p, sizeof out->b);
    return true;
}

/* The key from the payload frame; absent (NULL) is unauthenticated. */
static bool get_peer(zmq_msg_t *payload, struct link_key *out)
{
    const char *user = zmq_msg_gets(payload, "User-Id");
    return user != NULL && text_get_hex(bytes_str(user), out->b, sizeof out->b) == ERR_OK;
}

/* Checks a message of which both frames are here, and hands it on. */
static void deliver(struct link_server *s, zmq_msg_t *id, zmq_msg_t *payload)
{
    struct link_message m;
    bool more = has_more(payload);
    bool good = !more && get_route(id, &m.route) && get_peer(payload, &m.peer) &&
                zmq_msg_size(payload) <= LINK_MESSAGE_MAX;
    if (!good) {
        s->dropped++;
        skip_rest(s, more);
        return;
    }
    m.data = bytes_of(zmq_msg_data(payload), zmq_msg_size(payload));
    s->on_message(s->arg, &m);
}

/* Receives one message; false where none waits. */
static bool receive_one(struct link_server *s)
{
    zmq_msg_t id;
    zmq_msg_t payload;
    zmq_msg_init(&id);
    zmq_msg_init(&payload);
    bool got = zmq_msg_recv(&id, s->socket, ZMQ_DONTWAIT) >= 0;
    if (got && has_more(&id) && zmq_msg_recv(&payload, s->socket, ZMQ_DONTWAIT) >= 0)
        deliver(s, &id, &payload);
    else if (got)
        s->dropped++;
    zmq_msg_close(&payload);
    zmq_msg_close(&id);
    return got;
}

/* Before each wait: the descriptor only says that something changed, so everything is taken now. */
static bool drain(void *arg)
{
    struct link_server *s = arg;
    for (int i = 0; i < LINK_PER_TURN && !s->paused; i++) {
        if (!receive_one(s))
            return false;
    }
    return !s->paused;
}

static void on_ready(void *arg, unsigned events)
{
    (void)arg;
    (void)events; /* the next drain does the work */
}

static enum err set_server_options(struct link_server *s, const struct link_server_params *p)
{
    const struct link_option options[] = {
        {ZMQ_CURVE_SERVER, 1},    {LINK_ZAP_ENFORCE_DOMAIN, 1}, {ZMQ_ROUTER_MANDATORY, 1},
        {ZMQ_ROUTER_HANDOVER, 0}, {ZMQ_BACKLOG, 1024},
    };
    enum err e = link_set_common(s->socket, p->hwm, p->ipv6);
    if (e == ERR_OK)
        e = link_set_options(s->socket, options, ARRAY_LEN(options));
    if (e == ERR_OK &&
        zmq_setsockopt(s->socket, ZMQ_ZAP_DOMAIN, LINK_ZAP_DOMAIN, strlen(LINK_ZAP_DOMAIN)) != 0)
        e = ERR_IO;
    return e == ERR_OK ? link_set_secret(s->socket, &p->secret, &s->key) : e;
}

static enum err bind_server(struct link_server *s, const char *endpoint, struct errmsg *why)
{
    size_t size = sizeof s->endpoint;
    if (zmq_bind(s->socket, endpoint) != 0)
        return errmsg_set(why, ERR_IO, "%s: cannot bind: %s", endpoint, zmq_strerror(errno));
    if (zmq_getsockopt(s->socket, ZMQ_LAST_ENDPOINT, s->endpoint, &size) != 0)
        return errmsg_set(why, ERR_IO, "%s: no bound address", endpoint);
    return ERR_OK;
}

static enum err join_loop(struct link_server *s)
{
    int fd = -1;
    enum err e = link_descriptor(s->socket, &fd);
    if (e == ERR_OK)
        e = loop_watch_fd(s->loop, fd, LOOP_IN, on_ready, s, &s->watch);
    if (e == ERR_OK)
        e = loop_prepare(s->loop, drain, s);
    s->prepared = e == ERR_OK;
    return e;
}

enum err link_server_new(const struct link_server_params *p, struct link_server **out,
                         struct errmsg *why)
{
    CLEANUP(cleanup_link_server_free) struct link_server *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    s->hub = p->hub;
    s->loop = p->loop;
    s->on_message = p->on_message;
    s->arg = p->arg;
    s->socket = zmq_socket(p->hub->context, ZMQ_ROUTER);
    if (s->socket == NULL)
        return errmsg_set(why, ERR_IO, "%s: no socket", p->endpoint);
    enum err e = set_server_options(s, p);
    if (e != ERR_OK)
        return errmsg_set(why, e, "%s: cannot set up CURVE: %s", p->endpoint, err_text(e));
    e = bind_server(s, p->endpoint, why);
    if (e == ERR_OK)
        e = join_loop(s);
    if (e == ERR_OK)
        *out = take(s);
    return e;
}

void link_server_free(struct link_server *s)
{
    if (s == NULL)
        return;
    if (s->prepared)
        loop_unprepare(s->loop, drain, s);
    loop_unwatch(s->watch);
    if (s->socket != NULL)
        zmq_close(s->socket);
    free(s);
}

const char *link_server_endpoint(const struct link_server *s)
{
    return s->endpoint;
}

const struct link_key *link_server_key(const struct link_server *s)
{
    return &s->key;
}

uint64_t link_server_dropped(const struct link_server *s)
{
    return s->dropped;
}

void link_server_pause(struct link_server *s, bool paused)
{
    s->paused = paused;
    loop_watch_set(s->watch, paused ? 0 : LOOP_IN);
}

enum err link_server_send(struct link_server *s, const struct link_route *to, struct bytes data)
{
    if (data.len > LINK_MESSAGE_MAX)
        return ERR_TOO_LARGE;
    int rc = zmq_send(s->socket, to->b, sizeof to->b, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    if (rc >= 0)
        rc = zmq_send(s->socket, data.ptr, data.len, ZMQ_DONTWAIT);
    if (rc >= 0)
        return ERR_OK;
    if (errno == EHOSTUNREACH)
        return ERR_UNREACHABLE;
    return errno == EAGAIN ? ERR_AGAIN : ERR_IO;
}

/* A new random key pair for a client socket that must not be let in. */
static enum err give_random_key(void *socket, const struct link_key *server)
{
    char public_text[41];
    char secret_text[41];
    bool ok = zmq_curve_keypair(public_text, secret_text) == 0 &&
              zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server->b, sizeof server->b) == 0 &&
              zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public_text, sizeof public_text) == 0 &&
              zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret_text, sizeof secret_text) == 0;
    explicit_bzero(secret_text, sizeof secret_text);
    return ok ? ERR_OK : ERR_CRYPTO;
}

/* Waits for a verdict on the connection that `monitor` watches. */
static enum err await_refusal(void *monitor, int64_t until_ms)
{
    for (;;) {
        int event = 0;
        enum err e = link_monitor_next(monitor, &event);
        if (e == ERR_OK && event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
            return ERR_STATE;
        if (e == ERR_OK && event != ZMQ_EVENT_CONNECTED)
            return ERR_OK; /* handshake failed, or cut off without one */
        if (e == ERR_OK)
            continue;
        if (e != ERR_AGAIN)
            return e;
        int64_t left = until_ms - clock_mono_ms();
        if (left <= 0)
            return ERR_EXPIRED;
        zmq_pollitem_t item = {.socket = monitor, .events = ZMQ_POLLIN};
        zmq_poll(&item, 1, left);
    }
}

static enum err try_stranger(struct link_hub *h, const char *endpoint, const struct link_key *key,
                             int64_t until_ms)
{
    const struct link_option linger = {ZMQ_LINGER, 0};
    void *socket = zmq_socket(h->context, ZMQ_DEALER);
    if (socket == NULL)
        return ERR_IO;
    void *monitor = link_monitor_open(h, socket);
    enum err e = monitor != NULL ? link_set_options(socket, &linger, 1) : ERR_IO;
    if (e == ERR_OK && key != NULL)
        e = give_random_key(socket, key);
    if (e == ERR_OK && zmq_connect(socket, endpoint) != 0)
        e = ERR_IO;
    if (e == ERR_OK)
        e = await_refusal(monitor, until_ms);
    link_monitor_close(socket, monitor);
    zmq_close(socket);
    return e;
}

enum err link_hub_check_closed(struct link_hub *h, const char *endpoint,
                               const struct link_key *server_key, int timeout_ms,
                               struct errmsg *why)
{
    int64_t until_ms = clock_mono_ms() + timeout_ms;
    enum err e = try_stranger(h, endpoint, server_key, until_ms);
    if (e != ERR_OK)
        return errmsg_set(why, e, "%s: a random key was not refused: %s", endpoint, err_text(e));
    e = try_stranger(h, endpoint, NULL, until_ms);
    if (e != ERR_OK)
        return errmsg_set(why, e, "%s: a peer without CURVE was not refused: %s", endpoint,
                          err_text(e));
    return ERR_OK;
}

enum err link_server_self_test(struct link_server *s, int timeout_ms, struct errmsg *why)
{
    return link_hub_check_closed(s->hub, s->endpoint, &s->key, timeout_ms, why);
}
