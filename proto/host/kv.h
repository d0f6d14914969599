/* Ordered tables of bytes on disk (LMDB, default sync flags): what a writer job and a reader use.
 * Only kv.c includes lmdb.h. Opening and committing write transactions: writer.h, kv_write.h. */
#ifndef SLUIS_HOST_KV_H
#define SLUIS_HOST_KV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/attr.h"
#include "proto/base/bytes.h"
#include "proto/base/err.h"

#define KV_KEY_MAX 511 /* bytes; a key has at least one */
#define KV_MAP_DEFAULT (UINT64_C(64) << 30)
#define KV_ROOM_BYTES (UINT64_C(16) << 20)

struct kv;      /* one environment; one for each folder and process */
struct kv_txn;  /* a snapshot (read), or the transaction of a writer job */
struct kv_iter; /* a position in one table */

/* A named table; a small value, valid while its kv is open. */
struct kv_table {
    unsigned id;
};

struct kv_params {
    const char *dir;      /* made with mode 0700 where it is absent */
    uint64_t map_bytes;   /* the most the store can ever hold; 0: KV_MAP_DEFAULT */
    unsigned max_tables;  /* 0: 64 */
    unsigned max_readers; /* snapshots open at once in all processes; 0: 126 */
};

struct kv_stats {
    uint64_t page_bytes;
    uint64_t used_pages; /* up to the highest page ever used: the file's size at its highest */
    uint64_t free_pages; /* of these, on the free list */
    uint64_t map_pages;
    uint64_t last_txn;
    unsigned readers;
};

struct kv_table_stats {
    uint64_t entries;
    uint64_t pages;
};

/* Opens (or makes) the store and clears the slots of dead readers. ERR_PERMISSION where dir belongs
 * to someone else or others can read it, ERR_VERSION for another LMDB format, ERR_IO, ERR_NO_SPACE,
 * ERR_NOMEM; why tells. */
enum err kv_open(const struct kv_params *p, struct kv **out, struct errmsg *why) MUST_CHECK;

/* No transaction may be open. kv_free(NULL) is a no-op. */
void kv_free(struct kv *k);
DEFINE_CLEANUP(struct kv, kv_free)

/* Opens a named table, making it where it is absent. At start, before a writer runs.
 * ERR_LIMIT over max_tables, ERR_NO_SPACE, ERR_IO. */
enum err kv_table_open(struct kv *k, const char *name, struct kv_table *out) MUST_CHECK;

/* A snapshot. Any thread; one thread at a time uses it. Keep it short: it pins freed pages; a long
 * scan ends it and goes on from its last key in another. ERR_LIMIT: max_readers; ERR_IO. */
enum err kv_read_begin(struct kv *k, struct kv_txn **out) MUST_CHECK;
/* Ends a snapshot; views of its values are gone. NULL is a no-op. */
void kv_read_end(struct kv_txn *t);
DEFINE_CLEANUP(struct kv_txn, kv_read_end)

/* The value of key: a view, valid until the transaction ends or writes. ERR_NOT_FOUND, ERR_INVALID
 * (key length), ERR_IO. */
enum err kv_get(struct kv_txn *t, struct kv_table table, struct bytes key,
                struct bytes *value) MUST_CHECK;
/* ERR_OK where key exists, ERR_NOT_FOUND where not, ERR_IO. */
enum err kv_has(struct kv_txn *t, struct kv_table table, struct bytes key) MUST_CHECK;

/* The greatest key that starts with prefix (empty: of the table), and its value; either out may be
 * NULL. ERR_NOT_FOUND. */
enum err kv_last(struct kv_txn *t, struct kv_table table, struct bytes prefix, struct bytes *key,
                 struct bytes *value) MUST_CHECK;

/* Goes through the keys that start with prefix (copied; may be empty) in byte order. The first
 * kv_iter_next yields the first of them. Free it before its transaction ends. ERR_TOO_LARGE for a
 * prefix over KV_KEY_MAX, ERR_NOMEM, ERR_IO. */
