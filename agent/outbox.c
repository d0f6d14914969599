/* The life of an entry: queued in the store; wrapped in an envelope, which the store has before the
 * first send; sent, and sent again with growing pauses; answered, and then removed together with the
 * effect of the answer. Rows are written by the store thread only; everything else is the loop's. */
#include <stdlib.h>
#include <string.h>

#include "agent/outbox_internal.h"
#include "agent/part.h"
#include "agent/session.h"
#include "agent/store/store.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/crash.h"
#include "proto/host/writer.h"

#define LOADED_MAX 1024      /* entries in memory; the rest stay in the store until there is room */
#define SUSPENDED_MAX 16384  /* beside them, those that wait for their purpose */
#define LIFE_S 86400         /* of an envelope */
#define MARGIN_S 60          /* an envelope this near its end is not sent any more */
#define AT_ONCE 16
#define TICK_MS 250
#define FRAME_ARENA_BYTES ((size_t)10 << 20)

const struct outbox_owner *outbox_owner_of(const struct outbox *o, enum msg_kind kind)
{
    for (const struct agent_part *const *p = o->agent->parts; *p != NULL; p++)
        for (size_t i = 0; i < PART_OWNERS_MAX && (*p)->outbox[i] != NULL; i++)
            if ((*p)->outbox[i]->kind == kind)
                return (*p)->outbox[i];
    return NULL;
}

enum err outbox_put(struct outbox *o, struct kv_txn *txn, enum msg_kind kind, struct bytes body,
                    struct bytes tag, struct outbox_id *id)
{
    if (tag.len > OUTBOX_TAG_MAX || body.len > FRAME_MAX_BYTES - 4096)
        return ERR_TOO_LARGE;
    struct outbox_head h = {.kind = kind, .created_s = agent_now_s(o->agent), .tag_len = tag.len};
    if (tag.len > 0)
        memcpy(h.tag, tag.ptr, tag.len);
    enum err bad = outbox_rows_add(o->agent->store, txn, &h, body);
    if (bad != ERR_OK)
        return bad;
    *id = h.id;
    if (!atomic_exchange(&o->is_posted, true))
        loop_post_task(o->agent->loop, &o->look);
    return ERR_OK;
}

enum err outbox_drop(struct outbox *o, struct kv_txn *txn, struct outbox_id id)
{
    return outbox_rows_remove(o->agent->store, txn, id);
}

enum err outbox_count(struct outbox *o, struct kv_txn *txn, uint64_t *out)
{
    struct kv_table_stats stats;
    enum err bad = kv_table_stats(txn, store_kv_table(o->agent->store, STORE_OUTBOX), &stats);
    if (bad == ERR_OK)
        *out = stats.entries;
    return bad;
}

/* What waits for its purpose takes no room from others. */
static bool is_full(const struct outbox *o)
{
    return o->suspended >= SUSPENDED_MAX || o->loaded - o->suspended >= LOADED_MAX;
}

