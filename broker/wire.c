#include "broker/wire.h"

#include <stdlib.h>

#include "broker/broker.h"
#include "broker/own_keys.h"
#include "broker/sessions.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/loop.h"

#define LISTEN_MAX 4u
#define ENDPOINTS_MAX (3u * LISTEN_MAX) /* of the key in use, of the one that comes, and those that are left */
#define SELF_TEST_MS 5000
#define ADDRESS_MAX 256
#define LOOK_MS 200
#define LEAVING_MS 60000 /* an endpoint that the roster has no more, for those who have not read it yet */

struct endpoint {
    struct wire *wire;
    struct link_server *server; /* NULL: not bound yet, or a free slot where address is empty */
    const struct key *key;
    char address[ADDRESS_MAX]; /* as it is bound: of the configuration, or made from it */
    uint32_t id;
    bool is_wanted;
    int64_t left_ms; /* since when it is not wanted */
};

struct wire {
    struct broker *broker;
    wire_message_fn on_message;
    struct link_hub *hub;
    struct loop_timer *look;
    struct endpoint endpoints[ENDPOINTS_MAX];
    uint32_t last_id;
    bool is_paused;
    struct errmsg trouble;
};

static void on_link_message(void *arg, const struct link_message *m)
{
    const struct endpoint *e = arg;
    const struct wire_message in = {
        .peer = m->peer,
        .route = {.endpoint = e->id, .link = m->route},
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
    const struct endpoint *e = arg;
    CLEANUP(cleanup_secret_free) struct secret *half = NULL;
    enum err err = key_private(e->key, &half);
    return err == ERR_OK ? secret_lend(half, copy_secret, secret) : err;
}

/* ---- which endpoints a view has ---- */

static bool is_of(const struct endpoint *e, const char *address, const struct key *key)
{
    return e->address[0] != '\0' && e->key == key && strcmp(e->address, address) == 0;
}

static struct endpoint *free_slot(struct wire *w)
{
    for (size_t i = 0; i < ENDPOINTS_MAX; i++)
        if (w->endpoints[i].address[0] == '\0')
            return &w->endpoints[i];
    return NULL;
}

static enum err want(struct wire *w, const char *address, const struct key *key)
{
    for (size_t i = 0; i < ENDPOINTS_MAX; i++) {
        if (is_of(&w->endpoints[i], address, key)) {
            w->endpoints[i].is_wanted = true;
            return ERR_OK;
        }
    }
    struct endpoint *e = free_slot(w);
    if (e == NULL)
        return ERR_LIMIT;
    *e = (struct endpoint){.wire = w, .key = key, .id = ++w->last_id, .is_wanted = true};
    struct buf b = buf_fixed(e->address, sizeof e->address - 1);
    buf_put_str(&b, address);
    if (buf_err(&b) == ERR_OK)
        return ERR_OK;
    e->address[0] = '\0';
    return ERR_TOO_LARGE;
}

/* The address of listen at the port of next_endpoint. */
static enum err next_address(const char *listen, struct bytes next, char out[static ADDRESS_MAX])
{
    const char *port = strrchr(listen, ':');
    size_t from = next.len;
    while (from > 0 && next.ptr[from - 1] != ':')
        from--;
    if (port == NULL || from == 0 || from == next.len)
        return ERR_INVALID;
    struct buf b = buf_fixed(out, ADDRESS_MAX - 1);
    buf_put(&b, bytes_of(listen, (size_t)(port - listen) + 1));
    buf_put(&b, bytes_of(next.ptr + from, next.len - from));
    out[b.len] = '\0';
    return buf_err(&b);
}

static enum err want_all(struct wire *w, const struct view *v)
{
    const struct own_keys own = {w->broker->keys, v};
    const struct conf_texts *listen = &w->broker->config->listen;
    const struct key *next = own_next_transport(&own);
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < listen->count; i++) {
        char address[ADDRESS_MAX];
        e = want(w, listen->items[i], own_transport(&own));
        if (e == ERR_OK && next != NULL)
            e = next_address(listen->items[i], view_broker(v)->next.endpoint, address);
        if (e == ERR_OK && next != NULL)
            e = want(w, address, next);
    }
    return e;
}

/* ---- binding and closing ---- */

