/* Rows of the audit log: entries that wait, the tree, sealed bodies and who may read them. */
#ifndef SLUIS_BROKER_STORE_LOG_ROWS_H
#define SLUIS_BROKER_STORE_LOG_ROWS_H

#include "broker/store/store.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"
#include "proto/log/range.h"
#include "proto/log/tile.h"

#define LOG_NOT_PLACED UINT64_MAX

/* What is kept of an entry outside its body. */
struct log_row {
    int64_t committed_at_s;
    struct agency_id actor; /* whose message it was; "" for an automatic act */
    struct agency_id peer;  /* "" where there is none */
    bool hidden_from_actor;
    bool hidden_from_peer;
    bool is_promised; /* the actor holds a promise and is owed the proof */
    uint64_t index; /* in the tree; LOG_NOT_PLACED until it is sequenced */
};

/* A new entry: row, wrapped key, sealed body, and its place at the end of those that wait. */
struct log_new {
    const struct digest *entry;
    const struct log_row *row;
    struct bytes wrapped;
    struct bytes sealed;
};
enum err log_add(struct store *s, struct kv_txn *txn, const struct log_new *n) MUST_CHECK;

/* The first entries that wait, at most max. */
enum err log_pending(struct store *s, struct kv_txn *txn, struct digest *out, size_t max,
                     size_t *count) MUST_CHECK;
/* Takes the first count of them away. */
enum err log_drop_pending(struct store *s, struct kv_txn *txn, size_t count) MUST_CHECK;

/* ERR_NOT_FOUND for a filler. */
enum err log_get_row(struct store *s, struct kv_txn *txn, const struct digest *entry,
                     struct log_row *out) MUST_CHECK;

/* Gives an entry its place: the tree's row, and for one that waited its own row and the proof that
 * its sender is owed. */
struct log_place {
    uint64_t index;
    const struct digest *entry;
    bool is_filler;
};
enum err log_set_place(struct store *s, struct kv_txn *txn, const struct log_place *p) MUST_CHECK;
enum err log_put_node(struct store *s, struct kv_txn *txn, struct node_id tile_node,
                      const struct digest *hash) MUST_CHECK;
enum err log_entry_at(struct store *s, struct kv_txn *txn, uint64_t index,
                      struct digest *out) MUST_CHECK;

/* Sealed body and wrapped key, views. ERR_NOT_FOUND: none, or erased. */
enum err log_body(struct store *s, struct kv_txn *txn, const struct digest *entry,
                  struct bytes *wrapped, struct bytes *sealed) MUST_CHECK;

/* The sequenced tree, and the head that was published last; size 0 and empty at first. */
struct log_head {
    uint64_t size;
    struct digest root;
    struct range range;
};
enum err log_get_head(struct store *s, struct kv_txn *txn, struct log_head *out) MUST_CHECK;
enum err log_put_head(struct store *s, struct kv_txn *txn, const struct log_head *h) MUST_CHECK;

struct log_published {
    uint64_t size;
    struct bytes note; /* when read: a view of the transaction */
};
enum err log_get_published(struct store *s, struct kv_txn *txn,
                           struct log_published *out) MUST_CHECK;
enum err log_put_published(struct store *s, struct kv_txn *txn,
                           const struct log_published *p) MUST_CHECK;

/* Proofs owed: indices of entries in [from, until), ascending, at most max. */
struct log_span {
    uint64_t from;
    uint64_t until;
};
enum err log_proofs_owed(struct store *s, struct kv_txn *txn, const struct log_span *span,
                         uint64_t *out, size_t max, size_t *count) MUST_CHECK;
enum err log_proof_sent(struct store *s, struct kv_txn *txn, uint64_t index) MUST_CHECK;

/* Tiles made of these rows, for tiles_publish and proofs. The struct outlives the source. */
struct log_tiles {
    struct store *store;
    struct kv_txn *txn;
};
struct tile_source log_tile_source(struct log_tiles *t);

#endif
