/* What the broker holds of a request while it is open, under the held key of its purpose and epoch:
 * whatever would let an owner of the purpose key test a guess. It goes when the header is matched
 * or closes, and dies with the broker's half of the epoch (docs/tokens.md). */
#ifndef SLUIS_BROKER_HELD_H
#define SLUIS_BROKER_HELD_H

#include "pki/secret.h"
#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/enums.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"

#define HELD_MAX_BYTES ((size_t)6 << 20)
#define HELD_SEEN_MAX 64u

/* Where a sealed value lies: it opens nowhere else. */
struct held_place {
    const struct secret *key; /* broker_held_key; NULL: stopped meanwhile, ERR_STATE */
    uint32_t epoch;
    const struct digest *header;
    const struct handle *handle; /* of a match; NULL: the question itself */
    uint32_t group;              /* of a match */
};

/* Appends. ERR_TOO_LARGE, ERR_NOMEM, ERR_CRYPTO. */
enum err held_seal(const struct held_place *at, struct bytes plain, struct buf *out) MUST_CHECK;
/* Appends the plain text, which the caller wipes. ERR_SIGNATURE: another place or key. */
enum err held_open(const struct held_place *at, struct bytes sealed, struct buf *out) MUST_CHECK;

/* One identifier asked: its token, and what proves that it was asked. */
struct held_identifier {
    uint16_t group;
    uint16_t position; /* of its leaf */
    enum ident_type type;
    struct salt salt;
    struct token token;
};

/* A question while it waits for its slot. */
struct held_question {
    const struct held_identifier *identifiers;
    size_t identifier_count;
    const struct digest *leaves; /* of the subject tree */
    size_t leaf_count;
    const struct bytes *sealed_parts; /* by group */
    size_t group_count;
};

/* A token that met a record, and the holder's records that it met at that time: one that is not
 * among them came later. At most HELD_SEEN_MAX are kept; full: there may have been more. */
struct held_token {
    enum ident_type type;
    struct token token;
    const struct handle *seen;
    size_t seen_count;
};

/* What is kept of a hit until the header closes. */
struct held_match {
    struct batch_id batch; /* under which the record came */
    const struct held_token *tokens;
    size_t token_count;
};

enum err held_question_encode(const struct held_question *q, struct buf *out) MUST_CHECK;
enum err held_match_encode(const struct held_match *m, struct buf *out) MUST_CHECK;
/* Views of data, lists in the arena. ERR_INVALID, ERR_TRUNCATED, ERR_NOMEM. */
enum err held_question_decode(struct bytes data, struct arena *a,
                              struct held_question *out) MUST_CHECK;
enum err held_match_decode(struct bytes data, struct arena *a, struct held_match *out) MUST_CHECK;

#endif