static enum err bind_endpoint(struct endpoint *e, struct errmsg *why)
{
    const struct wire *w = e->wire;
    const struct link_server_params p = {
        .hub = w->hub,
        .loop = w->broker->loop,
        .endpoint = e->address,
        .secret = {.fill = fill_secret, .arg = e},
        .on_message = on_link_message,
        .arg = e,
    };
    enum err err = link_server_new(&p, &e->server, why);
    if (err == ERR_OK && w->is_paused)
        link_server_pause(e->server, true);
    return err;
}

static size_t sessions_at(const struct wire *w, const struct endpoint *e)
{
    size_t n = 0;
    for (size_t i = 0; w->broker->sessions != NULL && i < sessions_count(w->broker->sessions); i++) {
        const struct session *s = session_at(w->broker->sessions, i);
        n += s->state != SESSION_NONE && s->route.endpoint == e->id;
    }
    return n;
}

static void drop(struct endpoint *e)
{
    if (e->server != NULL)
        log_notice("endpoint closed=%s", e->address);
    link_server_free(e->server);
    *e = (struct endpoint){.wire = NULL};
}

/* Whether an endpoint that the roster has no more may go: at once where its key counts no more or its address is
 * needed, else when nobody is there. */
static bool may_go(const struct wire *w, const struct endpoint *e, int64_t now_ms)
{
    const struct own_keys own = {w->broker->keys, w->broker->view};
    if (e->key != own_transport(&own) && e->key != own_next_transport(&own))
        return true;
    for (size_t i = 0; i < ENDPOINTS_MAX; i++)
        if (w->endpoints[i].is_wanted && strcmp(w->endpoints[i].address, e->address) == 0)
            return true;
    return sessions_at(w, e) == 0 || now_ms - e->left_ms > LEAVING_MS;
}

/* An endpoint that a reload brought. A closed socket gives its port back a moment later, so that this may take more
 * than one look. One that would let strangers in is closed again. */
static void open_late(struct wire *w, struct endpoint *e)
{
    struct errmsg why = {""};
    enum err err = bind_endpoint(e, &why);
    if (err == ERR_OK)
        err = link_server_self_test(e->server, SELF_TEST_MS, &why);
    if (err == ERR_OK) {
        log_notice("endpoint open=%s", e->address);
        return;
    }
    link_server_free(e->server);
    e->server = NULL;
    if (w->trouble.text[0] == '\0')
        (void)errmsg_set(&w->trouble, err, "an endpoint cannot be opened, it is tried again: %s",
                         why.text[0] != '\0' ? why.text : err_text(err));
}

static bool is_settled(const struct wire *w)
{
    for (size_t i = 0; i < ENDPOINTS_MAX; i++) {
        const struct endpoint *e = &w->endpoints[i];
        if (e->address[0] != '\0' && (!e->is_wanted || e->server == NULL))
            return false;
    }
    return true;
}

static void on_look(void *arg)
{
    struct wire *w = arg;
    const int64_t now_ms = clock_mono_ms();
    for (size_t i = 0; i < ENDPOINTS_MAX; i++) {
        struct endpoint *e = &w->endpoints[i];
        if (e->address[0] != '\0' && !e->is_wanted && may_go(w, e, now_ms))
            drop(e);
    }
    w->trouble.text[0] = '\0';
    for (size_t i = 0; i < ENDPOINTS_MAX; i++) {
        struct endpoint *e = &w->endpoints[i];
        if (e->address[0] != '\0' && e->is_wanted && e->server == NULL)
            open_late(w, e);
    }
    if (is_settled(w))
        loop_timer_stop(w->look);
}

void wire_follow(struct wire *w, const struct view *v)
{
    const int64_t now_ms = clock_mono_ms();
    for (size_t i = 0; i < ENDPOINTS_MAX; i++) {
        w->endpoints[i].left_ms = w->endpoints[i].is_wanted ? now_ms : w->endpoints[i].left_ms;
        w->endpoints[i].is_wanted = false;
    }
    enum err e = want_all(w, v);
    if (e != ERR_OK)
        log_err("endpoint error=\"%s\": not every endpoint of the roster can be served", err_text(e));
    if (!is_settled(w))
        loop_timer_every(w->look, LOOK_MS);
}

