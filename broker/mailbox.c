#include "broker/mailbox.h"

#include <stdlib.h>

#include "broker/audit.h"
#include "broker/keys.h"
#include "broker/mailbox_internal.h"
#include "broker/store/mail.h"
#include "pki/aead.h"
#include "pki/vault.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/host/clock.h"
#include "proto/host/crash.h"

#define HELD_PLACE_MAX 64u
#define ITEM_OVERHEAD 64u /* of an item inside a mail: field headers and its sequence */

enum err mailboxes_new(const struct mailboxes_params *p, struct mailboxes **out)
{
    CLEANUP(cleanup_mailboxes_free) struct mailboxes *m = calloc(1, sizeof *m);
    if (m == NULL)
        return ERR_NOMEM;
    m->p = *p;
    *out = m;
    m = NULL;
    return ERR_OK;
}

void mailboxes_free(struct mailboxes *m)
{
    free(m);
}

static size_t item_max(void)
{
    return mail_size_classes[mail_size_class_count - 1] - ITEM_OVERHEAD;
}

/* The kind is sealed too: the disk does not tell a hit from a proof, but for its size. */
static enum err seal_item(struct mailboxes *m, struct bytes place, uint8_t kind,
                          struct bytes content, struct buf *out)
{
    CLEANUP(buf_free) struct buf plain = buf_new(content.len + 1);
    buf_put_u8(&plain, kind);
    buf_put(&plain, content);
    enum err e = buf_err(&plain);
    if (e == ERR_OK)
        e = vault_seal(m->p.mail, place, buf_bytes(&plain), out);
    if (plain.ptr != NULL)
        secret_wipe(plain.ptr, plain.len);
    return e;
}

static enum err put_item(struct mailboxes *m, struct kv_txn *txn, const struct agency_id *to,
                         const struct mail_item *item, uint64_t *sequence)
{
    const struct bytes content = item->content;
    if (content.len > item_max())
        return ERR_TOO_LARGE;
    struct mail_state state;
    enum err e = mail_get_state(m->p.store, txn, to, &state);
    if (e != ERR_OK)
        return e;
    if (state.count >= m->p.max_messages || state.bytes + content.len > m->p.max_bytes)
        return ERR_LIMIT;
    uint8_t storage[MAIL_ROW_PLACE_BYTES];
    struct buf place = buf_fixed(storage, sizeof storage);
    mail_place(to, state.last + 1, &place);
    CLEANUP(buf_free) struct buf sealed = buf_new(content.len + 1 + AEAD_OVERHEAD_BYTES);
    e = seal_item(m, buf_bytes(&place), (uint8_t)item->kind, content, &sealed);
    if (e != ERR_OK)
        return e;
    const struct mail_row row = {
        .to = to, .sequence = state.last + 1, .sealed = buf_bytes(&sealed)};
    e = mail_add(m->p.store, txn, &row);
    if (e == ERR_OK && sequence != NULL)
        *sequence = row.sequence;
    crash_point("mailbox.put");
    return e;
}

enum err mailbox_put(struct mailboxes *m, struct kv_txn *txn, const struct agency_id *to,
                     enum mail_kind kind, struct bytes content, uint64_t *sequence)
{
    const struct mail_item item = {.kind = kind, .content = content};
    return put_item(m, txn, to, &item, sequence);
}

/* What a held item is bound to: that it is one, and whose. */
static struct bytes held_place(struct buf *b, const struct agency_id *to)
{
    join_str(b, "held/mail");
    join_part(b, agency_id_bytes(to));
    return buf_bytes(b);
}

enum err mailbox_put_held(struct mailboxes *m, struct kv_txn *txn, const struct agency_id *to,
                          const struct mailbox_held *item, uint64_t *sequence)
{
    uint8_t storage[HELD_PLACE_MAX];
    struct buf place = buf_fixed(storage, sizeof storage);
    CLEANUP(cleanup_aead_free) struct aead *held = NULL;
    CLEANUP(buf_free) struct buf content = buf_new(item_max());
    const struct secret *key = broker_held_key(m->p.broker, item->purpose, item->epoch);
    if (key == NULL)
        return ERR_NOT_FOUND;
    join_part(&content, name_bytes(item->purpose));
    buf_put_u32(&content, item->epoch);
    enum err e = aead_new(key, item->epoch, &held);
    if (e == ERR_OK)
        e = aead_seal(held, held_place(&place, to), item->content, &content);
    if (e != ERR_OK)
        return e;
    const struct mail_item outer = {.kind = (enum mail_kind)(item->kind | KIND_HELD),
                                    .content = buf_bytes(&content)};
    return put_item(m, txn, to, &outer, sequence);
}

