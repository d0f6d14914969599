/* A holder's adoption of rules of one policy version, or its withdrawal. Signed as SIGN_ADOPTION by
 * an officer with the function mandated_officer at that holder. */
#ifndef SLUIS_MSG_ADOPTION_H
#define SLUIS_MSG_ADOPTION_H

#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"

#define ADOPTION_MAX_BYTES ((size_t)64 << 10)
#define ADOPTION_ARENA_BYTES ((size_t)512 << 10)
#define ADOPTION_MAX_RULES 512

enum adoption_state {
    ADOPTION_STATE_NONE = 0,
    ADOPTION_STATE_ADOPTED,
    ADOPTION_STATE_WITHDRAWN,
};

const char *adoption_state_id(enum adoption_state s);

struct adoption_doc {
    struct name deployment;
    struct agency_id holder;
    struct digest policy;   /* SHA-256 of the exact policy file */
    struct name_list rules; /* ids, ascending, at least one */
    enum adoption_state state;
    uint64_t serial;   /* above 0; each party keeps the highest of each holder */
    int64_t signed_at; /* seconds since 1970 UTC */
    struct name staff; /* the officer who signs */
};

/* Reads and checks; views point into a. ERR_TOO_LARGE, ERR_NOMEM, ERR_UNKNOWN (state), ERR_RANGE,
 * ERR_DUPLICATE, ERR_INVALID, or as msg_scan. */
enum err adoption_decode(struct bytes document, struct arena *a, struct adoption_doc *out,
                         struct errmsg *why) MUST_CHECK;

/* Whose it says it is, of a document whose signature does not count: enough to take from that holder,
 * never to give (decision 0305). Looks at the bytes with msg_scan only; same cap and errors;
 * ERR_INVALID where it names no holder or no serial. */
struct adoption_claim {
    struct agency_id holder;
    uint64_t serial;
};
enum err adoption_peek(struct bytes document, struct adoption_claim *out) MUST_CHECK;

/* Appends the document after the same checks. */
enum err adoption_encode(const struct adoption_doc *d, struct buf *out,
                         struct errmsg *why) MUST_CHECK;

#endif
