/* One batch as it was made: everything that is stored before it goes out. */
#ifndef SLUIS_IMPORT_MADE_BATCH_H
#define SLUIS_IMPORT_MADE_BATCH_H

#include "agent/import/wire.h"
#include "agent/records/live.h"
#include "pki/sign.h"

/* The last header of a chain: what the next one continues. */
struct chain_head {
    uint64_t sequence; /* 0: none yet */
    struct digest digest;
};

struct made_batch {
    uint32_t no;
    enum batch_kind kind;
    uint32_t data_set;
    struct batch_header header;
    struct secret *secret; /* root of the salts; NULL where there are none */
    struct record_shape shape; /* the maker's */
    struct buf blocks;     /* versions, RECORD_BLOCK to a block */
    size_t *block_end;     /* where each block ends */
    size_t block_count;
    struct buf items;
    struct digest *leaves;
    size_t leaf_count;
    struct wire_batch *wire;
    struct buf header_bytes;
    struct signature signature;
    struct chain_head head; /* with this batch */
};

struct made_batch *made_batch_new(void);
void made_batch_free(struct made_batch *b);
DEFINE_CLEANUP(struct made_batch, made_batch_free)

/* Fills root, counts and norm versions of the header from wire and leaves, encodes and signs it,
 * continuing *head, which moves on. ERR_CRYPTO, ERR_NOMEM. */
struct key;
enum err made_batch_sign(struct made_batch *b, const struct key *signing,
                         struct chain_head *head) MUST_CHECK;

/* In a writer job: writes every row of the batch. Errors as store_put. */
enum err made_batch_put(const struct made_batch *b, struct store *s,
                        struct kv_txn *txn) MUST_CHECK;

/* Appends the body of the batch message. ERR_NOMEM. */
enum err made_batch_message(const struct made_batch *b, struct buf *out) MUST_CHECK;

#endif
