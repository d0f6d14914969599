/* What the files of link share: the ZeroMQ handles. Included by link*.c only. */
#ifndef SLUIS_HOST_LINK_INTERNAL_H
#define SLUIS_HOST_LINK_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <zmq.h>

#include "proto/host/link.h"
#include "proto/host/link_keys.h"

/* Debian's zmq.h lacks it, its library honours it: without it an empty domain would switch ZAP off.
 */
#define LINK_ZAP_ENFORCE_DOMAIN 93
#define LINK_ZAP_DOMAIN "sluis"
#define LINK_HWM_DEFAULT 1000
/* What CURVE adds to a message on the wire, so that LINK_MESSAGE_MAX bytes still pass. */
#define LINK_WIRE_OVERHEAD 64
#define LINK_PER_TURN 64 /* messages taken before other sources get their turn */

struct link_hub {
    void *context;
    void *zap; /* REP socket; the ZAP thread's once it runs */
    bool running;
    pthread_t thread;
    struct link_keys *keys;
    atomic_ullong refused;
    uint64_t monitors; /* counted for their names; loop thread */
};

/* A socket option of type int. */
struct link_option {
    int name;
    int value;
};

/* Sets what server and client have in common: caps, heartbeat, linger, queues. ERR_IO. */
enum err link_set_common(void *socket, int hwm, bool ipv6) MUST_CHECK;
enum err link_set_options(void *socket, const struct link_option *options, size_t count) MUST_CHECK;

/* Asks the source for the secret, puts it into the socket and derives its public key; wipes. */
enum err link_set_secret(void *socket, const struct link_secret *secret,
                         struct link_key *public_key) MUST_CHECK;

/* A socket of events of `socket`; NULL where it fails. Close it with link_monitor_close. */
void *link_monitor_open(struct link_hub *h, void *socket);
void link_monitor_close(void *socket, void *monitor);
/* The next event (ZMQ_EVENT_…); ERR_AGAIN where none waits, ERR_IO. */
enum err link_monitor_next(void *monitor, int *event) MUST_CHECK;

/* The descriptor to wait on (edge-triggered: drain before each wait). ERR_IO. */
enum err link_descriptor(void *socket, int *fd) MUST_CHECK;

#endif
