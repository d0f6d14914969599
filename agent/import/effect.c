#include "agent/import/effect.h"

#include "agent/records/live.h"
#include "pki/digest.h"
#include "proto/msg/reply.h"

#define ARENA_BYTES ((size_t)16 << 20)

static enum err move_chain(struct store *s, struct kv_txn *txn, const struct batch_row *row,
                           struct arena *a, uint32_t today)
{
    struct batch_header h;
    struct errmsg why;
    struct chain_head head;
    enum err bad = batch_header_decode(row->header, a, &h, &why);
    if (bad == ERR_OK)
        bad = digest_sha256(&row->header, 1, &head.digest);
    if (bad != ERR_OK)
        return bad;
    head.sequence = h.sequence;
    const struct chain_id id = {h.purpose, h.epoch};
    bad = chain_head_put(s, txn, &id, &head);
    return bad == ERR_OK && h.kind == BATCH_ADD
               ? additions_add(s, txn, &id, today, h.token_count)
               : bad;
}

enum err effect_accepted(struct store *s, struct kv_txn *txn, uint32_t no,
                         const struct accepted *reply, uint32_t today)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ARENA_BYTES);
    struct batch_row row;
    if (a == NULL)
        return ERR_NOMEM;
    enum err bad = batch_row_get(s, txn, no, a, &row);
    if (bad != ERR_OK || row.state != BATCH_PREPARED)
        return bad;
    row.state = BATCH_ACCEPTED;
    row.promise = reply->promise;
    row.promise_signature = reply->promise_signature;
    bad = batch_row_put(s, txn, no, &row);
    return bad == ERR_OK ? move_chain(s, txn, &row, a, today) : bad;
}

enum err effect_refused(struct store *s, struct kv_txn *txn, uint32_t no)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ARENA_BYTES);
    struct batch_row row;
    if (a == NULL)
        return ERR_NOMEM;
    enum err bad = batch_row_get(s, txn, no, a, &row);
    if (bad != ERR_OK || row.state != BATCH_PREPARED)
        return bad;
    row.state = BATCH_REFUSED;
    return batch_row_put(s, txn, no, &row);
}

static enum err mark_gone(struct store *s, struct kv_txn *txn, struct record_place place,
                          uint32_t today)
{
    uint8_t key[BATCH_KEY_BYTES];
    uint8_t room[4];
    struct buf v = buf_fixed(room, sizeof room);
    buf_put_u32(&v, today);
    return kv_put(txn, store_kv_table(s, STORE_GONE), batch_key_at(place, key), buf_bytes(&v));
}

static bool same_place(struct record_place a, struct record_place b)
{
    return a.batch == b.batch && a.index == b.index;
}

/* An entry that takes the place of whatever stands under its key; without a day it only deletes. */
static enum err apply_entry(struct store *s, struct kv_txn *txn, const struct batch_row *row,
                            const struct live_entry *e, uint32_t today)
{
    struct live_entry was;
    enum err bad = live_get(s, txn, row->data_set, &e->key, &was);
    if (bad == ERR_OK && was.place.batch != 0 && !same_place(was.place, e->place))
        bad = mark_gone(s, txn, was.place, today);
    if (bad != ERR_OK && bad != ERR_NOT_FOUND)
        return bad;
    if (e->place.batch != 0 || e->entered_day != 0)
        return live_put(s, txn, row->data_set, e);
    return bad == ERR_NOT_FOUND ? ERR_OK : live_del(s, txn, row->data_set, &e->key);
}

/* A version that left: its entry goes unless a newer version has its key. */
static enum err apply_withdrawal(struct store *s, struct kv_txn *txn, const struct batch_row *row,
                                 const struct live_entry *e, uint32_t today)
{
    struct live_entry now;
    enum err bad = live_get(s, txn, row->data_set, &e->key, &now);
    if (bad == ERR_OK && same_place(now.place, e->place))
        bad = live_del(s, txn, row->data_set, &e->key);
    if (bad != ERR_OK && bad != ERR_NOT_FOUND)
        return bad;
    return mark_gone(s, txn, e->place, today);
}

/* Whether what the retired epoch has is still what the source says. */
static bool is_kept(const struct batch_row *row, const struct live_entry *e,
                    const struct live_entry *older)
{
    return row->kind != BATCH_WITHDRAW &&
           (e->place.batch == 0 || live_digest_cmp(&e->content, &older->content) == 0);
}

/* One of them loses what it has under the key. */
static enum err drop_older(struct store *s, struct kv_txn *txn, uint32_t data_set,
                           const struct live_entry *older, uint32_t today)
{
    enum err bad = older->place.batch != 0 ? mark_gone(s, txn, older->place, today) : ERR_OK;
    return bad == ERR_OK ? live_del(s, txn, data_set, &older->key) : bad;
}

