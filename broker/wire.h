/* The broker's endpoints as one: who is let in, where a message came from, and how to answer it. */
#ifndef SLUIS_BROKER_WIRE_H
#define SLUIS_BROKER_WIRE_H

#include "proto/host/link.h"

struct broker;
struct view;
struct wire;

/* A connection at one of the endpoints. */
struct peer_route {
    uint32_t endpoint; /* of this process; never given out twice */
    struct link_route link;
};

static inline bool peer_route_equal(const struct peer_route *a, const struct peer_route *b)
{
    return a->endpoint == b->endpoint &&
           bytes_equal(BYTES_OF_ARRAY(a->link.b), BYTES_OF_ARRAY(b->link.b));
}

/* A message as it came in; data lives until the call returns. */
struct wire_message {
    struct link_key peer; /* proven by the handshake */
    struct peer_route route;
    struct bytes data;
};

typedef void (*wire_message_fn)(struct broker *b, const struct wire_message *m);

/* Binds every endpoint of the configuration and lets in the members of b->view. ERR_IO (address in
 * use), ERR_UNSUPPORTED, ERR_NOMEM; why tells. */
enum err wire_new(struct broker *b, wire_message_fn on_message, struct wire **out,
                  struct errmsg *why) MUST_CHECK;
void wire_free(struct wire *w);
DEFINE_CLEANUP(struct wire, wire_free)

/* Every endpoint refuses a key that nobody listed. ERR_STATE, ERR_EXPIRED: do not serve. */
enum err wire_self_test(struct wire *w, struct errmsg *why) MUST_CHECK;

/* From now on lets in the members of this view that have a transport key, and no one else. Those that
 * are connected stay so: each of their messages is checked against the roster. */
enum err wire_allow(struct wire *w, const struct view *v) MUST_CHECK;

/* Loop thread: binds what the view has: its endpoints under its transport key, and while it lists a next one, a
 * second endpoint under that one, at the port of next_endpoint and the addresses of `listen`. What it has no more is
 * closed: at once, or where the key is in use on, as soon as nobody is there. What cannot be bound yet is tried
 * again and said in wire_trouble. */
void wire_follow(struct wire *w, const struct view *v);

/* Why an endpoint that should be open is not, one line; "": all are. */
const char *wire_trouble(const struct wire *w);

/* Endpoints that are bound: where, by which key, and how many sessions are there. False beyond the end. */
struct wire_endpoint_info {
    const char *endpoint;
    struct link_key key;
    size_t sessions;
};
bool wire_endpoint_at(const struct wire *w, size_t i, struct wire_endpoint_info *out);

/* Queues a frame. ERR_UNREACHABLE: the connection is gone; ERR_AGAIN, ERR_TOO_LARGE, ERR_IO. */
enum err wire_send(struct wire *w, const struct peer_route *to, struct bytes frame) MUST_CHECK;

/* Receives nothing more, so that what is under way can end. */
void wire_pause(struct wire *w);

/* The first endpoint as it is bound. */
const char *wire_endpoint(const struct wire *w);

#endif
