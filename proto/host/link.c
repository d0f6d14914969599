/* The context, the ZAP handler and what server and client have in common. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/host/link_internal.h"

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define ZAP_FRAMES 7
#define ZAP_FRAME_MAX 256
#define Z85_SIZE 41 /* 32 bytes as text, with NUL */

enum zap_frame { ZAP_VERSION, ZAP_REQUEST, ZAP_NAME, ZAP_ADDRESS, ZAP_ID, ZAP_MECHANISM, ZAP_KEY };

struct zap_request {
    uint8_t frame[ZAP_FRAMES][ZAP_FRAME_MAX];
    size_t len[ZAP_FRAMES];
    size_t count; /* frames that came, also over ZAP_FRAMES */
};

/* Reads all frames of one request; false where the context ends. */
static bool zap_receive(void *zap, struct zap_request *r)
{
    *r = (struct zap_request){0};
    int more = 1;
    while (more != 0) {
        uint8_t surplus[1];
        bool kept = r->count < ZAP_FRAMES;
        int n = zmq_recv(zap, kept ? r->frame[r->count] : surplus, kept ? ZAP_FRAME_MAX : 1, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (kept)
            r->len[r->count] = (size_t)n;
        r->count++;
        size_t size = sizeof more;
        if (zmq_getsockopt(zap, ZMQ_RCVMORE, &more, &size) != 0)
            return false;
    }
    return true;
}

static bool frame_is(const struct zap_request *r, enum zap_frame f, const char *text)
{
    return r->len[f] <= ZAP_FRAME_MAX && bytes_is(bytes_of(r->frame[f], r->len[f]), text);
}

static bool zap_allows(struct link_hub *h, const struct zap_request *r)
{
    if (r->count != ZAP_FRAMES || !frame_is(r, ZAP_VERSION, "1.0") ||
        !frame_is(r, ZAP_NAME, LINK_ZAP_DOMAIN) || !frame_is(r, ZAP_MECHANISM, "CURVE") ||
        r->len[ZAP_KEY] != LINK_KEY_BYTES)
        return false;
    struct link_key key;
    memcpy(key.b, r->frame[ZAP_KEY], sizeof key.b);
    return link_keys_has(h->keys, &key);
}

static void zap_reply(void *zap, const struct zap_request *r, bool allowed)
{
    char user[2 * LINK_KEY_BYTES + 1] = "";
    struct buf b = buf_fixed(user, sizeof user);
    if (allowed)
        text_put_hex(&b, bytes_of(r->frame[ZAP_KEY], LINK_KEY_BYTES));
    size_t id_len = r->len[ZAP_REQUEST] <= ZAP_FRAME_MAX ? r->len[ZAP_REQUEST] : 0;
    const struct bytes frames[] = {
        bytes_str("1.0"),
        bytes_of(r->frame[ZAP_REQUEST], id_len),
        bytes_str(allowed ? "200" : "400"),
        bytes_str(""),
        bytes_of(user, b.len),
        bytes_str(""),
    };
    for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
        int flags = i + 1 < ARRAY_LEN(frames) ? ZMQ_SNDMORE : 0;
        if (zmq_send(zap, frames[i].ptr, frames[i].len, flags) < 0)
            return; /* no answer is a refusal */
    }
}

static void *zap_main(void *arg)
{
    struct link_hub *h = arg;
    struct zap_request r;
    while (zap_receive(h->zap, &r)) {
        bool allowed = zap_allows(h, &r);
        if (!allowed)
            atomic_fetch_add(&h->refused, 1);
        zap_reply(h->zap, &r, allowed);
    }
    zmq_close(h->zap);
    return NULL;
}

static enum err start_zap(struct link_hub *h)
{
    const struct link_option linger = {ZMQ_LINGER, 0};
    h->zap = zmq_socket(h->context, ZMQ_REP);
    if (h->zap == NULL)
        return ERR_IO;
    if (link_set_options(h->zap, &linger, 1) != ERR_OK || zmq_bind(h->zap, ZAP_ENDPOINT) != 0 ||
        pthread_create(&h->thread, NULL, zap_main, h) != 0) {
        zmq_close(h->zap);
        return ERR_IO;
    }
    h->running = true;
    return ERR_OK;
}

enum err link_hub_new(struct link_hub **out)
{
    if (zmq_has("curve") == 0)
        return ERR_UNSUPPORTED;
    CLEANUP(cleanup_link_hub_free) struct link_hub *h = calloc(1, sizeof *h);
    if (h == NULL)
        return ERR_NOMEM;
    h->keys = link_keys_new();
    h->context = zmq_ctx_new();
    if (h->keys == NULL || h->context == NULL)
        return ERR_NOMEM;
    enum err e = start_zap(h);
    if (e == ERR_OK)
        *out = take(h);
    return e;
}

