#include "agent/store/store_rewrap.h"

#include <stdlib.h>

#include "agent/store/store_internal.h"
#include "pki/logbook/logbook.h"
#include "pki/own_log_keys.h"
#include "proto/host/kv_sweep.h"

_Static_assert(REWRAP_PLACE_MAX == KV_KEY_MAX, "a place is a key");

enum err store_rewrap_read(struct store *s, struct kv_txn *txn, struct rewrap *out)
{
    struct bytes row;
    enum err bad = kv_get(txn, s->tables[STORE_META], bytes_str(REWRAP_ROW), &row);
    if (bad == ERR_OK)
        return rewrap_decode(row, out);
    if (bad == ERR_NOT_FOUND)
        rewrap_none(s->keys, out);
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

static enum err put_row(struct store *s, struct kv_txn *txn, const struct rewrap *r)
{
    uint8_t room[REWRAP_ROW_MAX];
    struct buf row = buf_fixed(room, sizeof room);
    enum err bad = rewrap_encode(r, &row);
    return bad == ERR_OK ? kv_put(txn, s->tables[STORE_META], bytes_str(REWRAP_ROW), buf_bytes(&row))
                         : bad;
}

/* Tables of which no value is sealed under the storage key: numbers and days behind keyed digests and places;
 * what a log publishes; bodies, each under a key of its own. */
static bool lies_open(enum store_table t)
{
    return t == STORE_LIVE || t == STORE_GONE || t == STORE_LOG_PENDING || t == STORE_LOG_ENTRIES ||
           t == STORE_LOG_NODES || t == STORE_LOG_ROWS || t == STORE_LOG_BODIES || t == STORE_LOG_PROOFS ||
           t == STORE_LOG_DUE || t == STORE_LOG_INDEX || t == STORE_LOG_NAMED;
}

static enum err count_values(struct store *s, struct kv_txn *txn, uint64_t *out)
{
    uint64_t n = 0;
    for (size_t i = 0; i < STORE_TABLE_COUNT; i++) {
        struct kv_table_stats stats;
        enum err bad = kv_table_stats(txn, s->tables[i], &stats);
        if (bad != ERR_OK)
            return bad;
        n += lies_open((enum store_table)i) ? 0 : stats.entries;
    }
    *out = n;
    return ERR_OK;
}

enum err store_rewrap_begin(struct store *s, struct kv_txn *txn, const struct storage_keys *keys,
                            int64_t now_s, struct rewrap *out, bool *begun)
{
    uint64_t total = 0;
    enum err bad = store_rewrap_read(s, txn, out);
    *begun = false;
    if (bad != ERR_OK || rewrap_lacks(out, keys) != 0)
        return bad != ERR_OK ? bad : ERR_NOT_FOUND;
    const bool is_due = rewrap_is_due(out, keys);
    if (is_due)
        bad = count_values(s, txn, &total);
    if (bad == ERR_OK && is_due)
        bad = rewrap_begin(out, keys, total, now_s);
    if (bad == ERR_OK)
        bad = put_row(s, txn, out);
    *begun = bad == ERR_OK && is_due;
    return bad;
}

enum err store_rewrap_take(struct store *s, const struct storage_keys *keys, uint32_t target)
{
    CLEANUP(cleanup_storage_keys_free) struct storage_keys *copy = NULL;
    enum err bad = storage_keys_copy(keys, &copy);
    if (bad == ERR_OK)
        bad = vault_set(s->values, copy, target);
    if (bad != ERR_OK)
        return bad;
    storage_keys_free(s->keys);
    s->keys = take(copy);
    return ERR_OK;
}

struct sweeping {
    struct store *store;
    enum store_table table;
};

static enum err renew(void *arg, struct bytes key, struct bytes value, struct buf *out)
{
    const struct sweeping *w = arg;
    uint8_t room[KV_KEY_MAX + 64];
    struct buf place = buf_fixed(room, sizeof room);
    if (w->table == STORE_LOG_KEYS)
        return logbook_renew_body_key(w->store->values, key, value, out);
    if (w->table == STORE_LOG_STATE)
        return logbook_renew_state(w->store->values, key, value, out);
    if (w->table == STORE_META && (bytes_is(key, "schema") || bytes_is(key, REWRAP_ROW) || bytes_is(key, OWN_LOG_KEYS_ROW)))
        return ERR_EXISTS;
    enum err bad = store_put_place(w->table, key, &place);
    return bad == ERR_OK ? vault_renew(w->store->values, buf_bytes(&place), value, out) : bad;
}

/* A part of the table at hand. */
static enum err sweep(struct store *s, struct kv_txn *txn, struct rewrap *r, struct kv_sweep *part)
{
    struct sweeping w = {s, (enum store_table)r->table};
    const size_t looked = part->looked;
    const size_t written = part->written;
    part->table = s->tables[r->table];
    part->fn = renew;
    part->arg = &w;
    part->place = r->place;
    part->place_len = &r->place_len;
    part->at_end = lies_open(w.table);
    enum err bad = part->at_end ? ERR_OK : kv_sweep(txn, part);
    r->looked += part->looked - looked;
    r->met += part->written - written;
    r->renewed += part->written - written;
    return bad;
}

enum err store_rewrap_step(struct store *s, struct kv_txn *txn, int64_t now_s, struct rewrap *out,
                           const char **table)
{
    struct kv_sweep part = {.max_looked = REWRAP_STEP_VALUES, .max_bytes = REWRAP_STEP_BYTES};
    enum err bad = store_rewrap_read(s, txn, out);
    *table = "meta";
    if (bad != ERR_OK || out->state != REWRAP_UNDER_WAY || out->target != vault_current(s->values))
        return bad;
    rewrap_resume(out, STORE_TABLE_COUNT);
    while (bad == ERR_OK && out->state == REWRAP_UNDER_WAY && part.looked < part.max_looked &&
           part.bytes < part.max_bytes) {
        *table = store_table_name((enum store_table)out->table);
        bad = sweep(s, txn, out, &part);
        if (bad == ERR_OK && part.at_end)
            rewrap_table_ended(out, now_s);
    }
    return bad == ERR_OK ? put_row(s, txn, out) : bad;
}
