#include "broker/mailbox.h"

#include <stdlib.h>

#include "broker/mailboxes.h"
#include "broker/store/mail.h"
#include "pki/aead.h"
#include "pki/hkdf.h"
#include "proto/base/cursor.h"
#include "proto/base/label.h"
#include "proto/host/crash.h"

#define MAIL_KEY_VERSION 1u
#define ITEM_OVERHEAD 64u /* of an item inside a mail: field headers and its sequence */

struct mailboxes {
    struct mailboxes_params p;
    struct aead *writing; /* store thread */
    struct aead *reading; /* loop thread */
};

enum err mailboxes_new(const struct mailboxes_params *p, struct mailboxes **out)
{
    CLEANUP(cleanup_mailboxes_free) struct mailboxes *m = calloc(1, sizeof *m);
    if (m == NULL)
        return ERR_NOMEM;
    m->p = *p;
    m->p.storage = NULL;
    CLEANUP(cleanup_secret_free) struct secret *key = NULL;
    enum err e = hkdf_subkey(p->storage, bytes_str(LABEL_STORE_MAIL), &key);
    if (e == ERR_OK)
        e = aead_new(key, MAIL_KEY_VERSION, &m->writing);
    if (e == ERR_OK)
        e = aead_new(key, MAIL_KEY_VERSION, &m->reading);
    if (e != ERR_OK)
        return e;
    *out = m;
    m = NULL;
    return ERR_OK;
}

void mailboxes_free(struct mailboxes *m)
{
    if (m == NULL)
        return;
    aead_free(m->writing);
    aead_free(m->reading);
    free(m);
}

static size_t item_max(void)
{
    return mail_size_classes[mail_size_class_count - 1] - ITEM_OVERHEAD;
}

/* The kind is sealed too: the disk does not tell a hit from a proof, but for its size. */
static enum err seal_item(struct mailboxes *m, struct bytes place, enum mail_kind kind,
                          struct bytes content, struct buf *out)
{
    CLEANUP(buf_free) struct buf plain = buf_new(content.len + 1);
    buf_put_u8(&plain, (uint8_t)kind);
    buf_put(&plain, content);
    enum err e = buf_err(&plain);
    if (e == ERR_OK)
        e = aead_seal(m->writing, place, buf_bytes(&plain), out);
    if (plain.ptr != NULL)
        secret_wipe(plain.ptr, plain.len);
    return e;
}

enum err mailbox_put(struct mailboxes *m, struct kv_txn *txn, const struct agency_id *to,
                     enum mail_kind kind, struct bytes content, uint64_t *sequence)
{
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
    e = seal_item(m, buf_bytes(&place), kind, content, &sealed);
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

enum err mailbox_withdraw(struct mailboxes *m, struct kv_txn *txn, const struct agency_id *to,
                          uint64_t sequence)
{
    return mail_remove(m->p.store, txn, to, sequence);
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

static enum err gather_row(void *arg, const struct mail_row *row)
{
    struct gather *g = arg;
    if (g->count == MAIL_ITEMS_MAX || row->sealed.len + ITEM_OVERHEAD > g->room)
        return ERR_CANCELLED;
    uint8_t storage[MAIL_ROW_PLACE_BYTES];
    struct buf place = buf_fixed(storage, sizeof storage);
    mail_place(row->to, row->sequence, &place);
    CLEANUP(buf_free) struct buf plain = buf_new(row->sealed.len);
    enum err e = aead_open(g->m->reading, buf_bytes(&place), row->sealed, &plain);
    if (e != ERR_OK)
        return e;
    const struct bytes copy = arena_copy(g->arena, buf_bytes(&plain));
    secret_wipe(plain.ptr, plain.len);
    if (copy.ptr == NULL)
        return g->count > 0 ? ERR_CANCELLED : ERR_NOMEM;
    struct cursor c = cursor_of(copy);
    const uint8_t kind = cursor_u8(&c);
    if (kind == MAIL_NONE || kind >= MAIL_KIND_COUNT)
        return ERR_INVALID;
    g->items[g->count++] = (struct mail_item){
        .sequence = row->sequence,
        .kind = (enum mail_kind)kind,
        .content = cursor_bytes(&c, c.left),
    };
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
    const struct mail_walk w = {
        .to = from->to, .after = from->after, .fn = gather_row, .arg = &g};
    enum err e = mail_each(m->p.store, txn, &w);
    if (e != ERR_OK)
        return e;
    out->items = g.items;
    out->item_count = g.count;
    return ERR_OK;
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