void link_hub_free(struct link_hub *h)
{
    if (h == NULL)
        return;
    if (h->context != NULL)
        zmq_ctx_shutdown(h->context); /* ends the ZAP thread's receive */
    if (h->running)
        pthread_join(h->thread, NULL);
    if (h->context != NULL)
        zmq_ctx_term(h->context);
    link_keys_free(h->keys);
    free(h);
}

enum err link_hub_allow(struct link_hub *h, const struct link_key *keys, size_t count)
{
    return link_keys_set(h->keys, keys, count);
}

uint64_t link_hub_refused(const struct link_hub *h)
{
    return atomic_load(&h->refused);
}

enum err link_set_options(void *socket, const struct link_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int v = options[i].value;
        if (zmq_setsockopt(socket, options[i].name, &v, sizeof v) != 0)
            return ERR_IO;
    }
    return ERR_OK;
}

enum err link_set_common(void *socket, int hwm, bool ipv6)
{
    int queue = hwm > 0 ? hwm : LINK_HWM_DEFAULT;
    /* Linger 0: the protocol sends again what was not acknowledged, so that stopping never waits
     * for a peer. */
    const struct link_option options[] = {
        {ZMQ_LINGER, 0},
        {ZMQ_SNDHWM, queue},
        {ZMQ_RCVHWM, queue},
        {ZMQ_IPV6, ipv6 ? 1 : 0},
        {ZMQ_HANDSHAKE_IVL, 10000},
        {ZMQ_HEARTBEAT_IVL, 10000},
        {ZMQ_HEARTBEAT_TIMEOUT, 30000},
        {ZMQ_HEARTBEAT_TTL, 30000},
    };
    int64_t max = (int64_t)LINK_MESSAGE_MAX + LINK_WIRE_OVERHEAD;
    if (zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max, sizeof max) != 0)
        return ERR_IO;
    return link_set_options(socket, options, ARRAY_LEN(options));
}

/* The public key of a secret, by way of the text forms that libzmq insists on. */
static enum err derive_public(const uint8_t secret[static LINK_KEY_BYTES], struct link_key *out)
{
    char secret_text[Z85_SIZE];
    char public_text[Z85_SIZE];
    enum err e = ERR_CRYPTO;
    if (zmq_z85_encode(secret_text, secret, LINK_KEY_BYTES) != NULL &&
        zmq_curve_public(public_text, secret_text) == 0 &&
        zmq_z85_decode(out->b, public_text) != NULL)
        e = ERR_OK;
    explicit_bzero(secret_text, sizeof secret_text);
    return e;
}

enum err link_set_secret(void *socket, const struct link_secret *secret,
                         struct link_key *public_key)
{
    uint8_t key[LINK_KEY_BYTES] = {0};
    struct link_key derived = {{0}};
    enum err e = secret->fill(secret->arg, key);
    if (e == ERR_OK)
        e = derive_public(key, &derived);
    if (e == ERR_OK && zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, key, sizeof key) != 0)
        e = ERR_IO;
    explicit_bzero(key, sizeof key);
    if (e == ERR_OK)
        *public_key = derived;
    return e;
}

void *link_monitor_open(struct link_hub *h, void *socket)
{
    char endpoint[64];
    /* A name of its own: libzmq gives up the name of a closed one only later. */
    snprintf(endpoint, sizeof endpoint, "inproc://sluis-monitor-%" PRIu64, ++h->monitors);
    int events = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                 ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                 ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;
    const struct link_option linger = {ZMQ_LINGER, 0};
    if (zmq_socket_monitor(socket, endpoint, events) != 0)
        return NULL;
    void *monitor = zmq_socket(h->context, ZMQ_PAIR);
    if (monitor == NULL)
        return NULL;
    if (link_set_options(monitor, &linger, 1) != ERR_OK || zmq_connect(monitor, endpoint) != 0) {
        zmq_close(monitor);
        return NULL;
    }
    return monitor;
}

void link_monitor_close(void *socket, void *monitor)
{
    if (monitor == NULL)
        return;
    zmq_socket_monitor(socket, NULL, 0);
    zmq_close(monitor);
}

enum err link_monitor_next(void *monitor, int *event)
{
    uint8_t first[6]; /* u16 event and u32 value, in the machine's order */
    uint8_t address[1];
    int n = zmq_recv(monitor, first, sizeof first, ZMQ_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? ERR_AGAIN : ERR_IO;
    if (n != (int)sizeof first || zmq_recv(monitor, address, sizeof address, ZMQ_DONTWAIT) < 0)
        return ERR_IO;
    uint16_t value;
    memcpy(&value, first, sizeof value);
    *event = value;
    return ERR_OK;
}

enum err link_descriptor(void *socket, int *fd)
{
    size_t size = sizeof *fd;
    return zmq_getsockopt(socket, ZMQ_FD, fd, &size) == 0 ? ERR_OK : ERR_IO;
}
