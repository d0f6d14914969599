/* proto/host/link: who gets in, who is reported as whom, what is cut off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>
#include <cmocka.h>

#include "proto/base/buf.h"
#include "proto/host/clock.h"
#include "proto/host/link.h"
#include "proto/host/loop.h"

#define WAIT_MS 5000

struct pair {
    struct link_key pub;
    uint8_t secret[32];
};

struct got {
    unsigned count;
    struct link_key peer;
    struct link_route route;
    struct buf last;
};

struct peer {
    struct link_client *client;
    unsigned messages;
    unsigned events[LINK_DISCONNECTED + 1];
    struct buf last;
};

struct fixture {
    struct loop *loop;
    struct link_hub *hub;
    struct link_server *server;
    struct pair server_keys;
    struct got got;
};

static struct pair new_pair(void)
{
    struct pair p;
    char pub[41];
    char secret[41];
    if (zmq_curve_keypair(pub, secret) != 0 || zmq_z85_decode(p.pub.b, pub) == NULL ||
        zmq_z85_decode(p.secret, secret) == NULL)
        abort();
    return p;
}

static enum err give_secret(void *arg, uint8_t secret[LINK_KEY_BYTES])
{
    const struct pair *p = arg;
    memcpy(secret, p->secret, sizeof p->secret);
    return ERR_OK;
}

static enum err give_nothing(void *arg, uint8_t secret[LINK_KEY_BYTES])
{
    (void)arg;
    memset(secret, 0, LINK_KEY_BYTES);
    return ERR_NOT_FOUND;
}

static void on_request(void *arg, const struct link_message *m)
{
    struct got *g = arg;
    g->count++;
    g->peer = m->peer;
    g->route = m->route;
    buf_reset(&g->last);
    buf_put(&g->last, m->data);
}

static void on_reply(void *arg, struct bytes data)
{
    struct peer *p = arg;
    p->messages++;
    buf_reset(&p->last);
    buf_put(&p->last, data);
}

static void on_event(void *arg, enum link_event e)
{
    struct peer *p = arg;
    p->events[e]++;
}

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.server_keys = new_pair(), .got.last = buf_new(LINK_MESSAGE_MAX)};
    if (loop_new(&f.loop) != ERR_OK || link_hub_new(&f.hub) != ERR_OK)
        return -1;
    const struct link_server_params p = {
        .hub = f.hub,
        .loop = f.loop,
        .endpoint = "tcp://127.0.0.1:*",
        .secret = {give_secret, &f.server_keys},
        .on_message = on_request,
        .arg = &f.got,
    };
    *state = &f;
    return link_server_new(&p, &f.server, NULL) == ERR_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    link_server_free(f->server);
    link_hub_free(f->hub);
    loop_free(f->loop);
    buf_free(&f->got.last);
    return 0;
}

static struct link_client_params params_for(struct fixture *f, struct peer *p, struct pair *keys)
{
    *p = (struct peer){.last = buf_new(LINK_MESSAGE_MAX)};
    return (struct link_client_params){
        .hub = f->hub,
        .loop = f->loop,
        .endpoint = link_server_endpoint(f->server),
        .server_key = f->server_keys.pub,
        .public_key = keys->pub,
        .secret = {give_secret, keys},
        .on_message = on_reply,
        .on_event = on_event,
        .arg = p,
    };
}

static void open_peer(struct fixture *f, struct peer *p, struct pair *keys)
{
    const struct link_client_params cp = params_for(f, p, keys);
    assert_int_equal(link_client_new(&cp, &p->client, NULL), ERR_OK);
}

static void close_peer(struct peer *p)
{
    link_client_free(p->client);
    buf_free(&p->last);
}

/* Turns the loop until *what reaches want. */
static void await(struct fixture *f, const unsigned *what, unsigned want)
{
    int64_t until = clock_mono_ms() + WAIT_MS;
    while (*what < want && clock_mono_ms() < until)
        assert_int_equal(loop_turn(f->loop, 50), ERR_OK);
    assert_int_equal(*what, want);
}