/* What the store has behind the last loaded entry. */
static enum err load_more(struct outbox *o)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err bad = kv_read_begin(o->agent->kv, &txn);
    struct entry **end = &o->first;
    while (*end != NULL)
        end = &(*end)->next;
    o->has_more = false;
    while (bad == ERR_OK) {
        struct outbox_head head;
        bad = outbox_rows_after(o->agent->store, txn, o->last, &head);
        if (bad != ERR_OK)
            break;
        if (is_full(o)) {
            o->has_more = true;
            break;
        }
        struct entry *e = calloc(1, sizeof *e);
        if (e == NULL)
            return ERR_NOMEM;
        *e = (struct entry){.head = head, .state = ENTRY_WAITING};
        e->pause_ms = (int64_t)o->agent->config->retry_first_ms;
        *end = e;
        end = &e->next;
        o->last = head.id;
        o->loaded++;
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* After the commit of whatever was queued before this look was asked for. */
static void looked(enum err result, void *arg)
{
    struct outbox *o = arg;
    o->is_looking = false;
    if (o->is_stopped)
        return;
    if (result == ERR_OK)
        result = load_more(o);
    if (result != ERR_OK)
        log_warn("outbox.not_read error=\"%s\"", err_text(result));
    outbox_pump(o);
}

static enum err no_work(struct kv_txn *txn, void *arg)
{
    (void)txn;
    (void)arg;
    return ERR_OK;
}

/* The store thread posts this while its transaction is still open; an empty job behind it is done
 * after its commit. */
static void look(void *arg)
{
    struct outbox *o = arg;
    atomic_store(&o->is_posted, false);
    if (o->is_looking || o->is_stopped)
        return;
    o->is_looking = writer_submit(o->agent->writer, WRITER_INTERACTIVE, no_work, looked, o) == ERR_OK;
}

void outbox_forget(struct outbox *o, struct entry *gone)
{
    for (struct entry **at = &o->first; *at != NULL; at = &(*at)->next) {
        if (*at != gone)
            continue;
        *at = gone->next;
        o->suspended -= gone->is_suspended;
        free(gone);
        o->loaded--;
        return;
    }
}

void outbox_back_off(struct outbox *o, struct entry *e)
{
    const struct config_agent *c = o->agent->config;
    e->due_ms = clock_mono_ms() + e->pause_ms;
    e->pause_ms = 2 * e->pause_ms;
    if (e->pause_ms > (int64_t)c->retry_most_ms)
        e->pause_ms = (int64_t)c->retry_most_ms;
}

/* A frame on its way into the store. */
struct wrapping {
    struct outbox *outbox;
    struct entry *entry;
    struct outbox_head head;
    struct buf frame;
};

static void wrapping_free(struct wrapping *w)
{
    if (w == NULL)
        return;
    buf_free(&w->frame);
    free(w);
}
DEFINE_CLEANUP(struct wrapping, wrapping_free)

static enum err write_frame(struct kv_txn *txn, void *arg)
{
    struct wrapping *w = arg;
    return outbox_rows_set_frame(w->outbox->agent->store, txn, &w->head, buf_bytes(&w->frame));
}

static void frame_written(enum err result, void *arg)
{
    CLEANUP(cleanup_wrapping_free) struct wrapping *w = arg;
    struct outbox *o = w->outbox;
    struct entry *e = w->entry;
    e->state = ENTRY_WAITING;
    if (result == ERR_OK) {
        crash_point("outbox.before_send");
        e->head = w->head;
        e->is_stale = false;
        e->due_ms = 0;
    } else if (result == ERR_NOT_FOUND) {
        outbox_forget(o, e);
    } else {
        log_warn("outbox.frame_not_stored error=\"%s\"", err_text(result));
        outbox_back_off(o, e);
    }
    outbox_pump(o);
}

/* A new envelope around the stored body. An earlier id stays known where its fate is not: a refused one
 * had no effect. */
static enum err make_frame(struct outbox *o, const struct entry *e, struct wrapping *w)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(FRAME_ARENA_BYTES);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    if (a == NULL)
        return ERR_NOMEM;
    struct session_letter letter = {.kind = e->head.kind, .life_s = LIFE_S};
    enum err bad = kv_read_begin(o->agent->kv, &txn);
    if (bad == ERR_OK)
        bad = outbox_rows_body(o->agent->store, txn, e->head.id, a, &letter.body);
    if (bad == ERR_OK)
        bad = session_wrap(o->agent->session, &letter, &w->frame);
    if (bad != ERR_OK)
        return bad;
    struct outbox_head *h = &w->head;
    *h = e->head;
    if (h->has_frame && !e->is_stale) {
        memmove(&h->old[1], &h->old[0], sizeof h->old - sizeof h->old[0]);
        h->old[0] = h->message;
        h->old_count += h->old_count < OUTBOX_OLD_IDS ? 1 : 0;
    }
    h->has_frame = true;
    h->message = letter.id;
    h->expires_s = letter.expires_at_s;
    return ERR_OK;
}

static enum err start_wrapping(struct outbox *o, struct entry *e)
{
    CLEANUP(cleanup_wrapping_free) struct wrapping *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_NOMEM;
    w->outbox = o;
    w->entry = e;
    w->frame = buf_new(FRAME_MAX_BYTES);
    enum err bad = make_frame(o, e, w);
    if (bad == ERR_OK)
        bad = writer_submit(o->agent->writer, WRITER_INTERACTIVE, write_frame, frame_written, w);
    if (bad != ERR_OK)
        return bad;
    w = NULL;
    e->state = ENTRY_WRAPPING;
    return ERR_OK;
}

static enum err send_frame(struct outbox *o, struct entry *e)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(FRAME_ARENA_BYTES);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    if (a == NULL)
        return ERR_NOMEM;
    struct bytes frame;
    enum err bad = kv_read_begin(o->agent->kv, &txn);
    if (bad == ERR_OK)
        bad = outbox_rows_frame(o->agent->store, txn, e->head.id, a, &frame);
    if (bad == ERR_OK)
        bad = session_send_frame(o->agent->session, frame);
    if (bad != ERR_OK)
        return bad;
    o->info.repeats += e->was_sent ? 1 : 0;
    e->was_sent = true;
    e->state = ENTRY_SENT;
    const struct outbox_owner *owner = outbox_owner_of(o, e->head.kind);
    if (owner != NULL && owner->on_sent != NULL)
        owner->on_sent(o->agent, e->head.id, outbox_tag(&e->head));
    return ERR_OK;
}

