/* The custodian's statement of a purpose key: which key (by its check value), for which purpose and
 * epoch, under which suite and normalisation, dealt to whom. Signed as SIGN_EPOCH for the broker; the
 * same bytes stand in front of the key in each dealt envelope (pki/deal). */
#ifndef SLUIS_MSG_DEAL_H
#define SLUIS_MSG_DEAL_H

#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/enums.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"

#define DEAL_MAX_BYTES ((size_t)128 << 10)
#define DEAL_MAX_PARTICIPANTS 1024

struct deal_participant {
    struct agency_id id;
    struct digest sealing; /* fingerprint of its sealing certificate */
};

struct deal {
    struct name deployment;
    struct name purpose;
    uint32_t epoch; /* from 1 */
    enum suite suite;
    struct kcv kcv;
    uint32_t norms[IDENT_TYPE_COUNT]; /* version of each type's normalisation; 0 = type not used */
    const struct deal_participant *participants; /* ascending by id */
    size_t participant_count;
    struct agency_id custodian; /* a participant */
    int64_t issued_at;          /* seconds since 1970 UTC */
};

/* Reads and checks a statement; views point into a. ERR_TOO_LARGE, ERR_NOMEM, ERR_UNKNOWN,
 * ERR_DUPLICATE, ERR_RANGE, ERR_INVALID (among them: the custodian takes no part), or as msg_scan. */
enum err deal_decode(struct bytes document, struct arena *a, struct deal *out,
                     struct errmsg *why) MUST_CHECK;

/* Appends the document after the same checks. */
enum err deal_encode(const struct deal *d, struct buf *out, struct errmsg *why) MUST_CHECK;

/* The participant with this id, or NULL. */
const struct deal_participant *deal_participant_of(const struct deal *d,
                                                   const struct agency_id *id);

#endif