enum err mailbox_withdraw(struct mailboxes *m, struct kv_txn *txn, const struct agency_id *to,
                          uint64_t sequence)
{
    enum err e = mail_remove(m->p.store, txn, to, sequence);
    return e == ERR_NOT_FOUND ? mail_remove(m->p.store, txn, to, MAIL_ASIDE | sequence) : e;
}

enum err mailbox_ack(struct mailboxes *m, struct kv_txn *txn, const struct agency_id *to,
                     uint64_t up_to)
{
    return mail_ack_up_to(m->p.store, txn, to, up_to);
}

/* Items gathered for one mail, up to what its largest size class holds. */
struct gather {
    struct mailboxes *m;
    struct arena *arena;
    struct mail_item *items;
    size_t count;
    size_t room;
};

enum err mailbox_held_of(struct bytes outer, struct mailbox_held_by *out)
{
    struct cursor c = cursor_of(outer);
    const struct bytes name = cursor_part(&c, NAME_MAX_BYTES);
    out->epoch = cursor_u32(&c);
    if (c.err != ERR_OK || name_parse(name, &out->purpose) != ERR_OK)
        return ERR_INVALID;
    out->sealed = cursor_bytes(&c, c.left);
    return ERR_OK;
}

enum mailbox_key mailbox_key_of(const struct mailboxes *m, const struct mailbox_held_by *by)
{
    const struct broker *b = m->p.broker;
    if (broker_held_key(b, &by->purpose, by->epoch) == NULL)
        return MAILBOX_KEY_GONE;
    return atomic_load(&keys_epoch(b->keys, &by->purpose, by->epoch)->state) == EPOCH_KEY_WAITS
               ? MAILBOX_KEY_WAITS
               : MAILBOX_KEY_SERVES;
}

enum err mailbox_open_held(const struct mailboxes *m, const struct agency_id *to,
                           const struct mailbox_held_by *by, struct arena *a, struct bytes *content)
{
    uint8_t storage[HELD_PLACE_MAX];
    struct buf place = buf_fixed(storage, sizeof storage);
    CLEANUP(cleanup_aead_free) struct aead *held = NULL;
    const struct secret *key = broker_held_key(m->p.broker, &by->purpose, by->epoch);
    uint8_t *room = arena_alloc(a, by->sealed.len);
    if (key == NULL)
        return ERR_NOT_FOUND;
    if (room == NULL)
        return ERR_NOMEM;
    struct buf plain = buf_fixed(room, by->sealed.len);
    enum err e = aead_new(key, by->epoch, &held);
    if (e == ERR_OK)
        e = aead_open(held, held_place(&place, to), by->sealed, &plain);
    *content = buf_bytes(&plain);
    return e;
}

/* The content of a held item. ERR_NOT_FOUND: its key is gone, and the item with it. ERR_CANCELLED: its
 * purpose is suspended; what is behind it waits until it has stepped aside. */
static enum err open_held(const struct gather *g, const struct agency_id *to, struct bytes outer,
                          struct bytes *content)
{
    struct mailbox_held_by by;
    enum err e = mailbox_held_of(outer, &by);
    if (e != ERR_OK)
        return e;
    if (mailbox_key_of(g->m, &by) == MAILBOX_KEY_WAITS) {
        g->m->is_held_up = true;
        return ERR_CANCELLED;
    }
    return mailbox_open_held(g->m, to, &by, g->arena, content);
}

