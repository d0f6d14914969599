/* What lies beyond the part under test: the clock, the outbox, the purpose key, and the one record of the agency. */
#include "tests/unit/agent/hold/world.h"

#include "pki/digest.h"
#include "proto/log/merkle.h"

int64_t agent_now_s(const struct agent *a)
{
    (void)a;
    return world_here->now_s;
}

struct agency_half *agent_half(struct agent *a, const struct name *purpose, uint32_t epoch,
                               bool for_store)
{
    (void)a;
    (void)for_store;
    bool known = name_equal(purpose, &world_here->purpose) && epoch == world_here->record.epoch &&
                 !world_here->has_no_key;
    return known ? world_here->half : NULL;
}

enum err outbox_put(struct outbox *o, struct kv_txn *txn, enum msg_kind kind, struct bytes body,
                    struct bytes tag, struct outbox_id *id)
{
    (void)o;
    (void)txn;
    assert_int_equal(kind, MSG_SETTLE);
    assert_int_equal(tag.len, 8);
    assert_true(world_here->sent_count < WORLD_SENT);
    struct buf *to = &world_here->sent[world_here->sent_count++];
    *to = buf_new(FRAME_MAX_BYTES);
    buf_put(to, body);
    id->v = world_here->sent_count;
    return buf_err(to);
}

enum err records_by_handle(struct records *r, struct kv_txn *txn, const struct handle *handle,
                           struct arena *a, struct record *out)
{
    (void)r;
    (void)txn;
    (void)a;
    if (memcmp(handle->b, world_here->record.handle.b, sizeof handle->b) != 0)
        return ERR_NOT_FOUND;
    *out = world_here->record;
    return ERR_OK;
}

enum err records_batch(struct records *r, struct kv_txn *txn, const struct record *record,
                       struct arena *a, struct record_batch *out)
{
    (void)r;
    (void)txn;
    struct merkle_hashes *h = arena_alloc(a, sizeof *h);
    assert_non_null(h);
    if (world_here->is_unacknowledged)
        return ERR_STATE;
    assert_int_equal(merkle_path_make(digest_sha256, world_here->batch_leaves, 4, record->leaf_index, h),
                     ERR_OK);
    *out = (struct record_batch){.header = buf_bytes(&world_here->batch_header),
                                 .signature = signature_bytes(&world_here->batch_signature),
                                 .promise = buf_bytes(&world_here->promise),
                                 .promise_signature = signature_bytes(&world_here->promise_signature),
                                 .leaf_path = merkle_path_of(record->leaf_index, 4, h)};
    return ERR_OK;
}
