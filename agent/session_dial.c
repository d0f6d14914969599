#include "agent/session_dial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/keys.h"
#include "agent/session_internal.h"
#include "pki/random.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/link.h"
#include "proto/msg/roster.h"

#define PLACES_MAX 5u
#define PATIENCE_MS 3000      /* with one place, the first time round */
#define PATIENCE_MAX_MS 30000
#define PROBE_AGAIN_MS 600000 /* a first choice that could not be reached */

/* A place, the broker's key there and our own. */
struct place {
    char endpoint[ROSTER_MAX_TEXT + 1];
    struct link_key broker;
    struct link_key own;
};

struct places {
    struct place v[PLACES_MAX];
    size_t count;
};

/* A connection, or the attempt at one. */
struct dial_line {
    struct session *session;
    struct link_client *client;
    struct place to;
    bool is_up;
    bool is_refused; /* whoever answers there has another key, or does not want ours */
    int64_t since_ms; /* it is up, or down */
};

static bool same_place(const struct place *a, const struct place *b)
{
    return strcmp(a->endpoint, b->endpoint) == 0 &&
           bytes_equal(BYTES_OF_ARRAY(a->broker.b), BYTES_OF_ARRAY(b->broker.b)) &&
           bytes_equal(BYTES_OF_ARRAY(a->own.b), BYTES_OF_ARRAY(b->own.b));
}

/* Its index; count where it is none of them. */
static size_t find_place(const struct places *p, const struct place *one)
{
    size_t i = 0;
    while (i < p->count && !same_place(&p->v[i], one))
        i++;
    return i;
}

/* Whether the broker of the view has this key, at whichever place. */
static bool has_key(const struct places *p, const struct link_key *broker)
{
    size_t i = 0;
    while (i < p->count && !bytes_equal(BYTES_OF_ARRAY(p->v[i].broker.b), BYTES_OF_ARRAY(broker->b)))
        i++;
    return i < p->count;
}

static void add_place(struct places *p, struct bytes endpoint, const struct curve_key *key,
                      const struct agent_keys *keys)
{
    struct place one = {.endpoint = ""};
    if (endpoint.len == 0 || endpoint.len >= sizeof one.endpoint || p->count == PLACES_MAX)
        return;
    memcpy(one.endpoint, endpoint.ptr, endpoint.len);
    _Static_assert(sizeof one.broker.b == sizeof key->b, "one kind of key");
    memcpy(one.broker.b, key->b, sizeof one.broker.b);
    agent_keys_curve(keys, &one.own);
    if (find_place(p, &one) == p->count)
        p->v[p->count++] = one;
}

/* In the order of preference. The place of the configuration comes before that of the roster: it may be a relay of
 * the agency's own. After the overlap the next key is served at the old places, which a view of before does not
 * know yet: therefore they stand here with that key, too. */
static void list_places(const struct session *s, struct places *out)
{
    const struct agent *a = s->agent;
    const struct roster_member *b = view_broker(a->view);
    *out = (struct places){.count = 0};
    if (b == NULL)
        return;
    const struct bytes own = bytes_str(a->config->broker);
    if (roster_has_next(b))
        add_place(out, b->next.endpoint, &b->next.curve, a->keys);
    add_place(out, own, &b->curve, a->keys);
    add_place(out, b->endpoint, &b->curve, a->keys);
    if (!roster_has_next(b))
        return;
    add_place(out, own, &b->next.curve, a->keys);
    add_place(out, b->endpoint, &b->next.curve, a->keys);
}

/* ---- lines ---- */

static void on_message(void *arg, struct bytes data)
{
    const struct dial_line *l = arg;
    if (l == l->session->line)
        session_on_message(l->session, data);
}

static void on_event(void *arg, enum link_event e)
{
    struct dial_line *l = arg;
    if (l->is_up != (e == LINK_CONNECTED))
        l->since_ms = clock_mono_ms();
    l->is_up = e == LINK_CONNECTED;
    l->is_refused = e == LINK_REFUSED || e == LINK_HANDSHAKE_FAILED;
    if (l->is_up)
        l->session->dials = 0;
    if (l == l->session->line)
        session_on_event(l->session, e);
}

static void line_free(struct dial_line *l)
{
    if (l == NULL)
        return;
    link_client_free(l->client);
    free(l);
}

static enum err line_new(struct session *s, const struct place *to, struct dial_line **out,
                         struct errmsg *why)
{
    struct dial_line *l = calloc(1, sizeof *l);
    if (l == NULL)
        return ERR_NOMEM;
    const struct agent *a = s->agent;
    *l = (struct dial_line){.session = s, .to = *to, .since_ms = clock_mono_ms()};
    const struct link_client_params p = {
        .hub = s->hub,
        .loop = a->loop,
        .endpoint = l->to.endpoint,
        .socks5 = a->config->socks5,
        .server_key = to->broker,
        .public_key = to->own,
        .secret = agent_keys_curve_secret(a->keys),
        .ipv6 = true,
        .on_message = on_message,
        .on_event = on_event,
        .arg = l,
    };
    enum err bad = link_client_new(&p, &l->client, why);
    if (bad != ERR_OK) {
        line_free(l);
        return errmsg_wrap(why, bad, "the broker at %s cannot be dialled", to->endpoint);
    }
    *out = l;
    return ERR_OK;
}

