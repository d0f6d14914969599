#include "agent/import/sender.h"

#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/session.h"
#include "proto/base/label.h"
#include "proto/base/log.h"
#include "proto/host/loop.h"
#include "proto/host/worker.h"

#define KEEP_MOST 8u
#define WANTED_MOST 4u /* what goes for the first time and what goes again: one each, and who was passed over meanwhile */
#define CHUNK_LIFE_S 600
#define AGAIN_MS 50
#define ARENA_BYTES ((size_t)1 << 20)
#define BODY_MAX ((size_t)2 << 20)

struct kept {
    uint32_t no; /* 0: free */
    struct wire_batch *wire;
};

struct sender {
    struct agent *agent;
    struct handle_code *handles;
    struct loop_timer *timer;
    struct kept kept[KEEP_MOST];
    uint32_t no; /* under way; 0: none */
    struct batch_id id;
    size_t chunk;
    bool is_loading;
    uint32_t wanted[WANTED_MOST]; /* announced while another is loaded or under way, in turn; 0: free */
    sender_lost_fn on_lost;
    void *lost_arg;
};

/* A batch on its way out of the store. */
struct loading {
    struct sender *sender;
    uint32_t no;
    struct agency_half *half;
    struct wire_batch *wire;
};

static void loading_free(struct loading *l)
{
    if (l == NULL)
        return;
    agency_half_free(l->half);
    wire_batch_free(l->wire);
    free(l);
}
DEFINE_CLEANUP(struct loading, loading_free)

static void on_timer(void *arg);

enum err sender_new(struct agent *a, struct sender **out)
{
    CLEANUP(cleanup_sender_free) struct sender *s = calloc(1, sizeof *s);
    CLEANUP(cleanup_secret_free) struct secret *key = NULL;
    if (s == NULL)
        return ERR_NOMEM;
    s->agent = a;
    s->timer = loop_timer_new(a->loop, on_timer, s);
    if (s->timer == NULL)
        return ERR_NOMEM;
    enum err bad = store_derive(a->store, LABEL_STORE_HANDLE, &key);
    if (bad == ERR_OK)
        bad = handle_code_new(key, &s->handles);
    if (bad == ERR_OK)
        *out = take(s);
    return bad;
}

void sender_free(struct sender *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < KEEP_MOST; i++)
        wire_batch_free(s->kept[i].wire);
    loop_timer_free(s->timer);
    handle_code_free(s->handles);
    free(s);
}

void sender_watch(struct sender *s, sender_lost_fn fn, void *arg)
{
    s->on_lost = fn;
    s->lost_arg = arg;
}

static void lose(struct sender *s, uint32_t no, enum err why)
{
    if (s->on_lost != NULL)
        s->on_lost(s->lost_arg, no, why);
}

bool sender_is_busy(const struct sender *s)
{
    return s->is_loading;
}

static struct kept *find(struct sender *s, uint32_t no)
{
    for (size_t i = 0; i < KEEP_MOST; i++)
        if (s->kept[i].no == no)
            return &s->kept[i];
    return NULL;
}

void sender_keep(struct sender *s, uint32_t no, struct wire_batch *wire)
{
    if (wire == NULL)
        return;
    struct kept *place = find(s, no);
    if (place == NULL)
        place = find(s, 0);
    if (place == NULL) /* what goes is made again when it is asked for */
        place = &s->kept[s->kept[0].no == s->no ? 1 : 0];
    wire_batch_free(place->wire);
    *place = (struct kept){no, wire};
}

void sender_forget(struct sender *s, uint32_t no)
{
    struct kept *place = find(s, no);
    if (place != NULL && no != 0) {
        wire_batch_free(place->wire);
        *place = (struct kept){0, NULL};
    }
    for (size_t i = 0; i < WANTED_MOST; i++)
        if (s->wanted[i] == no)
            s->wanted[i] = 0;
    if (s->no == no)
        s->no = 0;
}

/* Its turn comes. Where all places are taken it is announced again later. */
static void want(struct sender *s, uint32_t no)
{
    for (size_t i = 0; i < WANTED_MOST && s->wanted[i] != no; i++) {
        if (s->wanted[i] != 0)
            continue;
        s->wanted[i] = no;
        return;
    }
}

static uint32_t take_wanted(struct sender *s, size_t i)
{
    const uint32_t no = s->wanted[i];
    memmove(&s->wanted[i], &s->wanted[i + 1], (WANTED_MOST - 1 - i) * sizeof s->wanted[0]);
    s->wanted[WANTED_MOST - 1] = 0;
    return no;
}

/* Whoever waits goes on when the loop turns. */
static void plan_wanted(struct sender *s)
{
    for (size_t i = 0; i < WANTED_MOST; i++)
        if (s->wanted[i] != 0)
            loop_timer_after(s->timer, 0);
}

