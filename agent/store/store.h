/* The agent's store: its tables, every value encrypted under the storage key and bound to its place.
 * docs/storage-agent.md lists the tables, their keys and values. */
#ifndef SLUIS_AGENT_STORE_STORE_H
#define SLUIS_AGENT_STORE_STORE_H

#include "pki/secret.h"
#include "pki/storage_keys.h"
#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/ids.h"
#include "proto/host/kv.h"

/* 2: handles and salts are blocks of AES-256 (decision 0204). A store of 1 holds records whose handles and
 * salts cannot be made again: nothing in it could be released or withdrawn. */
/* 7 had searches without the day on which the request came in; 6 had no lists of the own log; 5 marked no promise whose miss
 * that log had told, and had one place for evidence; 4 had no standing requests, 3 no index of what touched a subject, 2 no
 * log of the agency's own; the tables come by themselves. */
#define STORE_SCHEMA 8u
#define STORE_SCHEMA_OLDEST 2u
#define STORE_VALUE_MAX ((size_t)8 << 20)

/* X(constant, name on disk). One line for each table; a part adds its own. */
#define STORE_TABLES(X)                                                                            \
    X(META, "meta")               /* schema, counters, marks */                                   \
    X(TRUST, "trust")             /* roster, policy and what belongs to them */                   \
    X(OUTBOX, "outbox")           /* messages that wait for an answer */                          \
    X(OUTBOX_BODY, "outbox_body")                                                                 \
    X(OUTBOX_FRAME, "outbox_frame")                                                               \
    X(RECEIPT, "receipt")         /* promises and proofs */                                       \
    X(RECEIPT_DUE, "receipt_due") /* promises without a proof, by time */                         \
    X(IMPORT, "import")           /* the import under way, data sets, chains */                   \
    X(STAGE_KEYS, "stage_keys")   /* what a source said, sorted runs: digests */                  \
    X(STAGE_ROWS, "stage_rows")   /* and content */                                               \
    X(LIVE, "live")               /* what is contributed, by keyed digest; values lie open */     \
    X(BATCH, "batch")             /* contributed batches */                                       \
    X(BATCH_ITEMS, "batch_items") /* what a batch does to LIVE, until that is done */             \
    X(BATCH_LEAVES, "batch_leaves")                                                               \
    X(RECORD, "record")           /* record versions, in blocks */                                \
    X(GONE, "gone")               /* versions that were replaced or withdrawn */                  \
    X(PROTECTED, "protected")     /* protected persons, by keyed digest */                        \
    X(HOLD_ITEM, "hold_item")     /* inbox, by number */                                          \
    X(HOLD_ASK, "hold_ask")       /* items of a request */                                        \
    X(HOLD_DUE, "hold_due")       /* items by the time at which they close or go */               \
    X(HOLD_LATER, "hold_later")   /* notices that nobody can judge yet */                         \
    X(CASE, "case")               /* cases */                                                     \
    X(ASK, "ask")                 /* requests of this agency */                                   \
    X(ASK_HEADER, "ask_header")   /* their headers, one for each holder */                        \
    X(ASK_RESULT, "ask_result")   /* what came back */                                            \
    X(ASK_COUNT, "ask_count")     /* what was asked lately */                                     \
    X(ASK_ALERT, "ask_alert")     /* questions about protected persons */                         \
    X(ASK_KEEP, "ask_keep")       /* requests that are kept longer, and who decided that */      \
    X(TOUCH, "touch")             /* what touched a subject: agent/subject/touch.h */            \
    X(SEARCH, "search")           /* who searched that, for which request of a data subject */   \
    X(LOG_STATE, "log_state")     /* the agency's own log, from here on: pki/logbook/log_rows.h */ \
    X(LOG_PENDING, "log_pending")                                                                 \
    X(LOG_ENTRIES, "log_entries")                                                                 \
    X(LOG_NODES, "log_nodes")                                                                     \
    X(LOG_ROWS, "log_rows")                                                                       \
    X(LOG_KEYS, "log_keys")                                                                       \
    X(LOG_BODIES, "log_bodies")                                                                   \
    X(LOG_PROOFS, "log_proofs")                                                                   \
    X(LOG_DUE, "log_due") /* when bodies are erased */                                           \
    X(LOG_INDEX, "log_index") /* which entries are about what */                                 \
    X(LOG_NAMED, "log_named") /* of those that stand on no list yet */                            \
    X(STANDING, "standing") /* standing requests: when, until when, by whom */                    \
    X(STANDING_WORDS, "standing_words") /* and what they ask */