const char *wire_trouble(const struct wire *w)
{
    return w->trouble.text;
}

static enum err open_all(struct wire *w, struct errmsg *why)
{
    enum err e = want_all(w, w->broker->view);
    for (size_t i = 0; e == ERR_OK && i < ENDPOINTS_MAX; i++)
        if (w->endpoints[i].address[0] != '\0')
            e = bind_endpoint(&w->endpoints[i], why);
    return e;
}

enum err wire_new(struct broker *b, wire_message_fn on_message, struct wire **out,
                  struct errmsg *why)
{
    CLEANUP(cleanup_wire_free) struct wire *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_NOMEM;
    w->broker = b;
    w->on_message = on_message;
    w->look = loop_timer_new(b->loop, on_look, w);
    if (w->look == NULL)
        return ERR_NOMEM;
    if (b->config->listen.count > LISTEN_MAX)
        return errmsg_set(why, ERR_CONFIG, "listen: at most %u endpoints", LISTEN_MAX);
    enum err e = link_hub_new(&w->hub);
    if (e != ERR_OK)
        return errmsg_set(why, e, "link: %s", err_text(e));
    e = wire_allow(w, b->view);
    if (e == ERR_OK)
        e = open_all(w, why);
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
    loop_timer_free(w->look);
    for (size_t i = 0; i < ENDPOINTS_MAX; i++)
        link_server_free(w->endpoints[i].server);
    link_hub_free(w->hub);
    free(w);
}

enum err wire_self_test(struct wire *w, struct errmsg *why)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < ENDPOINTS_MAX; i++)
        if (w->endpoints[i].server != NULL)
            e = link_server_self_test(w->endpoints[i].server, SELF_TEST_MS, why);
    return e;
}

enum err wire_allow(struct wire *w, const struct view *v)
{
    const struct roster *r = view_roster(v);
    struct curve_key former;
    size_t formers = 0;
    while (view_former_curve_at(v, formers, &former))
        formers++;
    struct link_key *keys = calloc(r->member_count + formers + 1, sizeof *keys);
    if (keys == NULL)
        return ERR_NOMEM;
    _Static_assert(sizeof keys->b == sizeof r->members->curve.b, "one kind of key");
    size_t n = 0;
    for (size_t i = 0; i < r->member_count; i++) {
        const struct roster_member *m = &r->members[i];
        if (m->kind != MEMBER_BROKER && m->transport.der.len > 0)
            memcpy(keys[n++].b, m->curve.b, sizeof m->curve.b);
    }
    for (size_t i = 0; i < formers && view_former_curve_at(v, i, &former); i++)
        memcpy(keys[n++].b, former.b, sizeof former.b);
    enum err e = link_hub_allow(w->hub, keys, n);
    free(keys);
    return e;
}

static const struct endpoint *endpoint_of(const struct wire *w, uint32_t id)
{
    for (size_t i = 0; i < ENDPOINTS_MAX; i++)
        if (w->endpoints[i].server != NULL && w->endpoints[i].id == id)
            return &w->endpoints[i];
    return NULL;
}

enum err wire_send(struct wire *w, const struct peer_route *to, struct bytes frame)
{
    const struct endpoint *e = endpoint_of(w, to->endpoint);
    return e == NULL ? ERR_UNREACHABLE : link_server_send(e->server, &to->link, frame);
}

void wire_pause(struct wire *w)
{
    w->is_paused = true;
    for (size_t i = 0; i < ENDPOINTS_MAX; i++)
        if (w->endpoints[i].server != NULL)
            link_server_pause(w->endpoints[i].server, true);
}

const char *wire_endpoint(const struct wire *w)
{
    struct wire_endpoint_info first;
    return wire_endpoint_at(w, 0, &first) ? first.endpoint : "";
}

bool wire_endpoint_at(const struct wire *w, size_t i, struct wire_endpoint_info *out)
{
    for (size_t k = 0; k < ENDPOINTS_MAX; k++) {
        const struct endpoint *e = &w->endpoints[k];
        if (e->server == NULL || i-- > 0)
            continue;
        *out = (struct wire_endpoint_info){.endpoint = link_server_endpoint(e->server),
                                           .key = *link_server_key(e->server),
                                           .sessions = sessions_at(w, e)};
        return true;
    }
    return false;
}