static void turn_for(struct fixture *f, int64_t ms)
{
    int64_t until = clock_mono_ms() + ms;
    while (clock_mono_ms() < until)
        assert_int_equal(loop_turn(f->loop, 10), ERR_OK);
}

static bool same_key(const struct link_key *a, const struct link_key *b)
{
    return bytes_equal(BYTES_OF_ARRAY(a->b), BYTES_OF_ARRAY(b->b));
}

static void test_each_message_carries_the_key_that_was_proven(void **state)
{
    struct fixture *f = *state;
    struct pair keys[3] = {new_pair(), new_pair(), new_pair()};
    const struct link_key allowed[] = {keys[0].pub, keys[1].pub, keys[2].pub};
    assert_int_equal(link_hub_allow(f->hub, allowed, ARRAY_LEN(allowed)), ERR_OK);
    struct peer peers[3];
    for (size_t i = 0; i < 3; i++)
        open_peer(f, &peers[i], &keys[i]);
    unsigned sent = 0;
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < 3; i++) {
            struct bytes question = bytes_of("abc" + i, 1);
            assert_int_equal(link_client_send(peers[i].client, question), ERR_OK);
            await(f, &f->got.count, ++sent);
            assert_true(same_key(&f->got.peer, &keys[i].pub));
            assert_true(bytes_equal(buf_bytes(&f->got.last), question));
            assert_int_equal(link_server_send(f->server, &f->got.route, bytes_str("answer")),
                             ERR_OK);
            await(f, &peers[i].messages, (unsigned)round + 1);
            assert_true(bytes_is(buf_bytes(&peers[i].last), "answer"));
        }
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(peers[i].events[LINK_CONNECTED], 1);
        assert_true(link_client_is_connected(peers[i].client));
        close_peer(&peers[i]);
    }
    assert_int_equal(link_server_dropped(f->server), 0);
}

static void test_an_unknown_key_is_refused_and_told(void **state)
{
    struct fixture *f = *state;
    struct pair keys = new_pair();
    struct pair other = new_pair();
    struct peer p;
    assert_int_equal(link_hub_allow(f->hub, &other.pub, 1), ERR_OK);
    open_peer(f, &p, &keys);
    assert_int_equal(link_client_send(p.client, bytes_str("let me in")), ERR_OK);
    await(f, &p.events[LINK_REFUSED], 1);
    turn_for(f, 200);
    assert_int_equal(f->got.count, 0);
    assert_false(link_client_is_connected(p.client));
    assert_true(link_hub_refused(f->hub) >= 1);
    assert_int_equal(p.events[LINK_CONNECTED], 0);
    close_peer(&p);
}

static void test_nobody_is_allowed_before_the_list_is_set(void **state)
{
    struct fixture *f = *state;
    struct pair keys = new_pair();
    struct peer p;
    open_peer(f, &p, &keys);
    await(f, &p.events[LINK_REFUSED], 1);
    close_peer(&p);
}

static void test_a_key_that_is_struck_off_cannot_come_back(void **state)
{
    struct fixture *f = *state;
    struct pair keys = new_pair();
    struct peer p;
    assert_int_equal(link_hub_allow(f->hub, &keys.pub, 1), ERR_OK);
    open_peer(f, &p, &keys);
    assert_int_equal(link_client_send(p.client, bytes_str("1")), ERR_OK);
    await(f, &f->got.count, 1);
    assert_int_equal(link_hub_allow(f->hub, NULL, 0), ERR_OK);
    /* The open connection goes on (ZAP runs at the handshake only): the caller checks each message.
     */
    assert_int_equal(link_client_send(p.client, bytes_str("2")), ERR_OK);
    await(f, &f->got.count, 2);
    assert_true(same_key(&f->got.peer, &keys.pub));
    close_peer(&p);
    open_peer(f, &p, &keys);
    assert_int_equal(link_client_send(p.client, bytes_str("3")), ERR_OK);
    await(f, &p.events[LINK_REFUSED], 1);
    assert_int_equal(f->got.count, 2);
    close_peer(&p);
}

