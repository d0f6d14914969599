/* Messages between agencies and the broker: ZeroMQ DEALER to ROUTER over CURVE with mandatory ZAP.
 * Only link.c includes zmq.h. All functions are for the loop thread, except link_hub_allow.
 *
 * A message is one frame of bytes. Who sent it is the CURVE key that the handshake proved, read
 * from that frame; a routing id is an address and nothing else. A peer cannot be cut off once
 * connected, so the caller checks the key of every message against the roster. */
#ifndef SLUIS_HOST_LINK_H
#define SLUIS_HOST_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/attr.h"
#include "proto/base/bytes.h"
#include "proto/base/err.h"

struct loop;
struct link_hub; /* the ZeroMQ context and the ZAP handler; one for each process, made after fork */
struct link_server; /* a ROUTER on one endpoint */
struct link_client; /* a DEALER to one endpoint */

#define LINK_KEY_BYTES 32
#define LINK_MESSAGE_MAX (4u << 20)

/* A CURVE public key. */
struct link_key {
    uint8_t b[LINK_KEY_BYTES];
};

/* Where to send an answer: one connection, as long as it lasts. Made by the server, never by peers.
 */
struct link_route {
    uint8_t b[5];
};

/* A received message; data lives until the callback returns. */
struct link_message {
    struct link_key peer; /* proven by the handshake */
    struct link_route route;
    struct bytes data;
};

/* Fills in the CURVE secret. link wipes its copy at once; libzmq keeps one inside the socket. */
struct link_secret {
    enum err (*fill)(void *arg, uint8_t secret[LINK_KEY_BYTES]);
    void *arg;
};

/* Starts the ZAP handler, which refuses every key until link_hub_allow. ERR_IO, ERR_NOMEM;
 * ERR_UNSUPPORTED where libzmq lacks CURVE. */
enum err link_hub_new(struct link_hub **out) MUST_CHECK;
/* After its servers and clients. NULL is a no-op. */
void link_hub_free(struct link_hub *h);
DEFINE_CLEANUP(struct link_hub, link_hub_free)

/* Replaces the set of keys that may connect (count may be 0). Any thread. ERR_NOMEM: the old one
 * stays. Connections that exist are not cut. */
enum err link_hub_allow(struct link_hub *h, const struct link_key *keys, size_t count) MUST_CHECK;

/* Handshakes refused since the start. Any thread. */
uint64_t link_hub_refused(const struct link_hub *h);

struct link_server_params {
    struct link_hub *hub;
    struct loop *loop;
    const char *endpoint; /* "tcp://address:port"; port "*": any free one */
    struct link_secret secret;
    bool ipv6;
    int hwm; /* messages queued for each peer; 0: 1000 */
    void (*on_message)(void *arg, const struct link_message *m);
    void *arg;
};

/* Binds and receives on the loop. ERR_IO (address in use …; why tells), or what secret.fill says.
 */
enum err link_server_new(const struct link_server_params *p, struct link_server **out,
                         struct errmsg *why) MUST_CHECK;
/* Closes; what is still queued is lost, as the protocol expects. Not from its own callback. */
void link_server_free(struct link_server *s);
DEFINE_CLEANUP(struct link_server, link_server_free)

/* The bound endpoint with its port; lives as long as s. */
const char *link_server_endpoint(const struct link_server *s);
const struct link_key *link_server_key(const struct link_server *s);

/* Connects to endpoint as a stranger, with a random key and then without CURVE, and expects to be
 * refused both times; blocks up to timeout_ms. ERR_STATE: it let one in, so that nothing may be
 * served; ERR_EXPIRED: no verdict in time; ERR_IO. */
enum err link_hub_check_closed(struct link_hub *h, const char *endpoint,
                               const struct link_key *server_key, int timeout_ms,
                               struct errmsg *why) MUST_CHECK;

/* link_hub_check_closed on the server's own endpoint. Call it before announcing readiness. */
enum err link_server_self_test(struct link_server *s, int timeout_ms,
                               struct errmsg *why) MUST_CHECK;

/* Queues one message for a connection. ERR_UNREACHABLE: it is gone (the message stays in the
 * mailbox); ERR_AGAIN: its queue is full; ERR_TOO_LARGE over LINK_MESSAGE_MAX; ERR_IO. */
enum err link_server_send(struct link_server *s, const struct link_route *to,
                          struct bytes data) MUST_CHECK;

/* While paused nothing is received, and peers wait. */
void link_server_pause(struct link_server *s, bool paused);

/* Messages thrown away: more than one frame, no proven key, or a routing id of the peer's own. */
uint64_t link_server_dropped(const struct link_server *s);

enum link_event {
    LINK_CONNECTED = 1,    /* handshake done: both keys proven */
    LINK_REFUSED,          /* the broker refused our key */
    LINK_HANDSHAKE_FAILED, /* no CURVE session: wrong broker key, or not a broker */
    LINK_DISCONNECTED,     /* a connection that was up is gone; it is tried again by itself */
};

/* A fragment like "broker refused our key"; static. */
const char *link_event_text(enum link_event e);

struct link_client_params {
    struct link_hub *hub;
    struct loop *loop;
    const char *endpoint; /* "tcp://host:port" */
    const char *socks5;   /* "host:port" of a SOCKS5 proxy, or NULL */
    struct link_key server_key;
    struct link_key public_key;
    struct link_secret secret;
    bool ipv6;
    int hwm; /* messages queued; 0: 1000 */
    void (*on_message)(void *arg, struct bytes data);
    void (*on_event)(void *arg, enum link_event e); /* may be NULL */
    void *arg;
};

/* Starts to connect (0.5 s to 60 s between attempts) and returns at once. ERR_IO, ERR_CONFIG
 * (endpoint), ERR_MISMATCH (public_key does not belong to the secret), or what secret.fill says. */
enum err link_client_new(const struct link_client_params *p, struct link_client **out,
                         struct errmsg *why) MUST_CHECK;
/* Closes; what is still queued is lost, as the protocol expects. Not from its own callback. */
void link_client_free(struct link_client *c);
DEFINE_CLEANUP(struct link_client, link_client_free)

/* Queues one message, while connected or not. ERR_AGAIN: queue full; ERR_TOO_LARGE; ERR_IO. Queued
 * is not delivered: the protocol's acknowledgement says that. */
enum err link_client_send(struct link_client *c, struct bytes data) MUST_CHECK;

bool link_client_is_connected(const struct link_client *c);

#endif
