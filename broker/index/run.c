#include "broker/index/run.h"

#include "broker/index/internal.h"
#include "proto/base/buf.h"
#include "proto/base/cursor.h"

#define ROW_KEY_BYTES 5
#define BLOCK_KEY_BYTES (4 + ENTRY_KEY_BYTES)

static struct bytes row_key(struct run_id run, uint8_t out[static ROW_KEY_BYTES])
{
    struct buf b = buf_fixed(out, ROW_KEY_BYTES);
    buf_put_u8(&b, (uint8_t)run.lane);
    buf_put_u32(&b, run.number);
    return buf_bytes(&b);
}

static enum err row_parse(struct bytes key, struct run_id *out)
{
    struct cursor c = cursor_of(key);
    unsigned lane = cursor_u8(&c);
    uint32_t number = cursor_u32(&c);
    if (cursor_done(&c) != ERR_OK || (lane != RUN_FRESH && lane != RUN_MERGED))
        return ERR_INVALID;
    *out = (struct run_id){(enum run_lane)lane, number};
    return ERR_OK;
}

static enum err state_parse(struct bytes value, enum run_state *out)
{
    if (value.len != 1 || value.ptr[0] < RUN_WRITING || value.ptr[0] > RUN_DOOMED)
        return ERR_INVALID;
    *out = (enum run_state)value.ptr[0];
    return ERR_OK;
}

/* The last number that was given out in a lane: none is given twice, also where its run is gone. */
static struct bytes counter_key(enum run_lane lane, uint8_t out[static 2])
{
    out[0] = SHORT_RUN;
    out[1] = (uint8_t)lane;
    return bytes_of(out, 2);
}

static enum err counter_next(struct index *ix, struct kv_txn *txn, enum run_lane lane,
                             uint32_t *out)
{
    uint8_t key[2];
    struct bytes value;
    uint32_t last = 0;
    enum err e = kv_get(txn, ix->shorts, counter_key(lane, key), &value);
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    if (e == ERR_OK) {
        struct cursor c = cursor_of(value);
        last = cursor_u32(&c);
        e = cursor_done(&c);
        if (e != ERR_OK)
            return e;
    }
    if (last == UINT32_MAX)
        return ERR_LIMIT;
    uint8_t next[4];
    struct buf b = buf_fixed(next, sizeof next);
    buf_put_u32(&b, last + 1);
    e = kv_put(txn, ix->shorts, counter_key(lane, key), buf_bytes(&b));
    if (e == ERR_OK)
        *out = last + 1;
    return e;
}

enum err run_create(struct index *ix, struct kv_txn *txn, enum run_lane lane, struct run_id *out)
{
    struct run_id run = {lane, 0};
    enum err e = counter_next(ix, txn, lane, &run.number);
    if (e == ERR_OK)
        e = run_set_state(ix, txn, run, RUN_WRITING);
    if (e == ERR_OK)
        *out = run;
    return e;
}

enum err run_get_state(struct index *ix, struct kv_txn *txn, struct run_id run, enum run_state *out)
{
    uint8_t key[ROW_KEY_BYTES];
    struct bytes value;
    enum err e = kv_get(txn, ix->runs, row_key(run, key), &value);
    return e == ERR_OK ? state_parse(value, out) : e;
}

enum err run_set_state(struct index *ix, struct kv_txn *txn, struct run_id run,
                       enum run_state state)
{
    uint8_t key[ROW_KEY_BYTES];
    uint8_t value = (uint8_t)state;
    return kv_put(txn, ix->runs, row_key(run, key), bytes_of(&value, 1));
}

static struct bytes block_key(struct run_id run, struct bytes entry_key,
                              uint8_t out[static BLOCK_KEY_BYTES])
{
    struct buf b = buf_fixed(out, BLOCK_KEY_BYTES);
    buf_put_u32(&b, run.number);
    buf_put(&b, entry_key);
    return buf_bytes(&b);
}

static enum err append_blocks(struct index *ix, struct kv_txn *txn, struct run_id run,
                              const uint8_t *packed, size_t count)
{
    enum err e = ERR_OK;
    for (size_t at = 0; e == ERR_OK && at < count; at += BLOCK_ENTRIES) {
        size_t n = count - at < BLOCK_ENTRIES ? count - at : BLOCK_ENTRIES;
        const uint8_t *first = packed + at * ENTRY_BYTES;
        uint8_t key[BLOCK_KEY_BYTES];
        struct bytes last = bytes_of(first + (n - 1) * ENTRY_BYTES, ENTRY_KEY_BYTES);
        e = kv_append(txn, ix->blocks[run.lane], block_key(run, last, key),
                      bytes_of(first, n * ENTRY_BYTES));
    }
    return e;
}

enum err run_append(struct index *ix, struct kv_txn *txn, struct run_id run, const uint8_t *packed,
                    size_t count)
{
    enum run_state state;
    enum err e = run_get_state(ix, txn, run, &state);
    if (e != ERR_OK)
        return e;
    return state == RUN_WRITING ? append_blocks(ix, txn, run, packed, count) : ERR_STATE;
}