enum err kv_iter_new(struct kv_txn *t, struct kv_table table, struct bytes prefix,
                     struct kv_iter **out) MUST_CHECK;
void kv_iter_free(struct kv_iter *it);
DEFINE_CLEANUP(struct kv_iter, kv_iter_free)

/* The next kv_iter_next yields the first key at or behind key (kv_iter_seek), or strictly behind it
 * (kv_iter_after: to resume a scan). A key in front of the prefix starts at the prefix.
 * ERR_TOO_LARGE: longer than a key can be. */
enum err kv_iter_seek(struct kv_iter *it, struct bytes key) MUST_CHECK;
enum err kv_iter_after(struct kv_iter *it, struct bytes key) MUST_CHECK;

/* Key and value (each may be NULL) as views like kv_get; ERR_NOT_FOUND at the end. In a writer job
 * the present entry may be deleted with kv_iter_del; no other write to the table in between. */
enum err kv_iter_next(struct kv_iter *it, struct bytes *key, struct bytes *value) MUST_CHECK;
enum err kv_iter_del(struct kv_iter *it) MUST_CHECK;

/* Writes, in a writer job only (ERR_STATE in a snapshot). A failed write dooms the job: return its
 * error. Common errors: ERR_NO_SPACE (disk or map full), ERR_INVALID (key length), ERR_IO. */
enum err kv_put(struct kv_txn *t, struct kv_table table, struct bytes key,
                struct bytes value) MUST_CHECK;
/* ERR_EXISTS where key is there; then nothing is written and the job may go on. */
enum err kv_put_new(struct kv_txn *t, struct kv_table table, struct bytes key,
                    struct bytes value) MUST_CHECK;
/* key must be greater than every key of the table: ERR_EXISTS otherwise. */
enum err kv_append(struct kv_txn *t, struct kv_table table, struct bytes key,
                   struct bytes value) MUST_CHECK;
/* ERR_NOT_FOUND where there is none; the job may go on. */
enum err kv_del(struct kv_txn *t, struct kv_table table, struct bytes key) MUST_CHECK;
/* Deletes every entry; the table stays. */
enum err kv_clear(struct kv_txn *t, struct kv_table table) MUST_CHECK;
/* Deletes at most max entries that start with prefix; *deleted < max means that none is left. */
enum err kv_del_prefix(struct kv_txn *t, struct kv_table table, struct bytes prefix, size_t max,
                       size_t *deleted) MUST_CHECK;

/* Frees the slots of readers that died. At start (kv_open does) and every minute. */
enum err kv_reader_check(struct kv *k, unsigned *cleared) MUST_CHECK;

#define KV_DATA_FILE "data.mdb" /* a store is a folder, and all of it lies in this file */

/* A copy of one snapshot in dir, which is made 0700 and must be absent or empty; compacted, where LMDB can. What failed leaves
 * no copy. Blocks for as long as it takes: not on the loop thread. ERR_EXISTS, ERR_NO_SPACE, ERR_IO,
 * ERR_PERMISSION. */
enum err kv_backup(struct kv *k, const char *dir, struct errmsg *why) MUST_CHECK;

enum err kv_stats(struct kv *k, struct kv_stats *out) MUST_CHECK;

/* Bytes that can still be written: what the map and the disk both leave, freed pages included.
 * ERR_IO, ERR_LIMIT (max_readers), ERR_NOMEM. */
enum err kv_room(struct kv *k, uint64_t *bytes) MUST_CHECK;
/* Whether a store that was full may open again: KV_ROOM_BYTES are free, or a sixteenth of a small map.
 * One small write that fits into a freed page does not open it. */
bool kv_has_room(struct kv *k);
enum err kv_table_stats(struct kv_txn *t, struct kv_table table,
                        struct kv_table_stats *out) MUST_CHECK;

#endif