enum store_table {
#define STORE_ENUM(constant, text) STORE_##constant,
    STORE_TABLES(STORE_ENUM)
#undef STORE_ENUM
        STORE_TABLE_COUNT,
};

struct log_tables;
struct store;
struct vault;

struct store_params {
    const char *dir;
    uint64_t map_bytes;             /* 0: KV_MAP_DEFAULT */
    const struct storage_keys *keys; /* all versions at hand; copied */
    const struct agency_id *agency; /* whose store this is */
};

/* Opens or makes the store. ERR_VERSION: written by a newer program; ERR_MISMATCH: of another
 * agency; ERR_SIGNATURE: another storage key; ERR_NOT_FOUND: a version of it that values lie under is
 * missing; else as kv_open. why tells. */
enum err agent_store_open(const struct store_params *p, struct store **out,
                    struct errmsg *why) MUST_CHECK;
/* After the writer. NULL is a no-op. */
void agent_store_free(struct store *s);
DEFINE_CLEANUP(struct store, agent_store_free)

struct kv *store_kv(struct store *s);
/* The name of a table on disk. */
const char *store_table_name(enum store_table t);
struct kv_table store_kv_table(const struct store *s, enum store_table t);

/* The tables of the agency's own log, and what its bodies' keys are sealed with; as long as the store. */
void store_log(const struct store *s, struct log_tables *out);
struct vault *store_vault(const struct store *s);

/* Seals plain and writes it under key. In a writer job. ERR_TOO_LARGE over STORE_VALUE_MAX,
 * ERR_CRYPTO, ERR_NOMEM, or as kv_put. */
enum err store_put(struct store *s, struct kv_txn *txn, enum store_table t, struct bytes key,
                   struct bytes plain) MUST_CHECK;

/* The plain value of key, in the arena. ERR_NOT_FOUND; ERR_SIGNATURE: the value does not open;
 * ERR_NOMEM, ERR_IO. */
enum err store_get(struct store *s, struct kv_txn *txn, enum store_table t, struct bytes key,
                   struct arena *a, struct bytes *plain) MUST_CHECK;

/* As kv_has and kv_del. */
enum err store_has(struct store *s, struct kv_txn *txn, enum store_table t,
                   struct bytes key) MUST_CHECK;
enum err store_del(struct store *s, struct kv_txn *txn, enum store_table t,
                   struct bytes key) MUST_CHECK;

/* A row in the course of a scan, both in the arena of store_next. */
struct store_row {
    struct bytes key;
    struct bytes plain;
};

/* Goes through the keys with a prefix; see kv_iter_new. */
enum err store_iter(struct store *s, struct kv_txn *txn, enum store_table t, struct bytes prefix,
                    struct kv_iter **out) MUST_CHECK;
/* The next row; errors as kv_iter_next and store_get. */
enum err store_next(struct store *s, enum store_table t, struct kv_iter *it, struct arena *a,
                    struct store_row *row) MUST_CHECK;

/* A number under a key of META, 0 where there is none; any transaction. */
enum err store_get_number(struct store *s, struct kv_txn *txn, const char *key,
                          uint64_t *out) MUST_CHECK;
enum err store_put_number(struct store *s, struct kv_txn *txn, const char *key,
                          uint64_t value) MUST_CHECK;
/* When the broker said last that it was restored. */
#define STORE_RESTORED_HEARD "restored_heard"
/* The number grows by one. */
enum err store_count(struct store *s, struct kv_txn *txn, const char *key) MUST_CHECK;

/* A key of 32 bytes that names things of this agency and stays the same at every rotation of the storage
 * key, by its label of proto/base/label.h; the caller's. ERR_UNKNOWN (no such label), ERR_NOMEM. */
enum err store_derive(struct store *s, const char *label, struct secret **out) MUST_CHECK;

#endif
