/* A request's floor: a bare CURVE round trip, two bare synchronous LMDB commits, and beside them
 * the product's own path (link, loop, writer with one commit, link). Prints medians, 99th
 * percentiles and the ratio to the yardstick "round trip + two commits". */
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "proto/host/clock.h"
#include "proto/host/kv.h"
#include "proto/host/link.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"
#include "tests/unit/host/host_tmp.h"

#define MESSAGE_BYTES 1024
#define WARM_UP 50

struct pair {
    struct link_key pub;
    uint8_t secret[32];
};

struct series {
    int64_t *ns;
    size_t count;
    size_t want; /* with the warm-up */
};

static void die(const char *what)
{
    fprintf(stderr, "bench_link: %s\n", what);
    exit(1);
}

static void need(bool ok, const char *what)
{
    if (!ok)
        die(what);
}

static struct pair new_pair(void)
{
    struct pair p;
    char pub[41];
    char secret[41];
    need(zmq_curve_keypair(pub, secret) == 0 && zmq_z85_decode(p.pub.b, pub) != NULL &&
             zmq_z85_decode(p.secret, secret) != NULL,
         "no CURVE");
    return p;
}

static struct series series_new(size_t want)
{
    struct series s = {.ns = calloc(want + WARM_UP, sizeof(int64_t)), .want = want + WARM_UP};
    need(s.ns != NULL, "memory");
    return s;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double percentile_us(const struct series *s, unsigned percent)
{
    size_t n = s->count - WARM_UP;
    return (double)s->ns[WARM_UP + (n - 1) * percent / 100] / 1000;
}

static void finish(struct series *s, const char *name)
{
    qsort(s->ns + WARM_UP, s->count - WARM_UP, sizeof(int64_t), by_value);
    printf("%-46s p50 %8.1f us  p99 %8.1f us\n", name, percentile_us(s, 50), percentile_us(s, 99));
}

/* --- the bare round trip: nothing of ours, echo thread --- */
struct bare {
    void *context;
    void *router;
};

static void *echo_main(void *arg)
{
    const struct bare *b = arg;
    static uint8_t data[MESSAGE_BYTES];
    uint8_t id[256];
    for (;;) {
        int n = zmq_recv(b->router, id, sizeof id, 0);
        if (n < 0 || zmq_recv(b->router, data, sizeof data, 0) < 0)
            break;
        if (zmq_send(b->router, id, (size_t)n, ZMQ_SNDMORE) < 0 ||
            zmq_send(b->router, data, sizeof data, 0) < 0)
            break;
    }
    zmq_close(b->router);
    return NULL;
}

static void *bare_dealer(const struct bare *b, const struct pair *server)
{
    struct pair keys = new_pair();
    int one = 1;
    int zero = 0;
    char endpoint[128];
    size_t size = sizeof endpoint;
    void *d = zmq_socket(b->context, ZMQ_DEALER);
    need(zmq_setsockopt(b->router, ZMQ_CURVE_SERVER, &one, sizeof one) == 0 &&
             zmq_setsockopt(b->router, ZMQ_CURVE_SECRETKEY, server->secret, 32) == 0 &&
             zmq_setsockopt(b->router, ZMQ_LINGER, &zero, sizeof zero) == 0 &&
             zmq_bind(b->router, "tcp://127.0.0.1:*") == 0 &&
             zmq_getsockopt(b->router, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0,
         "bare router");
    need(zmq_setsockopt(d, ZMQ_CURVE_SERVERKEY, server->pub.b, 32) == 0 &&
             zmq_setsockopt(d, ZMQ_CURVE_PUBLICKEY, keys.pub.b, 32) == 0 &&
             zmq_setsockopt(d, ZMQ_CURVE_SECRETKEY, keys.secret, 32) == 0 &&
             zmq_setsockopt(d, ZMQ_LINGER, &zero, sizeof zero) == 0 &&
             zmq_connect(d, endpoint) == 0,
         "bare dealer");
    return d;
}

static struct series bare_round_trips(size_t count)
{
    static uint8_t data[MESSAGE_BYTES];
    struct series s = series_new(count);
    struct pair server = new_pair();
    struct bare b = {.context = zmq_ctx_new()};
    pthread_t thread;
    b.router = zmq_socket(b.context, ZMQ_ROUTER);
    void *dealer = bare_dealer(&b, &server);
    need(pthread_create(&thread, NULL, echo_main, &b) == 0, "thread");
    for (; s.count < s.want; s.count++) {
        int64_t start = clock_mono_ns();
        need(zmq_send(dealer, data, sizeof data, 0) >= 0 &&
                 zmq_recv(dealer, data, sizeof data, 0) >= 0,
             "bare round trip");
        s.ns[s.count] = clock_mono_ns() - start;
    }
    zmq_close(dealer);
    zmq_ctx_shutdown(b.context);
    pthread_join(thread, NULL);
    zmq_ctx_term(b.context);
    return s;
}

/* --- two bare commits --- */
static void bare_commit(MDB_env *env, MDB_dbi dbi, uint64_t n)
{
    static uint8_t data[MESSAGE_BYTES];
    MDB_txn *t = NULL;
    MDB_val k = {sizeof n, &n};
    MDB_val v = {sizeof data, data};
    need(mdb_txn_begin(env, NULL, 0, &t) == 0 && mdb_put(t, dbi, &k, &v, 0) == 0 &&
             mdb_txn_commit(t) == 0,
         "bare commit");
}

static struct series bare_commits(struct host_tmp *tmp, size_t count)
{
    struct series s = series_new(count);
    const char *dir = host_tmp_path(tmp, "bare");
    MDB_env *env = NULL;
    MDB_txn *t = NULL;
    MDB_dbi dbi = 0;
    need(mkdir(dir, 0700) == 0 && mdb_env_create(&env) == 0 &&
             mdb_env_set_mapsize(env, 1u << 30) == 0 && mdb_env_open(env, dir, 0, 0600) == 0 &&
             mdb_txn_begin(env, NULL, 0, &t) == 0 && mdb_dbi_open(t, NULL, 0, &dbi) == 0 &&
             mdb_txn_commit(t) == 0,
         "bare store");
    for (; s.count < s.want; s.count++) {
        int64_t start = clock_mono_ns();
        bare_commit(env, dbi, 2 * s.count);
        bare_commit(env, dbi, 2 * s.count + 1);
        s.ns[s.count] = clock_mono_ns() - start;
    }
    mdb_env_close(env);
    return s;
}

/* --- the product: a server on a thread of its own, a client here --- */
struct server {
    struct loop *loop;
    struct link_server *link;
    struct writer *writer;
    struct kv *kv;
    struct kv_table table;
};

struct request {
    struct server *server;
    struct link_route route;
    uint64_t key;
    uint8_t data[MESSAGE_BYTES];
};

static enum err store_request(struct kv_txn *txn, void *arg)
{
    const struct request *r = arg;
    return kv_put(txn, r->server->table, bytes_of(&r->key, sizeof r->key), BYTES_OF_ARRAY(r->data));
}

static void answer(enum err result, void *arg)
{
    struct request *r = arg;
    need(result == ERR_OK &&
             link_server_send(r->server->link, &r->route, BYTES_OF_ARRAY(r->data)) == ERR_OK,
         "answer");
    free(r);
}

static void on_request(void *arg, const struct link_message *m)
{
    static uint64_t next;
    struct request *r = calloc(1, sizeof *r);
    need(r != NULL && m->data.len == sizeof r->data, "request");
    r->server = arg;
    r->route = m->route;
    r->key = next++;
    memcpy(r->data, m->data.ptr, m->data.len);
    need(writer_submit(r->server->writer, WRITER_INTERACTIVE, store_request, answer, r) == ERR_OK,
         "submit");
}

static enum err give_secret(void *arg, uint8_t secret[LINK_KEY_BYTES])
{
    memcpy(secret, ((const struct pair *)arg)->secret, LINK_KEY_BYTES);
    return ERR_OK;
}

static void *server_main(void *arg)
{
    need(loop_run(((struct server *)arg)->loop) == ERR_OK, "server loop");
    return NULL;
}

struct client {
    struct loop *loop;
    struct link_client *link;
    struct series series;
    int64_t sent_ns;
};

static void ask(struct client *c)
{
    static uint8_t data[MESSAGE_BYTES];
    c->sent_ns = clock_mono_ns();
    need(link_client_send(c->link, BYTES_OF_ARRAY(data)) == ERR_OK, "ask");
}

static void on_answer(void *arg, struct bytes data)
{
    struct client *c = arg;
    (void)data;
    c->series.ns[c->series.count++] = clock_mono_ns() - c->sent_ns;
    if (c->series.count == c->series.want)
        loop_quit(c->loop);
    else
        ask(c);
}

static void start_server(struct server *s, struct link_hub *hub, struct pair *keys, const char *dir)
{
    const struct kv_params kp = {.dir = dir, .map_bytes = 1u << 30};
    need(kv_open(&kp, &s->kv, NULL) == ERR_OK && kv_table_open(s->kv, "t", &s->table) == ERR_OK &&
             loop_new(&s->loop) == ERR_OK,
         "server");
    const struct writer_params wp = {.kv = s->kv, .loop = s->loop};
    const struct link_server_params lp = {.hub = hub,
                                          .loop = s->loop,
                                          .endpoint = "tcp://127.0.0.1:*",
                                          .secret = {give_secret, keys},
                                          .on_message = on_request,
                                          .arg = s};
    need(writer_new(&wp, &s->writer) == ERR_OK && link_server_new(&lp, &s->link, NULL) == ERR_OK,
         "server");
}

static struct series product(struct host_tmp *tmp, size_t count)
{
    struct pair server_keys = new_pair();
    struct pair keys = new_pair();
    struct link_hub *hub = NULL;
    struct server s = {0};
    struct client c = {.series = series_new(count)};
    pthread_t thread;
    need(link_hub_new(&hub) == ERR_OK && link_hub_allow(hub, &keys.pub, 1) == ERR_OK &&
             loop_new(&c.loop) == ERR_OK,
         "hub");
    start_server(&s, hub, &server_keys, host_tmp_path(tmp, "ours"));
    const struct link_client_params cp = {.hub = hub,
                                          .loop = c.loop,
                                          .endpoint = link_server_endpoint(s.link),
                                          .server_key = server_keys.pub,
                                          .public_key = keys.pub,
                                          .secret = {give_secret, &keys},
                                          .on_message = on_answer,
                                          .arg = &c};
    need(link_client_new(&cp, &c.link, NULL) == ERR_OK &&
             pthread_create(&thread, NULL, server_main, &s) == 0,
         "client");
    ask(&c);
    need(loop_run(c.loop) == ERR_OK, "client loop");
    loop_quit(s.loop);
    pthread_join(thread, NULL);
    link_client_free(c.link);
    writer_free(s.writer);
    link_server_free(s.link);
    link_hub_free(hub);
    loop_free(c.loop);
    loop_free(s.loop);
    kv_free(s.kv);
    return c.series;
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
    need(count >= 100 && count <= 1000000, "usage: bench_link [100..1000000]");
    struct host_tmp tmp;
    host_tmp_make(&tmp);
    struct series trip = bare_round_trips(count);
    struct series commits = bare_commits(&tmp, count);
    struct series ours = product(&tmp, count);
    finish(&trip, "bare CURVE round trip");
    finish(&commits, "two bare synchronous LMDB commits");
    finish(&ours, "link + loop + writer (one commit) + link");
    double p50 = percentile_us(&trip, 50) + percentile_us(&commits, 50);
    double p99 = percentile_us(&trip, 99) + percentile_us(&commits, 99);
    printf("ratio to the yardstick (trip + two commits)    p50 %8.2f     p99 %8.2f\n",
           percentile_us(&ours, 50) / p50, percentile_us(&ours, 99) / p99);
    free(trip.ns);
    free(commits.ns);
    free(ours.ns);
    host_tmp_remove(&tmp);
    return 0;
}
