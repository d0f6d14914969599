#include "broker/index/fresh.h"

#include "broker/index/internal.h"
#include "broker/index/short.h"
#include "proto/host/crash.h"

static void summarize(struct fresh *f)
{
    f->row.entries = f->count;
    f->row.first_expiry = UINT32_MAX;
    for (size_t i = 0; i < f->count; i++) {
        const uint8_t *entry = f->packed + i * ENTRY_BYTES;
        if (entry_is_tombstone(entry))
            f->row.tombstones++;
        else if (entry_expires_day(entry) < f->row.first_expiry)
            f->row.first_expiry = entry_expires_day(entry);
    }
}

static enum err start(struct index *ix, struct kv_txn *txn, struct fresh *f)
{
    if (f->count == 0)
        return ERR_INVALID;
    enum err e = short_agency_make(ix, txn, &f->agency, &f->agency_number);
    if (e == ERR_OK)
        e = short_batch_make(ix, txn, &f->batch, &f->batch_number);
    if (e == ERR_OK)
        e = run_create(ix, txn, RUN_FRESH, &f->row.run);
    if (e != ERR_OK)
        return e;
    entry_stamp(f->packed, f->count, f->agency_number, f->batch_number);
    summarize(f);
    return ERR_OK;
}

enum err fresh_slice(struct index *ix, struct kv_txn *txn, struct fresh *f)
{
    enum err e = f->written == 0 ? start(ix, txn, f) : ERR_OK;
    size_t most = (size_t)FRESH_SLICE_BLOCKS * BLOCK_ENTRIES;
    size_t n = f->count - f->written < most ? f->count - f->written : most;
    crash_point("fresh_slice");
    if (e == ERR_OK)
        e = run_append(ix, txn, f->row.run, f->packed + f->written * ENTRY_BYTES, n);
    if (e == ERR_OK)
        f->written += n;
    return e;
}

enum err fresh_discard(struct index *ix, struct kv_txn *txn, const struct fresh *f)
{
    enum run_state state;
    if (f->row.run.number == 0)
        return ERR_OK;
    enum err e = run_get_state(ix, txn, f->row.run, &state);
    if (e == ERR_NOT_FOUND)
        return ERR_OK;
    if (e == ERR_OK && state == RUN_WRITING)
        e = run_set_state(ix, txn, f->row.run, RUN_DOOMED);
    return e;
}
