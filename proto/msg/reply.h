/* Accepted, refused, and the broker's promise to log (docs/protocol.md, "Replies"). */
#ifndef SLUIS_MSG_REPLY_H
#define SLUIS_MSG_REPLY_H

#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"

#define REPLY_CONDITIONS_MAX 64

enum refusal_code {
    REFUSED_NONE = 0,
    REFUSED_MALFORMED,
    REFUSED_SIGNATURE,
    REFUSED_SENDER,
    REFUSED_VERSION,
    REFUSED_EXPIRED,
    REFUSED_BEHIND,
    REFUSED_CONFLICT,
    REFUSED_POLICY,
    REFUSED_KEY,
    REFUSED_CHAIN,
    REFUSED_ROOT,
    REFUSED_NOT_FOUND,
    REFUSED_LIMIT,
    REFUSED_CLOSED,
    REFUSED_STATE,
    REFUSED_CREDIT,
    REFUSED_DEADLINE,
    REFUSED_SUSPENDED,
    REFUSAL_CODE_COUNT,
};

/* "malformed", "behind", …; "?" outside the set. */
const char *refusal_code_id(enum refusal_code c);

struct promise {
    struct name deployment;
    struct bytes origin; /* UTF-8 text, at most 200 bytes */
    struct digest entry;
    struct message_id message_id;
    int64_t committed_at_s;
    int64_t merge_by_s;
};

struct accepted {
    struct bytes promise;           /* exact bytes of a promise */
    struct bytes promise_signature;
    uint32_t credit;
};

struct refused_condition {
    struct bytes code; /* text, at most 64 bytes */
    struct bytes parameter; /* text, at most 200 bytes; never a data subject */
    struct bytes citation; /* text, at most 200 bytes */
};

struct refused {
    enum refusal_code code;
    struct bytes detail; /* text, at most 320 bytes */
    const struct refused_condition *conditions;
    size_t condition_count; /* at most REPLY_CONDITIONS_MAX */
    uint64_t roster_serial;
    uint64_t policy_serial;
    struct bytes promise; /* empty where no entry is due */
    struct bytes promise_signature;
};

enum err promise_encode(const struct promise *p, struct buf *out) MUST_CHECK;
enum err accepted_encode(const struct accepted *r, struct buf *out) MUST_CHECK;
enum err refused_encode(const struct refused *r, struct buf *out) MUST_CHECK;

/* Decode and validate into views of arena a; errors as in envelope.h. */
enum err promise_decode(struct bytes data, struct arena *a, struct promise *out,
                        struct errmsg *why) MUST_CHECK;
enum err accepted_decode(struct bytes data, struct arena *a, struct accepted *out,
                         struct errmsg *why) MUST_CHECK;
enum err refused_decode(struct bytes data, struct arena *a, struct refused *out,
                        struct errmsg *why) MUST_CHECK;

#endif
