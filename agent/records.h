/* The agency's own records, encrypted at rest, and what was contributed of them. */
#ifndef SLUIS_AGENT_RECORDS_H
#define SLUIS_AGENT_RECORDS_H

#include "proto/base/arena.h"
#include "proto/base/enums.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"
#include "proto/ident/ident.h"
#include "proto/msg/batch.h"

struct agent;
struct kv_txn;
struct protected_list;
struct records;
struct store;

struct record_field {
    struct name name;
    struct bytes value; /* UTF-8, as stored; may be empty */
    struct salt salt;   /* of its field digest in this contribution */
};

struct record_identifier {
    struct norm_ident ident;
    struct salt salt; /* of its token digest in this contribution */
};

/* One record version as contributed in one purpose and epoch. Everything lives in the arena. */
struct record {
    struct handle handle;
    struct name purpose; /* of the contribution, as the epoch */
    uint32_t epoch;
    struct name category;
    uint32_t expires_day;
    bool withdrawn; /* replaced or withdrawn since */
    bool is_protected; /* became protected since */
    struct rule_set rules;
    const struct record_field *fields; /* ascending by name */
    size_t field_count;
    const struct record_identifier *identifiers; /* in the order of the token root */
    size_t identifier_count;
    struct batch_id batch;
    uint32_t leaf_index; /* in its batch */
    uint32_t place_batch; /* the batch in this agent's own numbering, for records_batch */
};

/* Both are borrowed; list may be NULL. ERR_NOMEM, ERR_CRYPTO. */
enum err records_new(struct store *s, struct protected_list *list,
                     struct records **out) MUST_CHECK;
void records_free(struct records *r);
DEFINE_CLEANUP(struct records, records_free)

/* The record under a handle, of live and lately replaced versions. ERR_NOT_FOUND, ERR_NOMEM, ERR_IO,
 * ERR_SIGNATURE (the stored value does not open). */
enum err records_by_handle(struct records *r, struct kv_txn *txn, const struct handle *handle,
                           struct arena *a, struct record *out) MUST_CHECK;

/* Its leaf's path to the batch root, with the batch's signed header, signature, and the broker's
 * promise. Views live in the arena. ERR_NOT_FOUND, ERR_STATE (batch not acknowledged yet). */
struct record_batch {
    struct bytes header;
    struct bytes signature;
    struct bytes promise;
    struct bytes promise_signature;
    struct merkle_path leaf_path;
};
enum err records_batch(struct records *r, struct kv_txn *txn, const struct record *record,
                       struct arena *a, struct record_batch *out) MUST_CHECK;

/* Roots and leaf of a record from its parts (docs/protocol.md, "Digests and leaves"). inners: of its
 * identifiers, in order. */
struct record_roots {
    struct digest *field_digests; /* ascending by name */
    struct digest *token_digests;
    struct digest field_root;
    struct digest token_root;
    struct digest leaf;
};
enum err record_roots_of(const struct record *record, const struct inner *inners, struct arena *a,
                         struct record_roots *out) MUST_CHECK;

/* Protected persons: no token leaves for one, a question about one carries a random inner. True also
 * where the list cannot be read: who might be protected is treated so. */
bool protected_has(struct agent *a, struct kv_txn *txn, const struct norm_ident *ident);

#endif
