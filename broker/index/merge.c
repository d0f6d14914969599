#include "broker/index/merge.h"

#include <stdlib.h>

#include "broker/index/internal.h"
#include "proto/host/clock.h"
#include "proto/host/crash.h"

#define LOOK_AT_CLOCK_EVERY 256 /* entries */

struct inputs {
    struct run_iters iters;
    struct run_cursor cursors[MERGE_MAX_INPUTS]; /* oldest first, as in the merge */
    size_t count;
};

/* A cursor of each input behind the last key that was read. */
static enum err open_inputs(struct index *ix, struct kv_txn *txn, const struct merge *m,
                            struct inputs *in)
{
    struct bytes from = m->resumes ? BYTES_OF_ARRAY(m->resume) : bytes_of(NULL, 0);
    enum err e = run_iters_open(ix, txn, &in->iters);
    in->count = m->count;
    for (size_t i = 0; e == ERR_OK && i < m->count; i++) {
        enum run_state state;
        e = run_get_state(ix, txn, m->inputs[i], &state);
        if (e == ERR_NOT_FOUND || (e == ERR_OK && state != RUN_LISTED))
            return ERR_STATE;
        struct run_cursor *c = &in->cursors[i];
        if (e == ERR_OK)
            e = run_seek(&in->iters, m->inputs[i], from, c);
        const uint8_t *entry = e == ERR_OK ? run_entry(c) : NULL;
        if (entry != NULL && m->resumes && entry_cmp(entry, m->resume) == 0)
            e = run_next(&in->iters, c);
    }
    return e;
}

/* The least entry; of equal ones the newest. NULL: all inputs are at their end. */
static const uint8_t *least(const struct inputs *in)
{
    const uint8_t *best = NULL;
    for (size_t i = 0; i < in->count; i++) {
        const uint8_t *entry = run_entry(&in->cursors[i]);
        if (entry != NULL && (best == NULL || entry_cmp(entry, best) <= 0))
            best = entry;
    }
    return best;
}

static enum err pass(struct inputs *in, const uint8_t *key)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < in->count; i++) {
        const uint8_t *entry = run_entry(&in->cursors[i]);
        if (entry != NULL && entry_cmp(entry, key) == 0)
            e = run_next(&in->iters, &in->cursors[i]);
    }
    return e;
}

/* Puts one entry into the output, unless it may go. */
static enum err keep(struct merge *m, const uint8_t *packed)
{
    struct entry entry;
    enum err e = entry_get(packed, &entry);
    if (e != ERR_OK)
        return e;
    if (m->bottom && entry.tombstone)
        return ERR_OK;
    if (m->bottom && entry.expires_day <= m->today) {
        m->expired++;
        return ERR_OK;
    }
    memcpy(m->packed + m->packed_count * ENTRY_BYTES, packed, ENTRY_BYTES);
    m->packed_count++;
    m->output.entries++;
    if (entry.tombstone)
        m->output.tombstones++;
    else if (entry.expires_day < m->output.first_expiry)
        m->output.first_expiry = entry.expires_day;
    return ERR_OK;
}

static enum err merge_some(struct merge *m, struct inputs *in, int64_t until_ms)
{
    enum err e = ERR_OK;
    for (size_t n = 1; e == ERR_OK; n++) {
        const uint8_t *entry = least(in);
        m->at_end = entry == NULL;
        if (m->at_end || m->packed_count >= MERGE_SLICE_BLOCKS * BLOCK_ENTRIES)
            break;
        if (n % LOOK_AT_CLOCK_EVERY == 0 && clock_mono_ms() >= until_ms)
            break;
        memcpy(m->resume, entry, sizeof m->resume);
        m->resumes = true;
        e = keep(m, entry);
        if (e == ERR_OK)
            e = pass(in, m->resume);
    }
    return e;
}

/* Whole blocks, and at the end the rest. */
static enum err write_out(struct index *ix, struct kv_txn *txn, struct merge *m)
{
    size_t rest = m->at_end ? 0 : m->packed_count % BLOCK_ENTRIES;
    size_t whole = m->packed_count - rest;
    enum err e = run_append(ix, txn, m->output.run, m->packed, whole);
    if (e != ERR_OK)
        return e;
    memmove(m->packed, m->packed + whole * ENTRY_BYTES, rest * ENTRY_BYTES);
    m->packed_count = rest;
    return ERR_OK;
}

enum err merge_slice(struct index *ix, struct kv_txn *txn, struct merge *m, int64_t budget_ms)
{
    struct inputs in = {.count = 0};
    enum err e = open_inputs(ix, txn, m, &in);
    if (e == ERR_OK)
        e = merge_some(m, &in, clock_mono_ms() + budget_ms);
    run_iters_close(&in.iters);
    crash_point("merge_slice");
    return e == ERR_OK ? write_out(ix, txn, m) : e;
}

enum err merge_finish(struct index *ix, struct kv_txn *txn, struct merge *m)
{
    struct list_change change = {
        .list = m->list, .inputs = m->inputs, .count = m->count, .output = m->output};
    crash_point("merge_finish");
    return list_replace(ix, txn, &change);
}

enum err merge_abandon(struct index *ix, struct kv_txn *txn, const struct merge *m)
{
    return run_set_state(ix, txn, m->output.run, RUN_DOOMED);
}

void merge_clear(struct merge *m)
{
    free(m->packed);
    m->packed = NULL;
}
