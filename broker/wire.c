#include "broker/wire.h"

#include <stdlib.h>

#include "broker/broker.h"
#include "broker/keys.h"

#define ENDPOINTS_MAX 4u
#define SELF_TEST_MS 5000

struct endpoint {
    struct wire *wire;
    struct link_server *server;
    uint8_t index;
};

struct wire {
    struct broker *broker;
    wire_message_fn on_message;
    struct link_hub *hub;
    struct endpoint endpoints[ENDPOINTS_MAX];
    size_t count;
};

static void on_link_message(void *arg, const struct link_message *m)
{
    const struct endpoint *e = arg;
    const struct wire_message in = {
        .peer = m->peer,
        .route = {.endpoint = e->index, .link = m->route},
        .data = m->data,
    };
    e->wire->on_message(e->wire->broker, &in);
}

static enum err copy_secret(void *arg, struct bytes view)
{
    if (view.len != LINK_KEY_BYTES)
        return ERR_INVALID;
    memcpy(arg, view.ptr, view.len);
    return ERR_OK;
}

static enum err fill_secret(void *arg, uint8_t secret[LINK_KEY_BYTES])
{
    const struct broker *b = arg;
    CLEANUP(cleanup_secret_free) struct secret *half = NULL;
    enum err e = key_private(b->keys->transport, &half);
    return e == ERR_OK ? secret_lend(half, copy_secret, secret) : e;
}

static enum err bind_endpoint(struct wire *w, size_t i, struct errmsg *why)
{
    struct endpoint *e = &w->endpoints[i];
    *e = (struct endpoint){.wire = w, .index = (uint8_t)i};
    const struct link_server_params p = {
        .hub = w->hub,
        .loop = w->broker->loop,
        .endpoint = w->broker->config->listen.items[i],
        .secret = {.fill = fill_secret, .arg = w->broker},
        .on_message = on_link_message,
        .arg = e,
    };
    enum err err = link_server_new(&p, &e->server, why);
    if (err == ERR_OK)
        w->count = i + 1;
    return err;
}

enum err wire_new(struct broker *b, wire_message_fn on_message, struct wire **out,
                  struct errmsg *why)
{
    CLEANUP(cleanup_wire_free) struct wire *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_NOMEM;
    w->broker = b;
    w->on_message = on_message;
    if (b->config->listen.count > ENDPOINTS_MAX)
        return errmsg_set(why, ERR_CONFIG, "listen: at most %u endpoints", ENDPOINTS_MAX);
    enum err e = link_hub_new(&w->hub);
    if (e != ERR_OK)
        return errmsg_set(why, e, "link: %s", err_text(e));
    e = wire_allow(w, b->view);
    for (size_t i = 0; e == ERR_OK && i < b->config->listen.count; i++)
        e = bind_endpoint(w, i, why);
    if (e != ERR_OK)
        return e;
    *out = w;
    w = NULL;
    return ERR_OK;
}

void wire_free(struct wire *w)
{
    if (w == NULL)
        return;
    for (size_t i = 0; i < w->count; i++)
        link_server_free(w->endpoints[i].server);
    link_hub_free(w->hub);
    free(w);
}

enum err wire_self_test(struct wire *w, struct errmsg *why)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < w->count; i++)
        e = link_server_self_test(w->endpoints[i].server, SELF_TEST_MS, why);
    return e;
}

enum err wire_allow(struct wire *w, const struct view *v)
{
    const struct roster *r = view_roster(v);
    struct link_key *keys = calloc(r->member_count + 1, sizeof *keys);
    if (keys == NULL)
        return ERR_NOMEM;
    _Static_assert(sizeof keys->b == sizeof r->members->curve.b, "one kind of key");
    size_t n = 0;
    for (size_t i = 0; i < r->member_count; i++) {
        const struct roster_member *m = &r->members[i];
        if (m->kind != MEMBER_BROKER && m->transport.der.len > 0)
            memcpy(keys[n++].b, m->curve.b, sizeof m->curve.b);
    }
    enum err e = link_hub_allow(w->hub, keys, n);
    free(keys);
    return e;
}

enum err wire_send(struct wire *w, const struct peer_route *to, struct bytes frame)
{
    if (to->endpoint >= w->count)
        return ERR_UNREACHABLE;
    return link_server_send(w->endpoints[to->endpoint].server, &to->link, frame);
}

void wire_pause(struct wire *w)
{
    for (size_t i = 0; i < w->count; i++)
        link_server_pause(w->endpoints[i].server, true);
}

const char *wire_endpoint(const struct wire *w)
{
    return w->count > 0 ? link_server_endpoint(w->endpoints[0].server) : "";
}
