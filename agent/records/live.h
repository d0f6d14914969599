/* What is contributed at this moment, for each data set (one source, purpose and epoch): a table sorted
 * by keyed digest of the record key, so that a whole source is compared by one merge. The
 * digests are HMACs under a key derived from the storage key; the table's values lie open. */
#ifndef SLUIS_RECORDS_LIVE_H
#define SLUIS_RECORDS_LIVE_H

#include "agent/records/handle_code.h"
#include "agent/store/store.h"

/* 16 bytes of an HMAC. */
struct live_digest {
    uint8_t b[16];
};

struct live_entry {
    struct live_digest key;
    struct live_digest content;
    struct record_place place;
    uint16_t tokens;
    uint32_t entered_day; /* first day on which this record was contributed, in any version */
    uint32_t expires_day;
};

/* Makes digests for one data set. One thread at a time. */
struct live_hash;

/* context: what else decides on a version besides its content (names of fields, rules); hashed into
 * every content digest. ERR_NOMEM, ERR_CRYPTO. */
enum err live_hash_new(const struct secret *key, uint32_t data_set, struct bytes context,
                       struct live_hash **out) MUST_CHECK;
void live_hash_free(struct live_hash *h);
DEFINE_CLEANUP(struct live_hash, live_hash_free)
enum err live_hash_key(struct live_hash *h, struct bytes record_key,
                       struct live_digest *out) MUST_CHECK;
enum err live_hash_content(struct live_hash *h, struct bytes content,
                           struct live_digest *out) MUST_CHECK;

/* In a writer job. Errors as kv_put; live_del: ERR_NOT_FOUND too. */
enum err live_put(struct store *s, struct kv_txn *txn, uint32_t data_set,
                  const struct live_entry *e) MUST_CHECK;
enum err live_del(struct store *s, struct kv_txn *txn, uint32_t data_set,
                  const struct live_digest *key) MUST_CHECK;
/* Any transaction. ERR_NOT_FOUND; ERR_INVALID: the store is damaged; ERR_IO. */
enum err live_get(struct store *s, struct kv_txn *txn, uint32_t data_set,
                  const struct live_digest *key, struct live_entry *out) MUST_CHECK;

/* Reads a data set in order, a slice for each snapshot. */
struct live_reader;
/* after: goes on strictly behind this key; NULL: from the start. ERR_NOMEM. */
enum err live_reader_new(struct store *s, uint32_t data_set, const struct live_digest *after,
                         struct live_reader **out) MUST_CHECK;
void live_reader_free(struct live_reader *r);
DEFINE_CLEANUP(struct live_reader, live_reader_free)
/* The next entry, or NULL at the end; lives until the following call. Errors as kv_iter_next. */
enum err live_reader_next(struct live_reader *r, const struct live_entry **out) MUST_CHECK;

int live_digest_cmp(const struct live_digest *a, const struct live_digest *b);

/* Entries as bytes, for lists of them. */
#define LIVE_ENTRY_BYTES 50
void live_entry_encode(const struct live_entry *e, struct buf *out);
struct cursor;
void live_entry_decode(struct cursor *c, struct live_entry *out);

#endif
