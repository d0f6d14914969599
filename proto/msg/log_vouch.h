/* What a security officer signs (SIGN_LOG_VOUCH) where the keys of the agency's own log are lost, or no longer to be
 * trusted: which they were, which key goes on, and behind which head (docs/protocol.md, "Heads of the agencies' logs"). */
#ifndef SLUIS_MSG_LOG_VOUCH_H
#define SLUIS_MSG_LOG_VOUCH_H

#include "proto/base/hash.h"
#include "proto/base/ids.h"
#include "proto/msg/agency_head.h"

#define LOG_VOUCH_MAX_BYTES ((size_t)1 << 10)
#define LOG_VOUCH_LIFE_S INT64_C(300) /* that it counts, before and after its time */

struct log_vouch {
    struct name deployment;
    struct agency_id agency;
    struct name staff;                        /* monthly pseudonym */
    struct digest lost[AGENCY_HEAD_MAX_KEYS]; /* SHA-256 of verifier keys, ascending */
    size_t lost_count;                        /* 1 or 2 */
    struct bytes key;                         /* verifier key, text */
    uint64_t size;                            /* of the newest head that the broker cosigned; from 1 */
    struct digest root;
    int64_t issued_at_s;
};

/* As buf_err; ERR_LIMIT: more keys than there can be. */
enum err log_vouch_encode(const struct log_vouch *v, struct buf *out) MUST_CHECK;
/* Decodes and validates; key is in arena a; errors as in envelope.h. */
enum err log_vouch_decode(struct bytes data, struct arena *a, struct log_vouch *out, struct errmsg *why) MUST_CHECK;

#endif