static bool needs_envelope(const struct outbox *o, const struct entry *e)
{
    return !e->head.has_frame || e->is_stale ||
           e->head.expires_s <= agent_now_s(o->agent) + MARGIN_S;
}

/* Moves one entry on. False where the rest has to wait too. */
static bool step(struct outbox *o, struct entry *e)
{
    enum err bad = needs_envelope(o, e) ? start_wrapping(o, e) : send_frame(o, e);
    if (bad == ERR_NOT_FOUND) {
        outbox_forget(o, e); /* dropped by its owner */
        return true;
    }
    if (bad != ERR_OK && bad != ERR_STATE && bad != ERR_AGAIN)
        log_warn("outbox.not_sent kind=%s error=\"%s\"", msg_kind_id(e->head.kind), err_text(bad));
    if (bad != ERR_OK || e->state == ENTRY_SENT)
        outbox_back_off(o, e);
    return bad == ERR_OK;
}

static unsigned most_at_once(const struct outbox *o, enum msg_kind kind)
{
    const struct outbox_owner *owner = outbox_owner_of(o, kind);
    return owner != NULL && owner->most_at_once > 0 ? owner->most_at_once : AT_ONCE;
}

void outbox_pump(struct outbox *o)
{
    if (o->is_stopped || !session_is_open(o->agent->session))
        return;
    unsigned under_way[MSG_KIND_COUNT] = {0};
    int64_t now_ms = clock_mono_ms();
    struct entry *next = NULL;
    for (struct entry *e = o->first; e != NULL; e = next) {
        next = e->next;
        if (e->is_suspended)
            continue;
        if (++under_way[e->head.kind] > most_at_once(o, e->head.kind))
            continue;
        bool is_idle = e->state == ENTRY_WAITING || e->state == ENTRY_SENT;
        if (is_idle && e->due_ms <= now_ms && !step(o, e))
            break;
    }
    if (o->has_more && !is_full(o) && load_more(o) != ERR_OK)
        log_warn("outbox.not_read");
}

static void on_tick(void *arg)
{
    outbox_pump(arg);
}

void outbox_again(struct outbox *o, struct outbox_id id)
{
    for (struct entry *e = o->first; e != NULL; e = e->next)
        if (e->head.id.v == id.v && e->state == ENTRY_SENT)
            e->due_ms = 0; /* the next tick sends it */
}

void outbox_on_served(struct outbox *o)
{
    for (struct entry *e = o->first; e != NULL; e = e->next) {
        if (!e->is_suspended)
            continue;
        e->is_suspended = false;
        e->due_ms = 0;
    }
    o->suspended = 0;
    outbox_pump(o);
}

void outbox_on_open(struct outbox *o)
{
    for (struct entry *e = o->first; e != NULL; e = e->next) {
        if (e->state != ENTRY_WAITING && e->state != ENTRY_SENT)
            continue;
        e->due_ms = 0;
        e->pause_ms = (int64_t)o->agent->config->retry_first_ms;
    }
    outbox_on_served(o);
}

enum err outbox_new(struct agent *a, struct outbox **out)
{
    CLEANUP(cleanup_outbox_free) struct outbox *o = calloc(1, sizeof *o);
    if (o == NULL)
        return ERR_NOMEM;
    o->agent = a;
    o->look = (struct loop_task){.fn = look, .arg = o};
    o->tick = loop_timer_new(a->loop, on_tick, o);
    if (o->tick == NULL)
        return ERR_NOMEM;
    *out = take(o);
    return ERR_OK;
}

void outbox_start(struct outbox *o)
{
    look(o);
    loop_timer_every(o->tick, TICK_MS);
}

void outbox_stop(struct outbox *o)
{
    o->is_stopped = true;
    loop_timer_stop(o->tick);
}

void outbox_free(struct outbox *o)
{
    if (o == NULL)
        return;
    loop_timer_free(o->tick);
    for (struct entry *e = o->first; e != NULL;) {
        struct entry *next = e->next;
        free(e);
        e = next;
    }
    free(o);
}

void outbox_info(const struct outbox *o, struct outbox_info *out)
{
    *out = o->info;
    out->waiting = o->loaded;
    out->suspended = o->suspended;
}