/* One chunk. ERR_AGAIN: the link is full. */
static enum err send_chunk(struct sender *s, const struct wire_batch *wire)
{
    CLEANUP(buf_free) struct buf body = buf_new(BODY_MAX);
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    enum err bad = wire_chunk_encode(wire, &s->id, s->chunk, &body);
    struct session_letter letter = {
        .kind = MSG_BATCH_CHUNK, .body = buf_bytes(&body), .life_s = CHUNK_LIFE_S};
    if (bad == ERR_OK)
        bad = session_wrap(s->agent->session, &letter, &frame);
    if (bad == ERR_OK)
        bad = session_send_frame(s->agent->session, buf_bytes(&frame));
    if (body.ptr != NULL)
        secret_wipe(body.ptr, body.len);
    return bad;
}

static void send_next(struct sender *s)
{
    const struct kept *k = s->no != 0 ? find(s, s->no) : NULL;
    if (k == NULL) {
        s->no = 0; /* it is made again when it is announced again */
        plan_wanted(s);
        return;
    }
    const size_t chunks = wire_chunks(k->wire);
    enum err bad = ERR_OK;
    while (bad == ERR_OK && s->chunk < chunks) {
        bad = send_chunk(s, k->wire);
        if (bad == ERR_OK)
            s->chunk++;
    }
    if (bad == ERR_AGAIN) {
        loop_timer_after(s->timer, AGAIN_MS);
        return;
    }
    if (bad != ERR_OK && bad != ERR_STATE) /* the outbox announces the batch again */
        log_warn("import.chunk_not_sent error=\"%s\"", err_text(bad));
    s->no = 0;
    plan_wanted(s);
}

/* ---- out of the store ---- */

static enum err load(void *arg)
{
    struct loading *l = arg;
    const struct wire_source source = {l->sender->agent->store, l->half, l->sender->handles};
    return wire_load(&source, l->no, &l->wire);
}

static void loaded(enum err result, void *arg)
{
    CLEANUP(cleanup_loading_free) struct loading *l = arg;
    struct sender *s = l->sender;
    s->is_loading = false;
    if (result == ERR_OK)
        sender_keep(s, l->no, take(l->wire));
    else if (result != ERR_NOT_FOUND)
        log_err("import.batch_not_read batch=%u error=\"%s\"", l->no, err_text(result));
    if (result == ERR_OK)
        sender_start(s, l->no);
    else
        lose(s, l->no, result);
    plan_wanted(s);
}

/* The header of a batch of ours; *is_end where no chunk follows. */
static enum err read_header(struct sender *s, uint32_t no, struct batch_header *out)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ARENA_BYTES);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct batch_row row;
    struct errmsg why;
    if (a == NULL)
        return ERR_NOMEM;
    enum err bad = kv_read_begin(s->agent->kv, &txn);
    if (bad == ERR_OK)
        bad = batch_row_get(s->agent->store, txn, no, a, &row);
    return bad == ERR_OK ? batch_header_decode(row.header, a, out, &why) : bad;
}

static enum err start_loading(struct sender *s, uint32_t no, const struct batch_header *h)
{
    const struct agency_half *half = agent_half(s->agent, &h->purpose, h->epoch, false);
    if (half == NULL)
        return ERR_NOT_FOUND;
    CLEANUP(cleanup_loading_free) struct loading *l = calloc(1, sizeof *l);
    if (l == NULL)
        return ERR_NOMEM;
    l->sender = s;
    l->no = no;
    enum err bad = agency_half_copy(half, &l->half);
    if (bad == ERR_OK)
        bad = worker_submit(s->agent->workers, load, loaded, l);
    if (bad != ERR_OK)
        return bad;
    l = NULL;
    s->is_loading = true;
    return ERR_OK;
}

void sender_start(struct sender *s, uint32_t no)
{
    struct batch_header h;
    if (s->no == no)
        return; /* its chunks are going out */
    if (s->is_loading || s->no != 0) {
        want(s, no);
        return;
    }
    enum err bad = read_header(s, no, &h);
    if (bad == ERR_OK && h.kind == BATCH_END)
        return;
    if (bad == ERR_OK && find(s, no) == NULL)
        bad = start_loading(s, no, &h);
    if (bad != ERR_OK) {
        log_warn("import.batch_not_sent batch=%u error=\"%s\"", no, err_text(bad));
        lose(s, no, bad);
        return;
    }
    if (s->is_loading)
        return;
    s->no = no;
    s->id = h.batch_id;
    s->chunk = 0;
    send_next(s);
}

static void on_timer(void *arg)
{
    struct sender *s = arg;
    for (size_t i = 0; i < WANTED_MOST && s->no == 0 && !s->is_loading; i++)
        if (s->wanted[i] != 0)
            sender_start(s, take_wanted(s, i));
    if (s->no != 0)
        send_next(s);
}
