#include "broker/aside.h"

#include <stdlib.h>

#include "broker/mailbox_internal.h"
#include "broker/store/mail.h"
#include "broker/store/match_rows.h"
#include "pki/digest.h"
#include "pki/vault.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/crash.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"
#include "proto/msg/request.h"

#define TICK_MS 250
#define BACK_EVERY_MS 60000 /* also where no view says that anything changed */
#define SLICE_ITEMS 64u
#define ARENA_BYTES ((size_t)16 << 20)

struct aside {
    struct broker *broker;
    struct loop_timer *timer;
    struct arena *arena; /* store thread */
    struct view *view;   /* that the last look was under; a reference of its own */
    struct aside_walk walk;
    bool is_working;
    bool is_walking;
    bool has_out;
    bool has_back;
    int64_t back_ms;
};

/* One item on its way. */
struct moving {
    struct broker *broker;
    struct kv_txn *txn;
    struct arena *arena;
    const struct aside_walk *walk;
    uint64_t sequence;
    struct bytes plain; /* behind the seal of the mailbox: kind, content */
    struct mailbox_held_by by;
};

/* ---- one item: store thread ---- */

static enum err open_item(struct moving *g, struct bytes sealed)
{
    uint8_t storage[MAIL_ROW_PLACE_BYTES];
    struct buf place = buf_fixed(storage, sizeof storage);
    uint8_t *room = arena_alloc(g->arena, sealed.len);
    if (room == NULL)
        return ERR_NOMEM;
    struct buf plain = buf_fixed(room, sealed.len);
    mail_place(&g->walk->to, g->sequence, &place);
    enum err e = vault_open(g->broker->mailboxes->p.mail, buf_bytes(&place), sealed, &plain);
    g->plain = buf_bytes(&plain);
    return e;
}

static enum err put_in(const struct moving *g, uint64_t sequence)
{
    uint8_t storage[MAIL_ROW_PLACE_BYTES];
    struct buf place = buf_fixed(storage, sizeof storage);
    CLEANUP(buf_free) struct buf sealed = buf_new(g->plain.len + AEAD_OVERHEAD_BYTES);
    const struct mailboxes *m = g->broker->mailboxes;
    mail_place(&g->walk->to, sequence, &place);
    enum err e = vault_seal(m->p.mail, buf_bytes(&place), g->plain, &sealed);
    const struct mail_move mv = {
        .to = &g->walk->to, .from = g->sequence, .sequence = sequence, .sealed = buf_bytes(&sealed)};
    if (e == ERR_OK)
        e = mail_move(m->p.store, g->txn, &mv);
    crash_point("aside.moved");
    return e;
}

/* The meeting that a notice is about names it by its number. ERR_NOT_FOUND: the question was closed. */
static enum err number_match(const struct moving *g, uint64_t sequence)
{
    struct store *s = g->broker->store;
    struct bytes content;
    struct hit_notice n;
    struct errmsg why = {""};
    if ((g->plain.ptr[0] & ~KIND_HELD) != MAIL_HIT)
        return ERR_OK;
    enum err e = mailbox_open_held(g->broker->mailboxes, &g->walk->to, &g->by, g->arena, &content);
    if (e == ERR_OK)
        e = hit_notice_decode(content, g->arena, &n, &why);
    if (e != ERR_OK)
        return e;
    struct match_key k = {.handle = n.handle, .group = n.group};
    e = digest_sha256(&n.header, 1, &k.id);
    return e == ERR_OK ? match_row_set_mail(s, g->txn, &k, sequence) : e;
}

static enum err bring_back(const struct moving *g)
{
    const struct mailboxes *m = g->broker->mailboxes;
    struct mail_state state;
    enum err e = mail_get_state(m->p.store, g->txn, &g->walk->to, &state);
    if (e != ERR_OK)
        return e;
    e = number_match(g, state.last + 1);
    if (e == ERR_NOT_FOUND)
        return mail_remove(m->p.store, g->txn, &g->walk->to, g->sequence);
    return e == ERR_OK ? put_in(g, state.last + 1) : e;
}

static enum err move(struct moving *g, bool *moved)
{
    const bool is_out = g->walk->way == ASIDE_OUT;
    if (g->plain.len == 0 || (g->plain.ptr[0] & KIND_HELD) == 0)
        return ERR_OK;
    enum err e = mailbox_held_of(bytes_of(g->plain.ptr + 1, g->plain.len - 1), &g->by);
    if (e != ERR_OK)
        return e;
    const enum mailbox_key key = mailbox_key_of(g->broker->mailboxes, &g->by);
    *moved = is_out == (key == MAILBOX_KEY_WAITS);
    if (!*moved)
        return ERR_OK;
    if (is_out)
        return put_in(g, MAIL_ASIDE | g->sequence);
    return key == MAILBOX_KEY_GONE
               ? mail_remove(g->broker->store, g->txn, &g->walk->to, g->sequence)
               : bring_back(g);
}

static bool is_damaged(enum err e)
{
    return e == ERR_INVALID || e == ERR_SIGNATURE || e == ERR_TRUNCATED || e == ERR_UNKNOWN;
}