enum err session_dial_start(struct session *s, struct errmsg *why)
{
    struct places p;
    list_places(s, &p);
    if (p.count == 0)
        return errmsg_set(why, ERR_NOT_FOUND, "the roster names no broker");
    return line_new(s, &p.v[0], &s->line, why);
}

void session_dial_end(struct session *s)
{
    line_free(s->probe);
    line_free(s->line);
    s->probe = NULL;
    s->line = NULL;
}

enum err session_dial_send(struct session *s, struct bytes frame)
{
    return s->line == NULL ? ERR_STATE : link_client_send(s->line->client, frame);
}

const char *session_dial_place(const struct session *s)
{
    return s->line != NULL ? s->line->to.endpoint : s->agent->config->broker;
}

/* ---- moving ---- */

void session_dial_follow(struct session *s)
{
    struct places p;
    uint32_t draw = 0;
    list_places(s, &p);
    if (s->line == NULL || p.count == 0 || same_place(&p.v[0], &s->line->to))
        return;
    if (random_fill((uint8_t *)&draw, sizeof draw) != ERR_OK)
        draw = 0; /* at once is as good, for one agency */
    s->probe_ms = clock_mono_ms() + (int64_t)(draw % (uint32_t)s->agent->config->retry_most_ms);
}

/* From one line to another: what was under way on the old one is said again on the new. */
static void take_line(struct session *s, struct dial_line *l)
{
    struct dial_line *old = s->line;
    s->line = l;
    s->is_connected = l->is_up;
    session_repair_end(s);
    session_enter(s, l->is_up ? PHASE_HELLO : PHASE_DIALLING, "the broker is dialled at %s now",
                  l->to.endpoint);
    line_free(old);
    if (l->is_up)
        session_send_hello(s);
}

/* The second line: taken once it is up, given up after a while. */
static void look_at_probe(struct session *s, int64_t now_ms)
{
    struct dial_line *l = s->probe;
    if (l->is_up) {
        s->probe = NULL;
        take_line(s, l);
        return;
    }
    if (!l->is_refused && now_ms - l->since_ms < PATIENCE_MS)
        return;
    log_warn("session.next_endpoint_unreachable broker=%s: the present connection stays; is the way there open?",
             l->to.endpoint);
    s->probe = NULL;
    s->probe_ms = now_ms + PROBE_AGAIN_MS;
    line_free(l);
}

static void start_probe(struct session *s, const struct place *to, int64_t now_ms)
{
    struct errmsg why = {""};
    enum err bad = line_new(s, to, &s->probe, &why);
    s->probe_ms = now_ms + PROBE_AGAIN_MS;
    if (bad != ERR_OK)
        log_warn("session.not_dialled reason=\"%s\"", why.text[0] != '\0' ? why.text : err_text(bad));
}

/* Nobody answers: the place after this one. At once where it is none of the view any more or the first to be
 * refused, else after some patience, which grows with each round. */
static void go_on(struct session *s, const struct places *p, int64_t now_ms)
{
    const size_t at = find_place(p, &s->line->to);
    const bool is_listed = at < p->count;
    const unsigned rounds = s->dials / (unsigned)p->count;
    int64_t wait_ms = rounds < 4 ? PATIENCE_MS << rounds : PATIENCE_MAX_MS;
    if (!is_listed || (s->line->is_refused && rounds == 0))
        wait_ms = 0;
    if ((is_listed && p->count == 1) || now_ms - s->line->since_ms < wait_ms)
        return;
    struct dial_line *next = NULL;
    struct errmsg why = {""};
    enum err bad = line_new(s, &p->v[is_listed ? (at + 1) % p->count : 0], &next, &why);
    s->dials++;
    if (next != NULL)
        take_line(s, next);
    else
        log_warn("session.not_dialled reason=\"%s\"", why.text[0] != '\0' ? why.text : err_text(bad));
}

void session_dial_look(struct session *s)
{
    const int64_t now_ms = clock_mono_ms();
    struct places p;
    list_places(s, &p);
    if (s->line == NULL || p.count == 0)
        return;
    if (s->line->is_up && !has_key(&p, &s->line->to.broker))
        go_on(s, &p, now_ms); /* whoever has a key that was struck off is not the broker */
    else if (s->probe != NULL)
        look_at_probe(s, now_ms);
    else if (!s->line->is_up)
        go_on(s, &p, now_ms);
    else if (now_ms >= s->probe_ms && !same_place(&p.v[0], &s->line->to))
        start_probe(s, &p.v[0], now_ms);
}
