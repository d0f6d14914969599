#include "broker/index/merge.h"

#include <stdlib.h>

#include "broker/index/internal.h"
#include "proto/host/clock.h"
#include "proto/host/crash.h"

#define LOOK_AT_CLOCK_EVERY 256 /* entries */

struct inputs {
    struct run_iters iters;
    struct run_cursor cursors[MERGE_MAX_INPUTS]; /* oldest first, as in the merge */
    const uint8_t *heads[MERGE_MAX_INPUTS];      /* what each stands on; NULL at its end */
    uint64_t ranks[MERGE_MAX_INPUTS];            /* of the heads; at the end the highest */
    size_t count;
};

static void look(struct inputs *in, size_t i)
{
    in->heads[i] = run_entry(&in->cursors[i]);
    in->ranks[i] = in->heads[i] != NULL ? entry_rank(in->heads[i]) : UINT64_MAX;
}

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
        if (e == ERR_OK)
            look(in, i);
    }
    return e;
}

/* The place of the least entry; of equal ones the newest. in->count: all inputs are at their end.
 */
static size_t least(const struct inputs *in)
{
    size_t best = in->count;
    for (size_t i = 0; i < in->count; i++) {
        if (in->heads[i] == NULL)
            continue;
        if (best == in->count || in->ranks[i] < in->ranks[best] ||
            (in->ranks[i] == in->ranks[best] && entry_cmp(in->heads[i], in->heads[best]) <= 0))
            best = i;
    }
    return best;
}

static enum err pass(struct inputs *in, const uint8_t *key)
{
    uint64_t rank = entry_rank(key);
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < in->count; i++) {
        if (in->ranks[i] != rank || in->heads[i] == NULL || entry_cmp(in->heads[i], key) != 0)
            continue;
        e = run_next(&in->iters, &in->cursors[i]);
        if (e == ERR_OK)
            look(in, i);
    }
    return e;
}

/* Puts one entry into the output, unless it may go. */
static void keep(struct merge *m, const uint8_t *packed)
{
    bool tombstone = entry_is_tombstone(packed);
    uint32_t day = entry_expires_day(packed);
    if (m->bottom && tombstone)
        return;
    if (m->bottom && day <= m->today) {
        m->expired++;
        return;
    }
    memcpy(m->packed + m->packed_count * ENTRY_BYTES, packed, ENTRY_BYTES);
    m->packed_count++;
    m->output.entries++;
    if (tombstone)
        m->output.tombstones++;
    else if (day < m->output.first_expiry)
        m->output.first_expiry = day;
}

static enum err merge_some(struct merge *m, struct inputs *in, int64_t until_ms)
{
    enum err e = ERR_OK;
    for (size_t n = 1; e == ERR_OK; n++) {
        size_t i = least(in);
        m->at_end = i == in->count;
        if (m->at_end || m->packed_count >= MERGE_SLICE_BLOCKS * BLOCK_ENTRIES)
            break;
        if (n % LOOK_AT_CLOCK_EVERY == 0 && clock_mono_ms() >= until_ms)
            break;
        memcpy(m->resume, in->heads[i], sizeof m->resume);
        m->resumes = true;
        keep(m, in->heads[i]);
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