static void test_a_wrong_broker_key_is_a_failed_handshake(void **state)
{
    struct fixture *f = *state;
    struct pair keys = new_pair();
    struct pair wrong = new_pair();
    struct peer p;
    assert_int_equal(link_hub_allow(f->hub, &keys.pub, 1), ERR_OK);
    struct link_client_params cp = params_for(f, &p, &keys);
    cp.server_key = wrong.pub;
    assert_int_equal(link_client_new(&cp, &p.client, NULL), ERR_OK);
    await(f, &p.events[LINK_HANDSHAKE_FAILED], 1);
    assert_int_equal(p.events[LINK_CONNECTED], 0);
    close_peer(&p);
}

static void test_the_self_test_passes_here(void **state)
{
    struct fixture *f = *state;
    struct errmsg why = {0};
    enum err e = link_server_self_test(f->server, WAIT_MS, &why);
    assert_string_equal(why.text, "");
    assert_int_equal(e, ERR_OK);
    turn_for(f, 50);
    assert_int_equal(f->got.count, 0);
}

/* A server as libzmq makes it by default: CURVE, and no handler that looks at keys. */
static void test_the_self_test_finds_an_open_server(void **state)
{
    struct fixture *f = *state;
    void *ctx = zmq_ctx_new();
    void *open = zmq_socket(ctx, ZMQ_ROUTER);
    int one = 1;
    int zero = 0;
    char endpoint[128];
    size_t size = sizeof endpoint;
    assert_int_equal(zmq_setsockopt(open, ZMQ_CURVE_SERVER, &one, sizeof one), 0);
    assert_int_equal(zmq_setsockopt(open, ZMQ_LINGER, &zero, sizeof zero), 0);
    assert_int_equal(zmq_setsockopt(open, ZMQ_CURVE_SECRETKEY, f->server_keys.secret, 32), 0);
    assert_int_equal(zmq_bind(open, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(open, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    struct errmsg why = {0};
    assert_int_equal(link_hub_check_closed(f->hub, endpoint, &f->server_keys.pub, WAIT_MS, &why),
                     ERR_STATE);
    assert_non_null(strstr(why.text, "random key"));
    zmq_close(open);
    zmq_ctx_term(ctx);
    assert_int_equal(
        link_hub_check_closed(f->hub, "tcp://127.0.0.1:1", &f->server_keys.pub, 300, &why),
        ERR_EXPIRED);
}

static void test_a_route_that_is_gone_is_unreachable(void **state)
{
    struct fixture *f = *state;
    struct pair keys = new_pair();
    struct peer p;
    assert_int_equal(link_hub_allow(f->hub, &keys.pub, 1), ERR_OK);
    open_peer(f, &p, &keys);
    assert_int_equal(link_client_send(p.client, bytes_str("1")), ERR_OK);
    await(f, &f->got.count, 1);
    struct link_route first = f->got.route;
    close_peer(&p);
    turn_for(f, 300);
    assert_int_equal(link_server_send(f->server, &first, bytes_str("late")), ERR_UNREACHABLE);
    open_peer(f, &p, &keys);
    assert_int_equal(link_client_send(p.client, bytes_str("2")), ERR_OK);
    await(f, &f->got.count, 2);
    assert_false(bytes_equal(BYTES_OF_ARRAY(first.b), BYTES_OF_ARRAY(f->got.route.b)));
    const struct link_route none = {{0, 9, 9, 9, 9}};
    assert_int_equal(link_server_send(f->server, &none, bytes_str("x")), ERR_UNREACHABLE);
    close_peer(&p);
}

/* A peer that does not use our client: an allowed key, but its own ideas. */
static void *raw_client(struct fixture *f, const struct pair *keys, void *ctx, const char *own_id)
{
    void *s = zmq_socket(ctx, ZMQ_DEALER);
    int zero = 0;
    assert_int_equal(zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof zero), 0);
    if (keys != NULL) {
        assert_int_equal(zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, f->server_keys.pub.b, 32), 0);
        assert_int_equal(zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, keys->pub.b, 32), 0);
        assert_int_equal(zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, keys->secret, 32), 0);
    }
    if (own_id != NULL)
        assert_int_equal(zmq_setsockopt(s, ZMQ_ROUTING_ID, own_id, strlen(own_id)), 0);
    assert_int_equal(zmq_connect(s, link_server_endpoint(f->server)), 0);
    return s;
}

