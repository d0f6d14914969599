/* Deliveries: each item goes to its owner; all effects of one delivery, and the highest sequence, are one
 * transaction; then the delivery is acknowledged. Items that came before are skipped. */
#include <stdlib.h>

#include "agent/part.h"
#include "agent/session_internal.h"
#include "agent/store/store.h"
#include "proto/base/log.h"
#include "proto/host/crash.h"
#include "proto/host/writer.h"

#define DELIVERY_ARENA_BYTES ((size_t)64 << 20)
#define ITEM_MOST_BYTES ((size_t)32 << 20) /* with all that is made of it */

struct delivery {
    struct session *session;
    struct arena *arena;
    struct view *view;
    struct mail_turn *turns;
    const struct mail_owner **owners;
    size_t count;
    uint64_t up_to;
};

static void delivery_free(struct delivery *d)
{
    if (d == NULL)
        return;
    arena_free(d->arena);
    view_free(d->view);
    free(d);
}
DEFINE_CLEANUP(struct delivery, delivery_free)

static const struct mail_owner *owner_of(const struct agent *a, enum mail_kind kind)
{
    for (const struct agent_part *const *p = a->parts; *p != NULL; p++)
        for (size_t i = 0; i < PART_OWNERS_MAX && (*p)->mail[i] != NULL; i++)
            if ((*p)->mail[i]->kind == kind)
                return (*p)->mail[i];
    return NULL;
}

static void send_ack(struct session *s)
{
    uint8_t room[64];
    struct buf body = buf_fixed(room, sizeof room);
    const struct mail_ack ack = {.up_to = s->mail_done};
    enum err bad = mail_ack_encode(&ack, &body);
    if (bad == ERR_OK && s->is_connected)
        bad = session_say(s, MSG_MAIL_ACK, buf_bytes(&body), NULL);
    if (bad != ERR_OK)
        log_warn("mail.ack_not_sent error=\"%s\"", err_text(bad));
}

static enum err apply_delivery(struct kv_txn *txn, void *arg)
{
    struct delivery *d = arg;
    enum err bad = ERR_OK;
    for (size_t i = 0; i < d->count && bad == ERR_OK; i++)
        bad = d->turns[i].dropped ? store_count(d->session->agent->store, txn, MAIL_REFUSED)
                                  : d->owners[i]->apply(&d->turns[i], txn);
    if (bad == ERR_OK)
        bad = store_put_number(d->session->agent->store, txn, "mail_done", d->up_to);
    crash_point("mail.before_commit");
    return bad;
}

static void delivered(enum err result, void *arg)
{
    CLEANUP(cleanup_delivery_free) struct delivery *d = arg;
    struct session *s = d->session;
    s->has_mail = false;
    if (result != ERR_OK) {
        log_warn("mail.not_stored error=\"%s\"", err_text(result));
        return;
    }
    crash_point("mail.after_commit");
    s->mail_done = d->up_to;
    for (size_t i = 0; i < d->count; i++)
        if (!d->turns[i].dropped && d->owners[i]->on_done != NULL)
            d->owners[i]->on_done(&d->turns[i]);
    if (!s->is_stopped)
        send_ack(s);
}

/* Whether the error may be over the next time. Any other is the item's own: it drops, or nothing behind it
 * would ever arrive. */
static bool comes_again(const struct delivery *d, enum err e)
{
    if (e == ERR_NOMEM)
        return d->count > 0 || arena_used(d->arena) <= ITEM_MOST_BYTES;
    return e == ERR_CRYPTO || e == ERR_IO || e == ERR_NO_SPACE || e == ERR_AGAIN;
}

/* Decodes and verifies one item. ERR_NOT_FOUND: nobody takes this kind. */
static enum err prepare_item(struct delivery *d, const struct mail_item *item)
{
    struct agent *a = d->session->agent;
    const struct mail_owner *owner = owner_of(a, item->kind);
    if (owner == NULL)
        return ERR_NOT_FOUND;
    struct mail_turn *t = &d->turns[d->count];
    *t = (struct mail_turn){
        .agent = a,
        .view = d->view,
        .arena = d->arena,
        .now_s = agent_now_s(a),
        .content = arena_copy(d->arena, item->content),
        .sequence = item->sequence,
    };
    if (t->content.ptr == NULL)
        return ERR_NOMEM;
    struct errmsg why = {""};
    enum err bad = owner->prepare(t, &why);
    if (bad != ERR_OK) {
        t->dropped = !comes_again(d, bad);
        log_warn("mail.%s kind=%d reason=\"%s\"", t->dropped ? "dropped" : "not_prepared",
                 (int)item->kind, why.text[0] != '\0' ? why.text : err_text(bad));
        if (!t->dropped)
            return bad;
    }
    d->owners[d->count++] = owner;
    return ERR_OK;
}

