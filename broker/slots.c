#include "broker/slots.h"

#include <stdlib.h>

#include "broker/mailboxes.h"
#include "broker/reply.h"
#include "broker/sessions.h"
#include "broker/wire.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/kv.h"
#include "proto/host/loop.h"

#define SLOT_ARENA_BYTES ((size_t)8 << 20)
#define REPEAT_MS 10000 /* what was sent and not acknowledged comes again after this */

struct slots {
    struct broker *broker;
    struct loop_timer *timer;
    struct arena *arena;
};

static void on_slot(void *arg)
{
    slots_run(arg);
}

enum err slots_new(struct broker *b, struct slots **out)
{
    CLEANUP(cleanup_slots_free) struct slots *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    s->broker = b;
    s->arena = arena_new(SLOT_ARENA_BYTES);
    s->timer = loop_timer_new(b->loop, on_slot, s);
    if (s->arena == NULL || s->timer == NULL)
        return ERR_NOMEM;
    loop_timer_every(s->timer, (int64_t)b->config->slot_interval_ms);
    *out = s;
    s = NULL;
    return ERR_OK;
}

void slots_free(struct slots *s)
{
    if (s == NULL)
        return;
    loop_timer_free(s->timer);
    arena_free(s->arena);
    free(s);
}

/* Whether what was mailed last may still be on its way. */
static bool is_on_its_way(const struct session *one, uint64_t acked, int64_t now_ms)
{
    return one->mailed > acked && now_ms - one->mailed_ms < REPEAT_MS;
}

enum err slots_fill(struct broker *b, const struct slot_turn *t, struct session *one,
                    struct mail *out)
{
    const struct mailbox_from from = {.to = &one->agency, .after = 0};
    uint64_t acked = 0;
    out->slot = ++one->slot;
    out->item_count = 0;
    enum err e = mailbox_acked(b->mailboxes, t->txn, &one->agency, &acked);
    if (e != ERR_OK || is_on_its_way(one, acked, t->now_ms))
        return e;
    e = mailbox_collect(b->mailboxes, t->txn, &from, t->arena, out);
    if (e == ERR_OK && out->item_count > 0) {
        one->mailed = out->items[out->item_count - 1].sequence;
        one->mailed_ms = t->now_ms;
    }
    return e;
}

bool slots_may_deliver(const struct broker *b, const struct session *one, int64_t now_s)
{
    const struct roster_member *m = view_member_by_curve(b->view, &one->curve, now_s, NULL);
    return m != NULL && agency_id_equal(&m->id, &one->agency);
}

static void deliver(struct slots *s, struct kv_txn *txn, struct session *one)
{
    arena_reset(s->arena);
    CLEANUP(buf_free) struct buf body = buf_new(FRAME_MAX_BYTES);
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    const struct slot_turn turn = {txn, s->arena, clock_mono_ms()};
    struct mail m = {0};
    enum err e = slots_fill(s->broker, &turn, one, &m);
    if (e == ERR_OK)
        e = mail_encode(&m, &body);
    const struct reply_to to = {.agency = &one->agency, .known_roster = one->known_roster};
    if (e == ERR_OK)
        e = reply_seal(s->broker, &to, MSG_MAIL, buf_bytes(&body), &frame);
    if (e == ERR_OK)
        e = wire_send(s->broker->wire, &one->route, buf_bytes(&frame));
    if (e == ERR_UNREACHABLE) {
        one->state = SESSION_NONE; /* it says hello when it is back */
        log_info("session end=gone agency=%s", one->agency.oin);
    } else if (e != ERR_OK) {
        one->mailed = 0; /* it did not go */
        log_warn("mail agency=%s error=\"%s\"", one->agency.oin, err_text(e));
    }
}

void slots_run(struct slots *s)
{
    struct sessions *all = s->broker->sessions;
    if (!broker_is_open(s->broker))
        return;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    if (kv_read_begin(s->broker->kv, &txn) != ERR_OK)
        return;
    const int64_t now_s = clock_now_s(s->broker->clock);
    for (size_t i = 0; i < sessions_count(all); i++) {
        struct session *one = session_at(all, i);
        if (one->state == SESSION_OPEN && slots_may_deliver(s->broker, one, now_s))
            deliver(s, txn, one);
    }
    arena_reset(s->arena);
}
