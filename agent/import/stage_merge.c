/* A heap of run readers; each holds one block of keys and at most one of content. */
#include <stdlib.h>

#include "agent/import/stage_internal.h"
#include "proto/base/cursor.h"

#define BLOCK_ARENA ((size_t)4 << 20)

struct run_reader {
    struct stage_run run;
    struct arena *keys_arena;
    struct arena *rows_arena;
    struct cursor keys; /* what is left of the block */
    uint32_t key_block; /* the next */
    struct bytes rows;
    uint32_t row_block;
    bool has_rows;
    bool ended;
    struct stage_row row; /* at hand */
    uint32_t at_block;
    uint32_t at_offset;
    uint32_t at_len;
};

struct stage_merge {
    struct store *store;
    struct run_reader *readers;
    uint32_t count;
    uint32_t *heap; /* numbers of readers that have a row; the least first */
    uint32_t heap_count;
    bool has_top; /* the top of the heap was handed out */
};

static enum err load(struct stage_merge *m, enum store_table t, struct bytes key, struct arena *a,
                     struct bytes *out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    arena_reset(a);
    enum err bad = kv_read_begin(store_kv(m->store), &txn);
    return bad == ERR_OK ? store_get(m->store, txn, t, key, a, out) : bad;
}

static enum err next_block(struct stage_merge *m, struct run_reader *r)
{
    uint8_t key[STAGE_KEY_BYTES];
    struct bytes block;
    enum err bad =
        load(m, STORE_STAGE_KEYS, stage_key(r->run, r->key_block, key), r->keys_arena, &block);
    if (bad == ERR_NOT_FOUND && r->key_block > 0) {
        r->ended = true;
        return ERR_OK;
    }
    if (bad != ERR_OK)
        return bad == ERR_NOT_FOUND ? ERR_INVALID : bad;
    r->keys = cursor_of(block);
    r->key_block++;
    return ERR_OK;
}

static enum err advance(struct stage_merge *m, struct run_reader *r)
{
    if (r->keys.left == 0) {
        enum err bad = next_block(m, r);
        if (bad != ERR_OK || r->ended)
            return bad;
    }
    cursor_copy(&r->keys, r->row.key.b, sizeof r->row.key.b);
    cursor_copy(&r->keys, r->row.content.b, sizeof r->row.content.b);
    r->row.row = cursor_u32(&r->keys);
    uint8_t mark = cursor_u8(&r->keys);
    r->row.mark = (enum stage_mark)mark;
    r->row.tokens = cursor_u8(&r->keys);
    r->at_block = cursor_u32(&r->keys);
    r->at_offset = cursor_u32(&r->keys);
    r->at_len = cursor_u32(&r->keys);
    return r->keys.err == ERR_OK && mark <= STAGE_OUT ? ERR_OK : ERR_INVALID;
}

static bool before(const struct stage_merge *m, uint32_t a, uint32_t b)
{
    return stage_row_cmp(&m->readers[m->heap[a]].row, &m->readers[m->heap[b]].row) < 0;
}

static void swap(struct stage_merge *m, uint32_t a, uint32_t b)
{
    uint32_t kept = m->heap[a];
    m->heap[a] = m->heap[b];
    m->heap[b] = kept;
}

static void sift_down(struct stage_merge *m, uint32_t at)
{
    while (2 * at + 1 < m->heap_count) {
        uint32_t child = 2 * at + 1;
        if (child + 1 < m->heap_count && before(m, child + 1, child))
            child++;
        if (!before(m, child, at))
            return;
        swap(m, child, at);
        at = child;
    }
}

/* Moves the reader at the top on, and restores the order. */
static enum err pop(struct stage_merge *m)
{
    struct run_reader *top = &m->readers[m->heap[0]];
    enum err bad = advance(m, top);
    if (bad != ERR_OK)
        return bad;
    if (top->ended)
        m->heap[0] = m->heap[--m->heap_count];
    sift_down(m, 0);
    return ERR_OK;
}

static enum err open_reader(struct stage_merge *m, uint32_t i, uint32_t leg,
                            const struct live_digest *after)
{
    struct run_reader *r = &m->readers[i];
    r->run = (struct stage_run){leg, i};
    r->keys_arena = arena_new(BLOCK_ARENA);
    r->rows_arena = arena_new(2 * BLOCK_ARENA);
    if (r->keys_arena == NULL || r->rows_arena == NULL)
        return ERR_NOMEM;
    enum err bad = advance(m, r);
    while (bad == ERR_OK && !r->ended && after != NULL &&
           live_digest_cmp(&r->row.key, after) <= 0)
        bad = advance(m, r);
    if (bad == ERR_OK && !r->ended)
        m->heap[m->heap_count++] = i;
    return bad;
}

enum err stage_merge_new(struct store *s, uint32_t leg, uint32_t runs,
                         const struct live_digest *after, struct stage_merge **out)
{
    CLEANUP(cleanup_stage_merge_free) struct stage_merge *m = calloc(1, sizeof *m);
    if (m == NULL)
        return ERR_NOMEM;
    m->store = s;
    m->readers = calloc(runs + (size_t)1, sizeof *m->readers);
    m->heap = calloc(runs + (size_t)1, sizeof *m->heap);
    if (m->readers == NULL || m->heap == NULL)
        return ERR_NOMEM;
    m->count = runs;
    for (uint32_t i = 0; i < runs; i++) {
        enum err bad = open_reader(m, i, leg, after);
        if (bad != ERR_OK)
            return bad;
    }
    for (uint32_t i = m->heap_count / 2; i-- > 0;)
        sift_down(m, i);
    *out = take(m);
    return ERR_OK;
}

void stage_merge_free(struct stage_merge *m)
{
    if (m == NULL)
        return;
    for (uint32_t i = 0; m->readers != NULL && i < m->count; i++) {
        arena_free(m->readers[i].keys_arena);
        arena_free(m->readers[i].rows_arena);
    }
    free(m->readers);
    free(m->heap);
    free(m);
}

enum err stage_merge_next(struct stage_merge *m, const struct stage_row **out)
{
    if (m->has_top) {
        m->has_top = false;
        enum err bad = pop(m);
        if (bad != ERR_OK)
            return bad;
    }
    *out = NULL;
    if (m->heap_count > 0) {
        m->has_top = true;
        *out = &m->readers[m->heap[0]].row;
    }
    return ERR_OK;
}

enum err stage_merge_data(struct stage_merge *m, struct bytes *out)
{
    uint8_t key[STAGE_KEY_BYTES];
    if (!m->has_top)
        return ERR_STATE;
    struct run_reader *r = &m->readers[m->heap[0]];
    if (!r->has_rows || r->row_block != r->at_block) {
        enum err bad = load(m, STORE_STAGE_ROWS, stage_key(r->run, r->at_block, key),
                            r->rows_arena, &r->rows);
        if (bad != ERR_OK)
            return bad;
        r->row_block = r->at_block;
        r->has_rows = true;
    }
    if (r->at_offset > r->rows.len || r->at_len > r->rows.len - r->at_offset)
        return ERR_INVALID;
    *out = bytes_of(r->rows.ptr + r->at_offset, r->at_len);
    return ERR_OK;
}