static enum err prepare_all(struct delivery *d, const struct mail *m)
{
    d->turns = arena_array(d->arena, m->item_count, sizeof *d->turns);
    d->owners = arena_array(d->arena, m->item_count, sizeof *d->owners);
    if (d->turns == NULL || d->owners == NULL)
        return ERR_NOMEM;
    d->up_to = d->session->mail_done;
    for (size_t i = 0; i < m->item_count; i++) {
        if (m->items[i].sequence <= d->session->mail_done)
            continue;
        enum err bad = prepare_item(d, &m->items[i]);
        if (bad == ERR_NOT_FOUND)
            log_warn("mail.kind_unknown kind=%d", (int)m->items[i].kind);
        else if (bad != ERR_OK) /* what is before it need not wait */
            return d->up_to > d->session->mail_done ? ERR_OK : bad;
        d->up_to = m->items[i].sequence;
    }
    return ERR_OK;
}

/* A number that no broker can have come to by counting would use up all numbers below it: nothing of that
 * mail is taken. That numbers grow within a mail is for its decoder. */
static enum err check_sequences(const struct session *s, const struct mail *m, struct errmsg *why)
{
    const uint64_t limit = mail_sequence_limit(agent_now_s(s->agent));
    const uint64_t last = m->item_count > 0 ? m->items[m->item_count - 1].sequence : 0;
    if (last <= limit)
        return ERR_OK;
    return errmsg_set(why, ERR_RANGE,
                      "sequence %llu: after %llu, no broker has given out so many; its operator looks "
                      "into it", (unsigned long long)last, (unsigned long long)s->mail_done);
}

/* Takes the delivery apart and hands its effects to the store thread. */
static enum err start_delivery(struct session *s, const struct mail *m)
{
    CLEANUP(cleanup_delivery_free) struct delivery *d = calloc(1, sizeof *d);
    if (d == NULL)
        return ERR_NOMEM;
    d->session = s;
    d->view = view_ref(s->agent->view);
    d->arena = arena_new(DELIVERY_ARENA_BYTES);
    enum err bad = d->arena != NULL ? prepare_all(d, m) : ERR_NOMEM;
    if (bad != ERR_OK || d->up_to == s->mail_done) {
        if (bad == ERR_OK)
            send_ack(s);
        return bad;
    }
    bad = writer_submit(s->agent->writer, WRITER_INTERACTIVE, apply_delivery, delivered, d);
    if (bad == ERR_OK) {
        d = NULL;
        s->has_mail = true;
    }
    return bad;
}

void session_on_mail(struct session_turn *t)
{
    struct session *s = t->session;
    if (s->has_mail)
        return; /* what this one carries comes again */
    struct mail m;
    struct errmsg why = {""};
    enum err bad = mail_decode(t->envelope.body, t->arena, &m, &why);
    if (bad == ERR_OK)
        bad = check_sequences(s, &m, &why);
    if (bad == ERR_OK)
        bad = start_delivery(s, &m);
    if (bad != ERR_OK)
        log_warn("mail.refused reason=\"%s\"", why.text[0] != '\0' ? why.text : err_text(bad));
}

/* The content of a document in the mailbox counts for nothing by itself: the whole set is fetched and
 * judged. */
static enum err prepare_document(struct mail_turn *t, struct errmsg *why)
{
    (void)t;
    (void)why;
    return ERR_OK;
}

static enum err apply_document(struct mail_turn *t, struct kv_txn *txn)
{
    (void)t;
    (void)txn;
    return ERR_OK;
}

static void done_document(struct mail_turn *t)
{
    session_refresh(t->agent->session);
}

const struct mail_owner session_document_owner = {
    .kind = MAIL_DOCUMENT,
    .prepare = prepare_document,
    .apply = apply_document,
    .on_done = done_document,
};