static void test_oversized_and_odd_messages_never_arrive(void **state)
{
    struct fixture *f = *state;
    struct pair keys = new_pair();
    void *ctx = zmq_ctx_new();
    size_t big = LINK_MESSAGE_MAX + 1;
    char *data = calloc(1, big + 100000);
    assert_non_null(data);
    assert_int_equal(link_hub_allow(f->hub, &keys.pub, 1), ERR_OK);
    void *plain = raw_client(f, NULL, ctx, NULL);
    void *named = raw_client(f, &keys, ctx, "mine");
    void *pairs = raw_client(f, &keys, ctx, NULL);
    void *large = raw_client(f, &keys, ctx, NULL);
    void *huge = raw_client(f, &keys, ctx, NULL);
    assert_int_equal(zmq_send(plain, "x", 1, 0), 1);
    assert_int_equal(zmq_send(named, "x", 1, 0), 1);
    assert_int_equal(zmq_send(pairs, "x", 1, ZMQ_SNDMORE), 1);
    assert_int_equal(zmq_send(pairs, "y", 1, ZMQ_SNDMORE), 1);
    assert_int_equal(zmq_send(pairs, "z", 1, 0), 1);
    assert_int_equal(zmq_send(large, data, big, 0), big);
    assert_int_equal(zmq_send(huge, data, big + 100000, 0), big + 100000);
    int64_t until = clock_mono_ms() + WAIT_MS;
    while (link_server_dropped(f->server) < 3 && clock_mono_ms() < until)
        turn_for(f, 20);
    turn_for(f, 300);
    assert_int_equal(link_server_dropped(f->server), 3); /* named, pairs, large; huge is cut off */
    assert_int_equal(f->got.count, 0);
    assert_int_equal(zmq_send(pairs, "good", 4, 0), 4);
    await(f, &f->got.count, 1);
    assert_true(bytes_is(buf_bytes(&f->got.last), "good"));
    void *all[] = {plain, named, pairs, large, huge};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        zmq_close(all[i]);
    zmq_ctx_term(ctx);
    free(data);
}

static void test_the_largest_message_passes_both_ways(void **state)
{
    struct fixture *f = *state;
    struct pair keys = new_pair();
    struct peer p;
    uint8_t *data = malloc(LINK_MESSAGE_MAX + 1);
    assert_non_null(data);
    memset(data, 0x5a, LINK_MESSAGE_MAX + 1);
    struct bytes most = bytes_of(data, LINK_MESSAGE_MAX);
    struct bytes over = bytes_of(data, LINK_MESSAGE_MAX + 1);
    assert_int_equal(link_hub_allow(f->hub, &keys.pub, 1), ERR_OK);
    open_peer(f, &p, &keys);
    assert_int_equal(link_client_send(p.client, over), ERR_TOO_LARGE);
    assert_int_equal(link_client_send(p.client, most), ERR_OK);
    await(f, &f->got.count, 1);
    assert_true(bytes_equal(buf_bytes(&f->got.last), most));
    assert_int_equal(link_server_send(f->server, &f->got.route, over), ERR_TOO_LARGE);
    assert_int_equal(link_server_send(f->server, &f->got.route, most), ERR_OK);
    await(f, &p.messages, 1);
    assert_true(bytes_equal(buf_bytes(&p.last), most));
    close_peer(&p);
    free(data);
}

