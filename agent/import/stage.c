#include "agent/import/stage.h"

#include <stdlib.h>

#include "agent/import/stage_internal.h"

#define WINDOW_MAX ((size_t)16 << 20) /* the row that fills it may be the largest there is */
#define ROWS_MAX (256u << 10)

struct slot {
    struct stage_row row;
    size_t offset; /* of the record key; the content follows it */
    size_t key_len;
    size_t len;
};

struct stage_window {
    struct buf data;
    struct slot *slots;
    size_t count;
    size_t room;
};

struct stage_window *stage_window_new(void)
{
    struct stage_window *w = calloc(1, sizeof *w);
    if (w != NULL)
        w->data = buf_new(WINDOW_MAX);
    return w;
}

void stage_window_free(struct stage_window *w)
{
    if (w == NULL)
        return;
    stage_window_reset(w);
    buf_free(&w->data);
    free(w->slots);
    free(w);
}

void stage_window_reset(struct stage_window *w)
{
    if (w->data.ptr != NULL)
        secret_wipe(w->data.ptr, w->data.len);
    buf_reset(&w->data);
    w->count = 0;
}

static enum err grow(struct stage_window *w)
{
    if (w->count < w->room)
        return ERR_OK;
    size_t room = w->room == 0 ? 1024 : 2 * w->room;
    struct slot *slots = reallocarray(w->slots, room, sizeof *slots);
    if (slots == NULL)
        return ERR_NOMEM;
    w->slots = slots;
    w->room = room;
    return ERR_OK;
}

enum err stage_window_add(struct stage_window *w, const struct stage_row *row,
                          struct bytes record_key, struct bytes data)
{
    enum err bad = grow(w);
    if (bad != ERR_OK)
        return bad;
    size_t offset = w->data.len;
    buf_put(&w->data, record_key);
    buf_put(&w->data, data);
    bad = buf_err(&w->data);
    if (bad == ERR_OK)
        w->slots[w->count++] = (struct slot){*row, offset, record_key.len, data.len};
    return bad;
}

bool stage_window_is_full(const struct stage_window *w)
{
    return w->data.len >= STAGE_WINDOW_BYTES || w->count >= ROWS_MAX;
}

bool stage_window_is_empty(const struct stage_window *w)
{
    return w->count == 0;
}

static int by_key(const void *a, const void *b)
{
    const struct slot *x = a;
    const struct slot *y = b;
    return stage_row_cmp(&x->row, &y->row);
}

int stage_row_cmp(const struct stage_row *a, const struct stage_row *b)
{
    int order = live_digest_cmp(&a->key, &b->key);
    return order != 0 ? order : (a->row > b->row) - (a->row < b->row);
}

static struct bytes slot_key(const struct stage_window *w, const struct slot *s)
{
    return bytes_of(w->data.ptr + s->offset, s->key_len);
}

static struct bytes slot_content(const struct stage_window *w, const struct slot *s)
{
    return bytes_of(w->data.ptr + s->offset + s->key_len, s->len);
}

enum err stage_window_digest(struct stage_window *w, struct live_hash *hash)
{
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < w->count; i++) {
        struct slot *s = &w->slots[i];
        if (s->key_len == 0)
            continue;
        bad = live_hash_key(hash, slot_key(w, s), &s->row.key);
        if (bad == ERR_OK && s->row.mark == STAGE_TAKEN)
            bad = live_hash_content(hash, slot_content(w, s), &s->row.content);
    }
    if (bad == ERR_OK && w->count > 0)
        qsort(w->slots, w->count, sizeof *w->slots, by_key);
    return bad;
}

struct bytes stage_key(struct stage_run run, uint32_t block, uint8_t room[static STAGE_KEY_BYTES])
{
    struct buf b = buf_fixed(room, STAGE_KEY_BYTES);
    buf_put_u32(&b, run.leg);
    buf_put_u32(&b, run.run);
    buf_put_u32(&b, block);
    return buf_bytes(&b);
}

/* Two streams of blocks: rows (content) and, for each row, where it lies there. */
struct run_writer {
    struct store *store;
    struct kv_txn *txn;
    struct stage_run run;
    struct buf rows;
    struct buf keys;
    uint32_t row_block;
    uint32_t key_block;
};

static enum err flush_rows(struct run_writer *w)
{
    uint8_t key[STAGE_KEY_BYTES];
    enum err bad = buf_err(&w->rows);
    if (bad == ERR_OK && w->rows.len > 0)
        bad = store_put(w->store, w->txn, STORE_STAGE_ROWS, stage_key(w->run, w->row_block++, key),
                        buf_bytes(&w->rows));
    if (w->rows.ptr != NULL)
        secret_wipe(w->rows.ptr, w->rows.len);
    buf_reset(&w->rows);
    return bad;
}

static enum err flush_keys(struct run_writer *w)
{
    uint8_t key[STAGE_KEY_BYTES];
    enum err bad = buf_err(&w->keys);
    if (bad == ERR_OK && w->keys.len > 0)
        bad = store_put(w->store, w->txn, STORE_STAGE_KEYS, stage_key(w->run, w->key_block++, key),
                        buf_bytes(&w->keys));
    buf_reset(&w->keys);
    return bad;
}

static enum err write_slot(struct run_writer *w, const struct slot *s, struct bytes data)
{
    enum err bad = ERR_OK;
    if (w->rows.len > 0 && w->rows.len + data.len > STAGE_BLOCK_BYTES)
        bad = flush_rows(w);
    buf_put(&w->keys, BYTES_OF_ARRAY(s->row.key.b));
    buf_put(&w->keys, BYTES_OF_ARRAY(s->row.content.b));
    buf_put_u32(&w->keys, s->row.row);
    buf_put_u8(&w->keys, (uint8_t)s->row.mark);
    buf_put_u8(&w->keys, s->row.tokens);
    buf_put_u32(&w->keys, w->row_block);
    buf_put_u32(&w->keys, (uint32_t)w->rows.len);
    buf_put_u32(&w->keys, (uint32_t)data.len);
    buf_put(&w->rows, data);
    if (bad == ERR_OK && w->keys.len >= STAGE_BLOCK_KEYS * STAGE_SLOT_BYTES)
        bad = flush_keys(w);
    return bad;
}

enum err stage_window_write(const struct stage_window *w, struct store *s, struct kv_txn *txn,
                            struct stage_run run)
{
    struct run_writer out = {.store = s, .txn = txn, .run = run};
    out.rows = buf_new(WINDOW_MAX);
    out.keys = buf_new(2 * (size_t)STAGE_BLOCK_KEYS * STAGE_SLOT_BYTES);
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < w->count; i++)
        bad = write_slot(&out, &w->slots[i], slot_content(w, &w->slots[i]));
    if (bad == ERR_OK)
        bad = flush_rows(&out);
    if (bad == ERR_OK)
        bad = flush_keys(&out);
    buf_free(&out.rows);
    buf_free(&out.keys);
    return bad;
}

enum err stage_purge(struct store *s, struct kv_txn *txn, size_t max, size_t *deleted)
{
    size_t rows = 0;
    size_t keys = 0;
    const struct bytes all = bytes_of(NULL, 0);
    enum err bad = kv_del_prefix(txn, store_kv_table(s, STORE_STAGE_ROWS), all, max, &rows);
    if (bad == ERR_OK && rows < max)
        bad = kv_del_prefix(txn, store_kv_table(s, STORE_STAGE_KEYS), all, max - rows, &keys);
    if (bad == ERR_OK)
        *deleted = rows + keys;
    return bad;
}