enum err run_doom_unfinished(struct index *ix, struct kv_txn *txn)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err e = kv_iter_new(txn, ix->runs, bytes_of(NULL, 0), &it);
    while (e == ERR_OK) {
        struct bytes key;
        struct bytes value;
        struct run_id run;
        enum run_state state;
        e = kv_iter_next(it, &key, &value);
        if (e == ERR_OK)
            e = row_parse(key, &run);
        if (e == ERR_OK)
            e = state_parse(value, &state);
        if (e != ERR_OK || state != RUN_WRITING)
            continue;
        uint8_t copy[ROW_KEY_BYTES];
        struct bytes behind = row_key(run, copy);
        e = run_set_state(ix, txn, run, RUN_DOOMED);
        if (e == ERR_OK)
            e = kv_iter_after(it, behind);
    }
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err first_doomed(struct index *ix, struct kv_txn *txn, struct run_id *out)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err e = kv_iter_new(txn, ix->runs, bytes_of(NULL, 0), &it);
    while (e == ERR_OK) {
        struct bytes key;
        struct bytes value;
        enum run_state state;
        e = kv_iter_next(it, &key, &value);
        if (e == ERR_OK)
            e = state_parse(value, &state);
        if (e == ERR_OK && state == RUN_DOOMED)
            return row_parse(key, out);
    }
    return e;
}

static enum err drop_row(struct index *ix, struct kv_txn *txn, struct run_id run)
{
    uint8_t key[ROW_KEY_BYTES];
    return kv_del(txn, ix->runs, row_key(run, key));
}

enum err run_purge(struct index *ix, struct kv_txn *txn, size_t max_blocks, bool *more)
{
    *more = false;
    size_t left = max_blocks;
    while (left > 0) {
        struct run_id run;
        enum err e = first_doomed(ix, txn, &run);
        if (e == ERR_NOT_FOUND)
            return ERR_OK;
        uint8_t prefix[BLOCK_KEY_BYTES];
        size_t deleted = 0;
        if (e == ERR_OK)
            e = kv_del_prefix(txn, ix->blocks[run.lane], block_key(run, bytes_of(NULL, 0), prefix),
                              left, &deleted);
        if (e == ERR_OK && deleted < left)
            e = drop_row(ix, txn, run);
        if (e != ERR_OK)
            return e;
        left -= deleted;
    }
    *more = true;
    return ERR_OK;
}

enum err run_iters_open(struct index *ix, struct kv_txn *txn, struct run_iters *out)
{
    struct run_iters it = {{NULL}};
    enum err e = ERR_OK;
    for (int lane = RUN_FRESH; e == ERR_OK && lane <= RUN_MERGED; lane++)
        e = kv_iter_new(txn, ix->blocks[lane], bytes_of(NULL, 0), &it.lane[lane]);
    if (e != ERR_OK)
        run_iters_close(&it);
    else
        *out = it;
    return e;
}

void run_iters_close(struct run_iters *it)
{
    for (int lane = RUN_FRESH; lane <= RUN_MERGED; lane++) {
        kv_iter_free(it->lane[lane]);
        it->lane[lane] = NULL;
    }
}

/* Loads the block that the lane's iterator comes to next, where it is of this run. */
static enum err load(struct run_iters *it, struct run_cursor *c)
{
    struct bytes key;
    struct bytes value;
    uint8_t prefix[BLOCK_KEY_BYTES];
    struct bytes own = block_key(c->run, bytes_of(NULL, 0), prefix);
    c->at = 0;
    c->block = (struct block){NULL, 0};
    enum err e = kv_iter_next(it->lane[c->run.lane], &key, &value);
    if (e == ERR_NOT_FOUND)
        return ERR_OK;
    if (e != ERR_OK)
        return e;
    if (key.len < own.len || !bytes_equal(bytes_of(key.ptr, own.len), own))
        return ERR_OK;
    return block_open(value, &c->block);
}

enum err run_seek(struct run_iters *it, struct run_id run, struct bytes key, struct run_cursor *out)
{
    struct run_cursor c = {.run = run};
    uint8_t from[BLOCK_KEY_BYTES];
    enum err e = kv_iter_seek(it->lane[run.lane], block_key(run, key, from));
    if (e == ERR_OK)
        e = load(it, &c);
    if (e != ERR_OK)
        return e;
    c.at = c.block.count > 0 ? block_from(&c.block, key) : 0;
    *out = c;
    return ERR_OK;
}

const uint8_t *run_entry(const struct run_cursor *c)
{
    return c->at < c->block.count ? block_at(&c->block, c->at) : NULL;
}

enum err run_next(struct run_iters *it, struct run_cursor *c)
{
    if (c->at + 1 < c->block.count) {
        c->at++;
        return ERR_OK;
    }
    if (c->block.count == 0)
        return ERR_OK;
    uint8_t key[BLOCK_KEY_BYTES];
    struct bytes last = bytes_of(block_at(&c->block, c->block.count - 1), ENTRY_KEY_BYTES);
    enum err e = kv_iter_after(it->lane[c->run.lane], block_key(c->run, last, key));
    return e == ERR_OK ? load(it, c) : e;
}
