/* A batch in memory, from its first chunk to a sorted run: tokens and leaves are made at once, and
 * what was needed for them is forgotten with the chunk. Pure work for the pool: no state of the
 * broker, no disk. */
#ifndef SLUIS_BROKER_STAGING_H
#define SLUIS_BROKER_STAGING_H

#include "pki/broker_half.h"
#include "proto/base/hash.h"
#include "proto/msg/batch.h"
#include "proto/msg/reply.h"
#include "proto/policy/policy.h"

#define STAGING_ADMISSIONS_MAX 256u
#define STAGING_DAYS_MAX 8192u

/* What one index rule admits in a batch, of one category: all that the policy is asked about. */
struct admission {
    struct name rule;
    struct name category;
    uint32_t records;
    uint32_t types[IDENT_TYPE_COUNT]; /* identifiers */
    uint32_t first_day;               /* the lowest and the highest expires_day */
    uint32_t last_day;
};

/* Records that expire on one day. */
struct day_count {
    uint32_t day;
    uint32_t records;
};

/* Why a batch cannot be taken; code REFUSED_NONE: it can. */
struct staging_fault {
    enum refusal_code code;
    const char *detail; /* static */
};

/* What is left of one chunk. All arrays are owned. */
struct staged_chunk {
    size_t record_count;
    size_t token_count;
    struct digest *leaves; /* of its records, in order */
    uint32_t *days;
    uint8_t *packed; /* entries (broker/index/entry.h); agency and batch zero */
    struct admission *admissions;
    size_t admission_count;
};

struct staged_chunk_input {
    const struct batch_chunk *chunk;
    const struct batch_header *header;
    const struct policy *policy;
    struct broker_half *half; /* for this thread alone */
};

/* Tokens, token digests, record leaves and entries of a chunk. Any thread. *fault tells what is
 * wrong with the chunk (then *out is not written and ERR_OK returned). ERR_NOMEM, ERR_CRYPTO. */
enum err staged_chunk_make(const struct staged_chunk_input *in, struct staged_chunk **out,
                           struct staging_fault *fault) MUST_CHECK;
/* staged_chunk_free(NULL) is a no-op. */
void staged_chunk_free(struct staged_chunk *c);
DEFINE_CLEANUP(struct staged_chunk, staged_chunk_free)

/* A whole batch whose root is the signed one. All arrays are owned. */
struct staged_batch {
    uint8_t *packed; /* sorted, no key twice */
    size_t token_count;
    struct admission *admissions;
    size_t admission_count;
    struct day_count *days; /* ascending */
    size_t day_count;
};

/* Joins the chunks, in order, and compares counts and root with the header. Any thread. As above.
 */
enum err staged_batch_make(const struct batch_header *header, struct staged_chunk *const *chunks,
                           size_t count, struct staged_batch **out,
                           struct staging_fault *fault) MUST_CHECK;
void staged_batch_free(struct staged_batch *b);
DEFINE_CLEANUP(struct staged_batch, staged_batch_free)

#endif
