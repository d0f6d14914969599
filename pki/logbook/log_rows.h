/* Rows of an audit log: entries that wait, the tree, sealed bodies and who may read them. Whose log it is says which
 * tables they lie in; keys and values are the same everywhere (docs/storage.md). */
#ifndef SLUIS_PKI_LOGBOOK_LOG_ROWS_H
#define SLUIS_PKI_LOGBOOK_LOG_ROWS_H

#include "proto/host/kv.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"
#include "proto/log/range.h"
#include "proto/log/tile.h"

#define LOG_NOT_PLACED UINT64_MAX
#define LOG_STATE_FILLER "log/filler" /* the filler key, sealed */

/* The tables of one log. */
struct log_tables {
    struct kv_table state; /* single rows by name: head, what was published, filler key */
    struct kv_table pending;
    struct kv_table entries;
    struct kv_table nodes;
    struct kv_table rows;
    struct kv_table keys;
    struct kv_table bodies;
    struct kv_table proofs;
    struct kv_table due; /* when bodies are erased: log_due.h */
    struct kv_table index; /* which entries are about what: log_index.h */
    struct kv_table named; /* of entries that stand on no list yet: log_named.h */
};

/* A row of state by its name. ERR_NOT_FOUND. */
enum err log_get_state(const struct log_tables *t, struct kv_txn *txn, const char *name,
                       struct bytes *out) MUST_CHECK;
enum err log_put_state(const struct log_tables *t, struct kv_txn *txn, const char *name,
                       struct bytes value) MUST_CHECK;

/* What is kept of an entry outside its body. */
struct log_row {
    int64_t committed_at_s;
    struct agency_id actor; /* whose message it was; "" for an automatic act */
    struct agency_id peer;  /* "" where there is none */
    bool hidden_from_actor;
    bool hidden_from_peer;
    bool is_lost;     /* of the entry nothing is known but its place: its body was lost before a restore (decision 0409) */
    bool is_promised; /* the actor holds a promise and is owed the proof */
    uint64_t index; /* in the tree; LOG_NOT_PLACED until it is sequenced */
    struct message_id message; /* all zero where there is none */
};

/* A new entry: row, wrapped key, sealed body, and its place at the end of those that wait. */
struct log_new {
    const struct digest *entry;
    const struct log_row *row;
    struct bytes wrapped;
    struct bytes sealed;
};
enum err log_add(const struct log_tables *t, struct kv_txn *txn, const struct log_new *n) MUST_CHECK;

/* The row of an entry whose body this store never had: of nobody, without a time. */
enum err log_add_lost(const struct log_tables *t, struct kv_txn *txn, const struct digest *entry) MUST_CHECK;

/* The first entries that wait, at most max. */
enum err log_pending(const struct log_tables *t, struct kv_txn *txn, struct digest *out, size_t max,
                     size_t *count) MUST_CHECK;
/* Takes the first count of them away. */
enum err log_drop_pending(const struct log_tables *t, struct kv_txn *txn, size_t count) MUST_CHECK;

/* ERR_NOT_FOUND for a filler. */
enum err log_get_row(const struct log_tables *t, struct kv_txn *txn, const struct digest *entry,
                     struct log_row *out) MUST_CHECK;

/* Gives an entry its place: the tree's row, and for one that waited its own row and the proof that
 * its sender is owed. */
struct log_place {
    uint64_t index;
    const struct digest *entry;
    bool is_filler;
};
enum err log_set_place(const struct log_tables *t, struct kv_txn *txn, const struct log_place *p) MUST_CHECK;
enum err log_put_node(const struct log_tables *t, struct kv_txn *txn, struct node_id tile_node,
                      const struct digest *hash) MUST_CHECK;
enum err log_entry_at(const struct log_tables *t, struct kv_txn *txn, uint64_t index,
                      struct digest *out) MUST_CHECK;

/* Sealed body and wrapped key, views. ERR_NOT_FOUND: none, or erased. */
enum err log_body(const struct log_tables *t, struct kv_txn *txn, const struct digest *entry,
                  struct bytes *wrapped, struct bytes *sealed) MUST_CHECK;

/* The sequenced tree, and the head that was published last; size 0 and empty at first. */
struct log_head {
    uint64_t size;
    struct digest root;
    struct range range;
};
enum err log_get_head(const struct log_tables *t, struct kv_txn *txn, struct log_head *out) MUST_CHECK;
enum err log_put_head(const struct log_tables *t, struct kv_txn *txn, const struct log_head *h) MUST_CHECK;

struct log_published {
    uint64_t size;
    struct bytes note; /* when read: a view of the transaction */
};
enum err log_get_published(const struct log_tables *t, struct kv_txn *txn,
                           struct log_published *out) MUST_CHECK;
enum err log_put_published(const struct log_tables *t, struct kv_txn *txn,
                           const struct log_published *p) MUST_CHECK;

/* Proofs owed: indices of entries in [from, until), ascending, at most max. */
struct log_span {
    uint64_t from;
    uint64_t until;
};
enum err log_proofs_owed(const struct log_tables *t, struct kv_txn *txn, const struct log_span *span,
                         uint64_t *out, size_t max, size_t *count) MUST_CHECK;
enum err log_proof_sent(const struct log_tables *t, struct kv_txn *txn, uint64_t index) MUST_CHECK;

/* Tiles made of these rows, for tiles_publish and proofs. The struct outlives the source. */
struct log_tiles {
    const struct log_tables *tables;
    struct kv_txn *txn;
};
struct tile_source log_tile_source(struct log_tiles *t);

#endif