static enum err look_at(struct broker *b, struct kv_txn *txn, struct arena *a,
                        struct aside_walk *w)
{
    struct moving g = {.broker = b, .txn = txn, .arena = a, .walk = w, .sequence = w->after};
    struct bytes sealed;
    bool moved = false;
    arena_reset(a);
    enum err e = mail_get(b->store, txn, &w->to, w->after, &sealed);
    if (e == ERR_OK)
        e = open_item(&g, sealed);
    if (e == ERR_OK)
        e = move(&g, &moved);
    arena_reset(a); /* wipes what was opened */
    w->moved += moved && e == ERR_OK;
    if (!is_damaged(e))
        return e;
    log_err("aside agency=%s item=%llu error=\"%s\": it stays where it is", w->to.oin,
            (unsigned long long)(w->after & ~MAIL_ASIDE), err_text(e));
    return ERR_OK;
}

/* ---- a slice: store thread ---- */

struct numbers {
    uint64_t v[SLICE_ITEMS];
    size_t count;
};

static enum err take_number(void *arg, const struct mail_row *row)
{
    struct numbers *n = arg;
    if (n->count == SLICE_ITEMS)
        return ERR_CANCELLED;
    n->v[n->count++] = row->sequence;
    return ERR_OK;
}

static enum err next_box(struct broker *b, struct kv_txn *txn, struct aside_walk *w)
{
    const struct agency_id before = w->to;
    if (w->has_to)
        return ERR_OK;
    enum err e = mail_next_box(b->store, txn, w->has_begun ? &before : NULL, &w->to);
    w->has_to = w->has_begun = e == ERR_OK;
    w->after = w->way == ASIDE_OUT ? 0 : MAIL_ASIDE;
    return e;
}

enum err aside_slice(struct broker *b, struct kv_txn *txn, struct arena *a, struct aside_walk *w)
{
    struct numbers n = {.count = 0};
    enum err e = next_box(b, txn, w);
    if (e != ERR_OK) {
        w->is_done = e == ERR_NOT_FOUND;
        return w->is_done ? ERR_OK : e;
    }
    const struct mail_walk rows = {.to = &w->to, .after = w->after, .fn = take_number, .arg = &n};
    e = mail_each(b->store, txn, &rows);
    for (size_t i = 0; e == ERR_OK && i < n.count; i++) {
        w->after = n.v[i];
        e = look_at(b, txn, a, w);
    }
    w->has_to = n.count == SLICE_ITEMS;
    return e;
}

/* ---- loop thread ---- */

static enum err slice_job(struct kv_txn *txn, void *arg)
{
    struct aside *x = arg;
    return aside_slice(x->broker, txn, x->arena, &x->walk);
}

static void go_on(struct aside *x);

static void slice_done(enum err result, void *arg)
{
    struct aside *x = arg;
    x->is_working = false;
    broker_saw(x->broker, result);
    if (result != ERR_OK) {
        log_warn("aside error=\"%s\": it is begun again", err_text(result));
        x->has_out |= x->walk.way == ASIDE_OUT;
        x->has_back |= x->walk.way == ASIDE_BACK;
        x->is_walking = false; /* at the next tick */
        return;
    }
    x->is_walking = !x->walk.is_done;
    if (x->walk.is_done && x->walk.moved > 0)
        log_notice("aside items=%zu way=%s", x->walk.moved,
                   x->walk.way == ASIDE_OUT ? "out" : "back");
    go_on(x);
}

/* Whether there is a walk to go on with. */
static bool begin(struct aside *x)
{
    if (x->is_walking)
        return true;
    x->walk = (struct aside_walk){.way = x->has_back ? ASIDE_BACK : ASIDE_OUT};
    x->is_walking = x->has_back || x->has_out;
    if (x->has_back)
        x->has_back = false;
    else
        x->has_out = false;
    return x->is_walking;
}

static void go_on(struct aside *x)
{
    if (x->is_working || !begin(x))
        return;
    x->is_working = writer_submit(x->broker->writer, WRITER_BULK, slice_job, slice_done, x) == ERR_OK;
}

static void on_tick(void *arg)
{
    struct aside *x = arg;
    const int64_t now_ms = clock_mono_ms();
    x->has_out |= mailboxes_were_held_up(x->broker->mailboxes);
    if (x->view != x->broker->view || now_ms - x->back_ms >= BACK_EVERY_MS) {
        view_free(x->view);
        x->view = view_ref(x->broker->view);
        x->back_ms = now_ms;
        x->has_back = true;
    }
    if (broker_is_open(x->broker))
        go_on(x);
}

static void aside_free(struct aside *x)
{
    if (x == NULL)
        return;
    loop_timer_free(x->timer);
    view_free(x->view);
    arena_free(x->arena);
    free(x);
}
DEFINE_CLEANUP(struct aside, aside_free)

static enum err start(struct broker *b, struct errmsg *why)
{
    CLEANUP(cleanup_aside_free) struct aside *x = calloc(1, sizeof *x);
    if (x == NULL)
        return errmsg_set(why, ERR_NOMEM, "out of memory");
    x->broker = b;
    x->arena = arena_new(ARENA_BYTES);
    x->timer = loop_timer_new(b->loop, on_tick, x);
    if (x->arena == NULL || x->timer == NULL)
        return errmsg_set(why, ERR_NOMEM, "out of memory");
    loop_timer_every(x->timer, TICK_MS);
    b->aside = take(x);
    return ERR_OK;
}

static void stop(struct broker *b)
{
    aside_free(b->aside);
    b->aside = NULL;
}

const struct broker_part aside_part = {.name = "aside", .start = start, .stop = stop};