/* The item behind its outer seal. */
static enum err open_item(const struct gather *g, const struct mail_row *row, struct bytes copy,
                          struct mail_item *out)
{
    struct cursor c = cursor_of(copy);
    const uint8_t first = cursor_u8(&c);
    const uint8_t kind = (uint8_t)(first & ~KIND_HELD);
    if (kind == MAIL_NONE || kind >= MAIL_KIND_COUNT)
        return ERR_INVALID;
    *out = (struct mail_item){
        .sequence = row->sequence,
        .kind = (enum mail_kind)kind,
        .content = cursor_bytes(&c, c.left),
    };
    return first == kind ? ERR_OK : open_held(g, row->to, out->content, &out->content);
}

static enum err gather_row(void *arg, const struct mail_row *row)
{
    struct gather *g = arg;
    if (g->count == MAIL_ITEMS_MAX || row->sealed.len + ITEM_OVERHEAD > g->room)
        return ERR_CANCELLED;
    uint8_t storage[MAIL_ROW_PLACE_BYTES];
    struct buf place = buf_fixed(storage, sizeof storage);
    mail_place(row->to, row->sequence, &place);
    CLEANUP(buf_free) struct buf plain = buf_new(row->sealed.len);
    enum err e = vault_open(g->m->p.mail, buf_bytes(&place), row->sealed, &plain);
    if (e != ERR_OK)
        return e;
    const struct bytes copy = arena_copy(g->arena, buf_bytes(&plain));
    secret_wipe(plain.ptr, plain.len);
    e = copy.ptr == NULL ? ERR_NOMEM : open_item(g, row, copy, &g->items[g->count]);
    if (e == ERR_NOMEM)
        return g->count > 0 ? ERR_CANCELLED : ERR_NOMEM;
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    g->count++;
    g->room -= row->sealed.len + ITEM_OVERHEAD;
    return ERR_OK;
}

enum err mailbox_collect(struct mailboxes *m, struct kv_txn *txn, const struct mailbox_from *from,
                         struct arena *a, struct mail *out)
{
    struct gather g = {.m = m, .arena = a, .room = item_max()};
    g.items = arena_array(a, MAIL_ITEMS_MAX, sizeof *g.items);
    if (g.items == NULL)
        return ERR_NOMEM;
    const struct mail_walk w = {.to = from->to, .after = from->after, .fn = gather_row, .arg = &g};
    enum err e = mail_each(m->p.store, txn, &w);
    if (e != ERR_OK)
        return e;
    out->items = g.items;
    out->item_count = g.count;
    return ERR_OK;
}

bool mailboxes_were_held_up(struct mailboxes *m)
{
    const bool were = m->is_held_up;
    m->is_held_up = false;
    return were;
}

enum err mailbox_waiting(struct mailboxes *m, struct kv_txn *txn, const struct agency_id *to,
                         uint64_t *count)
{
    struct mail_state state;
    enum err e = mail_get_state(m->p.store, txn, to, &state);
    if (e == ERR_OK)
        *count = state.count;
    return e;
}

enum err mailbox_acked(struct mailboxes *m, struct kv_txn *txn, const struct agency_id *to,
                       uint64_t *sequence)
{
    struct mail_state state;
    enum err e = mail_get_state(m->p.store, txn, to, &state);
    if (e == ERR_OK)
        *sequence = state.acked;
    return e;
}

enum err mailbox_last(struct mailboxes *m, struct kv_txn *txn, const struct agency_id *to,
                      uint64_t *sequence)
{
    struct mail_state state;
    enum err e = mail_get_state(m->p.store, txn, to, &state);
    if (e == ERR_OK)
        *sequence = state.last;
    return e;
}

enum err mailbox_raise(struct mailboxes *m, struct kv_txn *txn, const struct mail_raise *r,
                       uint64_t *dropped)
{
    struct mail_state state;
    struct digest entry;
    enum err e = mail_get_state(m->p.store, txn, r->to, &state);
    if (e == ERR_OK)
        e = mail_raise_to(m->p.store, txn, r, dropped);
    if (e != ERR_OK || r->done <= state.last)
        return e;
    const struct turn_audit what = {
        .event = AUDIT_EVENT_MAIL_RAISED, .peer = *r->to, .count = (uint32_t)*dropped};
    return audit_append(m->p.broker->audit, txn, &what, NULL, NULL,
                        clock_now_s(m->p.broker->clock), &entry);
}