static enum err apply_to_retired(struct store *s, struct kv_txn *txn, const struct batch_row *row,
                                 const struct live_entry *e, const struct effect_slice *slice)
{
    for (size_t i = 0; i < slice->retired_count; i++) {
        struct live_entry older;
        enum err bad = live_get(s, txn, slice->retired[i], &e->key, &older);
        if (bad == ERR_NOT_FOUND || (bad == ERR_OK && is_kept(row, e, &older)))
            continue;
        if (bad == ERR_OK)
            bad = drop_older(s, txn, slice->retired[i], &older, slice->today);
        if (bad != ERR_OK)
            return bad;
    }
    return ERR_OK;
}

enum err effect_out(struct store *s, struct kv_txn *txn, const struct live_digest *key,
                    const struct effect_slice *of)
{
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < of->retired_count; i++) {
        struct live_entry older;
        bad = live_get(s, txn, of->retired[i], key, &older);
        if (bad == ERR_OK)
            bad = drop_older(s, txn, of->retired[i], &older, of->today);
        if (bad == ERR_NOT_FOUND)
            bad = ERR_OK;
    }
    return bad;
}

static enum err apply_items(struct store *s, struct kv_txn *txn, const struct batch_row *row,
                            const struct batch_items *items, struct effect_slice *slice)
{
    size_t end = slice->at + slice->count < items->count ? slice->at + slice->count : items->count;
    for (; slice->at < end; slice->at++) {
        struct live_entry e;
        enum err bad = batch_items_at(items, slice->at, &e);
        if (bad == ERR_OK)
            bad = row->kind == BATCH_WITHDRAW ? apply_withdrawal(s, txn, row, &e, slice->today)
                                              : apply_entry(s, txn, row, &e, slice->today);
        if (bad == ERR_OK)
            bad = apply_to_retired(s, txn, row, &e, slice);
        if (bad != ERR_OK)
            return bad;
    }
    slice->done = slice->at == items->count;
    return ERR_OK;
}

/* What a withdrawal named stays: a broker that was restored may need it again, and nothing else says which records it was
 * (decision 0416). */
static enum err finish(struct store *s, struct kv_txn *txn, struct batch_row *row, uint32_t no)
{
    uint8_t key[BATCH_KEY_BYTES];
    enum err bad = batch_row_put(s, txn, no, row);
    if (bad == ERR_OK && row->kind != BATCH_WITHDRAW)
        bad = store_del(s, txn, STORE_BATCH_ITEMS, batch_key(no, key));
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

enum err effect_apply(struct store *s, struct kv_txn *txn, struct effect_slice *slice)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ARENA_BYTES);
    struct batch_row row;
    struct batch_items items;
    if (a == NULL)
        return ERR_NOMEM;
    enum err bad = batch_row_get(s, txn, slice->no, a, &row);
    if (bad == ERR_OK && row.state == BATCH_APPLIED) {
        slice->done = true;
        return ERR_OK;
    }
    if (bad == ERR_OK && row.state != BATCH_ACCEPTED)
        bad = ERR_STATE;
    if (bad == ERR_OK)
        bad = batch_items_get(s, txn, slice->no, a, &items);
    if (bad == ERR_OK)
        bad = apply_items(s, txn, &row, &items, slice);
    row.state = BATCH_APPLIED;
    return bad == ERR_OK && slice->done ? finish(s, txn, &row, slice->no) : bad;
}

enum err effect_void(struct store *s, struct kv_txn *txn, uint32_t no, struct batch_row *row)
{
    row->state = BATCH_VOID;
    return finish(s, txn, row, no);
}

enum err effect_purge(struct store *s, struct kv_txn *txn, uint32_t no, size_t max, bool *left)
{
    uint8_t key[BATCH_KEY_BYTES];
    size_t deleted = 0;
    const struct bytes k = batch_key(no, key);
    enum err bad = kv_del_prefix(txn, store_kv_table(s, STORE_RECORD), k, max, &deleted);
    if (bad != ERR_OK || deleted == max) {
        *left = true;
        return bad;
    }
    const enum store_table tables[] = {STORE_BATCH_LEAVES, STORE_BATCH_ITEMS, STORE_BATCH};
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        bad = store_del(s, txn, tables[i], k);
        if (bad != ERR_OK && bad != ERR_NOT_FOUND)
            return bad;
    }
    *left = false;
    return ERR_OK;
}

static enum err strip(struct store *s, struct kv_txn *txn, uint32_t no, struct batch_row *row)
{
    uint8_t key[BATCH_KEY_BYTES];
    row->secret = row->header = row->signature = bytes_of(NULL, 0);
    row->promise = row->promise_signature = bytes_of(NULL, 0);
    enum err bad = batch_row_put(s, txn, no, row);
    if (bad == ERR_OK)
        bad = store_del(s, txn, STORE_BATCH_LEAVES, batch_key(no, key));
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

enum err effect_bare(struct store *s, struct kv_txn *txn, uint32_t no, size_t max, bool *left)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ARENA_BYTES);
    struct batch_row row;
    if (a == NULL)
        return ERR_NOMEM;
    enum err bad = batch_row_get(s, txn, no, a, &row);
    if (bad != ERR_OK)
        return bad;
    if (row.state != BATCH_APPLIED || row.kind != BATCH_ADD)
        return effect_purge(s, txn, no, max, left);
    *left = false;
    return strip(s, txn, no, &row);
}
