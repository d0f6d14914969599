/* The records of one batch as they travel (docs/protocol.md, "Contribute"): built while the batch is
 * made, or again from the store when the broker asks for its chunks once more. */
#ifndef SLUIS_IMPORT_WIRE_H
#define SLUIS_IMPORT_WIRE_H

#include "agent/records/batch_row.h"
#include "agent/records/handle_code.h"
#include "pki/agency_half.h"
#include "proto/msg/batch.h"

/* Holds inner values: wiped when freed. */
struct wire_batch {
    struct arena *arena;
    struct rule_set sets[BATCH_SETS_MAX];
    size_t set_count;
    struct name categories[BATCH_SETS_MAX];
    size_t category_count;
    struct batch_record *records;
    size_t record_count;
    size_t record_room;
    struct batch_token *tokens;
    size_t token_count;
    size_t token_room;
};

/* Room for that many records and tokens, each at most BATCH_TOKENS_MAX. ERR_RANGE, ERR_NOMEM. */
enum err wire_batch_new(size_t records, size_t tokens, struct wire_batch **out) MUST_CHECK;
void wire_batch_free(struct wire_batch *w);
DEFINE_CLEANUP(struct wire_batch, wire_batch_free)

/* One record; its tokens follow with wire_add_token, at least one. */
struct wire_record {
    const struct record_shape *shape;
    uint32_t rules; /* bits into shape->rules */
    uint8_t category;
    struct handle handle;
    uint32_t expires_day;
    struct digest field_root;
};
/* ERR_LIMIT: more than BATCH_SETS_MAX different sets of rules or categories; ERR_RANGE: no room;
 * ERR_NOMEM. */
enum err wire_add_record(struct wire_batch *w, const struct wire_record *r) MUST_CHECK;
enum err wire_add_token(struct wire_batch *w, const struct batch_token *t) MUST_CHECK;

/* The leaf of record i. ERR_CRYPTO. */
enum err wire_leaf(const struct wire_batch *w, size_t i, struct digest *out) MUST_CHECK;

/* In how many chunks it travels, and the encoding of one. The division depends on the records only, so
 * that it is the same each time. ERR_RANGE, ERR_NOMEM, ERR_TOO_LARGE. */
#define WIRE_CHUNK_BYTES ((size_t)900 << 10)
size_t wire_chunks(const struct wire_batch *w);
enum err wire_chunk_encode(const struct wire_batch *w, const struct batch_id *id, size_t chunk,
                           struct buf *out) MUST_CHECK;

/* What is needed to read records back. */
struct wire_source {
    struct store *store;
    struct agency_half *half; /* of the batch's purpose and epoch; used, one thread at a time */
    struct handle_code *handles;
};

/* An add or withdraw batch out of the store, in the order of its leaves. Takes snapshots itself.
 * ERR_NOT_FOUND, ERR_INVALID (the store is damaged), ERR_STATE (an end batch), ERR_CRYPTO, ERR_NOMEM. */
enum err wire_load(const struct wire_source *s, uint32_t no, struct wire_batch **out) MUST_CHECK;

/* The records of stored entries, in the order given: for a withdraw batch. Errors as wire_load. */
struct live_entry;
enum err wire_load_entries(const struct wire_source *s, const struct live_entry *entries,
                           size_t count, struct wire_batch **out) MUST_CHECK;

#endif
