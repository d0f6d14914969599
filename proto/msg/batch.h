/* Contribution (docs/protocol.md, "Contribute"): a signed header, then records in columns. */
#ifndef SLUIS_MSG_BATCH_H
#define SLUIS_MSG_BATCH_H

#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/enums.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"

#define BATCH_TOKENS_MAX 65536u
#define BATCH_CHUNKS_MAX 256u
#define BATCH_SETS_MAX 255u
#define BATCH_RULES_MAX 32u

enum import_mode {
    IMPORT_MODE_NONE = 0,
    IMPORT_MODE_FULL,  /* its batches take effect together, at the end batch */
    IMPORT_MODE_DELTA, /* each batch takes effect at once */
};

struct import_id {
    uint8_t b[16];
};

struct batch_header {
    struct name deployment;
    struct agency_id agency;
    struct name purpose;
    uint32_t epoch;
    enum suite suite;
    uint32_t norm_versions[IDENT_TYPE_COUNT]; /* 0: type not in this batch */
    struct digest policy_digest;
    uint64_t sequence;              /* from 1 */
    struct digest previous_digest;  /* zero at sequence 1 */
    enum batch_kind kind;
    uint32_t record_count;
    uint32_t token_count; /* at most BATCH_TOKENS_MAX; both counts 0 for an end batch */
    struct digest root;
    struct batch_id batch_id;
    struct import_id import_id;
    enum import_mode mode;
    int64_t issued_at_s;
};

struct batch_message {
    struct bytes header;    /* exact bytes of a batch_header */
    struct bytes signature;
    uint32_t chunks;
};

/* The ids of the index rules that admit a record, ascending, without repeats. */
struct rule_set {
    const struct name *rules;
    size_t count;
};

/* One record of a chunk. Tokens first_token … first_token + token_count - 1 are its own. */
struct batch_record {
    struct handle handle;
    uint8_t rule_set;
    uint8_t category;
    uint8_t token_count; /* from 1 */
    uint32_t expires_day;
    struct digest field_root;
    uint32_t first_token;
};

struct batch_token {
    enum ident_type type;
    struct inner inner;
    struct salt salt;
};

struct batch_chunk {
    struct batch_id batch_id;
    uint32_t index;
    const struct rule_set *rule_sets;
    size_t rule_set_count;
    const struct name *categories;
    size_t category_count;
    const struct batch_record *records;
    size_t record_count;
    const struct batch_token *tokens;
    size_t token_count;
};

enum err batch_header_encode(const struct batch_header *h, struct buf *out) MUST_CHECK;
enum err batch_message_encode(const struct batch_message *m, struct buf *out) MUST_CHECK;
enum err batch_chunk_encode(const struct batch_chunk *c, struct buf *out) MUST_CHECK;

/* Decode and validate into views and copies in arena a; errors as in envelope.h. A chunk's columns
 * must have matching lengths, its indices must be inside its tables, each type known. The decoded
 * chunk holds inner values: reset the arena (which wipes) as soon as tokens are made. */
enum err batch_header_decode(struct bytes data, struct arena *a, struct batch_header *out,
                             struct errmsg *why) MUST_CHECK;
enum err batch_message_decode(struct bytes data, struct arena *a, struct batch_message *out,
                              struct errmsg *why) MUST_CHECK;
enum err batch_chunk_decode(struct bytes data, struct arena *a, struct batch_chunk *out,
                            struct errmsg *why) MUST_CHECK;

#endif