static void test_bursts_arrive_whole_though_the_descriptor_is_edge_triggered(void **state)
{
    struct fixture *f = *state;
    struct pair keys = new_pair();
    struct peer p;
    assert_int_equal(link_hub_allow(f->hub, &keys.pub, 1), ERR_OK);
    open_peer(f, &p, &keys);
    unsigned sent = 0;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 500; i++, sent++)
            assert_int_equal(link_client_send(p.client, bytes_str("m")), ERR_OK);
        await(f, &f->got.count, sent);
        for (int i = 0; i < 100; i++)
            assert_int_equal(link_server_send(f->server, &f->got.route, bytes_str("r")), ERR_OK);
        await(f, &p.messages, (unsigned)(round + 1) * 100);
    }
    close_peer(&p);
}

static void test_full_queues_and_pauses_hold_messages_back(void **state)
{
    struct fixture *f = *state;
    struct pair keys = new_pair();
    struct pair stranger = new_pair();
    struct peer p;
    struct link_client_params cp = params_for(f, &p, &stranger); /* never gets in */
    cp.hwm = 5;
    assert_int_equal(link_client_new(&cp, &p.client, NULL), ERR_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(link_client_send(p.client, bytes_str("m")), ERR_OK);
    assert_int_equal(link_client_send(p.client, bytes_str("m")), ERR_AGAIN);
    close_peer(&p);
    assert_int_equal(link_hub_allow(f->hub, &keys.pub, 1), ERR_OK);
    open_peer(f, &p, &keys);
    link_server_pause(f->server, true);
    assert_int_equal(link_client_send(p.client, bytes_str("later")), ERR_OK);
    turn_for(f, 300);
    assert_int_equal(f->got.count, 0);
    link_server_pause(f->server, false);
    await(f, &f->got.count, 1);
    close_peer(&p);
}

static void test_bad_secrets_and_endpoints_are_errors(void **state)
{
    struct fixture *f = *state;
    struct pair keys = new_pair();
    struct pair other = new_pair();
    struct peer p;
    struct link_client_params cp = params_for(f, &p, &keys);
    cp.public_key = other.pub;
    assert_int_equal(link_client_new(&cp, &p.client, NULL), ERR_MISMATCH);
    cp = params_for(f, &p, &keys);
    cp.secret.fill = give_nothing;
    assert_int_equal(link_client_new(&cp, &p.client, NULL), ERR_NOT_FOUND);
    cp = params_for(f, &p, &keys);
    cp.endpoint = "nonsense";
    struct errmsg why = {0};
    assert_int_equal(link_client_new(&cp, &p.client, &why), ERR_CONFIG);
    assert_non_null(strstr(why.text, "nonsense"));
    struct link_server *second = NULL;
    const struct link_server_params sp = {
        .hub = f->hub,
        .loop = f->loop,
        .endpoint = link_server_endpoint(f->server),
        .secret = {give_secret, &f->server_keys},
        .on_message = on_request,
        .arg = &f->got,
    };
    assert_int_equal(link_server_new(&sp, &second, &why), ERR_IO);
    assert_non_null(strstr(why.text, "in use"));
    assert_true(same_key(link_server_key(f->server), &f->server_keys.pub));
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_each_message_carries_the_key_that_was_proven),
        CASE(test_an_unknown_key_is_refused_and_told),
        CASE(test_nobody_is_allowed_before_the_list_is_set),
        CASE(test_a_key_that_is_struck_off_cannot_come_back),
        CASE(test_a_wrong_broker_key_is_a_failed_handshake),
        CASE(test_the_self_test_passes_here),
        CASE(test_the_self_test_finds_an_open_server),
        CASE(test_a_route_that_is_gone_is_unreachable),
        CASE(test_oversized_and_odd_messages_never_arrive),
        CASE(test_the_largest_message_passes_both_ways),
        CASE(test_bursts_arrive_whole_though_the_descriptor_is_edge_triggered),
        CASE(test_full_queues_and_pauses_hold_messages_back),
        CASE(test_bad_secrets_and_endpoints_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
